//! Tests of `team_admins_max_age`: how old a record may be in who runs which team and in a guest's seat, and what that
//! saves.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use provider_sdk::http::Request;
use provider_sdk::time::{DAY_MS, timestamp, timestamp_ms};

use super::super::listing::fake_server::{ADMIN, NOW, Server, Team, VIEWER, id, settings, settings_of};
use super::super::settings::Settings;
use super::fake_host::{FakeHost, Kept, assert_same, list};
use crate::contract::{SeatUse, User, UserKind};

const HOUR_MS: i64 = DAY_MS / 24;
const LICENSED: &str = r#"{"IsLicensed":"true","SkuShortName":"enterprise"}"#;

/// The permissions of an administrator who does not see private teams.
const PUBLIC_TEAMS: &str = r#""manage_system","view_members","view_team","list_public_teams""#;

fn team(n: u32, admins: &[u32]) -> (String, Team) {
    let name = format!("team-{n}");
    (format!("more{n}"), Team { name, updated: NOW - 100 * DAY_MS, is_archived: false, admins: admins.to_vec() })
}

fn runs(user: &User) -> BTreeSet<&str> {
    let runs = user.attributes.iter().find(|(key, _)| key == "runs-teams");
    runs.map(|(_, names)| names.split(',').collect()).unwrap_or_default()
}

/// Whether a request is about teams or guests.
fn is_beside(request: &Request) -> bool {
    ["in_team=", "/api/v4/teams?", "guest_filter="].iter().any(|part| request.path.contains(part))
}

fn sync(settings: &Settings, server: &mut Server, kept: &Kept) -> (Kept, usize) {
    let mut beside = 0;
    let answer = |server: &mut Server, request: &Request| {
        beside += usize::from(is_beside(request));
        server.answer(request)
    };
    let host = FakeHost { batch: 9_300, ..FakeHost::with(settings) };
    let got = host.changes(server, kept, answer, |_, _| {}).unwrap();
    assert!(got.is_complete, "{:?}", got.codes);
    (got, beside)
}

/// A server with 40 teams and 3,900 guests of a single channel.
fn large(accounts: u32) -> Server {
    let mut server = Server::of(accounts);
    server.license = LICENSED;
    server.more_teams = (0..39).map(|n| team(n, &[n, n + 1])).collect();
    server.single = (0..3_900).map(|n| n * (accounts / 3_900) + 1).collect();
    let guests: BTreeSet<u32> = server.single.iter().copied().collect();
    let of_them = server.accounts.values_mut().filter(|account| guests.contains(&account.n));
    of_them.for_each(|account| account.roles = "system_guest");
    server
}

#[test]
fn a_sync_with_an_age_takes_a_small_part_of_the_requests_of_a_listing_by_pages() {
    let mut server = large(200_000);
    let pages = list(&settings_of(&[("listing", "pages")]), &mut server, |_, _| {});
    let settings = settings_of(&[("team_admins_max_age", "168")]);
    let kept = list(&settings, &mut server, |_, _| {});
    server.now += HOUR_MS;
    (0..97).for_each(|n| server.rename(&format!("user{:06}", n * 2_000 + 2), &format!("zoe{n:06}")));
    (0..3).for_each(|n| server.create(&format!("new{n}"), 300_000 + n));
    let (got, _) = sync(&settings, &mut server, &kept);
    assert_eq!((got.way.as_deref(), got.came), (Some("lists"), 100));
    assert!(got.requests * 1_000 <= pages.requests * 60, "{} of {}", got.requests, pages.requests);
}

