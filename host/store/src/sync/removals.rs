//! Who leaves a kept listing when the provider has proven everything.

use std::collections::BTreeSet;

use super::batch::READ_AT_ONCE;
use super::step::SyncStep;
use crate::Result;
use crate::checkpoint::Kept;
use crate::listing::Keeper;
use provider_model::User;

/// Ids of users who are gone and kept, in order.
#[derive(Debug, Default)]
pub(super) struct Removals {
    /// Those whose records are kept.
    ids: Vec<String>,
    /// Those whose records are damaged.
    damaged: Vec<String>,
}

impl Removals {
    /// Of those who are named as gone, the kept ones, with those whose damaged records nobody has replaced: they were not
    /// found. The users of a step are not saved yet.
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

    /// How many kept users leave.
    pub(super) fn kept(&self) -> u64 {
        u64::try_from(self.ids.len()).unwrap_or(u64::MAX)
    }

    /// The next of them with their last records; none after the last.
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

/// Those of some ids that the latest listing does not have.
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
