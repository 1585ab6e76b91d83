//! Finding out what changed, against the server that listings are tested with: what comes of it is held against a listing.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;

use provider_sdk::http::{Lost, Outcome, Request, Response};
use provider_sdk::time::DAY_MS;
use provider_sdk::time::timestamp_ms;

use super::super::fake::{Fake, Order, json};
use super::super::listing::fake_server::{ADMIN, Account, NOW, Server, VIEWER, id, settings, settings_of};
use super::super::listing::{Memory as ListingMemory, list_users};
use super::*;

const HOUR_MS: i64 = 60 * 60 * 1_000;

type Table = BTreeMap<String, User>;

/// What a host keeps of a listing, or of changes.
#[derive(Clone, Debug)]
struct Kept {
    users: Table,
    watermark: String,
    /// The codes of the last page.
    codes: Vec<String>,
    is_complete: bool,
    requests: usize,
}

fn codes(notices: &[Notice]) -> Vec<String> {
    notices.iter().map(|notice| notice.code.clone()).collect()
}

/// Lists everybody, and lets the server change between the calls.
#[track_caller]
fn list(settings: &Settings, server: &mut Server, mut between: impl FnMut(&mut Server, u32)) -> Kept {
    let (mut memory, mut cursor, mut users, mut requests) = (ListingMemory::new(), None, Table::new(), 0);
    for call in 0.. {
        let now_ms = server.now;
        let shared = RefCell::new(&mut *server);
        let mut network = Fake::new(|request| shared.borrow_mut().answer(request))
            .with_pauses(|ms| shared.borrow_mut().now += i64::from(ms));
        network.now_ms = now_ms;
        let page = list_users(settings, cursor.as_deref(), 0, &mut memory, &mut network).unwrap();
        requests += network.sent.len();
        drop(network);
        let codes = codes(&page.notices);
        users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
        let is_complete = matches!(page.state, ListingState::Complete);
        match page.state {
            ListingState::More(next) => cursor = Some(next),
            ListingState::Complete | ListingState::Resumed | ListingState::Incomplete(_) => {
                return Kept { users, watermark: page.watermark.unwrap(), codes, is_complete, requests };
            }
        }
        between(server, call);
    }
    panic!("the listing does not end");
}

fn listed(server: &mut Server) -> Kept {
    list(&settings(), server, |_, _| {})
}

/// How a host asks for changes.
struct Asking<'a> {
    settings: &'a Settings,
    /// Users a call.
    batch: usize,
    /// Whether each call runs in an instance of its own.
    afresh: bool,
    /// In which order requests are answered, and users brought: those with the last ids first, or last.
    order: Order,
}

impl Asking<'_> {
    /// Finds out what changed as a host does, and lets the server change between the calls.
    fn changes(
        &self,
        server: &mut Server,
        kept: &Kept,
        mut answer: impl FnMut(&mut Server, &Request) -> Outcome,
        mut between: impl FnMut(&mut Server, u32),
    ) -> Result<Kept, Failure> {
        let since = Baseline::new(&kept.watermark, u32::try_from(kept.users.len()).unwrap())?;
        let mut old: Vec<User> = kept.users.values().cloned().collect();
        if self.order == Order::Last {
            old.reverse();
        }
        let mut batches = old.chunks(self.batch);
        let (mut memory, mut cursor, mut users, mut requests) = (Memory::new(), None, kept.users.clone(), 0);
        for call in 0..10_000 {
            let known = if cursor.is_none() { Vec::new() } else { batches.next().unwrap_or_default().to_vec() };
            let now_ms = server.now;
            let shared = RefCell::new(&mut *server);
            let mut network = Fake::new(|request| answer(&mut shared.borrow_mut(), request))
                .with_pauses(|ms| shared.borrow_mut().now += i64::from(ms));
            (network.order, network.now_ms) = (self.order, now_ms);
            let page = list_changes(self.settings, since, known, cursor.as_deref(), &mut memory, &mut network)?;
            requests += network.sent.len();
            drop(network);
            let codes = codes(&page.notices);
            users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
            let is_complete = matches!(page.state, ListingState::Complete);
            match page.state {
                ListingState::More(next) => {
                    assert!(next.len() < 4_096, "{}", next.len());
                    cursor = Some(next);
                }
                ListingState::Complete | ListingState::Resumed | ListingState::Incomplete(_) => {
                    assert!(!is_complete || batches.next().is_none(), "complete before everybody was brought");
                    return Ok(Kept { users, watermark: page.watermark.unwrap(), codes, is_complete, requests });
                }
            }
            if self.afresh {
                memory = Memory::new();
            }
            between(server, call);
        }
        panic!("the changes do not end");
    }
}

fn changes(server: &mut Server, kept: &Kept) -> Kept {
    let asking = Asking { settings: &settings(), batch: 150, afresh: false, order: Order::First };
    asking.changes(server, kept, Server::answer, |_, _| {}).unwrap()
}

