//! Syncs of a saved listing, compared with fresh listings.
#![expect(clippy::print_stdout, reason = "what a repeat sync costs is printed")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use end_to_end::components::bytes;
use end_to_end::{access, connect, list, settings, shared_provider, simulator, simulator_apart};
use mattermost_simulator::{ChangeKind, Config, Fault, FaultKind, Simulator};
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use provider_host::checkpoint::{Checkpoints, Kept, MemoryCheckpoints, SqliteCheckpoints};
use provider_host::model::User;
use provider_host::{
    Egress, EgressOptions, End, Error, FullSyncReason, HealthPolicy, ListingOptions, ListingSync, Listings as _, Pool,
    Provenance, Registry, Sandbox, Session, SwitchOptions, SyncOptions, seal,
};

const ASK: SyncOptions = SyncOptions { limit: 0, full: false };

type Table = BTreeMap<String, User>;
type Store = Arc<dyn Checkpoints>;

async fn session(server: &Simulator) -> Session {
    connect(&server.url(), &server.tokens().admin).await.unwrap()
}

async fn begin(server: &Simulator, store: &Store) -> ListingSync {
    session(server).await.sync(ASK, Arc::clone(store), "tenant").await.unwrap()
}

/// Everybody, by a fresh listing.
async fn fresh(server: &Simulator) -> Table {
    let listed = list(session(server).await, ListingOptions::default(), 0).await.unwrap();
    assert_eq!(listed.end, End::Complete);
    listed.users
}

async fn kept(sync: &ListingSync) -> Table {
    let users = sync.kept(Kept::Latest, None, u32::MAX).await.unwrap();
    users.into_iter().map(|user| (user.id.clone(), user)).collect()
}

/// The table of an embedder that applies the reported changes.
#[derive(Default)]
struct Embedder {
    table: Table,
    added: Vec<String>,
    /// Ids with the fields that changed.
    changed: Vec<(String, Vec<String>)>,
    gone: Vec<String>,
    codes: Vec<String>,
    end: Option<End>,
}

impl Embedder {
    /// An embedder with the table of earlier runs.
    fn knowing(table: Table) -> Self {
        Self { table, ..Self::default() }
    }

    /// Takes the next step. Returns whether there was one.
    async fn step(&mut self, sync: &mut ListingSync) -> bool {
        let Some(step) = sync.next().await else { return false };
        let step = step.unwrap();
        assert!(self.end.is_none(), "nothing comes after the end");
        for user in step.added {
            self.added.push(user.id.clone());
            self.table.insert(user.id.clone(), user);
        }
        for change in step.changed {
            let fields = change.fields();
            assert!(!fields.is_empty() && change.old.id == change.new.id, "{change:?}");
            self.changed.push((change.new.id.clone(), fields.into_iter().map(|change| change.field).collect()));
            self.table.insert(change.new.id.clone(), change.new);
        }
        for user in step.gone {
            self.table.remove(&user.id);
            self.gone.push(user.id);
        }
        self.codes = step.notices.into_iter().map(|notice| notice.code).collect();
        self.end = step.end;
        true
    }

    async fn finish(mut self, mut sync: ListingSync) -> (Self, ListingSync) {
        while self.step(&mut sync).await {}
        let progress = sync.progress();
        let told = [self.added.len(), self.changed.len(), self.gone.len()].map(|n| u64::try_from(n).unwrap());
        assert!([progress.added, progress.changed, progress.gone] <= told, "{progress:?}");
        (self, sync)
    }
}

/// A sync from beginning to end by somebody who knew this.
async fn synced(server: &Simulator, store: &Store, known: Table) -> (Embedder, ListingSync) {
    Embedder::knowing(known).finish(begin(server, store).await).await
}

/// How many pages of the list were requested since the log was cleared.
fn pages(server: &Simulator) -> usize {
    server.log().iter().filter(|exchange| exchange.path.contains("/api/v4/users?page=")).count()
}

