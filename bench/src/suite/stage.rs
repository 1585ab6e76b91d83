//! What all measurements have: how much they measure, of which component, and runs in processes of their own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mattermost_simulator::Costs;
use serde::de::DeserializeOwned;

use crate::args::{Component, Driver, Source};
use crate::run::Listed;
use crate::{Result, child};

/// How long any one run may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(180);

/// How much is measured.
pub(super) struct Sizes {
    /// Runs of each sort.
    pub(super) runs: u32,
    pub(super) ratio_users: u32,
    pub(super) latency_users: u32,
    pub(super) growth_users: [u32; 3],
    pub(super) instances: u32,
    pub(super) swap_users: u32,
    pub(super) swaps: u32,
    pub(super) tenants: u32,
    pub(super) sync_users: u32,
    pub(super) sync_changes: u32,
    /// With how many times the real server's speed the slow ways are measured.
    pub(super) first: [(u32, Costs); 2],
}

pub(super) const WHOLE: Sizes = Sizes {
    runs: 5,
    ratio_users: 100_000,
    latency_users: 20_000,
    growth_users: [10_000, 100_000, 1_000_000],
    instances: 5_000,
    swap_users: 200_000,
    swaps: 200,
    tenants: 1_000,
    sync_users: 200_000,
    sync_changes: 100,
    first: [(50_435, Costs { faster: 4 }), (200_435, Costs { faster: 8 })],
};

pub(super) const QUICK: Sizes = Sizes {
    runs: 1,
    ratio_users: 1_000,
    latency_users: 1_000,
    growth_users: [200, 400, 1_000],
    instances: 20,
    swap_users: 1_000,
    swaps: 3,
    tenants: 5,
    sync_users: 500,
    sync_changes: 5,
    first: [(500, Costs { faster: 4 }), (1_000, Costs { faster: 8 })],
};

/// What the measurements have in common.
pub(super) struct Stage {
    pub(super) sizes: Sizes,
    /// The component, with the cache that everything is loaded from that does not measure compiling.
    pub(super) component: Component,
    /// The folder for whatever is written.
    pub(super) out: PathBuf,
    pub(super) with_peers: bool,
}

impl Stage {
    /// Runs one measurement in a process of its own.
    pub(super) fn run<T: DeserializeOwned>(&self, arguments: &[&str], source: Option<&Source>) -> Result<T> {
        let mut command = child::own()?;
        command.args(arguments);
        add_component(&mut command, &self.component);
        if let Some(source) = source {
            add_source(&mut command, source);
        }
        child::ask(&mut command, PATIENCE)
    }

    /// Lists all users of a server once.
    pub(super) fn list(&self, driver: Driver, source: &Source, to: Option<&Path>, is_digested: bool) -> Result<Listed> {
        let driver = match driver {
            Driver::Component => "component",
            Driver::Native => "native",
        };
        let mut command = child::own()?;
        command.args(["list", driver]);
        add_component(&mut command, &self.component);
        add_source(&mut command, source);
        if let Some(path) = to {
            command.arg("--out").arg(path);
        }
        if is_digested {
            command.arg("--digest");
        }
        let listed: Listed = child::ask(&mut command, PATIENCE)?;
        if listed.complete { Ok(listed) } else { Err(format!("the {driver} listing is not complete").into()) }
    }

    pub(super) fn runs(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.sizes.runs
    }
}

pub(super) fn add_component(command: &mut Command, component: &Component) {
    command.arg("--component").arg(&component.file);
    if let Some(cache) = &component.cache {
        command.arg("--cache").arg(cache);
    }
}

fn add_source(command: &mut Command, source: &Source) {
    command.args(["--url", &source.url, "--token", &source.token]);
    if let Some(listing) = &source.listing {
        command.args(["--listing", listing]);
    }
}
