//! Proves by counting that a listing has everybody, if the provider cannot prove it because the listing continued in
//! another instance.
//!
//! The product counted E users before the first page was requested, and the provider vouches for the watermark W: a
//! user who was created before W and is listed afterwards was among the counted users. So the listed users with such a
//! date are a subset of the counted ones. If there are E of them, they are all the counted users, whatever was created,
//! deleted or skipped meanwhile. A user who was created after W may or may not have been counted; that can only make
//! the numbers differ.
//!
//! This holds for the users of one run, which has one count. A user who was returned before the run began may have been
//! deleted before its count, and would be mistaken for a user who is missing.

use provider_sandbox::answers;
use serde::{Deserialize, Serialize};

/// How many users the product counted for a run, and how many of them were returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proof {
    count: Count,
    /// Distinct users who were returned and were certainly counted.
    came: u64,
}

/// The product's own count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Count {
    /// No page has arrived.
    #[default]
    Awaited,
    /// The number of users at this time, in milliseconds since 1970.
    #[serde(alias = "told")]
    Known { expected: u32, watermark_ms: i64 },
    /// There is no count, or pages report different ones.
    Unusable,
}

impl Proof {
    /// Takes what a page reports of the count. The first page of a run reports it, and later ones report the same or nothing.
    pub(super) fn page(&mut self, expected: Option<u32>, watermark: Option<&str>) {
        let watermark_ms = watermark.and_then(millis);
        self.count = match (self.count, expected, watermark_ms) {
            (Count::Awaited, Some(expected), Some(watermark_ms)) => Count::Known { expected, watermark_ms },
            (Count::Awaited, _, _) | (Count::Unusable, _, _) => Count::Unusable,
            (known @ Count::Known { expected: once, watermark_ms: then }, now, time) => {
                let is_same = now.is_none_or(|now| now == once) && (watermark.is_none() || time == Some(then));
                if is_same { known } else { Count::Unusable }
            }
        };
    }

    /// Counts a user who is returned for the first time in the run.
    pub(super) fn came(&mut self, created_at: Option<&str>) {
        let Count::Known { watermark_ms, .. } = self.count else { return };
        let was_counted = created_at.and_then(millis).is_some_and(|ms| ms < watermark_ms);
        self.came = self.came.saturating_add(u64::from(was_counted));
    }

    /// Whether everybody whom the product counted was returned.
    pub(super) const fn holds(&self) -> bool {
        match self.count {
            Count::Known { expected, .. } => self.came == expected as u64,
            Count::Awaited | Count::Unusable => false,
        }
    }

    /// How many users the product counted; `None` if it reported no number that could prove anything.
    pub(super) const fn counted(&self) -> Option<u32> {
        match self.count {
            Count::Known { expected, .. } => Some(expected),
            Count::Awaited | Count::Unusable => None,
        }
    }
}

