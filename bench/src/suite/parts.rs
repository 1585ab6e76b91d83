//! What criterion measured of the parts.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Result;
use crate::figure::rounded;

/// The part of criterion's estimates.json that is read.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    /// Nanoseconds.
    point_estimate: f64,
}

/// The medians in microseconds, by the name of the part.
pub(super) fn read(folder: &Path) -> Result<Map<String, Value>> {
    let mut parts = Map::new();
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let Ok(text) = fs::read_to_string(entry.path().join("new/estimates.json")) else { continue };
        let estimates: Estimates = serde_json::from_str(&text)?;
        let name = format!("{}_us", entry.file_name().to_string_lossy());
        parts.insert(name, rounded(estimates.median.point_estimate / 1e3).into());
    }
    Ok(parts)
}
