//! Versions that replace each other, as small components.

mod folder;

use std::sync::Arc;
use std::time::Duration;

use provider_egress::{Egress, EgressOptions};
use provider_sandbox::{Access, Pool, Sandbox, Settings};
use provider_store::{End, ListingOptions};
use provider_testing::component::{Bodies, COMPLETE, MORE, provider};

use super::*;
use crate::Error;

const SOON: Duration = Duration::from_millis(50);

/// Small components describe themselves with empty texts.
const ID: &str = "";

fn policy() -> HealthPolicy {
    HealthPolicy {
        faults: 3,
        quarantine: Duration::from_secs(60),
        pause: Duration::from_millis(1),
        tenants: 2,
        probation_calls: 4,
        probation_faults: 1,
    }
}

fn registry() -> Registry {
    Registry::new(Sandbox::new(Pool::default()).unwrap(), policy())
}

async fn load(registry: &Registry, bodies: Bodies) -> Candidate {
    registry.load(provider(&bodies)).await.unwrap()
}

async fn put(registry: &Registry, bodies: Bodies, options: &SwitchOptions) -> Switched {
    registry.switch(&load(registry, bodies).await, options).await.unwrap()
}

fn tenant(registry: &Registry, name: &str) -> Tenant {
    let egress = Egress::new(EgressOptions::default()).unwrap();
    registry.tenant(name, ID, Access::new(Settings::new(), egress)).unwrap()
}

fn listing(users: &'static str) -> Bodies {
    Bodies { users, ..Bodies::default() }
}

fn check(check: &'static str) -> Bodies {
    Bodies { check, ..Bodies::default() }
}

#[tokio::test]
async fn a_running_listing_finishes_in_its_version_and_a_new_one_begins_in_the_next() {
    let registry = registry();
    put(&registry, listing(MORE), &SwitchOptions::default()).await;
    let acme = tenant(&registry, "acme");
    let mut running = acme.listing(ListingOptions::default());
    running.next().await.unwrap().unwrap();
    let switched = put(&registry, listing(COMPLETE), &SwitchOptions::default()).await;
    assert_eq!(switched.leases(), 1);
    assert_eq!(running.next().await.unwrap().unwrap().end, None, "it goes on where it was");
    let mut new = acme.listing(ListingOptions::default());
    assert_eq!(new.next().await.unwrap().unwrap().end, Some(End::Complete));
    assert!(new.next().await.is_none());
    assert_eq!(running.moves(), 0);
    drop(running);
    switched.drained().await;
    assert_eq!(switched.leases(), 0);
}

#[tokio::test]
async fn a_hurried_listing_goes_on_in_the_new_version() {
    let registry = registry();
    put(&registry, listing(MORE), &SwitchOptions::default()).await;
    let mut running = tenant(&registry, "acme").listing(ListingOptions::default());
    running.next().await.unwrap().unwrap();
    let hurry = SwitchOptions { hurry: true, ..SwitchOptions::default() };
    let switched = put(&registry, listing(COMPLETE), &hurry).await;
    assert!(running.next().await.unwrap().unwrap().end.is_some());
    assert_eq!(running.moves(), 1);
    switched.drained().await;
}

#[tokio::test]
async fn a_step_that_outlasts_the_drain_is_asked_for_again_in_the_new_version() {
    let registry = registry();
    put(&registry, listing("(call $sleep) (i32.const 0)"), &SwitchOptions::default()).await;
    let mut running = tenant(&registry, "acme").listing(ListingOptions::default());
    let waiting = tokio::spawn(async move { (running.next().await.unwrap().unwrap().end, running.moves()) });
    tokio::time::sleep(SOON).await;
    let switched = put(&registry, listing(COMPLETE), &SwitchOptions { drain: SOON, ..SwitchOptions::default() }).await;
    let (end, moves) = tokio::time::timeout(Duration::from_secs(120), waiting).await.unwrap().unwrap();
    assert!(end.is_some());
    assert_eq!(moves, 1);
    switched.drained().await;
}

