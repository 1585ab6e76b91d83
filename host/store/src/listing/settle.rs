//! Settles a saved listing that has ended: compares it with the one before, which it then replaces.
//!
//! A listing that is proven complete replaces the one before. A listing that is not proven adds to it: users that it
//! did not see are kept, and what was proven before stays proven, as of that time.

use chrono::{SecondsFormat, Utc};

use super::merge::Hidden;
use super::progress::{End, Progress};
use super::proof::Proof;
use crate::Result;
use crate::checkpoint::{Checkpoint, Kept, Standing, Step};

/// How many users are merged at a time.
const AT_ONCE: u32 = 1_000;

/// Merges the records of the latest listing once more with those of the one before: some had been merged before it was
/// known which fields are hidden.
pub(super) fn merge_again(checkpoint: &mut dyn Checkpoint, hidden: &Hidden) -> Result<()> {
    let Some(standing) = checkpoint.standing()? else { return Ok(()) };
    let mut after: Option<String> = None;
    loop {
        let read = checkpoint.users(Kept::Latest, after.as_deref(), AT_ONCE)?;
        let Some(last) = read.last() else { return Ok(()) };
        after = Some(last.id.clone());
        let ids: Vec<String> = read.iter().map(|user| user.id.clone()).collect();
        let mut merged = read.clone();
        hidden.merge_all(&mut merged, checkpoint.find(Kept::Before, &ids)?);
        let repeated: Vec<_> =
            merged.into_iter().zip(read).filter(|(new, old)| new != old).map(|(new, _)| new).collect();
        if !repeated.is_empty() {
            checkpoint.save(&Step { repeated: &repeated, ..Step::of(&standing) })?;
        }
    }
}

/// Settles the latest listing, which has ended. Returns its new state; `None` if the store is empty.
pub(super) fn settle(checkpoint: &mut dyn Checkpoint) -> Result<Option<Standing>> {
    let Some(run) = checkpoint.standing()? else { return Ok(None) };
    let before = checkpoint.before()?;
    let adopts = run.end != Some(End::Complete) && before.is_some();
    let unseen = if adopts { checkpoint.count(Kept::Unseen)? } else { 0 };
    let users = checkpoint.count(Kept::Latest)?.saturating_add(unseen);
    let settled = settled(before, run, unseen, users);
    checkpoint.save(&Step { adopts, ..Step::of(&settled) })?;
    Ok(Some(settled))
}

/// The state of a listing after it was compared with the one before. It has `users` users, of whom `unseen` were not
/// seen.
fn settled(before: Option<Standing>, run: Standing, unseen: u64, users: u64) -> Standing {
    let at = run.watermark.clone().unwrap_or_else(now);
    let mut seen_at = before.as_ref().map(|before| before.seen_at.clone()).unwrap_or_default();
    seen_at.take(&run.hidden, &at);
    let run = Standing { seen_at, is_unsettled: false, undelivered: None, cursor: None, ..run };
    match before {
        Some(before) if run.end != Some(End::Complete) => {
            let is_proven = before.end == Some(End::Complete);
            let is_older = is_proven || unseen > 0;
            Standing {
                end: before.end,
                // Nothing newer is known about users that were not seen.
                watermark: if is_older { before.watermark } else { run.watermark },
                record_source: if before.record_source == run.record_source { run.record_source } else { None },
                reason: if is_proven { None } else { run.reason },
                progress: Progress { users, ..run.progress },
                proof: Proof::default(),
                ..run
            }
        }
        Some(_) | None => run,
    }
}

