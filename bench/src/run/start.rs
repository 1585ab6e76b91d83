//! From a component's file to its first answer.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::args::StartArgs;
use crate::usage::Resident;

/// What a start took, in milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Started {
    /// The engine with its pool and the cache, if any, which a host makes once for all components.
    pub(crate) engine_ms: f64,
    /// From the file to a provider that can be called.
    pub(crate) load_ms: f64,
    /// The first answer of `describe`, in a first instance.
    pub(crate) describe_ms: f64,
    /// The most resident memory of the process.
    pub(crate) peak_mib: f64,
}

impl Started {
    pub(crate) fn total_ms(&self) -> f64 {
        self.engine_ms + self.load_ms + self.describe_ms
    }
}

pub(crate) fn start(args: &StartArgs) -> Result<()> {
    let runtime = super::common::runtime()?;
    let began = Instant::now();
    let sandbox = super::common::sandbox(&args.component)?;
    let made = Instant::now();
    let provider = sandbox.load_file(&args.component.file)?;
    let loaded = Instant::now();
    runtime.block_on(provider.describe())?;
    let ms = |from: Instant, to: Instant| to.duration_since(from).as_secs_f64() * 1e3;
    super::common::print(&Started {
        engine_ms: ms(began, made),
        load_ms: ms(made, loaded),
        describe_ms: ms(loaded, Instant::now()),
        peak_mib: Resident::now()?.peak_mib,
    })
}