#[tokio::test]
async fn a_version_whose_first_calls_fail_is_taken_back_and_refused_afterwards() {
    let registry = registry();
    let mut events = registry.events();
    put(&registry, check("i32.const 1024"), &SwitchOptions::default()).await;
    let good = registry.active(ID).unwrap();
    let acme = tenant(&registry, "acme");
    acme.check().await.unwrap();
    let bad = provider(&check("unreachable"));
    let candidate = registry.load(bad.clone()).await.unwrap();
    registry.switch(&candidate, &SwitchOptions::default()).await.unwrap();
    for _ in 0..=policy().probation_faults {
        assert_eq!(acme.check().await.unwrap_err().code(), "provider-crashed");
    }
    acme.check().await.expect("the version before serves again");
    assert_eq!(registry.active(ID), Some(good.clone()));
    let mut seen = Vec::new();
    while let Ok(event) = events.try_recv() {
        seen.push(event);
    }
    assert!(seen.contains(&Event::RolledBack { provider: ID.into(), from: candidate.name(), to: good }), "{seen:?}");

    let again = registry.load(bad).await.unwrap();
    let Err(Error::PreflightFailed { objections, .. }) = registry.switch(&again, &SwitchOptions::default()).await
    else {
        panic!("it was given up before");
    };
    assert_eq!(objections, [Objection::GivenUp]);
    registry.switch(&again, &SwitchOptions { again: true, ..SwitchOptions::default() }).await.unwrap();
}

#[tokio::test]
async fn a_listing_in_a_version_that_is_taken_back_goes_on_in_the_one_before() {
    let registry = registry();
    put(&registry, listing(COMPLETE), &SwitchOptions::default()).await;
    let acme = tenant(&registry, "acme");
    put(&registry, listing("unreachable"), &SwitchOptions::default()).await;
    let mut running = acme.listing(ListingOptions::default());
    let mut errors = 0;
    let end = loop {
        match running.next().await.expect("not over") {
            Ok(batch) => break batch.end,
            Err(_) => errors += 1,
        }
    };
    assert_eq!((errors, end.is_some(), running.moves()), (2, true, 1));
}

#[tokio::test]
async fn a_version_that_fails_one_tenant_is_kept_from_it_and_serves_the_others() {
    let registry = registry();
    let mut events = registry.events();
    put(&registry, check("unreachable"), &SwitchOptions::default()).await;
    let (acme, other) = (tenant(&registry, "acme"), tenant(&registry, "other"));
    for _ in 0..policy().faults {
        assert_eq!(acme.check().await.unwrap_err().code(), "provider-crashed");
    }
    let error = acme.check().await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("version-quarantined", true));
    other.licenses().await.expect("another tenant is served");
    for _ in 0..policy().faults {
        assert_eq!(other.check().await.unwrap_err().code(), "provider-crashed");
    }
    let mut seen = Vec::new();
    while let Ok(event) = events.try_recv() {
        seen.push(event);
    }
    assert!(matches!(seen.as_slice(), [.., Event::Quarantined { .. }, Event::Failing { .. }]), "{seen:?}");
    // A version that works serves both at once.
    put(&registry, check("i32.const 1024"), &SwitchOptions::default()).await;
    acme.check().await.unwrap();
    other.check().await.unwrap();
}

#[tokio::test]
async fn a_switch_that_checks_refuses_a_version_that_finds_fault_with_a_tenants_server() {
    let registry = registry();
    put(&registry, Bodies::default(), &SwitchOptions::default()).await;
    let _acme = tenant(&registry, "acme");
    let candidate = load(&registry, check("unreachable")).await;
    let checked = SwitchOptions { check: true, ..SwitchOptions::default() };
    let Err(Error::PreflightFailed { objections, .. }) = registry.switch(&candidate, &checked).await else {
        panic!("its check crashes")
    };
    let [Objection::CheckFailed { tenant, reason }] = objections.as_slice() else { panic!("{objections:?}") };
    assert_eq!(tenant, "acme");
    assert!(reason.contains("provider-crashed"), "{reason}");
    registry.switch(&candidate, &SwitchOptions::default()).await.expect("unchecked it is let through");
    // Both fail now, so that says nothing against the next.
    let next = load(&registry, check("(drop (i32.const 1)) unreachable")).await;
    registry.switch(&next, &checked).await.expect("the version in use finds fault with the server as well");
}

