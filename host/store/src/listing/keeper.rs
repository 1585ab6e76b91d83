//! Runs a store's blocking calls on threads that may block.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use provider_model::User;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::merge::Hidden;
use super::seen::Seen;
use super::settle;
use super::walk::{Taken, Walk};
use crate::checkpoint::{Checkpoint, Checkpoints, Kept, ListingKey, Standing, Step, Verified};
use crate::{Error, Result};

/// A listing's place in a store.
#[derive(Clone)]
pub(crate) struct Keeper {
    checkpoint: Arc<Mutex<Box<dyn Checkpoint>>>,
    name: Arc<str>,
}

/// What a sync found, to be saved together in the latest listing.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    pub(crate) added: Vec<User>,
    pub(crate) changed: Vec<User>,
    pub(crate) gone: Vec<String>,
    /// Whether to delete damaged records that were not replaced.
    pub(crate) mends: bool,
    pub(crate) standing: Standing,
}

impl Update {
    /// An update of the listing's state alone.
    pub(crate) const fn of(standing: Standing, mends: bool) -> Self {
        Self { added: Vec::new(), changed: Vec::new(), gone: Vec::new(), mends, standing }
    }
}

/// What a store has when a listing is opened.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// The state of the latest listing, which counts only the users whose records are intact.
    pub(crate) standing: Option<Standing>,
    pub(crate) damage: Damage,
}

/// Damaged records: they differ from what was saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Damage {
    /// The ids of damaged records that still have one.
    pub(crate) ids: Vec<String>,
    /// How many damaged records have no id, or are missing.
    pub(crate) nameless: u64,
}

impl Damage {
    /// How many records are damaged.
    pub(crate) fn records(&self) -> u64 {
        u64::try_from(self.ids.len()).unwrap_or(u64::MAX).saturating_add(self.nameless)
    }

    fn of(verified: Verified, users: u64) -> Self {
        let Verified { intact, damaged, nameless } = verified;
        let found = intact.saturating_add(u64::try_from(damaged.len()).unwrap_or(u64::MAX)).saturating_add(nameless);
        // More records than were saved are damage too.
        Self { ids: damaged, nameless: nameless.saturating_add(users.abs_diff(found)) }
    }
}

/// What to do after the last step of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtTheEnd {
    /// Settle the listing: it replaces the one before.
    Settle,
    /// Leave that to the sync, which reports the differences first.
    Leave,
}

impl Keeper {
    /// Opens a listing, and locks it.
    pub(crate) async fn open(store: Arc<dyn Checkpoints>, key: ListingKey) -> Result<Self> {
        let name = Arc::<str>::from(key.name.as_str());
        let opened = spawn_blocking(move || store.open(&key)).await;
        Ok(Self { checkpoint: Arc::new(Mutex::new(flatten(&name, opened)?)), name })
    }

    /// The state of the latest listing, and which of its records are damaged.
    pub(crate) async fn inspect(&self) -> Result<Opened> {
        self.outcome(self.run(inspect).await)
    }

    /// Resumes the listing that an earlier process left unfinished.
    pub(crate) async fn recall(&self, standing: Standing) -> Result<Walk> {
        self.outcome(self.run(move |checkpoint| recall(checkpoint, standing)).await)
    }

    /// Begins to save a step. After the last step of a listing, settles it if `at_the_end` says so; if that fails, it alone
    /// is tried again.
    pub(super) fn save(
        &self,
        taken: Arc<Taken>,
        begins: bool,
        hidden: Option<Hidden>,
        at_the_end: AtTheEnd,
    ) -> JoinHandle<Result<()>> {
        self.run(move |checkpoint| {
            if !taken.is_saved.load(Ordering::Acquire) {
                checkpoint.save(&Step {
                    begins,
                    run: taken.run,
                    withdraws: taken.withdraws,
                    users: &taken.batch.users,
                    repeated: &taken.batch.repeated,
                    ..Step::of(&taken.standing)
                })?;
                taken.is_saved.store(true, Ordering::Release);
            }
            if taken.standing.end.is_none() {
                return Ok(());
            }
            if let Some(hidden) = hidden {
                settle::merge_again(checkpoint, &hidden)?;
            }
            match at_the_end {
                AtTheEnd::Settle => settle::settle(checkpoint).map(drop),
                AtTheEnd::Leave => Ok(()),
            }
        })
    }

    /// Settles the latest listing, which has ended.
    pub(crate) async fn settle(&self) -> Result<Option<Standing>> {
        self.outcome(self.run(settle::settle).await)
    }

    /// The outcome of a call of the store.
    pub(super) fn outcome<T>(&self, outcome: Result<Result<T>, JoinError>) -> Result<T> {
        flatten(&self.name, outcome)
    }

    /// Saves what a sync found in the latest listing.
    pub(crate) async fn update(&self, update: Arc<Update>) -> Result<()> {
        let saving = self.run(move |checkpoint| {
            let Update { added, changed, gone, mends, standing } = update.as_ref();
            checkpoint.save(&Step { mends: *mends, gone, users: added, repeated: changed, ..Step::of(standing) })
        });
        self.outcome(saving.await)
    }

    /// Returns the records of these ids.
    pub(crate) async fn find(&self, of: Kept, ids: Vec<String>) -> Result<Vec<User>> {
        self.outcome(self.run(move |checkpoint| checkpoint.find(of, &ids)).await)
    }

    /// Returns the records that were kept for these ids before the listing that is running or about to begin.
    pub(super) async fn known(&self, begins: bool, ids: Vec<String>) -> Result<Vec<User>> {
        let reading = self.run(move |checkpoint| {
            let is_latest = begins && checkpoint.standing()?.is_some_and(|latest| latest.is_finished());
            checkpoint.find(if is_latest { Kept::Latest } else { Kept::Before }, &ids)
        });
        self.outcome(reading.await)
    }

    /// Reads users back.
    pub(crate) async fn users(&self, of: Kept, after: Option<String>, limit: u32) -> Result<Vec<User>> {
        let reading = self.run(move |checkpoint| checkpoint.users(of, after.as_deref(), limit));
        self.outcome(reading.await)
    }

    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Checkpoint) -> Result<T> + Send + 'static,
    ) -> JoinHandle<Result<T>> {
        let checkpoint = Arc::clone(&self.checkpoint);
        // A store that panicked is used again: its steps are all or nothing.
        spawn_blocking(move || work(checkpoint.lock().unwrap_or_else(PoisonError::into_inner).as_mut()))
    }
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Reads a listing's state. Damaged records count as not kept.
fn inspect(checkpoint: &mut dyn Checkpoint) -> Result<Opened> {
    let Some(mut standing) = checkpoint.standing()? else { return Ok(Opened::default()) };
    let verified = checkpoint.verify()?;
    let intact = verified.intact;
    let damage = Damage::of(verified, standing.progress.users);
    standing.progress.users = intact;
    Ok(Opened { standing: Some(standing), damage })
}

/// Restores a listing from its state and ids.
fn recall(checkpoint: &mut dyn Checkpoint, standing: Standing) -> Result<Walk> {
    let mut seen = Seen::default();
    checkpoint.ids(&mut |id, run| seen.recall(id, run == standing.run))?;
    Ok(Walk::resume(standing, seen))
}

/// A store that panicked is reported as one that does not work.
fn flatten<T>(name: &str, outcome: Result<Result<T>, JoinError>) -> Result<T> {
    outcome.unwrap_or_else(|_| {
        let reason = "the store stopped while it was in use".into();
        Err(Error::CheckpointUnusable { store: format!("of the listing `{name}`"), reason })
    })
}
