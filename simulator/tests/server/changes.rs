//! Accounts that change while somebody pages through them.

use std::collections::BTreeSet;

use mattermost_simulator::{Change, ChangeKind, Config, Kind};
use serde_json::Value;

use crate::http::{Server, server};

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row.get(key).and_then(Value::as_str).unwrap()
}

fn number(row: &Value, key: &str) -> i64 {
    row.get(key).and_then(Value::as_i64).unwrap()
}

/// Every username in the order in which the pages bring it.
fn paged(server: &Server) -> Vec<String> {
    let mut names = Vec::new();
    for page in 0.. {
        let rows = server.rows(&format!("/api/v4/users?page={page}&per_page=20"), server.admin());
        names.extend(rows.iter().map(|row| text(row, "username").to_owned()));
        if rows.len() < 20 {
            break;
        }
    }
    names
}

/// Those that come twice, and those of `others` that never come.
fn repeated_and_missing<'a>(names: &'a [String], others: &'a [String]) -> (Vec<&'a str>, Vec<&'a str>) {
    let mut seen = BTreeSet::new();
    let repeated = names.iter().map(String::as_str).filter(|name| !seen.insert(*name)).collect();
    (repeated, others.iter().map(String::as_str).filter(|name| !seen.contains(name)).collect())
}

#[test]
fn a_change_between_two_pages_repeats_or_skips_a_row() {
    // Two pages of twenty are read before the change.
    let change = |what| Change { after: 2, on: "/api/v4/users?page=".into(), what };
    let config = |what| Config { users: 100, changes: vec![change(what)], ..Config::default() };
    let before = server(Config { users: 100, ..Config::default() }).simulator.roster();
    let name = |place: usize| before.get(place).unwrap().username.clone();
    let cases = [
        // A row at the end of the second page is pushed onto the third.
        (ChangeKind::Create { username: "aaa".into() }, vec![name(39)], vec!["aaa".to_owned()]),
        // A new row that is still ahead comes in its turn.
        (ChangeKind::Create { username: "zzz".into() }, vec![], vec![]),
        // The first row of the third page moves to the second, which is past.
        (ChangeKind::Delete { place: 10 }, vec![], vec![name(40)]),
        (ChangeKind::Delete { place: 90 }, vec![], vec![]),
        // To the back: the row comes again by its new name, and another is skipped.
        (ChangeKind::Rename { place: 10, username: "zzz".into() }, vec![], vec![name(40)]),
        // To the front: it is never seen by its new name, and another comes twice.
        (ChangeKind::Rename { place: 90, username: "aaa".into() }, vec![name(39)], vec!["aaa".to_owned()]),
        // The whole list does not move for an account that is deactivated.
        (ChangeKind::Deactivate { place: 10 }, vec![], vec![]),
        (ChangeKind::Reactivate { place: 10 }, vec![], vec![]),
    ];
    for (what, repeated, missing) in cases {
        let server = server(config(what.clone()));
        let names = paged(&server);
        let after: Vec<String> = server.simulator.roster().into_iter().map(|account| account.username).collect();
        let missed = repeated_and_missing(&names, &after);
        assert_eq!(
            missed,
            (repeated.iter().map(String::as_str).collect(), missing.iter().map(String::as_str).collect()),
            "{what:?}"
        );
        // A second listing is right.
        assert_eq!(paged(&server), after, "{what:?}");
    }
}

#[test]
fn a_filtered_list_moves_with_an_account_that_is_deactivated() {
    let change = Change { after: 1, on: "active=true".into(), what: ChangeKind::Deactivate { place: 10 } };
    let server = server(Config { users: 100, changes: vec![change], ..Config::default() });
    let active = server.rows("/api/v4/users?per_page=60", server.admin());
    let active: Vec<_> = active.iter().filter(|row| number(row, "delete_at") == 0).map(|row| text(row, "id")).collect();
    let page = |page| server.rows(&format!("/api/v4/users?active=true&per_page=20&page={page}"), server.admin());
    page(0);
    assert_eq!(text(page(1).first().unwrap(), "id"), *active.get(21).unwrap(), "the one at 20 is skipped");
}

