//! A whole listing, keyed by id: each user comes out once.
//!
//! `walk` decides what a step means and what comes next; this file calls the provider, waits, and saves.

mod keeper;
mod notices;
mod progress;
mod proof;
mod seen;
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
pub(crate) use keeper::{Keeper, Update};
pub use progress::{Batch, End, Progress};
pub(crate) use proof::Proof;
pub(crate) use stall::StallGuard;
use walk::Taken;
pub(crate) use walk::Walk;

/// How to list.
#[derive(Clone, Debug, Default)]
pub struct ListingOptions {
    /// About how many users a step brings; 0 leaves it to the provider.
    pub limit: u32,
    /// Where an earlier listing stopped; none begins at the beginning. A listing that is taken up from a store goes on
    /// where that says.
    pub cursor: Option<String>,
}

/// A listing on its way.
#[derive(Debug)]
pub struct Listing {
    session: Session,
    limit: u32,
    walk: Walk,
    /// What `walk` was when the last batch was returned.
    standing: Standing,
    not_before: Option<Instant>,
    guard: StallGuard,
    keeper: Option<Keeper>,
    /// Whether nothing of this listing was saved yet.
    begins: bool,
    /// How many requests of the session are in the listing's progress.
    counted: u64,
    resumed: Option<Progress>,
    /// A step that was taken and is not returned before it is saved.
    unsaved: Option<Arc<Taken>>,
    /// Its saving, which goes on where the future that waits for it is dropped.
    saving: Option<JoinHandle<Result<()>>>,
}

/// What to do with a listing that a store holds unfinished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfinished {
    GoOn,
    Drop,
}

impl Listing {
    pub(crate) fn new(session: Session, options: ListingOptions) -> Self {
        Self::at(session, options.limit, Walk::new(Standing::begin(options.cursor)))
    }

    fn at(session: Session, limit: u32, walk: Walk) -> Self {
        Self {
            counted: session.requests(),
            session,
            limit,
            standing: walk.standing().clone(),
            walk,
            not_before: None,
            guard: StallGuard::default(),
            keeper: None,
            begins: true,
            resumed: None,
            unsaved: None,
            saving: None,
        }
    }

    /// A listing that is kept in a store.
    pub(crate) async fn kept_in(
        session: Session,
        options: ListingOptions,
        store: Arc<dyn Checkpoints>,
        key: ListingKey,
        unfinished: Unfinished,
    ) -> Result<Self> {
        let keeper = Keeper::open(store, key).await?;
        let standing = match unfinished {
            Unfinished::GoOn => keeper.standing().await?.filter(|standing| standing.end.is_none()),
            Unfinished::Drop => None,
        };
        let walk = match standing {
            Some(standing) => Some(keeper.recall(standing).await?),
            None => None,
        };
        let begin = || Standing::begin(options.cursor.clone());
        Ok(Self::in_place(session, options.limit, keeper, walk, begin))
    }

    /// A listing that is taken up in its place in a store, or begins there.
    pub(crate) fn in_place(
        session: Session,
        limit: u32,
        keeper: Keeper,
        walk: Option<Walk>,
        begin: impl FnOnce() -> Standing,
    ) -> Self {
        let begins = walk.is_none();
        let mut listing = Self::at(session, limit, walk.unwrap_or_else(|| Walk::new(begin())));
        if let Some(wait) = listing.standing.wait.filter(|_| !begins) {
            listing.not_before = after(wait.left_ms(now_ms()));
        }
        listing.resumed = (!begins).then_some(listing.standing.progress);
        Self { keeper: Some(keeper), begins, ..listing }
    }

