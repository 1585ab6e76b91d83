//! Guests that compute, wait, grow, return or crash without end are stopped, and the session goes on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use provider_egress::{Egress, EgressOptions};
use provider_testing::component::{Bodies, HUNDRED_USERS, MORE, provider};

use crate::{Access, Error, LimitHit, Limits, Pool, Result, Sandbox, Session, Settings};

/// Long enough for a call that works, on a machine that is busy too.
const SHORT: Duration = Duration::from_secs(1);

/// Limits that are reached soon.
fn low() -> Limits {
    Limits { call_time: Duration::from_secs(300), cpu_time: Duration::from_secs(10), ..Limits::default() }
}

fn access(limits: Limits) -> Access {
    Access::new(Settings::new(), Egress::new(EgressOptions::default()).unwrap()).limits(limits)
}

async fn session(limits: Limits, bodies: Bodies) -> Result<Session> {
    let provider = Sandbox::new(Pool::default())?.load(&provider(&bodies))?;
    provider.connect(access(limits)).await
}

/// Calls `check`, which is to be stopped, and then `list-users`, which works.
async fn stopped(limits: Limits, check: &'static str) -> Error {
    let mut session = session(limits, Bodies { check, ..Bodies::default() }).await.unwrap();
    let error = session.check().await.expect_err("stopped");
    session.list_page(None, 0).await.expect("a fresh instance works");
    error
}

