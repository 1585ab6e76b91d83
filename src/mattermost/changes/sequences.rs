//! Sequences of syncs while the server changes: after each complete one, the kept users are those of a fresh listing.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use std::collections::BTreeSet;

use proptest::prelude::*;

use provider_sdk::http::Request;

use super::super::code::Code;
use super::super::fake::Order;
use super::super::listing::by_ids::mutation::{self, Mutation};
use super::super::listing::fake_server::{ADMIN, Server, VIEWER, id, settings};
use super::fake_host::{FakeHost, Kept, list};

/// An event on a server.
#[derive(Clone, Debug)]
enum Change {
    Create { teams: u8, is_bot: bool },
    Delete { n: u32, leaves: bool },
    Rename(u32),
    Role(u32, &'static str),
    Switch(u32),
    Move(u32, u8),
    BecomeBot(u32),
}

/// A sync, and what happens before it and before the n-th answer of it.
#[derive(Clone, Debug)]
struct Sync {
    before: Vec<Change>,
    during: Vec<(u32, Change)>,
    batch: usize,
    afresh: bool,
    outdated: bool,
    /// Users that the host has lost, so that the listing is no longer proven.
    lost: usize,
}

#[derive(Clone, Debug)]
struct Story {
    accounts: u32,
    role: &'static str,
    version: &'static str,
    /// Whether a deleted account's profile is still returned by its id. Then it leaves no membership, and the token
    /// sees every bot: the existence of hidden bots is shown by profiles alone.
    caches: bool,
    syncs: Vec<Sync>,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (0_u8..4, prop::bool::weighted(0.2)).prop_map(|(teams, is_bot)| Change::Create { teams, is_bot }),
        4 => (any::<u32>(), any::<bool>()).prop_map(|(n, leaves)| Change::Delete { n, leaves }),
        1 => any::<u32>().prop_map(Change::Rename),
        1 => (any::<u32>(), prop::sample::select(vec![ADMIN, "system_user", "system_guest"]))
            .prop_map(|(n, role)| Change::Role(n, role)),
        1 => any::<u32>().prop_map(Change::Switch),
        2 => (any::<u32>(), 0_u8..4).prop_map(|(n, teams)| Change::Move(n, teams)),
        1 => any::<u32>().prop_map(Change::BecomeBot),
    ]
}

fn stories() -> impl Strategy<Value = Story> {
    let changes = || proptest::collection::vec(change(), 0..4);
    let during = prop_oneof![2 => Just(vec![]), 1 => proptest::collection::vec((0_u32..40, change()), 1..3)];
    let rest =
        (2_usize..30, prop::bool::weighted(0.3), prop::bool::weighted(0.2), prop_oneof![4 => Just(0), 1 => 1_usize..3]);
    let sync = (changes(), during, rest).prop_map(|(before, during, (batch, afresh, outdated, lost))| Sync {
        before,
        during,
        batch,
        afresh,
        outdated,
        lost,
    });
    let role = prop::sample::select(vec![ADMIN, ADMIN, VIEWER]);
    let version = prop::sample::select(vec!["11.6.0", "7.6.0", "5.37.0"]);
    (4_u32..40, role, version, prop::bool::weighted(0.2), proptest::collection::vec(sync, 1..5)).prop_map(
        |(accounts, role, version, caches, syncs)| Story {
            accounts,
            role,
            version,
            caches: caches && role == ADMIN,
            syncs,
        },
    )
}

/// Ids are in no order of the numbers.
const fn scattered(n: u32) -> u32 {
    n.wrapping_mul(7_919) % 100_003
}

/// The result of a story.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shown {
    /// What is wrong with the kept users.
    wrong: Vec<String>,
    /// Kept users that are not those who existed at one of the server's counts.
    inexact: Vec<String>,
    /// Reasons why everybody had to be listed although nothing changed meanwhile.
    listed: Vec<String>,
}

