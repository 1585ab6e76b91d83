//! `providerctl simulate`: runs a simulated server on this machine until Ctrl-C.

use std::io;
use std::time::Duration;

use mattermost_simulator::{Config, Privacy, RateLimit, Simulator, Statuses};
use provider_host::io_reason;

use super::invocation::invocation;
use crate::args::SimulateArgs;
use crate::change::ChangeArgument;
use crate::clock;
use crate::exit::{Complaint, Exit, Failure};
use crate::fault::FaultArgument;
use crate::screen::Screen;
use crate::stop;

pub(crate) async fn run(args: SimulateArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let port = args.port;
    let config = config(args).map_err(Failure::usage)?;
    let simulator = Simulator::start(config).await.map_err(|error| not_started(&error, port))?;
    let stop = stop::asked();
    for line in lines(&simulator) {
        screen.line(&line)?;
    }
    screen.tell("The server runs until Ctrl-C.");
    stop.await;
    Ok(Exit::Complete)
}

fn config(args: SimulateArgs) -> Result<Config, Complaint> {
    let mut config = Config {
        users: args.users,
        port: args.port,
        seed: args.seed,
        license: args.license,
        subpath: subpath(&args.subpath),
        latency: Duration::from_millis(args.latency),
        memberships: args.memberships.unwrap_or_default(),
        costs: args.costs,
        rate_limit: args.rate_limit.map(|per_second| RateLimit { per_second, burst: per_second }),
        faults: args.fault.into_iter().map(|FaultArgument(fault)| fault).collect(),
        changes: args.change.into_iter().map(|ChangeArgument(change)| change).collect(),
        privacy: Privacy { show_email: !args.hide_email, show_full_name: !args.hide_full_name },
        statuses: if args.no_statuses { Statuses::Disabled } else { Statuses::Enabled },
        now_ms: clock::replaced().map(|now| now.timestamp_millis()),
        ..Config::default()
    };
    if let Some(version) = args.version {
        config.version = version
            .parse()
            .map_err(|_| Complaint::new("version-malformed", "--version takes three numbers, such as 11.6.0"))?;
    }
    Ok(config)
}

/// Adds a slash at the beginning and removes one at the end.
fn subpath(text: &str) -> String {
    let inner = text.trim_matches('/');
    if inner.is_empty() { String::new() } else { format!("/{inner}") }
}

fn not_started(error: &io::Error, port: u16) -> Failure {
    let message = format!("cannot listen on 127.0.0.1:{port}: {}", io_reason(error));
    Failure::failed(if error.kind() == io::ErrorKind::AddrInUse {
        Complaint::new("port-in-use", format!("port {port} of 127.0.0.1 is taken by another program"))
            .fix("stop it, name another port with --port, or let --port 0 take a free one")
    } else {
        Complaint::new("server-not-started", message)
    })
}

/// One name and its value per line; the last one is a command to try.
fn lines(simulator: &Simulator) -> Vec<String> {
    let tokens = simulator.tokens();
    let url = simulator.url();
    let ways = format!("--set server_url={url} --secret access_token=env:ACCESS_TOKEN");
    vec![
        format!("url {url}"),
        format!("accounts {}", simulator.population().len()),
        format!("admin {}", tokens.admin),
        format!("member {}", tokens.member),
        format!("bot {}", tokens.bot),
        format!("viewer_bot {}", tokens.viewer_bot),
        format!("guest {}", tokens.guest),
        format!("revoked {}", tokens.revoked),
        format!("try ACCESS_TOKEN={} {} users {ways}", tokens.admin, invocation()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subpath_begins_with_a_slash_and_ends_without_one() {
        for (typed, path) in [("", ""), ("/", ""), ("chat", "/chat"), ("/company/chat/", "/company/chat")] {
            assert_eq!(subpath(typed), path);
        }
    }

    #[test]
    fn a_taken_port_is_named() {
        let taken = not_started(&io::ErrorKind::AddrInUse.into(), 8065);
        let Failure::Reported { exit: Exit::Failed, complaint } = taken else { panic!("{taken:?}") };
        assert_eq!(complaint.code, "port-in-use");
        assert!(complaint.message.contains("8065"));
    }
}
