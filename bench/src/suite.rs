//! All measurements, one after another.

mod first;
mod growth;
mod instances;
mod latency;
mod parts;
mod ratio;
mod size;
mod start;
mod swap;
mod sync;
mod tenants;

use std::fs;
use std::io::{Write as _, stdout};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use mattermost_simulator::Costs;
use provider_host::Cache;
use serde::de::DeserializeOwned;

use crate::args::{Component, Driver, Source, SuiteArgs};
use crate::figure::{self, Figure, Key};
use crate::run::Listed;
use crate::summary::{NOT_ASKED_FOR, Summary};
use crate::{Result, child, tell};

/// How long any one run may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// Figures that are measured together.
struct Group {
    name: &'static str,
    keys: &'static [&'static Key],
    measure: fn(&Stage) -> Result<Vec<Figure>>,
}

static GROUPS: [Group; 10] = [
    Group { name: "ratio", keys: &[&figure::NATIVE_RATIO, &figure::CPU_RATIO], measure: ratio::measure },
    Group { name: "latency", keys: &[&figure::LATENCY_SPEEDUP], measure: latency::measure },
    Group { name: "growth", keys: &[&figure::GROWTH, &figure::RSS, &figure::GUEST], measure: growth::measure },
    Group { name: "start", keys: &[&figure::COLD, &figure::WARM], measure: start::measure },
    Group { name: "instantiate", keys: &[&figure::INSTANTIATE], measure: instances::measure },
    Group { name: "swap", keys: &[&figure::SWAP_PAUSE], measure: swap::measure },
    Group { name: "tenants", keys: &[&figure::TENANTS], measure: tenants::measure },
    Group { name: "size", keys: &[&figure::COMPONENT_SIZE], measure: size::measure },
    Group { name: "sync", keys: &[&figure::REPEAT_SYNC], measure: sync::measure },
    Group { name: "first", keys: &[&figure::FIRST_50K, &figure::FIRST_200K], measure: first::measure },
];

/// How much is measured.
struct Sizes {
    /// Runs of each sort.
    runs: u32,
    ratio_users: u32,
    latency_users: u32,
    growth_users: [u32; 3],
    instances: u32,
    swap_users: u32,
    swaps: u32,
    tenants: u32,
    sync_users: u32,
    sync_changes: u32,
    /// With how many times the real server's speed the slow ways are measured.
    first: [(u32, Costs); 2],
}

const WHOLE: Sizes = Sizes {
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

const QUICK: Sizes = Sizes {
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
struct Stage {
    sizes: Sizes,
    /// The component, with the cache that everything is loaded from that does not measure compiling.
    component: Component,
    /// The folder for whatever is written.
    out: PathBuf,
    with_peers: bool,
}

pub(crate) fn measure_all(args: &SuiteArgs) -> Result<()> {
    fs::create_dir_all(&args.out)?;
    if !args.component.exists() {
        return Err(format!("{} is missing: build it with make component", args.component.display()).into());
    }
    if let Some(unknown) = args.only.iter().find(|name| GROUPS.iter().all(|group| group.name != *name)) {
        return Err(format!("there is no group {unknown}").into());
    }
    let out = fs::canonicalize(&args.out)?;
    let cache = out.join("compiled");
    let cache = match Cache::open(&cache) {
        Ok(_) => Some(cache),
        Err(error) => {
            tell(&format!("every run compiles the component: {error}"));
            None
        }
    };
    let stage = Stage {
        sizes: if args.quick { QUICK } else { WHOLE },
        component: Component { file: fs::canonicalize(&args.component)?, cache },
        out,
        with_peers: !args.without_peers,
    };
    let began = Instant::now();
    let (mut figures, mut failed) = (Vec::new(), Vec::new());
    for group in &GROUPS {
        let missing = |why: &str| group.keys.iter().map(|key| Figure::missing(key, why)).collect::<Vec<_>>();
        if !args.only.is_empty() && !args.only.iter().any(|name| name == group.name) {
            figures.extend(missing(NOT_ASKED_FOR));
            continue;
        }
        tell(&format!("{} …", group.name));
        let began = Instant::now();
        match (group.measure)(&stage) {
            Ok(measured) => {
                tell(&format!("{} took {:.1} s", group.name, began.elapsed().as_secs_f64()));
                figures.extend(measured);
            }
            Err(error) => {
                tell(&format!("{} failed: {error}", group.name));
                failed.push(group.name);
                figures.extend(missing(&format!("failed: {error}")));
            }
        }
    }
    let parts = args.parts.as_deref().map(parts::read).transpose()?.unwrap_or_default();
    figures.sort_by_key(|figure| figure::ALL.iter().position(|key| *key == figure.key));
    let summary = Summary { figures, parts, is_quick: args.quick, seconds: began.elapsed().as_secs_f64() };
    let path = stage.out.join("summary.json");
    summary.write(&path)?;
    write!(stdout(), "{}", summary.table())?;
    tell(&format!("{} has all of it, with how each figure was measured and its samples", path.display()));
    if failed.is_empty() { Ok(()) } else { Err(format!("{} could not be measured", failed.join(", ")).into()) }
}

impl Stage {
    /// Runs one measurement in a process of its own.
    fn run<T: DeserializeOwned>(&self, arguments: &[&str], source: Option<&Source>) -> Result<T> {
        let mut command = child::own()?;
        command.args(arguments);
        add_component(&mut command, &self.component);
        if let Some(source) = source {
            add_source(&mut command, source);
        }
        child::ask(&mut command, PATIENCE)
    }

    /// Lists all users of a server once.
    fn list(&self, driver: Driver, source: &Source, to: Option<&Path>, is_digested: bool) -> Result<Listed> {
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

    fn runs(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.sizes.runs
    }
}

fn add_component(command: &mut Command, component: &Component) {
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
