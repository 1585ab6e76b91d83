//! A listing of all users, keyed by id: each user is returned once.
//!
//! `walk` decides what a step means and what comes next; this file calls the provider, waits and saves.

mod keeper;
mod merge;
mod notices;
mod progress;
mod proof;
mod seen;
mod settle;
mod source;
mod stall;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::Arc;
use std::time::Duration;

use provider_egress::{Denial, wall};
use provider_model::{ErrorKind, User, UserPage};
use provider_sandbox::{Error as SandboxError, ListingLimits, Session};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::checkpoint::{Checkpoints, Kept, ListingKey, Standing};
use crate::{Error, Result};
pub(crate) use keeper::{AtTheEnd, Damage, Keeper, Opened, Update};
pub(crate) use merge::{Hidden, learn};
pub(crate) use notices::damaged as damage_notice;
pub use progress::{Batch, End, Progress};
pub(crate) use proof::Proof;
pub(crate) use source::Source;
pub(crate) use stall::StallGuard;
use walk::Taken;
pub(crate) use walk::Walk;

/// How to list.
#[derive(Clone, Debug, Default)]
pub struct ListingOptions {
    /// About how many users a step returns; 0 lets the provider choose.
    pub limit: u32,
    /// Where an earlier listing stopped; `None` starts at the beginning. A listing that is resumed from a store
    /// continues where the store says.
    pub cursor: Option<String>,
}

/// A running listing.
#[derive(Debug)]
pub struct Listing<S = Session> {
    session: S,
    limit: u32,
    walk: Walk,
    /// The state of `walk` when the last batch was returned.
    standing: Standing,
    not_before: Option<Instant>,
    guard: StallGuard,
    keeper: Option<Keeper>,
    at_the_end: AtTheEnd,
    /// Whether an earlier process read it to its end, but did not return everything.
    ends_only: bool,
    damaged: u64,
    /// Whether nothing of this listing was saved yet.
    begins: bool,
    /// How many requests of the session are in the listing's progress.
    counted: u64,
    resumed: Option<Progress>,
    /// A step that is returned once it is saved.
    unsaved: Option<Arc<Taken>>,
    /// The task that saves it. It continues even if the future that waits for it is dropped.
    saving: Option<JoinHandle<Result<()>>>,
}

/// What to do with an unfinished listing in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfinished {
    GoOn,
    Drop,
}

impl<S: Source> Listing<S> {
    pub(crate) fn new(session: S, options: ListingOptions) -> Self {
        Self::at(session, options.limit, Walk::new(Standing::begin(options.cursor)))
    }

    fn at(session: S, limit: u32, walk: Walk) -> Self {
        Self {
            counted: session.requests(),
            session,
            limit,
            standing: walk.standing().clone(),
            walk,
            not_before: None,
            guard: StallGuard::default(),
            keeper: None,
            at_the_end: AtTheEnd::Settle,
            ends_only: false,
            damaged: 0,
            begins: true,
            resumed: None,
            unsaved: None,
            saving: None,
        }
    }

    /// Opens a listing that is saved in a store.
    pub(crate) async fn kept_in(
        session: S,
        options: ListingOptions,
        store: Arc<dyn Checkpoints>,
        key: ListingKey,
        unfinished: Unfinished,
    ) -> Result<Self> {
        let keeper = Keeper::open(store, key).await?;
        let opened = keeper.inspect().await?;
        let goes_on = unfinished == Unfinished::GoOn;
        Self::in_place(session, options, keeper, &opened, goes_on, AtTheEnd::Settle).await
    }

    /// Resumes a listing in a store, if it may be resumed and is not damaged; otherwise begins one there.
    pub(crate) async fn in_place(
        session: S,
        options: ListingOptions,
        keeper: Keeper,
        opened: &Opened,
        goes_on: bool,
        at_the_end: AtTheEnd,
    ) -> Result<Self> {
        let damaged = opened.damage.records();
        let interrupted = opened.standing.clone().filter(|it| goes_on && damaged == 0 && !it.is_finished());
        // A sync returns the differences of a listing that was read to its end; `users` returns all of it.
        let interrupted = interrupted.filter(|it| it.end.is_none() || at_the_end == AtTheEnd::Settle);
        let begins = interrupted.is_none();
        let walk = match interrupted {
            Some(standing) => keeper.recall(Standing { is_unsettled: true, ..standing }).await?,
            None => {
                let undelivered = opened.standing.as_ref().and_then(|it| it.undelivered.clone());
                Walk::new(Standing { is_unsettled: true, undelivered, ..Standing::begin(options.cursor) })
            }
        };
        let mut listing = Self::at(session, options.limit, walk);
        if damaged > 0 {
            listing.walk.note_own(notices::damaged(damaged));
        }
        if let Some(wait) = listing.standing.wait.filter(|_| !begins) {
            listing.not_before = after(wait.left_ms(now_ms()));
        }
        listing.resumed = (!begins).then_some(listing.standing.progress);
        listing.ends_only = listing.standing.end.is_some() && at_the_end == AtTheEnd::Settle;
        Ok(Self { keeper: Some(keeper), begins, at_the_end, damaged, ..listing })
    }

