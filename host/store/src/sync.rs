//! Brings a kept listing up to date, for as little as the provider can.
//!
//! Where the provider tells what changed (the contract's interface `changes`), the users that the store holds are handed to
//! it batch by batch, and it returns those that differ and those that are new. Each record is saved in its place, which
//! leaves a complete listing as of the old watermark behind whenever the process dies; the new watermark comes with the
//! last step. Where the provider cannot tell, or the store holds nothing that it could begin from, everybody is listed, and
//! the two listings in the store are compared afterwards.

mod asking;
mod batch;
mod step;
mod telling;
mod whole;

use std::sync::Arc;

use provider_egress::Denial;
use provider_model::{Notice, User};
use provider_sandbox::{Changes, Error as SandboxError, ListingLimits, Session, answers};
use tokio::time::Instant;

use crate::checkpoint::{Checkpoints, Kept, ListingKey, Standing, Wait};
use crate::listing::{Keeper, StallGuard, Update, after, now_ms, wait_is_bearable};
use crate::{End, Listing, Result};
use asking::{Asking, Brought, Verdict};
pub use step::{ChangedUser, SyncOptions, SyncStep};
use telling::Telling;
pub use whole::Whole;

/// A kept listing that is brought up to date.
#[derive(Debug)]
pub struct ListingSync {
    /// Lists everybody where that is needed. Its session makes all calls.
    listing: Listing,
    keeper: Keeper,
    options: SyncOptions,
    /// How far the latest listing in the store is.
    standing: Option<Standing>,
    phase: Phase,
    whole: Option<Whole>,
    /// What the last step brought, which is saved when the next one is asked for.
    unsaved: Option<Arc<Update>>,
    not_before: Option<Instant>,
    /// Of what is asked; the listing has its own.
    guard: StallGuard,
    notices: Vec<Notice>,
    progress: SyncProgress,
}

/// What is done next.
#[derive(Debug)]
enum Phase {
    /// Ask what changed.
    Asking(Asking),
    /// List everybody.
    Listing,
    /// Tell what differs between two listings, the later of which ended so.
    Telling(Telling, End),
    /// The same for a listing that an earlier process has not told to its end; what changed since comes afterwards.
    Remembering(Telling),
    /// Tell that it is over.
    Closing(End),
    Ended,
}

/// How far a sync is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncProgress {
    /// Users that were looked at: those of the store that the provider has compared or, where everybody is listed, those
    /// who came.
    pub users: u64,
    /// How many there are to look at, as far as that is known.
    pub expected_total: Option<u32>,
    /// Users who were told as added.
    pub added: u64,
    /// Users who were told as changed.
    pub changed: u64,
    /// Users who were told as gone.
    pub gone: u64,
}

impl ListingSync {
    pub(crate) async fn open(
        session: Session,
        options: SyncOptions,
        store: Arc<dyn Checkpoints>,
        key: ListingKey,
    ) -> Result<Self> {
        let keeper = Keeper::open(store, key).await?;
        let standing = keeper.standing().await?;
        let unfinished = standing.clone().filter(|standing| standing.end.is_none());
        let walk = match unfinished {
            Some(standing) => Some(keeper.recall(Standing { is_untold: true, ..standing }).await?),
            None => None,
        };
        let begin = || Standing { is_untold: true, ..Standing::begin(None) };
        let listing = Listing::in_place(session, options.limit, keeper.clone(), walk, begin);
        let not_before =
            standing.as_ref().and_then(|standing| standing.wait).and_then(|wait| after(wait.left_ms(now_ms())));
        let is_untold = standing.as_ref().is_some_and(|it| it.is_untold && it.end == Some(End::Complete));
        let mut sync = Self {
            listing,
            keeper,
            options,
            standing,
            phase: Phase::Remembering(Telling::default()),
            whole: None,
            unsaved: None,
            not_before,
            guard: StallGuard::default(),
            notices: Vec::new(),
            progress: SyncProgress::default(),
        };
        if !is_untold {
            sync.begin();
        }
        Ok(sync)
    }

    /// Decides between asking and listing.
    fn begin(&mut self) {
        match whole::baseline(&self.options, self.standing.as_ref(), self.listing.session()) {
            Ok((since, outdated)) => {
                self.progress.expected_total = Some(since.users);
                self.phase = Phase::Asking(Asking::new(since, outdated));
            }
            Err(whole) => self.list_everybody(whole),
        }
    }

