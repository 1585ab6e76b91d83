//! Brings a kept listing up to date, with as few requests as the provider can.
//!
//! If the provider reports what changed (the contract's interface `changes`), this passes it the users in the store,
//! batch by batch in the order of their ids, and the provider returns those that differ and those that are new. Each
//! record is saved in place, so a process that dies leaves a usable listing as of the old watermark. Only when the
//! provider has proven everything are the users who are gone removed and the new watermark saved. If the provider
//! cannot prove it, or the store has no listing to start from, everybody is listed, and the two listings in the store
//! are compared afterwards.
//!
//! A listing that is not proven complete is brought up to date too. It reports nobody as gone and keeps the users that
//! it did not see (`listing/settle.rs`). A value that is hidden from the token stays the one that was seen last
//! (`listing/merge.rs`).

mod batch;
mod delta_sync;
mod diff;
mod full_sync;
mod removals;
mod step;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use provider_egress::Denial;
use provider_model::{ErrorKind, HiddenField, ListingState, Notice, User, UserPage};
use provider_sandbox::{Changes, Error as SandboxError, ListingLimits, Session, answers};
use tokio::time::Instant;

use crate::checkpoint::{Checkpoints, Kept, ListingKey, SeenAt, Standing, Undelivered, Wait};
use crate::listing::{
    AtTheEnd, Damage, Hidden, Keeper, Source, StallGuard, Update, after, damage_notice, learn, now_ms, wait_is_bearable,
};
use crate::{End, Listing, ListingOptions, Result};
use delta_sync::{BatchSummary, DeltaSync, Verdict};
use diff::DiffCursor;
pub use full_sync::FullSyncReason;
use removals::Removals;
pub use step::{ChangedUser, SyncOptions, SyncStep};

/// A kept listing that is brought up to date.
#[derive(Debug)]
pub struct ListingSync<S = Session> {
    /// Lists everybody if that is needed. Its session makes all calls.
    listing: Listing<S>,
    keeper: Keeper,
    options: SyncOptions,
    /// The state of the latest listing in the store.
    standing: Option<Standing>,
    phase: Phase,
    full_sync_reason: Option<FullSyncReason>,
    /// Why the provider reads every known record again.
    outdated: Option<FullSyncReason>,
    /// The fields that the token cannot see, according to the provider's pages of changes.
    hidden: Vec<HiddenField>,
    damage: Damage,
    /// Whether the delta sync was restarted once already, because its cursor was refused.
    has_begun_again: bool,
    /// Whether every record is to be read once more, because the token sees more than the one before.
    reads_again: bool,
    /// The update to save before anything else happens.
    unsaved: Option<Arc<Update>>,
    /// The step to return after that.
    ready: Option<SyncStep>,
    not_before: Option<Instant>,
    /// The guard of the delta sync; the listing has its own.
    guard: StallGuard,
    notices: Vec<Notice>,
    progress: SyncProgress,
}

/// What to do next.
#[derive(Debug)]
enum Phase {
    /// Ask the provider what changed.
    Delta(DeltaSync),
    /// The provider has proven everything: remove the users who are gone, then save this state.
    Removing(Removals, Box<Standing>),
    /// List everybody.
    Listing,
    /// Report the differences between the two listings; the later one ended like this.
    Diff(DiffCursor, End),
    /// Report the differences of a listing that an earlier process did not report to the end; then sync.
    CatchUp(DiffCursor),
    /// Return the last step.
    Closing(End),
    Ended,
}

/// What a page of changes says besides its users.
#[derive(Default)]
struct Examined {
    state: Option<ListingState>,
    expected_total: Option<u32>,
    wait_ms: Option<u32>,
    watermark: Option<String>,
    removals: Removals,
}

/// The progress of a sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncProgress {
    /// Users that were looked at: those of the store that the provider has compared or, if everybody is listed, those
    /// that it has returned.
    pub users: u64,
    /// How many users there are to look at, if that is known.
    pub expected_total: Option<u32>,
    /// Users that were returned as added.
    pub added: u64,
    /// Users that were returned as changed.
    pub changed: u64,
    /// Users that were returned as gone.
    pub gone: u64,
}