    /// The next step; `None` after the last. Waits first if the product asked for it; a session that needs the place in
    /// the pool gets it meanwhile. A listing with a store saves a step before it returns it. After an error, call again
    /// to retry the same step: nothing is lost.
    ///
    /// # Errors
    /// The listing makes no progress ([`Error::ListingStalled`]), the product asks for too long a wait
    /// ([`Error::WaitTooLong`]), a limit of [`ListingLimits`] is exceeded, or a call or the store fails.
    ///
    /// If the provider refuses the cursor ([`ErrorKind::CursorStale`]), the listing starts again on its own. So does a
    /// listing that continued in another instance and cannot be proven complete. A notice says so, and users that were
    /// returned before are among the `repeated` ones.
    pub async fn next(&mut self) -> Option<Result<Batch>> {
        if self.ends_only {
            return self.end_only().await.transpose();
        }
        while self.unsaved.is_none() {
            if self.standing.end.is_some() {
                return None;
            }
            if let Err(error) = self.wait().await {
                return Some(Err(error));
            }
            match self.page().await {
                Ok((mut page, bytes)) => {
                    if let Err(error) = self.merge(&mut page).await {
                        return Some(Err(error));
                    }
                    let requests = self.session.requests();
                    let more = requests.saturating_sub(std::mem::replace(&mut self.counted, requests));
                    self.walk.made(self.session.record_source(), more);
                    let taken = self.walk.take(page, now_ms());
                    let (news, users) = (taken.news, taken.standing.progress.users);
                    // If this call ends with an error, the next one returns the step.
                    self.unsaved = Some(Arc::new(taken));
                    let limits = self.session.listing_limits();
                    let goes_on = self.guard.step(limits, news).and_then(|()| self.guard.holds(limits, users, bytes));
                    if let Err(error) = goes_on {
                        return Some(Err(error));
                    }
                }
                Err(error) => {
                    let is_stale = error.as_provider().is_some_and(|error| error.kind == ErrorKind::CursorStale);
                    if !is_stale || !self.walk.begin_again() {
                        return Some(Err(error));
                    }
                }
            }
        }
        if let Err(error) = self.save().await {
            return Some(Err(error));
        }
        let taken = Arc::unwrap_or_clone(self.unsaved.take()?);
        self.begins = false;
        self.not_before = taken.standing.wait.and_then(|wait| after(u64::from(wait.ms)));
        self.standing = taken.standing;
        Some(Ok(taken.batch))
    }

    /// The last batch of a listing that an earlier process read to its end.
    async fn end_only(&mut self) -> Result<Option<Batch>> {
        let Some(keeper) = &self.keeper else { return Ok(None) };
        keeper.settle().await?;
        self.ends_only = false;
        let Standing { notices, end, reason, hidden, watermark, progress, .. } = self.standing.clone();
        let expected_total = progress.expected_total;
        Ok(Some(Batch { notices, end, reason, hidden, watermark, expected_total, ..Batch::default() }))
    }

    /// Waits as long as the product asked for.
    async fn wait(&mut self) -> Result<()> {
        // Kept until the wait is over: a caller that drops this future and calls again waits for the rest.
        if let Some(until) = self.not_before {
            let limits = self.session.listing_limits();
            wait_is_bearable(until, limits)?;
            self.guard.pause(limits, until).await?;
            self.not_before = None;
        }
        Ok(())
    }

