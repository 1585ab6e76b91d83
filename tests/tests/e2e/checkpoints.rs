//! Listings that move: from session to session, and from one process to the next by way of a store.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use end_to_end::{access, settings, shared_provider, simulator};
use mattermost_simulator::{Account, Change, ChangeKind, Config, Fault, FaultKind, Simulator};
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use provider_host::checkpoint::{
    Checkpoint, Checkpoints, Kept, ListingKey, MemoryCheckpoints, SqliteCheckpoints, Standing, Step,
};
use provider_host::model::User;
use provider_host::{Egress, EgressOptions, End, Listing, ListingOptions, Listings as _, Session, StoreError};
use tokio::sync::Notify;

const PAGE: ListingOptions = ListingOptions { limit: 200, cursor: None };

fn ids(accounts: &[Account]) -> BTreeSet<String> {
    accounts.iter().map(|account| account.id.clone()).collect()
}

/// One request at a time: the provider reads ahead of a server that answers slowly, as one on a busy machine does, and what
/// it has read ahead is lost with the instance.
async fn session(server: &Simulator) -> Session {
    session_with(server, &[]).await
}

async fn session_with(server: &Simulator, more: &[(&str, &str)]) -> Session {
    let mut settings = settings(&server.url(), &server.tokens().admin);
    for (key, value) in [("max_in_flight", "1")].iter().chain(more) {
        settings.set(*key, *value);
    }
    let egress = Egress::new(EgressOptions::default()).unwrap();
    shared_provider().connect(access(settings, egress)).await.unwrap()
}

/// What a host had of a listing.
#[derive(Default)]
struct Had {
    /// How often each id came as new.
    new: BTreeMap<String, u32>,
    codes: Vec<String>,
    end: Option<End>,
}

impl Had {
    /// Takes the next step. Returns whether there was one.
    async fn step(&mut self, listing: &mut Listing) -> bool {
        let Some(batch) = listing.next().await else { return false };
        let batch = batch.unwrap();
        for user in batch.users {
            *self.new.entry(user.id).or_default() += 1;
        }
        self.codes = batch.notices.into_iter().map(|notice| notice.code).collect();
        self.end = batch.end;
        true
    }

    #[track_caller]
    fn check(&self, server: &Simulator, codes: &[&str]) {
        assert!(self.new.values().all(|times| *times == 1));
        assert_eq!(self.new.keys().cloned().collect::<BTreeSet<_>>(), ids(&server.roster()));
        assert_eq!((self.end, self.codes.iter().map(String::as_str).collect()), (Some(End::Complete), codes.to_vec()));
    }
}

fn pages(server: &Simulator) -> usize {
    server.log().iter().filter(|exchange| exchange.path.contains("/api/v4/users?page=")).count()
}

#[tokio::test]
async fn a_listing_that_moves_after_every_step_is_complete_and_reads_nothing_twice() {
    let server = simulator(Config { users: 1_500, ..Config::default() }).await;
    let mut listing = session(&server).await.listing(PAGE);
    let mut had = Had::default();
    while had.step(&mut listing).await {
        drop(listing.continue_in(session(&server).await));
    }
    had.check(&server, &["listing-proven"]);
    assert_eq!(pages(&server), 8);
}

#[tokio::test]
async fn a_listing_goes_on_in_another_process_and_knows_who_came() {
    let server = simulator(Config { users: 1_500, ..Config::default() }).await;
    let file = std::env::temp_dir().join(format!("listing-{}.sqlite", std::process::id()));
    let mut had = Had::default();
    let mut steps = 0;
    while had.end.is_none() {
        // The store is opened again as well, as a new process does.
        let store = Arc::new(SqliteCheckpoints::open(&file).unwrap());
        let mut listing = session(&server).await.resume(PAGE, store, "tenant").await.unwrap();
        let kept = listing.kept(Kept::Latest, None, u32::MAX).await.unwrap();
        assert_eq!(kept.iter().map(|user| &user.id).collect::<Vec<_>>(), had.new.keys().collect::<Vec<_>>());
        assert_eq!(listing.resumed().map(|before| before.pages), (steps > 0).then_some(steps));
        had.step(&mut listing).await;
        steps += 1;
        let progress = listing.progress();
        let expect = (steps, u64::try_from(had.new.len()).unwrap(), Some(1_500));
        assert_eq!((progress.pages, progress.users, progress.expected_total), expect);
    }
    had.check(&server, &["listing-proven"]);
    assert_eq!(pages(&server), 8);
    for end in ["", "-wal", "-shm", "-1.lock"] {
        drop(std::fs::remove_file(format!("{}{end}", file.display())));
    }
}