impl<S: Source> ListingSync<S> {
    pub(crate) async fn open(
        session: S,
        options: SyncOptions,
        store: Arc<dyn Checkpoints>,
        key: ListingKey,
    ) -> Result<Self> {
        let keeper = Keeper::open(store, key).await?;
        let mut opened = keeper.inspect().await?;
        let undelivered = opened.standing.as_mut().and_then(|it| it.undelivered.take());
        let listed = ListingOptions { limit: options.limit, cursor: None };
        let listing = Listing::in_place(session, listed, keeper.clone(), &opened, true, AtTheEnd::Leave).await?;
        // An unfinished listing with damaged records starts again.
        let is_lost = opened.damage.records() > 0 && opened.standing.as_ref().is_some_and(|it| !it.is_finished());
        let ready = match undelivered {
            Some(undelivered) => Some(redelivered(undelivered, opened.standing.as_ref(), &keeper).await?),
            None => None,
        };
        let standing = opened.standing;
        let not_before =
            standing.as_ref().and_then(|standing| standing.wait).and_then(|wait| after(wait.left_ms(now_ms())));
        let is_unsettled = standing.as_ref().is_some_and(|it| it.is_unsettled && it.end.is_some());
        let mut sync = Self {
            listing,
            keeper,
            options,
            standing,
            phase: Phase::CatchUp(DiffCursor::default()),
            full_sync_reason: None,
            outdated: None,
            hidden: Vec::new(),
            damage: opened.damage,
            has_begun_again: false,
            reads_again: false,
            unsaved: None,
            ready,
            not_before,
            guard: StallGuard::default(),
            notices: Vec::new(),
            progress: SyncProgress::default(),
        };
        match (is_lost, is_unsettled) {
            (true, _) => sync.list_everybody(FullSyncReason::Damaged),
            (false, false) => sync.begin(),
            (false, true) => {}
        }
        Ok(sync)
    }

    /// Decides between asking for changes and listing everybody.
    fn begin(&mut self) {
        let session = self.listing.session();
        match full_sync::baseline(&self.options, self.standing.as_ref(), session.record_source(), session.has_changes())
        {
            Ok((mut since, mut outdated)) => {
                if self.outdated == Some(FullSyncReason::SeesMore) {
                    outdated = outdated.or(Some(FullSyncReason::SeesMore));
                    since.outdated = true;
                }
                self.progress.expected_total = Some(since.users);
                self.outdated.clone_from(&outdated);
                self.phase = Phase::Delta(DeltaSync::new(since, outdated));
            }
            Err(reason) => self.list_everybody(reason),
        }
    }

    fn list_everybody(&mut self, reason: FullSyncReason) {
        self.listing.session().leave_instance();
        self.listing.count_requests_from_here();
        self.progress.users = self.listing.progress().users;
        self.progress.expected_total = self.listing.progress().expected_total;
        self.full_sync_reason = Some(reason);
        self.phase = Phase::Listing;
    }

    /// The next step; `None` after the last. Waits first if the product asked for it. After an error, call again to
    /// retry the same step.
    ///
    /// A step is saved before it is returned, and counts as received when the next one is requested. After a crash in
    /// between, the next sync returns it again, so that every change is reported at least once.
    pub async fn next(&mut self) -> Option<Result<SyncStep>> {
        self.step().await.transpose()
    }

    async fn step(&mut self) -> Result<Option<SyncStep>> {
        loop {
            self.save().await?;
            if let Some(step) = self.ready.take() {
                self.count(&step);
                return Ok(Some(step));
            }
            match &mut self.phase {
                Phase::Delta(_) if std::mem::take(&mut self.reads_again) => self.begin(),
                Phase::Delta(_) => {
                    if let Some(step) = self.ask().await? {
                        return Ok(Some(step));
                    }
                }
                Phase::Listing => return self.list().await.map(Some),
                Phase::Diff(diff, _) | Phase::CatchUp(diff) => {
                    if let Some(step) = diff.next(&self.keeper).await? {
                        self.count(&step);
                        return Ok(Some(step));
                    }
                    if let Some(step) = self.remove_damaged().await? {
                        self.count(&step);
                        return Ok(Some(step));
                    }
                    self.end_diff().await?;
                }
                Phase::Removing(removals, standing) => {
                    let gone = removals.next(&self.keeper).await?;
                    let mut standing = Standing::clone(standing);
                    if let Some(gone) = gone {
                        self.remove(gone);
                        continue;
                    }
                    standing.progress.users = self.users_kept();
                    self.unsaved = Some(Arc::new(Update::of(standing, self.damage.records() > 0)));
                    self.phase = Phase::Closing(End::Complete);
                }
                Phase::Closing(end) => {
                    let step = SyncStep { notices: self.notices.clone(), end: Some(*end), ..SyncStep::default() };
                    self.phase = Phase::Ended;
                    return Ok(Some(step));
                }
                Phase::Ended => return Ok(None),
            }
        }
    }

