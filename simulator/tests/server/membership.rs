//! Who is in which team, and what each route says of it.

use std::collections::BTreeSet;

use mattermost_simulator::{Account, CallerTeams, ChangeKind, Config, Kind, MainTeam, Memberships, Tokens};
use serde_json::Value;

use crate::http::{Server, server};

/// A world with some of everything.
const MIXED: Memberships = Memberships {
    teams: Some(5),
    main: MainTeam::Nobody,
    second_percent: 20,
    teamless_percent: 10,
    callers: CallerTeams::AsOthers,
    orphans: 3,
    orphan_bots: 2,
    guests_apart: false,
};

fn of(version: &str, memberships: Memberships) -> Server {
    server(Config { users: 600, version: version.parse().unwrap(), memberships, ..Config::default() })
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row.get(key).and_then(Value::as_str).unwrap()
}

/// The texts under a key of all pages of a list.
fn all(server: &Server, path: &str, key: &str, token: &str) -> Vec<String> {
    let mut found = Vec::new();
    for page in 0.. {
        let rows = server.rows(&format!("{path}page={page}&per_page=200"), token);
        found.extend(rows.iter().map(|row| text(row, key).to_owned()));
        if rows.len() < 200 {
            break;
        }
    }
    found
}

fn known(server: &Server, token: &str) -> BTreeSet<String> {
    let ids: Vec<String> = serde_json::from_str(&server.get("/api/v4/users/known", token).body).unwrap();
    let distinct: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(distinct.len(), ids.len(), "nobody comes twice");
    distinct
}

fn teams(server: &Server) -> Vec<String> {
    all(server, "/api/v4/teams?", "id", server.admin())
}

fn members(server: &Server, team: &str) -> Vec<String> {
    all(server, &format!("/api/v4/teams/{team}/members?"), "user_id", server.admin())
}

fn ids(accounts: &[Account], is_wanted: impl Fn(&Account) -> bool) -> BTreeSet<String> {
    accounts.iter().filter(|account| is_wanted(account)).map(|account| account.id.clone()).collect()
}

fn place(server: &Server, id: &str) -> u32 {
    let place = server.simulator.roster().iter().position(|account| account.id == id).unwrap();
    u32::try_from(place).unwrap()
}

/// The id of the account that a token belongs to.
fn own(server: &Server, token: &str) -> String {
    text(&serde_json::from_str(&server.get("/api/v4/users/me", token).body).unwrap(), "id").to_owned()
}

#[test]
fn each_route_answers_those_who_may_ask() {
    for version in ["5.23", "5.37", "7.6", "11.6"] {
        let server = of(version, MIXED);
        let Tokens { admin, viewer_bot, member, bot, guest, revoked } = server.simulator.tokens();
        let (own_team, other) = {
            let of_member = server.rows("/api/v4/users/me/teams/members", member);
            let own = text(of_member.first().unwrap(), "team_id").to_owned();
            let other = teams(&server).into_iter().find(|team| *team != own).unwrap();
            (own, other)
        };
        let open = teams(&server).into_iter().find(|team| {
            let rows = server.rows("/api/v4/teams", bot);
            rows.iter().any(|row| text(row, "id") == team)
        });
        let open = open.unwrap();
        let [own_members, members, of_open] = [&own_team, &other, &open].map(|team| format!("teams/{team}/members"));
        let outside = format!("users?not_in_team={other}");
        // The route, and what the administrator, the Viewer's bot, the member, the bot and the guest get.
        let cases: [(&str, [u16; 5]); 7] = [
            ("users/known", [200; 5]),
            (&own_members, [200, 200, 200, 403, 403]),
            (&members, [200, 200, 403, 403, 403]),
            (&of_open, [200, 200, if open == own_team { 200 } else { 403 }, 403, 403]),
            ("users?without_team=true", [200, 403, 403, 403, 403]),
            ("bots?include_deleted=true", [200, 403, 403, 403, 403]),
            (&outside, [200, 200, 403, 403, 403]),
        ];
        let guests_team = {
            let rows = server.rows("/api/v4/users/me/teams/members", guest);
            text(rows.first().unwrap(), "team_id").to_owned()
        };
        for (route, expect) in cases {
            let is_guests_own = route.starts_with("teams/") && route.contains(&guests_team);
            let callers = [admin, viewer_bot, member, bot, guest];
            for (at, (token, status)) in callers.iter().zip(expect).enumerate() {
                let status = if at == 4 && is_guests_own { 200 } else { status };
                assert_eq!(server.get(&format!("/api/v4/{route}"), token).status, status, "{version} {route} {at}");
            }
            assert_eq!(server.get(&format!("/api/v4/{route}"), revoked).status, 401, "{version} {route}");
        }
    }
    let old = of("5.22", MIXED);
    assert_eq!(old.get("/api/v4/users/known", old.admin()).status, 400, "it is taken for an account's id");
}

