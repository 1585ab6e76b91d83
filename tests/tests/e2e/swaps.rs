//! Versions that replace each other while users are being listed.
#![expect(clippy::print_stdout, reason = "what a swap costs is printed, and not judged")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use end_to_end::components::bytes;
use end_to_end::{access, settings, simulator_apart};
use mattermost_simulator::{Change, ChangeKind, Config, Simulator};
use provider_host::model::User;
use provider_host::{
    Access, Candidate, Egress, EgressOptions, End, Event, HealthPolicy, ListingOptions, Pool, Provenance, Registry,
    Sandbox, SwitchOptions, Tenant, TenantListing, canary, seal,
};

const SWAPS: usize = 100;
const LISTINGS: usize = 50;

async fn load(registry: &Registry, name: &str) -> Candidate {
    registry.load(bytes(name)).await.unwrap()
}

/// The built component, sealed as another build.
async fn rebuilt(registry: &Registry, revision: &str) -> Candidate {
    let built = load(registry, "mattermost").await;
    let provenance = Provenance { revision: Some(revision.to_owned()), ..Provenance::default() };
    registry.load(seal(&bytes("mattermost"), built.description(), &provenance).unwrap()).await.unwrap()
}

fn registry() -> Registry {
    Registry::new(Sandbox::new(Pool::default()).unwrap(), HealthPolicy::default())
}

fn tenant(registry: &Registry, name: &str, server: &Simulator) -> Tenant {
    let egress = Egress::new(EgressOptions::default()).unwrap();
    let access = access(settings(&server.url(), &server.tokens().admin), egress);
    registry.tenant(name, "mattermost", access).unwrap()
}

fn options(hurry: bool) -> SwitchOptions {
    let mut options = SwitchOptions::default();
    options.hurry = hurry;
    options
}

/// Reads a listing to its end: each user once, and how it ended.
async fn read(listing: &mut TenantListing) -> (BTreeMap<String, User>, Option<End>) {
    let (mut users, mut end) = (BTreeMap::new(), None);
    while let Some(batch) = listing.next().await {
        let batch = batch.unwrap();
        for user in batch.users {
            assert!(users.insert(user.id.clone(), user).is_none(), "somebody came twice");
        }
        users.extend(batch.repeated.into_iter().map(|user| (user.id.clone(), user)));
        end = batch.end.or(end);
    }
    (users, end)
}

