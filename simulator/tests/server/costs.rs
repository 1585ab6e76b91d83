//! Answers that take the time of a real server. How much that is, the table of costs says; here it is seen that each
//! request has its own, by what it takes at least: a busy machine only adds to it.

use std::time::{Duration, Instant};

use mattermost_simulator::{Config, Costs, MainTeam, Memberships};

use crate::http::server;

#[test]
fn each_route_takes_its_own_time_at_least() {
    let memberships = Memberships { main: MainTeam::Everybody, ..Memberships::default() };
    let costs = Some(Costs { faster: 1 });
    let server = server(Config { users: 20_000, costs, memberships, ..Config::default() });
    let ids: Vec<String> = serde_json::from_str(&server.get("/api/v4/users/known", server.admin()).body).unwrap();
    let body = serde_json::to_string(&ids.iter().take(3_000).collect::<Vec<_>>()).unwrap();
    let team = server.rows("/api/v4/teams", server.admin());
    let team = team.first().and_then(|team| team.get("id")?.as_str()).unwrap().to_owned();
    let in_team = format!("/api/v4/users?in_team={team}&page=2&per_page=200");
    let cases = [
        ("GET", "/api/v4/users?per_page=200&page=99", "", 66),
        ("GET", "/api/v4/users?per_page=200", "", 9),
        ("GET", "/api/v4/users/known", "", 47),
        ("POST", "/api/v4/users/ids", &body, 57),
        ("POST", "/api/v4/users/ids?since=0", &body, 9),
        ("POST", "/api/v4/users/status/ids", &body, 30),
        ("GET", &in_team, "", 14),
        ("GET", "/api/v4/reports/users?page_size=100", "", 96),
    ];
    for (method, path, body, least_ms) in cases {
        let began = Instant::now();
        let answer = server.send(method, path, server.admin(), body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(began.elapsed() >= Duration::from_millis(least_ms), "{method} {path}: {:?}", began.elapsed());
    }
}

#[test]
fn the_report_on_those_in_no_team_fails_on_a_large_server() {
    let path = "/api/v4/reports/users?page_size=100&has_no_team=true";
    for (users, costs, status) in [
        (150_000, Some(Costs { faster: 1_000 }), 500),
        (149_999, Some(Costs { faster: 1_000 }), 200),
        (150_000, None, 200),
    ] {
        let server = server(Config { users, costs, ..Config::default() });
        let answer = server.get(path, server.admin());
        assert_eq!(answer.status, status, "{users} {costs:?}");
        assert_eq!(answer.body.contains("app.report.get_user_report.store_error"), status == 500);
    }
}