#[tokio::test]
async fn the_first_sync_lists_everybody_and_the_next_asks_what_changed() {
    let server = simulator(Config { users: 3_000, ..Config::default() }).await;
    let store: Store = Arc::new(MemoryCheckpoints::new());
    let (first, sync) = synced(&server, &store, Table::new()).await;
    assert_eq!(
        (sync.full_sync_reason(), first.end, first.added.len()),
        (Some(&FullSyncReason::First), Some(End::Complete), 3_000)
    );
    drop(sync);

    let renamed = server.change(ChangeKind::Rename { place: 700, username: "zoe".into() }).unwrap().id;
    let deactivated = server.change(ChangeKind::Deactivate { place: 1_700 }).unwrap().id;
    let created = server.change(ChangeKind::Create { username: "new".into() }).unwrap().id;
    let bot = server.change(ChangeKind::CreateBot { username: "newbot".into() }).unwrap().id;
    server.clear_log();
    let (second, sync) = synced(&server, &store, first.table).await;
    let requests = server.requests();
    assert_eq!(
        (sync.full_sync_reason(), second.end, pages(&server)),
        (None, Some(End::Complete), 0),
        "{:?}",
        second.codes
    );
    let beside = server.log().iter().filter(|exchange| beside(&exchange.path)).count();
    assert!(requests <= u64::try_from(beside).unwrap() + 20, "{requests}, {beside} of them for teams and guests");
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    assert_eq!(sorted(second.added), sorted(vec![created, bot]));
    let mut changed: Vec<_> = second.changed.clone();
    changed.sort_by_key(|(id, _)| *id != renamed);
    assert_eq!(changed[0], (renamed, vec!["username".to_owned()]));
    assert_eq!(changed[1].0, deactivated);
    assert!(changed[1].1.iter().any(|field| field == "deactivated_at"), "{changed:?}");
    assert_eq!((changed.len(), second.gone.len()), (2, 0));
    assert_eq!(second.table, fresh(&server).await);
    assert_eq!(kept(&sync).await, second.table);
    drop(sync);

    let (third, sync) = synced(&server, &store, second.table).await;
    assert_eq!(sync.full_sync_reason(), None);
    assert_eq!((third.added.len(), third.changed.len(), third.gone.len()), (0, 0, 0), "nothing is reported twice");
}

#[tokio::test]
async fn a_deletion_is_found_without_listing_everybody() {
    let server = simulator(Config { users: 600, ..Config::default() }).await;
    let store: Store = Arc::new(MemoryCheckpoints::new());
    let (first, _) = synced(&server, &store, Table::new()).await;
    let renamed = server.change(ChangeKind::Rename { place: 300, username: "zoe".into() }).unwrap().id;
    let gone = server.change(ChangeKind::Delete { place: 99 }).unwrap().id;
    let created = server.change(ChangeKind::Create { username: "new".into() }).unwrap().id;
    server.clear_log();
    let (second, sync) = synced(&server, &store, first.table).await;
    assert_eq!((sync.full_sync_reason(), pages(&server)), (None, 0));
    assert_eq!((second.gone, second.added), (vec![gone.clone()], vec![created]));
    assert_eq!(second.changed.iter().map(|(id, _)| id).collect::<Vec<_>>(), [&renamed]);
    let table = kept(&sync).await;
    assert!(!table.contains_key(&gone));
    assert_eq!((&table, &table), (&second.table, &fresh(&server).await));
}

/// Why everybody was listed, or every record read again.
fn why(sync: &ListingSync) -> Option<&'static str> {
    sync.full_sync_reason().or(sync.outdated()).map(FullSyncReason::code)
}

/// A component of dist/tests or the built one, with these settings beside the usual ones.
async fn other(server: &Simulator, component: &str, more: &[(&str, &str)]) -> Session {
    let provider = match component {
        "mattermost" => shared_provider(),
        _ => Sandbox::new(Pool::default()).unwrap().load(&bytes(component)).unwrap(),
    };
    let mut settings = settings(&server.url(), &server.tokens().admin);
    for (key, value) in more {
        settings.set(*key, *value);
    }
    provider.connect(access(settings, Egress::new(EgressOptions::default()).unwrap())).await.unwrap()
}