/// Without the position, in which the next version differs on purpose.
fn comparable(mut users: BTreeMap<String, User>) -> BTreeMap<String, User> {
    users.values_mut().for_each(|user| user.position = None);
    users
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_swaps_leave_fifty_listings_exact() {
    let config = Config { users: 500, latency: Duration::from_millis(15), ..Config::default() };
    let server = simulator_apart(config).await;
    let registry = registry();
    let versions = [
        load(&registry, "mattermost").await,
        load(&registry, "next").await,
        rebuilt(&registry, "another").await,
        load(&registry, "stranger").await,
    ];
    registry.switch(&versions[0], &SwitchOptions::default()).await.unwrap();
    let (expect, end) = read(&mut tenant(&registry, "alone", server).listing(ListingOptions::default())).await;
    assert_eq!((expect.len(), end), (500, Some(End::Complete)));
    let expect = Arc::new(comparable(expect));

    let swapping = Arc::new(AtomicBool::new(true));
    let mut running = Vec::new();
    for number in 0..LISTINGS {
        let tenant = tenant(&registry, &format!("tenant-{number}"), server);
        let (expect, swapping) = (Arc::clone(&expect), Arc::clone(&swapping));
        running.push(tokio::spawn(async move {
            let (mut listings, mut moves, mut pause) = (0_u32, 0, Duration::ZERO);
            // One after another, so that some are under way at every swap.
            while listings == 0 || swapping.load(Ordering::Relaxed) {
                let mut listing = tenant.listing(ListingOptions { limit: 100, cursor: None });
                let (users, end) = read(&mut listing).await;
                assert!(comparable(users) == *expect, "listing {listings} of {} differs", tenant.name());
                assert_eq!(end, Some(End::Complete), "listing {listings} of {}", tenant.name());
                listings += 1;
                moves += listing.moves();
                pause = pause.max(listing.longest_pause());
            }
            (listings, moves, pause)
        }));
    }
    let mut longest = Duration::ZERO;
    for swap in 1..=SWAPS {
        tokio::time::sleep(Duration::from_millis(20)).await;
        // Every other one lets the listings finish where they are; a stranger is hurried to now and then.
        let version = if swap % 10 == 0 { &versions[3] } else { &versions[swap % 3] };
        let began = Instant::now();
        registry.switch(version, &options(swap % 2 == 0)).await.unwrap();
        longest = longest.max(began.elapsed());
    }
    swapping.store(false, Ordering::Relaxed);
    let (mut listings, mut moves, mut pause) = (0, 0, Duration::ZERO);
    for task in running {
        let (done, moved, paused) = task.await.unwrap();
        (listings, moves, pause) = (listings + done, moves + moved, pause.max(paused));
    }
    println!(
        "{SWAPS} swaps under {listings} listings: {moves} moves, longest pause of a listing {pause:?}, longest switch {longest:?}"
    );
    assert!(moves > 0, "no listing was under way when it was hurried");
}

#[tokio::test]
async fn a_version_that_crashes_is_rolled_back_under_a_running_tenant() {
    let server = simulator_apart(Config::default()).await;
    let registry = registry();
    let mut events = registry.events();
    let good = load(&registry, "mattermost").await;
    registry.switch(&good, &SwitchOptions::default()).await.unwrap();
    let acme = tenant(&registry, "acme", server);
    let flaky = load(&registry, "flaky").await;
    registry.switch(&flaky, &SwitchOptions::default()).await.unwrap();
    let mut errors = 0;
    let mut listing = acme.listing(ListingOptions::default());
    let mut users = 0;
    while let Some(batch) = listing.next().await {
        match batch {
            Ok(batch) => users += batch.users.len(),
            Err(error) => {
                assert_eq!(error.code(), "provider-crashed");
                errors += 1;
            }
        }
    }
    assert_eq!(users, 1_000);
    assert!(errors > 0, "the flaky version did not crash");
    assert_eq!(registry.active("mattermost"), Some(good.name()));
    let mut seen = Vec::new();
    while let Ok(event) = events.try_recv() {
        seen.push(event);
    }
    assert!(seen.iter().any(|event| matches!(event, Event::RolledBack { .. })), "{seen:?}");
}

#[tokio::test]
async fn a_canary_finds_the_one_field_in_which_two_versions_differ() {
    let server = simulator_apart(Config { users: 600, ..Config::default() }).await;
    let registry = registry();
    let (old, next) = (load(&registry, "mattermost").await, load(&registry, "next").await);
    let egress = Egress::new(EgressOptions::default()).unwrap();
    let access = access(settings(&server.url(), &server.tokens().admin), egress);
    let session =
        |candidate: &Candidate| candidate.provider().connect_described(candidate.description(), access.clone());
    let same = canary(&mut || session(&old), &mut || session(&old), 200).await.unwrap();
    assert!(same.is_same() && same.compared == 600, "{same:?}");
    let report = canary(&mut || session(&old), &mut || session(&next), 200).await.unwrap();
    assert!(!report.is_same());
    assert_eq!((report.compared, report.missing.len(), report.added.len()), (600, 0, 0));
    assert_eq!(report.fields.keys().collect::<Vec<_>>(), ["position"]);
    let (_, was, is) = &report.fields["position"].examples[0];
    assert_eq!(was.as_str().map(str::to_uppercase).as_deref(), is.as_str());
}

#[tokio::test]
async fn a_canary_is_not_misled_by_what_changes_meanwhile() {
    let change = |what, after| Change { what, after, on: "/users?".into() };
    let changes = vec![
        change(ChangeKind::Rename { place: 500, username: "aaa-renamed".into() }, 1),
        change(ChangeKind::Deactivate { place: 590 }, 1),
        change(ChangeKind::Create { username: "zzz-new".into() }, 2),
        change(ChangeKind::Delete { place: 580 }, 3),
    ];
    let server = simulator_apart(Config { users: 600, changes, ..Config::default() }).await;
    let registry = registry();
    let version = load(&registry, "mattermost").await;
    let egress = Egress::new(EgressOptions::default()).unwrap();
    let access = access(settings(&server.url(), &server.tokens().admin), egress);
    let mut session = || version.provider().connect_described(version.description(), access.clone());
    let report = canary(&mut session.clone(), &mut session, 200).await.unwrap();
    assert!(report.is_same(), "{report:?}");
}

/// A server of one tenant whose answers are not Mattermost's.
async fn garbage() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 8192];
                while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                    let body = "<html>maintenance</html>";
                    let length = body.len();
                    let answer =
                        format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\r\n{body}");
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn one_tenants_server_takes_no_upgrade_from_the_others() {
    let server = simulator_apart(Config { users: 300, ..Config::default() }).await;
    let url = garbage().await;
    // Whether its calls also failed under the earlier version, and whether it calls before the others.
    for (failed_before, calls_first) in [(true, false), (true, true), (false, false), (false, true)] {
        let case = format!("failed before: {failed_before}, calls first: {calls_first}");
        let registry = registry();
        let mut events = registry.events();
        let (old, new) = (load(&registry, "mattermost").await, rebuilt(&registry, "new").await);
        registry.switch(&old, &SwitchOptions::default()).await.unwrap();
        let good = tenant(&registry, "good", server);
        let egress = Egress::new(EgressOptions::default()).unwrap();
        let evil = registry.tenant("evil", "mattermost", Access::new(settings(&url, "t"), egress)).unwrap();
        let fails = async || assert_eq!(evil.licenses().await.unwrap_err().code(), "not-mattermost", "{case}");
        if failed_before {
            fails().await;
        }
        registry.switch(&new, &SwitchOptions::default()).await.unwrap();
        for turn in [calls_first, !calls_first] {
            for _ in 0..10 {
                if turn {
                    fails().await;
                } else {
                    good.licenses().await.unwrap();
                }
            }
        }
        assert_eq!(registry.active("mattermost"), Some(new.name()), "{case}");
        while let Ok(event) = events.try_recv() {
            assert!(matches!(event, Event::Switched { .. } | Event::Drained { .. }), "{case}: {event}");
        }
        let again = registry.switch(&new, &SwitchOptions::default()).await;
        again.map(drop).expect("it was not given up");
    }
}