/// Holds what was kept against a listing, user by user.
#[track_caller]
fn assert_same(kept: &Kept, listing: &Kept) {
    assert!(kept.is_complete && listing.is_complete, "{:?} {:?}", kept.codes, listing.codes);
    for (id, user) in &listing.users {
        assert_eq!(kept.users.get(id), Some(user));
    }
    assert_eq!(kept.users.len(), listing.users.len());
    assert_eq!(kept.codes, listing.codes);
}

fn first(server: &Server) -> String {
    server.accounts.keys().next().cloned().unwrap()
}

#[test]
fn nothing_has_changed_where_nothing_did() {
    for accounts in [1, 149, 150, 151, 700] {
        let mut server = Server::of(accounts);
        let kept = listed(&mut server);
        let got = changes(&mut server, &kept);
        assert_same(&got, &kept);
    }
}

/// Something that happens to a server between a listing and the next, and its name.
type Event = (&'static str, fn(&mut Server));

/// Events after which the known users and the changes are still everybody.
const HARMLESS: [Event; 15] = [
    ("a person is made", |server| server.create("zoe", 5_000)),
    ("many persons are made", |server| (0..250).for_each(|n| server.create(&format!("zoe{n:04}"), 5_000 + n))),
    ("a bot is made", |server| {
        server.create("bot", 5_000);
        server.update("bot", |account| account.is_bot = true);
    }),
    ("many bots are made", |server| {
        for n in 0..250 {
            server.create(&format!("bot{n:04}"), 5_000 + n);
            server.update(&format!("bot{n:04}"), |account| account.is_bot = true);
        }
    }),
    ("somebody is renamed", |server| server.rename("user000007", "zoe")),
    ("somebody is deactivated", |server| {
        let now = server.now;
        server.update("user000003", |account| account.deactivated = now);
    }),
    ("somebody is active again", |server| server.update("user000002", |account| account.deactivated = 0)),
    ("somebody becomes an administrator", |server| server.update("user000005", |account| account.roles = ADMIN)),
    ("somebody becomes a guest", |server| server.update("user000006", |account| account.roles = "system_guest")),
    ("somebody was active", |server| {
        let now = server.now;
        server.accounts.get_mut("user000004").unwrap().used = Some(now);
    }),
    ("somebody runs a team", |server| server.team_admins = vec![1, 9]),
    ("nobody runs a team", |server| server.team_admins = vec![]),
    ("the edition is another", |server| server.license = r#"{"IsLicensed":"true","SkuShortName":"enterprise"}"#),
    ("a quarter of a year passes", |server| server.now += 91 * DAY_MS),
    ("everybody is changed", |server| {
        let now = server.now;
        server.accounts.values_mut().for_each(|account| account.updated = now);
    }),
];

#[test]
fn what_changed_makes_a_listing_of_what_was_known() {
    for (_, event) in HARMLESS {
        for (batch, afresh, order) in [(1_000, false, Order::First), (100, true, Order::Last), (7, true, Order::First)]
        {
            let mut server = Server::of(450);
            server.update("user000002", |account| account.deactivated = NOW - 5_000);
            server.update("user000010", |account| account.is_bot = true);
            let kept = listed(&mut server);
            server.now += HOUR_MS;
            event(&mut server);
            server.now += HOUR_MS;
            let settings = settings();
            let asking = Asking { settings: &settings, batch, afresh, order };
            let got = asking.changes(&mut server, &kept, Server::answer, |_, _| {}).unwrap();
            assert_same(&got, &listed(&mut server));
        }
    }
}

#[test]
fn only_what_differs_is_returned() {
    let mut server = Server::of(450);
    let kept = listed(&mut server);
    server.now += HOUR_MS;
    // What is sent again, and is what it was.
    server.update("user000009", |account| account.roles = "system_user");
    server.update("user000007", |account| account.roles = ADMIN);
    server.accounts.get_mut("user000009").unwrap().updated = NOW - 1_000_000;
    server.create("zoe", 5_000);
    server.now += HOUR_MS;
    let since = Baseline::new(&kept.watermark, 450).unwrap();
    let mut memory = Memory::new();
    let mut call = |known: Vec<User>, cursor: Option<&str>| {
        let mut network = Fake::new(|request| server.answer(request));
        list_changes(&settings(), since, known, cursor, &mut memory, &mut network).unwrap()
    };
    let ids = |page: &ChangesPage| page.users.iter().map(|user| user.id.clone()).collect::<Vec<_>>();
    let page = call(Vec::new(), None);
    assert_eq!((ids(&page), page.expected_total), (vec![id(5_000)], Some(451)));
    let ListingState::More(cursor) = page.state else { panic!("more") };
    let page = call(kept.users.into_values().collect(), Some(&cursor));
    assert_eq!(ids(&page), [id(7)]);
    assert!(matches!(page.state, ListingState::Complete));
}

/// Events after which users are gone, or not told: everybody is to be listed again.
const HARMFUL: [(Event, &str); 10] = [
    (("somebody is deleted", |server| assert!(server.accounts.remove("user000100").is_some())), "users-do-not-add-up"),
    (("a bot is deleted", |server| assert!(server.accounts.remove("user000010").is_some())), "users-do-not-add-up"),
    (
        ("somebody is deleted and somebody made", |server| {
            server.accounts.remove("user000100");
            server.create("zoe", 5_000);
        }),
        "users-do-not-add-up",
    ),
    (
        ("a bot is deleted and a bot made", |server| {
            server.accounts.remove("user000010");
            server.create("bot", 5_000);
            server.update("bot", |account| account.is_bot = true);
        }),
        "users-do-not-add-up",
    ),
    (
        ("somebody is deleted and a bot made", |server| {
            server.accounts.remove("user000100");
            server.create("bot", 5_000);
            server.update("bot", |account| account.is_bot = true);
        }),
        "users-do-not-add-up",
    ),
    (
        ("somebody becomes a bot", |server| server.accounts.get_mut("user000100").unwrap().is_bot = true),
        "users-do-not-add-up",
    ),
    (
        ("somebody becomes a bot and a bot somebody", |server| {
            server.accounts.get_mut("user000100").unwrap().is_bot = true;
            server.update("user000010", |account| account.is_bot = false);
        }),
        "users-do-not-add-up",
    ),
    (
        ("somebody is deleted, a bot unseen becomes somebody and a bot is made", |server| {
            server.accounts.remove("user000100");
            server.accounts.get_mut("user000250").unwrap().is_bot = false;
            server.create("bot", 5_000);
            server.update("bot", |account| account.is_bot = true);
        }),
        "users-do-not-add-up",
    ),
    (
        ("so many are made that a listing costs less", |server| {
            (0..1_500).for_each(|n| server.create(&format!("zoe{n:04}"), 5_000 + n));
        }),
        "changes-too-many",
    ),
    (
        ("other data is told", |server| {
            server.accounts.values_mut().for_each(|account| account.mailbox += 1);
        }),
        "view-changed",
    ),
];

#[test]
fn who_is_gone_is_never_called_known() {
    for ((name, event), code) in HARMFUL {
        for role in [ADMIN, VIEWER] {
            // Who is made long after a listing began is surely not in it; who is made soon after may be.
            for (batch, order, later_ms) in
                [(1_000, Order::First, HOUR_MS), (100, Order::First, 100_000), (100, Order::Last, 2_000)]
            {
                let mut server = Server::of(450);
                server.role = role;
                for bot in ["user000010", "user000250"] {
                    server.update(bot, |account| account.is_bot = true);
                }
                server.now += HOUR_MS;
                let kept = listed(&mut server);
                server.now += later_ms;
                event(&mut server);
                server.now += HOUR_MS;
                let settings = settings();
                let asking = Asking { settings: &settings, batch, afresh: true, order };
                let got = asking.changes(&mut server, &kept, Server::answer, |_, _| {}).unwrap();
                assert!(!got.is_complete, "{name}");
                let told = got.codes.last().unwrap();
                // Who may not see bots is not told whether it is a bot that is new.
                assert!(told == code || (role == VIEWER && told == "changes-hidden"), "{name}: {:?}", got.codes);
            }
        }
    }
}

#[test]
fn what_cannot_be_told_is_told_at_once() {
    let none = || json(404, r#"{"id":"api.context.404.app_error"}"#);
    let cases: &[(&[(&str, &str)], &str, &str, Vec<(&'static str, Outcome)>, &str)] = &[
        (&[("activity_source", "report")], "11.6.0", ADMIN, vec![], "changes-in-report"),
        (&[], "9.10.0", ADMIN, vec![], "changes-hidden"),
        (&[], "5.37.0", ADMIN, vec![], "changes-hidden"),
        (&[], "11.6.0", "system_user", vec![], "completeness-unproven"),
        (&[], "11.6.0", ADMIN, vec![("sort_column=CreateAt", none())], "changes-hidden"),
        (&[], "11.6.0", ADMIN, vec![("/users/ids", none())], "changes-hidden"),
    ];
    for (pairs, version, role, instead, code) in cases {
        let mut server = Server::of(450);
        let kept = listed(&mut server);
        (server.role, server.version) = (*role, *version);
        server.now += HOUR_MS;
        server.create("zoe", 5_000);
        server.instead.clone_from(instead);
        let settings = settings_of(pairs);
        let asking = Asking { settings: &settings, batch: 100, afresh: false, order: Order::First };
        let got = asking.changes(&mut server, &kept, Server::answer, |_, _| {}).unwrap();
        assert!(!got.is_complete && got.codes.iter().any(|told| told == code), "{code}: {:?}", got.codes);
        assert!(got.requests < 13, "{code}: {}", got.requests);
    }
}

#[test]
fn the_report_is_no_hindrance_where_activity_is_left_out() {
    let settings = settings_of(&[("activity_source", "report"), ("include_activity", "false")]);
    let mut server = Server::of(450);
    let kept = list(&settings, &mut server, |_, _| {});
    server.now += HOUR_MS;
    server.create("zoe", 5_000);
    let asking = Asking { settings: &settings, batch: 100, afresh: false, order: Order::First };
    let mut asked_for_activity = false;
    let answer = |server: &mut Server, request: &Request| {
        asked_for_activity |= request.path.contains("status");
        server.answer(request)
    };
    let got = asking.changes(&mut server, &kept, answer, |_, _| {}).unwrap();
    assert_same(&got, &list(&settings, &mut server, |_, _| {}));
    assert!(!asked_for_activity);
}

#[test]
fn a_viewer_is_told_everything_but_new_bots() {
    let mut server = Server::of(450);
    server.role = VIEWER;
    (0..40).for_each(|n| server.update(&format!("user{n:06}"), |account| account.is_bot = true));
    let kept = listed(&mut server);
    server.now += HOUR_MS;
    server.create("zoe", 5_000);
    let got = changes(&mut server, &kept);
    assert_same(&got, &listed(&mut server));

    server.create("bot", 5_001);
    server.update("bot", |account| account.is_bot = true);
    let got = changes(&mut server, &kept);
    assert_eq!((got.is_complete, got.codes.last().map(String::as_str)), (false, Some("changes-hidden")));
    // A bot that was made a moment ago costs another count.
    assert!(got.requests < 20, "{}", got.requests);
}

#[test]
fn bots_of_which_some_are_hidden_are_looked_for_one_by_one() {
    let mut server = Server::of(450);
    server.own_bots = Some(vec![10]);
    for bot in ["user000010", "user000250", "user000260"] {
        server.update(bot, |account| account.is_bot = true);
    }
    server.now += HOUR_MS;
    let kept = listed(&mut server);
    server.now += 100_000;
    assert_same(&changes(&mut server, &kept), &kept);
    server.accounts.remove("user000260");
    server.create("bot", 5_000);
    server.update("bot", |account| account.is_bot = true);
    let got = changes(&mut server, &kept);
    assert_eq!((got.is_complete, got.codes), (false, vec!["users-do-not-add-up".to_string()]));
}

#[test]
fn hidden_activity_is_told_as_a_listing_tells_it() {
    for (config, instead) in [(r#"{"EnableUserStatuses":"false"}"#, vec![]), ("{}", vec!["status/ids"; 20])] {
        let mut server = Server::of(450);
        let kept = listed(&mut server);
        server.now += HOUR_MS;
        server.config = config;
        let hide = |server: &mut Server| {
            server.instead = instead.iter().map(|text| (*text, json(200, "[]"))).collect();
        };
        hide(&mut server);
        let got = changes(&mut server, &kept);
        hide(&mut server);
        assert_same(&got, &listed(&mut server));
        assert_eq!(got.codes, ["last-activity-hidden"]);
    }
}

/// As in a listing: what refuses is gone on without at once, and a server that fails is asked once more.
#[test]
fn activity_that_cannot_be_had_is_gone_on_without() {
    for (refusal, failures) in [
        (json(403, r#"{"id":"api.context.permissions.app_error"}"#), 0),
        (Ok(Response { status: 403, body: b"<html>".to_vec(), ..Response::default() }), 0),
        (json(500, "{}"), 1),
        (json(200, "{}"), 1),
    ] {
        let mut server = Server::of(450);
        let kept = listed(&mut server);
        server.now += HOUR_MS;
        server.create("zoe", 5_000);
        server.now += HOUR_MS;
        server.most_ids = Some((0, refusal.clone()));
        let since = Baseline::new(&kept.watermark, 450).unwrap();
        let (mut memory, mut cursor, mut failed) = (Memory::new(), None::<String>, 0);
        let page = loop {
            let known = if cursor.is_none() { vec![] } else { kept.users.values().cloned().collect() };
            let now_ms = server.now;
            let mut network = Fake::new(|request| server.answer(request));
            network.now_ms = now_ms;
            match list_changes(&settings(), since, known, cursor.as_deref(), &mut memory, &mut network) {
                Ok(ChangesPage { state: ListingState::More(next), .. }) => cursor = Some(next),
                Ok(page) => break page,
                Err(_) => failed += 1,
            }
        };
        assert!(matches!(page.state, ListingState::Complete), "{refusal:?}: {:?}", codes(&page.notices));
        assert_eq!((failed, codes(&page.notices)), (failures, vec!["last-activity-failed".to_string()]), "{refusal:?}");
        assert!(page.users.iter().all(|user| user.last_activity_at.is_none()));
    }
}

#[test]
fn who_is_made_while_the_baseline_is_listed_is_known_and_new() {
    // On a page that is read afterwards, and on one that was read before; a person and a bot.
    for (name, is_bot) in [("user000800x", false), ("user000000x", false), ("user000800x", true)] {
        let mut server = Server::of(2_900);
        server.accounts.remove("user001450");
        server.now += 500;
        let kept = list(&settings(), &mut server, |server, call| {
            if call == 0 {
                server.create(name, 5_000);
                server.update(name, |account| account.is_bot = is_bot);
            }
        });
        let mut kept = Kept { codes: vec![], ..kept };
        for round in 0..2 {
            server.now += HOUR_MS;
            server.create(&format!("zoe{round}"), 6_000 + round);
            let got = changes(&mut server, &kept);
            assert_same(&got, &listed(&mut server));
            kept = got;
        }
        // And gone again, which a sum alone would not show.
        server.create("recent", 1_450);
        let recent = changes(&mut server, &kept);
        assert!(recent.is_complete);
        server.accounts.remove("recent");
        server.create("later", 7_001);
        let settings = settings();
        for order in [Order::First, Order::Last] {
            let asking = Asking { settings: &settings, batch: 150, afresh: false, order };
            let got = asking.changes(&mut server, &recent, Server::answer, |_, _| {}).unwrap();
            assert_eq!(got.codes, ["users-do-not-add-up"], "{name}");
        }
    }
}

#[test]
fn who_is_made_near_a_count_or_dated_in_the_future_costs_another_count() {
    for ahead in [0, HOUR_MS, 5 * DAY_MS] {
        let mut server = Server::of(450);
        let kept = listed(&mut server);
        server.now += HOUR_MS + 300;
        server.create("zoe", 5_000);
        server.update("zoe", |account| account.created += ahead);
        let mut counts = 0;
        let answer = |server: &mut Server, request: &Request| {
            let is_count = request.path.contains("include_remote_users") && !request.path.contains("include_bots");
            counts += u32::from(is_count);
            server.answer(request)
        };
        let settings = settings();
        let asking = Asking { settings: &settings, batch: 100, afresh: false, order: Order::First };
        let got = asking.changes(&mut server, &kept, answer, |_, _| {}).unwrap();
        assert_eq!((got.is_complete, counts), (true, 2), "{:?}", got.codes);
        assert_same(&got, &listed(&mut server));
    }
}

#[test]
fn a_known_account_that_is_dated_in_the_future_is_no_new_one() {
    let mut server = Server::of(450);
    server.date("user000007", NOW + 5 * DAY_MS);
    let kept = listed(&mut server);
    for days in 0..3 {
        server.now += days * DAY_MS;
        server.create(&format!("zoe{days}"), 5_000 + u32::try_from(days).unwrap());
        server.now += HOUR_MS;
        let settings = settings();
        let asking = Asking { settings: &settings, batch: 100, afresh: false, order: Order::First };
        let got = asking.changes(&mut server, &kept, |server, request| server.answer(request), |_, _| {}).unwrap();
        assert!(got.is_complete, "{days}: {:?}", got.codes);
        assert_same(&got, &listed(&mut server));
    }
}

/// Where the count fails that is the cause, and not the token.
#[test]
fn a_count_that_fails_is_named() {
    for (counts, fault) in [(1, json(500, "{}")), (2, json(500, "{}")), (1, json(200, r#"{"total_users_count":-1}"#))] {
        let mut server = Server::of(450);
        let kept = listed(&mut server);
        let mut asked = 0;
        let answer = |server: &mut Server, request: &Request| {
            asked += u32::from(request.path.contains("stats/filtered"));
            if asked == counts && request.path.contains("stats/filtered") {
                fault.clone()
            } else {
                server.answer(request)
            }
        };
        let settings = settings();
        let asking = Asking { settings: &settings, batch: 100, afresh: false, order: Order::First };
        let got = asking.changes(&mut server, &kept, answer, |_, _| {}).unwrap();
        assert_eq!((got.is_complete, got.codes), (false, vec!["count-failed".to_string()]));
    }
}

#[test]
fn large_batches_are_asked_for_in_parts_that_fit() {
    // A server that takes less of a body than it should, and answers that are too large to be read.
    let mut server = Server::of(3_000);
    let kept = listed(&mut server);
    server.now += HOUR_MS;
    let now = server.now;
    server.accounts.values_mut().for_each(|account| (account.updated, account.roles) = (now, ADMIN));
    server.body_bytes = 20_000;
    let answer = |server: &mut Server, request: &Request| match server.answer(request) {
        Ok(response) if response.body.len() > 60_000 => Err(Lost::TooLarge(60_000)),
        outcome => outcome,
    };
    let settings = settings();
    let asking = Asking { settings: &settings, batch: 3_000, afresh: false, order: Order::Last };
    let got = asking.changes(&mut server, &kept, answer, |_, _| {}).unwrap();
    assert_same(&got, &listed(&mut server));
}

/// What is too much for a server is not asked again by a later batch of the same instance.
#[test]
fn how_many_ids_are_enough_is_found_out_once() {
    let mut server = Server::of(3_000);
    let kept = listed(&mut server);
    server.now += HOUR_MS;
    server.body_bytes = 10_000;
    let refused = core::cell::Cell::new(0);
    let answer = |server: &mut Server, request: &Request| {
        let outcome = server.answer(request);
        refused.set(refused.get() + usize::from(outcome.as_ref().is_ok_and(|response| response.status == 413)));
        outcome
    };
    let settings = settings();
    let asking = Asking { settings: &settings, batch: 1_000, afresh: false, order: Order::First };
    let got = asking.changes(&mut server, &kept, answer, |_, _| {}).unwrap();
    assert_same(&got, &listed(&mut server));
    // A thousand ids and twice five hundred, which fly together, for changes and for activity.
    assert!(refused.get() <= 6, "{} requests were too large", refused.get());
}

#[test]
fn a_fault_loses_nothing_and_the_same_call_goes_on() {
    let faults = [
        ("users/me", Err(Lost::TimedOut), Code::TimedOut),
        ("in_team", Err(Lost::Closed), Code::ConnectionLost),
        ("sort_column=CreateAt", json(500, "{}"), Code::ServerError),
        ("bots", json(429, "limit exceeded\n"), Code::RateLimited),
        ("users/ids?since", json(429, "limit exceeded\n"), Code::RateLimited),
        ("users/ids?since", json(200, "[{"), Code::AnswerUnreadable),
        ("users/ids?since", Err(Lost::Truncated), Code::AnswerTruncated),
        ("status/ids", Err(Lost::Closed), Code::ConnectionLost),
    ];
    for (text, fault, code) in faults {
        let mut server = Server::of(450);
        let kept = listed(&mut server);
        server.now += HOUR_MS;
        server.rename("user000007", "zoe");
        server.create("new", 5_000);
        server.now += HOUR_MS;
        let since = Baseline::new(&kept.watermark, 450).unwrap();
        let old: Vec<User> = kept.users.values().cloned().collect();
        let (mut memory, mut cursor, mut users, mut failures) =
            (Memory::new(), None::<String>, kept.users.clone(), vec![]);
        let mut brought = 0;
        server.instead = vec![(text, fault.clone())];
        let codes = loop {
            let next = if cursor.is_none() { 0 } else { 150.min(old.len() - brought) };
            let known = old[brought..brought + next].to_vec();
            let now_ms = server.now;
            let mut network = Fake::new(|request| server.answer(request));
            network.now_ms = now_ms;
            match list_changes(&settings(), since, known, cursor.as_deref(), &mut memory, &mut network) {
                Ok(page) => {
                    brought += next;
                    if page.wait_ms.is_some() {
                        failures.push(Code::RateLimited);
                    }
                    let codes = codes(&page.notices);
                    users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
                    match page.state {
                        ListingState::More(next) => cursor = Some(next),
                        ListingState::Complete => break codes,
                        ListingState::Resumed | ListingState::Incomplete(_) => panic!("{text}: {codes:?}"),
                    }
                }
                Err(failure) => failures.push(failure.code),
            }
            assert!(failures.len() < 3, "{failures:?}");
        };
        assert_eq!(failures, [code], "{text}");
        let got = Kept { users, codes, ..listed(&mut server) };
        assert_same(&got, &listed(&mut server));
    }
}

#[test]
fn accounts_that_cannot_be_read_make_it_incomplete() {
    let mut server = Server::of(450);
    let kept = listed(&mut server);
    server.now += HOUR_MS;
    server.instead = vec![("users/ids?since", json(200, r#"[{"id":7}]"#))];
    let got = changes(&mut server, &kept);
    assert_eq!((got.is_complete, got.codes), (false, vec!["records-unreadable".to_string()]));
}

#[test]
fn cursors_and_baselines_are_bound_and_checked() {
    let mut server = Server::of(450);
    let kept = listed(&mut server);
    let since = Baseline::new(&kept.watermark, 450).unwrap();
    let mut network = Fake::new(|request| server.answer(request));
    let page = list_changes(&settings(), since, Vec::new(), None, &mut Memory::new(), &mut network).unwrap();
    drop(network);
    let ListingState::More(cursor) = page.state else { panic!("more") };
    assert!(cursor.len() < 250, "{cursor}");
    let other = settings_of(&[("inactive_after_days", "30")]);
    let damaged = cursor.replace('5', "6");
    let others = Baseline { users: 449, ..since };
    let listings = "m2_1_2_3";
    for (settings, since, cursor) in [
        (&other, since, cursor.as_str()),
        (&settings(), others, &cursor),
        (&settings(), Baseline { watermark_ms: since.watermark_ms - 1, ..since }, &cursor),
        (&settings(), since, &damaged),
        (&settings(), since, &cursor[1..]),
        (&settings(), since, listings),
        (&settings(), since, ""),
    ] {
        let mut network = Fake::new(|_| Err(Lost::Closed));
        let failure =
            list_changes(settings, since, Vec::new(), Some(cursor), &mut Memory::new(), &mut network).unwrap_err();
        assert_eq!((failure.code, network.sent.len()), (Code::CursorStale, 0), "{cursor}");
    }
    for watermark in ["", "yesterday", "2026-11-24T15:25:29Z"] {
        assert_eq!(Baseline::new(watermark, 1).unwrap_err().code, Code::CursorStale);
    }
    let future = Baseline { watermark_ms: server.now + 1_000, ..since };
    let mut network = Fake::new(|request| server.answer(request));
    let failure = list_changes(&settings(), future, Vec::new(), None, &mut Memory::new(), &mut network).unwrap_err();
    assert_eq!(failure.code, Code::CursorStale);
}

#[test]
fn who_is_left_to_be_looked_for_travels_in_the_cursor() {
    let mut server = Server::of(450);
    server.role = VIEWER;
    (0..90).for_each(|n| server.update(&format!("user{:06}", n * 5), |account| account.is_bot = true));
    let kept = listed(&mut server);
    server.now += HOUR_MS;
    let settings = settings();
    let asking = Asking { settings: &settings, batch: 20, afresh: true, order: Order::First };
    let got = asking.changes(&mut server, &kept, Server::answer, |_, _| {}).unwrap();
    assert_same(&got, &listed(&mut server));
    // One of them is gone before it is looked for.
    let mut calls = 0;
    let got = asking.changes(&mut server, &kept, Server::answer, |server, call| {
        calls = call;
        if call == 3 {
            server.accounts.remove("user000010");
        }
    });
    assert!(!got.unwrap().is_complete && calls > 10);
}

#[test]
fn a_repeated_sync_costs_a_small_part_of_a_listing() {
    let mut server = Server::of(200_000);
    let kept = listed(&mut server);
    assert!(kept.is_complete && kept.requests > 300, "{}", kept.requests);
    server.now += DAY_MS;
    for n in 0..97 {
        server.rename(&format!("user{:06}", n * 2_000), &format!("zoe{n:06}"));
    }
    (0..3).for_each(|n| server.create(&format!("new{n}"), 300_000 + n));
    let settings = settings();
    let asking = Asking { settings: &settings, batch: 9_300, afresh: false, order: Order::First };
    let got = asking.changes(&mut server, &kept, Server::answer, |_, _| {}).unwrap();
    assert!(got.is_complete && got.users.len() == 200_003);
    // A listing by pages takes more than 1,100 requests, and one by ids reads every profile.
    assert!(got.requests <= 66, "{} of {}", got.requests, kept.requests);
}

/// Something that happens to a server.
#[derive(Clone, Debug)]
enum Change {
    Create(u32),
    CreateBot(u32),
    Rename(u32, u32),
    Switch(u32),
    Role(u32, bool),
    Delete(u32),
    RunTeam(u32),
    Use(u32),
    BecomeBot(u32),
    BecomePerson(u32),
}

/// Changes, each with the call after which it comes and how many milliseconds pass with it.
fn some_changes(most: usize) -> impl Strategy<Value = Vec<(u32, i64, Change)>> {
    let harmless = prop_oneof![
        any::<u32>().prop_map(Change::Create),
        any::<u32>().prop_map(Change::CreateBot),
        (any::<u32>(), any::<u32>()).prop_map(|(n, to)| Change::Rename(n, to)),
        any::<u32>().prop_map(Change::Switch),
        (any::<u32>(), any::<bool>()).prop_map(|(n, is_admin)| Change::Role(n, is_admin)),
        any::<u32>().prop_map(Change::RunTeam),
        any::<u32>().prop_map(Change::Use),
    ];
    let change = prop_oneof![
        12 => harmless,
        1 => any::<u32>().prop_map(Change::Delete),
        1 => any::<u32>().prop_map(Change::BecomeBot),
        1 => any::<u32>().prop_map(Change::BecomePerson),
    ];
    proptest::collection::vec((0_u32..5, prop_oneof![Just(0), 0_i64..3_000, Just(HOUR_MS)], change), 0..most)
}

fn apply(server: &mut Server, ms: i64, change: &Change, next_id: u32) {
    let nth = |server: &Server, n: u32, is_bot: Option<bool>| {
        let is_wanted = |account: &Account| is_bot.is_none_or(|is_bot| account.is_bot == is_bot);
        let names: Vec<_> = server.accounts.iter().filter(|(_, account)| is_wanted(account)).collect();
        let at = usize::try_from(n).unwrap() % names.len().max(1);
        names.get(at).map_or_else(|| first(server), |(name, _)| (*name).clone())
    };
    server.now += ms;
    let now = server.now;
    match change {
        Change::Create(at) | Change::CreateBot(at) => {
            let name = format!("user{:06}x{next_id}", at % 400);
            server.create(&name, next_id);
            server.now = now;
            server.update(&name, |account| {
                account.created = now;
                account.is_bot = matches!(change, Change::CreateBot(_));
            });
        }
        Change::Rename(n, to) => server.rename(&nth(server, *n, None), &format!("user{:06}y{next_id}", to % 400)),
        Change::Switch(n) => {
            server.update(&nth(server, *n, None), |account| {
                account.deactivated = if account.deactivated == 0 { now } else { 0 };
            });
        }
        Change::Role(n, is_admin) => {
            let roles = if *is_admin { ADMIN } else { "system_guest" };
            server.update(&nth(server, *n, None), |account| account.roles = roles);
        }
        Change::Delete(n) => assert!(server.accounts.remove(&nth(server, *n, None)).is_some()),
        Change::RunTeam(n) => server.team_admins.push(server.accounts[&nth(server, *n, None)].n),
        Change::Use(n) => server.accounts.get_mut(&nth(server, *n, None)).unwrap().used = Some(now),
        Change::BecomeBot(n) => server.accounts.get_mut(&nth(server, *n, Some(false))).unwrap().is_bot = true,
        Change::BecomePerson(n) => server.update(&nth(server, *n, Some(true)), |account| account.is_bot = false),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever happens between a listing and the next, and while both are made, what was known and the changes are a
    /// fresh listing, or are not called complete.
    #[test]
    fn known_users_and_changes_are_a_listing(
        accounts in 10_u32..300,
        bots in 0_u32..8,
        during in some_changes(3),
        between in some_changes(8),
        meanwhile in some_changes(3),
        batch in 10_usize..200,
        afresh in any::<bool>(),
        is_viewer in any::<bool>(),
        tick in prop_oneof![Just(0_i64), Just(700)],
    ) {
        let mut server = Server::of(accounts);
        server.role = if is_viewer { VIEWER } else { ADMIN };
        (0..bots).for_each(|n| server.update(&format!("user{n:06}"), |account| account.is_bot = true));
        server.now += 1_000;
        let settings = settings_of(&[("inactive_after_days", "1")]);
        let mut next_id = 10_000;
        let mut happen = |server: &mut Server, changes: &[(u32, i64, Change)], call: Option<u32>| {
            for (_, ms, change) in changes.iter().filter(|(at, ..)| call.is_none_or(|call| *at == call)) {
                if !server.accounts.is_empty() {
                    apply(server, *ms, change, next_id);
                    next_id += 1;
                }
            }
        };
        let mut kept = list(&settings, &mut server, |server, call| happen(server, &during, Some(call)));
        prop_assume!(kept.is_complete);
        let asking = Asking { settings: &settings, batch, afresh, order: Order::Last };
        let answer = |server: &mut Server, request: &Request| {
            server.now += tick;
            server.answer(request)
        };
        // The first time the server changes while it is asked, so that it is the second that is held against a listing.
        for (before, meanwhile) in [(between.as_slice(), meanwhile.as_slice()), (&[], &[])] {
            happen(&mut server, before, None);
            server.now += 2_000;
            let now = server.now;
            let got = asking.changes(&mut server, &kept, answer, |server, call| happen(server, meanwhile, Some(call)));
            kept = got.unwrap();
            if !kept.is_complete {
                return Ok(());
            }
            if meanwhile.is_empty() {
                server.now = now.max(timestamp_ms(&kept.watermark).unwrap());
                let listing = list(&settings, &mut server, |_, _| {});
                prop_assert!(listing.is_complete);
                prop_assert_eq!(&kept.users, &listing.users);
            }
        }
    }

    /// No cursor, however made, does anything but go on or be refused.
    #[test]
    fn any_text_is_a_safe_cursor(text in "c2_[0-9a-f_,.:+-]{0,80}|.{0,40}") {
        let mut network = Fake::new(|_| Err(Lost::Closed));
        let since = Baseline { watermark_ms: NOW, users: 1 };
        let failure =
            list_changes(&settings(), since, Vec::new(), Some(&text), &mut Memory::new(), &mut network).unwrap_err();
        prop_assert_eq!(failure.code, Code::CursorStale);
    }
}