    /// The next step; none after the last. Waits first where the product asked for it, without keeping room in the pool from
    /// anybody who needs it. A step of a listing that has a store is returned when it is saved. After an error the same step
    /// can be tried again by calling once more, and nothing is lost.
    ///
    /// It ends with an error where it makes no progress ([`Error::ListingStalled`]), where the product asks for too long a
    /// wait ([`Error::WaitTooLong`]), and beyond the limits of [`ListingLimits`].
    ///
    /// Where the provider refuses the cursor ([`ErrorKind::CursorStale`]) the listing begins again by itself, and so does
    /// one that went on in another instance and cannot be proven complete; a notice says so, and whoever came before is
    /// among the `repeated`.
    pub async fn next(&mut self) -> Option<Result<Batch>> {
        while self.unsaved.is_none() {
            if self.standing.end.is_some() {
                return None;
            }
            if let Err(error) = self.wait().await {
                return Some(Err(error));
            }
            match self.page().await {
                Ok((page, bytes)) => {
                    let requests = self.session.requests();
                    let more = requests.saturating_sub(std::mem::replace(&mut self.counted, requests));
                    self.walk.made(self.session.maker(), more);
                    let taken = self.walk.take(page, now_ms());
                    let (news, users) = (taken.news, taken.standing.progress.users);
                    // The next call returns it where this one ends with an error.
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

    /// Waits as long as the product has asked.
    async fn wait(&mut self) -> Result<()> {
        // Kept until the wait is over: whoever drops this future and asks again waits for the rest of it.
        if let Some(until) = self.not_before {
            let limits = self.session.listing_limits();
            wait_is_bearable(until, limits)?;
            self.guard.pause(limits, until).await?;
            self.not_before = None;
        }
        Ok(())
    }

    /// The provider's next page with the bytes of its users, if the listing may hold it.
    async fn page(&mut self) -> Result<(UserPage, u64)> {
        let limits = self.session.listing_limits().clone();
        let cursor = self.walk.standing().cursor.clone();
        let (page, bytes) = self.guard.part(&limits, self.session.list_step(cursor.as_deref(), self.limit)).await?;
        let fits = self.walk.fits(&page.notices, &limits);
        fits.map_err(|limit| SandboxError::LimitHit { call: "list-users", limit })?;
        Ok((page, bytes))
    }

    /// Saves the step that was taken. Nothing is lost where the future is dropped: the next call waits for the same saving.
    async fn save(&mut self) -> Result<()> {
        let (Some(keeper), Some(taken)) = (&self.keeper, &self.unsaved) else { return Ok(()) };
        let saving = self.saving.get_or_insert_with(|| keeper.save(Arc::clone(taken), self.begins));
        let saved = saving.await;
        self.saving = None;
        keeper.outcome(saved)
    }

    /// How far it is, what came in earlier processes included.
    #[must_use]
    pub const fn progress(&self) -> Progress {
        self.standing.progress
    }

    /// Where it went on, for one that was taken up from a store; none for one that began. Who came before does not come
    /// again as new: [`kept`](Self::kept) has them.
    #[must_use]
    pub const fn resumed(&self) -> Option<Progress> {
        self.resumed
    }

    /// Where it goes on, to be kept by a host that gives it no store; none at the beginning and at the end.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.standing.cursor.as_deref()
    }

    /// At most so many users from the listing's store, by id, whose ids come after `after`: the last record of each. None
    /// without a store.
    ///
    /// # Errors
    /// The store does not work.
    pub async fn kept(&self, of: Kept, after: Option<&str>, limit: u32) -> Result<Vec<User>> {
        match &self.keeper {
            Some(keeper) => keeper.users(of, after.map(ToOwned::to_owned), limit).await,
            None => Ok(Vec::new()),
        }
    }

    /// What the provider asked for in the last step and was denied.
    #[must_use]
    pub fn denials(&self) -> Vec<Denial> {
        self.session.denials()
    }

    /// Goes on in another session, such as one of another version of the provider, and returns the one that it ran in. It
    /// must be a session with the same product and the same settings.
    ///
    /// A provider's proof of completeness does not move along. The listing is complete all the same where what the product
    /// counted proves it, or where it is once more read to the end.
    pub fn continue_in(&mut self, session: Session) -> Session {
        self.counted = session.requests();
        std::mem::replace(&mut self.session, session)
    }

    /// The most linear memory in bytes that an instance of the session that it runs in had.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.session.memory_bytes()
    }

    /// The session that it runs in.
    pub(crate) const fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// What the session sent so far belongs to something else.
    pub(crate) fn count_requests_from_here(&mut self) {
        self.counted = self.session.requests();
    }

    /// How far it is with the last step that was returned.
    pub(crate) const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// The session, for other calls.
    #[must_use]
    pub fn into_session(self) -> Session {
        self.session
    }
}

/// Whether what is left of a wait is no longer than a listing may wait.
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
