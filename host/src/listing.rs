//! A whole listing, keyed by id: each user comes out once.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::model::{ListingState, Notice, User, UserPage};
use crate::{Denial, Result, Session};

/// How to list.
#[derive(Clone, Debug, Default)]
pub struct ListingOptions {
    /// About how many users a step brings; 0 leaves it to the provider.
    pub limit: u32,
    /// Where an earlier listing stopped; none begins at the beginning.
    pub cursor: Option<String>,
}

/// A listing on its way.
#[derive(Debug)]
pub struct Listing {
    session: Session,
    limit: u32,
    at: At,
    not_before: Option<Instant>,
    seen: Seen,
    progress: Progress,
}

#[derive(Debug)]
enum At {
    Cursor(Option<String>),
    End,
}

/// What a listing ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It holds every user who existed from its beginning to its end: one who was known and did not come is gone.
    Complete,
    /// It may lack users; a notice says why.
    Incomplete,
}

/// What one step brought.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Users who come for the first time.
    pub users: Vec<User>,
    /// Users who came before: a later record of the same id, which replaces the earlier.
    pub repeated: Vec<User>,
    /// What the provider has to tell. The last batch repeats all.
    pub notices: Vec<Notice>,
    /// The product's own count of all users to come.
    pub expected_total: Option<u32>,
    /// Set in the last batch.
    pub end: Option<End>,
    /// The beginning of the listing in the product's time.
    pub watermark: Option<String>,
}

/// How far a listing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Distinct users so far.
    pub users: u64,
    /// Records of users who had come before.
    pub repeated: u64,
    /// Steps so far.
    pub pages: u64,
    /// The product's own count of all users to come.
    pub expected_total: Option<u32>,
}

impl Listing {
    pub(crate) fn new(session: Session, options: ListingOptions) -> Self {
        Self {
            session,
            limit: options.limit,
            at: At::Cursor(options.cursor),
            not_before: None,
            seen: Seen::default(),
            progress: Progress::default(),
        }
    }

    /// The next step; none after the last. Waits first where the product asked for it. After an error the same step can
    /// be tried again by calling once more, and nothing is lost.
    pub async fn next(&mut self) -> Option<Result<Batch>> {
        let At::Cursor(cursor) = &self.at else { return None };
        // Kept until the wait is over: whoever drops this future and asks again waits for the rest of it.
        if let Some(until) = self.not_before {
            sleep_until(until).await;
            self.not_before = None;
        }
        Some(match self.session.list_page(cursor.as_deref(), self.limit).await {
            Ok(page) => Ok(self.take(page)),
            Err(error) => Err(error),
        })
    }

    /// How far it is.
    #[must_use]
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// Where it goes on, to be kept; none at the beginning and at the end.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        match &self.at {
            At::Cursor(cursor) => cursor.as_deref(),
            At::End => None,
        }
    }

    /// What the provider asked for in the last step and was denied.
    #[must_use]
    pub fn denials(&self) -> Vec<Denial> {
        self.session.denials()
    }

    /// The session, for other calls.
    #[must_use]
    pub fn into_session(self) -> Session {
        self.session
    }

    fn take(&mut self, page: UserPage) -> Batch {
        let end = match page.state {
            ListingState::More(cursor) => {
                self.at = At::Cursor(Some(cursor));
                None
            }
            ListingState::Complete => Some(End::Complete),
            ListingState::Incomplete => Some(End::Incomplete),
        };
        if end.is_some() {
            self.at = At::End;
        }
        self.not_before = page.wait_ms.and_then(|ms| Instant::now().checked_add(Duration::from_millis(u64::from(ms))));
        let (users, repeated): (Vec<_>, Vec<_>) = page.users.into_iter().partition(|user| self.seen.is_new(&user.id));
        self.progress.users = self.progress.users.saturating_add(count(&users));
        self.progress.repeated = self.progress.repeated.saturating_add(count(&repeated));
        self.progress.pages = self.progress.pages.saturating_add(1);
        self.progress.expected_total = page.expected_total.or(self.progress.expected_total);
        Batch {
            users,
            repeated,
            notices: page.notices,
            expected_total: page.expected_total,
            end,
            watermark: page.watermark,
        }
    }
}

fn count(users: &[User]) -> u64 {
    u64::try_from(users.len()).unwrap_or(u64::MAX)
}

/// The ids that have come, as 128-bit hashes under two random keys: at most 40 MB for a million users, and no server can
/// choose ids that are taken for one another.
#[derive(Debug, Default)]
struct Seen {
    keys: (RandomState, RandomState),
    hashes: HashSet<u128>,
}

impl Seen {
    fn is_new(&mut self, id: &str) -> bool {
        let (high, low) = (self.keys.0.hash_one(id), self.keys.1.hash_one(id));
        self.hashes.insert(u128::from(high) << 64 | u128::from(low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_new_once() {
        let mut seen = Seen::default();
        let ids: Vec<String> = (0..10_000).map(|n| format!("{n:026}")).collect();
        assert!(ids.iter().all(|id| seen.is_new(id)));
        assert!(!ids.iter().any(|id| seen.is_new(id)));
    }
}
