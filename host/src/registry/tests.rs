//! Versions that take each other's place, as small components.

use std::time::Duration;

use super::*;
use crate::tests::component::{Bodies, COMPLETE, MORE, provider};
use crate::{Egress, EgressOptions, End, ListingOptions, Pool, Settings};

const SOON: Duration = Duration::from_millis(50);

/// Small components describe themselves with empty texts.
const ID: &str = "";

fn patience() -> Patience {
    Patience {
        faults: 3,
        quarantine: Duration::from_secs(60),
        pause: Duration::from_millis(1),
        tenants: 2,
        probation_calls: 4,
        probation_faults: 1,
    }
}

fn registry() -> Registry {
    Registry::new(Sandbox::new(Pool::default()).unwrap(), patience())
}

async fn put(registry: &Registry, bodies: Bodies, options: &SwitchOptions) -> Switched {
    let candidate = registry.load(provider(&bodies)).await.unwrap();
    registry.switch(&candidate, options).await.unwrap()
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
    let (end, moves) = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
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
    for _ in 0..=patience().probation_faults {
        assert_eq!(acme.check().await.unwrap_err().code(), "provider-crashed");
    }
    acme.check().await.expect("the version before serves again");
    assert_eq!(registry.active(ID), Some(good.clone()));
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        told.push(event);
    }
    assert!(told.contains(&Event::RolledBack { provider: ID.into(), from: candidate.name(), to: good }), "{told:?}");

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
    for _ in 0..patience().faults {
        assert_eq!(acme.check().await.unwrap_err().code(), "provider-crashed");
    }
    let error = acme.check().await.unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("version-quarantined", true));
    other.licenses().await.expect("another tenant is served");
    for _ in 0..patience().faults {
        assert_eq!(other.check().await.unwrap_err().code(), "provider-crashed");
    }
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        told.push(event);
    }
    assert!(matches!(told.as_slice(), [.., Event::Quarantined { .. }, Event::Failing { .. }]), "{told:?}");
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
    let candidate = registry.load(provider(&check("unreachable"))).await.unwrap();
    let checked = SwitchOptions { check: true, ..SwitchOptions::default() };
    let Err(Error::PreflightFailed { objections, .. }) = registry.switch(&candidate, &checked).await else {
        panic!("its check crashes")
    };
    let [Objection::CheckFailed { tenant, reason }] = objections.as_slice() else { panic!("{objections:?}") };
    assert_eq!(tenant, "acme");
    assert!(reason.contains("provider-crashed"), "{reason}");
    registry.switch(&candidate, &SwitchOptions::default()).await.expect("unchecked it is let through");
}

#[tokio::test]
async fn the_version_before_goes_when_the_new_one_has_proved_itself() {
    let registry = registry();
    put(&registry, check("i32.const 1024"), &SwitchOptions::default()).await;
    let acme = tenant(&registry, "acme");
    let switched = put(&registry, Bodies::default(), &SwitchOptions::default()).await;
    for _ in 0..patience().probation_calls {
        acme.check().await.unwrap();
    }
    switched.drained().await;
    let old = switched.old.as_ref().map(Arc::downgrade).unwrap();
    drop(switched);
    // The task that drains lets go a moment later.
    for _ in 0..100 {
        if old.strong_count() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the old version is still held");
}

#[tokio::test]
async fn a_watched_folder_takes_what_is_trusted_and_tells_what_is_not() {
    let folder = std::env::temp_dir().join(format!("provider-host-watch-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (first, second) = (provider(&Bodies::default()), provider(&check("unreachable")));
    std::fs::write(folder.join("a.wasm"), &first).unwrap();
    let registry = registry();
    let mut events = registry.events();
    let pins = [crate::Digest::of(&first), crate::Digest::of(&second)];
    let trust = move |file: &str| match file {
        "a.wasm" => Some(crate::Trust::Pinned(pins[0])),
        "b.wasm" => Some(crate::Trust::Pinned(pins[1])),
        _ => None,
    };
    let watch = registry.watch(&folder, SwitchOptions::default(), trust).unwrap();
    let mut next = async || tokio::time::timeout(Duration::from_secs(20), events.recv()).await.unwrap().unwrap();
    let Event::Switched { from: None, .. } = next().await else { panic!() };
    std::fs::write(folder.join("b.wasm"), &first).unwrap();
    let Event::Refused { file, code, .. } = next().await else { panic!() };
    assert_eq!((file.as_str(), code.as_str()), ("b.wasm", "digest-differs"));
    std::fs::write(folder.join("c.wasm"), &first).unwrap();
    let Event::Refused { code, .. } = next().await else { panic!() };
    assert_eq!(code, "component-untrusted");
    std::fs::write(folder.join("b.wasm"), &second).unwrap();
    let Event::Switched { from: Some(_), to, .. } = next().await else { panic!() };
    assert_eq!(to.digest, pins[1]);
    drop(watch);
    std::fs::remove_dir_all(folder).unwrap();
}
