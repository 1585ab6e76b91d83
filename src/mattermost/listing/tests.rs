//! Whole listings against a server of the test's own, through the fake network.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::fake::{Fake, Order, json};
use super::super::http::{Lost, Outcome, Request};
use super::*;
use crate::contract::{Setting, UserPage};

/// The time at which the fake network's server answers, in milliseconds.
const NOW: i64 = 1_795_533_929_000;

fn settings_of(pairs: &[(&str, &str)]) -> Settings {
    let setting = |(key, value): &(&str, &str)| Setting { key: (*key).to_string(), value: (*value).to_string() };
    Settings::parse(&pairs.iter().map(setting).collect::<Vec<_>>()).unwrap()
}

fn settings() -> Settings {
    settings_of(&[("server_url", "https://chat.example.com"), ("access_token", "t")])
}

fn id(n: u32) -> String {
    format!("{n:026}")
}

/// A server's accounts by name, which is the order of its list.
#[derive(Clone)]
struct Server {
    accounts: BTreeMap<String, (u32, i64)>,
    /// What `/users/me` says of the token's account.
    role: &'static str,
    config: &'static str,
    /// Answers for requests that contain the text, in place of the server's own; each is used once.
    instead: Vec<(&'static str, Outcome)>,
}

impl Server {
    fn of(accounts: u32) -> Self {
        let accounts = (0..accounts).map(|n| (format!("user{n:06}"), (n, NOW - 1_000_000))).collect();
        Self { accounts, role: "system_admin system_user", config: "{}", instead: vec![] }
    }