#[tokio::test]
async fn the_earlier_version_is_dropped_when_the_new_one_has_passed() {
    let registry = registry();
    // Other bytes than those of the next, which do the same.
    put(&registry, check("(drop (i32.const 1)) i32.const 1024"), &SwitchOptions::default()).await;
    let acme = tenant(&registry, "acme");
    let switched = put(&registry, Bodies::default(), &SwitchOptions::default()).await;
    for _ in 0..policy().probation_calls {
        acme.check().await.unwrap();
    }
    switched.drained().await;
    let old = switched.old.as_ref().map(Arc::downgrade).unwrap();
    drop(switched);
    // The task that drains lets go a moment later.
    for _ in 0..6_000 {
        if old.strong_count() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the old version is still held");
}

/// The same bytes put into use twice: what is put back when they fail?
#[tokio::test]
async fn the_same_bytes_twice_keep_the_version_before() {
    let registry = registry();
    put(&registry, check("i32.const 1024"), &SwitchOptions::default()).await;
    let good = registry.active(ID).unwrap();
    let acme = tenant(&registry, "acme");
    put(&registry, check("unreachable"), &SwitchOptions::default()).await;
    // The operator repeats the command.
    put(&registry, check("unreachable"), &SwitchOptions::default()).await;
    for _ in 0..=policy().probation_faults {
        acme.check().await.unwrap_err();
    }
    let after = acme.check().await;
    assert_eq!((registry.active(ID), after.is_ok()), (Some(good), true));
}

/// Two bad versions one after the other.
#[tokio::test]
async fn after_two_bad_versions_in_a_row_the_good_one_is_back() {
    let registry = registry();
    put(&registry, check("i32.const 1024"), &SwitchOptions::default()).await;
    let good = registry.active(ID).unwrap();
    let acme = tenant(&registry, "acme");
    put(&registry, check("unreachable"), &SwitchOptions::default()).await;
    acme.check().await.unwrap_err();
    put(&registry, check("(drop (i32.const 1)) unreachable"), &SwitchOptions::default()).await;
    let mut errors = 0;
    for _ in 0..8 {
        errors += u32::from(acme.check().await.is_err());
    }
    assert_eq!((registry.active(ID), errors < 8), (Some(good), true), "{errors} of 8 calls failed");
}

/// Switched back while retiring, and away again: whose time is it?
#[tokio::test]
async fn an_earlier_drain_does_not_cut_a_later_one_short() {
    let registry = registry();
    let (one, two) = (load(&registry, listing(MORE)).await, load(&registry, listing(COMPLETE)).await);
    registry.switch(&one, &SwitchOptions::default()).await.unwrap();
    let acme = tenant(&registry, "acme");
    let short = SwitchOptions { drain: Duration::from_millis(300), ..SwitchOptions::default() };
    registry.switch(&two, &short).await.unwrap();
    registry.switch(&one, &SwitchOptions::default()).await.unwrap();
    let mut running = acme.listing(ListingOptions::default());
    running.next().await.unwrap().unwrap();
    let began = std::time::Instant::now();
    // Ten minutes.
    registry.switch(&two, &SwitchOptions::default()).await.unwrap();
    while began.elapsed() < Duration::from_millis(600) && running.moves() == 0 {
        tokio::time::sleep(SOON).await;
        running.next().await.unwrap().unwrap();
    }
    assert_eq!(running.moves(), 0, "moved after {:?}", began.elapsed());
}

/// A start function that writes a description: an id, a version, and paths to GET.
fn describing(id: &str, version: &str, requests: &[&str]) -> &'static str {
    let (mut start, mut free) = (String::new(), 16_384);
    let number = |start: &mut String, at: usize, value: usize| {
        start.push_str(&format!("(i32.store (i32.const {at}) (i32.const {value}))"));
    };
    let mut text = |start: &mut String, at: usize, text: &str| {
        for (place, byte) in text.bytes().enumerate() {
            start.push_str(&format!("(i32.store8 (i32.const {}) (i32.const {byte}))", free + place));
        }
        number(start, at, free);
        number(start, at + 4, text.len());
        free += text.len();
    };
    // The description is at 1024. Its one setting `url` is made at 24576, with its kind behind two texts, and its list of
    // requests at 32768: three texts, two lists and a text each.
    text(&mut start, 1024, id);
    text(&mut start, 1040, version);
    text(&mut start, 24_576, "url");
    start.push_str("(i32.store8 (i32.const 24592) (i32.const 1))");
    number(&mut start, 1056, 24_576);
    number(&mut start, 1060, 1);
    for (place, path) in requests.iter().enumerate() {
        let at = 32_768 + 48 * place;
        text(&mut start, at, "url");
        text(&mut start, at + 8, "GET");
        text(&mut start, at + 16, path);
    }
    number(&mut start, 1064, 32_768);
    number(&mut start, 1068, requests.len());
    start.leak()
}

