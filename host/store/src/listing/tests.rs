//! Listings from scripted pages: who is new, which notices repeat, when a listing begins again, and when its end is
//! complete.

use std::collections::BTreeMap;

use provider_model::{ListingState, UserPage};
use provider_testing::samples::{notice, page, user};

use super::seen::Seen;
use super::walk::{Taken, Walk};
use super::*;

const W: &str = "2026-11-24T09:30:00.000Z";
const OLD: &str = "2020-01-01T00:00:00.000Z";
const NEW: &str = "2026-11-24T09:31:00.000Z";
const NOW_MS: u64 = 1_795_512_600_000;

/// A page of users with their creation dates, and with the provider's count.
fn counted(expected: u32, users: &[(&str, &str)], state: ListingState) -> UserPage {
    let users = users.iter().map(|(id, created_at)| user(id, created_at)).collect();
    UserPage { expected_total: Some(expected), watermark: Some(W.into()), ..page(users, state) }
}

fn more(expected: u32, users: &[(&str, &str)]) -> UserPage {
    counted(expected, users, ListingState::More("next".into()))
}

/// The last page of a listing that continued in a fresh instance.
fn resumed(expected: u32, users: &[(&str, &str)]) -> UserPage {
    let notices = vec![notice("listing-resumed", &[])];
    UserPage { notices, ..counted(expected, users, ListingState::Resumed) }
}

/// The last page of a listing that is not complete for this reason.
fn incomplete(expected: u32, users: &[(&str, &str)], reason: &str) -> UserPage {
    let notices = ["listing-resumed", reason].map(|code| notice(code, &[])).into();
    UserPage { notices, ..counted(expected, users, ListingState::Incomplete(reason.into())) }
}

/// The state of a listing after its process was killed, as the next process restores it.
fn reopened(taken: &Taken, came: &BTreeMap<String, u32>) -> Walk {
    let kept = serde_json::to_string(&taken.standing).unwrap();
    let standing: Standing = serde_json::from_str(&kept).unwrap();
    let mut seen = Seen::default();
    if standing.run > 1 {
        seen.begin_run();
    }
    came.iter().for_each(|(id, run)| seen.recall(id, *run == standing.run));
    Walk::resume(standing, seen)
}

/// Takes pages, in one process or in one process for each page. Returns the ids of new users in order, the notices of
/// the last batch, its end, and the walk.
fn walk(pages: &[UserPage], killed: bool) -> (Vec<String>, Vec<String>, Option<End>, Walk) {
    let mut walk = Walk::new(Standing::begin(None));
    let (mut new, mut came, mut last) = (Vec::new(), BTreeMap::new(), None);
    for page in pages {
        let taken = walk.take(page.clone(), NOW_MS);
        new.extend(taken.batch.users.iter().map(|user| user.id.clone()));
        let brought = taken.batch.users.iter().chain(&taken.batch.repeated);
        came.extend(brought.map(|user| (user.id.clone(), taken.run)));
        if killed {
            walk = reopened(&taken, &came);
        }
        last = Some(taken.batch);
    }
    let last = last.unwrap();
    (new, last.notices.into_iter().map(|notice| notice.code).collect(), last.end, walk)
}

#[test]
fn users_are_new_once_over_all_processes() {
    let pages = [
        more(3, &[("a", OLD), ("b", OLD), ("a", OLD)]),
        more(3, &[("b", OLD), ("c", OLD)]),
        counted(3, &[("a", OLD), ("d", NEW)], ListingState::Complete),
    ];
    for killed in [false, true] {
        let (new, notices, end, walk) = walk(&pages, killed);
        assert_eq!((new.join(""), notices, end), ("abcd".into(), vec![], Some(End::Complete)), "killed: {killed}");
        let expect = Progress { users: 4, repeated: 3, pages: 3, expected_total: Some(3), requests: 0 };
        assert_eq!(walk.standing().progress, expect, "killed: {killed}");
    }
}