#[track_caller]
fn assert_limit(error: &Error, expect: LimitHit) {
    match error {
        Error::LimitHit { limit, .. } => {
            assert_eq!(*limit, expect);
            assert!(error.to_string().contains(limit.name()), "{error} does not name its limit");
            assert!(
                error.fix().is_some_and(|fix| fix.contains(limit.name()) || limit.name() == "call_time"),
                "{error}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_guest_that_computes_for_ever_is_stopped() {
    let mut limits = low();
    limits.cpu_time = SHORT;
    assert_limit(&stopped(limits, "(call $spin) (i32.const 0)").await, LimitHit::CpuTime(SHORT));
}

#[tokio::test]
async fn a_guest_that_never_waits_is_stopped_by_the_wall_clock_too() {
    let mut limits = low();
    limits.call_time = SHORT;
    assert_limit(&stopped(limits, "(call $spin) (i32.const 0)").await, LimitHit::CallTime(SHORT));
}

/// Calls a guest that computes for ever, measured by a clock.
async fn spun(clock: fn() -> Duration, limits: Limits) -> Error {
    let sandbox = Sandbox::new(Pool::default()).unwrap().measured_by(clock);
    let bodies = Bodies { check: "(call $spin) (i32.const 0)", ..Bodies::default() };
    let loaded = sandbox.load(&provider(&bodies)).unwrap();
    loaded.connect(access(limits)).await.unwrap().check().await.expect_err("stopped")
}

#[tokio::test]
async fn only_the_threads_clock_measures_computing_time() {
    // A thread that others keep from running: the wall clock goes on, and it has computed nothing.
    let mut limits = low();
    (limits.cpu_time, limits.call_time) = (Duration::from_millis(1), SHORT);
    assert_limit(&spun(|| Duration::ZERO, limits).await, LimitHit::CallTime(SHORT));
    // A second of the thread's own, whatever the wall clock says.
    let leaping = || {
        static SECONDS: AtomicU64 = AtomicU64::new(0);
        Duration::from_secs(SECONDS.fetch_add(1, Ordering::Relaxed))
    };
    let cpu_time = Duration::from_secs(40);
    assert_limit(&spun(leaping, Limits { cpu_time, ..low() }).await, LimitHit::CpuTime(cpu_time));
}

#[tokio::test]
async fn a_call_has_one_time_for_its_turn_its_start_and_its_answer() {
    let call_time = Duration::from_secs(4);
    let sandbox = Sandbox::new(Pool { instances: 1, ..Pool::default() }).unwrap();
    let other = sandbox.load(&provider(&Bodies { users: MORE, ..Bodies::default() })).unwrap();
    // It answers after three seconds: too late for a call that has waited for two of its four, in time for a new one.
    let naps = "(call $block (call $after (i64.const 3000000000))) i32.const 1024";
    let sleeping = sandbox.load(&provider(&Bodies { check: naps, ..Bodies::default() })).unwrap();
    let mut session = sleeping.connect(access(Limits { call_time, ..low() })).await.unwrap();
    let mut first = other.connect(access(low())).await.unwrap();
    first.list_page(None, 0).await.unwrap();
    let (stopped, ()) = tokio::join!(session.check(), async {
        tokio::time::sleep(call_time / 2).await;
        drop(first);
    });
    assert_limit(&stopped.unwrap_err(), LimitHit::CallTime(call_time));
}

#[tokio::test]
async fn a_guest_that_sleeps_is_stopped() {
    let mut limits = low();
    limits.call_time = SHORT;
    assert_limit(&stopped(limits, "(call $sleep) (i32.const 0)").await, LimitHit::CallTime(SHORT));
}

#[tokio::test]
async fn a_guest_that_grows_is_stopped() {
    let mut limits = low();
    limits.memory_bytes = 1024 * 1024;
    let grow = "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable";
    assert_limit(&stopped(limits, grow).await, LimitHit::Memory(1024 * 1024));
}

#[tokio::test]
async fn a_guest_that_returns_too_much_is_stopped() {
    let mut limits = low();
    limits.returned_bytes = 4096;
    let mut session = session(limits, Bodies { users: HUNDRED_USERS, ..Bodies::default() }).await.unwrap();
    let error = session.list_page(None, 0).await.expect_err("stopped");
    assert_limit(&error, LimitHit::ReturnedBytes(4096));
    session.check().await.expect("a fresh instance works");
}

#[tokio::test]
async fn a_crash_is_reported_and_the_next_call_works() {
    match stopped(low(), "unreachable").await {
        Error::Trap { call: "check", reason } => assert!(reason.contains("unreachable"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refusal_that_a_guest_lives_through_is_not_blamed_for_a_later_crash() {
    let mut limits = low();
    limits.memory_bytes = 1024 * 1024;
    let bodies = Bodies {
        check: "(drop (memory.grow (i32.const 1000))) (i32.const 1024)",
        licenses: "unreachable",
        ..Bodies::default()
    };
    let mut session = session(limits, bodies).await.unwrap();
    session.check().await.unwrap();
    let error = session.licenses().await.expect_err("crashed");
    assert_eq!(error.code(), "provider-crashed");
    assert_eq!(session.memory_bytes(), 131_072, "what was refused was never used");
}

#[tokio::test]
async fn a_guest_is_stopped_while_it_starts_too() {
    for (start, expect) in
        [("(call $sleep)", "limit-call-time"), ("(call $spin)", "limit-call-time"), ("unreachable", "provider-crashed")]
    {
        let mut limits = low();
        limits.call_time = SHORT;
        let error = session(limits, Bodies { start, ..Bodies::default() }).await.expect_err("stopped");
        assert_eq!(error.code(), expect, "{start}: {error}");
    }
}

#[tokio::test]
async fn a_call_waits_for_room_in_the_pool_and_a_listing_keeps_its_own() {
    let mut limits = low();
    limits.call_time = SHORT;
    let sandbox = Sandbox::new(Pool { instances: 1, ..Pool::default() }).unwrap();
    let loaded = sandbox.load(&provider(&Bodies { users: MORE, ..Bodies::default() })).unwrap();
    let mut first = loaded.connect(access(limits.clone())).await.unwrap();
    let mut second = loaded.connect(access(limits)).await.unwrap();
    first.check().await.unwrap();
    second.check().await.expect("who is not listing takes no room");
    first.list_page(None, 0).await.unwrap();
    let error = second.check().await.expect_err("no room");
    assert_limit(&error, LimitHit::Instances { pool: 1, patience: SHORT });
    assert_eq!(error.code(), "limit-instances", "{error}");
    drop(first);
    second.check().await.expect("there is room again");
}

#[tokio::test]
async fn an_abandoned_call_leaves_a_usable_session() {
    let mut session =
        session(low(), Bodies { check: "(call $sleep) (i32.const 0)", ..Bodies::default() }).await.unwrap();
    assert!(tokio::time::timeout(SHORT, session.check()).await.is_err());
    session.list_page(None, 0).await.unwrap();
}