#[tokio::test]
async fn what_cannot_be_brought_up_to_date_is_listed_with_the_reason() {
    let server = simulator(Config { users: 500, ..Config::default() }).await;
    let store: Store = Arc::new(MemoryCheckpoints::new());
    let full = SyncOptions { full: true, ..ASK };
    // Each sync with the reason why it lists everybody or reads every record again.
    let cases: &[(&str, &[(&str, &str)], &SyncOptions, Option<&str>)] = &[
        ("next", &[], &ASK, Some("nothing-kept")),
        ("next", &[], &ASK, Some("changes-not-offered")),
        ("mattermost", &[], &ASK, Some("other-version")),
        ("mattermost", &[], &ASK, None),
        ("mattermost", &[("inactive_after_days", "30")], &ASK, Some("other-settings")),
        ("mattermost", &[("inactive_after_days", "30")], &ASK, None),
        ("mattermost", &[("inactive_after_days", "30")], &full, Some("whole-asked-for")),
        ("mattermost", &[("inactive_after_days", "31")], &ASK, Some("other-settings")),
        ("mattermost", &[("activity_source", "report")], &ASK, Some("other-settings")),
        ("mattermost", &[("activity_source", "report")], &ASK, Some("changes-not-told")),
    ];
    let mut known = Table::new();
    for (component, more, options, expect) in cases {
        let session = other(&server, component, more).await;
        let sync = session.sync((*options).clone(), Arc::clone(&store), "tenant").await.unwrap();
        let (had, sync) = Embedder::knowing(known).finish(sync).await;
        assert_eq!(why(&sync), *expect, "{component} {more:?}");
        assert_eq!(had.end, Some(End::Complete));
        let listed = list(other(&server, component, more).await, ListingOptions::default(), 0).await.unwrap();
        assert_eq!(had.table, listed.users, "{component} {more:?}");
        known = had.table;
    }
}

#[tokio::test]
async fn a_listing_of_several_versions_is_read_again_and_an_interrupted_one_is_resumed() {
    let server = simulator(Config { users: 900, ..Config::default() }).await;
    let store: Store = Arc::new(MemoryCheckpoints::new());
    let page = || ListingOptions { limit: 200, cursor: None };
    let mut listing = session(&server).await.resume(page(), Arc::clone(&store), "tenant").await.unwrap();
    listing.next().await.unwrap().unwrap();
    drop(listing);
    let (_, sync) = synced(&server, &store, Table::new()).await;
    assert_eq!((sync.full_sync_reason(), kept(&sync).await), (Some(&FullSyncReason::Unfinished), fresh(&server).await));
    drop(sync);
    assert_eq!(synced(&server, &store, Table::new()).await.1.full_sync_reason(), None);

    let mut listing = session(&server).await.restart(page(), Arc::clone(&store), "tenant").await.unwrap();
    listing.next().await.unwrap().unwrap();
    drop(listing.continue_in(other(&server, "next", &[]).await));
    while listing.next().await.is_some() {}
    drop(listing);
    let (_, sync) = synced(&server, &store, Table::new()).await;
    assert_eq!((why(&sync), kept(&sync).await), (Some("listing-of-unknown-make"), fresh(&server).await));
}

#[tokio::test]
async fn a_renewed_token_changes_nothing_and_another_tokens_view_is_not_mixed_in() {
    let server = simulator(Config { users: 500, ..Config::default() }).await;
    let store: Store = Arc::new(MemoryCheckpoints::new());
    drop(synced(&server, &store, Table::new()).await);
    let as_whom = async |token: &str| {
        let session = connect(&server.url(), token).await.unwrap();
        let sync = session.sync(ASK, Arc::clone(&store), "tenant").await.unwrap();
        Embedder::default().finish(sync).await
    };
    let (had, sync) = as_whom(&server.tokens().viewer_bot).await;
    assert_eq!(had.end, Some(End::Complete));
    drop(sync);
    let (had, sync) = as_whom(&server.tokens().member).await;
    assert_eq!((had.end, had.gone.len()), (Some(End::Incomplete), 0), "nobody is known to be gone");
    assert!(sync.full_sync_reason().is_some() && had.codes.iter().any(|code| code == "completeness-unproven"));
    assert_eq!(sync.kept(Kept::LastComplete, None, u32::MAX).await.unwrap().len(), 500);
}

