//! A fresh instance.

use super::stage::Stage;
use crate::Result;
use crate::figure::{Figure, INSTANTIATE, all_rounded, median};
use crate::run::Instantiated;

pub(super) fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    let times = stage.sizes.instances.to_string();
    let run = |_| stage.run(&["instantiate", "--times", &times], None);
    let runs = stage.runs().map(run).collect::<Result<Vec<Instantiated>>>()?;
    let of = |get: fn(&Instantiated) -> f64| runs.iter().map(get).collect::<Vec<_>>();
    let medians = of(|run| run.median_us);
    Ok(vec![
        Figure::new(&INSTANTIATE, median(&medians), &medians)
            .with("p95_us", all_rounded(&of(|run| run.p95_us)))
            .with("round_trip_us", all_rounded(&of(|run| run.round_trip_us))),
    ])
}
