//! A store's blocking calls, on threads on which they may block.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::seen::Seen;
use super::walk::{Taken, Walk};
use super::{Unfinished, User};
use crate::checkpoint::{Checkpoint, Checkpoints, Kept, ListingKey, Standing, Step};
use crate::{Error, Result};

/// A listing's place in a store.
#[derive(Clone)]
pub(super) struct Keeper {
    checkpoint: Arc<Mutex<Box<dyn Checkpoint>>>,
    name: Arc<str>,
}

impl Keeper {
    /// Takes a listing, and takes up what an earlier process has left of it.
    pub(super) async fn open(
        store: Arc<dyn Checkpoints>,
        key: ListingKey,
        unfinished: Unfinished,
    ) -> Result<(Self, Option<Walk>)> {
        let name = Arc::<str>::from(key.name.as_str());
        let opened = spawn_blocking(move || {
            let mut checkpoint = store.open(&key)?;
            let standing = match unfinished {
                Unfinished::GoOn => checkpoint.standing()?.filter(|standing| standing.end.is_none()),
                Unfinished::Drop => None,
            };
            let walk = standing.map(|standing| recall(checkpoint.as_mut(), standing)).transpose()?;
            Ok((checkpoint, walk))
        });
        let (checkpoint, walk) = flatten(&name, opened.await)?;
        Ok((Self { checkpoint: Arc::new(Mutex::new(checkpoint)), name }, walk))
    }

    /// Begins to save a step.
    pub(super) fn save(&self, taken: Arc<Taken>, begins: bool) -> JoinHandle<Result<()>> {
        self.run(move |checkpoint| {
            checkpoint.save(&Step {
                begins,
                run: taken.run,
                users: &taken.batch.users,
                repeated: &taken.batch.repeated,
                standing: &taken.standing,
            })
        })
    }

    /// What came of it.
    pub(super) fn outcome<T>(&self, outcome: Result<Result<T>, JoinError>) -> Result<T> {
        flatten(&self.name, outcome)
    }

    /// Reads users back.
    pub(super) async fn users(&self, of: Kept, after: Option<String>, limit: u32) -> Result<Vec<User>> {
        let reading = self.run(move |checkpoint| checkpoint.users(of, after.as_deref(), limit));
        self.outcome(reading.await)
    }

    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Checkpoint) -> Result<T> + Send + 'static,
    ) -> JoinHandle<Result<T>> {
        let checkpoint = Arc::clone(&self.checkpoint);
        // A store that panicked is asked again: its steps are all or nothing.
        spawn_blocking(move || work(checkpoint.lock().unwrap_or_else(PoisonError::into_inner).as_mut()))
    }
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The listing as it stood.
fn recall(checkpoint: &mut dyn Checkpoint, standing: Standing) -> Result<Walk> {
    let mut seen = Seen::default();
    checkpoint.ids(&mut |id, run| seen.recall(id, run == standing.run))?;
    Ok(Walk::resume(standing, seen))
}

/// A store that panicked is told as one that does not work.
fn flatten<T>(name: &str, outcome: Result<Result<T>, JoinError>) -> Result<T> {
    outcome.unwrap_or_else(|_| {
        let reason = "the store stopped in the middle of it".to_owned();
        Err(Error::CheckpointUnusable { store: format!("of the listing `{name}`"), reason })
    })
}
