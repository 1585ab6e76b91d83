//! A repeat sync against a whole listing.

use serde_json::json;

use super::stage::Stage;
use crate::Result;
use crate::figure::{Figure, REPEAT_SYNC, rounded};
use crate::run::Synced;

pub(super) fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    let (users, changes) = (stage.sizes.sync_users, stage.sizes.sync_changes);
    let command = ["sync", "--users", &users.to_string(), "--changes", &changes.to_string()];
    let Synced { whole, repeat } = stage.run(&command, None)?;
    if (whole.told, repeat.told) != (users.into(), changes.into()) {
        return Err(format!("the syncs told {} and {} users", whole.told, repeat.told).into());
    }
    let count = |requests: u64| u32::try_from(requests).map(f64::from);
    let ratio = count(repeat.requests)? / count(whole.requests)?;
    let without = count(repeat.requests - repeat.requests_beside)? / count(whole.requests - whole.requests_beside)?;
    Ok(vec![
        Figure::new(&REPEAT_SYNC, ratio, &[ratio])
            .with("without_teams_and_guests", json!(rounded(without)))
            .with("whole", serde_json::to_value(whole)?)
            .with("repeat", serde_json::to_value(repeat)?),
    ])
}
