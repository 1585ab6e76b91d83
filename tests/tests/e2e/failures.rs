//! Each failure is reported as what it is: a typed error or a failed step, never a trap.

use std::net::TcpListener;

use end_to_end::{connect, connect_from_afar, list, simulator};
use mattermost_simulator::{Config, Fault, FaultKind};
use provider_host::ListingOptions;
use provider_host::model::{CheckOutcome, CheckReport};

async fn check(url: &str, token: &str) -> CheckReport {
    connect(url, token).await.unwrap().check().await.unwrap()
}

/// The first step that did not pass, as `step code`.
fn trouble(report: &CheckReport) -> String {
    let step = report.steps.iter().find(|step| step.outcome != CheckOutcome::Passed);
    step.map_or_else(String::new, |step| {
        assert!(step.fix.as_deref().is_some_and(|fix| !fix.is_empty()), "{step:?}");
        format!("{} {}", step.id, step.code.as_deref().unwrap_or_default())
    })
}

#[tokio::test]
async fn a_closed_port_is_reported() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let report = check(&format!("http://{free}"), "t").await;
    assert_eq!(trouble(&report), "server-reached connection-refused");
    assert!(report.steps.iter().skip(1).all(|step| step.outcome == CheckOutcome::Skipped));
}

#[tokio::test]
async fn a_name_without_an_address_is_reported() {
    assert_eq!(trouble(&check("http://no-such-host.invalid", "t").await), "server-reached name-not-found");
}

#[tokio::test]
async fn each_fault_has_its_code() {
    let cases: &[(FaultKind, &str)] = &[
        (FaultKind::Html, "not-mattermost"),
        (FaultKind::Status(401), "token-refused"),
        (FaultKind::Status(403), "permission-missing"),
        (FaultKind::MfaRequired, "mfa-required"),
        (FaultKind::Status(404), "request-rejected"),
        (FaultKind::RateLimited { retry_after_s: 1 }, "rate-limited"),
        (FaultKind::RateLimited { retry_after_s: 900 }, "rate-limited"),
        (FaultKind::Status(500), "server-error"),
        (FaultKind::Status(502), "server-unavailable"),
        (FaultKind::Garbage, "answer-unreadable"),
        (FaultKind::Body("{\"a\":1}".into()), "answer-unreadable"),
        (FaultKind::Truncated, "answer-truncated"),
        (FaultKind::Reset, "connection-lost"),
        (FaultKind::Redirect("https://elsewhere.example/api/v4/users".into()), "redirected-elsewhere"),
        (FaultKind::Redirect("/chat/api/v4/users".into()), "redirected"),
        (FaultKind::Huge(5 << 20), "answer-too-large"),
        (FaultKind::Endless, "answer-too-large"),
        (FaultKind::ManyHeaders(20_000), "answer-head-too-large"),
        (FaultKind::Trailing, "answer-unreadable"),
    ];
    for (what, code) in cases {
        let fault = Fault { on: "/api/v4/users?page=0".into(), after: 0, times: None, what: what.clone() };
        let server = simulator(Config { faults: vec![fault], ..Config::default() }).await;
        let session = connect(&server.url(), &server.tokens().admin).await.unwrap();
        let error = list(session, ListingOptions::default(), 0).await.unwrap_err();
        let answer = error.as_provider().unwrap_or_else(|| panic!("{what:?} is no error of the provider's: {error}"));
        assert_eq!(answer.code, *code, "{what:?}: {answer:?}");
        assert!(answer.fix.as_deref().is_some_and(|fix| fix.len() > 10), "{what:?}");
        assert_eq!(answer.request.as_deref(), Some("GET /api/v4/users"), "{what:?}");
        assert!(!format!("{answer:?}").contains(&server.tokens().admin), "{what:?}");
    }
}

#[tokio::test]
async fn answers_without_end_are_errors_and_no_crash() {
    let endless = Fault { on: "/api".into(), after: 0, times: None, what: FaultKind::Huge(1 << 40) };
    let server = simulator(Config { faults: vec![endless.clone()], ..Config::default() }).await;
    assert_eq!(trouble(&check(&server.url(), &server.tokens().admin).await), "mattermost-api answer-too-large");

    server.set_faults(vec![Fault { on: "/users?page=".into(), ..endless }]);
    let session = connect(&server.url(), &server.tokens().admin).await.unwrap();
    let error = list(session, ListingOptions { limit: 8_000, cursor: None }, 0).await.unwrap_err();
    assert_eq!(error.code(), "answer-too-large");
}

