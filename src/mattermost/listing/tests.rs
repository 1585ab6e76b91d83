//! Tests of whole listings against a fake server, through the fake network.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;

use provider_sdk::http::{Lost, Response};
use provider_sdk::time::{DAY_MS, timestamp};

use super::super::code::Code;
use super::super::failure::Failure;
use super::super::fake::{Fake, Order, json};
use super::super::settings::Settings;
use super::fake_server::{self, ADMIN, Dates, NOW, Paging, Server, VIEWER, id, row};
use super::*;
use crate::contract::{ListingState, SeatUse, User, UserPage, UserStatus};

/// Settings of a listing by pages; listings by ids have tests of their own.
fn settings() -> Settings {
    settings_of(&[])
}

fn settings_of(pairs: &[(&str, &str)]) -> Settings {
    fake_server::settings_of(&[&[("listing", "pages")], pairs].concat())
}

/// A finished listing, as a host has it.
pub(super) struct Listed {
    pub(super) users: BTreeMap<String, User>,
    pub(super) end: ListingState,
    pub(super) codes: Vec<String>,
    /// The messages of the notices.
    pub(super) messages: Vec<String>,
    pub(super) requests: usize,
    /// How each page was listed.
    pub(super) ways: Vec<String>,
}

/// Lists as a host does, with the same memory for all calls; the server may change between them.
#[track_caller]
fn list(
    server: &mut Server,
    limit: u32,
    order: Order,
    between: impl FnMut(&mut Server, u32),
) -> Result<Listed, Failure> {
    list_with(&settings(), server, limit, order, between)
}

#[track_caller]
pub(super) fn list_with(
    settings: &Settings,
    server: &mut Server,
    limit: u32,
    order: Order,
    mut between: impl FnMut(&mut Server, u32),
) -> Result<Listed, Failure> {
    let (mut memory, mut cursor, mut users) = (Memory::new(), None::<String>, BTreeMap::new());
    let (mut requests, mut ways) = (0, vec![]);
    for call in 0..1_000 {
        let page: UserPage = {
            let (latency_ms, now_ms) = (server.latency_ms, server.now);
            let shared = RefCell::new(&mut *server);
            let mut network = Fake::new(|request| shared.borrow_mut().answer(request))
                .with_pauses(|ms| shared.borrow_mut().now += i64::from(ms));
            (network.order, network.latency_ms, network.now_ms) = (order, latency_ms, now_ms);
            let page = list_users(settings, cursor.as_deref(), limit, &mut memory, &mut network);
            requests += network.sent.len();
            page?
        };
        ways.extend(page.attributes.iter().map(|(_, way)| way.clone()));
        users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
        match page.state {
            ListingState::More(next) => cursor = Some(next),
            end @ (ListingState::Complete | ListingState::Resumed | ListingState::Incomplete(_)) => {
                let messages = page.notices.iter().map(|notice| notice.message.clone()).collect();
                let codes = page.notices.into_iter().map(|notice| notice.code).collect();
                return Ok(Listed { users, end, codes, messages, requests, ways });
            }
        }
        between(server, call);
    }
    panic!("the listing does not end");
}

pub(super) const fn is_complete(end: &ListingState) -> bool {
    matches!(end, ListingState::Complete)
}

#[test]
fn every_size_is_listed_whole_in_as_few_requests_as_needed() {
    // Eight requests before the first page, two of them for those who run the only team and one for guests; a page for
    // every 200 accounts and one to see the end; one for the activity of every call's accounts, or two where more than a
    // thousand of them are there before the last page is; and one to compare the seats.
    let cases = [
        (1, 0, 8 + 1 + 1 + 1),
        (199, 0, 11),
        (200, 0, 8 + 2 + 1 + 1),
        (201, 0, 12),
        (1_000, 0, 8 + 6 + 1 + 1),
        (2_000, 0, 8 + 11 + 1 + 1),
    ];
    for (accounts, limit, expect) in cases {
        for order in [Order::First, Order::Last] {
            let listed = list(&mut Server::of(accounts), limit, order, |_, _| {}).unwrap();
            assert_eq!(listed.users.len(), usize::try_from(accounts).unwrap());
            assert!(is_complete(&listed.end) && listed.codes.is_empty(), "{accounts}: {:?}", listed.codes);
            assert!(listed.requests.abs_diff(expect) <= 1, "{accounts} accounts took {} requests", listed.requests);
        }
    }
}

/// There is at least the token's own account.
#[test]
fn a_server_that_counts_nobody_proves_nothing() {
    let listed = list(&mut Server::of(0), 0, Order::First, |_, _| {}).unwrap();
    assert!(listed.users.is_empty() && !is_complete(&listed.end));
    assert_eq!(listed.codes, ["count-failed"]);
}

#[test]
fn the_limit_sets_the_size_of_a_page() {
    for (limit, expect) in [(0, 2_000), (1, 200), (200, 200), (201, 400), (100_000, 8_000)] {
        let mut server = Server::of(9_000);
        let mut network = Fake::new(|request| server.answer(request));
        let page = list_users(&settings(), None, limit, &mut Memory::new(), &mut network).unwrap();
        assert_eq!(page.users.len(), expect, "{limit}");
        assert_eq!(page.expected_total, Some(9_000));
    }
}

/// Reading ahead requests nothing twice, and nothing beyond the end.
#[test]
fn pages_read_ahead_are_returned_by_the_next_call() {
    for order in [Order::First, Order::Last] {
        for (accounts, limit) in [(20_000, 0), (20_050, 0), (16_000, 0), (3_000, 400), (9_000, 200), (150, 200)] {
            let list_from = |latency_ms| {
                let mut server = Server::of(accounts);
                server.latency_ms = latency_ms;
                let (mut sizes, mut sent) = (vec![], vec![]);
                let (mut memory, mut cursor) = (Memory::new(), None::<String>);
                loop {
                    let mut network = Fake::new(|request| server.answer(request));
                    (network.order, network.in_flight, network.latency_ms) = (order, 32, latency_ms);
                    let page = list_users(&settings(), cursor.as_deref(), limit, &mut memory, &mut network).unwrap();
                    sizes.push(page.users.len());
                    sent.extend(network.sent.iter().map(|request| request.path.clone()));
                    match page.state {
                        ListingState::More(next) => cursor = Some(next),
                        ListingState::Complete => return (sizes, sent),
                        ListingState::Resumed | ListingState::Incomplete(_) => {
                            panic!("{accounts} are not listed whole")
                        }
                    }
                }
            };
            let (near, far) = (list_from(0), list_from(20));
            let pages = |sent: &[String]| {
                let pages: Vec<_> = sent.iter().filter(|path| path.contains("users?page=")).cloned().collect();
                let distinct = pages.iter().collect::<std::collections::BTreeSet<_>>().len();
                assert_eq!(distinct, pages.len(), "a page was read twice");
                distinct
            };
            assert_eq!(pages(&far.1), pages(&near.1), "{accounts}, {limit}");
            assert_eq!(far.0.iter().sum::<usize>(), usize::try_from(accounts).unwrap());
            let most = if limit == 0 { 8_000 } else { limit as usize };
            assert!(far.0.iter().all(|size| *size <= most), "{:?}", far.0);
            // The second call has most of its pages from the first.
            if accounts == 20_000 {
                assert_eq!((far.0.first(), far.0.len() <= 5), (Some(&8_000), true), "{:?}", far.0);
            }
        }
    }
}

