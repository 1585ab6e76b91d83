//! A thousand, a hundred thousand, a million users.

use std::fs;

use serde_json::{Value, json};

use super::stage::Stage;
use crate::Result;
use crate::args::Driver;
use crate::figure::{Figure, GROWTH, GUEST, RSS, all_rounded, largest, median, rounded};
use crate::run::Listed;
use crate::server::Server;

/// Runs at one number of users.
struct Runs {
    users: f64,
    server: Server,
    listed: Vec<Listed>,
    server_ms: Vec<f64>,
}

impl Runs {
    fn start(users: u32) -> Result<Self> {
        let server = Server::start(users, 0)?;
        Ok(Self { users: users.into(), server, listed: Vec::new(), server_ms: Vec::new() })
    }

    fn of(&self, get: fn(&Listed) -> f64) -> Vec<f64> {
        self.listed.iter().map(get).collect()
    }

    fn cpu_ms(&self) -> f64 {
        median(&self.of(|listed| listed.cpu_ms))
    }

    fn us_per_user(&self, of_ms: &[f64]) -> f64 {
        rounded(median(of_ms) * 1e3 / self.users)
    }

    fn shown(&self) -> Value {
        json!({
            "users": self.users,
            "cpu_ms": all_rounded(&self.of(|listed| listed.cpu_ms)),
            "wall_ms": all_rounded(&self.of(|listed| listed.wall_ms)),
            "cpu_us_per_user": self.us_per_user(&self.of(|listed| listed.cpu_ms)),
            "wall_us_per_user": self.us_per_user(&self.of(|listed| listed.wall_ms)),
            "server_us_per_user": self.us_per_user(&self.server_ms),
            "peak_mib": all_rounded(&self.of(|listed| listed.peak_mib)),
            "guest_mib": all_rounded(&self.of(|listed| listed.guest_mib.unwrap_or_default())),
        })
    }
}

pub(super) fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    let [small, middle, large] = stage.sizes.growth_users;
    let (mut small, mut middle, mut large) = (Runs::start(small)?, Runs::start(middle)?, Runs::start(large)?);
    let path = stage.out.join("users.ndjson");
    for _ in stage.runs() {
        for runs in [&mut small, &mut middle, &mut large] {
            let before = runs.server.served()?.cpu_ms;
            let source = runs.server.source();
            runs.listed.push(stage.list(Driver::Component, &source, Some(&path), false)?);
            runs.server_ms.push(runs.server.served()?.cpu_ms - before);
            fs::remove_file(&path)?;
        }
    }
    let slope = |from: &Runs, to: &Runs| (to.cpu_ms() - from.cpu_ms()) / (to.users - from.users);
    let per_user = |runs: &Runs| runs.cpu_ms() / runs.users;
    let growths: Vec<_> =
        large.of(|listed| listed.cpu_ms).iter().map(|cpu_ms| cpu_ms / large.users / per_user(&small)).collect();
    let peaks = large.of(|listed| listed.process_peak_mib);
    let guests = large.of(|listed| listed.guest_mib.unwrap_or_default());
    Ok(vec![
        Figure::new(&GROWTH, per_user(&large) / per_user(&small), &growths)
            // What a listing costs beside its users makes the small one dearer; the slopes are without it.
            .with("growth_of_slope", json!(rounded(slope(&middle, &large) / slope(&small, &middle))))
            .with("runs", json!([small.shown(), middle.shown(), large.shown()])),
        Figure::new(&RSS, largest(&peaks), &peaks)
            .with("from_cache", stage.component.cache.is_some())
            .with("while_listing_mib", all_rounded(&large.of(|listed| listed.peak_mib))),
        Figure::new(&GUEST, largest(&guests), &guests),
    ])
}
