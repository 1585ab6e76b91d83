//! The users to remove from a kept listing when the provider has proven everything.

use std::collections::BTreeSet;

use super::batch::READ_AT_ONCE;
use super::step::SyncStep;
use crate::Result;
use crate::checkpoint::Kept;
use crate::listing::Keeper;
use provider_model::User;

/// Ids of kept users who are gone, in order.
#[derive(Debug, Default)]
pub(super) struct Removals {
    /// Ids with a record in the store.
    ids: Vec<String>,
    /// Ids whose records are damaged.
    damaged: Vec<String>,
}

impl Removals {
    /// The kept users among those that are reported as gone, and those whose damaged records were not replaced: the
    /// provider did not find them. The users of `step` are not saved yet.
    pub(super) async fn of(
        gone: &BTreeSet<String>,
        step: &SyncStep,
        damaged: &[String],
        keeper: &Keeper,
    ) -> Result<Self> {
        let named: Vec<String> = gone.iter().cloned().collect();
        let ids = kept(&named, keeper).await?.into_iter().map(|user| user.id).collect();
        let mut damaged = not_read_again(damaged, keeper).await?;
        damaged.retain(|id| step.added.iter().all(|user| user.id != *id));
        Ok(Self { ids, damaged })
    }

    /// How many users with a record are to be removed.
    pub(super) fn kept(&self) -> u64 {
        u64::try_from(self.ids.len()).unwrap_or(u64::MAX)
    }

    /// The next users to remove, with their last records; `None` after the last.
    pub(super) async fn next(&mut self, keeper: &Keeper) -> Result<Option<Vec<User>>> {
        let next: Vec<String> = self.ids.iter().take(at_once()).cloned().collect();
        if !next.is_empty() {
            let users = keeper.find(Kept::Latest, next.clone()).await?;
            self.ids.drain(..next.len());
            return Ok(Some(users));
        }
        let damaged = std::mem::take(&mut self.damaged);
        Ok((!damaged.is_empty()).then(|| damaged.iter().map(|id| User::nameless(id)).collect()))
    }
}

/// The ids that the latest listing does not have.
pub(super) async fn not_read_again(ids: &[String], keeper: &Keeper) -> Result<Vec<String>> {
    let kept: BTreeSet<String> = kept(ids, keeper).await?.into_iter().map(|user| user.id).collect();
    Ok(ids.iter().filter(|id| !kept.contains(*id)).cloned().collect())
}

async fn kept(ids: &[String], keeper: &Keeper) -> Result<Vec<User>> {
    let mut kept = Vec::new();
    for some in ids.chunks(at_once()) {
        kept.extend(keeper.find(Kept::Latest, some.to_vec()).await?);
    }
    Ok(kept)
}

fn at_once() -> usize {
    usize::try_from(READ_AT_ONCE).unwrap_or(usize::MAX)
}
