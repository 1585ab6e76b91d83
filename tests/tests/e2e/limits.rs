//! The built component runs into the limits of the sandbox.

use std::time::Duration;

use end_to_end::{settings, shared_provider, simulator};
use mattermost_simulator::{Config, Fault, FaultKind};
use provider_host::{Access, Egress, EgressOptions, LimitHit, Limits, SandboxError, Session};

async fn session(limits: Limits, url: &str, token: &str) -> Session {
    let egress = Egress::new(EgressOptions::default()).unwrap();
    shared_provider().connect(Access::new(settings(url, token), egress).limits(limits)).await.unwrap()
}

#[tokio::test]
async fn a_call_that_waits_too_long_is_stopped_and_the_next_one_is_served() {
    let slow =
        Fault { on: "/users?".into(), after: 0, times: Some(1), what: FaultKind::Slow(Duration::from_secs(600)) };
    let server = simulator(Config { faults: vec![slow], ..Config::default() }).await;
    let mut limits = Limits::default();
    // The second call must come to its end within it, on a machine that is busy too.
    limits.call_time = Duration::from_secs(4);
    let mut session = session(limits, &server.url(), &server.tokens().admin).await;
    let error = session.list_page(None, 1).await.map(drop).unwrap_err();
    assert!(matches!(error, SandboxError::LimitHit { limit: LimitHit::CallTime(_), .. }), "{error}");
    assert!(session.list_page(None, 1).await.is_ok());
}

#[tokio::test]
async fn a_guest_that_takes_too_much_memory_is_stopped_by_name() {
    let server = simulator(Config { users: 10_000, ..Config::default() }).await;
    let mut limits = Limits::default();
    limits.memory_bytes = 3 << 20;
    let mut session = session(limits, &server.url(), &server.tokens().admin).await;
    let error = session.list_page(None, 8_000).await.map(drop).unwrap_err();
    assert!(matches!(error, SandboxError::LimitHit { limit: LimitHit::Memory(_), .. }), "{error}");
    assert_eq!(error.code(), "limit-memory");
    // A smaller step fits, in a fresh instance.
    assert!(session.list_page(None, 200).await.is_ok());
}

#[tokio::test]
async fn a_guest_that_returns_too_much_is_stopped_by_name() {
    let server = simulator(Config { users: 2_000, ..Config::default() }).await;
    let mut limits = Limits::default();
    limits.returned_bytes = 100_000;
    let mut session = session(limits, &server.url(), &server.tokens().admin).await;
    let error = session.list_page(None, 2_000).await.map(drop).unwrap_err();
    assert!(matches!(error, SandboxError::LimitHit { limit: LimitHit::ReturnedBytes(_), .. }), "{error}");
}

#[tokio::test]
async fn an_answer_beyond_the_hosts_limit_is_an_error_of_the_providers() {
    let server = simulator(Config { users: 2_000, ..Config::default() }).await;
    let mut limits = Limits::default();
    limits.response_body_bytes = 5_000;
    let mut session = session(limits, &server.url(), &server.tokens().admin).await;
    let error = session.list_page(None, 0).await.map(drop).unwrap_err();
    assert_eq!(error.code(), "answer-too-large");
}

#[tokio::test]
async fn many_sessions_share_one_sandbox() {
    let server = simulator(Config::default()).await;
    let provider = shared_provider();
    let egress = Egress::new(EgressOptions::default()).unwrap();
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let (provider, egress) = (provider.clone(), egress.clone());
        let settings = settings(&server.url(), &server.tokens().admin);
        tasks.push(tokio::spawn(async move {
            let session = provider.connect(Access::new(settings, egress)).await.unwrap();
            end_to_end::list(session, provider_host::ListingOptions::default(), 0).await.unwrap().users.len()
        }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), 1_000);
    }
}
