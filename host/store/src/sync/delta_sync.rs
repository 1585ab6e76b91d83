//! Asks a provider what changed: which known users to pass next, and what an answer means.

use std::collections::{BTreeSet, HashSet};

use provider_model::{ListingState, User};
use provider_sandbox::Baseline;

use super::batch::{self, READ_AT_ONCE};
use super::full_sync::FullSyncReason;
use super::step::SyncStep;
use crate::Result;
use crate::checkpoint::Kept;
use crate::listing::Keeper;

/// How often a provider may ask to be called again after it has received all known users: for waits that the product
/// asks for, and once more for every [`USERS_FOR_A_SPARE_CALL`] users, since it may confirm everybody from its own
/// list. A provider that needs more calls is treated as one that never ends.
const SPARE_CALLS: u32 = 100;
const USERS_FOR_A_SPARE_CALL: u32 = 4_000;

/// A sync by changes between two calls.
#[derive(Debug)]
pub(super) struct DeltaSync {
    since: Baseline,
    /// Why the known records are outdated, if they are.
    outdated: Option<FullSyncReason>,
    cursor: Option<String>,
    /// The last id that was passed.
    after: Option<String>,
    passed: u64,
    /// Users that the provider has found. They are in the store by now, but are not passed to it as known ones.
    found: HashSet<String>,
    /// Users that the provider has reported as gone and has not returned since. They are removed when it has proven
    /// everything.
    gone: BTreeSet<String>,
    spare_calls: u32,
}

/// The known users of one call, in numbers.
#[derive(Debug, Default)]
pub(super) struct BatchSummary {
    last: Option<String>,
    pub(super) users: u64,
}

impl BatchSummary {
    pub(super) fn of(known: &[User]) -> Self {
        Self { last: known.last().map(|user| user.id.clone()), users: u64::try_from(known.len()).unwrap_or(u64::MAX) }
    }
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Continue,
    Complete { watermark: String },
    FullSync(FullSyncReason),
}

impl DeltaSync {
    pub(super) fn new(since: Baseline, outdated: Option<FullSyncReason>) -> Self {
        Self {
            since,
            outdated,
            cursor: None,
            after: None,
            passed: 0,
            found: HashSet::new(),
            gone: BTreeSet::new(),
            spare_calls: 0,
        }
    }

    pub(super) const fn since(&self) -> &Baseline {
        &self.since
    }

    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Reads the known users of the next call: none for the first call, and none when all were passed. After a call
    /// that failed, returns the same users again.
    pub(super) async fn known(&self, keeper: &Keeper) -> Result<Vec<User>> {
        let mut batch = batch::Batch::default();
        if self.cursor.is_none() {
            return Ok(batch.users);
        }
        let mut after = self.after.clone();
        loop {
            let read = keeper.users(Kept::Latest, after, READ_AT_ONCE).await?;
            let Some(last) = read.last() else { return Ok(batch.users) };
            after = Some(last.id.clone());
            for user in read.into_iter().filter(|user| !self.found.contains(&user.id)) {
                if !batch.push(user) {
                    return Ok(batch.users);
                }
            }
        }
    }

    /// Whether the provider knows a user of the store: the user was passed in this call or an earlier one, or the
    /// provider itself has found them.
    pub(super) fn has_passed(&self, batch: &BatchSummary, id: &str) -> bool {
        // The passed users are consecutive in the store, except for the found ones.
        let last = batch.last.as_deref().or(self.after.as_deref());
        last.is_some_and(|last| id <= last) || self.found.contains(id)
    }

    /// Records who exists and who is gone according to an answer; a later answer overrides an earlier one.
    pub(super) fn exist<'a>(&mut self, users: impl Iterator<Item = &'a User>, gone: &[String]) {
        for user in users {
            self.gone.remove(&user.id);
        }
        self.gone.extend(gone.iter().cloned());
    }

    /// The users who are gone, if this run proves everything.
    pub(super) const fn gone(&self) -> &BTreeSet<String> {
        &self.gone
    }

    /// Takes the answer to a call with these users, and decides how the sync continues.
    pub(super) fn take(
        &mut self,
        batch: BatchSummary,
        step: &SyncStep,
        state: ListingState,
        watermark: Option<String>,
    ) -> Verdict {
        let outdated = self.outdated.clone();
        let not_reported = |reason: Option<String>| {
            // If the records are outdated and the provider does not read them again, that is the reason to name.
            Verdict::FullSync(
                outdated.unwrap_or_else(|| FullSyncReason::NotReported { reason, notices: step.notices.clone() }),
            )
        };
        let is_spare = self.cursor.is_some() && batch.last.is_none();
        self.passed = self.passed.saturating_add(batch.users);
        self.after = batch.last.or_else(|| self.after.take());
        self.found.extend(step.added.iter().map(|user| user.id.clone()));
        self.spare_calls = self.spare_calls.saturating_add(u32::from(is_spare));
        match (state, watermark) {
            (ListingState::More(_), _) if self.spare_calls > self.spare_calls_at_most() => not_reported(None),
            (ListingState::More(cursor), _) => {
                self.cursor = Some(cursor);
                Verdict::Continue
            }
            // A user that was not passed was not compared.
            (ListingState::Complete, Some(watermark)) if self.passed >= u64::from(self.since.users) => {
                Verdict::Complete { watermark }
            }
            (ListingState::Incomplete(reason), _) => not_reported(Some(reason)),
            (ListingState::Complete | ListingState::Resumed, _) => not_reported(None),
        }
    }
}

