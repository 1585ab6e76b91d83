//! Tests of finding changes, on the server that listings are tested with. The results are compared with a listing.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use provider_sdk::http::{Lost, Outcome, Request, Response};
use provider_sdk::time::{DAY_MS, timestamp, timestamp_ms};

use super::super::code::Code;
use super::super::fake::{Fake, Order, json};
use super::super::listing::fake_server::{ADMIN, Account, NOW, Server, VIEWER, settings, settings_of};
use super::super::settings::Settings;
use super::fake_host::{FakeHost, Kept, assert_same, codes, list};
use super::*;
use crate::contract::{ListingState, User};
use provider_sdk::changes::ChangesPage;

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// The settings for the way by lists, and those for the way by numbers.
fn both_ways() -> [(&'static str, Settings); 2] {
    [("lists", settings()), ("numbers", settings_of(&[("listing", "pages")]))]
}

fn listed(server: &mut Server) -> Kept {
    list(&settings(), server, |_, _| {})
}

fn changes(server: &mut Server, kept: &Kept) -> Kept {
    FakeHost::with(&settings()).sync(server, kept)
}

fn baseline(kept: &Kept) -> Baseline {
    Baseline::new(kept.watermark.as_deref(), u32::try_from(kept.users.len()).unwrap(), true, false).unwrap()
}

fn first(server: &Server) -> String {
    server.accounts.keys().next().cloned().unwrap()
}

#[test]
fn no_change_is_reported_if_nothing_changed() {
    for (way, settings) in both_ways() {
        for accounts in [1, 149, 150, 151, 700] {
            let mut server = Server::of(accounts);
            let kept = listed(&mut server);
            let got = FakeHost::with(&settings).sync(&mut server, &kept);
            assert_same(&got, &kept, way);
            assert_eq!((got.way.as_deref(), got.came), (Some(way), 0));
        }
    }
}

/// An event on a server between two listings, with its name.
type Event = (&'static str, fn(&mut Server));

/// Events after which the known users and the changes together still are everybody.
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
fn known_users_and_changes_together_are_a_listing() {
    for ((way, settings), (name, event)) in both_ways().iter().flat_map(|way| HARMLESS.map(|event| (way, event))) {
        for (batch, afresh, order) in [(1_000, false, Order::First), (100, true, Order::Last), (7, true, Order::First)]
        {
            let mut server = Server::of(450);
            server.update("user000002", |account| account.deactivated = NOW - 5_000);
            server.update("user000010", |account| account.is_bot = true);
            let kept = listed(&mut server);
            server.now += HOUR_MS;
            event(&mut server);
            server.now += HOUR_MS;
            let got = FakeHost { batch, afresh, order, ..FakeHost::with(settings) }.sync(&mut server, &kept);
            assert_same(&got, &listed(&mut server), &format!("{name} by {way}"));
            assert_eq!(got.way.as_deref(), Some(*way));
        }
    }
}

#[test]
fn only_users_who_differ_are_returned() {
    for (way, settings) in both_ways() {
        let mut server = Server::of(450);
        let kept = listed(&mut server);
        server.now += HOUR_MS;
        // A record that is sent again, but did not change.
        server.update("user000009", |account| account.roles = "system_user");
        server.update("user000007", |account| account.roles = ADMIN);
        server.accounts.get_mut("user000009").unwrap().updated = NOW - 1_000_000;
        server.create("zoe", 5_000);
        server.now += HOUR_MS;
        let got = FakeHost::with(&settings).sync(&mut server, &kept);
        assert_same(&got, &listed(&mut server), way);
        assert_eq!(got.came, 2, "{way}");
    }
}

/// Deletes an existing account for good.
fn delete(server: &mut Server, name: &str) {
    assert!(server.accounts.contains_key(name));
    server.delete(name, false);
}

fn make_bot(server: &mut Server) {
    server.create("bot", 5_000);
    server.update("bot", |account| account.is_bot = true);
}

/// Events after which users are gone or hidden, with the reason why a sync cannot report that: for a Viewer and an
/// administrator by numbers, and for both by lists; `None` if it can.
const HARMFUL: [(Event, [Option<&str>; 4]); 11] = [
    (("somebody is deleted", |server| delete(server, "user000100")), [None; 4]),
    (("a bot is deleted", |server| delete(server, "user000010")), [None; 4]),
    (
        ("somebody is deleted and somebody made", |server| {
            delete(server, "user000100");
            server.create("zoe", 5_000);
        }),
        [None; 4],
    ),
    (
        ("a bot is deleted and a bot made", |server| {
            delete(server, "user000010");
            make_bot(server);
        }),
        [Some("changes-hidden"), None, None, None],
    ),
    (
        ("somebody is deleted and a bot made", |server| {
            delete(server, "user000100");
            make_bot(server);
        }),
        [Some("users-do-not-add-up"), None, None, None],
    ),
    (
        ("somebody becomes a bot", |server| server.accounts.get_mut("user000100").unwrap().is_bot = true),
        [Some("users-do-not-add-up"); 4],
    ),
    (
        ("somebody becomes a bot and a bot somebody", |server| {
            server.accounts.get_mut("user000100").unwrap().is_bot = true;
            server.update("user000010", |account| account.is_bot = false);
        }),
        [Some("users-do-not-add-up"); 4],
    ),
    (
        ("somebody is deleted, a bot unseen becomes somebody and a bot is made", |server| {
            delete(server, "user000100");
            server.accounts.get_mut("user000251").unwrap().is_bot = false;
            make_bot(server);
        }),
        [Some("users-do-not-add-up"), None, None, Some("users-do-not-add-up")],
    ),
    (
        ("so many are made that a listing costs less", |server| {
            (0..2_500).for_each(|n| server.create(&format!("zoe{n:04}"), 5_000 + n));
        }),
        [Some("changes-too-many"); 4],
    ),
    (
        ("other data is shown", |server| {
            server.accounts.values_mut().for_each(|account| account.mailbox += 1);
        }),
        [None; 4],
    ),
    (
        ("a hundred are deleted", |server| {
            (100..200).for_each(|n| delete(server, &format!("user{n:06}")));
        }),
        [None; 4],
    ),
];

#[test]
fn users_who_are_gone_are_reported_or_everybody_is_listed() {
    for ((name, event), reasons) in HARMFUL {
        let [(_, lists), (_, numbers)] = both_ways();
        for (role, settings, reason) in [
            (VIEWER, &numbers, reasons[0]),
            (ADMIN, &numbers, reasons[1]),
            (VIEWER, &lists, reasons[2]),
            (ADMIN, &lists, reasons[3]),
        ] {
            // A user created long after a listing began is certainly not in it; one created soon after may be.
            for (batch, order, later_ms) in
                [(1_000, Order::First, HOUR_MS), (100, Order::First, 100_000), (100, Order::Last, 2_000)]
            {
                let mut server = Server::of(450);
                server.role = role;
                for bot in ["user000010", "user000251"] {
                    server.update(bot, |account| account.is_bot = true);
                }
                server.now += HOUR_MS;
                let kept = listed(&mut server);
                server.now += later_ms;
                event(&mut server);
                server.now += HOUR_MS;
                let got = FakeHost { batch, afresh: true, order, ..FakeHost::with(settings) }.sync(&mut server, &kept);
                let what = format!("{name} by {:?} for {role}", got.way);
                assert_eq!(got.reason.as_deref(), reason, "{what}");
                if reason.is_none() {
                    assert_same(&got, &listed(&mut server), &what);
                }
            }
        }
    }
}

#[test]
fn a_sync_that_cannot_report_changes_says_so_at_once() {
    let none = || json(404, r#"{"id":"api.context.404.app_error"}"#);
    let by_numbers: &[(&str, &str)] = &[("listing", "pages")];
    let cases: &[(&[(&str, &str)], &str, &str, Vec<(&'static str, Outcome)>, &str)] = &[
        (&[("activity_source", "report")], "11.6.0", ADMIN, vec![], "changes-in-report"),
        (by_numbers, "9.5.0", ADMIN, vec![], "changes-hidden"),
        (by_numbers, "5.37.0", ADMIN, vec![], "changes-hidden"),
        (&[], "11.6.0", "system_user", vec![], "completeness-unproven"),
        (by_numbers, "11.6.0", ADMIN, vec![("sort_column=CreateAt", none())], "changes-hidden"),
        (&[], "11.6.0", ADMIN, vec![("/users/ids", none())], "changes-hidden"),
    ];
    for (pairs, version, role, instead, code) in cases {
        let mut server = Server::of(450);
        let kept = listed(&mut server);
        (server.role, server.version) = (*role, *version);
        server.now += HOUR_MS;
        server.create("zoe", 5_000);
        server.instead.clone_from(instead);
        let got = FakeHost::with(&settings_of(pairs)).sync(&mut server, &kept);
        assert_eq!(got.reason.as_deref(), Some(*code), "{:?}", got.codes);
        assert!(got.codes.iter().any(|reported| reported == code), "{code}: {:?}", got.codes);
        assert!(got.requests < 25, "{code}: {}", got.requests);
    }
}

#[test]
fn the_report_as_source_does_not_matter_without_activity() {
    let settings = settings_of(&[("activity_source", "report"), ("include_activity", "false")]);
    let mut server = Server::of(450);
    let kept = list(&settings, &mut server, |_, _| {});
    server.now += HOUR_MS;
    server.create("zoe", 5_000);
    let host = FakeHost::with(&settings);
    let mut asked_for_activity = false;
    let answer = |server: &mut Server, request: &Request| {
        asked_for_activity |= request.path.contains("status");
        server.answer(request)
    };
    let got = host.changes(&mut server, &kept, answer, |_, _| {}).unwrap();
    assert_same(&got, &list(&settings, &mut server, |_, _| {}), "without activity");
    assert!(!asked_for_activity);
}

#[test]
fn a_viewer_sees_all_changes_except_new_bots() {
    let [_, (way, settings)] = both_ways();
    let mut server = Server::of(450);
    server.role = VIEWER;
    (0..40).for_each(|n| server.update(&format!("user{n:06}"), |account| account.is_bot = true));
    let kept = listed(&mut server);
    server.now += HOUR_MS;
    server.create("zoe", 5_000);
    let got = FakeHost::with(&settings).sync(&mut server, &kept);
    assert_same(&got, &listed(&mut server), way);

    server.create("bot", 5_001);
    server.update("bot", |account| account.is_bot = true);
    let got = FakeHost::with(&settings).sync(&mut server, &kept);
    assert_eq!(got.reason.as_deref(), Some("changes-hidden"));
    // A bot that was created a moment ago costs another count.
    assert!(got.requests < 20, "{}", got.requests);
}

#[test]
fn bots_are_requested_one_by_one_if_some_are_hidden() {
    let [_, (way, settings)] = both_ways();
    let mut server = Server::of(450);
    server.own_bots = Some(vec![10]);
    for bot in ["user000010", "user000251", "user000260"] {
        server.update(bot, |account| account.is_bot = true);
    }
    server.now += HOUR_MS;
    let kept = listed(&mut server);
    server.now += 100_000;
    assert_same(&FakeHost::with(&settings).sync(&mut server, &kept), &kept, way);
    delete(&mut server, "user000260");
    assert_same(&FakeHost::with(&settings).sync(&mut server, &kept), &listed(&mut server), way);
    make_bot(&mut server);
    let got = FakeHost::with(&settings).sync(&mut server, &kept);
    assert_eq!(got.reason.as_deref(), Some("changes-hidden"));
}

#[test]
fn hidden_activity_is_reported_as_in_a_listing() {
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
        assert_same(&got, &listed(&mut server), config);
        assert_eq!(got.codes, ["last-activity-hidden"]);
    }
}

/// As in a listing: after a refusal the sync continues without activity at once, and a server that fails is asked once
/// more.
#[test]
fn a_sync_continues_without_activity_that_is_not_available() {
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
        let since = baseline(&kept);
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
fn users_created_while_the_baseline_is_listed_are_known_and_new() {
    let [(_, lists), (_, numbers)] = both_ways();
    // On a page that is read afterwards, and on one that was read before; a person and a bot.
    for (name, is_bot) in [("user000800x", false), ("user000000x", false), ("user000800x", true)] {
        let mut server = Server::of(2_900);
        server.accounts.remove("user001450");
        server.now += 500;
        let kept = list(&numbers, &mut server, |server, call| {
            if call == 0 {
                server.create(name, 5_000);
                server.update(name, |account| account.is_bot = is_bot);
            }
        });
        for settings in [&lists, &numbers] {
            let mut server = server.clone();
            let mut kept = Kept { codes: vec![], ..kept.clone() };
            for round in 0..2 {
                server.now += HOUR_MS;
                server.create(&format!("zoe{round}"), 6_000 + round);
                let got = FakeHost::with(settings).sync(&mut server, &kept);
                assert_same(&got, &listed(&mut server), name);
                kept = got;
            }
            // And then deleted, which a sum alone would not show.
            server.create("recent", 1_450);
            let recent = FakeHost::with(settings).sync(&mut server, &kept);
            assert!(recent.is_complete);
            delete(&mut server, "recent");
            server.create("later", 7_001);
            for order in [Order::First, Order::Last] {
                let got = FakeHost { order, ..FakeHost::with(settings) }.sync(&mut server, &recent);
                assert_same(&got, &listed(&mut server), name);
            }
        }
    }
}

#[test]
fn users_created_near_a_count_or_dated_in_the_future_cost_another_look_at_most() {
    for ((way, settings), ahead) in both_ways().iter().flat_map(|way| [0, HOUR_MS, 5 * DAY_MS].map(|ms| (way, ms))) {
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
        let got = FakeHost::with(settings).changes(&mut server, &kept, answer, |_, _| {}).unwrap();
        assert!(got.is_complete && counts <= 2, "{way} {ahead} {counts}: {:?}", got.codes);
        assert_same(&got, &listed(&mut server), way);
    }
}

#[test]
fn a_known_account_that_is_dated_in_the_future_is_not_new() {
    for (way, settings) in both_ways() {
        let mut server = Server::of(450);
        server.date("user000007", NOW + 5 * DAY_MS);
        let kept = listed(&mut server);
        for days in 0..3 {
            server.now += days * DAY_MS;
            server.create(&format!("zoe{days}"), 5_000 + u32::try_from(days).unwrap());
            server.now += HOUR_MS;
            let got = FakeHost::with(&settings).sync(&mut server, &kept);
            assert_same(&got, &listed(&mut server), &format!("{way} {days}"));
        }
    }
}

/// If the count fails, that is the reported cause, not the token.
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
        let [_, (_, numbers)] = both_ways();
        let got = FakeHost::with(&numbers).changes(&mut server, &kept, answer, |_, _| {}).unwrap();
        assert_eq!((got.is_complete, got.codes), (false, vec!["count-failed".to_string()]));
    }
}

#[test]
fn large_batches_are_requested_in_parts_that_fit() {
    // A server that accepts smaller bodies than it should, and answers that are too large to be read.
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
    let host = FakeHost { batch: 3_000, order: Order::Last, ..FakeHost::with(&settings) };
    let got = host.changes(&mut server, &kept, answer, |_, _| {}).unwrap();
    assert_same(&got, &listed(&mut server), "large batches");
}

/// If a request was too large for a server, later batches of the same instance use smaller ones.
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
    let host = FakeHost { batch: 1_000, ..FakeHost::with(&settings) };
    let got = host.changes(&mut server, &kept, answer, |_, _| {}).unwrap();
    assert_same(&got, &listed(&mut server), "fewer at once");
    // A thousand ids and twice five hundred in flight together, for changes and for activity.
    assert!(refused.get() <= 6, "{} requests were too large", refused.get());
}

#[test]
fn a_fault_loses_nothing_and_the_same_call_can_be_retried() {
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
    for ((way, settings), (text, fault, code)) in both_ways().iter().flat_map(|way| faults.clone().map(|it| (way, it)))
    {
        let mut server = Server::of(450);
        let kept = listed(&mut server);
        server.now += HOUR_MS;
        server.rename("user000007", "zoe");
        server.create("new", 5_000);
        server.now += HOUR_MS;
        let since = baseline(&kept);
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
            match list_changes(settings, since, known, cursor.as_deref(), &mut memory, &mut network) {
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
        // The way by lists does not need the report.
        let is_needed = *way == "numbers" || !text.contains("CreateAt");
        assert_eq!(failures, vec![code; usize::from(is_needed)], "{text}");
        assert!(server.instead.is_empty());
        let got = Kept { users, codes, ..listed(&mut server) };
        assert_same(&got, &listed(&mut server), text);
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
    let since = baseline(&kept);
    let mut network = Fake::new(|request| server.answer(request));
    let page = list_changes(&settings(), since, Vec::new(), None, &mut Memory::new(), &mut network).unwrap();
    drop(network);
    let ListingState::More(cursor) = page.state else { panic!("more") };
    assert!(cursor.len() < 350, "{cursor}");
    let other = settings_of(&[("inactive_after_days", "30")]);
    let damaged = cursor.replace('5', "6");
    let others = Baseline { users: 449, ..since };
    let listings = "m2_1_2_3";
    for (settings, since, cursor) in [
        (&other, since, cursor.as_str()),
        (&settings(), others, &cursor),
        (&settings(), Baseline { watermark_ms: None, ..since }, &cursor),
        (&settings(), Baseline { proven: false, ..since }, &cursor),
        (&settings(), Baseline { outdated: true, ..since }, &cursor),
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
        assert_eq!(Baseline::new(Some(watermark), 1, true, false).unwrap_err().code, Code::CursorStale);
    }
}

/// The server was restored from a backup, so the saved users may be newer: everything is read again, or listed.
#[test]
fn the_saved_listing_may_be_newer_than_the_server() {
    let mut server = Server::of(450);
    let kept = listed(&mut server);
    let future = timestamp(server.now + HOUR_MS);
    server.accounts.values_mut().for_each(|account| account.mailbox += 1);
    let kept = Kept { watermark: future, ..kept };
    let [(way, lists), (_, numbers)] = both_ways();
    assert_same(&FakeHost::with(&lists).sync(&mut server, &kept), &listed(&mut server), way);
    let failure = FakeHost::with(&numbers).changes(&mut server, &kept, Server::answer, |_, _| {}).unwrap_err();
    assert_eq!(failure.code, Code::CursorStale);
}

#[test]
fn users_that_are_still_to_be_checked_are_in_the_cursor() {
    let mut server = Server::of(450);
    server.role = VIEWER;
    (0..90).for_each(|n| server.update(&format!("user{:06}", n * 5), |account| account.is_bot = true));
    let kept = listed(&mut server);
    server.now += HOUR_MS;
    let [_, (way, settings)] = both_ways();
    let host = FakeHost { batch: 20, afresh: true, ..FakeHost::with(&settings) };
    let got = host.changes(&mut server, &kept, Server::answer, |_, _| {}).unwrap();
    assert_same(&got, &listed(&mut server), way);
    // One of them is deleted before it is checked.
    let mut calls = 0;
    let got = host.changes(&mut server, &kept, Server::answer, |server, call| {
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
    let host = FakeHost { batch: 9_300, ..FakeHost::with(&settings) };
    let got = host.changes(&mut server, &kept, Server::answer, |_, _| {}).unwrap();
    assert!(got.is_complete && got.users.len() == 200_003);
    // A listing by pages takes more than 1,100 requests, and one by ids reads every profile.
    assert!(got.requests <= 66, "{} of {}", got.requests, kept.requests);
}

/// An event on a server.
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

/// Changes, each with the call after which it happens and how many milliseconds pass with it.
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
        let host = FakeHost { batch, afresh, order: Order::Last, ..FakeHost::with(&settings) };
        let answer = |server: &mut Server, request: &Request| {
            server.now += tick;
            server.answer(request)
        };
        // The first time the server changes while it is asked, so that it is the second that is held against a listing.
        for (before, meanwhile) in [(between.as_slice(), meanwhile.as_slice()), (&[], &[])] {
            happen(&mut server, before, None);
            server.now += 2_000;
            let now = server.now;
            let got = host.changes(&mut server, &kept, answer, |server, call| happen(server, meanwhile, Some(call)));
            // An instance that reads other lists than the one before makes the host begin again.
            kept = match got {
                Err(failure) if failure.code == Code::CursorStale => return Ok(()),
                got => got.unwrap(),
            };
            if !kept.is_complete {
                return Ok(());
            }
            if meanwhile.is_empty() {
                server.now = now.max(kept.watermark.as_deref().and_then(timestamp_ms).unwrap());
                let listing = list(&settings, &mut server, |_, _| {});
                prop_assert!(listing.is_complete);
                prop_assert_eq!(&kept.users, &listing.users);
            }
        }
    }

    /// No cursor, however made, does anything but go on or be refused.
    #[test]
    fn any_text_is_a_safe_cursor(text in "c3_[0-9a-fno_,.:+-]{0,80}|.{0,40}") {
        let mut network = Fake::new(|_| Err(Lost::Closed));
        let since = Baseline::new(timestamp(NOW).as_deref(), 1, true, false).unwrap();
        let failure =
            list_changes(&settings(), since, Vec::new(), Some(&text), &mut Memory::new(), &mut network).unwrap_err();
        prop_assert_eq!(failure.code, Code::CursorStale);
    }
}