#[tokio::test]
async fn a_tenant_whose_version_is_replaced_meanwhile_lists_everybody_in_the_new_one() {
    let server = simulator(Config { users: 12_000, ..Config::default() }).await;
    let store: Store = Arc::new(MemoryCheckpoints::new());
    let registry = Registry::new(Sandbox::new(Pool::default()).unwrap(), HealthPolicy::default());
    let built = registry.load(bytes("mattermost")).await.unwrap();
    let provenance = Provenance { revision: Some("another".into()), ..Provenance::default() };
    let rebuilt = seal(&bytes("mattermost"), built.description(), &provenance).unwrap();
    let rebuilt = registry.load(rebuilt).await.unwrap();
    registry.switch(&built, &SwitchOptions::default()).await.unwrap();
    let egress = Egress::new(EgressOptions::default()).unwrap();
    let access = access(settings(&server.url(), &server.tokens().admin), egress);
    let tenant = registry.tenant("tenant", "mattermost", access).unwrap();
    let mut options = SwitchOptions::default();
    options.hurry = true;
    // Each sync: the version that is switched to after its first step, how often it moved, and what it listed everybody for.
    let cases = [
        (None, 0, Some(FullSyncReason::First)),
        (None, 0, None),
        (Some(&rebuilt), 1, Some(FullSyncReason::OtherVersion)),
        (None, 0, None),
        (Some(&built), 1, Some(FullSyncReason::OtherVersion)),
    ];
    for (version, moves, reason) in cases {
        server.change(ChangeKind::Rename { place: 9_000, username: "zoe".into() }).unwrap();
        let mut sync = tenant.sync(ASK, Arc::clone(&store));
        let mut step = sync.next().await.unwrap().unwrap();
        if let Some(version) = version {
            registry.switch(version, &options).await.unwrap();
        }
        while step.end.is_none() {
            step = sync.next().await.unwrap().unwrap();
        }
        let why = sync.full_sync_reason().or(sync.outdated());
        assert_eq!((sync.moves(), why, step.end), (moves, reason.as_ref(), Some(End::Complete)));
        let kept = sync.kept(Kept::Latest, None, u32::MAX).await.unwrap();
        let kept: Table = kept.into_iter().map(|user| (user.id.clone(), user)).collect();
        assert!(kept == fresh(&server).await, "{reason:?}");
        assert!(sync.next().await.is_none());
    }
}

/// Steps of a sync, after which its process is killed.
async fn killed_after(server: &Simulator, store: &Store, known: Table, steps: u32) -> Table {
    let mut embedder = Embedder::knowing(known);
    let mut sync = begin(server, store).await;
    for _ in 0..steps {
        if !embedder.step(&mut sync).await {
            break;
        }
    }
    embedder.table
}

#[tokio::test]
async fn a_sync_that_is_killed_leaves_a_store_that_the_next_one_brings_up_to_date() {
    let server = simulator(Config { users: 21_000, ..Config::default() }).await;
    let file = std::env::temp_dir().join(format!("sync-{}.sqlite", std::process::id()));
    let open = || -> Store { Arc::new(SqliteCheckpoints::open(&file).unwrap()) };
    let (first, _) = synced(&server, &open(), Table::new()).await;
    let mut known = first.table;
    for steps in 0..5 {
        for place in [10, 7_000, 14_000, 20_000] {
            server.change(ChangeKind::Rename { place, username: format!("zoe{place}") }).unwrap();
        }
        server.change(ChangeKind::Create { username: format!("new{steps}") }).unwrap();
        known = killed_after(&server, &open(), known, steps).await;
        let (had, sync) = synced(&server, &open(), known).await;
        assert_eq!((sync.full_sync_reason(), had.end), (None, Some(End::Complete)), "after {steps} steps");
        let fresh = fresh(&server).await;
        assert_eq!(kept(&sync).await, fresh, "after {steps} steps");
        assert_eq!(had.table, fresh, "after {steps} steps");
        known = had.table;
    }
    for end in ["", "-wal", "-shm", "-1.lock"] {
        drop(std::fs::remove_file(format!("{}{end}", file.display())));
    }
}

