//! A repeat sync, and one after a deletion, against a listing by pages.

use serde_json::json;

use super::stage::Stage;
use crate::Result;
use crate::figure::{DELETION_SYNC, Figure, Key, REPEAT_SYNC, rounded};
use crate::run::{Sync, Synced};

pub(super) fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    let (users, changes) = (stage.sizes.sync_users, stage.sizes.sync_changes);
    let command = ["sync", "--users", &users.to_string(), "--changes", &changes.to_string()];
    let Synced { pages, first, repeat, deletion } = stage.run(&command, None)?;
    let found = [&pages, &first, &repeat, &deletion].map(|sync| sync.found);
    if found != [users.into(), users.into(), changes.into(), 1] {
        return Err(format!("the syncs found {found:?} users").into());
    }
    let repeat = figure(&REPEAT_SYNC, &repeat, &pages)?.with("first", serde_json::to_value(&first)?);
    Ok(vec![repeat, figure(&DELETION_SYNC, &deletion, &pages)?])
}

fn figure(key: &'static Key, sync: &Sync, pages: &Sync) -> Result<Figure> {
    let count = |requests: u64| u32::try_from(requests).map(f64::from);
    let ratio = count(sync.requests)? / count(pages.requests)?;
    let without = count(sync.requests - sync.requests_beside)? / count(pages.requests - pages.requests_beside)?;
    Ok(Figure::new(key, ratio, &[ratio])
        .with("without_teams_and_guests", json!(rounded(without)))
        .with("pages", serde_json::to_value(pages)?)
        .with("sync", serde_json::to_value(sync)?))
}
