//! All measurements, one after another.

mod first;
mod growth;
mod instances;
mod latency;
mod parts;
mod ratio;
mod size;
mod stage;
mod start;
mod swap;
mod sync;
mod tenants;

use std::fs;
use std::io::{Write as _, stdout};
use std::time::Instant;

use provider_host::Cache;

use crate::args::{Component, SuiteArgs};
use crate::figure::{self, Figure, Key};
use crate::summary::{NOT_ASKED_FOR, Summary};
use crate::{Result, tell};
use stage::{QUICK, Stage, WHOLE};

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
    Group { name: "sync", keys: &[&figure::REPEAT_SYNC, &figure::DELETION_SYNC], measure: sync::measure },
    Group { name: "first", keys: &[&figure::FIRST_50K, &figure::FIRST_200K], measure: first::measure },
];

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
