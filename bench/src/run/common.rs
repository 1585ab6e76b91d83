//! What several measurements need: the sandbox, the runtime, and how a result is printed.

use std::io::{Write as _, stdout};

use provider_host::{Cache, Pool, Sandbox};
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::Result;
use crate::args::Component;

pub(super) fn print(what: &impl Serialize) -> Result<()> {
    Ok(writeln!(stdout(), "{}", serde_json::to_string(what)?)?)
}

/// The sandbox of an embedder, with the cache that the component comes from.
pub(super) fn sandbox(component: &Component) -> Result<Sandbox> {
    let sandbox = Sandbox::new(Pool::default())?;
    Ok(match &component.cache {
        Some(folder) => sandbox.cached_in(Cache::open(folder)?),
        None => sandbox,
    })
}

/// As the command has it.
pub(super) fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

pub(super) fn mib(bytes: usize) -> f64 {
    u32::try_from(bytes / 1024).map_or(f64::MAX, f64::from) / 1024.0
}