#[test]
fn activity_is_joined_by_id() {
    let listed = list(&mut Server::of(450), 0, Order::Last, |_, _| {}).unwrap();
    for (n, user) in (0_u32..).zip(listed.users.values()) {
        assert_eq!(user.id, id(n));
        assert_eq!(user.last_activity_at, timestamp(NOW - 1_000 * i64::from(n)));
        assert_eq!(user.licenses.first().map(|license| license.license_type.as_str()), Some("professional"));
    }
}

#[test]
fn a_token_that_may_not_count_proves_nothing() {
    for (role, codes) in [
        ("system_user", vec!["completeness-unproven", "team-admins-hidden"]),
        ("system_guest", vec!["completeness-unproven", "partial-view", "team-admins-hidden"]),
    ] {
        let mut server = Server::of(450);
        server.role = role;
        let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
        assert_eq!((listed.users.len(), is_complete(&listed.end)), (450, false));
        assert_eq!(listed.codes, codes);
        // Without a count the pages in flight double from one, so that hardly any request is useless.
        assert!(listed.requests <= 8 + 5 + 1, "{}", listed.requests);
    }
}

/// The count only serves as proof. Without a usable one everybody is listed even so, and the notice says what is wrong
/// with the count.
#[test]
fn a_failed_or_wrong_count_only_loses_the_proof() {
    let counts = |number: i64| json(200, format!(r#"{{"total_users_count":{number}}}"#));
    let html = |status| Ok(Response { status, body: b"<html>".to_vec(), ..Response::default() });
    let cases = [
        (
            json(500, "{}"),
            "count-failed",
            Some("users, so the listing cannot be proven complete: the server failed with status 500"),
        ),
        (
            html(504),
            "count-failed",
            Some("the proxy in front of Mattermost answered 504: Mattermost behind it does not answer in time"),
        ),
        (html(403), "count-failed", Some("forbids the request: a gateway, a firewall or a web filter (status 403)")),
        (html(413), "count-failed", None),
        (html(200), "count-failed", None),
        (json(200, "{}"), "count-failed", None),
        (json(200, "null"), "count-failed", None),
        (Err(Lost::TimedOut), "count-failed", Some("did not answer in time")),
        (Err(Lost::Closed), "count-failed", None),
        (json(403, "{}"), "completeness-unproven", None),
        (counts(449), "count-differs", Some("449 counted, 450 listed")),
        (counts(451), "count-differs", Some("451 counted, 450 listed, so 1 may be missing")),
        (counts(1), "count-differs", Some("1 counted, 450 listed")),
        (counts(0), "count-failed", Some("counts 0 accounts, which cannot be")),
        (counts(-5), "count-failed", Some("counts -5 users, which cannot be")),
        (counts(4_000_000_000), "count-failed", Some("counts 4000000000 accounts, which cannot be")),
        (counts(i64::MAX), "count-failed", Some("which cannot be")),
    ];
    for (count, code, detail) in cases {
        let mut server = Server::of(450);
        server.instead = vec![("include_bots=true", count); 3];
        let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
        assert_eq!((listed.users.len(), is_complete(&listed.end)), (450, false), "{code}");
        assert_eq!(listed.codes, [code]);
        let messages = listed.messages;
        // The failed request comes last, in parentheses.
        let cause = messages[0].split(" (GET ").next().unwrap();
        assert!(detail.is_none_or(|detail| cause.ends_with(detail)), "{messages:?}");
    }
    // A count that fails in a later pass does not lose an account either.
    let mut server = Server::of(450);
    let failed = json(500, "{}");
    server.instead =
        vec![("include_bots=true", counts(451)), ("include_bots=true", failed.clone()), ("include_bots=true", failed)];
    let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
    assert_eq!((listed.users.len(), is_complete(&listed.end)), (450, false));
    assert_eq!(listed.codes, ["count-failed", "count-differs"]);
}

/// Accounts that exist before and after a count were counted, whatever their dates: a second reading proves it.
#[test]
fn wrong_dates_cost_another_reading_but_not_the_proof() {
    let day = 24 * 60 * 60 * 1_000;
    let clocks: &[(&str, fn(&mut Server), &[&str])] = &[
        (
            "an account of the future",
            |server| server.date("user000003", NOW + 5 * 86_400_000),
            &["accounts-dated-ahead"],
        ),
        ("an account beyond all calendars", |server| server.date("user000003", i64::MAX), &["accounts-dated-ahead"]),
        ("an account of this moment", |server| server.date("user000003", NOW - 1_000), &[]),
        ("an account of no date", |server| server.date("user000003", 0), &[]),
        ("a clock a year behind", |server| server.date_ahead = -365 * 86_400_000, &["clock-differs"]),
        ("a clock a year ahead", |server| server.date_ahead = 365 * 86_400_000, &["clock-differs"]),
        ("no date anywhere", |server| server.dates = Dates::Nowhere, &["clock-hidden"]),
        ("no date beside the count", |server| server.dates = Dates::AllButCounts, &[]),
    ];
    for (what, set, codes) in clocks {
        for (accounts, limit) in [(9, 0), (450, 200)] {
            let mut server = Server::of(accounts);
            // Some are as old as most, and some are of the last year.
            for n in 0..accounts / 2 {
                server.date(&format!("user{n:06}"), NOW - i64::from(n + 1) * 90 * day);
            }
            set(&mut server);
            let listed = list(&mut server, limit, Order::First, |_, _| {}).unwrap();
            assert_eq!((listed.users.len(), is_complete(&listed.end)), (accounts as usize, true), "{what}");
            assert_eq!(listed.codes, *codes, "{what}");
        }
    }
    let mut server = Server::of(9);
    server.date("user000003", NOW + 5 * day);
    let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
    assert_eq!(listed.messages, ["Accounts are dated in the future: 1 (user000003 (2026-11-29))"]);
    server.date_ahead = -365 * day;
    let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
    assert!(listed.messages[1].ends_with("the server's is 1 year behind"), "{:?}", listed.messages);
}

/// Pages that are smaller than requested are read in their own size; pages that are all the same raise a notice.
#[test]
fn changed_pages_are_read_or_reported() {
    for (accounts, role) in
        [(450, ADMIN), (450, "system_user"), (100, ADMIN), (100, "system_user"), (60, ADMIN), (61, ADMIN)]
    {
        for paging in [Paging::Clamped(100), Paging::Cut(100), Paging::Clamped(60), Paging::Cut(20), Paging::Clamped(7)]
        {
            if role != ADMIN && paging == Paging::Clamped(7) {
                continue; // Without a count a page of seven looks like a server of seven.
            }
            let mut server = Server::of(accounts);
            (server.paging, server.role) = (paging, role);
            let listed = list(&mut server, 0, Order::Last, |_, _| {}).unwrap();
            let is_proven = role == ADMIN;
            assert_eq!(
                (listed.users.len(), is_complete(&listed.end)),
                (accounts as usize, is_proven),
                "{paging:?} {role}"
            );
        }
    }
    for (accounts, role, paging, came) in [
        (450, ADMIN, Paging::QueryLost, 60),
        (450, "system_user", Paging::QueryLost, 60),
        (61, ADMIN, Paging::QueryLost, 60),
        (450, ADMIN, Paging::NumberLost, 200),
        (450, "system_user", Paging::NumberLost, 200),
    ] {
        let mut server = Server::of(accounts);
        (server.paging, server.role) = (paging, role);
        let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
        assert_eq!((listed.users.len(), is_complete(&listed.end)), (came, false), "{paging:?} {role}");
        assert!(listed.codes.iter().any(|code| code == "pages-repeat"), "{paging:?} {role}: {:?}", listed.codes);
        assert!(!listed.codes.iter().any(|code| code == "users-may-be-missing" || code == "count-differs"));
        assert!(listed.requests < 60, "{}", listed.requests);
    }
    // The request that lost its query counts as many as are shown, so the count proves nothing.
    let mut server = Server::of(100);
    server.paging = Paging::QueryLost;
    (0..40).for_each(|n| server.update(&format!("user{n:06}"), |account| account.is_bot = true));
    let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
    assert_eq!((listed.users.len(), is_complete(&listed.end)), (60, false), "{:?}", listed.codes);
}

/// A proxy may block requests for activity, and the server may always fail at them. The first failure is retried, since
/// it may pass.
#[test]
fn failing_requests_for_activity_lose_no_account() {
    let html = |status| Ok(Response { status, body: b"<html>".to_vec(), ..Response::default() });
    let cases = [
        (html(400), 400, 0),
        (html(403), 403, 0),
        (html(405), 405, 0),
        (html(413), 413, 0),
        (json(500, "{}"), 500, 1),
        (html(504), 504, 1),
        (json(400, r#"{"id":"api.context.invalid_body_param.app_error"}"#), 400, 0),
        (json(403, r#"{"id":"api.context.permissions.app_error"}"#), 403, 0),
        (json(404, r#"{"id":"api.context.404.app_error"}"#), 404, 0),
        (html(200), 200, 1),
        (json(200, "{}"), 200, 1),
        (Err(Lost::Closed), 0, 2),
        (Err(Lost::TimedOut), 0, 2),
    ];
    for (fault, status, failures) in cases {
        for accounts in [150, 4_500] {
            let mut server = Server::of(accounts);
            server.most_ids = Some((0, fault.clone()));
            let (mut memory, mut cursor, mut users, mut failed) = (Memory::new(), None::<String>, 0, 0);
            let notices = loop {
                let mut network = Fake::new(|request| server.answer(request));
                let Ok(page) = list_users(&settings(), cursor.as_deref(), 0, &mut memory, &mut network) else {
                    failed += 1;
                    continue;
                };
                users += page.users.len();
                assert!(page.users.iter().all(|user| user.status == UserStatus::Active));
                match page.state {
                    ListingState::More(next) => cursor = Some(next),
                    ListingState::Complete => break page.notices,
                    ListingState::Resumed | ListingState::Incomplete(_) => panic!("{fault:?}"),
                }
            };
            assert_eq!((users, failed, notices.len()), (usize::try_from(accounts).unwrap(), failures, 1));
            assert_eq!(notices[0].code, "last-activity-failed");
            let answered = if status == 0 { "got no answer".to_string() } else { format!("was answered {status}") };
            let cause = format!("POST /api/v4/users/status/ids {answered}");
            assert!(notices[0].message.contains(&cause), "{}", notices[0].message);
        }
    }
}

/// Whatever limits a request, on the way or in the server, it is sent in smaller parts.
#[test]
fn activity_is_requested_in_parts_as_small_as_needed() {
    let html = |status| Ok(Response { status, body: b"<html>".to_vec(), ..Response::default() });
    for (most, refusal) in [
        (1_000, html(413)),
        (34, html(413)),
        (150, json(400, r#"{"id":"api.context.invalid_body_param.app_error"}"#)),
        (60, json(500, r#"{"id":"app.status.get.app_error"}"#)),
        (10, html(400)),
        (11, json(413, r#"{"id":"api.context.request_body_too_large.app_error"}"#)),
    ] {
        for order in [Order::First, Order::Last] {
            let mut server = Server::of(2_450);
            server.most_ids = Some((most, refusal.clone()));
            let listed = list(&mut server, 0, order, |_, _| {}).unwrap();
            assert!(is_complete(&listed.end) && listed.codes.is_empty(), "{most} {refusal:?}: {:?}", listed.codes);
            for (n, user) in (0_u32..).zip(listed.users.values()) {
                assert_eq!(user.last_activity_at, timestamp(NOW - 1_000 * i64::from(n)), "{most} {refusal:?}");
            }
        }
    }
}

/// After somebody sets a status by hand the date is outdated, and the answer may leave out accounts: their activity is
/// not known, and they do not count as inactive.
#[test]
fn unknown_activity_is_reported_and_does_not_count_as_inactive() {
    let old = NOW - 380 * DAY_MS;
    let mut server = Server::of(450);
    server.accounts.values_mut().for_each(|account| account.created = old - DAY_MS);
    let left_out: Vec<String> = (20..30).map(id).collect();
    let by_hand: Vec<String> = (30..35).map(id).collect();
    let mut network = Fake::new(|request| {
        if !request.path.contains("status/ids") {
            return server.answer(request);
        }
        let ids: Vec<String> = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
        let asked = ids.iter().filter(|id| !left_out.contains(id));
        let rows = asked.map(|id| {
            let manual = by_hand.contains(id);
            format!(r#"{{"user_id":"{id}","status":"offline","manual":{manual},"last_activity_at":{old}}}"#)
        });
        json(200, format!("[{}]", rows.collect::<Vec<_>>().join(",")))
    });
    let page = list_users(&settings(), None, 0, &mut Memory::new(), &mut network).unwrap();
    assert!(is_complete(&page.state));
    for user in &page.users {
        let is_by_hand = by_hand.contains(&user.id);
        let is_known = !is_by_hand && !left_out.contains(&user.id);
        assert_eq!((user.status == UserStatus::Inactive, user.last_activity_at.is_some()), (is_known, is_known));
        assert_eq!(user.attributes.iter().any(|(key, _)| key == "status-by-hand"), is_by_hand);
    }
    let notices: Vec<_> = page.notices.iter().map(|notice| (notice.code.as_str(), notice.count)).collect();
    assert_eq!(notices, [("last-activity-hidden", Some(10))]);
}

#[test]
fn an_unreadable_report_loses_no_account() {
    let settings = settings_of(&[("activity_source", "report")]);
    let html = Ok(Response { status: 403, body: b"<html>".to_vec(), ..Response::default() });
    for (fault, failures) in [(json(500, "{}"), 1), (html, 0), (json(403, "{}"), 0)] {
        let mut server = Server::of(450);
        let (mut memory, mut failed) = (Memory::new(), 0);
        let page = loop {
            let mut network = Fake::new(|request| {
                let is_report = request.path.contains("reports/users?sort_column=Username");
                if is_report && !request.path.contains("guest") { fault.clone() } else { server.answer(request) }
            });
            match list_users(&settings, None, 0, &mut memory, &mut network) {
                Ok(page) => break page,
                Err(_) => failed += 1,
            }
        };
        assert!(is_complete(&page.state) && page.users.iter().all(|user| user.last_activity_at.is_some()));
        assert_eq!((failed, page.notices[0].code.as_str()), (failures, "activity-report-hidden"), "{fault:?}");
    }
}

/// The permissions of the token's roles decide what is hidden from it, not their names.
#[test]
fn permissions_decide_what_is_reported_as_hidden() {
    let hides = r#"{"ShowEmailAddress":"false","ShowFullName":"false"}"#;
    let teams = r#""list_public_teams","list_private_teams""#;
    let cases = [
        (VIEWER, format!(r#""view_members",{teams},"view_team""#), "{}", vec![]),
        (VIEWER, r#""view_members","list_public_teams","view_team""#.into(), "{}", vec!["team-admins-hidden"]),
        (VIEWER, r#""view_members","list_private_teams","view_team""#.into(), "{}", vec!["team-admins-hidden"]),
        (ADMIN, format!(r#""view_members",{teams}"#), hides, vec!["emails-hidden", "names-hidden"]),
        (VIEWER, format!(r#""manage_system","view_members",{teams}"#), hides, vec![]),
    ];
    for (role, grants, config, codes) in cases {
        let mut server = Server::of(450);
        (server.role, server.grants, server.config) = (role, Some(grants.clone()), config);
        let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
        assert_eq!(
            (is_complete(&listed.end), listed.codes),
            (true, codes.into_iter().map(String::from).collect()),
            "{role} {grants}"
        );
    }
}

#[test]
fn a_partial_view_is_reported_in_one_pass() {
    for (shown, expect) in [(14, Some("401 of 415 are hidden")), (415, None)] {
        let mut server = Server::of(415);
        (server.role, server.shown) = (VIEWER, shown);
        server.grants = Some(r#""list_public_teams","list_private_teams","view_team""#.into());
        let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
        assert_eq!((listed.users.len(), is_complete(&listed.end)), (shown, expect.is_none()));
        let codes: &[&str] = if expect.is_some() { &["partial-view"] } else { &[] };
        assert_eq!(listed.codes, codes);
        assert!(expect.is_none_or(|expect| listed.messages[0].ends_with(expect)), "{:?}", listed.messages);
        assert!(listed.requests <= 8 + 4 + 2, "{}", listed.requests);
    }
}

/// Older servers, and gateways that refuse the request: the name of a Viewer's role proves nothing, an administrator's
/// does.
#[test]
fn without_permissions_the_other_answers_decide() {
    for (role, codes) in [(ADMIN, vec![]), (VIEWER, vec!["team-admins-hidden"])] {
        let mut server = Server::of(450);
        server.role = role;
        server.instead = vec![("roles/names", json(404, r#"{"id":"api.context.404.app_error"}"#))];
        let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
        assert_eq!(listed.codes, codes, "{role}");
    }
}

#[test]
fn hidden_values_are_reported() {
    let cases = [
        ("system_user", r#"{"ShowEmailAddress":"false"}"#, "emails-hidden"),
        ("system_user", r#"{"ShowFullName":"false"}"#, "names-hidden"),
        (ADMIN, r#"{"EnableUserStatuses":"false"}"#, "last-activity-hidden"),
    ];
    for (role, config, code) in cases {
        let mut server = Server::of(3);
        (server.role, server.config) = (role, config);
        let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
        assert!(listed.codes.iter().any(|raised| raised == code), "{code}: {:?}", listed.codes);
    }
    let mut server = Server::of(3);
    server.instead = vec![("status/ids", json(200, "[]"))];
    let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
    assert_eq!(listed.codes, ["last-activity-hidden"]);
    assert!(is_complete(&listed.end) && listed.users.values().all(|user| user.last_activity_at.is_none()));
}

#[test]
fn excluded_activity_is_not_requested() {
    let mut server = Server::of(300);
    let settings = settings_of(&[("include_activity", "false")]);
    let mut network = Fake::new(|request| server.answer(request));
    let page = list_users(&settings, None, 0, &mut Memory::new(), &mut network).unwrap();
    assert!(network.sent.iter().all(|request| !request.path.contains("status/ids")));
    assert!(is_complete(&page.state) && page.notices.is_empty());
    assert!(page.users.iter().all(|user| user.last_activity_at.is_none()));
}

#[test]
fn unreadable_accounts_are_reported_and_make_the_listing_incomplete() {
    let mut server = Server::of(3);
    let rows: Vec<_> = server.accounts.iter().map(row).collect();
    let body = format!("[{},{{\"id\":7}},{}]", rows.first().unwrap(), rows.last().unwrap());
    server.instead = vec![("users?page=0", json(200, body))];
    let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
    assert_eq!((listed.users.len(), is_complete(&listed.end)), (2, false));
    assert_eq!(listed.codes, ["records-unreadable"]);
    // The notice names them, as far as they have a name.
    let body = r#"[{"id":"long","username":"anna"},{"id":5,"username":"bert"},{"id":"carl","roles":[]},{"id":7},null]"#;
    let mut server = Server::of(5);
    server.instead = vec![("users?page=0", json(200, body))];
    let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
    assert_eq!(listed.messages.len(), 1);
    assert!(listed.messages[0].ends_with(": 5 (bert, carl, 7, anna and 1 more)"), "{:?}", listed.messages);
}

#[test]
fn after_a_fault_nothing_is_lost_and_the_same_cursor_continues() {
    let faults = || {
        [
            ("users?page=4&", Err(Lost::TimedOut), Code::TimedOut),
            ("users?page=4&", Err(Lost::Truncated), Code::AnswerTruncated),
            ("users?page=4&", json(429, "limit exceeded\n"), Code::RateLimited),
            ("users?page=4&", json(200, "[{"), Code::AnswerUnreadable),
            ("users?page=0&", json(500, "{}"), Code::ServerError),
            ("status/ids", Err(Lost::Closed), Code::ConnectionLost),
        ]
    };
    for (text, fault, code) in faults() {
        for (order, latency_ms) in [(Order::First, 0), (Order::Last, 0), (Order::First, 20), (Order::Last, 20)] {
            let mut server = Server::of(1_500);
            // The pages of a high-latency server come in one call, unless the host asks for fewer.
            let limit = if latency_ms == 0 { 0 } else { 600 };
            // Twice: once with other requests, once as the first request of the next call.
            server.instead = vec![(text, fault.clone()), (text, fault.clone())];
            let (mut memory, mut cursor, mut users, mut failures) =
                (Memory::new(), None::<String>, BTreeMap::new(), vec![]);
            let end = loop {
                let mut network = Fake::new(|request| server.answer(request));
                (network.order, network.latency_ms) = (order, latency_ms);
                match list_users(&settings(), cursor.as_deref(), limit, &mut memory, &mut network) {
                    Ok(page) => {
                        users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
                        match page.state {
                            ListingState::More(next) => cursor = Some(next),
                            end @ (ListingState::Complete | ListingState::Resumed | ListingState::Incomplete(_)) => {
                                break end;
                            }
                        }
                    }
                    Err(failure) => failures.push(failure.code),
                }
                assert!(failures.len() < 5);
            };
            assert!(is_complete(&end), "{text} {fault:?}");
            assert_eq!(users.len(), 1_500);
            assert!(users.values().all(|user| user.last_activity_at.is_some()));
            // A request that fails ahead of its turn is retried in its turn, and reported only then.
            assert!(latency_ms > 0 || !failures.is_empty(), "{text}");
            assert!(failures.iter().all(|failure| *failure == code), "{text}: {failures:?}");
        }
    }
}

/// Every account whose profile came is returned before the refusal ends the listing, in whatever order answers and
/// refusals come. A new token continues the listing.
#[test]
fn accounts_that_came_before_a_refusal_are_returned() {
    let expired = || json(401, r#"{"id":"api.context.session_expired.app_error","message":"m","status_code":401}"#);
    // From the n-th request for accounts or their activity on, the token is refused.
    let orders = |(way, most)| [Order::First, Order::Last].map(|order| (way, order, most));
    for (way, order, good) in [("pages", 14), ("ids", 8)]
        .into_iter()
        .flat_map(orders)
        .flat_map(|(way, order, most)| (0..=most).map(move |good| (way, order, good)))
    {
        let settings = settings_of(&[("listing", way)]);
        let mut server = Server::of(5_999);
        let (mut memory, mut cursor, mut users) = (Memory::new(), None::<String>, BTreeMap::new());
        let (mut asked, mut came, mut calls) = (0, 0, 0);
        let failure = loop {
            calls += 1;
            assert!(calls < 20, "{way} {order:?} {good}: no end");
            let mut network = Fake::new(|request| {
                let path = request.path.as_str();
                let is_of_accounts = path.starts_with("/api/v4/users?page=") || path.ends_with("/users/ids");
                if is_of_accounts || path.ends_with("status/ids") {
                    asked += 1;
                    if asked > good {
                        return expired();
                    }
                }
                let answer = server.answer(request);
                if is_of_accounts {
                    let body = answer.as_ref().unwrap().body.as_slice();
                    came += serde_json::from_slice::<Vec<serde_json::Value>>(body).unwrap().len();
                }
                answer
            });
            network.order = order;
            match list_users(&settings, cursor.as_deref(), 0, &mut memory, &mut network) {
                Ok(page) => {
                    users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
                    let ListingState::More(next) = page.state else { panic!("{way} {order:?} {good}") };
                    cursor = Some(next);
                }
                Err(failure) => break failure,
            }
        };
        assert_eq!((failure.code, users.len()), (Code::TokenRefused, came), "{way} {order:?} {good}");

        // Another token continues in another instance, and all come with their activity.
        let mut memory = Memory::new();
        let end = loop {
            let mut network = Fake::new(|request| server.answer(request));
            let page = list_users(&settings, cursor.as_deref(), 0, &mut memory, &mut network).unwrap();
            users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
            match page.state {
                ListingState::More(next) => cursor = Some(next),
                end @ (ListingState::Complete | ListingState::Incomplete(_) | ListingState::Resumed) => break end,
            }
        };
        assert!(users.len() == 5_999 && users.values().all(|user| user.last_activity_at.is_some()), "{way} {good}");
        // A listing by pages only counts the accounts that this instance has seen.
        assert!(is_complete(&end) || (way == "pages" && cursor.is_some()), "{way} {order:?} {good}");
    }
}

/// Nobody is advised to use the token that is in use.
#[test]
fn advice_about_a_refusal_fits_the_token() {
    for (role, text, expect) in [
        (ADMIN, "config/client", "role system_admin"),
        (ADMIN, "users?page=0", "role system_admin"),
        (VIEWER, "users?page=0", "Viewer role (System Console"),
        ("system_user", "users?page=0", "Use a token of a system administrator"),
    ] {
        let mut server = Server::of(5);
        server.role = role;
        server.instead = vec![(text, json(403, r#"{"id":"api.context.permissions.app_error"}"#))];
        let failure = list(&mut server, 0, Order::First, |_, _| {}).err().unwrap();
        let error = crate::contract::Error::from(failure);
        assert!(error.fix.as_deref().unwrap().contains(expect), "{role} {text}: {:?}", error.fix);
    }
}

#[test]
fn cursors_are_bound_and_checked() {
    let mut server = Server::of(900);
    let mut network = Fake::new(|request| server.answer(request));
    let page = list_users(&settings(), None, 1, &mut Memory::new(), &mut network).unwrap();
    drop(network);
    let ListingState::More(cursor) = page.state else { panic!("more") };
    assert!(cursor.len() < 200 && !cursor.contains('t'.to_string().repeat(2).as_str()), "{cursor}");

    let other_server = settings_of(&[("server_url", "https://other.example.com")]);
    let other_days = settings_of(&[("inactive_after_days", "30")]);
    let damaged = cursor.replace('0', "1");
    let cases = [
        (&other_server, cursor.as_str()),
        (&other_days, cursor.as_str()),
        (&settings(), damaged.as_str()),
        (&settings(), &cursor[..cursor.len() - 1]),
        (&settings(), "m2_1_2_3"),
        (&settings(), "m2_"),
        (&settings(), ""),
        (&settings(), "m2_ü"),
    ];
    for (settings, cursor) in cases {
        let mut network = Fake::new(|_| Err(Lost::Closed));
        let failure = list_users(settings, Some(cursor), 1, &mut Memory::new(), &mut network).unwrap_err();
        assert_eq!(failure.code, Code::CursorStale, "{cursor}");
        assert!(network.sent.is_empty());
    }
    // A new token of the same server can continue.
    let new_token =
        settings_of(&[("server_url", "https://chat.example.com/"), ("access_token", "new"), ("max_in_flight", "1")]);
    let mut network = Fake::new(|request| server.answer(request));
    assert!(list_users(&new_token, Some(&cursor), 1, &mut Memory::new(), &mut network).is_ok());
}

#[test]
fn a_listing_resumed_in_a_fresh_instance_is_not_complete() {
    let mut server = Server::of(900);
    let (mut cursor, mut users) = (None::<String>, 0);
    let end = loop {
        let mut network = Fake::new(|request| server.answer(request));
        let page = list_users(&settings(), cursor.as_deref(), 1, &mut Memory::new(), &mut network).unwrap();
        users += page.users.len();
        match page.state {
            ListingState::More(next) => cursor = Some(next),
            end @ (ListingState::Complete | ListingState::Resumed | ListingState::Incomplete(_)) => {
                break (end, page.notices);
            }
        }
    };
    assert_eq!(users, 900);
    assert!(!is_complete(&end.0) && end.1.iter().any(|notice| notice.code == "listing-resumed"));
}

/// Deletes the first account after two pages, so that a row is skipped, and creates another at the end, so that the
/// number is right again.
fn hide(server: &mut Server, call: u32) {
    if call == 1 {
        server.accounts.remove("user000000");
        server.create("zoe", 5_000);
    }
}

#[test]
fn an_account_that_a_deletion_hides_is_found_in_another_pass() {
    for (limit, order) in [(1, Order::First), (400, Order::Last)] {
        let mut server = Server::of(1_000);
        let listed = list(&mut server, limit, order, hide).unwrap();
        // Everybody from the beginning, and the new one. The deleted one took a seat until then.
        assert_eq!(listed.users.len(), 1_001);
        assert_eq!((is_complete(&listed.end), listed.codes), (true, vec!["seats-differ".to_string()]));
    }
}

#[test]
fn another_pass_ends_once_it_has_found_the_missing_accounts() {
    let mut server = Server::of(2_000);
    let listed = list(&mut server, 200, Order::First, |server, call| {
        if call == 0 {
            server.rename("user000000", "zoe");
            server.rename("user000300", "aaa");
        }
        if call == 2 {
            server.rename("user000001", "zoe2");
        }
    });
    let listed = listed.unwrap();
    assert!(is_complete(&listed.end) && listed.users.len() == 2_000);
    // Eleven pages, and only the first few of them again.
    assert!(listed.requests < 7 + 11 + 11 + 6 + 11, "{}", listed.requests);
}

#[test]
fn an_account_deleted_before_it_is_read_does_not_delay_the_end() {
    let mut server = Server::of(600);
    let listed = list(&mut server, 1, Order::First, |server, call| {
        if call == 0 {
            server.accounts.remove("user000599");
            server.now += 2_000;
        }
    });
    let listed = listed.unwrap();
    assert_eq!((listed.users.len(), is_complete(&listed.end)), (599, true));
}

#[test]
fn passes_are_bounded() {
    // In every pass an account that was read moves before the position, so one that was not is skipped.
    let mut server = Server::of(1_000);
    let mut pages = 0;
    let listed = list(&mut server, 1, Order::First, |server, call| {
        pages += 1;
        server.rename(&format!("user{:06}", 990 - call), &format!("a{call:06}"));
        let first = server.accounts.keys().next().cloned().unwrap();
        server.rename(&first, &format!("zz{call:06}"));
    });
    let listed = listed.unwrap();
    assert!(pages <= 3 * 7, "{pages}");
    if !is_complete(&listed.end) {
        assert_eq!(listed.codes, ["users-may-be-missing"]);
    }
}

#[test]
fn a_list_that_repeats_itself_is_reported() {
    let mut server = Server::of(200);
    let same = json(200, format!("[{}]", server.accounts.iter().map(row).collect::<Vec<_>>().join(",")));
    let (mut memory, mut cursor, mut calls) = (Memory::new(), None::<String>, 0);
    let end = loop {
        let mut network =
            Fake::new(
                |request| {
                    if request.path.contains("/users?page=") { same.clone() } else { server.answer(request) }
                },
            );
        match list_users(&settings(), cursor.as_deref(), 0, &mut memory, &mut network) {
            Ok(UserPage { state: ListingState::More(next), .. }) => cursor = Some(next),
            Ok(page) => break page,
            Err(failure) => panic!("{failure:?}"),
        }
        calls += 1;
        assert!(calls < 200);
    };
    let codes: Vec<_> = end.notices.iter().map(|notice| notice.code.as_str()).collect();
    assert_eq!((is_complete(&end.state), codes), (false, vec!["pages-repeat"]));
}

#[test]
fn a_repeated_step_answers_the_same() {
    let mut server = Server::of(1_000);
    let mut memory = Memory::new();
    let mut step = |memory: &mut Memory, cursor: Option<&str>| {
        let mut network = Fake::new(|request| server.answer(request));
        list_users(&settings(), cursor, 1, memory, &mut network).unwrap()
    };
    let more = |page: &UserPage| match &page.state {
        ListingState::More(next) => next.clone(),
        ListingState::Complete | ListingState::Resumed | ListingState::Incomplete(_) => panic!("the end"),
    };
    let first = more(&step(&mut memory, None));
    let (once, again) = (step(&mut memory, Some(&first)), step(&mut memory, Some(&first)));
    assert_eq!((once.users.len(), more(&once)), (again.users.len(), more(&again)));
    let mut cursor = more(&again);
    loop {
        match step(&mut memory, Some(&cursor)).state {
            ListingState::More(next) => cursor = next,
            end @ (ListingState::Complete | ListingState::Resumed | ListingState::Incomplete(_)) => {
                break assert!(is_complete(&end));
            }
        }
    }
}

#[test]
fn the_report_adds_logins_if_it_can_be_read() {
    let report = settings_of(&[("activity_source", "report")]);
    for (version, role, expect, notice) in [
        ("11.6.0.d.e.true", ADMIN, "login", None),
        ("9.5.0.d.e.true", ADMIN, "status", Some("activity-report-hidden")),
        ("11.6.0.d.e.true", "system_user", "status", Some("activity-report-hidden")),
    ] {
        let mut server = Server::of(650);
        (server.version, server.role) = (version, role);
        server.accounts.get_mut("user000007").unwrap().is_bot = true;
        for order in [Order::First, Order::Last] {
            let listed = list_with(&report, &mut server, 0, order, |_, _| {}).unwrap();
            assert_eq!(listed.users.len(), 650);
            for (n, user) in (0_u32..).zip(listed.users.values()) {
                let source = user.attributes.iter().find(|(key, _)| key == "activity-source");
                let by_login = source.is_some_and(|(_, value)| value == "login");
                assert_eq!(by_login, expect == "login" && n != 7, "{n} {version}");
                let ago = i64::from(n) * if by_login { 500 } else { 1_000 };
                assert_eq!(user.last_activity_at, timestamp(NOW - ago), "{n} {version}");
            }
            let raised = listed.codes.iter().find(|code| *code == "activity-report-hidden");
            assert_eq!(raised.map(String::as_str), notice);
        }
    }
}

#[test]
fn statuses_are_requested_in_bodies_that_the_server_accepts() {
    // By version, and by an administrator's own limit.
    for (version, takes, most) in [
        ("7.6.0.d.e.true", 100_000, 90_000),
        ("11.6.0.d.e.true", 300_000, 270_000),
        ("11.6.0.d.e.true", 20_000, 20_000),
    ] {
        let mut server = Server::of(8_000);
        (server.version, server.body_bytes) = (version, takes);
        let mut network = Fake::new(|request| server.answer(request));
        let page = list_users(&settings(), None, 8_000, &mut Memory::new(), &mut network).unwrap();
        assert!(page.users.len() == 8_000 && page.users.iter().all(|user| user.last_activity_at.is_some()));
        let asked = network.sent.iter().filter(|request| request.path.contains("status/ids"));
        let bodies: Vec<_> = asked.filter_map(|request| request.body.as_ref()).map(String::len).collect();
        assert!(bodies.iter().filter(|bytes| **bytes <= most).count() >= bodies.len() - 4, "{bodies:?}");
    }
}

#[test]
fn guests_of_a_single_channel_take_no_seat_if_the_server_says_so() {
    for (version, role, expect) in [
        ("11.6.0.d.e.true", ADMIN, [SeatUse::Free, SeatUse::Occupied]),
        ("11.5.0.d.e.true", ADMIN, [SeatUse::Occupied, SeatUse::Occupied]),
        ("11.6.0.d.e.true", "system_user", [SeatUse::Unknown, SeatUse::Unknown]),
    ] {
        let mut server = Server::of(10);
        (server.version, server.role, server.single) = (version, role, vec![3]);
        for name in ["user000003", "user000004"] {
            server.accounts.get_mut(name).unwrap().roles = "system_guest";
        }
        let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
        let seats = [3, 4].map(|n| listed.users.get(&id(n)).unwrap().seat);
        assert_eq!(seats, expect, "{version} {role}");
        let unknown = listed.codes.iter().any(|code| code == "seats-unknown");
        assert_eq!(unknown, expect.contains(&SeatUse::Unknown));
        assert!(!listed.codes.iter().any(|code| code == "seats-differ"), "{:?}", listed.codes);
    }
}

#[test]
fn a_different_count_of_seats_is_reported() {
    let mut server = Server::of(10);
    server.more_seats = 2;
    let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
    assert_eq!((listed.codes, is_complete(&listed.end)), (vec!["seats-differ".to_string()], true));
}

#[test]
fn a_long_wait_is_left_to_the_host_and_loses_nothing() {
    let limited = || {
        let mut limited = json(429, "limit exceeded\n").unwrap();
        limited.headers.push(("retry-after", "60".to_string()));
        Ok(limited)
    };
    // At the request for the team's administrators, at the third page, and at the activity.
    for (text, users) in [("in_team", 0), ("users?page=2&", 400), ("status/ids", 0)] {
        let mut server = Server::of(900);
        server.instead = vec![(text, limited())];
        let mut network = Fake::new(|request| server.answer(request));
        let mut memory = Memory::new();
        let first = list_users(&settings(), None, 0, &mut memory, &mut network).unwrap();
        assert_eq!((first.users.len(), first.wait_ms), (users, Some(60_000)), "{text}");
        let ListingState::More(cursor) = first.state else { panic!("more") };
        let second = list_users(&settings(), Some(&cursor), 0, &mut memory, &mut network).unwrap();
        assert_eq!((users + second.users.len(), is_complete(&second.state)), (900, true), "{text}");
        let mut pages: Vec<_> = network.sent.iter().filter(|request| request.path.contains("/users?page=")).collect();
        // No page was requested twice, except the refused one and those in flight behind it.
        let asked = pages.len();
        pages.sort_by_key(|request| request.path.clone());
        pages.dedup();
        assert!(asked - pages.len() <= if users > 0 { 3 } else { 0 }, "{text}: {asked}");
    }
    // The same if the pace sends nothing more because the server asks for a longer pause than a call waits. The teams'
    // administrators are then not known yet, and pages that were read are kept.
    let cases = [("in_team", true), ("users?page=2&", true), ("users?page=0&", false)];
    for ((text, begins), took_ms) in cases.into_iter().flat_map(|case| [(case, 1), (case, 20)]) {
        let mut server = Server::of(900);
        server.instead = vec![(text, limited())];
        let mut network = Fake::new(|request| server.answer(request).map(|answer| Response { took_ms, ..answer }));
        let mut memory = Memory::new();
        let first = list_users_paced(&settings(), None, 0, &mut memory, &mut network);
        assert_eq!(first.as_ref().ok().map(|page| page.wait_ms), begins.then_some(Some(60_000)), "{text}");
        let Ok(UserPage { users, state: ListingState::More(cursor), .. }) = first else { continue };
        let second = list_users_paced(&settings(), Some(&cursor), 0, &mut memory, &mut network).unwrap();
        assert_eq!((users.len() + second.users.len(), is_complete(&second.state)), (900, true), "{text}");
    }
    // Nothing was read yet, so nothing is kept.
    let mut server = Server::of(1_000);
    server.instead = vec![("users/me", limited())];
    let failure = list(&mut server, 0, Order::First, |_, _| {}).err().unwrap();
    assert_eq!((failure.code, failure.retry_after_ms), (Code::RateLimited, Some(60_000)));
}

/// A change of an account during a listing.
#[derive(Clone, Debug)]
enum Change {
    Create(u32),
    Delete(u32),
    Rename(u32, u32),
}

fn changes() -> impl Strategy<Value = Vec<(u32, i64, Change)>> {
    let change = prop_oneof![
        any::<u32>().prop_map(Change::Create),
        any::<u32>().prop_map(Change::Delete),
        (any::<u32>(), any::<u32>()).prop_map(|(from, to)| Change::Rename(from, to)),
    ];
    // Most listings take some twenty answers.
    proptest::collection::vec((0_u32..30, prop_oneof![Just(0_i64), 0_i64..3_000], change), 0..12)
}

fn apply(server: &mut Server, change: &Change, next_id: u32) {
    let nth = |server: &Server, n: u32| {
        let at = usize::try_from(n).unwrap() % server.accounts.len().max(1);
        server.accounts.keys().nth(at).cloned()
    };
    match change {
        Change::Create(at) => server.create(&format!("user{:06}x{next_id}", at % 1_200), next_id),
        Change::Delete(n) => {
            if let Some(name) = nth(server, *n) {
                server.accounts.remove(&name);
            }
        }
        Change::Rename(n, to) => {
            if let Some(name) = nth(server, *n) {
                server.rename(&name, &format!("user{:06}y{next_id}", to % 1_200));
            }
        }
    }
}

/// Lists a server that changes while it answers: after its n-th answer is made and before it is dated.
fn list_while(
    server: &mut Server,
    limit: u32,
    changes: &[(u32, i64, Change)],
) -> (BTreeMap<String, User>, ListingState) {
    let (mut memory, mut cursor, mut users) = (Memory::new(), None::<String>, BTreeMap::new());
    let (mut answered, mut next_id) = (0, 10_000);
    for _ in 0..1_000 {
        let (latency_ms, now_ms) = (server.latency_ms, server.now);
        let shared = RefCell::new(&mut *server);
        let mut network = Fake::new(|request| {
            let server = &mut **shared.borrow_mut();
            let before = server.now;
            let plain = server.plain_answer(request);
            for (_, ms, change) in changes.iter().filter(|(at, ..)| *at == answered) {
                server.now += ms;
                apply(server, change, next_id);
                next_id += 1;
            }
            answered += 1;
            let took_ms = u32::try_from(server.now - before).unwrap();
            server.dated(plain).map(|response| Response { took_ms, ..response })
        })
        .with_pauses(|ms| shared.borrow_mut().now += i64::from(ms));
        (network.latency_ms, network.now_ms) = (latency_ms, now_ms);
        let page = list_users(&settings(), cursor.as_deref(), limit, &mut memory, &mut network).unwrap();
        drop(network);
        users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
        match page.state {
            ListingState::More(next) => cursor = Some(next),
            end @ (ListingState::Complete | ListingState::Resumed | ListingState::Incomplete(_)) => {
                return (users, end);
            }
        }
        server.now += 1_000;
    }
    panic!("the listing does not end");
}

/// The count is taken, an account dated a moment before is inserted, and the answer is dated. Another is deleted later,
/// so that a third is on no page. As many accounts as were counted have come, and one is missing.
#[test]
fn an_account_that_is_dated_before_the_count_and_inserted_after_it_proves_nothing() {
    for (insert_lag, date_ahead) in [(0, 0), (2_000, 0), (0, 4_000), (4_000, 4_000)] {
        let mut server = Server::of(1_000);
        (server.insert_lag, server.date_ahead) = (insert_lag, date_ahead);
        // The second request is the count; pages follow, and the first of them has the account that is deleted.
        let changes = [(1, 970, Change::Create(1_199)), (8, 0, Change::Delete(0)), (9, 0, Change::Delete(0))];
        let (users, end) = list_while(&mut server, 1, &changes);
        let missing = server.accounts.values().filter(|account| !users.contains_key(&id(account.n))).count();
        assert!(missing == 0 || !is_complete(&end), "complete without {missing}: {insert_lag} {date_ahead}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever happens during a listing, within a request or between two, a complete listing has everybody who was
    /// there all the time. Accounts are dated up to five seconds before they are inserted, and `Date` comes from a
    /// clock that is up to five seconds ahead, or behind by any time.
    #[test]
    fn a_complete_listing_misses_nobody(
        accounts in 1_u32..1_200,
        changes in changes(),
        limit in 1_u32..500,
        latency_ms in prop::sample::select(vec![0, 20]),
        insert_lag in 0_i64..=5_000,
        date_ahead in -60_000_i64..=5_000,
    ) {
        let mut server = Server::of(accounts);
        (server.latency_ms, server.insert_lag, server.date_ahead) = (latency_ms, insert_lag, date_ahead);
        let before: Vec<u32> = server.accounts.values().map(|account| account.n).collect();
        let (users, end) = list_while(&mut server, limit, &changes);
        let after: Vec<u32> = server.accounts.values().map(|account| account.n).collect();
        if is_complete(&end) {
            for n in before.into_iter().filter(|n| after.contains(n)) {
                prop_assert!(users.contains_key(&id(n)), "{n} is missing");
            }
        }
    }

    /// Any text as a cursor either continues a listing or is refused.
    #[test]
    fn any_text_is_a_safe_cursor(text in "m2_[0-9a-f_,.:-]{0,80}|.{0,40}") {
        let mut network = Fake::new(|_| Err(Lost::Closed));
        let failure = list_users(&settings(), Some(&text), 0, &mut Memory::new(), &mut network).unwrap_err();
        prop_assert_eq!(failure.code, Code::CursorStale);
    }
}