impl DeltaSync {
    const fn spare_calls_at_most(&self) -> u32 {
        SPARE_CALLS.saturating_add(self.since.users / USERS_FOR_A_SPARE_CALL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ListingState::{Complete, More};
    use provider_testing::samples::bare_user as user;

    fn baseline(users: u32) -> Baseline {
        Baseline { watermark: Some("then".into()), users, proven: true, outdated: false }
    }

    fn incomplete() -> ListingState {
        ListingState::Incomplete("why".into())
    }

    fn more() -> ListingState {
        More("next".into())
    }

    /// Takes answers to batches of so many users each, for a baseline of ten, and returns the last verdict.
    fn verdict(answers: &[(usize, ListingState, Option<&str>)]) -> Verdict {
        let mut delta = DeltaSync::new(baseline(10), None);
        let mut verdict = Verdict::Continue;
        for (users, state, watermark) in answers {
            assert_eq!(verdict, Verdict::Continue);
            let known: Vec<_> = (0..*users).map(|n| user(&n.to_string())).collect();
            let watermark = watermark.map(ToOwned::to_owned);
            verdict = delta.take(BatchSummary::of(&known), &SyncStep::default(), state.clone(), watermark);
        }
        verdict
    }

    #[test]
    fn a_listing_is_up_to_date_only_where_everybody_was_compared() {
        let not_reported = || Verdict::FullSync(FullSyncReason::NotReported { reason: None, notices: Vec::new() });
        let told_why =
            || Verdict::FullSync(FullSyncReason::NotReported { reason: Some("why".into()), notices: Vec::new() });
        let cases = [
            (vec![(0, more(), None)], Verdict::Continue),
            (vec![(0, more(), None), (10, Complete, Some("now"))], Verdict::Complete { watermark: "now".into() }),
            (
                vec![(0, more(), None), (5, more(), None), (5, Complete, Some("now"))],
                Verdict::Complete { watermark: "now".into() },
            ),
            (
                vec![(0, more(), None), (10, more(), None), (0, Complete, Some("now"))],
                Verdict::Complete { watermark: "now".into() },
            ),
            // One who says so too early, or not as of when.
            (vec![(0, Complete, Some("now"))], not_reported()),
            (vec![(0, more(), None), (9, Complete, Some("now"))], not_reported()),
            (vec![(0, more(), None), (10, Complete, None)], not_reported()),
            (vec![(0, incomplete(), Some("now"))], told_why()),
            (vec![(0, more(), None), (10, incomplete(), Some("now"))], told_why()),
            (vec![(0, more(), None), (10, ListingState::Resumed, Some("now"))], not_reported()),
        ];
        for (answers, expect) in cases {
            assert_eq!(verdict(&answers), expect, "{answers:?}");
        }
    }

    #[test]
    fn nobody_asks_for_ever() {
        let mut answers = vec![(0, more(), None), (10, more(), None)];
        answers.extend(vec![(0, more(), None); 100]);
        assert_eq!(verdict(&answers), Verdict::Continue);
        answers.push((0, more(), None));
        assert!(matches!(verdict(&answers), Verdict::FullSync(FullSyncReason::NotReported { .. })));
    }

    #[test]
    fn outdated_records_are_the_reason_where_they_are_not_read_again() {
        let mut delta =
            DeltaSync::new(Baseline { outdated: true, ..baseline(10) }, Some(FullSyncReason::OtherSettings));
        let verdict = delta.take(BatchSummary::default(), &SyncStep::default(), incomplete(), None);
        assert_eq!(verdict, Verdict::FullSync(FullSyncReason::OtherSettings));
    }

    #[test]
    fn the_users_of_the_run_were_handed_over_or_found() {
        let mut delta = DeltaSync::new(baseline(3), None);
        let step = SyncStep { added: vec![user("x")], ..SyncStep::default() };
        delta.take(BatchSummary::of(&[user("b"), user("d")]), &step, more(), None);
        let batch = BatchSummary::of(&[user("f")]);
        for (id, expect) in [("b", true), ("d", true), ("f", true), ("g", false), ("x", true)] {
            assert_eq!(delta.has_passed(&batch, id), expect, "{id}");
        }
        assert!(!delta.has_passed(&BatchSummary::default(), "f"), "no more than was brought before");
    }

    #[test]
    fn the_later_statement_about_a_user_counts() {
        let mut delta = DeltaSync::new(baseline(3), None);
        for (users, gone, expect) in
            [(&[][..], &["a", "b"][..], &["a", "b"][..]), (&["a"], &["c"], &["b", "c"]), (&["b"], &["a"], &["a", "c"])]
        {
            let users: Vec<_> = users.iter().map(|id| user(id)).collect();
            delta.exist(users.iter(), &gone.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(delta.gone().iter().collect::<Vec<_>>(), expect);
        }
    }

    #[test]
    fn the_first_call_comes_once() {
        // A provider that asks to be called again from its beginning gets the known users all the same.
        let mut delta = DeltaSync::new(baseline(1), None);
        assert_eq!(delta.cursor(), None);
        delta.take(BatchSummary::default(), &SyncStep::default(), more(), None);
        assert_eq!((delta.cursor(), delta.spare_calls), (Some("next"), 0));
    }
}