impl Story {
    fn begin(&self) -> Server {
        let mut server = Server::of(0);
        server.teams = 2;
        (server.role, server.version, server.caches) = (self.role, self.version, self.caches);
        for n in 0..self.accounts {
            let name = format!("user{n:06}");
            server.create(&name, scattered(n));
            // Only administrators see who is in no team.
            let teams = [1, 3, 1, 2, 1, if self.role == ADMIN { 0 } else { 1 }];
            server.update(&name, |account| account.teams = teams[usize::try_from(n).unwrap() % 6]);
        }
        server.now += 3_600_000;
        server
    }

    fn play(&self) -> Shown {
        let (mut server, settings, mut shown) = (self.begin(), settings(), Shown::default());
        let mut next = 1_000;
        let mut kept = list(&settings, &mut server, |_, _| {});
        for sync in &self.syncs {
            for change in &sync.before {
                self.apply(&mut server, change, next);
                next += 1;
            }
            server.now += 60_000;
            for id in kept.users.keys().take(sync.lost).cloned().collect::<Vec<_>>() {
                (kept.is_complete, _) = (false, kept.users.remove(&id));
            }
            let before = ids(&server);
            let (mut answered, mut counted) = (0, Vec::new());
            let answer = |server: &mut Server, request: &Request| {
                for (_, change) in sync.during.iter().filter(|(at, _)| *at == answered) {
                    self.apply(server, change, next);
                    next += 1;
                }
                answered += 1;
                if request.path.contains("stats/filtered") {
                    counted.push(ids(server));
                }
                server.answer(request)
            };
            let host = FakeHost {
                settings: &settings,
                batch: sync.batch,
                afresh: sync.afresh,
                order: Order::Last,
                outdated: sync.outdated,
            };
            let got = host.changes(&mut server, &kept, answer, |_, _| {});
            let fresh = list(&settings, &mut server, |_, _| {});
            assert!(fresh.is_complete, "{:?}", fresh.codes);
            let got = match got {
                Err(failure) if failure.code == Code::CursorStale => None,
                got => Some(got.unwrap()),
            };
            let is_quiet = sync.during.is_empty();
            match got.as_ref().filter(|got| got.is_complete) {
                Some(got) => {
                    shown.wrong.extend(wrong(got, &fresh, &before, is_quiet));
                    shown.inexact.extend(inexact(got, &counted));
                }
                None if is_quiet => shown.listed.extend(got.as_ref().and_then(|got| got.reason.clone())),
                None => {}
            }
            kept = got.filter(|got| got.is_complete).unwrap_or(fresh);
            server.now += 60_000;
        }
        shown
    }

    fn apply(&self, server: &mut Server, change: &Change, next: u32) {
        let nth = |server: &Server, n: u32| {
            let others: Vec<_> = server.accounts.iter().filter(|(_, account)| account.n != 0).collect();
            let place = usize::try_from(n).unwrap() % others.len().max(1);
            others.get(place).map(|(name, _)| (*name).clone()).unwrap_or_default()
        };
        let now = server.now;
        match change {
            Change::Create { teams, is_bot } => {
                server.create(&format!("new{next:06}"), scattered(next));
                server.update(&format!("new{next:06}"), |account| (account.teams, account.is_bot) = (*teams, *is_bot));
            }
            Change::Delete { n, leaves } => server.delete(&nth(server, *n), *leaves && !self.caches),
            Change::Rename(n) => server.rename(&nth(server, *n), &format!("other{next:06}")),
            Change::Role(n, roles) => server.update(&nth(server, *n), |account| account.roles = roles),
            Change::Switch(n) => server.update(&nth(server, *n), |account| {
                account.deactivated = if account.deactivated == 0 { now } else { 0 };
            }),
            Change::Move(n, teams) => {
                if let Some(account) = server.accounts.get_mut(&nth(server, *n)) {
                    account.teams = *teams;
                }
            }
            Change::BecomeBot(n) => {
                if let Some(account) = server.accounts.get_mut(&nth(server, *n)) {
                    account.is_bot = true;
                }
            }
        }
    }
}

fn ids(server: &Server) -> BTreeSet<String> {
    server.accounts.values().map(|account| id(account.n)).collect()
}

