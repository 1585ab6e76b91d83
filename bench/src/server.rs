//! The simulated server, in a process of its own.

use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::time::Duration;

use mattermost_simulator::{Config, Simulator};
use provider_host::secrecy::SecretString;
use provider_host::{Access, Egress, EgressOptions, Settings};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::args::{ServeArgs, Source};
use crate::usage::cpu_ms;

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
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let config = Config { users: args.users, latency: Duration::from_millis(args.latency), ..Config::default() };
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

/// Access to a server as an administrator's token gives it, through a client of its own.
pub(crate) fn access(source: &Source) -> Result<Access> {
    let mut settings = Settings::new();
    settings.set("server_url", source.url.clone());
    settings.set_secret("access_token", SecretString::from(source.token.clone()));
    Ok(Access::new(settings, Egress::new(EgressOptions::default())?))
}