#[test]
fn every_route_sees_the_change() {
    let server = server(Config { users: 500, ..Config::default() });
    let (simulator, admin) = (&server.simulator, server.admin());
    let before = simulator.counts();
    let kinds: Vec<Kind> = simulator.roster().iter().map(|account| account.kind).collect();
    let place = |wanted| u32::try_from(kinds.iter().rposition(|kind| *kind == wanted).unwrap()).unwrap();
    let team = text(server.rows("/api/v4/teams", admin).first().unwrap(), "id").to_owned();
    let members = |team: &str| server.rows(&format!("/api/v4/teams/{team}/members?per_page=200"), admin).len();
    let (of_team, listed) = (members(&team), server.rows(&format!("/api/v4/users?in_team={team}&per_page=200"), admin));
    assert_eq!(listed.len(), of_team);

    // A bot and a person go, five people come, and one of those is deactivated.
    let bot = simulator.change(ChangeKind::Delete { place: place(Kind::Bot) }).unwrap();
    let gone = simulator.change(ChangeKind::Delete { place: place(Kind::Member) - 1 }).unwrap();
    for _ in 0..5 {
        simulator.change(ChangeKind::Create { username: "Newcomer".into() });
    }
    let made: Vec<_> =
        simulator.roster().into_iter().filter(|account| account.username.starts_with("newcomer")).collect();
    let names: Vec<_> = made.iter().map(|account| account.username.as_str()).collect();
    assert_eq!(names, ["newcomer", "newcomer-2", "newcomer-3", "newcomer-4", "newcomer-5"]);
    let roster = simulator.roster();
    let at = roster.iter().position(|account| account.username == "newcomer-3").unwrap();
    let off = simulator.change(ChangeKind::Deactivate { place: u32::try_from(at).unwrap() }).unwrap();
    assert_eq!((off.username.as_str(), off.delete_at == off.update_at), ("newcomer-3", true));

    let total = 500 - 2 + 5;
    assert_eq!(simulator.roster().len(), total);
    let everyone = "/api/v4/users/stats/filtered?include_deleted=true&include_bots=true&include_remote_users=true";
    let gone_active = u32::from(gone.delete_at == 0);
    let bot_active = u32::from(bot.delete_at == 0);
    for (path, expect) in [
        (everyone, format!("{{\"total_users_count\":{total}}}\n")),
        ("/api/v4/users/stats/filtered", format!("{{\"total_users_count\":{}}}\n", before.seats + 4 - gone_active)),
        (
            "/api/v4/users/stats",
            format!("{{\"total_users_count\":{}}}\n", before.active + 4 - gone_active - bot_active),
        ),
        ("/api/v4/reports/users/count", (500 - before.bots + 5 - 1).to_string()),
    ] {
        assert_eq!(server.get(path, admin).body.trim(), expect.trim(), "{path}");
    }
    let analytics = server.rows("/api/v4/analytics/old?name=standard", admin);
    let of = |name: &str| number(analytics.iter().find(|row| text(row, "name") == name).unwrap(), "value");
    assert_eq!(of("unique_user_count"), i64::from(before.seats + 4 - gone_active));
    let bots = server.rows("/api/v4/bots?include_deleted=true&per_page=200", admin);
    assert_eq!(bots.len(), usize::try_from(before.bots - 1).unwrap());

    // Nobody is found who is gone, and those who came are.
    assert_eq!(server.get(&format!("/api/v4/users/{}", gone.id), admin).status, 404);
    let body = serde_json::to_string(&[&gone.id, &off.id]).unwrap();
    let found = server.send("POST", "/api/v4/users/ids", admin, &body).body;
    assert!(!found.contains(&gone.id) && found.contains(&off.id), "{found}");
    let statuses = server.send("POST", "/api/v4/users/status/ids", admin, &body);
    assert!(statuses.body.contains(&format!(
        "{{\"user_id\":\"{}\",\"status\":\"offline\",\"manual\":false,\"last_activity_at\":0",
        gone.id
    )));
    let teams = server.rows("/api/v4/teams?per_page=200", admin);
    let in_teams: usize = teams
        .iter()
        .map(|team| server.rows(&format!("/api/v4/users?in_team={}&per_page=200", text(team, "id")), admin).len())
        .sum();
    let at_start =
        simulator.population().all().filter(|account| !matches!(account.kind, Kind::Bot | Kind::Remote)).count();
    assert_eq!(in_teams, at_start - 1 + 5);
}

