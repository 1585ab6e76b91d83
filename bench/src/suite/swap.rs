//! A switch of versions.

use serde_json::{Value, json};

use super::stage::Stage;
use crate::Result;
use crate::figure::{Figure, SWAP_PAUSE, largest, median, rounded};
use crate::run::{Swapped, Waits};
use crate::server::Server;

/// Listings that run meanwhile: as many as the machine has cores, on most.
const LISTINGS: u32 = 2;

pub(super) fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    let server = Server::start(stage.sizes.swap_users, 0)?;
    let (swaps, listings) = (stage.sizes.swaps.to_string(), LISTINGS.to_string());
    let command = ["swap", "--swaps", &swaps, "--listings", &listings];
    let Swapped { alone, among_listings, hurried } = stage.run(&command, Some(&server.source()))?;
    Ok(vec![
        Figure::new(&SWAP_PAUSE, largest(&alone.waits_us), &alone.waits_us)
            .with("alone", shown(&alone))
            .with("among_listings", shown(&among_listings))
            .with("hurried", serde_json::to_value(hurried)?),
    ])
}

fn shown(waits: &Waits) -> Value {
    let of = |values: &[f64]| json!({ "longest": rounded(largest(values)), "median": rounded(median(values)) });
    json!({
        "waits_us": of(&waits.waits_us),
        "waits_beside_switches_us": of(&waits.aside_us),
        "switches_us": of(&waits.switches_us),
    })
}