#[tokio::test]
async fn differences_that_were_not_reported_to_the_end_are_reported_again() {
    let server = simulator(Config { users: 600, ..Config::default() }).await;
    let store: Store = Arc::new(MemoryCheckpoints::new());
    // A version that cannot report changes lists everybody.
    let begin = async || other(&server, "next", &[]).await.sync(ASK, Arc::clone(&store), "tenant").await.unwrap();
    let (first, sync) = Embedder::default().finish(begin().await).await;
    drop(sync);
    let gone = server.change(ChangeKind::Delete { place: 99 }).unwrap().id;
    let renamed = server.change(ChangeKind::Rename { place: 300, username: "zoe".into() }).unwrap().id;
    let mut sync = begin().await;
    let mut had = Embedder::knowing(first.table.clone());
    while had.changed.is_empty() {
        assert!(had.step(&mut sync).await);
    }
    assert!(had.gone.is_empty());
    drop(sync);
    let later = server.change(ChangeKind::Rename { place: 400, username: "zoe2".into() }).unwrap().id;
    let (had, sync) = Embedder::knowing(first.table).finish(begin().await).await;
    assert_eq!(
        (why(&sync), &had.gone),
        (Some("changes-not-offered"), &vec![gone]),
        "and then everybody is listed again"
    );
    assert_eq!(had.changed.iter().map(|(id, _)| id).collect::<Vec<_>>(), [&renamed, &later]);
    assert_eq!(kept(&sync).await, had.table);
}

/// A sync with another token.
async fn synced_by(server: &Simulator, token: &str, store: &Store, known: Table) -> (Embedder, ListingSync) {
    let session = connect(&server.url(), token).await.unwrap();
    Embedder::knowing(known).finish(session.sync(ASK, Arc::clone(store), "tenant").await.unwrap()).await
}

#[tokio::test]
async fn a_member_token_adds_to_what_is_known_and_takes_nothing_away() {
    let server = simulator(Config { users: 500, ..Config::default() }).await;
    let store: Store = Arc::new(MemoryCheckpoints::new());
    let (admin, member) = (server.tokens().admin.clone(), server.tokens().member.clone());
    // It adds what it sees for the first time, once.
    let (had, _) = synced_by(&server, &member, &store, Table::new()).await;
    assert_eq!((had.end, had.added.len(), had.gone.len()), (Some(End::Incomplete), 500, 0));
    let (had, _) = synced_by(&server, &member, &store, had.table).await;
    assert_eq!((had.end, had.added.len(), had.changed.len()), (Some(End::Incomplete), 0, 0), "{:?}", had.changed);
    // Nobody is reported as gone before that is proven.
    let first = server.change(ChangeKind::Delete { place: 99 }).unwrap().id;
    let (had, _) = synced_by(&server, &member, &store, had.table).await;
    assert_eq!((had.end, had.gone.len(), had.table.len()), (Some(End::Incomplete), 0, 500));
    let (had, sync) = synced_by(&server, &admin, &store, had.table).await;
    assert_eq!((had.end, had.gone, had.added.len()), (Some(End::Complete), vec![first], 0));
    assert_eq!((&had.table, &kept(&sync).await), (&fresh(&server).await, &had.table));
    drop(sync);
    // What was proven stays proven, and a hidden value is not a change.
    let renamed = server.change(ChangeKind::Rename { place: 300, username: "zoe".into() }).unwrap().id;
    let second = server.change(ChangeKind::Delete { place: 50 }).unwrap().id;
    let (had, sync) = synced_by(&server, &member, &store, had.table).await;
    assert_eq!(had.changed, [(renamed, vec!["username".to_owned()])]);
    assert_eq!((had.end, had.gone.len(), had.table == kept(&sync).await), (Some(End::Incomplete), 0, true));
    let hidden = "attributes.auth-service";
    assert!(sync.seen_at().get(hidden) < sync.seen_at().get("username"), "{:?}", sync.seen_at());
    drop(sync);
    server.clear_log();
    let (had, sync) = synced_by(&server, &admin, &store, had.table).await;
    assert_eq!(
        (had.end, had.gone, had.changed.len(), sync.full_sync_reason()),
        (Some(End::Complete), vec![second], 0, None)
    );
    assert_eq!((&had.table, pages(&server)), (&fresh(&server).await, 0));
}