#[test]
fn the_sources_of_ids_cover_everybody_and_orphans_beside() {
    for callers in [CallerTeams::AsOthers, CallerTeams::All, CallerTeams::One, CallerTeams::None] {
        let server = of("11.6", Memberships { callers, ..MIXED });
        let everybody = ids(&server.simulator.roster(), |_| true);
        let of_known = known(&server, server.admin());
        let of_teams: Vec<BTreeSet<String>> =
            teams(&server).iter().map(|team| members(&server, team).into_iter().collect()).collect();
        let teamless = all(&server, "/api/v4/users?without_team=true&", "id", server.admin());
        let bots = all(&server, "/api/v4/bots?include_deleted=true&", "user_id", server.admin());
        let mut cover: BTreeSet<String> = of_known.clone();
        cover.extend(of_teams.iter().flatten().cloned());
        cover.extend(teamless.iter().cloned());
        cover.extend(bots.iter().cloned());
        cover.insert(own(&server, server.admin()));
        assert!(cover.is_superset(&everybody), "{callers:?}");
        assert_eq!(cover.difference(&everybody).count(), 5, "{callers:?}: three memberships and two bots");
        // An account of a team knows all who are in it; one of none knows nobody.
        let admin = own(&server, server.admin());
        let mut expect: BTreeSet<String> =
            of_teams.iter().filter(|team| team.contains(&admin)).flatten().cloned().collect();
        expect.remove(&admin);
        assert_eq!(of_known, expect, "{callers:?}");
        assert_eq!(of_known.is_empty(), callers == CallerTeams::None);
        let in_teams: BTreeSet<String> = of_teams.into_iter().flatten().collect();
        let expect: BTreeSet<String> = everybody.difference(&in_teams).cloned().collect();
        assert_eq!(teamless.iter().cloned().collect::<BTreeSet<_>>(), expect, "{callers:?}");
        let orphan = cover.difference(&everybody).next().unwrap().clone();
        let found = server.send("POST", "/api/v4/users/ids", server.admin(), &format!("[\"{orphan}\",\"{admin}\"]"));
        assert!(found.body.contains(&admin) && !found.body.contains(&orphan), "{callers:?}");
    }
}

#[test]
fn members_of_the_main_team_know_everybody_in_it() {
    for (main, is_known) in [
        (
            MainTeam::People,
            (|account: &Account| !matches!(account.kind, Kind::Bot | Kind::Remote)) as fn(&Account) -> bool,
        ),
        (MainTeam::Everybody, |_| true),
    ] {
        let server = of("11.6", Memberships { main, ..Memberships::default() });
        let mut expect = ids(&server.simulator.roster(), is_known);
        expect.remove(&own(&server, server.admin()));
        assert_eq!(known(&server, server.admin()), expect, "{main:?}");
        let viewer = &server.simulator.tokens().viewer_bot;
        assert_eq!(known(&server, viewer).len(), if main == MainTeam::Everybody { 599 } else { 0 }, "{main:?}");
    }
    let apart = of("11.6", Memberships { main: MainTeam::Everybody, guests_apart: true, ..Memberships::default() });
    let mut expect = ids(&apart.simulator.roster(), |account| !account.is_single_channel_guest());
    expect.remove(&own(&apart, apart.admin()));
    assert_eq!(known(&apart, apart.admin()), expect, "guests in a channel of their own share none");
}