/// In a period each team and the guests are read once, whatever else is read.
#[test]
fn syncs_share_the_requests_about_teams_and_guests() {
    for (hours, step_hours) in [("168", 24), ("24", 1)] {
        let mut server = large(8_000);
        let settings = settings_of(&[("team_admins_max_age", hours)]);
        let mut kept = list(&settings, &mut server, |_, _| {});
        let (_, exact) = sync(&settings_of(&[]), &mut server, &kept);
        let period = hours.parse::<usize>().unwrap() / step_hours;
        let mut beside = 0;
        for _ in 0..period {
            server.now += i64::try_from(step_hours).unwrap() * HOUR_MS;
            let (got, requests) = sync(&settings, &mut server, &kept);
            (kept, beside) = (got, beside + requests);
        }
        // The list of teams, each team, and the number and the pages of guests. Each sync asks for the list of teams and
        // about the first one, which has no date; the rest comes once, but for what is due close to a watermark.
        assert_eq!(exact, 1 + 40 + 41);
        assert!((80..84).contains(&(beside - 2 * period)), "{beside} in {period} syncs");
        // After a pause of a period, everything.
        server.now += hours.parse::<i64>().unwrap() * HOUR_MS;
        assert_eq!(sync(&settings, &mut server, &kept).1, exact);
    }
}

/// What happens to who runs a team although it is not due, or to a record although nobody is asked about.
#[test]
fn what_is_not_due_is_kept_and_what_nobody_knows_is_read() {
    type Event = fn(&mut Server);
    fn more<'s>(server: &'s mut Server, id: &str) -> &'s mut Team {
        let now = server.now;
        let team = server.more_teams.get_mut(id).unwrap();
        team.updated = now;
        team
    }
    let events: [(&str, Event); 13] = [
        ("nothing", |_| {}),
        ("a team is renamed", |server| more(server, "more1").name = "other".into()),
        ("two teams swap their names", |server| {
            more(server, "more1").name = "team-2".into();
            more(server, "more2").name = "team-1".into();
        }),
        ("a team is archived", |server| more(server, "more1").is_archived = true),
        ("a team comes out of the archive", |server| more(server, "more3").is_archived = false),
        ("a team is made", |server| {
            let (id, team) = team(9, &[5, 6]);
            server.more_teams.insert(id, Team { updated: server.now, ..team });
        }),
        ("a team is deleted", |server| _ = server.more_teams.remove("more1")),
        ("an administrator is renamed", |server| server.rename("user000005", "zoe")),
        ("an administrator is deleted", |server| server.delete("user000005", false)),
        ("an administrator becomes a guest", |server| {
            server.update("user000005", |account| account.roles = "system_guest");
        }),
        ("a guest of a single channel becomes a member, and a member one", |server| {
            server.update("user000020", |account| account.roles = "system_user");
            server.update("user000022", |account| account.roles = "system_guest");
            server.single = vec![22, 23];
        }),
        ("a guest is active again", |server| server.update("user000023", |account| account.deactivated = 0)),
        ("a guest is made", |server| {
            server.create("new", 900);
            server.update("new", |account| account.roles = "system_guest");
            server.single.push(900);
        }),
    ];
    for (way, (name, event)) in ["auto", "pages"].iter().flat_map(|way| events.map(|event| (way, event))) {
        let settings = settings_of(&[("team_admins_max_age", "8760"), ("listing", way)]);
        let mut server = Server::of(450);
        server.license = LICENSED;
        server.more_teams = (0..4).map(|n| team(n, &[5, 6 + n])).collect();
        server.more_teams.get_mut("more3").unwrap().is_archived = true;
        for n in [20, 21, 23] {
            server.update(&format!("user{n:06}"), |account| account.roles = "system_guest");
        }
        server.update("user000023", |account| account.deactivated = NOW);
        server.single = vec![20, 23];
        server.now += HOUR_MS;
        let kept = list(&settings, &mut server, |_, _| {});
        server.now += HOUR_MS;
        event(&mut server);
        server.now += HOUR_MS;
        let (got, _) = sync(&settings, &mut server, &kept);
        assert_same(&got, &list(&settings, &mut server, |_, _| {}), &format!("{name} by {way}"));
        if name == "nothing" {
            // The list of teams, and the team without a date.
            assert_eq!(sync(&settings, &mut server, &got).1, 2);
        }
    }
}

