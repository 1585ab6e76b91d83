//! Accounts that come, go and change their names while they are listed.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use end_to_end::{connect, simulator};
use mattermost_simulator::{Account, Change, ChangeKind, Config, Simulator};
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use provider_host::{End, ListingOptions, Listings as _};

/// What the host had of a listing.
struct Outcome {
    /// How often each id came out as new.
    times: BTreeMap<String, u32>,
    end: End,
    codes: Vec<String>,
}

async fn listed(server: &Simulator, limit: u32) -> Outcome {
    let session = connect(&server.url(), &server.tokens().admin).await.unwrap();
    let mut listing = session.listing(ListingOptions { limit, cursor: None });
    let (mut times, mut end, mut codes) = (BTreeMap::new(), None, Vec::new());
    while let Some(batch) = listing.next().await {
        let batch = batch.unwrap();
        for user in batch.users {
            *times.entry(user.id).or_default() += 1;
        }
        if batch.end.is_some() {
            end = batch.end;
            codes = batch.notices.into_iter().map(|notice| notice.code).collect();
        }
    }
    Outcome { times, end: end.unwrap(), codes }
}

fn ids(accounts: &[Account]) -> BTreeSet<String> {
    accounts.iter().map(|account| account.id.clone()).collect()
}

fn at(after: u32, what: ChangeKind) -> Change {
    Change { after, on: "/api/v4/users?page=".into(), what }
}

/// Changes after a number of pages that were answered.
fn changes() -> impl Strategy<Value = Vec<Change>> {
    let what = prop_oneof![
        "[a-z][a-z0-9]{2,8}".prop_map(|username| ChangeKind::Create { username }),
        (any::<u32>(), "[a-z][a-z0-9]{2,8}").prop_map(|(place, username)| ChangeKind::Rename { place, username }),
        any::<u32>().prop_map(|place| ChangeKind::Deactivate { place }),
        any::<u32>().prop_map(|place| ChangeKind::Reactivate { place }),
        any::<u32>().prop_map(|place| ChangeKind::Delete { place }),
    ];
    let change = (0_u32..10, what).prop_map(|(after, what)| at(after, what));
    proptest::collection::vec(change, 0..10)
}

#[test]
fn a_complete_listing_has_every_permanent_user_exactly_once() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Cases { cases: 60, failure_persistence: None, ..Cases::default() });
    let cases = (300_u32..1_300, changes(), 1_u32..900);
    let (complete, all) = (Cell::new(0), Cell::new(0));
    runner
        .run(&cases, |(users, changes, limit)| {
            runtime.block_on(async {
                let server = simulator(Config { users, changes, ..Config::default() }).await;
                let before = ids(&server.roster());
                let outcome = listed(&server, limit).await;
                let after = ids(&server.roster());
                prop_assert!(outcome.times.values().all(|times| *times == 1));
                all.set(all.get() + 1);
                if outcome.end == End::Complete {
                    complete.set(complete.get() + 1);
                    for id in before.intersection(&after) {
                        prop_assert!(outcome.times.contains_key(id), "{id} is missing");
                    }
                } else {
                    prop_assert!(!outcome.codes.is_empty());
                }
                Ok(())
            })
        })
        .unwrap();
    // A listing that never called itself complete would pass, and be of no use.
    let (complete, all) = (complete.get(), all.get());
    assert!(complete * 10 >= all * 9, "{complete} of {all} listings were complete");
}

#[tokio::test]
async fn a_deletion_that_a_creation_hides_from_the_count_is_detected() {
    let changes = vec![at(2, ChangeKind::Delete { place: 10 }), at(2, ChangeKind::Create { username: "zzz".into() })];
    let server = simulator(Config { users: 1_000, changes, ..Config::default() }).await;
    let before = ids(&server.roster());
    let outcome = listed(&server, 1).await;
    let after = ids(&server.roster());
    assert_eq!((before.len(), after.len()), (1_000, 1_000), "the count alone shows nothing");
    assert_eq!(outcome.end, End::Complete);
    for id in before.intersection(&after) {
        assert!(outcome.times.contains_key(id), "{id}");
    }
    let passes = server.log().iter().filter(|exchange| exchange.path.contains("users?page=0&per_page=200")).count();
    assert_eq!(passes, 2, "the row that the deletion hid was looked for in another pass");
}

#[tokio::test]
async fn a_server_where_nothing_changes_is_read_once() {
    let server = simulator(Config { users: 1_000, ..Config::default() }).await;
    assert_eq!(listed(&server, 0).await.end, End::Complete);
    let pages: BTreeMap<String, u32> = server
        .log()
        .iter()
        .filter(|exchange| exchange.path.contains("/users?page="))
        .fold(BTreeMap::new(), |mut pages, exchange| {
            *pages.entry(exchange.path.clone()).or_default() += 1;
            pages
        });
    assert!(pages.len() == 6 && pages.values().all(|times| *times == 1), "{pages:?}");
}