/// The time of a run whose product did not report one.
fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_model::HiddenField;
    use provider_testing::samples::user;

    const OLD: &str = "2026-01-01T00:00:00.000Z";
    const NEW: &str = "2026-02-01T00:00:00.000Z";

    fn standing(end: End, watermark: Option<&str>, hidden: &[&str]) -> Standing {
        let mut standing = Standing { is_unsettled: true, ..Standing::begin(None) };
        standing.end = Some(end);
        standing.reason = (end == End::Incomplete).then(|| "why".to_owned());
        standing.watermark = watermark.map(str::to_owned);
        standing.hidden = hidden.iter().map(|name| HiddenField { name: (*name).into(), may_be: Vec::new() }).collect();
        standing.progress.users = 2;
        standing
    }

    #[test]
    fn what_is_proven_stays_proven_as_of_when_it_was() {
        let (complete, incomplete) = (End::Complete, End::Incomplete);
        // What was known, how the run ended and how many it did not see; then what is known, and as of when.
        let cases = [
            (None, (complete, Some(NEW)), 0, (complete, Some(NEW))),
            (None, (incomplete, None), 0, (incomplete, None)),
            (Some((complete, Some(OLD))), (complete, Some(NEW)), 0, (complete, Some(NEW))),
            (Some((incomplete, Some(OLD))), (complete, Some(NEW)), 0, (complete, Some(NEW))),
            (Some((complete, Some(OLD))), (incomplete, Some(NEW)), 0, (complete, Some(OLD))),
            (Some((complete, Some(OLD))), (incomplete, None), 5, (complete, Some(OLD))),
            (Some((incomplete, Some(OLD))), (incomplete, Some(NEW)), 0, (incomplete, Some(NEW))),
            (Some((incomplete, Some(OLD))), (incomplete, Some(NEW)), 5, (incomplete, Some(OLD))),
            (Some((incomplete, None)), (incomplete, Some(NEW)), 5, (incomplete, None)),
        ];
        for (before, run, unseen, expect) in cases {
            let before = before.map(|(end, at)| settled(None, standing(end, at, &[]), 0, 2));
            let after = settled(before.clone(), standing(run.0, run.1, &["email"]), unseen, 2 + unseen);
            assert_eq!((after.end.unwrap(), after.watermark.as_deref()), expect, "{before:?} {run:?} {unseen}");
            assert!(after.is_finished() && after.progress.users == 2 + unseen);
            assert_eq!(after.reason.is_some(), expect.0 == incomplete);
            let known = before.is_some_and(|before| before.seen_at.get("email").is_some());
            assert_eq!(after.seen_at.get("email").is_some(), known, "hidden in this run");
            assert!(after.seen_at.get("username").is_some());
        }
    }

    #[test]
    fn whoever_did_not_come_is_kept_until_a_listing_is_proven() {
        use crate::checkpoint::{Checkpoints, ListingKey, MemoryCheckpoints};
        let store = MemoryCheckpoints::new();
        let key = ListingKey { name: "t".into(), product: "p".into(), source: "s".into() };
        let mut held = store.open(&key).unwrap();
        let ids = |held: &mut dyn Checkpoint, of| -> Vec<String> {
            held.users(of, None, 9).unwrap().into_iter().map(|user| user.id).collect()
        };
        // Each listing with how it ended, and who is known and who is gone then.
        let cases: [(&[&str], End, &[&str], &[&str]); 5] = [
            (&["a", "b"], End::Incomplete, &["a", "b"], &[]),
            (&["b", "c"], End::Incomplete, &["a", "b", "c"], &[]),
            (&["b", "d"], End::Complete, &["b", "d"], &["a", "c"]),
            (&["d"], End::Incomplete, &["b", "d"], &[]),
            (&["d"], End::Complete, &["d"], &["b"]),
        ];
        for (listed, end, known, gone) in cases {
            let users: Vec<_> = listed.iter().map(|id| user(id, OLD)).collect();
            let run = standing(end, Some(NEW), &[]);
            held.save(&Step { begins: true, users: &users, ..Step::of(&run) }).unwrap();
            let settled = settle(held.as_mut()).unwrap().unwrap();
            assert_eq!(held.standing().unwrap().as_ref(), Some(&settled));
            assert_eq!(
                (ids(held.as_mut(), Kept::Latest), ids(held.as_mut(), Kept::Gone)),
                (known.iter().map(ToString::to_string).collect(), gone.iter().map(ToString::to_string).collect(),)
            );
        }
    }
}