#[test]
fn pages_of_who_is_not_in_a_team_begin_at_the_square_of_their_size() {
    let server = of("11.6", MIXED);
    let team = teams(&server).remove(0);
    let path = |page: u32, size: u32| format!("/api/v4/users?not_in_team={team}&page={page}&per_page={size}");
    let inside: BTreeSet<String> = members(&server, &team).into_iter().collect();
    let roster = server.simulator.roster();
    let expect: Vec<&str> =
        roster.iter().map(|account| account.id.as_str()).filter(|id| !inside.contains(*id)).collect();
    for (page, size) in [(0, 10), (1, 10), (2, 10), (1, 20), (3, 10), (1, 30), (1, 200)] {
        let rows = server.rows(&path(page, size), server.admin());
        let got: Vec<&str> = rows.iter().map(|row| text(row, "id")).collect();
        let begin = usize::try_from(page * size * size).unwrap();
        let expect: Vec<&str> = expect.iter().skip(begin).take(usize::try_from(size).unwrap()).copied().collect();
        assert_eq!(got, expect, "page {page} of {size}");
    }
}

#[test]
fn memberships_are_in_order_of_ids_and_those_that_ended_are_not_listed() {
    let server = of("11.6", MIXED);
    let team = teams(&server).remove(0);
    let index = server.rows("/api/v4/teams?per_page=200", server.admin());
    let index = index.iter().find(|row| text(row, "id") == team).unwrap();
    let number: u32 = text(index, "name").trim_start_matches("team-").parse().unwrap();
    let before = members(&server, &team);
    assert!(before.is_sorted());
    let left = server.simulator.change(ChangeKind::LeaveTeam { place: 40, team: number }).unwrap();
    let joined = server.simulator.change(ChangeKind::JoinTeam { place: 80, team: number }).unwrap();
    let after = members(&server, &team);
    assert!(after.is_sorted() && after.len() == before.len());
    assert!(before.contains(&left.id) && !after.contains(&left.id));
    assert!(!before.contains(&joined.id) && after.contains(&joined.id));
    let listed = all(&server, &format!("/api/v4/users?in_team={team}&"), "id", server.admin());
    let roster = ids(&server.simulator.roster(), |_| true);
    let of_accounts: BTreeSet<&String> = after.iter().filter(|id| roster.contains(*id)).collect();
    assert_eq!(listed.iter().collect::<BTreeSet<_>>(), of_accounts, "orphans are in no list of accounts");
    // The account's own list has the membership that ended, with its end.
    let of_left = server.rows(&format!("/api/v4/users/{}/teams/members", left.id), server.admin());
    let ended: Vec<bool> = of_left
        .iter()
        .filter(|row| text(row, "team_id") == team)
        .map(|row| row.get("delete_at").and_then(Value::as_i64).unwrap() > 0)
        .collect();
    assert_eq!(ended, [true]);
    let by_name = all(&server, &format!("/api/v4/teams/{team}/members?sort=Username&"), "user_id", server.admin());
    assert_eq!(by_name, listed);
    let active =
        all(&server, &format!("/api/v4/teams/{team}/members?exclude_deleted_users=true&"), "user_id", server.admin());
    assert!(active.len() < by_name.len());
}

#[test]
fn remains_of_a_removed_account_are_only_in_lists_of_ids() {
    let server = of("11.6", Memberships { main: MainTeam::Everybody, ..MIXED });
    let bot = ids(&server.simulator.roster(), |account| account.kind == Kind::Bot && account.index > 10);
    let bot = server.simulator.change(ChangeKind::Orphan { place: place(&server, bot.first().unwrap()) }).unwrap();
    let person = server.simulator.change(ChangeKind::Orphan { place: 90 }).unwrap();
    assert_ne!(person.kind, Kind::Bot);
    let bots = all(&server, "/api/v4/bots?include_deleted=true&", "user_id", server.admin());
    let (known, first) = (known(&server, server.admin()), teams(&server));
    let of_teams: BTreeSet<String> = first.iter().flat_map(|team| members(&server, team)).collect();
    for (id, is_bot) in [(&bot.id, true), (&person.id, false)] {
        assert_eq!(bots.contains(id), is_bot);
        assert!(known.contains(id) && of_teams.contains(id));
        assert_eq!(server.get(&format!("/api/v4/users/{id}"), server.admin()).status, 404);
    }
    let everyone = "/api/v4/users/stats/filtered?include_deleted=true&include_bots=true&include_remote_users=true";
    assert_eq!(server.get(everyone, server.admin()).body, "{\"total_users_count\":598}\n");
}