#[tokio::test]
async fn small_answers_that_want_much_memory_are_errors_and_no_crash() {
    let list = |row: &str| format!("[{}]", vec![row; (3 << 20) / (row.len() + 1)].join(","));
    let keys: Vec<_> = (0..200_000).map(|n| format!("\"{n:x}\":\"\"")).collect();
    let map = format!("{{{}}}", keys.join(","));
    let cases = [
        ("/users?page=", list("{}"), Some("answer-unreadable")),
        ("/users?page=", list("0"), Some("answer-unreadable")),
        ("/users?page=", list("{\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaa\",\"username\":\"x\"}"), Some("answer-unreadable")),
        ("/status/ids", list("{}"), Some("answer-unreadable")),
        ("/teams?", list("[]"), Some("answer-unreadable")),
        ("in_team", list("{}"), Some("answer-unreadable")),
        ("/reports/users/count", list("{}"), Some("answer-unreadable")),
        ("/config/client", map.clone(), Some("answer-unreadable")),
        ("/license/client", map, Some("answer-unreadable")),
        // An answer that is not a list changes nothing.
        ("/users/me", list("\"\\u0000\""), Some("answer-unreadable")),
    ];
    for (on, body, code) in cases {
        let start = body.get(..40).unwrap_or_default().to_owned();
        let fault = Fault { on: on.into(), after: 0, times: None, what: FaultKind::Body(body) };
        let server = simulator(Config { faults: vec![fault], ..Config::default() }).await;
        let session = connect_from_afar(&server, &server.tokens().admin).await.unwrap();
        let error = list_all(session).await;
        assert_eq!(error.as_deref(), code, "{on} {start}");
    }
}

/// The code of the error that a listing with many requests at once ends with.
async fn list_all(session: provider_host::Session) -> Option<String> {
    let options = ListingOptions { limit: 8_000, cursor: None };
    list(session, options, 0).await.err().map(|error| error.code().to_owned())
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_names_the_url_to_use() {
    let server = simulator(Config { subpath: "/chat".into(), ..Config::default() }).await;
    let report = check(&server.origin(), &server.tokens().admin).await;
    let step = report.steps.get(1).unwrap();
    let place = format!("{}/chat", server.origin());
    assert_eq!((step.code.as_deref(), step.params.get("location")), (Some("redirected"), Some(place.as_str())));
    assert!(server.log().iter().all(|exchange| !exchange.path.starts_with("/chat")));
}

#[tokio::test]
async fn each_kind_of_refused_token_has_its_own_code() {
    let server = simulator(Config::default()).await;
    let tokens = server.tokens();
    let cases = [
        (tokens.admin.as_str(), ""),
        (&tokens.viewer_bot, ""),
        (&tokens.member, "everyone-counted completeness-unproven"),
        (&tokens.bot, "everyone-counted completeness-unproven"),
        (&tokens.guest, "users-visible partial-view"),
        (&tokens.revoked, "token-accepted token-refused"),
        ("nonsense", "token-accepted token-refused"),
    ];
    for (token, expect) in cases {
        let report = check(&server.url(), token).await;
        assert_eq!(trouble(&report), expect);
        assert_eq!(report.product_version.as_deref(), Some("11.6.0"));
    }
}

#[tokio::test]
async fn a_wrong_path_is_reported_as_not_mattermost() {
    let server = simulator(Config::default()).await;
    let url = format!("{}/team1/channels", server.url());
    assert_eq!(trouble(&check(&url, &server.tokens().admin).await), "mattermost-api not-mattermost");
}

#[tokio::test]
async fn settings_that_cannot_be_tried_are_refused_before_anything_is_sent() {
    let server = simulator(Config::default()).await;
    let url = server.url();
    let cases = [
        ("", "t", "setting-missing"),
        (url.as_str(), "", "setting-missing"),
        ("chat.example.com", "t", "setting-unusable"),
        ("ftp://chat.example.com", "t", "setting-unusable"),
        (&format!("{url}/?x=1"), "t", "server-url-invalid"),
        (&url, "two words", "secret-unusable"),
    ];
    for (url, token, code) in cases {
        let error = match connect(url, token).await {
            Ok(mut session) => session.check().await.unwrap_err().into(),
            Err(error) => error,
        };
        assert_eq!(error.code(), code, "{url}: {error}");
        assert!(error.fix().is_some());
    }
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn cursors_of_another_server_and_invalid_cursors_are_stale() {
    let server = simulator(Config::default()).await;
    let mut session = connect(&server.url(), &server.tokens().admin).await.unwrap();
    for cursor in ["", "nonsense", "m2_0_0_0", "m9_1"] {
        let error = session.list_page(Some(cursor), 0).await.unwrap_err();
        assert_eq!(error.code(), "cursor-stale", "{cursor}");
    }
}