/// Changes one byte of a file of checkpoints: the next sync reports an error, or has the right table.
#[tokio::test]
async fn a_file_that_is_damaged_anywhere_gives_an_error_or_the_right_table() {
    let server = simulator(Config { users: 60, ..Config::default() }).await;
    let folder = std::env::temp_dir().join(format!("damage-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("listing.sqlite");
    let open = || -> Result<Store, Error> { Ok(Arc::new(SqliteCheckpoints::open(&file)?)) };
    for _ in 0..2 {
        drop(synced(&server, &open().unwrap(), Table::new()).await);
        server.change(ChangeKind::Rename { place: 7, username: "zoe".into() }).unwrap();
    }
    let whole = std::fs::read(&file).unwrap();
    let fresh = fresh(&server).await;
    let (mut errors, mut noticed, mut dice) = (0, 0, 0x5eed_u64);
    for _ in 0..200 {
        for name in std::fs::read_dir(&folder).unwrap() {
            drop(std::fs::remove_file(name.unwrap().path()));
        }
        let mut bytes = whole.clone();
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = usize::try_from(dice >> 33).unwrap() % bytes.len();
        bytes[place] ^= u8::try_from(1 + (dice >> 20) % 255).unwrap();
        std::fs::write(&file, bytes).unwrap();
        let synced = async {
            let mut sync = session(&server).await.sync(ASK, open()?, "tenant").await?;
            let mut end = None;
            while let Some(step) = sync.next().await {
                end = step?.end;
            }
            let kept = sync.kept(Kept::Latest, None, u32::MAX).await?;
            let kept: Table = kept.into_iter().map(|user| (user.id.clone(), user)).collect();
            Ok::<_, Error>((end, kept, sync.damaged()))
        };
        match synced.await {
            Ok((end, kept, damaged)) => {
                assert_eq!((end, kept == fresh), (Some(End::Complete), true), "byte {place}, {damaged} records");
                noticed += u32::from(damaged > 0);
            }
            Err(error) => {
                assert!(["checkpoint-unusable", "checkpoint-newer"].contains(&error.code()), "byte {place}: {error}");
                errors += 1;
            }
        }
    }
    drop(std::fs::remove_dir_all(&folder));
    assert!(errors > 0 && noticed > 10, "{errors} errors, {noticed} with damaged records");
}

#[tokio::test]
async fn a_step_that_fails_is_retried() {
    let server = simulator(Config { users: 600, ..Config::default() }).await;
    let store: Store = Arc::new(MemoryCheckpoints::new());
    let (first, _) = synced(&server, &store, Table::new()).await;
    server.change(ChangeKind::Rename { place: 300, username: "zoe".into() }).unwrap();
    server.set_faults(vec![Fault { on: "/users/ids".into(), after: 0, times: Some(40), what: FaultKind::Status(500) }]);
    let mut sync = begin(&server, &store).await;
    let mut had = Embedder::knowing(first.table);
    let mut errors: Vec<Error> = Vec::new();
    while let Some(step) = sync.next().await {
        match step {
            Ok(step) => {
                had.table.extend(step.changed.into_iter().map(|change| (change.new.id.clone(), change.new)));
                had.end = step.end;
            }
            Err(error) => {
                assert!(error.is_retryable() && errors.len() < 40, "{error}");
                errors.push(error.into());
            }
        }
    }
    assert!(!errors.is_empty());
    assert_eq!((sync.full_sync_reason(), had.end), (None, Some(End::Complete)));
    assert_eq!(had.table, fresh(&server).await);
}

fn changes() -> impl Strategy<Value = Vec<ChangeKind>> {
    let name = || "[a-z][a-z0-9]{2,8}";
    let place = any::<u32>;
    let what = prop_oneof![
        2 => name().prop_map(|username| ChangeKind::Create { username }),
        1 => name().prop_map(|username| ChangeKind::CreateBot { username }),
        3 => (place(), name()).prop_map(|(place, username)| ChangeKind::Rename { place, username }),
        2 => place().prop_map(|place| ChangeKind::Deactivate { place }),
        2 => place().prop_map(|place| ChangeKind::Reactivate { place }),
        2 => place().prop_map(|place| ChangeKind::Promote { place }),
        2 => place().prop_map(|place| ChangeKind::RunTeam { place }),
        2 => place().prop_map(|place| ChangeKind::Use { place }),
        1 => place().prop_map(|place| ChangeKind::Delete { place }),
    ];
    proptest::collection::vec(what, 0..8)
}

/// Whatever changes between two syncs, and wherever one is killed, the store has what a fresh listing returns, and so
/// does an embedder that applies the reported changes.
#[test]
fn after_any_changes_a_sync_gives_the_same_table_as_a_listing() {
    static ROUND: AtomicU32 = AtomicU32::new(0);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Cases { cases: 30, failure_persistence: None, ..Cases::default() });
    let rounds = proptest::collection::vec((changes(), proptest::option::of(0_u32..6)), 1..5);
    let (asked, all) = (Cell::new(0), Cell::new(0));
    runner
        .run(&(300_u32..1_300, rounds), |(users, rounds)| {
            runtime.block_on(async {
                let server = simulator(Config { users, ..Config::default() }).await;
                let file = std::env::temp_dir().join(format!(
                    "sync-{}-{}.sqlite",
                    std::process::id(),
                    ROUND.fetch_add(1, Ordering::Relaxed)
                ));
                let store: Store = if users % 2 == 0 {
                    Arc::new(MemoryCheckpoints::new())
                } else {
                    Arc::new(SqliteCheckpoints::open(&file).unwrap())
                };
                let (mut had, _) = synced(&server, &store, Table::new()).await;
                for (changes, killed) in rounds {
                    let deletes = changes.iter().any(|change| matches!(change, ChangeKind::Delete { .. }));
                    for change in changes {
                        let _ = server.change(change);
                    }
                    if let Some(steps) = killed {
                        had.table = killed_after(&server, &store, had.table, steps).await;
                    }
                    let sync;
                    (had, sync) = synced(&server, &store, had.table).await;
                    all.set(all.get() + 1);
                    asked.set(asked.get() + u32::from(sync.full_sync_reason().is_none()));
                    prop_assert_eq!(had.end, Some(End::Complete));
                    prop_assert!(
                        deletes || killed.is_some() || sync.full_sync_reason().is_none(),
                        "{:?}",
                        sync.full_sync_reason()
                    );
                    let fresh = fresh(&server).await;
                    same("the store", &kept(&sync).await, &fresh)?;
                    same("the embedder", &had.table, &fresh)?;
                }
                for end in ["", "-wal", "-shm", "-1.lock"] {
                    drop(std::fs::remove_file(format!("{}{end}", file.display())));
                }
                Ok(())
            })
        })
        .unwrap();
    // A sync that lists everybody each time would pass, but would be useless.
    let (asked, all) = (asked.get(), all.get());
    assert!(asked * 2 >= all, "{asked} of {all} syncs asked what changed");
}

/// That two tables are the same; if not, the first few records that differ.
fn same(whose: &str, table: &Table, fresh: &Table) -> Result<(), TestCaseError> {
    let ids = table.keys().chain(fresh.keys()).collect::<std::collections::BTreeSet<_>>();
    let differing: Vec<_> =
        ids.into_iter().map(|id| (table.get(id), fresh.get(id))).filter(|(one, other)| one != other).take(3).collect();
    prop_assert!(differing.is_empty(), "{whose} differs: {differing:#?}");
    Ok(())
}

/// The requests for team admins and for guests of a single channel: as many for a sync as for a listing.
fn beside(path: &str) -> bool {
    ["in_team=", "/api/v4/teams?", "guest_filter="].iter().any(|part| path.contains(part))
}

/// How many requests a listing by pages takes.
async fn requests_by_pages(server: &Simulator) -> u64 {
    let store: Store = Arc::new(MemoryCheckpoints::new());
    let session = other(server, "mattermost", &[("listing", "pages")]).await;
    drop(Embedder::default().finish(session.sync(ASK, store, "tenant").await.unwrap()).await);
    let requests = server.requests();
    server.clear_log();
    requests
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_sync_needs_a_small_part_of_the_requests_of_a_listing() {
    let users = 200_000;
    let server = simulator_apart(Config { users, ..Config::default() }).await;
    let whole = requests_by_pages(server).await;
    let store: Store = Arc::new(MemoryCheckpoints::new());
    // What adapts to the time that answers take is pinned: answers that wait take memory.
    let begin = async || {
        let session = other(server, "mattermost", &[("max_in_flight", "8")]).await;
        session.sync(ASK, Arc::clone(&store), "tenant").await.unwrap()
    };
    let (first, sync) = Embedder::default().finish(begin().await).await;
    assert_eq!(first.table.len(), usize::try_from(users).unwrap());
    drop(sync);
    for n in 0..100 {
        let place = n * (users / 100);
        let change = match n % 5 {
            0 => ChangeKind::Rename { place, username: format!("zoe{n}") },
            1 => ChangeKind::Deactivate { place },
            2 => ChangeKind::Promote { place },
            3 => ChangeKind::Use { place },
            _ => ChangeKind::Create { username: format!("new{n}") },
        };
        server.change(change).unwrap();
    }
    server.clear_log();
    let (second, sync) = Embedder::knowing(first.table).finish(begin().await).await;
    let repeat = server.requests();
    assert_eq!((sync.full_sync_reason(), second.added.len(), second.changed.len()), (None, 20, 80));
    let beside = u64::try_from(server.log().iter().filter(|exchange| beside(&exchange.path)).count()).unwrap();
    let thousandths = (repeat - beside) * 1_000 / (whole - beside);
    println!(
        "{repeat} requests instead of {whole}, {beside} of them for teams and guests; {} bytes",
        sync.memory_bytes()
    );
    assert!(thousandths <= 60, "{repeat} of {whole}, {beside} of them for teams and guests");
    // 22 batches, each with a request for changes and one for activity, and a few requests for new users and the
    // counts.
    assert!(repeat - beside <= 2 * 22 + 20, "{repeat}, {beside}");
    assert!(sync.memory_bytes() <= 16 << 20, "{}", sync.memory_bytes());
}

/// With `team_admins_max_age`, requests about teams and guests are counted as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_sync_with_an_age_needs_a_small_part_of_the_requests_in_all() {
    let server = simulator_apart(Config { users: 200_000, ..Config::default() }).await;
    let whole = requests_by_pages(server).await;
    let store: Store = Arc::new(MemoryCheckpoints::new());
    let begin = async || {
        let settings = [("max_in_flight", "8"), ("team_admins_max_age", "8760")];
        let session = other(server, "mattermost", &settings).await;
        session.sync(ASK, Arc::clone(&store), "tenant").await.unwrap()
    };
    let (first, sync) = Embedder::default().finish(begin().await).await;
    drop(sync);
    (0..100).for_each(|n| {
        let username = format!("zoe-{n}");
        server.change(ChangeKind::Rename { place: n * 2_000 + 7, username }).unwrap();
    });
    server.clear_log();
    let (second, sync) = Embedder::knowing(first.table).finish(begin().await).await;
    let repeat = server.requests();
    assert_eq!((sync.full_sync_reason(), sync.outdated(), second.changed.len()), (None, None, 100));
    println!("{repeat} requests with an age instead of {whole}");
    assert!(repeat * 1_000 <= whole * 60, "{repeat} of {whole}");
}