#[test]
fn a_guest_may_leave_the_channel_that_everybody_is_in_and_a_member_become_a_guest() {
    let server = of("11.6", Memberships { main: MainTeam::Everybody, ..Memberships::default() });
    let before = known(&server, server.admin());
    let guest = server.simulator.change(ChangeKind::MakeGuest { place: 50 }).unwrap();
    assert_eq!((guest.kind, guest.roles), (Kind::Guest, "system_guest"));
    assert_eq!(known(&server, server.admin()), before);
    let apart = server.simulator.change(ChangeKind::LeaveChannel { place: place(&server, &guest.id) }).unwrap();
    assert_eq!(apart.id, guest.id);
    let after = known(&server, server.admin());
    assert_eq!(before.difference(&after).collect::<Vec<_>>(), [&guest.id]);
    let of_teams: BTreeSet<String> = teams(&server).iter().flat_map(|team| members(&server, team)).collect();
    assert!(of_teams.contains(&guest.id), "of the team it still is");
}

#[test]
fn a_profile_by_id_does_not_show_a_sign_in_until_it_changes() {
    let server = of("11.6", Memberships::default());
    let target = server.simulator.roster().into_iter().find(|account| account.index == 60).unwrap();
    let at = place(&server, &target.id);
    let update_at = |rows: Vec<Value>| rows.first().and_then(|row| row.get("update_at")?.as_i64());
    let by_id = |query: &str| {
        let path = format!("/api/v4/users/ids{query}");
        let body = server.send("POST", &path, server.admin(), &format!("[\"{}\"]", target.id)).body;
        update_at(serde_json::from_str(&body).unwrap())
    };
    let listed = || update_at(server.rows(&format!("/api/v4/users?per_page=1&page={at}"), server.admin()));
    assert_eq!(by_id(""), Some(target.update_at));
    let signed_in = server.simulator.change(ChangeKind::SignIn { place: at }).unwrap();
    assert_eq!((&signed_in.id, signed_in.update_at > target.update_at), (&target.id, true));
    assert_eq!((by_id(""), listed()), (Some(target.update_at), Some(signed_in.update_at)), "the cache lags");
    assert_eq!(by_id(&format!("?since={}", target.update_at)), None, "nor is it among those that changed");
    server.simulator.change(ChangeKind::SignIn { place: at }).unwrap();
    assert_eq!(by_id(""), Some(target.update_at));
    let renamed = server.simulator.change(ChangeKind::Rename { place: at, username: "aaaa".into() }).unwrap();
    assert_eq!(renamed.id, target.id);
    assert_eq!(by_id(""), Some(renamed.update_at), "a change of the profile empties the cache");

    // A profile that is not in the cache is read when it is requested, and after half an hour every profile is read again.
    // Each change advances the clock by a quarter of a minute.
    let at = place(&server, &target.id);
    let signed_in = server.simulator.change(ChangeKind::SignIn { place: at }).unwrap();
    assert_eq!(by_id(""), Some(renamed.update_at));
    for _ in 0..119 {
        server.simulator.change(ChangeKind::Use { place: 200 });
        assert_eq!(server.get("/api/v4/users/me", server.admin()).status, 200);
    }
    assert_eq!(by_id(""), Some(signed_in.update_at));
}

#[test]
fn the_default_world_is_one_team_for_each_person() {
    let server = of("11.6", Memberships::default());
    let listed = teams(&server);
    assert_eq!(listed.len(), 6);
    let all: Vec<String> = listed.iter().flat_map(|team| members(&server, team)).collect();
    let people = ids(&server.simulator.roster(), |account| !matches!(account.kind, Kind::Bot | Kind::Remote));
    assert_eq!((all.len(), all.into_iter().collect::<BTreeSet<_>>()), (people.len(), people));
}

#[test]
fn the_report_knows_who_is_in_no_team_from_9_6_on() {
    for (version, is_filtered) in [("9.5", false), ("9.6", true), ("11.6", true)] {
        let server = of(version, MIXED);
        let path = "/api/v4/reports/users?page_size=100&has_no_team=true";
        let rows = server.rows(path, server.admin());
        let got: BTreeSet<String> = rows.iter().map(|row| text(row, "id").to_owned()).collect();
        let teamless: BTreeSet<String> =
            all(&server, "/api/v4/users?without_team=true&", "id", server.admin()).into_iter().collect();
        let people = ids(&server.simulator.roster(), |account| account.kind != Kind::Bot);
        let expect: BTreeSet<String> = teamless.intersection(&people).cloned().collect();
        assert!(expect.len() < 100, "they are on one page");
        assert_eq!(got == expect, is_filtered, "{version}");
    }
}
