//! The server's cache of profiles, which `POST /users/ids` is answered from.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::account::Account;
use crate::roster::Roster;

/// How long a profile is answered from the cache, in milliseconds.
const KEPT_MS: i64 = 30 * 60 * 1_000;

/// Which profiles are in the cache since when. Most are there as they are in the database too, and cost a time alone.
#[derive(Debug, Default)]
pub(crate) struct Profiles(Mutex<Cached>);

#[derive(Debug, Default)]
struct Cached {
    /// By an account's number, when it was read from the database.
    read_at: HashMap<u32, i64>,
    /// Those that are not what they are in the database.
    lagging: HashMap<u32, Account>,
}

impl Cached {
    fn empty(&mut self, number: u32) {
        self.read_at.remove(&number);
        self.lagging.remove(&number);
    }

    fn holds(&self, number: u32, now_ms: i64) -> bool {
        self.read_at.get(&number).is_some_and(|at| now_ms.saturating_sub(*at) < KEPT_MS)
    }
}

impl Profiles {
    /// Profiles as the server answers them: as they were when it last read them, half an hour ago at most.
    pub(crate) fn read(&self, roster: &Roster, numbers: impl Iterator<Item = u32>, now_ms: i64) -> Vec<Account> {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read = |number: u32| {
            if !cached.holds(number, now_ms) {
                cached.empty(number);
                cached.read_at.insert(number, now_ms);
            }
            cached.lagging.get(&number).cloned().unwrap_or_else(|| roster.account(number))
        };
        numbers.map(&mut read).collect()
    }

    /// Somebody signs in, which does not update the cache. `before` is the account before that.
    pub(crate) fn sign_in(&self, before: Account, now_ms: i64) {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cached.holds(before.index, now_ms) {
            cached.lagging.entry(before.index).or_insert(before);
        } else {
            cached.empty(before.index);
        }
    }

    /// A profile changes, and is taken out of the cache.
    pub(crate) fn empty(&self, number: u32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).empty(number);
    }
}