    /// Saves the next step before it is returned. If the future is dropped, it is saved once more, which changes
    /// nothing.
    async fn save(&mut self) -> Result<()> {
        let Some(update) = &self.unsaved else { return Ok(()) };
        self.keeper.update(Arc::clone(update)).await?;
        // When the caller requests the next step, it has received this one.
        self.standing = self.unsaved.take().map(|update| Standing { undelivered: None, ..update.standing.clone() });
        Ok(())
    }

    /// Waits as long as the product asked for.
    async fn wait(&mut self, limits: &ListingLimits) -> Result<()> {
        if let Some(until) = self.not_before {
            wait_is_bearable(until, limits)?;
            self.guard.pause(limits, until).await?;
            self.not_before = None;
        }
        Ok(())
    }

    /// Passes the next known users to the provider.
    async fn ask(&mut self) -> Result<Option<SyncStep>> {
        let limits = self.listing.session().listing_limits().clone();
        self.wait(&limits).await?;
        let Phase::Delta(delta) = &mut self.phase else { return Ok(None) };
        let known = delta.known(&self.keeper).await?;
        let batch = BatchSummary::of(&known);
        let asked = self.listing.session().list_changes(delta.since(), known, delta.cursor());
        let answer = self.guard.part(&limits, asked).await;
        match answer {
            Ok(Some((changes, bytes))) => self.take(changes, bytes, batch).await,
            Ok(None) => {
                self.list_everybody(FullSyncReason::NotOffered);
                Ok(None)
            }
            Err(error) => {
                let is_stale = error.as_provider().is_some_and(|error| error.kind == ErrorKind::CursorStale);
                if is_stale && !std::mem::replace(&mut self.has_begun_again, true) {
                    self.listing.session().leave_instance();
                    self.begin();
                } else {
                    let reason = FullSyncReason::instead_of(&error).ok_or(error)?;
                    self.list_everybody(reason);
                }
                Ok(None)
            }
        }
    }

    /// Examines the answer to a batch of known users: compares the users in it with the kept ones.
    async fn look_at(&mut self, changes: Changes, batch: &BatchSummary) -> Result<(SyncStep, Examined)> {
        let Phase::Delta(delta) = &mut self.phase else { return Ok(Default::default()) };
        let ids = changes.page.users.iter().map(|user| user.id.clone()).collect();
        let kept = self.keeper.find(Kept::Latest, ids).await?;
        let refused = |reason| SandboxError::AnswerRefused { call: "list-changes", reason };
        for user in &kept {
            answers::is_asked_for(user, delta.has_passed(batch, &user.id), delta.since().watermark.as_deref())
                .map_err(refused)?;
        }
        answers::are_gone(&changes).map_err(refused)?;
        delta.exist(changes.page.users.iter(), &changes.gone);
        let UserPage { users, state, expected_total, wait_ms, watermark, notices, hidden, attributes: _ } =
            changes.page;
        learn(&mut self.hidden, &hidden);
        let all = Hidden::new(&self.hidden, self.listing.session().roles());
        let step = SyncStep { notices, hidden, ..diff::compare(users, kept, &all) };
        let removals = match state {
            ListingState::Complete => Removals::of(delta.gone(), &step, &self.damage.ids, &self.keeper).await?,
            ListingState::More(_) | ListingState::Resumed | ListingState::Incomplete(_) => Removals::default(),
        };
        Ok((step, Examined { state: Some(state), expected_total, wait_ms, watermark, removals }))
    }