/// Everything is read where records are read again, and with a token that does not see all teams.
#[test]
fn everything_is_read_where_the_known_records_are_not_relied_on() {
    let settings = settings_of(&[("team_admins_max_age", "8760")]);
    type Change = fn(&mut Server, &mut Kept);
    let cases: [(&str, bool, Change, usize); 7] = [
        ("as before", false, |_, _| {}, 2),
        ("outdated", true, |_, _| {}, 7),
        ("not proven", false, |_, kept| kept.is_complete = false, 7),
        ("newer than the server", false, |server, kept| kept.watermark = timestamp(server.now + HOUR_MS), 7),
        (
            "other data is shown",
            false,
            |server, _| server.accounts.values_mut().for_each(|account| account.mailbox += 1),
            7,
        ),
        ("teams are hidden", false, |server, _| server.grants = Some(PUBLIC_TEAMS.into()), 7),
        ("an old account is not known", false, |_, kept| _ = kept.users.remove(&id(9)), 6),
    ];
    for (name, outdated, change, expect) in cases {
        let mut server = Server::of(450);
        server.more_teams = (0..4).map(|n| team(n, &[5, 6 + n])).collect();
        let mut kept = list(&settings, &mut server, |_, _| {});
        server.now += HOUR_MS;
        change(&mut server, &mut kept);
        let mut beside = 0;
        let answer = |server: &mut Server, request: &Request| {
            beside += usize::from(is_beside(request));
            server.answer(request)
        };
        let host = FakeHost { outdated, ..FakeHost::with(&settings) };
        let got = host.changes(&mut server, &kept, answer, |_, _| {}).unwrap();
        assert!(got.is_complete, "{name}: {:?}", got.codes);
        assert_eq!((beside, got.users.len()), (expect, 450), "{name}");
        assert!(got.as_of.is_some(), "{name}");
    }
    let mut server = Server::of(450);
    let kept = list(&settings_of(&[]), &mut server, |_, _| {});
    assert_eq!(FakeHost::with(&settings_of(&[])).sync(&mut server, &kept).as_of, None);
}

/// Something that happens between two syncs.
#[derive(Clone, Debug)]
enum Change {
    Run(u32, u32),
    Single(u32),
    Guest(u32),
    Switch(u32),
    RenameTeam(u32),
    Archive(u32),
    MakeTeam(u32),
    RenameUser(u32),
    MakeUser { runs: u32, is_guest: bool },
    Delete(u32, bool),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        8 => (any::<u32>(), any::<u32>()).prop_map(|(n, team)| Change::Run(n, team)),
        4 => any::<u32>().prop_map(Change::Single),
        2 => any::<u32>().prop_map(Change::Guest),
        1 => any::<u32>().prop_map(Change::Switch),
        1 => any::<u32>().prop_map(Change::RenameTeam),
        1 => any::<u32>().prop_map(Change::Archive),
        1 => any::<u32>().prop_map(Change::MakeTeam),
        1 => any::<u32>().prop_map(Change::RenameUser),
        2 => (any::<u32>(), any::<bool>()).prop_map(|(runs, is_guest)| Change::MakeUser { runs, is_guest }),
        1 => (any::<u32>(), any::<bool>()).prop_map(|(n, leaves)| Change::Delete(n, leaves)),
    ]
}

/// A server with what was so, and since when.
struct History {
    server: Server,
    next: u32,
    /// The ids of the teams that each account ran, and whether it was in a single channel.
    states: Vec<(i64, BTreeMap<u32, BTreeSet<String>>, BTreeSet<u32>)>,
}

impl History {
    fn new() -> Self {
        let mut server = Server::of(24);
        server.license = LICENSED;
        server.more_teams = (0..6).map(|n| team(n, &[n, n + 1])).collect();
        (10..16).for_each(|n| server.update(&format!("user{n:06}"), |account| account.roles = "system_guest"));
        server.single = vec![10, 11, 12];
        let mut history = Self { server, next: 100, states: vec![] };
        history.note();
        history
    }

    fn note(&mut self) {
        let mut runs: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
        for (id, team) in self.server.more_teams.iter().filter(|(_, team)| !team.is_archived) {
            team.admins.iter().for_each(|n| _ = runs.entry(*n).or_default().insert(id.clone()));
        }
        self.states.push((self.server.now, runs, self.server.single.iter().copied().collect()));
    }

