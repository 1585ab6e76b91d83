//! The roster of a running server, which changes while it answers.

use std::sync::{Arc, Mutex, PoisonError};

use crate::account::Account;
use crate::change::{ChangeKind, Pending};
use crate::clock::Clock;
use crate::profiles::Profiles;
use crate::roster::Roster;

/// What passes on the server's clock between a change and the next request, in milliseconds. A careful client waits until
/// an account is so old that every count has it; a test need not.
const CHANGE_MS: i64 = 15_000;

/// The roster of a running server, with the changes that are still to come. Every answer is made from the roster of one
/// moment, however many are made at once.
#[derive(Debug)]
pub(crate) struct Live {
    now: Mutex<Now>,
    profiles: Profiles,
    clock: Clock,
}

#[derive(Debug)]
struct Now {
    roster: Arc<Roster>,
    pending: Pending,
    /// Something changed since the last request.
    has_changed: bool,
}

impl Now {
    fn change(&mut self, kind: ChangeKind, now_ms: i64, profiles: &Profiles) -> Option<Account> {
        self.has_changed = true;
        // A sign-in does not update the cache of profiles.
        let before = matches!(kind, ChangeKind::SignIn { .. }).then(|| Arc::clone(&self.roster));
        let changed = Arc::make_mut(&mut self.roster).change(kind, now_ms);
        match (&changed, before) {
            (Some(account), Some(before)) => profiles.sign_in(before.account(account.index), now_ms),
            (Some(account), None) => profiles.empty(account.index),
            (None, _) => {}
        }
        changed
    }
}

impl Live {
    pub(crate) fn new(roster: Roster, pending: Pending, clock: Clock) -> Self {
        let now = Mutex::new(Now { roster: Arc::new(roster), pending, has_changed: false });
        Self { now, profiles: Profiles::default(), clock }
    }

    /// The roster that this request is answered from, after the changes that are due before it.
    pub(crate) fn before(&self, path_and_query: &str) -> Arc<Roster> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut now.has_changed) {
            self.clock.leap(CHANGE_MS);
        }
        for change in now.pending.due(path_and_query) {
            now.change(change, self.clock.now_ms(), &self.profiles);
        }
        Arc::clone(&now.roster)
    }

    pub(crate) fn change(&self, kind: ChangeKind) -> Option<Account> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.change(kind, self.clock.now_ms(), &self.profiles)
    }

    /// The server's cache of profiles.
    pub(crate) const fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    pub(crate) fn now(&self) -> Arc<Roster> {
        Arc::clone(&self.now.lock().unwrap_or_else(PoisonError::into_inner).roster)
    }
}
