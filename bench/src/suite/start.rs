//! From a file to a first answer.

use serde_json::json;

use super::Stage;
use crate::Result;
use crate::figure::{COLD, Figure, WARM, all_rounded, median, rounded};
use crate::run::Started;

pub(super) fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    let component = stage.component.display().to_string();
    let run = |_| stage.run(&["start", "--component", &component]);
    let cold = stage.runs().map(run).collect::<Result<Vec<Started>>>()?;
    Ok(vec![figure(&COLD, &cold), Figure::missing(&WARM, "this host has no cache of compiled components")])
}

fn figure(key: &'static crate::figure::Key, starts: &[Started]) -> Figure {
    let of = |get: fn(&Started) -> f64| starts.iter().map(get).collect::<Vec<_>>();
    let totals = of(Started::total_ms);
    Figure::new(key, median(&totals), &totals)
        .with("engine_ms", json!(rounded(median(&of(|started| started.engine_ms)))))
        .with("load_ms", json!(rounded(median(&of(|started| started.load_ms)))))
        .with("describe_ms", all_rounded(&of(|started| started.describe_ms)))
}