async fn described(registry: &Registry, id: &str, version: &str, requests: &[&str]) -> Candidate {
    let bodies = Bodies { start: describing(id, version, requests), ..Bodies::default() };
    let candidate = load(registry, bodies).await;
    assert_eq!((candidate.description().id.as_str(), candidate.description().version.as_str()), (id, version));
    candidate
}

#[tokio::test]
async fn a_candidate_of_another_product_than_the_one_that_is_meant_is_refused() {
    let registry = registry();
    let (one, other) =
        (described(&registry, "one", "1.0.0", &[]).await, described(&registry, "other", "1.0.0", &[]).await);
    let meant = SwitchOptions { provider: Some("one".into()), ..SwitchOptions::default() };
    let theirs = Objection::OtherProvider { ours: "one".into(), theirs: "other".into() };
    for in_use in [None, Some(one.name())] {
        assert_eq!(registry.active("one"), in_use);
        assert_eq!(registry.preflight(&other, &meant).await, vec![theirs.clone()]);
        let Err(Error::PreflightFailed { objections, .. }) = registry.switch(&other, &meant).await else { panic!() };
        assert_eq!((objections, registry.active("other")), (vec![theirs.clone()], None));
        registry.switch(&one, &meant).await.unwrap();
    }
}

/// The paths that a tenant may ask for in the version in use.
fn granted(registry: &Registry, tenant: &Tenant) -> Vec<String> {
    let lease = registry.find(ID).unwrap().lease();
    tenant.state.access().granted(lease.added()).iter().map(|request| request.path.clone()).collect()
}

#[tokio::test]
async fn what_was_granted_for_a_version_goes_when_the_earlier_one_comes_back() {
    let registry = registry();
    let (old, new) = (
        described(&registry, ID, "1.0.0", &["/a", "/b"]).await,
        Bodies { start: describing(ID, "2.0.0", &["/a", "/b", "/more"]), ..check("unreachable") },
    );
    registry.switch(&old, &SwitchOptions::default()).await.unwrap();
    let acme = tenant(&registry, "acme");
    let egress = || Egress::new(EgressOptions::default()).unwrap();
    let only = |name: &str, path: &str| {
        let request = provider_testing::samples::request("GET", path);
        registry.tenant(name, ID, Access::new(Settings::new(), egress()).only(vec![request])).unwrap()
    };
    let strict = only("strict", "/a");
    let candidate = load(&registry, new).await;
    let Err(Error::PreflightFailed { .. }) = registry.switch(&candidate, &SwitchOptions::default()).await else {
        panic!("it wants more")
    };
    let grant = SwitchOptions { grant_more: true, ..SwitchOptions::default() };
    registry.switch(&candidate, &grant).await.unwrap();
    let later = tenant(&registry, "later");
    let later_strict = only("later-strict", "/a");
    assert_eq!(granted(&registry, &acme), ["/a", "/b", "/more"]);
    assert_eq!(granted(&registry, &strict), ["/a", "/more"], "what the old version asked for is not granted with it");
    assert_eq!(granted(&registry, &later), ["/a", "/b", "/more"]);
    assert_eq!(granted(&registry, &later_strict), ["/a"], "it came with a list of its own afterwards");

    for tenant in [&acme, &later] {
        tenant.check().await.unwrap_err();
    }
    assert_eq!(registry.active(ID), Some(old.name()));
    for (tenant, expect) in
        [(&acme, ["/a", "/b"].as_slice()), (&strict, &["/a"]), (&later, &["/a", "/b"]), (&later_strict, &["/a"])]
    {
        assert_eq!(granted(&registry, tenant), expect, "{}", tenant.name());
    }
}

