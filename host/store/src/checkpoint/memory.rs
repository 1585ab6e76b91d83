//! Listings kept in memory, for tests and for hosts that only need to move listings between instances.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use provider_model::User;

use super::store::{Checkpoint, Checkpoints, Kept, ListingKey, Standing, Step, busy};
use crate::listing::End;
use crate::{Error, Result};

/// A store that lasts as long as the process. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryCheckpoints {
    shelves: Arc<Mutex<BTreeMap<ListingKey, Shelf>>>,
}

/// What is kept for one key.
#[derive(Debug, Default)]
struct Shelf {
    is_held: bool,
    latest: Option<(Standing, Users)>,
    /// The finished listing before the latest one.
    earlier: Option<(Standing, Users)>,
}

/// Records by id, each with the run that returned it last.
type Users = BTreeMap<String, (u32, User)>;

impl MemoryCheckpoints {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn shelves(&self) -> MutexGuard<'_, BTreeMap<ListingKey, Shelf>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Checkpoints for MemoryCheckpoints {
    fn open(&self, key: &ListingKey) -> Result<Box<dyn Checkpoint>> {
        let mut shelves = self.shelves();
        let shelf = shelves.entry(key.clone()).or_default();
        if shelf.is_held {
            return Err(busy(key));
        }
        shelf.is_held = true;
        Ok(Box::new(Held { store: self.clone(), key: key.clone() }))
    }
}

struct Held {
    store: MemoryCheckpoints,
    key: ListingKey,
}

impl Held {
    fn with<T>(&self, work: impl FnOnce(&mut Shelf) -> T) -> Result<T> {
        let mut shelves = self.store.shelves();
        shelves.get_mut(&self.key).map(work).ok_or_else(|| Error::CheckpointUnusable {
            store: "memory".to_owned(),
            reason: "the listing is no longer there".into(),
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(shelf) = self.store.shelves().get_mut(&self.key) {
            shelf.is_held = false;
        }
    }
}

impl Shelf {
    fn make_room(&mut self) {
        let finished = self.latest.take().filter(|(standing, _)| standing.is_finished());
        self.earlier = finished.or_else(|| self.earlier.take());
    }

    fn is_complete(&self) -> bool {
        self.latest.as_ref().is_some_and(|(standing, _)| standing.end == Some(End::Complete))
    }

    /// The finished listing before the latest one; with `is_complete` only if it is complete.
    fn earlier(&self, is_complete: bool) -> Option<&Users> {
        let (standing, users) = self.earlier.as_ref()?;
        (!is_complete || standing.end == Some(End::Complete)).then_some(users)
    }

    fn save(&mut self, step: &Step<'_>) {
        if step.begins {
            self.make_room();
        }
        let (standing, users) = self.latest.get_or_insert_with(|| (step.standing.clone(), Users::new()));
        standing.clone_from(step.standing);
        users.extend(step.users.iter().chain(step.repeated).map(|user| (user.id.clone(), (step.run, user.clone()))));
        if step.withdraws {
            users.retain(|_, (run, _)| *run == step.run);
        }
        for id in step.gone {
            users.remove(id);
        }
        if step.adopts {
            for (id, user) in self.earlier.iter().flat_map(|(_, users)| users) {
                users.entry(id.clone()).or_insert_with(|| user.clone());
            }
        }
    }

    /// The listing that a `Kept` means; `None` if there is none.
    fn listing(&self, of: Kept) -> Option<&Users> {
        let latest = self.latest.as_ref().map(|(_, users)| users);
        match of {
            Kept::Latest => latest,
            Kept::LastComplete if self.is_complete() => latest,
            Kept::LastComplete => self.earlier(true),
            Kept::Gone if !self.is_complete() => None,
            Kept::Before | Kept::Gone | Kept::Unseen => self.earlier(false),
        }
    }

    /// Whether a `Kept` excludes a user of its listing.
    fn is_left_out(&self, of: Kept, id: &str) -> bool {
        matches!(of, Kept::Gone | Kept::Unseen)
            && self.latest.as_ref().is_some_and(|(_, latest)| latest.contains_key(id))
    }

    fn users(&self, of: Kept, after: Option<&str>, limit: u32) -> Vec<User> {
        let range = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let found = self.listing(of).into_iter().flat_map(|users| users.range::<str, _>(range));
        found
            .filter(|(id, _)| !self.is_left_out(of, id))
            .map(|(_, (_, user))| user.clone())
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .collect()
    }

    fn count(&self, of: Kept) -> u64 {
        let users = self.listing(of).into_iter().flatten();
        u64::try_from(users.filter(|(id, _)| !self.is_left_out(of, id)).count()).unwrap_or(u64::MAX)
    }

    fn find(&self, of: Kept, ids: &[String]) -> Vec<User> {
        let users = self.listing(of);
        let found = ids.iter().filter(|id| !self.is_left_out(of, id)).filter_map(|id| users?.get(id));
        found.map(|(_, user)| user.clone()).collect()
    }
}

impl Checkpoint for Held {
    fn standing(&mut self) -> Result<Option<Standing>> {
        self.with(|shelf| shelf.latest.as_ref().map(|(standing, _)| standing.clone()))
    }

    fn before(&mut self) -> Result<Option<Standing>> {
        self.with(|shelf| shelf.earlier.as_ref().map(|(standing, _)| standing.clone()))
    }

    fn save(&mut self, step: &Step<'_>) -> Result<()> {
        self.with(|shelf| shelf.save(step))
    }

    fn ids(&mut self, each: &mut dyn FnMut(&str, u32)) -> Result<()> {
        self.with(|shelf| {
            for (id, (run, _)) in shelf.latest.iter().flat_map(|(_, users)| users) {
                each(id, *run);
            }
        })
    }

    fn count(&mut self, of: Kept) -> Result<u64> {
        self.with(|shelf| shelf.count(of))
    }

    fn users(&mut self, of: Kept, after: Option<&str>, limit: u32) -> Result<Vec<User>> {
        self.with(|shelf| shelf.users(of, after, limit))
    }

    fn find(&mut self, of: Kept, ids: &[String]) -> Result<Vec<User>> {
        self.with(|shelf| shelf.find(of, ids))
    }
}