#[test]
fn the_report_is_paged_by_key_whatever_changes() {
    let on = || "/api/v4/reports/users?".into();
    let changes = vec![
        Change { after: 1, on: on(), what: ChangeKind::Create { username: "aaa".into() } },
        Change { after: 2, on: on(), what: ChangeKind::Delete { place: 10 } },
        // The row that the cursor stands on.
        Change { after: 3, on: on(), what: ChangeKind::Rename { place: 30, username: "aab".into() } },
    ];
    let server = server(Config { users: 200, changes, ..Config::default() });
    let (mut cursor, mut names) = (String::new(), Vec::new());
    loop {
        let rows = server.rows(&format!("/api/v4/reports/users?page_size=10{cursor}"), server.admin());
        names.extend(rows.iter().map(|row| text(row, "username").to_owned()));
        let Some(last) = rows.last() else { break };
        cursor = format!("&from_column_value={}&from_id={}", text(last, "username"), text(last, "id"));
    }
    let people = server.simulator.population().all().filter(|account| account.kind != Kind::Bot);
    let people: Vec<_> = people.map(|account| account.username).collect();
    assert_eq!(names, people, "everybody who was there from the start to the end");
}

#[test]
fn accounts_are_made_after_the_answers_that_do_not_know_them() {
    for now_ms in [None, Some(1_795_533_929_999)] {
        let server = server(Config { users: 20, now_ms, ..Config::default() });
        let date = server.get("/api/v4/users/stats", server.admin()).header("date").unwrap().to_owned();
        let made = server.simulator.change(ChangeKind::Create { username: "late".into() }).unwrap();
        let later = server.get("/api/v4/users/stats", server.admin()).header("date").unwrap().to_owned();
        let made_at = chrono::DateTime::from_timestamp_millis(made.create_at).unwrap();
        let read = |date: &str| chrono::DateTime::parse_from_rfc2822(date).unwrap().to_utc();
        assert!(read(&date) <= made_at, "{date} {made_at}");
        assert!(made_at < read(&later) + chrono::TimeDelta::seconds(1), "{later} {made_at}");
    }
}

#[test]
fn the_time_is_the_real_one_where_no_other_is_set() {
    let server = server(Config { users: 20, ..Config::default() });
    let date = server.get("/api/v4/system/ping", "").header("date").unwrap().to_owned();
    let date = chrono::DateTime::parse_from_rfc2822(&date).unwrap().to_utc();
    let off = chrono::Utc::now() - date;
    assert!((0..3).contains(&off.num_seconds()), "{date} is off by {off}");
}