    fn list_everybody(&mut self, whole: Whole) {
        self.listing.session().leave_instance();
        self.listing.count_requests_from_here();
        self.progress.users = self.listing.progress().users;
        self.progress.expected_total = self.listing.progress().expected_total;
        self.whole = Some(whole);
        self.phase = Phase::Listing;
    }

    /// The next step; none after the last. Waits first where the product asked for it. After an error the same step can be
    /// tried again by calling once more.
    ///
    /// What a step brings is saved when the next one is asked for: whoever dies before that is told the same again by the
    /// next sync, and nothing is ever told never. Everything is saved when the step with the end comes.
    pub async fn next(&mut self) -> Option<Result<SyncStep>> {
        self.step().await.transpose()
    }

    async fn step(&mut self) -> Result<Option<SyncStep>> {
        loop {
            self.save().await?;
            match &mut self.phase {
                Phase::Asking(_) => return self.ask().await.map(Some),
                Phase::Listing => return self.list().await.map(Some),
                Phase::Telling(telling, _) | Phase::Remembering(telling) => {
                    if let Some(step) = telling.next(&self.keeper).await? {
                        self.count(&step);
                        return Ok(Some(step));
                    }
                    self.end_telling();
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

    /// Saves what the last step brought. It is saved once more where the future is dropped, which changes nothing.
    async fn save(&mut self) -> Result<()> {
        let Some(update) = &self.unsaved else { return Ok(()) };
        self.keeper.update(Arc::clone(update)).await?;
        self.standing = self.unsaved.take().map(|update| update.standing.clone());
        Ok(())
    }

    /// Waits as long as the product has asked for.
    async fn wait(&mut self, limits: &ListingLimits) -> Result<()> {
        if let Some(until) = self.not_before {
            wait_is_bearable(until, limits)?;
            self.guard.pause(limits, until).await?;
            self.not_before = None;
        }
        Ok(())
    }

    /// Hands the next known users over.
    async fn ask(&mut self) -> Result<SyncStep> {
        let limits = self.listing.session().listing_limits().clone();
        self.wait(&limits).await?;
        let (Phase::Asking(asking), Some(standing)) = (&mut self.phase, &self.standing) else {
            return Ok(SyncStep::default());
        };
        let known = asking.known(&self.keeper).await?;
        let batch = Brought::of(&known);
        let brought = batch.users;
        let asked = self.listing.session().list_changes(asking.since(), known, asking.cursor());
        let answer = self.guard.part(&limits, asked).await;
        let (changes, bytes) = match answer {
            Ok(Some(changes)) => changes,
            Ok(None) => {
                self.list_everybody(Whole::NotOffered);
                return Ok(SyncStep::default());
            }
            Err(error) => {
                let whole = Whole::instead_of(&error).ok_or(error)?;
                self.list_everybody(whole);
                return Ok(SyncStep::default());
            }
        };
        let (kept, gone) = known_of(&changes, &self.keeper, asking, &batch).await?;
        let page = changes.page;
        let step = SyncStep { gone, notices: page.notices, hidden: page.hidden, ..telling::compare(page.users, kept) };
        let mut standing = standing.clone();
        let number = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let (added, found) = (number(step.added.len()), number(step.changed.len()));
        standing.progress.users = standing.progress.users.saturating_add(added).saturating_sub(number(step.gone.len()));
        self.guard.holds(&limits, standing.progress.users, bytes)?;
        // Numbers that contradict each other prove nothing.
        let adds_up = page.expected_total.is_none_or(|counted| u64::from(counted) == standing.progress.users);
        match asking.take(batch, &step, page.state, page.watermark.filter(|_| adds_up)) {
            Verdict::GoesOn => {}
            Verdict::Complete { watermark } => {
                standing.watermark = Some(watermark);
                standing.maker = self.listing.session().maker().cloned();
                standing.progress.expected_total = page.expected_total.or(standing.progress.expected_total);
                standing.notices.clone_from(&step.notices);
                self.notices.clone_from(&step.notices);
                self.phase = Phase::Closing(End::Complete);
            }
            // What it found is found again with everybody else.
            Verdict::Whole(whole) => {
                self.list_everybody(whole);
                return Ok(SyncStep { notices: step.notices, hidden: step.hidden, ..SyncStep::default() });
            }
        }
        self.progress.users = self.progress.users.saturating_add(brought);
        self.not_before = page.wait_ms.and_then(|ms| after(u64::from(ms)));
        standing.wait = page.wait_ms.map(|ms| Wait { until_ms: now_ms().saturating_add(u64::from(ms)), ms });
        let changed = step.changed.iter().map(|user| user.new.clone()).collect();
        let gone = step.gone.iter().map(|user| user.id.clone()).collect();
        self.unsaved = Some(Arc::new(Update { added: step.added.clone(), changed, gone, standing }));
        self.count(&step);
        // A step without news has nothing that could be lost.
        self.guard.step(&limits, brought.saturating_add(added).saturating_add(found))?;
        Ok(step)
    }

    /// Lists on. What came is told when all have come.
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
            self.phase = Phase::Telling(Telling::default(), end);
        }
        Ok(SyncStep { notices: batch.notices, hidden: batch.hidden, ..SyncStep::default() })
    }

    /// All differences were told, which is saved before anything else happens.
    fn end_telling(&mut self) {
        if let Some(standing) = &mut self.standing {
            standing.is_untold = false;
            let update =
                Update { added: Vec::new(), changed: Vec::new(), gone: Vec::new(), standing: standing.clone() };
            self.unsaved = Some(Arc::new(update));
        }
        match self.phase {
            Phase::Telling(_, end) => self.phase = Phase::Closing(end),
            Phase::Remembering(_) | Phase::Asking(_) | Phase::Listing | Phase::Closing(_) | Phase::Ended => {
                self.begin()
            }
        }
    }

    fn count(&mut self, step: &SyncStep) {
        let number = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let progress = &mut self.progress;
        progress.added = progress.added.saturating_add(number(step.added.len()));
        progress.changed = progress.changed.saturating_add(number(step.changed.len()));
        progress.gone = progress.gone.saturating_add(number(step.gone.len()));
    }

    /// How far it is.
    #[must_use]
    pub const fn progress(&self) -> SyncProgress {
        self.progress
    }

    /// Why everybody is listed; none where the provider tells what changed. A sync that has begun to ask may come to a whole
    /// listing still.
    #[must_use]
    pub const fn whole(&self) -> Option<&Whole> {
        self.whole.as_ref()
    }

    /// How many requests it took when everybody was listed last; none where that is not known.
    #[must_use]
    pub fn requests_of_whole(&self) -> Option<u64> {
        self.standing.as_ref().map(|standing| standing.progress.requests).filter(|requests| *requests > 0)
    }

    /// At most so many users from the store, by id, whose ids come after `after`: the last record of each, as far as it is
    /// saved.
    ///
    /// # Errors
    /// The store does not work.
    pub async fn kept(&self, of: Kept, after: Option<&str>, limit: u32) -> Result<Vec<User>> {
        self.keeper.users(of, after.map(ToOwned::to_owned), limit).await
    }

    /// What the provider asked for in the last call and was denied.
    #[must_use]
    pub fn denials(&self) -> Vec<Denial> {
        self.listing.denials()
    }

    /// Goes on in another session with the same product and the same settings, and returns the one that it ran in. Where it
    /// is of another version of the provider, everybody is listed.
    pub fn continue_in(&mut self, session: Session) -> Session {
        let earlier = self.listing.continue_in(session);
        if matches!(self.phase, Phase::Asking(_)) && earlier.maker() != self.listing.session().maker() {
            self.list_everybody(Whole::OtherVersion);
        }
        earlier
    }

    /// The most linear memory in bytes that an instance of the session that it runs in had.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.listing.memory_bytes()
    }

    /// The session, for other calls. What the last step brought and is not saved yet is told again by the next sync.
    #[must_use]
    pub fn into_session(self) -> Session {
        self.listing.into_session()
    }
}

/// Those of the store whom the provider's answer names as changed, and as gone, after a look whether it may name them.
async fn known_of(
    changes: &Changes,
    keeper: &Keeper,
    asking: &Asking,
    batch: &Brought,
) -> Result<(Vec<User>, Vec<User>)> {
    let ids = changes.page.users.iter().map(|user| user.id.clone()).collect();
    let kept = keeper.find(Kept::Latest, ids).await?;
    let refused = |reason| SandboxError::AnswerRefused { call: "list-changes", reason };
    for user in &kept {
        answers::is_asked_for(user, asking.has_brought(batch, &user.id), asking.since().watermark.as_deref())
            .map_err(refused)?;
    }
    let gone = keeper.find(Kept::Latest, changes.gone.clone()).await?;
    let known = |id: &str| gone.iter().any(|user| user.id == id) && asking.was_handed_over(batch, id);
    answers::are_gone(changes, asking.since().proven, known).map_err(refused)?;
    Ok((kept, gone))
}