    /// The provider's next page, with the size of its users in bytes, if it is within the listing's limits.
    async fn page(&mut self) -> Result<(UserPage, u64)> {
        let limits = self.session.listing_limits().clone();
        let cursor = self.walk.standing().cursor.clone();
        let (page, bytes) = self.guard.part(&limits, self.session.list_step(cursor.as_deref(), self.limit)).await?;
        let fits = self.walk.fits(&page.notices, &limits);
        fits.map_err(|limit| SandboxError::LimitHit { call: "list-users", limit })?;
        Ok((page, bytes))
    }

    /// Fills in known values for the fields that are hidden in a page.
    async fn merge(&mut self, page: &mut UserPage) -> Result<()> {
        let Some(keeper) = &self.keeper else { return Ok(()) };
        let mut hidden = self.walk.standing().hidden.clone();
        merge::learn(&mut hidden, &page.hidden);
        let hidden = Hidden::new(&hidden, self.session.roles());
        if !hidden.is_empty() {
            let ids = page.users.iter().map(|user| user.id.clone()).collect();
            hidden.merge_all(&mut page.users, keeper.known(self.begins, ids).await?);
        }
        Ok(())
    }

    /// Saves the step that was taken. If the future is dropped, nothing is lost: the next call waits for the same task.
    async fn save(&mut self) -> Result<()> {
        let (Some(keeper), Some(taken)) = (&self.keeper, &self.unsaved) else { return Ok(()) };
        let late = taken.standing.hides_late.then(|| Hidden::new(&taken.standing.hidden, self.session.roles()));
        let saving =
            self.saving.get_or_insert_with(|| keeper.save(Arc::clone(taken), self.begins, late, self.at_the_end));
        let saved = saving.await;
        self.saving = None;
        keeper.outcome(saved)
    }

    /// The progress so far, including that of earlier processes.
    #[must_use]
    pub const fn progress(&self) -> Progress {
        self.standing.progress
    }

    /// The progress with which a listing was resumed from a store; `None` for one that was not resumed. Users of
    /// earlier processes are not returned again as new: [`kept`](Self::kept) has them.
    #[must_use]
    pub const fn resumed(&self) -> Option<Progress> {
        self.resumed
    }

    /// How many records of its store were damaged when it was opened. They count as not kept.
    #[must_use]
    pub const fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Where the listing continues, for a host that keeps it without a store; `None` at the beginning and at the end.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.standing.cursor.as_deref()
    }

    /// At most `limit` users from the listing's store, in the order of their ids, whose ids are greater than `after`:
    /// the last record of each. Empty without a store.
    ///
    /// # Errors
    /// The store does not work.
    pub async fn kept(&self, of: Kept, after: Option<&str>, limit: u32) -> Result<Vec<User>> {
        match &self.keeper {
            Some(keeper) => keeper.users(of, after.map(ToOwned::to_owned), limit).await,
            None => Ok(Vec::new()),
        }
    }

    /// The session that it runs in.
    pub(crate) const fn session(&mut self) -> &mut S {
        &mut self.session
    }

    /// Does not count the requests that the session has sent so far.
    pub(crate) fn count_requests_from_here(&mut self) {
        self.counted = self.session.requests();
    }

    /// The state after the last step that was returned.
    pub(crate) const fn standing(&self) -> &Standing {
        &self.standing
    }
}

impl Listing {
    /// The requests that the provider made in the last step and that were denied.
    #[must_use]
    pub fn denials(&self) -> Vec<Denial> {
        self.session.denials()
    }

    /// Continues in another session, such as one of another version of the provider, and returns the session that it
    /// ran in. The new session must have the same product and the same settings.
    ///
    /// A provider's proof of completeness does not move along. The listing can still end complete: if the product's
    /// count proves it, or after the list is read once more.
    pub fn continue_in(&mut self, session: Session) -> Session {
        self.counted = session.requests();
        std::mem::replace(&mut self.session, session)
    }

    /// The largest linear memory, in bytes, that an instance of its session had.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.session.memory_bytes()
    }

    /// The session, for other calls.
    #[must_use]
    pub fn into_session(self) -> Session {
        self.session
    }
}

/// Checks that the rest of a wait is not longer than a listing may wait.
pub(crate) fn wait_is_bearable(until: Instant, limits: &ListingLimits) -> Result<()> {
    let (left, limit) = (until.saturating_duration_since(Instant::now()), limits.wait_time);
    if left > limit { Err(Error::WaitTooLong { left, limit }) } else { Ok(()) }
}

pub(crate) fn after(ms: u64) -> Option<Instant> {
    Instant::now().checked_add(Duration::from_millis(ms))
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(wall::since_1970().unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
