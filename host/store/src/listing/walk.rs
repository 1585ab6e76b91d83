//! Decides what a page means for a listing: who is new, whether the listing has ended, and what comes next. Does no
//! I/O.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use provider_model::{ListingState, Notice, User, UserPage};
use provider_sandbox::{LimitHit, ListingLimits, RecordSource, bounds};

use super::merge;
use super::notices;
use super::progress::{Batch, End};
use super::proof::Proof;
use super::seen::{Arrival, Seen};
use crate::checkpoint::{Standing, Wait};

/// How often a listing may begin: it begins again if the provider refuses its cursor, and if it was interrupted and
/// cannot be proven complete. A reading without an interruption is the last one, so this only limits a provider that
/// refuses its own cursors, or that reports every listing as interrupted.
const RUNS_AT_MOST: u32 = 10;

/// A listing between two pages.
#[derive(Debug)]
pub(crate) struct Walk {
    standing: Standing,
    seen: Seen,
    /// Notices of this library that no batch has returned yet.
    unreported: Vec<Notice>,
    /// All notices of this library in this listing.
    own: Vec<Notice>,
}

/// The result of taking a page.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) batch: Batch,
    /// The run that it belongs to.
    pub(super) run: u32,
    /// How many users it returns for the first time in the run.
    pub(super) news: u64,
    /// Whether users that only an earlier run returned no longer belong to the listing.
    pub(super) withdraws: bool,
    /// The state of the listing after the page.
    pub(super) standing: Standing,
    /// Whether its users are saved. The end of the listing is saved after them, and may fail alone.
    pub(super) is_saved: Arc<AtomicBool>,
}

impl Walk {
    pub(super) fn new(standing: Standing) -> Self {
        Self::resume(standing, Seen::default())
    }

    /// Resumes a listing with the ids that it has returned.
    pub(super) fn resume(standing: Standing, seen: Seen) -> Self {
        let own = standing.notices.iter().filter(|notice| notices::is_own(notice)).cloned().collect();
        Self { standing, seen, unreported: Vec::new(), own }
    }

    pub(super) const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Adds a notice of this library; the next batch returns it.
    pub(super) fn note_own(&mut self, notice: Notice) {
        self.unreported.push(notice.clone());
        self.report(notice);
    }

    /// Checks whether the listing may hold these notices besides those that it has.
    ///
    /// # Errors
    /// The limit that they would exceed.
    pub(super) fn fits(&self, reported: &[Notice], limits: &ListingLimits) -> Result<(), LimitHit> {
        if reported.is_empty() {
            return Ok(());
        }
        let mut all = self.standing.notices.clone();
        notices::merge(&mut all, reported);
        bounds::notices(&all, limits)
    }

    /// Records which version makes the next page, and how many requests the page took. If several versions make the
    /// pages of one run, none of them is the listing's source.
    pub(super) fn made(&mut self, record_source: Option<&RecordSource>, requests: u64) {
        let standing = &mut self.standing;
        if standing.cursor.is_none() {
            standing.record_source = record_source.cloned();
        } else if standing.record_source.as_ref() != record_source {
            standing.record_source = None;
        }
        standing.progress.requests = standing.progress.requests.saturating_add(requests);
    }