    fn happen(&mut self, change: &Change) {
        let server = &mut self.server;
        let (now, next) = (server.now, self.next);
        self.next += 1;
        let names: Vec<String> = server.accounts.keys().cloned().collect();
        let name = |n: &u32| names[usize::try_from(*n).unwrap() % names.len()].clone();
        let numbers: Vec<u32> = server.accounts.values().map(|account| account.n).collect();
        let number = |n: &u32| numbers[usize::try_from(*n).unwrap() % numbers.len()];
        let ids: Vec<String> = server.more_teams.keys().cloned().collect();
        let id_of = |n: &u32| ids[usize::try_from(*n).unwrap() % ids.len()].clone();
        let toggle = |list: &mut Vec<u32>, n: u32| match list.iter().position(|it| *it == n) {
            Some(place) => _ = list.remove(place),
            None => list.push(n),
        };
        match change {
            Change::Run(n, team) => toggle(&mut server.more_teams.get_mut(&id_of(team)).unwrap().admins, number(n)),
            Change::Single(n) => toggle(&mut server.single, number(n)),
            Change::Guest(n) => server.update(&name(n), |account| {
                account.roles = if account.roles == "system_guest" { "system_user" } else { "system_guest" };
            }),
            Change::Switch(n) => server.update(&name(n), |account| {
                account.deactivated = if account.deactivated == 0 { now } else { 0 };
            }),
            Change::RenameTeam(n) => {
                let team = server.more_teams.get_mut(&id_of(n)).unwrap();
                (team.name, team.updated) = (format!("team-{next}"), now);
            }
            Change::Archive(n) => {
                let team = server.more_teams.get_mut(&id_of(n)).unwrap();
                (team.is_archived, team.updated) = (!team.is_archived, now);
            }
            Change::MakeTeam(n) => {
                let (id, team) = team(next, &[number(n)]);
                server.more_teams.insert(id, Team { updated: now, ..team });
            }
            Change::RenameUser(n) => server.rename(&name(n), &format!("user{next:06}y")),
            Change::MakeUser { runs, is_guest } => {
                server.create(&format!("user{next:06}"), next);
                server.more_teams.get_mut(&id_of(runs)).unwrap().admins.push(next);
                if *is_guest {
                    server.update(&format!("user{next:06}"), |account| account.roles = "system_guest");
                    server.single.push(next);
                }
            }
            Change::Delete(n, leaves) => {
                // The token's own account stays.
                if number(n) != 0 {
                    server.delete(&name(n), *leaves);
                }
            }
        }
        self.note();
    }

    /// What was so at some time since `from_ms`.
    fn since(&self, from_ms: i64) -> impl Iterator<Item = &(i64, BTreeMap<u32, BTreeSet<String>>, BTreeSet<u32>)> {
        let first = self.states.partition_point(|(at, ..)| *at <= from_ms).saturating_sub(1);
        self.states.iter().skip(first)
    }