    fn answer(&mut self, request: &Request) -> Outcome {
        if let Some(place) = self.instead.iter().position(|(text, _)| request.path.contains(text)) {
            return self.instead.remove(place).1;
        }
        match request.name().as_str() {
            "GET /api/v4/users/me" => {
                json(200, format!(r#"{{"id":"{}","username":"me","roles":"{}"}}"#, id(0), self.role))
            }
            "GET /api/v4/users/stats/filtered" => match self.role {
                "system_admin system_user" => json(200, format!(r#"{{"total_users_count":{}}}"#, self.accounts.len())),
                _ => json(403, r#"{"id":"api.context.permissions.app_error"}"#),
            },
            "GET /api/v4/config/client" => json(200, self.config),
            "GET /api/v4/license/client" => json(200, r#"{"IsLicensed":"true","SkuShortName":"professional"}"#),
            "GET /api/v4/teams" => json(200, r#"[{"id":"t1","name":"alpha","delete_at":0}]"#),
            "GET /api/v4/users" if request.path.contains("in_team=t1&") => {
                json(200, format!(r#"[{{"id":"{}","username":"x"}}]"#, id(1)))
            }
            "GET /api/v4/users" => {
                let page: usize = request.path.split(['=', '&']).nth(1).unwrap().parse().unwrap();
                let rows: Vec<_> = self.accounts.iter().skip(page * 200).take(200).map(row).collect();
                json(200, format!("[{}]", rows.join(",")))
            }
            "POST /api/v4/users/status/ids" => {
                let ids: Vec<String> = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
                let rows: Vec<_> = ids.iter().rev().map(|id| status(id)).collect();
                json(200, format!("[{}]", rows.join(",")))
            }
            other => panic!("unexpected {other}"),
        }
    }
}

fn row((name, (n, created)): (&String, &(u32, i64))) -> String {
    format!(r#"{{"id":"{}","username":"{name}","create_at":{created},"delete_at":0,"roles":"system_user"}}"#, id(*n))
}

fn status(id: &str) -> String {
    let at = NOW - 1_000 * i64::from(id.parse::<u32>().unwrap());
    format!(r#"{{"user_id":"{id}","status":"offline","manual":false,"last_activity_at":{at}}}"#)
}

/// What a host has at the end of a listing.
struct Listed {
    users: BTreeMap<String, User>,
    end: ListingState,
    codes: Vec<String>,
    requests: usize,
}

/// Lists as a host does, with the same memory for all calls, and lets the server change between them.
#[track_caller]
fn list(
    server: &mut Server,
    limit: u32,
    order: Order,
    mut between: impl FnMut(&mut Server, u32),
) -> Result<Listed, Failure> {
    let (mut memory, mut cursor, mut users, mut requests) = (Memory::new(), None::<String>, BTreeMap::new(), 0);
    for call in 0..1_000 {
        let page: UserPage = {
            let mut network = Fake::new(|request| server.answer(request));
            network.order = order;
            let page = list_users(&settings(), cursor.as_deref(), limit, &mut memory, &mut network);
            requests += network.sent.len();
            page?
        };
        users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
        match page.state {
            ListingState::More(next) => cursor = Some(next),
            end @ (ListingState::Complete | ListingState::Incomplete) => {
                let codes = page.notices.into_iter().map(|notice| notice.code).collect();
                return Ok(Listed { users, end, codes, requests });
            }
        }
        between(server, call);
    }
    panic!("the listing does not end");
}

const fn is_complete(end: &ListingState) -> bool {
    matches!(end, ListingState::Complete)
}

#[test]
fn every_size_is_listed_whole_in_as_few_requests_as_it_needs() {
    // Six requests before the first page, two of them for those who run the only team; a page for every 200 accounts and one to see the end; one for the activity of
    // every call's accounts, or two where more than a thousand of them are there before the last page is.
    let cases = [
        (1, 0, 6 + 1 + 1),
        (199, 0, 8),
        (200, 0, 6 + 2 + 1),
        (201, 0, 9),
        (1_000, 0, 6 + 6 + 1),
        (2_000, 0, 6 + 11 + 1),
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

#[test]
fn a_server_without_accounts_is_listed() {
    let listed = list(&mut Server::of(0), 0, Order::First, |_, _| {}).unwrap();
    assert!(listed.users.is_empty() && is_complete(&listed.end));
}

#[test]
fn the_limit_decides_how_many_come_at_once() {
    for (limit, expect) in [(0, 2_000), (1, 200), (200, 200), (201, 400), (100_000, 8_000)] {
        let mut server = Server::of(9_000);
        let mut network = Fake::new(|request| server.answer(request));
        let page = list_users(&settings(), None, limit, &mut Memory::new(), &mut network).unwrap();
        assert_eq!(page.users.len(), expect, "{limit}");
        assert_eq!(page.expected_total, Some(9_000));
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
        // Without a count the pages in flight double from one, so that hardly any is asked for in vain.
        assert!(listed.requests <= 6 + 5 + 1, "{}", listed.requests);
    }
}

#[test]
fn hidden_values_are_told() {
    let cases = [
        ("system_user", r#"{"ShowEmailAddress":"false"}"#, "emails-hidden"),
        ("system_user", r#"{"ShowFullName":"false"}"#, "names-hidden"),
        ("system_admin system_user", r#"{"EnableUserStatuses":"false"}"#, "last-activity-hidden"),
    ];
    for (role, config, code) in cases {
        let mut server = Server::of(3);
        (server.role, server.config) = (role, config);
        let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
        assert!(listed.codes.iter().any(|told| told == code), "{code}: {:?}", listed.codes);
    }
    let mut server = Server::of(3);
    server.instead = vec![("status/ids", json(200, "[]"))];
    let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
    assert_eq!(listed.codes, ["last-activity-hidden"]);
    assert!(is_complete(&listed.end) && listed.users.values().all(|user| user.last_activity_at.is_none()));
}

#[test]
fn activity_that_is_left_out_is_not_asked_for() {
    let mut server = Server::of(300);
    let settings = settings_of(&[
        ("server_url", "https://chat.example.com"),
        ("access_token", "t"),
        ("include_activity", "false"),
    ]);
    let mut network = Fake::new(|request| server.answer(request));
    let page = list_users(&settings, None, 0, &mut Memory::new(), &mut network).unwrap();
    assert!(network.sent.iter().all(|request| request.body.is_none()));
    assert!(is_complete(&page.state) && page.notices.is_empty());
    assert!(page.users.iter().all(|user| user.last_activity_at.is_none()));
}

#[test]
fn accounts_that_cannot_be_read_are_told_and_make_the_listing_incomplete() {
    let mut server = Server::of(3);
    let rows: Vec<_> = server.accounts.iter().map(row).collect();
    let body = format!("[{},{{\"id\":7}},{}]", rows.first().unwrap(), rows.last().unwrap());
    server.instead = vec![("users?page=0", json(200, body))];
    let listed = list(&mut server, 0, Order::First, |_, _| {}).unwrap();
    assert_eq!((listed.users.len(), is_complete(&listed.end)), (2, false));
    assert_eq!(listed.codes, ["users-may-be-missing", "records-unreadable"]);
}

#[test]
fn a_fault_keeps_what_was_read_and_the_same_cursor_goes_on() {
    let faults = || {
        [
            ("users?page=4&", Err(Lost::TimedOut), Code::TimedOut),
            ("users?page=4&", Err(Lost::Truncated), Code::AnswerTruncated),
            ("users?page=4&", json(429, "limit exceeded\n"), Code::RateLimited),
            ("users?page=4&", json(200, "[{"), Code::AnswerUnreadable),
            ("users?page=0&", json(500, "{}"), Code::ServerError),
            ("stats/filtered", json(500, "{}"), Code::ServerError),
            ("status/ids", Err(Lost::Closed), Code::ConnectionLost),
        ]
    };
    for (text, fault, code) in faults() {
        for order in [Order::First, Order::Last] {
            let mut server = Server::of(1_500);
            // Twice: once within what is read with it, once as the first thing of the next call.
            server.instead = vec![(text, fault.clone()), (text, fault.clone())];
            let (mut memory, mut cursor, mut users, mut failures) =
                (Memory::new(), None::<String>, BTreeMap::new(), vec![]);
            let end = loop {
                let mut network = Fake::new(|request| server.answer(request));
                network.order = order;
                match list_users(&settings(), cursor.as_deref(), 0, &mut memory, &mut network) {
                    Ok(page) => {
                        users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
                        match page.state {
                            ListingState::More(next) => cursor = Some(next),
                            end @ (ListingState::Complete | ListingState::Incomplete) => break end,
                        }
                    }
                    Err(failure) => failures.push(failure.code),
                }
                assert!(failures.len() < 5);
            };
            assert!(is_complete(&end), "{text} {fault:?}");
            assert_eq!(users.len(), 1_500);
            assert!(users.values().all(|user| user.last_activity_at.is_some()));
            assert!(!failures.is_empty() && failures.iter().all(|told| *told == code), "{text}: {failures:?}");
        }
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

    let other_server = settings_of(&[("server_url", "https://other.example.com"), ("access_token", "t")]);
    let other_days = settings_of(&[
        ("server_url", "https://chat.example.com"),
        ("access_token", "t"),
        ("inactive_after_days", "30"),
    ]);
    let damaged = cursor.replace('0', "1");
    let cases = [
        (&other_server, cursor.as_str()),
        (&other_days, cursor.as_str()),
        (&settings(), damaged.as_str()),
        (&settings(), &cursor[..cursor.len() - 1]),
        (&settings(), "m2_1_2_3"),
        (&settings(), "m1_"),
        (&settings(), ""),
        (&settings(), "m1_ü"),
    ];
    for (settings, cursor) in cases {
        let mut network = Fake::new(|_| Err(Lost::Closed));
        let failure = list_users(settings, Some(cursor), 1, &mut Memory::new(), &mut network).unwrap_err();
        assert_eq!(failure.code, Code::CursorStale, "{cursor}");
        assert!(network.sent.is_empty());
    }
    // A new token of the same server goes on.
    let new_token = settings_of(&[("server_url", "https://chat.example.com/"), ("access_token", "new")]);
    let mut network = Fake::new(|request| server.answer(request));
    assert!(list_users(&new_token, Some(&cursor), 1, &mut Memory::new(), &mut network).is_ok());
}

#[test]
fn a_listing_that_goes_on_in_a_fresh_instance_is_not_called_complete() {
    let mut server = Server::of(900);
    let (mut cursor, mut users) = (None::<String>, 0);
    let end = loop {
        let mut network = Fake::new(|request| server.answer(request));
        let page = list_users(&settings(), cursor.as_deref(), 1, &mut Memory::new(), &mut network).unwrap();
        users += page.users.len();
        match page.state {
            ListingState::More(next) => cursor = Some(next),
            end @ (ListingState::Complete | ListingState::Incomplete) => break (end, page.notices),
        }
    };
    assert_eq!(users, 900);
    assert!(!is_complete(&end.0) && end.1.iter().any(|notice| notice.code == "listing-resumed"));
}

#[test]
fn an_account_that_a_deletion_hides_is_not_passed_over() {
    // A deletion before the position skips a row; a creation at the end makes up the number.
    let mut server = Server::of(1_000);
    let listed = list(&mut server, 1, Order::First, |server, call| {
        if call == 1 {
            server.accounts.remove("user000000");
            server.accounts.insert("zoe".to_string(), (5_000, NOW + 5_000));
        }
    });
    let listed = listed.unwrap();
    assert_eq!(listed.users.len(), 1_000);
    assert!(!is_complete(&listed.end));
    assert_eq!(listed.codes, ["users-may-be-missing"]);
}

/// Something that happens to an account while it is listed.
#[derive(Clone, Debug)]
enum Change {
    Create(u32),
    Delete(u32),
    Rename(u32, u32),
}

fn changes() -> impl Strategy<Value = Vec<(u32, Change)>> {
    let change = prop_oneof![
        any::<u32>().prop_map(Change::Create),
        any::<u32>().prop_map(Change::Delete),
        (any::<u32>(), any::<u32>()).prop_map(|(from, to)| Change::Rename(from, to)),
    ];
    proptest::collection::vec((0_u32..6, change), 0..12)
}

fn apply(server: &mut Server, change: &Change, next_id: u32) {
    let nth = |server: &Server, n: u32| {
        let at = usize::try_from(n).unwrap() % server.accounts.len().max(1);
        server.accounts.keys().nth(at).cloned()
    };
    match change {
        Change::Create(at) => {
            server.accounts.insert(format!("user{:06}x{next_id}", at % 1_200), (next_id, NOW + 1_000));
        }
        Change::Delete(n) => {
            if let Some(name) = nth(server, *n) {
                server.accounts.remove(&name);
            }
        }
        Change::Rename(n, to) => {
            if let Some(name) = nth(server, *n) {
                let account = server.accounts.remove(&name).unwrap();
                server.accounts.insert(format!("user{:06}y{}", to % 1_200, account.0), account);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever happens during a listing, it holds everybody who was there all the time, or is not called complete.
    #[test]
    fn a_complete_listing_misses_nobody(accounts in 1_u32..1_200, changes in changes(), limit in 1_u32..500) {
        let mut server = Server::of(accounts);
        let before: Vec<u32> = server.accounts.values().map(|(n, _)| *n).collect();
        let mut next_id = 10_000;
        let listed = list(&mut server, limit, Order::First, |server, call| {
            for (_, change) in changes.iter().filter(|(at, _)| *at == call) {
                apply(server, change, next_id);
                next_id += 1;
            }
        }).unwrap();
        if is_complete(&listed.end) {
            for n in before {
                prop_assert!(listed.users.contains_key(&id(n)), "{n} is missing");
            }
        }
    }

    /// No cursor, however made, does anything but go on or be refused.
    #[test]
    fn any_text_is_a_safe_cursor(text in "m1_[0-9a-f_,.-]{0,80}|.{0,40}") {
        let mut network = Fake::new(|_| Err(Lost::Closed));
        let failure = list_users(&settings(), Some(&text), 0, &mut Memory::new(), &mut network).unwrap_err();
        prop_assert_eq!(failure.code, Code::CursorStale);
    }
}