#[tokio::test]
async fn after_a_quarantine_one_call_goes_first_and_a_dropped_one_gives_its_place_back() {
    let policy = HealthPolicy { faults: 1, quarantine: Duration::ZERO, pause: Duration::ZERO, ..policy() };
    let registry = Registry::new(Sandbox::new(Pool::default()).unwrap(), policy);
    put(&registry, Bodies { users: "(call $sleep) (i32.const 0)", ..check("unreachable") }, &SwitchOptions::default())
        .await;
    let acme = tenant(&registry, "acme");
    let code = async || acme.check().await.unwrap_err().code().to_owned();
    assert_eq!(code().await, "provider-crashed");
    let mut running = acme.listing(ListingOptions::default());
    let mut step = Box::pin(running.next());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(step.as_mut().poll(&mut context).is_pending(), "it sleeps");
    for _ in 0..5 {
        assert_eq!(code().await, "version-quarantined");
    }
    drop(step);
    assert_eq!(code().await, "provider-crashed", "the next one goes");
    assert_eq!(code().await, "provider-crashed", "and each after the one before has ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_first_switches_at_once_the_second_has_a_preflight() {
    let first = registry();
    let (one, other) = (described(&first, ID, "1.0.0", &["/a"]).await, described(&first, ID, "2.0.0", &["/b"]).await);
    for _ in 0..200 {
        let registry = Registry::new(first.sandbox().clone(), policy());
        let begin = Arc::new(tokio::sync::Barrier::new(2));
        let switching = [one.clone(), other.clone()].map(|candidate| {
            let (registry, begin) = (registry.clone(), Arc::clone(&begin));
            tokio::spawn(async move {
                begin.wait().await;
                registry.switch(&candidate, &SwitchOptions::default()).await.is_ok()
            })
        });
        let mut made = 0;
        for switch in switching {
            made += u32::from(switch.await.unwrap());
        }
        assert_eq!(made, 1, "each asks for what the other does not");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_switches_leave_the_version_in_use_serving() {
    let registry = registry();
    let mut candidates = Vec::new();
    for version in ["1.0.0", "2.0.0", "3.0.0"] {
        candidates.push(described(&registry, ID, version, &[]).await);
    }
    registry.switch(&candidates[0], &SwitchOptions::default()).await.unwrap();
    let acme = tenant(&registry, "acme");
    let deployment = registry.find(ID).unwrap();
    let mut switching = Vec::new();
    for operator in 0..3 {
        let (registry, candidates) = (registry.clone(), candidates.clone());
        switching.push(tokio::spawn(async move {
            let hurry = SwitchOptions { hurry: true, drain: Duration::ZERO, ..SwitchOptions::default() };
            for turn in 0..300 {
                registry.switch(&candidates[(turn + operator) % 3], &hurry).await.unwrap();
                tokio::task::yield_now().await;
            }
        }));
    }
    while !switching.iter().all(tokio::task::JoinHandle::is_finished) {
        let lease = deployment.lease();
        let phase = lease.phase();
        if deployment.lease().generation() == lease.generation() {
            assert_eq!(phase, versions::Phase::Serving);
        }
        tokio::task::yield_now().await;
    }
    for switch in switching {
        switch.await.unwrap();
    }
    let mut running = acme.listing(ListingOptions::default());
    assert!(running.next().await.unwrap().unwrap().end.is_some());
    assert_eq!((running.moves(), deployment.lease().phase()), (0, versions::Phase::Serving));
}

#[tokio::test]
async fn nothing_is_kept_of_a_tenant_that_is_gone() {
    let registry = registry();
    put(&registry, check("unreachable"), &SwitchOptions::default()).await;
    let known = format!("{:?}", registry.find(ID).unwrap());
    for number in 0..50 {
        let acme = tenant(&registry, &format!("tenant-{number}"));
        acme.check().await.unwrap_err();
    }
    assert_eq!(format!("{:?}", registry.find(ID).unwrap()), known);
}