    /// Applies the answer to a batch of known users.
    async fn take(&mut self, changes: Changes, bytes: u64, batch: BatchSummary) -> Result<Option<SyncStep>> {
        let limits = self.listing.session().listing_limits().clone();
        let passed = batch.users;
        let (step, examined) = self.look_at(changes, &batch).await?;
        let (Phase::Delta(delta), Some(standing), Some(state)) = (&mut self.phase, &self.standing, examined.state)
        else {
            return Ok(None);
        };
        let mut standing = standing.clone();
        let added = number(step.added.len());
        standing.progress.users = standing.progress.users.saturating_add(added);
        let left = standing.progress.users.saturating_sub(examined.removals.kept());
        self.guard.holds(&limits, standing.progress.users, bytes)?;
        // Counts that contradict each other prove nothing.
        let adds_up = examined.expected_total.is_none_or(|counted| u64::from(counted) == left);
        match delta.take(batch, &step, state, examined.watermark.filter(|_| adds_up)) {
            Verdict::Continue => {}
            // Besides what changed since, this token sees fields that the kept records lack.
            Verdict::Complete { .. } if self.outdated.is_none() && standing.is_behind(&self.hidden) => {
                self.outdated = Some(FullSyncReason::SeesMore);
                self.reads_again = true;
            }
            Verdict::Complete { watermark } => {
                let mut proven =
                    Standing { record_source: self.listing.session().record_source().cloned(), ..standing.clone() };
                proven.prove(watermark, &self.hidden);
                proven.progress.expected_total = examined.expected_total.or(standing.progress.expected_total);
                proven.notices.clone_from(&step.notices);
                let damaged = Some(self.listing.damaged()).filter(|records| *records > 0);
                self.notices = damaged.map(damage_notice).into_iter().chain(step.notices.iter().cloned()).collect();
                self.phase = Phase::Removing(examined.removals, Box::new(proven));
            }
            // The full listing finds these users again.
            Verdict::FullSync(reason) => {
                self.list_everybody(reason);
                return Ok(Some(SyncStep { notices: step.notices, hidden: step.hidden, ..SyncStep::default() }));
            }
        }
        self.progress.users = self.progress.users.saturating_add(passed);
        self.not_before = examined.wait_ms.and_then(|ms| after(u64::from(ms)));
        standing.wait = examined.wait_ms.map(|ms| Wait { until_ms: now_ms().saturating_add(u64::from(ms)), ms });
        // A listing with records of two versions belongs to neither.
        standing.record_source =
            standing.record_source.filter(|source| Some(source) == self.listing.session().record_source());
        standing.undelivered = undelivered(&step);
        let changed: Vec<User> = step.changed.iter().map(|user| user.new.clone()).collect();
        let found = number(changed.len());
        self.unsaved = Some(Arc::new(Update { added: step.added.clone(), changed, ..Update::of(standing, false) }));
        self.ready = Some(step);
        // A step without news has nothing that could be lost.
        self.guard.step(&limits, passed.saturating_add(added).saturating_add(found))?;
        Ok(None)
    }

    /// Removes users who are gone, as a step of their own.
    fn remove(&mut self, gone: Vec<User>) {
        if let Some(standing) = &self.standing {
            let mut standing = standing.clone();
            standing.progress.users = standing.progress.users.saturating_sub(number(gone.len()));
            let ids = gone.iter().map(|user| user.id.clone()).collect();
            let step = SyncStep { gone, ..SyncStep::default() };
            standing.undelivered = undelivered(&step);
            self.unsaved = Some(Arc::new(Update { gone: ids, ..Update::of(standing, false) }));
            self.ready = Some(step);
        }
    }

    fn users_kept(&self) -> u64 {
        self.standing.as_ref().map_or(0, |standing| standing.progress.users)
    }

    /// Reports as gone the users whose damaged records left only an id, if the listing that is proven complete lacks
    /// them.
    async fn remove_damaged(&mut self) -> Result<Option<SyncStep>> {
        let is_proven = matches!(self.phase, Phase::Diff(_, End::Complete));
        if !is_proven || self.damage.ids.is_empty() {
            return Ok(None);
        }
        let gone = removals::not_read_again(&self.damage.ids, &self.keeper).await?;
        self.damage.ids.clear();
        let gone: Vec<User> = gone.iter().map(|id| User::nameless(id)).collect();
        Ok((!gone.is_empty()).then(|| SyncStep { gone, ..SyncStep::default() }))
    }

    /// Continues the full listing. Its users are returned when it has ended.
    async fn list(&mut self) -> Result<SyncStep> {
        let Some(batch) = self.listing.next().await.transpose()? else {
            self.phase = Phase::Closing(End::Incomplete);
            return Ok(SyncStep::default());
        };
        let progress = self.listing.progress();
        self.progress.users = progress.users;
        self.progress.expected_total = progress.expected_total;
        if let Some(end) = batch.end {
            self.notices.clone_from(&batch.notices);
            self.standing = Some(self.listing.standing().clone());
            self.phase = Phase::Diff(DiffCursor::default(), end);
        }
        Ok(SyncStep { notices: batch.notices, hidden: batch.hidden, ..SyncStep::default() })
    }