    /// Takes a page that arrived at `now_ms`, in milliseconds since 1970.
    pub(super) fn take(&mut self, page: UserPage, now_ms: u64) -> Taken {
        let run = self.standing.run;
        let UserPage { users, state, expected_total, wait_ms, watermark, notices: reported, hidden, attributes } = page;
        self.standing.proof.page(expected_total, watermark.as_deref());
        let mut news = 0_u64;
        let (users, repeated): (Vec<_>, Vec<_>) = users.into_iter().partition(|user| {
            let arrival = self.note(user);
            news = news.saturating_add(u64::from(arrival.is_new_in_run));
            arrival.is_new
        });
        let progress = &mut self.standing.progress;
        progress.users = progress.users.saturating_add(count(&users));
        progress.repeated = progress.repeated.saturating_add(count(&repeated));
        progress.pages = progress.pages.saturating_add(1);
        progress.expected_total = expected_total.or(progress.expected_total);
        if watermark.is_some() {
            self.standing.watermark.clone_from(&watermark);
        }
        self.standing.wait = wait_ms.map(|ms| Wait { until_ms: now_ms.saturating_add(u64::from(ms)), ms });
        notices::merge(&mut self.standing.notices, &reported);
        let is_late = self.standing.progress.users > count(&users);
        self.standing.hides_late |= merge::learn(&mut self.standing.hidden, &hidden) && is_late;

        let mut batch = Batch {
            users,
            repeated,
            notices: reported,
            hidden,
            expected_total,
            watermark,
            attributes,
            ..Batch::default()
        };
        self.standing.cursor = None;
        match state {
            ListingState::More(cursor) => self.standing.cursor = Some(cursor),
            // There may be fewer users than were counted, if some were deleted meanwhile.
            ListingState::Complete => self.standing.end = Some(End::Complete),
            ListingState::Resumed => self.judge(&mut batch.notices),
            ListingState::Incomplete(reason) => {
                self.standing.end = Some(End::Incomplete);
                self.standing.reason = Some(reason);
            }
        }
        if self.standing.end == Some(End::Complete) {
            batch.withdrawn = self.withdraw();
        }
        let own = if self.standing.end.is_some() { self.own.clone() } else { std::mem::take(&mut self.unreported) };
        batch.notices.extend(own);
        batch.end = self.standing.end;
        batch.reason.clone_from(&self.standing.reason);
        let withdraws = batch.withdrawn > 0;
        Taken { batch, run, news, withdraws, standing: self.standing.clone(), is_saved: Arc::default() }
    }

    /// Removes users from a complete listing that only an earlier run returned: they were deleted before this run's
    /// count, or it would have returned them. Returns how many were removed.
    fn withdraw(&mut self) -> u64 {
        let withdrawn = self.seen.not_of_this_run();
        if withdrawn > 0 {
            let progress = &mut self.standing.progress;
            progress.users = progress.users.saturating_sub(withdrawn);
            self.report(notices::withdrawn(withdrawn));
        }
        withdrawn
    }

    /// Decides whether a listing that continued in another instance is complete.
    fn judge(&mut self, reported: &mut Vec<Notice>) {
        self.standing.end = Some(End::Incomplete);
        match self.standing.proof.counted() {
            Some(counted) if self.standing.proof.holds() => {
                let is_resumed = |notice: &Notice| notice.code == notices::RESUMED;
                reported.retain(|notice| !is_resumed(notice));
                self.standing.notices.retain(|notice| !is_resumed(notice));
                self.report(notices::proven(counted));
                self.standing.end = Some(End::Complete);
            }
            // A host that kept the users of an earlier listing itself and starts at its cursor wants only the rest.
            _ if self.standing.has_beginning && self.standing.run < RUNS_AT_MOST => {
                self.standing.end = None;
                self.begin_run(notices::read_again());
            }
            Some(_) | None => self.standing.reason = Some(notices::RESUMED.to_owned()),
        }
    }

    /// Starts again from the beginning, since the cursor is refused. Returns whether that may help.
    pub(super) fn begin_again(&mut self) -> bool {
        // The users before a cursor that the caller kept are not known here.
        let is_somebody_elses = !self.standing.has_beginning && self.standing.progress.pages == 0;
        if self.standing.cursor.is_none() || is_somebody_elses || self.standing.run >= RUNS_AT_MOST {
            return false;
        }
        self.begin_run(notices::begun_again());
        true
    }

    /// Begins a run that reads everything again; a user who is returned again is not new. The provider's notices belong
    /// to the run that is over.
    fn begin_run(&mut self, why: Notice) {
        self.seen.begin_run();
        self.standing.cursor = None;
        self.standing.run = self.standing.run.saturating_add(1);
        self.standing.proof = Proof::default();
        self.standing.has_beginning = true;
        // The next run may have another token.
        self.standing.hidden.clear();
        self.standing.notices.clone_from(&self.own);
        self.unreported.push(why.clone());
        self.report(why);
    }

    fn report(&mut self, notice: Notice) {
        notices::merge(&mut self.own, std::slice::from_ref(&notice));
        notices::merge(&mut self.standing.notices, &[notice]);
    }

    fn note(&mut self, user: &User) -> Arrival {
        let arrival = self.seen.note(&user.id);
        if arrival.is_new_in_run {
            self.standing.proof.came(user.created_at.as_deref());
        }
        arrival
    }
}

fn count(users: &[User]) -> u64 {
    u64::try_from(users.len()).unwrap_or(u64::MAX)
}
