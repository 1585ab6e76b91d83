//! The simulated server, in a process of its own.

use std::io::{BufRead as _, BufReader, Write as _, stdin, stdout};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::Duration;

use mattermost_simulator::{Config, Costs, Simulator};
use provider_host::secrecy::SecretString;
use provider_host::{Access, Egress, EgressOptions, Settings};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::args::{ServeArgs, Source};
use crate::child;
use crate::usage::{allow_open_files, cpu_ms};

/// What the server says when it is up.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Greeting {
    url: String,
    token: String,
}

/// What the server has used since it began.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Served {
    pub(crate) requests: u64,
    pub(crate) cpu_ms: f64,
}

/// Serves until standard input ends, which it does when the process goes away that holds the other end.
pub(crate) fn serve(args: &ServeArgs) -> Result<()> {
    allow_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let config = Config {
        users: args.users,
        latency: Duration::from_millis(args.latency),
        costs: args.costs,
        memberships: args.memberships.unwrap_or_default(),
        license: args.license,
        ..Config::default()
    };
    let simulator = runtime.block_on(Simulator::start(config))?;
    let mut out = stdout().lock();
    let greeting = Greeting { url: simulator.url(), token: simulator.tokens().admin.clone() };
    writeln!(out, "{}", serde_json::to_string(&greeting)?)?;
    for line in stdin().lock().lines() {
        line?;
        let served = Served { requests: simulator.requests(), cpu_ms: cpu_ms() };
        writeln!(out, "{}", serde_json::to_string(&served)?)?;
    }
    Ok(())
}

/// A server that was started. It stops when this is dropped.
pub(crate) struct Server {
    child: Child,
    greeting: Greeting,
    /// Taken when the server is to stop.
    ask: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Server {
    pub(crate) fn start(users: u32, latency_ms: u64) -> Result<Self> {
        Self::start_with(&["--users", &users.to_string(), "--latency", &latency_ms.to_string()])
    }

    /// A server as the one whose costs were measured: without a licence, with everybody in one team. Without costs it
    /// answers as fast as it can.
    pub(crate) fn start_measured(users: u32, costs: Option<Costs>) -> Result<Self> {
        let users = users.to_string();
        let mut arguments = vec!["--users", &users, "--memberships", "main=everybody", "--license", "team-edition"];
        let costs = costs.map(|costs| costs.to_string());
        arguments.extend(costs.iter().flat_map(|costs| ["--costs", costs.as_str()]));
        Self::start_with(&arguments)
    }

    fn start_with(arguments: &[&str]) -> Result<Self> {
        let mut command = child::own()?;
        command.arg("serve").args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let ask = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().ok_or("the server has no output")?);
        let greeting = read(&mut answers)?;
        Ok(Self { child, greeting, ask, answers })
    }

    /// What it has used so far.
    pub(crate) fn served(&mut self) -> Result<Served> {
        writeln!(self.ask.as_mut().ok_or("the server has stopped")?, "?")?;
        read(&mut self.answers)
    }

    /// Where it is.
    pub(crate) fn source(&self) -> Source {
        let Greeting { url, token } = self.greeting.clone();
        Source { url, token, listing: None }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.ask.take());
        // It ends by itself, since its input has.
        let _ = self.child.wait();
    }
}

fn read<T: DeserializeOwned>(answers: &mut BufReader<ChildStdout>) -> Result<T> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// Access to a server through this client.
pub(crate) fn access(source: &Source, egress: Egress) -> Access {
    let mut settings = Settings::new();
    settings.set("server_url", source.url.clone());
    if let Some(listing) = &source.listing {
        settings.set("listing", listing.clone());
    }
    settings.set_secret("access_token", SecretString::from(source.token.clone()));
    Access::new(settings, egress)
}

/// A client of its own.
pub(crate) fn egress() -> Result<Egress> {
    Ok(Egress::new(EgressOptions::default())?)
}