    /// All differences were returned: the latest listing replaces the one before, before anything else happens.
    async fn end_diff(&mut self) -> Result<()> {
        self.standing = self.keeper.settle().await?;
        match self.phase {
            Phase::Diff(_, end) => self.phase = Phase::Closing(end),
            Phase::CatchUp(_)
            | Phase::Delta(_)
            | Phase::Removing(..)
            | Phase::Listing
            | Phase::Closing(_)
            | Phase::Ended => self.begin(),
        }
        Ok(())
    }

    fn count(&mut self, step: &SyncStep) {
        let progress = &mut self.progress;
        progress.added = progress.added.saturating_add(number(step.added.len()));
        progress.changed = progress.changed.saturating_add(number(step.changed.len()));
        progress.gone = progress.gone.saturating_add(number(step.gone.len()));
    }

    /// The progress so far.
    #[must_use]
    pub const fn progress(&self) -> SyncProgress {
        self.progress
    }

    /// Why everybody is listed; `None` if the provider reports what changed. A sync that has begun with changes may
    /// still fall back to a full listing.
    #[must_use]
    pub const fn full_sync_reason(&self) -> Option<&FullSyncReason> {
        self.full_sync_reason.as_ref()
    }

    /// Why the provider reads every known record again, by its id; `None` if it need not. If the provider cannot do
    /// that, [`full_sync_reason`](Self::full_sync_reason) returns the same reason.
    #[must_use]
    pub const fn outdated(&self) -> Option<&FullSyncReason> {
        self.outdated.as_ref()
    }

    /// As of when each field of the kept listing is known: the time of the last run whose token could see it.
    #[must_use]
    pub fn seen_at(&self) -> SeenAt {
        self.standing.as_ref().map(|standing| standing.seen_at.clone()).unwrap_or_default()
    }

    /// How many kept records were damaged: they are read from the product again.
    #[must_use]
    pub fn damaged(&self) -> u64 {
        self.listing.damaged()
    }

    /// At most `limit` users from the store, in the order of their ids, whose ids are greater than `after`: the last
    /// saved record of each.
    ///
    /// # Errors
    /// The store does not work.
    pub async fn kept(&self, of: Kept, after: Option<&str>, limit: u32) -> Result<Vec<User>> {
        self.keeper.users(of, after.map(ToOwned::to_owned), limit).await
    }
}

impl ListingSync {
    /// The requests that the provider made in the last call and that were denied.
    #[must_use]
    pub fn denials(&self) -> Vec<Denial> {
        self.listing.denials()
    }

    /// Continues in another session with the same product and the same settings, and returns the session that it ran
    /// in. If the new one runs another version of the provider, every record is read again.
    pub fn continue_in(&mut self, session: Session) -> Session {
        let earlier = self.listing.continue_in(session);
        if matches!(self.phase, Phase::Delta(_)) && earlier.record_source() != self.listing.session().record_source() {
            self.begin();
        }
        earlier
    }

    /// The largest linear memory, in bytes, that an instance of its session had.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.listing.memory_bytes()
    }

    /// The session, for other calls. If the last step is not saved yet, the next sync returns it again.
    #[must_use]
    pub fn into_session(self) -> Session {
        self.listing.into_session()
    }
}

/// The part of a step to save until the caller has received it; `None` if the step has no changes.
fn undelivered(step: &SyncStep) -> Option<Undelivered> {
    let undelivered = Undelivered {
        added: step.added.iter().map(|user| user.id.clone()).collect(),
        changed: step.changed.iter().map(|user| user.old.clone()).collect(),
        gone: step.gone.clone(),
    };
    (undelivered != Undelivered::default()).then_some(undelivered)
}

/// Rebuilds a step that an earlier process saved, with the records in the store.
async fn redelivered(undelivered: Undelivered, standing: Option<&Standing>, keeper: &Keeper) -> Result<SyncStep> {
    let Undelivered { added, changed, gone } = undelivered;
    let of = if standing.is_some_and(Standing::is_finished) { Kept::Latest } else { Kept::Before };
    let ids = added.into_iter().chain(changed.iter().map(|user| user.id.clone())).collect();
    let step = diff::compare(keeper.find(of, ids).await?, changed, &Hidden::default());
    Ok(SyncStep { gone, ..step })
}

fn number(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