#[tokio::test]
async fn a_cursor_that_is_refused_begins_the_listing_again() {
    let server = simulator(Config { users: 1_500, ..Config::default() }).await;
    let mut listing = session(&server).await.listing(PAGE);
    let mut had = Had::default();
    had.step(&mut listing).await;
    had.step(&mut listing).await;
    // The provider refuses the cursor of other settings.
    drop(listing.continue_in(session_with(&server, &[("inactive_after_days", "7")]).await));
    while had.step(&mut listing).await {}
    had.check(&server, &["listing-begun-again"]);
    assert_eq!((listing.progress().repeated, pages(&server)), (400, 2 + 8));
}

#[tokio::test]
async fn an_instance_that_is_lost_costs_no_proof() {
    let stuck =
        Fault { on: "/users?page=3&".into(), after: 0, times: Some(1), what: FaultKind::Slow(Duration::from_secs(60)) };
    let server = simulator(Config { users: 1_500, faults: vec![stuck], ..Config::default() }).await;
    let mut listing = session(&server).await.listing(PAGE);
    let mut had = Had::default();
    for _ in 0..3 {
        assert!(had.step(&mut listing).await);
    }
    // The caller gives up on the step, and the instance goes with its future.
    assert!(tokio::time::timeout(Duration::from_millis(300), had.step(&mut listing)).await.is_err());
    while had.step(&mut listing).await {}
    had.check(&server, &["listing-proven"]);
}

#[tokio::test]
async fn gone_users_are_reported_after_a_complete_listing() {
    let server = simulator(Config { users: 600, ..Config::default() }).await;
    let store = MemoryCheckpoints::new();
    let mut gone = Vec::new();
    for _ in 0..2 {
        let mut listing = session(&server).await.resume(PAGE, Arc::new(store.clone()), "tenant").await.unwrap();
        let mut had = Had::default();
        while had.step(&mut listing).await {
            let gone_users = listing.kept(Kept::Gone, None, 9).await.unwrap();
            assert_eq!(gone_users.is_empty(), had.end.is_none() || gone.is_empty(), "not before the end");
        }
        had.check(&server, &[]);
        let gone_users = listing.kept(Kept::Gone, None, 9).await.unwrap();
        assert_eq!(gone_users.into_iter().map(|user| user.id).collect::<Vec<_>>(), gone);
        gone.push(server.change(ChangeKind::Delete { place: 99 }).unwrap().id);
    }
}

#[tokio::test]
async fn one_listing_is_read_once_at_a_time_and_others_beside_it() {
    let server = simulator(Config::default()).await;
    let other = simulator(Config::default()).await;
    let store = Arc::new(MemoryCheckpoints::new());
    let mut first = session(&server).await.resume(PAGE, store.clone(), "tenant").await.unwrap();
    assert!(Had::default().step(&mut first).await);
    let again = session(&server).await.resume(PAGE, store.clone(), "tenant").await;
    assert_eq!(again.err().unwrap().code(), "checkpoint-busy");
    // Users of two servers never mix, whatever the listings are called.
    for (server, name) in [(&server, "another tenant"), (&other, "tenant")] {
        let listing = session(server).await.resume(PAGE, store.clone(), name).await.unwrap();
        assert!(listing.resumed().is_none(), "{name}");
    }
    drop(first);
    let resumed = session(&server).await.resume(PAGE, store.clone(), "tenant").await.unwrap();
    assert_eq!(resumed.resumed().map(|before| before.users), Some(200));
    drop(resumed);
    let mut anew = session(&server).await.restart(PAGE, store, "tenant").await.unwrap();
    assert!(anew.resumed().is_none() && Had::default().step(&mut anew).await);
    assert_eq!(anew.kept(Kept::Latest, None, u32::MAX).await.unwrap().len(), 200);
}

/// A store that takes its time, and fails or panics at two of three steps before anything is saved.
struct Flaky {
    store: MemoryCheckpoints,
    /// Is notified when a step is about to be saved.
    saving: Arc<Notify>,
}

struct FlakyListing {
    held: Box<dyn Checkpoint>,
    saving: Arc<Notify>,
    tries: u32,
}

impl Checkpoints for Flaky {
    fn open(&self, key: &ListingKey) -> Result<Box<dyn Checkpoint>, StoreError> {
        let (held, saving) = (self.store.open(key)?, Arc::clone(&self.saving));
        Ok(Box::new(FlakyListing { held, saving, tries: 0 }))
    }
}

#[expect(clippy::panic, reason = "a store's own defect is what the test is about")]
fn defect() -> Result<(), StoreError> {
    panic!("a defect of the store")
}

impl Checkpoint for FlakyListing {
    fn standing(&mut self) -> Result<Option<Standing>, StoreError> {
        self.held.standing()
    }

    fn save(&mut self, step: &Step<'_>) -> Result<(), StoreError> {
        self.saving.notify_one();
        std::thread::sleep(Duration::from_millis(20));
        self.tries += 1;
        match self.tries % 3 {
            1 => Err(StoreError::CheckpointUnusable { store: "flaky".into(), reason: "the disk is full".into() }),
            2 => defect(),
            _ => self.held.save(step),
        }
    }

