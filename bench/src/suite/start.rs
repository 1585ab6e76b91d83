//! From a file to a first answer.

use serde_json::json;

use super::stage::{PATIENCE, Stage, add_component};
use crate::args::Component;
use crate::figure::{COLD, Figure, Key, WARM, all_rounded, median, rounded};
use crate::run::Started;
use crate::{Result, child};

pub(super) fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    let start = |cache| {
        let mut command = child::own()?;
        add_component(command.arg("start"), &Component { cache, file: stage.component.file.clone() });
        child::ask::<Started>(&mut command, PATIENCE)
    };
    let cold = stage.runs().map(|_| start(None)).collect::<Result<Vec<_>>>()?;
    let Some(cache) = &stage.component.cache else {
        return Ok(vec![figure(&COLD, &cold), Figure::missing(&WARM, "compiled components cannot be kept there")]);
    };
    // The first one fills the cache.
    start(Some(cache.clone()))?;
    let warm = stage.runs().map(|_| start(Some(cache.clone()))).collect::<Result<Vec<_>>>()?;
    Ok(vec![figure(&COLD, &cold), figure(&WARM, &warm)])
}

fn figure(key: &'static Key, starts: &[Started]) -> Figure {
    let of = |get: fn(&Started) -> f64| starts.iter().map(get).collect::<Vec<_>>();
    let totals = of(Started::total_ms);
    Figure::new(key, median(&totals), &totals)
        .with("engine_ms", json!(rounded(median(&of(|started| started.engine_ms)))))
        .with("load_ms", json!(rounded(median(&of(|started| started.load_ms)))))
        .with("describe_ms", json!(rounded(median(&of(|started| started.describe_ms)))))
        .with("peak_mib", all_rounded(&of(|started| started.peak_mib)))
}