    /// Whether the records of an account could have been read at some time since `from_ms`.
    fn holds(&self, user: &User, from_ms: i64) -> Result<(), String> {
        let n = user.id.trim_start_matches('u').parse().unwrap();
        let shown: BTreeSet<&str> = runs(user);
        let live = || self.server.more_teams.iter().filter(|(_, team)| !team.is_archived);
        for (id, team) in live() {
            let is_shown = shown.contains(team.name.as_str());
            let was = |state: &BTreeMap<u32, BTreeSet<String>>| state.get(&n).is_some_and(|ids| ids.contains(id));
            if !self.since(from_ms).any(|(_, runs, _)| was(runs) == is_shown) {
                return Err(format!("{} of {n}: {is_shown}", team.name));
            }
        }
        if let Some(name) = shown.iter().find(|name| **name != "alpha" && live().all(|(_, team)| team.name != **name)) {
            return Err(format!("{name} of {n} is no team"));
        }
        let is_free = user.seat == SeatUse::Free;
        let is_guest = user.kind == UserKind::Guest && user.deactivated_at.is_none();
        if is_guest && !self.since(from_ms).any(|(_, _, single)| single.contains(&n) == is_free) {
            return Err(format!("the seat of {n}: {is_free}"));
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever happens and whenever syncs come: who runs a team and in how many channels a guest is was so at some time
    /// within the age or since the last sync, and since the time that the page says. All else is as in a fresh listing.
    #[test]
    fn records_are_never_older_than_the_age(
        hours in prop_oneof![Just("1"), Just("24"), Just("72")],
        is_viewer in any::<bool>(),
        by_pages in any::<bool>(),
        story in proptest::collection::vec(
            (proptest::collection::vec((0..4 * HOUR_MS, change()), 0..4), 0..30 * HOUR_MS, 3_usize..30, any::<bool>(), 0_u8..12),
            1..14,
        ),
    ) {
        let age_ms = hours.parse::<i64>().unwrap() * HOUR_MS;
        let listing = if by_pages { "pages" } else { "auto" };
        let settings = settings_of(&[("team_admins_max_age", hours), ("listing", listing)]);
        let mut history = History::new();
        history.server.role = if is_viewer { VIEWER } else { ADMIN };
        history.server.now += HOUR_MS;
        let mut kept = list(&settings, &mut history.server, |_, _| {});
        let mut last = history.server.now;
        for (changes, pause, batch, afresh, what) in &story {
            for (ms, change) in changes {
                history.server.now += ms;
                history.happen(change);
            }
            history.server.now += pause + 2_000;
            let now = history.server.now;
            let host = FakeHost { batch: *batch, afresh: *afresh, outdated: *what == 0, ..FakeHost::with(&settings) };
            if *what == 1 {
                // A run that dies in the middle: what it has found is kept, and the watermark stays.
                let mut requests = 0;
                let dies = |server: &mut Server, request: &Request| {
                    requests += 1;
                    if requests > 20 { Err(provider_sdk::http::Lost::Closed) } else { server.answer(request) }
                };
                let found = host.until_it_fails(&mut history.server, &kept, dies);
                kept.users.extend(found.into_iter().map(|user| (user.id.clone(), user)));
            }
            let got = host.changes(&mut history.server, &kept, Server::answer, |_, _| {}).unwrap();
            if !got.is_complete {
                kept = list(&settings, &mut history.server, |_, _| {});
                last = now;
                continue;
            }
            let as_of = got.as_of.as_deref().and_then(timestamp_ms).unwrap();
            let oldest = (now - age_ms).min(last);
            prop_assert!(as_of > oldest - 2_000 && as_of <= now, "{as_of} {now}");
            for user in got.users.values() {
                prop_assert_eq!(history.holds(user, as_of.max(oldest)), Ok(()));
            }
            let fresh = list(&settings_of(&[("listing", listing)]), &mut history.server, |_, _| {});
            let plain = |kept: &Kept| kept.users.values().map(without).collect::<Vec<_>>();
            prop_assert_eq!(plain(&got), plain(&fresh));
            (kept, last) = (got, now);
        }
    }
}

/// A record without what may be older.
fn without(user: &User) -> User {
    let role = if user.role == "team-admin" { "member".to_string() } else { user.role.clone() };
    let seat = if user.kind == UserKind::Guest { SeatUse::Unknown } else { user.seat };
    let licenses = if user.kind == UserKind::Guest { vec![] } else { user.licenses.clone() };
    let attributes = user.attributes.iter().filter(|(key, _)| key != "runs-teams").cloned().collect();
    User { role, seat, licenses, attributes, ..user.clone() }
}

#[test]
fn the_setting_is_off_by_default() {
    assert_eq!(settings().team_admins_max_age, None);
    assert_eq!(settings().fingerprint(), settings_of(&[("team_admins_max_age", "0")]).fingerprint());
    assert_ne!(settings().fingerprint(), settings_of(&[("team_admins_max_age", "1")]).fingerprint());
}