    fn before(&mut self) -> Result<Option<Standing>, StoreError> {
        self.held.before()
    }

    fn count(&mut self, of: Kept) -> Result<u64, StoreError> {
        self.held.count(of)
    }

    fn ids(&mut self, each: &mut dyn FnMut(&str, u32)) -> Result<(), StoreError> {
        self.held.ids(each)
    }

    fn users(&mut self, of: Kept, after: Option<&str>, limit: u32) -> Result<Vec<User>, StoreError> {
        self.held.users(of, after, limit)
    }

    fn find(&mut self, of: Kept, ids: &[String]) -> Result<Vec<User>, StoreError> {
        self.held.find(of, ids)
    }
}

#[tokio::test]
async fn a_step_that_could_not_be_saved_is_not_lost() {
    let server = simulator(Config { users: 900, ..Config::default() }).await;
    let (store, saving) = (MemoryCheckpoints::new(), Arc::new(Notify::new()));
    let store = Arc::new(Flaky { store, saving: Arc::clone(&saving) });
    let mut listing = session(&server).await.resume(PAGE, store, "tenant").await.unwrap();
    let (mut came, mut errors, mut dropped, mut end) = (BTreeSet::new(), 0, 0, None);
    while end.is_none() {
        // A caller that gives up while a step is being saved gets it by asking again.
        let step = tokio::select! {
            biased;
            () = saving.notified() => None,
            step = listing.next() => Some(step),
        };
        dropped += u32::from(step.is_none());
        let step = match step {
            Some(step) => step,
            None => listing.next().await,
        };
        match step.unwrap() {
            Ok(batch) => {
                assert!(batch.users.into_iter().all(|user| came.insert(user.id)));
                end = batch.end;
            }
            Err(error) => {
                assert_eq!(error.code(), "checkpoint-unusable");
                errors += 1;
            }
        }
        // The last step is saved before the listing becomes what is known, which may fail by itself.
        let saved = listing.kept(Kept::Latest, None, u32::MAX).await.unwrap().len();
        let is_ahead = saved == 900 && end.is_none();
        assert!(is_ahead || saved == came.len(), "{saved} are saved and {} came", came.len());
        assert_eq!(listing.progress().users, u64::try_from(came.len()).unwrap());
    }
    assert_eq!((came, end), (ids(&server.roster()), Some(End::Complete)));
    // Five pages and the end, which is saved right after the last page: nobody is between them to give up.
    assert_eq!((errors, dropped, pages(&server)), (2 * 6, 3 * 6 - 1, 5), "no page was asked for twice");
}

/// Changes after a number of pages that were answered.
fn changes() -> impl Strategy<Value = Vec<Change>> {
    let what = prop_oneof![
        "[a-z][a-z0-9]{2,8}".prop_map(|username| ChangeKind::Create { username }),
        (any::<u32>(), "[a-z][a-z0-9]{2,8}").prop_map(|(place, username)| ChangeKind::Rename { place, username }),
        any::<u32>().prop_map(|place| ChangeKind::Deactivate { place }),
        any::<u32>().prop_map(|place| ChangeKind::Delete { place }),
    ];
    let change = (0_u32..10, what);
    let change = change.prop_map(|(after, what)| Change { after, on: "/api/v4/users?page=".into(), what });
    proptest::collection::vec(change, 0..10)
}

#[test]
fn no_user_is_missed_while_a_listing_moves_between_hosts() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Cases { cases: 40, failure_persistence: None, ..Cases::default() });
    let (complete, all) = (Cell::new(0), Cell::new(0));
    let moves = proptest::collection::vec(any::<bool>(), 12);
    runner
        .run(&(300_u32..1_300, changes(), moves), |(users, changes, moves)| {
            runtime.block_on(async {
                let server = simulator(Config { users, changes, ..Config::default() }).await;
                let before = ids(&server.roster());
                let store = Arc::new(MemoryCheckpoints::new());
                let mut had = Had::default();
                let mut moves = moves.into_iter();
                while had.end.is_none() {
                    // Every now and then the host dies.
                    let session = session(&server).await;
                    let mut listing = session.resume(PAGE, store.clone(), "tenant").await.unwrap();
                    while had.step(&mut listing).await && !moves.next().unwrap_or(false) {}
                }
                let after = ids(&server.roster());
                prop_assert!(had.new.values().all(|times| *times == 1));
                all.set(all.get() + 1);
                if had.end == Some(End::Complete) {
                    complete.set(complete.get() + 1);
                    for id in before.intersection(&after) {
                        prop_assert!(had.new.contains_key(id), "{id} is missing");
                    }
                }
                Ok(())
            })
        })
        .unwrap();
    // A listing that never called itself complete would pass, and be of no use.
    let (complete, all) = (complete.get(), all.get());
    assert!(complete * 10 >= all * 9, "{complete} of {all} listings were complete");
}
