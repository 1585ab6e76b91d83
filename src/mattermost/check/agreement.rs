//! Runs a check and a listing against the same server with the same fault: the two must agree.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;

use provider_sdk::http::{Lost, Outcome, Request, Response};
use provider_sdk::pace::Paced;

use super::super::fake::{Fake, json};
use super::super::license::licenses;
use super::super::listing::fake_server::{NOW, Server, settings_of};
use super::super::listing::{Memory, list_users_paced};
use super::super::settings::Settings;
use super::*;
use crate::contract::ListingState;

/// How often a host retries a step.
const RETRIES: u32 = 3;

/// What a route always answers.
struct Fault {
    /// A part of the request's method, path and query.
    on: &'static str,
    answer: Outcome,
}

/// Text that is in no route.
const NOTHING: Fault = Fault { on: "nothing", answer: Err(Lost::Closed) };

fn server() -> Server {
    let license = r#"{"IsLicensed":"true","SkuShortName":"professional","Id":"x","Users":"9000","StartsAt":"1700000000000","ExpiresAt":"1800000000000"}"#;
    Server { license, ..Server::of(1_500) }
}

fn answer(server: &mut Server, fault: &Fault, request: &Request) -> Outcome {
    let full = format!("{} {}", request.method.as_str(), request.path);
    if full.contains(fault.on) {
        return fault.answer.clone();
    }
    match request.name().as_str() {
        "GET /api/v4/system/ping" => server.dated(json(200, r#"{"status":"OK"}"#)),
        "GET /api/v4/limits/server" => json(200, r#"{"activeUserCount":1500,"singleChannelGuestCount":0}"#),
        _ => server.answer(request),
    }
}

/// Whether a host that retries failures that may be retried reaches the end of a listing.
fn lists(settings: &Settings, fault: &Fault) -> Result<Vec<String>, Failure> {
    listing_of(settings, server(), fault)
}

fn listing_of(settings: &Settings, server: Server, fault: &Fault) -> Result<Vec<String>, Failure> {
    let server = RefCell::new(server);
    let (mut memory, mut cursor, mut retries) = (Memory::new(), None::<String>, 0);
    for _ in 0..100 {
        let mut network = Fake::new(|request| answer(&mut server.borrow_mut(), fault, request))
            .with_pauses(|ms| server.borrow_mut().now += i64::from(ms));
        match list_users_paced(settings, cursor.as_deref(), 0, &mut memory, &mut network) {
            Err(failure) if retries < RETRIES && failure.is_retryable() => retries += 1,
            Err(failure) => return Err(failure),
            Ok(page) => match page.state {
                ListingState::More(next) => {
                    // No host waits this long.
                    if page.wait_ms.is_some_and(|ms| ms > 60_000) {
                        return Err(Failure::new(Code::RateLimited, "too long"));
                    }
                    cursor = Some(next);
                }
                ListingState::Complete | ListingState::Resumed | ListingState::Incomplete(_) => {
                    return Ok(page.notices.into_iter().map(|notice| notice.code).collect());
                }
            },
        }
    }
    Err(Failure::new(Code::RateLimited, "the listing does not end"))
}

fn checks(settings: &Settings, fault: &Fault) -> CheckReport {
    check_of(settings, server(), fault)
}

fn check_of(settings: &Settings, mut server: Server, fault: &Fault) -> CheckReport {
    let mut network = Fake::new(|request| answer(&mut server, fault, request));
    network.now_ms = NOW;
    check(settings, &mut Paced::new(&mut network, settings.max_in_flight))
}

fn reads_the_licence(settings: &Settings, fault: &Fault) -> bool {
    let mut server = server();
    let mut network = Fake::new(|request| answer(&mut server, fault, request));
    licenses(&mut Paced::new(&mut network, settings.max_in_flight)).is_ok()
}

/// The answer of a proxy in front of Mattermost.
fn page(status: u16) -> Outcome {
    let headers = vec![("content-type", "text/html".to_string())];
    Ok(Response { status, headers, body: b"<html>".to_vec(), redirect: None, took_ms: 1 })
}

fn an_hour() -> Outcome {
    let headers = vec![("retry-after", "3600".to_string())];
    Ok(Response { status: 429, headers, body: b"limit exceeded\n".to_vec(), redirect: None, took_ms: 1 })
}

fn forbidden() -> Outcome {
    json(403, r#"{"id":"api.context.permissions.app_error"}"#)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_step_fails_exactly_if_a_listing_or_the_licence_fails() {
    let (teams, statuses, count) = ("/teams?", "POST /api/v4/users/status/ids", "stats/filtered?include");
    let (seats, first) = ("stats/filtered", "/users?page=0");
    let failed = || json(500, "{}");
    let large = || Err(Lost::TooLarge(4_194_304));
    // The route and its answer; the steps that did not pass; whether a listing and the licence succeed.
    let cases: Vec<(&'static str, Outcome, &str, bool, bool)> = vec![
        ("nothing", failed(), "", true, true),
        ("/system/ping", failed(), "mattermost-api=warning:server-error", true, true),
        ("/system/ping", page(404), "mattermost-api=warning:not-mattermost", true, true),
        ("/system/ping", Err(Lost::TimedOut), "mattermost-api=warning:timed-out", true, true),
        ("/users/me", failed(), "token-accepted=failed:server-error", false, false),
        ("/users/me", json(401, "{}"), "token-accepted=failed:token-refused", false, false),
        ("/users/me", an_hour(), "token-accepted=failed:rate-limited", false, false),
        (first, failed(), "users-visible=failed:server-error", false, true),
        (first, forbidden(), "users-visible=failed:permission-missing", false, true),
        (first, page(403), "users-visible=failed:gateway-rejected", false, true),
        (first, large(), "users-visible=failed:answer-too-large", false, true),
        (first, json(200, "{}"), "users-visible=failed:answer-unreadable", false, true),
        (first, an_hour(), "users-visible=failed:rate-limited", false, true),
        (count, failed(), "everyone-counted=warning:count-failed", true, true),
        (count, page(504), "everyone-counted=warning:count-failed", true, true),
        (count, page(403), "everyone-counted=warning:count-failed", true, true),
        (count, page(405), "everyone-counted=warning:count-failed", true, true),
        (count, Err(Lost::TimedOut), "everyone-counted=warning:count-failed", true, true),
        (count, forbidden(), "everyone-counted=warning:completeness-unproven", true, true),
        (count, Err(Lost::Closed), "everyone-counted=warning:count-failed", true, true),
        (
            seats,
            page(504),
            "everyone-counted=warning:count-failed license-visible=warning:seats-used-failed",
            true,
            true,
        ),
        (
            seats,
            Err(Lost::Closed),
            "everyone-counted=warning:count-failed license-visible=failed:connection-lost",
            true,
            false,
        ),
        ("/config/client", page(403), "profiles-visible=failed:gateway-rejected", false, false),
        ("/config/client", forbidden(), "profiles-visible=failed:permission-missing", false, false),
        ("/config/client", failed(), "profiles-visible=failed:server-error", false, false),
        ("/config/client", json(200, "{}"), "", true, true),
        (statuses, failed(), "activity-visible=warning:last-activity-failed", true, true),
        (statuses, page(504), "activity-visible=warning:last-activity-failed", true, true),
        (statuses, page(405), "activity-visible=warning:last-activity-failed", true, true),
        (statuses, page(403), "activity-visible=warning:last-activity-failed", true, true),
        (statuses, page(413), "activity-visible=warning:last-activity-failed", true, true),
        (statuses, forbidden(), "activity-visible=warning:last-activity-failed", true, true),
        (statuses, json(200, "[]"), "activity-visible=warning:last-activity-hidden", true, true),
        (statuses, Err(Lost::Closed), "activity-visible=warning:last-activity-failed", true, true),
        (statuses, Err(Lost::TimedOut), "activity-visible=warning:last-activity-failed", true, true),
        (statuses, json(200, "{}"), "activity-visible=warning:last-activity-failed", true, true),
        (teams, failed(), "teams-visible=failed:server-error", false, true),
        (teams, forbidden(), "teams-visible=warning:team-admins-hidden", true, true),
        ("in_team=t1", failed(), "teams-visible=failed:server-error", false, true),
        ("in_team=t1", Err(Lost::TimedOut), "teams-visible=failed:timed-out", false, true),
        ("in_team=t1", an_hour(), "teams-visible=failed:rate-limited", false, true),
        ("guest_filter", failed(), "teams-visible=failed:server-error", false, true),
        ("/license/client", failed(), "license-visible=failed:server-error", false, false),
        ("/license/client", page(504), "license-visible=failed:server-unavailable", false, false),
        ("/license/client", page(403), "license-visible=failed:gateway-rejected", false, false),
        ("/license/client", json(200, "[]"), "license-visible=failed:answer-unreadable", false, false),
        ("/license/client", json(200, "{}"), "license-visible=warning:license-unreadable", true, true),
        ("/limits/server", failed(), "", true, true),
    ];
    let settings = settings_of(&[]);
    for (on, answer, steps, is_listed, is_licensed) in cases {
        let fault = Fault { on, answer };
        let name = format!("{on}: {:?}", fault.answer.as_ref().map(|response| response.status));
        let report = checks(&settings, &fault);
        let found = report.steps.iter().filter_map(|step| {
            let outcome = match step.outcome {
                CheckOutcome::Failed => "failed",
                CheckOutcome::Warning => "warning",
                CheckOutcome::Passed | CheckOutcome::Skipped => return None,
            };
            assert!(step.fix.is_some() && !step.summary.is_empty(), "{name}: {step:?}");
            Some(format!("{}={outcome}:{}", step.id, step.code.as_deref().unwrap_or_default()))
        });
        assert_eq!(found.collect::<Vec<_>>().join(" "), steps, "{name}");
        let listed = lists(&settings, &fault);
        assert_eq!(listed.is_ok(), is_listed, "{name}: {listed:?}");
        assert_eq!(reads_the_licence(&settings, &fault), is_licensed, "{name}");
        assert_eq!(steps.contains("=failed:"), !is_listed || !is_licensed, "{name}");
        // A listing raises the notices that the check warns of, except about what a listing does not need.
        for code in ["count-failed", "completeness-unproven", "last-activity-failed", "last-activity-hidden"] {
            if let Ok(notices) = &listed {
                assert_eq!(notices.iter().any(|notice| notice == code), steps.contains(code), "{name}: {notices:?}");
            }
        }
    }
}

#[test]
fn both_shorten_a_request_that_is_too_long() {
    let settings = settings_of(&[]);
    for (body_bytes, most_ids, refusal) in [
        (1_024, 1_000, page(413)),
        (400, 1_000, page(413)),
        (1 << 20, 34, page(413)),
        (1 << 20, 11, json(400, "{}")),
        (1 << 20, 10, json(500, "{}")),
    ] {
        let limited = || Server { body_bytes, most_ids: Some((most_ids, refusal.clone())), ..server() };
        let name = format!("{body_bytes} bytes, {most_ids} ids, {:?}", refusal.as_ref().map(|refusal| refusal.status));
        let report = check_of(&settings, limited(), &NOTHING);
        assert!(report.steps.iter().all(|step| step.outcome == CheckOutcome::Passed), "{name}: {:?}", report.steps);
        let notices = listing_of(&settings, limited(), &NOTHING).unwrap();
        assert!(!notices.iter().any(|code| code.starts_with("last-activity")), "{name}: {notices:?}");
    }
}

#[test]
fn the_report_on_users_fails_the_check_if_it_fails_the_listing() {
    let settings = settings_of(&[("activity_source", "report")]);
    for (answer, outcome, is_listed) in [
        (json(500, "{}"), CheckOutcome::Warning, true),
        (Err(Lost::TimedOut), CheckOutcome::Warning, true),
        (forbidden(), CheckOutcome::Warning, true),
        (page(405), CheckOutcome::Warning, true),
    ] {
        let fault = Fault { on: "/reports/users?sort_column=Username&page_size=100&from", answer };
        let report = checks(&settings, &fault);
        let step = report.steps.iter().find(|step| step.id == "activity-visible").unwrap();
        assert_eq!((step.outcome, lists(&settings, &fault).is_ok()), (outcome, is_listed), "{:?}", fault.answer);
    }
}

#[test]
fn an_unencrypted_token_is_a_warning_unless_it_stays_on_the_machine() {
    for (url, is_warned) in [
        ("http://chat.example.com", true),
        ("http://10.0.0.5:8065", true),
        ("http://mattermost", true),
        ("http://localhost.example.com", true),
        ("http://127.0.0.1.example.com", true),
        ("http://[2001:db8::1]", true),
        ("https://chat.example.com", false),
        ("http://localhost:8065", false),
        ("http://LOCALHOST", false),
        ("http://chat.localhost", false),
        ("http://127.0.0.1:8065", false),
        ("http://127.8.9.1", false),
        ("http://[::1]:8065", false),
        ("http://[0:0:0:0:0:0:0:1]", false),
        ("http://[::ffff:127.0.0.1]", false),
    ] {
        let report = checks(&settings_of(&[("server_url", url)]), &NOTHING);
        let step = report.steps.first().unwrap();
        let code = step.code.as_deref();
        assert_eq!(code == Some("token-unencrypted"), is_warned, "{url}: {step:?}");
        assert!(report.steps.iter().all(|step| step.outcome != CheckOutcome::Failed), "{url}");
    }
}