/// What is wrong with what is kept after a complete sync: it is what a listing gives if nothing changed meanwhile, and otherwise
/// holds everybody who was there all the time.
fn wrong(got: &Kept, fresh: &Kept, before: &BTreeSet<String>, is_quiet: bool) -> Vec<String> {
    let expected = fresh.users.keys().filter(|id| is_quiet || before.contains(*id));
    let missing = expected.filter(|id| !got.users.contains_key(*id)).map(|id| format!("{id} is missing"));
    let differs = got.users.iter().filter(|(id, user)| is_quiet && fresh.users.get(*id) != Some(user));
    missing.chain(differs.map(|(id, user)| format!("{user:?} {:?}", fresh.users.get(id)))).collect()
}

/// What is kept, unless just these existed at one of the counts. Lists have counts of their own.
fn inexact(got: &Kept, counted: &[BTreeSet<String>]) -> Option<String> {
    let kept: BTreeSet<String> = got.users.keys().cloned().collect();
    let is_by_lists = got.way.as_deref() == Some("lists");
    let is_exact = counted.iter().skip(usize::from(is_by_lists)).any(|counted| *counted == kept);
    (!is_exact).then(|| format!("{kept:?} never existed together: {counted:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    /// Whatever happens between syncs and during them: what is kept after a complete one is what a fresh listing gives.
    #[test]
    fn the_kept_users_are_those_of_a_listing(story in stories()) {
        prop_assert_eq!(story.play().wrong, Vec::<String>::new());
    }

    /// An administrator's sync in one instance, over a server that does not change meanwhile, lists everybody only where an account
    /// has become a bot, which nothing but numbers shows.
    #[test]
    fn an_administrator_lists_everybody_once(mut story in stories()) {
        story.role = ADMIN;
        for sync in &mut story.syncs {
            sync.during.clear();
            sync.afresh = false;
            sync.before.retain(|change| !matches!(change, Change::BecomeBot(_)));
        }
        prop_assert_eq!(story.play(), Shown::default());
    }
}

/// A sync of few users at a time, over changes before it and others before the n-th answer.
fn sync(before: Vec<Change>, during: Vec<(u32, Change)>) -> Sync {
    Sync { before, during, batch: 1, afresh: false, outdated: false, lost: 0 }
}

/// Between any two answers, a user is deleted whose profile is still returned, and another one is created.
fn deletions_behind_a_creation() -> Vec<Story> {
    let story = |at| {
        let changes = [Change::Delete { n: 2, leaves: false }, Change::Create { teams: 1, is_bot: false }];
        let during = changes.map(|change| (at, change)).into();
        Story { accounts: 6, role: ADMIN, version: "7.6.0", caches: true, syncs: vec![sync(vec![], during)] }
    };
    (0..30).map(story).collect()
}

/// A user is deleted and leaves a membership, and another one is created in a team that the token's account is not in.
fn memberships_in_place_of_newcomers() -> Vec<Story> {
    let story = |n| {
        let before = vec![Change::Delete { n, leaves: true }, Change::Create { teams: 2, is_bot: false }];
        Story { accounts: 3, role: ADMIN, version: "11.6.0", caches: false, syncs: vec![sync(before, vec![])] }
    };
    (0..3).map(story).collect()
}

/// Each step of the proof is needed: without it, the kept users are wrong in one of these stories.
#[test]
fn a_sync_without_a_step_of_the_proof_is_detected() {
    for (mutated, stories) in [
        (Mutation::NoSecondList, deletions_behind_a_creation()),
        (Mutation::IgnoresUnlisted, memberships_in_place_of_newcomers()),
    ] {
        let inexact = || stories.iter().filter(|story| !story.play().inexact.is_empty()).count();
        assert_eq!(inexact(), 0, "{mutated:?}");
        mutation::NOW.set(Some(mutated));
        let found = inexact();
        mutation::NOW.set(None);
        assert!(found > 0, "{mutated:?} is not noticed");
    }
}