fn millis(text: &str) -> Option<i64> {
    answers::instant(text).map(|time| time.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use proptest::prelude::*;

    const W: &str = "2026-11-24T09:30:00.000Z";
    const EARLY: Option<&str> = Some("2020-01-01T00:00:00.000Z");

    fn proven(expected: u32, created: &[Option<&str>]) -> bool {
        let mut proof = Proof::default();
        proof.page(Some(expected), Some(W));
        created.iter().for_each(|created_at| proof.came(*created_at));
        proof.holds()
    }

    #[test]
    fn a_listing_is_proven_by_those_who_were_counted_alone() {
        let just_before = Some("2026-11-24T09:29:59.999Z");
        let within = Some("2026-11-24T09:30:00.000Z");
        let later = Some("2026-11-24T09:31:00.000Z");
        let cases: &[(u32, &[Option<&str>], bool, &str)] = &[
            (0, &[], true, "an empty product"),
            (2, &[EARLY, EARLY], true, "everybody"),
            (2, &[EARLY, just_before], true, "everybody, one of whom was just created"),
            (2, &[EARLY], false, "one is missing"),
            (2, &[EARLY, later], false, "one is missing, and another came instead"),
            (1, &[EARLY, later], true, "everybody, and one who came later"),
            (2, &[EARLY, within], false, "whether this one was counted is not known"),
            (1, &[EARLY, within], true, "everybody, and one who was not counted"),
            (1, &[EARLY, EARLY], false, "more than were counted: the count means something else"),
            (2, &[EARLY, None], false, "a user of no known age proves nothing"),
            (2, &[EARLY, Some("yesterday")], false, "nor does one of an unreadable age"),
            (2, &[EARLY, Some("2026-11-24T10:29:58+01:00")], true, "times have zones"),
            (2, &[EARLY, Some("2026-11-24T09:29:59+00:30")], true, "and the zone counts"),
            (2, &[EARLY, Some("2026-11-24T09:29:59-00:30")], false, "on either side"),
        ];
        for (expected, created, proves, why) in cases {
            assert_eq!(proven(*expected, created), *proves, "{why}");
        }
    }

    #[test]
    fn a_count_that_is_missing_or_changes_proves_nothing() {
        let w2 = "2026-11-24T09:30:01.000Z";
        let cases: &[(&[(Option<u32>, Option<&str>)], bool)] = &[
            (&[], false),
            (&[(None, Some(W))], false),
            (&[(Some(1), None)], false),
            (&[(Some(1), Some("now"))], false),
            (&[(None, None), (Some(1), Some(W))], false),
            (&[(Some(1), Some(W))], true),
            (&[(Some(1), Some(W)), (Some(1), Some(W)), (None, None)], true),
            (&[(Some(1), Some(W)), (Some(2), Some(W)), (Some(1), Some(W))], false),
            (&[(Some(1), Some(W)), (Some(1), Some(w2))], false),
            (&[(Some(1), Some(W)), (None, Some("now"))], false),
        ];
        for (pages, proves) in cases {
            let mut proof = Proof::default();
            for (n, (expected, watermark)) in pages.iter().enumerate() {
                proof.page(*expected, *watermark);
                if n == 0 {
                    proof.came(EARLY);
                }
            }
            assert_eq!(proof.holds(), *proves, "{pages:?}");
        }
    }

    #[test]
    fn a_proof_continues_in_another_process() {
        let mut proof = Proof::default();
        proof.page(Some(2), Some(W));
        proof.came(EARLY);
        let kept = serde_json::to_string(&proof).unwrap();
        let mut proof: Proof = serde_json::from_str(&kept).unwrap();
        proof.page(Some(2), Some(W));
        proof.came(EARLY);
        assert!(proof.holds());
    }

    /// An account's life in milliseconds after the watermark, and whether the listing returned it.
    #[derive(Clone, Debug)]
    struct Life {
        created: i64,
        deleted: Option<i64>,
        came: bool,
    }

    fn lives() -> impl Strategy<Value = Vec<Life>> {
        let life = (-3_000_i64..3_000, proptest::option::of(-3_000_i64..6_000), any::<bool>())
            .prop_map(|(created, deleted, came)| Life { created, deleted, came });
        proptest::collection::vec(life, 0..8)
    }

    fn at(ms: i64) -> String {
        let watermark = DateTime::parse_from_rfc3339(W).unwrap().timestamp_millis();
        DateTime::from_timestamp_millis(watermark + ms).unwrap().to_rfc3339()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// A proof never overlooks a user who was counted, was not deleted and was not returned.
        #[test]
        fn a_proven_listing_misses_nobody(lives in lives(), counted_at in 0_i64..=2_000) {
            let exists = |life: &&Life| {
                life.created <= counted_at && life.deleted.is_none_or(|deleted| deleted > counted_at.max(life.created))
            };
            let mut proof = Proof::default();
            let expected = u32::try_from(lives.iter().filter(exists).count()).unwrap();
            proof.page(Some(expected), Some(W));
            // Pages are read after the count, so nobody who is deleted before it is on one.
            let came = lives.iter().filter(|life| life.came && life.deleted.is_none_or(|deleted| deleted > counted_at));
            for life in came {
                proof.came(Some(&at(life.created)));
            }
            if proof.holds() {
                prop_assert!(lives.iter().filter(exists).all(|life| life.came), "{lives:?}");
            }
        }
    }
}
