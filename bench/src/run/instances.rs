//! What a fresh instance takes.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::args::InstantiateArgs;
use crate::figure::{median, percentile};

/// Instances that are made before the first one counts, so that the pool's memory is mapped and the code is warm.
const WARM_UP: u32 = 100;

/// What one instance took, in microseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Instantiated {
    /// Its place in the pool, its store and itself.
    pub(crate) median_us: f64,
    pub(crate) p95_us: f64,
    /// The same, and giving it back.
    pub(crate) round_trip_us: f64,
}

/// Makes instances as every call does, one after another, and gives each back. They call nothing, since a call would be
/// the larger part; so this needs a way into the host that embedders have no use for.
pub(crate) fn instantiate(args: &InstantiateArgs) -> Result<()> {
    let provider = super::common::sandbox(&args.component)?.load_file(&args.component.file)?;
    let (mut making, mut round) = (Vec::new(), Vec::new());
    super::common::runtime()?.block_on(async {
        for time in 0..args.times.saturating_add(WARM_UP) {
            let began = Instant::now();
            let instance = provider.instantiate().await?;
            let made = began.elapsed();
            drop(instance);
            let gone = began.elapsed();
            if time >= WARM_UP {
                making.push(made.as_secs_f64() * 1e6);
                round.push(gone.as_secs_f64() * 1e6);
            }
        }
        Ok::<_, provider_host::Error>(())
    })?;
    super::common::print(&Instantiated {
        median_us: median(&making),
        p95_us: percentile(&making, 95),
        round_trip_us: median(&round),
    })
}
