//! Asking a provider what changed: which known users come next, and what an answer means.

use std::collections::HashSet;

use super::Whole;
use super::batch::{self, READ_AT_ONCE};
use crate::Result;
use crate::bindings::Baseline;
use crate::checkpoint::Kept;
use crate::listing::Keeper;
use crate::model::{ListingState, Notice, User};

/// How often a provider may ask to be called again when it has all known users: for waits that the product asks for. More
/// is taken for a provider that never ends.
const SPARE_CALLS: u32 = 100;

/// Where the questions are.
#[derive(Debug)]
pub(super) struct Asking {
    since: Baseline,
    cursor: Option<String>,
    /// The last id that was brought.
    after: Option<String>,
    brought: u64,
    /// Whom the provider has found: they are in the store by now, and are no known ones.
    found: HashSet<String>,
    spare_calls: u32,
}

/// The known users of one call.
#[derive(Debug, Default)]
pub(super) struct Batch {
    last: Option<String>,
    users: u64,
}

impl Batch {
    /// How many they are.
    pub(super) const fn users(&self) -> u64 {
        self.users
    }
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    GoesOn,
    Complete { watermark: String },
    Whole(Whole),
}

impl Asking {
    pub(super) fn new(since: Baseline) -> Self {
        Self { since, cursor: None, after: None, brought: 0, found: HashSet::new(), spare_calls: 0 }
    }

    pub(super) const fn since(&self) -> &Baseline {
        &self.since
    }

    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Reads the known users of the next call; none for the first, and none when all were brought. The same again where the
    /// call has failed.
    pub(super) async fn known(&self, keeper: &Keeper) -> Result<Vec<User>> {
        let mut batch = batch::Batch::default();
        if self.cursor.is_none() {
            return Ok(batch.users);
        }
        let mut after = self.after.clone();
        loop {
            let read = keeper.users(Kept::Latest, after, READ_AT_ONCE).await?;
            let Some(last) = read.last() else { return Ok(batch.users) };
            after = Some(last.id.clone());
            for user in read.into_iter().filter(|user| !self.found.contains(&user.id)) {
                if batch.push(user).is_err() {
                    return Ok(batch.users);
                }
            }
        }
    }

    /// What is noted of a batch that is handed over.
    pub(super) fn batch(&self, known: &[User]) -> Batch {
        Batch { last: known.last().map(|user| user.id.clone()), users: u64::try_from(known.len()).unwrap_or(u64::MAX) }
    }

    /// Takes the answer to a call with this batch, which found these users.
    pub(super) fn take(
        &mut self,
        batch: Batch,
        added: &[User],
        state: ListingState,
        watermark: Option<String>,
        notices: &[Notice],
    ) -> Verdict {
        let not_told = || Verdict::Whole(Whole::NotTold { notices: notices.to_vec() });
        let is_spare = self.cursor.is_some() && batch.last.is_none();
        self.brought = self.brought.saturating_add(batch.users);
        self.after = batch.last.or_else(|| self.after.take());
        self.found.extend(added.iter().map(|user| user.id.clone()));
        self.spare_calls = self.spare_calls.saturating_add(u32::from(is_spare));
        match (state, watermark) {
            (ListingState::More(_), _) if self.spare_calls > SPARE_CALLS => not_told(),
            (ListingState::More(cursor), _) => {
                self.cursor = Some(cursor);
                Verdict::GoesOn
            }
            // What was not brought was not compared.
            (ListingState::Complete, Some(watermark)) if self.brought >= u64::from(self.since.users) => {
                Verdict::Complete { watermark }
            }
            (ListingState::Complete | ListingState::Incomplete, _) => not_told(),
        }
    }
}