#[test]
fn a_resumed_listing_is_complete_where_the_count_proves_it() {
    let first = || more(3, &[("a", OLD), ("b", OLD)]);
    let cases: &[(UserPage, UserPage, &[&str], Option<End>, u32)] = &[
        (first(), resumed(3, &[("c", OLD)]), &["listing-proven"], Some(End::Complete), 1),
        (first(), resumed(3, &[("b", OLD), ("c", OLD), ("d", NEW)]), &["listing-proven"], Some(End::Complete), 1),
        // One is missing: the list is read again.
        (first(), resumed(3, &[("d", NEW)]), &["listing-resumed", "listing-read-again"], None, 2),
        // A provider's own reason counts, whatever the numbers are.
        (
            first(),
            incomplete(3, &[("c", OLD)], "partial-view"),
            &["listing-resumed", "partial-view"],
            Some(End::Incomplete),
            1,
        ),
        // The state decides, not a notice.
        (
            UserPage { notices: vec![notice("records-unreadable", &[])], ..first() },
            UserPage { notices: vec![], ..resumed(3, &[("c", OLD)]) },
            &["listing-proven"],
            Some(End::Complete),
            1,
        ),
        (
            first(),
            counted(3, &[("c", OLD)], ListingState::Incomplete("listing-resumed".into())),
            &[],
            Some(End::Incomplete),
            1,
        ),
        (
            UserPage { notices: vec![notice("emails-hidden", &["email"])], ..first() },
            resumed(3, &[("c", OLD)]),
            &["listing-proven"],
            Some(End::Complete),
            1,
        ),
        // Without a count nothing can be proven, and the list is read in one go.
        (
            page(vec![], ListingState::More("next".into())),
            resumed(0, &[]),
            &["listing-resumed", "listing-read-again"],
            None,
            2,
        ),
    ];
    for (first, last, notices, end, run) in cases {
        for killed in [false, true] {
            let got = walk(&[first.clone(), last.clone()], killed);
            assert_eq!(
                (got.1.iter().map(String::as_str).collect::<Vec<_>>(), got.2),
                (notices.to_vec(), *end),
                "{last:?}"
            );
            assert_eq!((got.3.standing().run, got.3.standing().cursor.is_none()), (*run, true), "{last:?}");
        }
    }
}

#[test]
fn users_of_an_earlier_reading_do_not_stand_for_those_who_are_missing() {
    // The first user was deleted before the second count, and another one who was counted then is skipped.
    let pages = [
        more(3, &[("gone", OLD), ("a", OLD)]),
        resumed(3, &[]),
        more(2, &[("a", OLD)]),
        resumed(2, &[]),
        more(2, &[("a", OLD)]),
        resumed(2, &[]),
    ];
    for killed in [false, true] {
        let ends: Vec<_> = (2..=6).map(|n| walk(&pages[..n], killed).2).collect();
        assert_eq!(ends, [None; 5], "killed: {killed}");
        // With the user who was skipped, the second reading proves the listing.
        let whole = [&pages[..3], &[resumed(2, &[("b", OLD)])]].concat();
        let (new, notices, end, walk) = walk(&whole, killed);
        assert_eq!((new, end), (vec!["gone".into(), "a".into(), "b".into()], Some(End::Complete)));
        assert_eq!(notices, ["listing-read-again", "listing-proven", "users-withdrawn"]);
        assert_eq!(walk.standing().progress.users, 2, "a deleted user does not belong to the listing");
    }
}

#[test]
fn a_refused_cursor_begins_the_listing_again() {
    let pages = [more(3, &[("a", OLD), ("b", OLD)])];
    for killed in [false, true] {
        let (.., mut walk) = walk(&pages, killed);
        assert!(walk.begin_again());
        assert_eq!((walk.standing().cursor.as_deref(), walk.standing().run), (None, 2));
        // At the beginning there is no cursor that could be refused.
        assert!(!walk.begin_again());
        let taken = walk.take(more(3, &[("a", OLD), ("c", OLD)]), NOW_MS);
        let ids = |users: &[User]| users.iter().map(|user| user.id.clone()).collect::<String>();
        assert_eq!((ids(&taken.batch.users), ids(&taken.batch.repeated)), ("c".into(), "a".into()));
        let codes = |taken: &Taken| taken.batch.notices.iter().map(|notice| notice.code.clone()).collect::<Vec<_>>();
        assert_eq!(codes(&taken), ["listing-begun-again"]);
        assert_eq!(codes(&walk.take(more(3, &[]), NOW_MS)), [""; 0], "it is reported once");
        let last = walk.take(counted(3, &[("b", OLD)], ListingState::Complete), NOW_MS);
        assert_eq!(codes(&last), ["listing-begun-again"], "and once more at the end");
    }
}

#[test]
fn a_listing_does_not_begin_again_for_ever() {
    let mut refused = Walk::new(Standing::begin(None));
    let mut begun = 0;
    loop {
        refused.take(more(3, &[]), NOW_MS);
        if !refused.begin_again() {
            break;
        }
        begun += 1;
        assert!(begun < 100);
    }
    assert_eq!(begun, 9);
    // Nor does one whose provider says every time that it was interrupted.
    let pages = vec![resumed(3, &[("a", OLD)]); 10];
    let ends = [9, 10].map(|n| walk(&pages[..n], false).2);
    assert_eq!(ends, [None, Some(End::Incomplete)]);
}

#[test]
fn a_cursor_that_somebody_else_kept_is_not_replaced() {
    let mut walk = Walk::new(Standing::begin(Some("kept".into())));
    assert!(!walk.begin_again(), "the users before the cursor are not known here");
    let taken = walk.take(resumed(3, &[("c", OLD)]), NOW_MS);
    assert_eq!((taken.batch.end, taken.standing.run), (Some(End::Incomplete), 1), "nor is the rest read twice");
}