#[test]
fn only_what_has_changed_since_is_asked_for_again() {
    let server = server(Config { users: 200, ..Config::default() });
    let ids: Vec<_> = server.simulator.roster().into_iter().map(|account| account.id).collect();
    let body = serde_json::to_string(&ids).unwrap();
    let since = server.simulator.roster().iter().map(|account| account.update_at).max().unwrap();
    let changed = |since: i64| {
        let path = format!("/api/v4/users/ids?since={since}");
        let rows: Vec<Value> = serde_json::from_str(&server.send("POST", &path, server.admin(), &body).body).unwrap();
        rows.iter().map(|row| text(row, "id").to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!((changed(since).len(), changed(0).len()), (0, 200));
    let renamed = server.simulator.change(ChangeKind::Rename { place: 20, username: "zzz".into() }).unwrap();
    let off = server.simulator.change(ChangeKind::Deactivate { place: 30 }).unwrap();
    let on = server.simulator.change(ChangeKind::Reactivate { place: 40 }).unwrap();
    server.simulator.change(ChangeKind::Delete { place: 50 }).unwrap();
    assert_eq!((off.delete_at > 0, on.delete_at), (true, 0));
    assert_eq!(changed(since), BTreeSet::from([renamed.id, off.id, on.id]));
    assert_eq!(changed(0).len(), 199);
}

#[test]
fn changes_beside_an_account_do_not_change_it() {
    let server = server(Config { users: 200, ..Config::default() });
    let since = server.simulator.roster().iter().map(|account| account.update_at).max().unwrap();
    let used = server.simulator.change(ChangeKind::Use { place: 20 }).unwrap();
    let turned = server.simulator.change(ChangeKind::RunTeam { place: 30 }).unwrap();
    let promoted = server.simulator.change(ChangeKind::Promote { place: 40 }).unwrap();
    let body = serde_json::to_string(&[&used.id, &turned.id, &promoted.id]).unwrap();
    let post = |path: &str| -> Vec<Value> {
        serde_json::from_str(&server.send("POST", path, server.admin(), &body).body).unwrap()
    };
    let changed = post(&format!("/api/v4/users/ids?since={since}"));
    let found: Vec<_> = changed.iter().map(|row| (text(row, "id"), text(row, "roles"))).collect();
    assert_eq!(found, [(promoted.id.as_str(), "system_admin system_user")]);
    let statuses = post("/api/v4/users/status/ids");
    let status = statuses.iter().find(|row| text(row, "user_id") == used.id).unwrap();
    assert!(number(status, "last_activity_at") >= since);
    let runs = || {
        let teams = server.rows(&format!("/api/v4/users/{}/teams/members", turned.id), server.admin());
        teams.first().unwrap().get("scheme_admin") == Some(&Value::Bool(true))
    };
    let before = runs();
    let place = server.simulator.roster().iter().position(|account| account.id == turned.id).unwrap();
    server.simulator.change(ChangeKind::RunTeam { place: u32::try_from(place).unwrap() }).unwrap();
    assert_ne!(runs(), before);
}

#[test]
fn who_is_new_comes_first_in_the_report_and_last_among_the_bots() {
    let server = server(Config { users: 300, ..Config::default() });
    let mut expect: Vec<_> =
        server.simulator.roster().into_iter().map(|account| (account.create_at, account)).collect();
    for n in 0..3 {
        let made = server.simulator.change(ChangeKind::Create { username: format!("m{n}") }).unwrap();
        let bot = server.simulator.change(ChangeKind::CreateBot { username: format!("a{n}") }).unwrap();
        expect.extend([made, bot].map(|account| (account.create_at, account)));
    }
    expect.sort_by(|(a, left), (b, right)| (b, &right.id).cmp(&(a, &left.id)));
    let of = |is_bot: bool| {
        let of_sort = expect.iter().filter(move |(_, account)| (account.kind == Kind::Bot) == is_bot);
        of_sort.map(|(_, account)| account.id.clone())
    };
    // Seven a page, so that some of those who were made in the same millisecond are on the next one.
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v4/reports/users?sort_column=CreateAt&sort_direction=desc&page_size=7{cursor}");
        let rows = server.rows(&path, server.admin());
        ids.extend(rows.iter().map(|row| text(row, "id").to_owned()));
        let Some(last) = rows.last().filter(|_| rows.len() == 7) else { break };
        cursor = format!("&from_column_value={}&from_id={}", number(last, "create_at"), text(last, "id"));
    }
    assert_eq!(ids, of(false).collect::<Vec<_>>());

    let bots = server.rows("/api/v4/bots?include_deleted=true&per_page=200", server.admin());
    assert!(bots.is_sorted_by_key(|bot| number(bot, "create_at")));
    assert_eq!(bots.len(), of(true).count());
    for token in [&server.simulator.tokens().viewer_bot, &server.simulator.tokens().member] {
        assert_eq!(server.get("/api/v4/bots", token).status, 403);
    }
    let odd = server.get("/api/v4/reports/users?sort_column=Password", server.admin());
    assert_eq!(odd.status, 400);
}

#[test]
fn team_administrators_have_their_present_names() {
    let server = server(Config { users: 100, ..Config::default() });
    let admin = server.simulator.population().team_admins().into_iter().next().unwrap();
    let place = server.simulator.roster().iter().position(|account| account.id == admin).unwrap();
    let renamed = server
        .simulator
        .change(ChangeKind::Rename { place: u32::try_from(place).unwrap(), username: "aaa".into() })
        .unwrap();
    assert_eq!(renamed.id, admin);
    let teams = server.rows(&format!("/api/v4/users/{admin}/teams/members"), server.admin());
    let team = text(teams.first().unwrap(), "team_id").to_owned();
    let run = || server.rows(&format!("/api/v4/users?in_team={team}&team_roles=team_admin"), server.admin());
    assert_eq!(text(run().first().unwrap(), "username"), "aaa", "it comes first now");
    server.simulator.change(ChangeKind::Delete { place: 0 });
    assert!(run().iter().all(|row| text(row, "id") != admin));
}

#[test]
fn answers_at_once_see_one_state_each() {
    // The list moves by one row for every answer; each answer is a page of one of the lists all the same.
    let changes: Vec<_> = (0..50)
        .map(|after| Change {
            after,
            on: "/api/v4/users?page=0".into(),
            what: ChangeKind::Create { username: "aaa".into() },
        })
        .collect();
    let server = server(Config { users: 300, changes, ..Config::default() });
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let rows = server.rows("/api/v4/users?page=0&per_page=200", server.admin());
                    assert_eq!(rows.len(), 200);
                    assert!(rows.is_sorted_by(|a, b| text(a, "username") < text(b, "username")));
                }
            });
        }
    });
    assert_eq!(server.simulator.roster().len(), 340, "one for each answer");
}
