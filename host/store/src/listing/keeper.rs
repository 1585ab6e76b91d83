//! A store's blocking calls, on threads on which they may block.

use std::sync::{Arc, Mutex, PoisonError};

use provider_model::User;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::seen::Seen;
use super::walk::{Taken, Walk};

use crate::checkpoint::{Checkpoint, Checkpoints, Kept, ListingKey, Standing, Step};
use crate::{Error, Result};

/// A listing's place in a store.
#[derive(Clone)]
pub(crate) struct Keeper {
    checkpoint: Arc<Mutex<Box<dyn Checkpoint>>>,
    name: Arc<str>,
}

/// What a sync found, saved together in the latest listing.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    pub(crate) added: Vec<User>,
    pub(crate) changed: Vec<User>,
    pub(crate) gone: Vec<String>,
    pub(crate) standing: Standing,
}

impl Keeper {
    /// Takes a listing.
    pub(crate) async fn open(store: Arc<dyn Checkpoints>, key: ListingKey) -> Result<Self> {
        let name = Arc::<str>::from(key.name.as_str());
        let opened = spawn_blocking(move || store.open(&key)).await;
        Ok(Self { checkpoint: Arc::new(Mutex::new(flatten(&name, opened)?)), name })
    }

    /// How far the latest listing came; none where nothing was saved yet.
    pub(crate) async fn standing(&self) -> Result<Option<Standing>> {
        self.outcome(self.run(|checkpoint| checkpoint.standing()).await)
    }

    /// Takes up the listing that an earlier process has left unfinished.
    pub(crate) async fn recall(&self, standing: Standing) -> Result<Walk> {
        self.outcome(self.run(move |checkpoint| recall(checkpoint, standing)).await)
    }

    /// Begins to save a step.
    pub(super) fn save(&self, taken: Arc<Taken>, begins: bool) -> JoinHandle<Result<()>> {
        self.run(move |checkpoint| {
            checkpoint.save(&Step {
                begins,
                run: taken.run,
                withdraws: taken.withdraws,
                gone: &[],
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

    /// Saves what a sync found in the latest listing.
    pub(crate) async fn update(&self, update: Arc<Update>) -> Result<()> {
        let saving = self.run(move |checkpoint| {
            let Update { added, changed, gone, standing } = update.as_ref();
            let run = standing.run;
            let step = Step { begins: false, run, withdraws: false, gone, users: added, repeated: changed, standing };
            checkpoint.save(&step)
        });
        self.outcome(saving.await)
    }

    /// The records of these ids.
    pub(crate) async fn find(&self, of: Kept, ids: Vec<String>) -> Result<Vec<User>> {
        self.outcome(self.run(move |checkpoint| checkpoint.find(of, &ids)).await)
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
        let reason = "the store stopped in the middle of it".into();
        Err(Error::CheckpointUnusable { store: format!("of the listing `{name}`"), reason })
    })
}
