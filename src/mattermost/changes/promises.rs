//! The requests and the result of a sync in each situation: the table of docs/sync.md.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::super::fake::Order;
use super::super::listing::fake_server::{ADMIN, Server, VIEWER, settings};
use super::fake_host::{FakeHost, Kept, assert_same, list};

/// The number of the server's accounts. Some of them are in each of two teams.
const ACCOUNTS: u32 = 6_000;

const VERSIONS: [&str; 3] = ["5.37.0", "7.6.0", "11.6.0"];

/// A name of the kind of token, its account's roles, and whether a bot is in no team, so that only administrators are shown it.
const TOKENS: [(&str, &str, bool); 4] = [
    ("administrator", ADMIN, true),
    ("Viewer's bot that shares a team with everybody", VIEWER, false),
    ("Viewer's bot, and bots in other teams or none", VIEWER, true),
    ("member", "system_user", false),
];

/// Something that happens before a sync, and what becomes of what is kept.
struct Situation {
    name: &'static str,
    happen: fn(&mut Server),
    is_outdated: bool,
    is_unproven: bool,
}

const fn situation(name: &'static str, happen: fn(&mut Server)) -> Situation {
    Situation { name, happen, is_outdated: false, is_unproven: false }
}

const SITUATIONS: [Situation; 8] = [
    situation("nothing changed", |_| {}),
    situation("100 accounts changed, 3 are new", |server| {
        (0..100).for_each(|n| server.rename(&format!("user{:06}", n * 50), &format!("zoe{n:06}")));
        (0..3).for_each(|n| server.create(&format!("new{n}"), 50_000 + n));
    }),
    situation("one account was deleted for good", |server| server.delete("user000777", false)),
    situation("one was deleted and left a membership behind", |server| server.delete("user003777", true)),
    situation("one was deleted and another made", |server| {
        server.delete("user000777", false);
        server.create("new", 50_000);
    }),
    situation("one was made a moment ago", |server| {
        server.now += 3_600_000;
        server.create("new", 50_000);
        server.now -= 3_600_000;
    }),
    Situation { is_outdated: true, ..situation("another version or other settings", |_| {}) },
    Situation {
        is_unproven: true,
        ..situation("the kept listing was not proven complete", |server| server.delete("user000777", false))
    },
];

/// The table's cell for a sync in a situation.
fn cell(situation: &Situation, version: &'static str, (_, role, hides_bot): (&str, &'static str, bool)) -> String {
    let (settings, mut server) = (settings(), Server::of(ACCOUNTS));
    server.version = version;
    if hides_bot {
        server.update("user000040", |account| (account.is_bot, account.teams) = (true, 0));
    }
    let kept = list(&settings, &mut server, |_, _| {});
    assert!(kept.is_complete);
    let kept = Kept { is_complete: !situation.is_unproven, ..kept };
    server.now += 3_600_000;
    (situation.happen)(&mut server);
    (server.role, server.now) = (role, server.now + 3_600_000);
    let outdated = situation.is_outdated;
    let got = FakeHost { settings: &settings, batch: 2_000, afresh: false, order: Order::First, outdated }
        .sync(&mut server, &kept);
    match got.reason {
        None => {
            let fresh = list(&settings, &mut server, |_, _| {});
            assert_same(&got, &fresh, situation.name);
            format!("{} ({})", got.requests, got.way.unwrap_or_default())
        }
        Some(code) => format!("{}, then a listing: `{code}`", got.requests),
    }
}

#[test]
fn the_table_shows_the_requests_of_a_sync() {
    let head = TOKENS.map(|(name, ..)| name).join(" | ");
    let mut rows: Vec<String> =
        [format!("| situation | version | {head} |"), "|---|---|---|---|---|---|".to_string()].into();
    for situation in &SITUATIONS {
        for version in VERSIONS {
            let cells = TOKENS.map(|token| cell(situation, version, token)).join(" | ");
            rows.push(format!("| {} | {} | {cells} |", situation.name, version.trim_end_matches(".0")));
        }
    }
    let table = rows.join("\n");
    assert!(include_str!("../../../docs/sync.md").contains(&table), "docs/sync.md should have:\n{table}");
}
