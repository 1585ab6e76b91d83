//! Compares the simulated server with the recorded answers of a real one: status, headers, and the keys of its JSON in
//! their order.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "server/http.rs"]
mod http;

use http::{Answer, Server, server};
use mattermost_simulator::{Config, LicensePreset, RateLimit, Version};

/// An answer that a real server of this version gave.
fn recorded(version: &str, name: &str) -> Answer {
    let path = format!("{}/../tests/recorded/{version}/{name}.http", env!("CARGO_MANIFEST_DIR"));
    Answer::parse(&std::fs::read_to_string(path).unwrap())
}

/// The keys of the objects of a JSON text in their order, each object as one list.
fn keys(json: &str) -> Vec<Vec<String>> {
    let mut objects: Vec<Vec<String>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut chars = json.chars();
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '{' => {
                open.push(objects.len());
                objects.push(Vec::new());
            }
            '}' => drop(open.pop()),
            '"' => {
                text.clear();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => text.extend(chars.next()),
                        c => text.push(c),
                    }
                }
            }
            ':' => {
                let object = open.last().and_then(|at| objects.get_mut(*at)).unwrap();
                object.push(std::mem::take(&mut text));
            }
            _ => {}
        }
    }
    objects
}

/// The object of an account whose username contains `part`.
fn account<'a>(body: &'a str, part: &str) -> &'a str {
    let at = body.find(part).unwrap_or_else(|| panic!("nobody is called {part}"));
    let start = body.get(..at).unwrap().rfind("{\"id\"").unwrap();
    let rest = body.get(start..).unwrap();
    let end = rest.find("\"disable_welcome_email\"").unwrap();
    rest.get(..end).unwrap()
}

/// The two servers that were recorded.
const RECORDED: [(&str, Version); 2] = [("v7.6", Version::new(7, 6)), ("v11.6", Version::new(11, 6))];

#[test]
fn answers_are_those_of_the_recordings() {
    for (of, version) in RECORDED {
        let server = server(Config { version, license: LicensePreset::TeamEdition, ..Config::default() });
        let tokens = server.simulator.tokens().clone();
        let unknown = r#"["aaaaaaaaaaaaaaaaaaaaaaaaaa"]"#;
        let cases: &[(&str, &str, &str, &str, &str)] = &[
            ("ping", "GET", "/api/v4/system/ping", "", ""),
            ("me-admin", "GET", "/api/v4/users/me", &tokens.admin, ""),
            ("me-bot", "GET", "/api/v4/users/me", &tokens.bot, ""),
            ("me-member", "GET", "/api/v4/users/me", &tokens.member, ""),
            ("license", "GET", "/api/v4/license/client?format=old", &tokens.admin, ""),
            ("count-seats", "GET", "/api/v4/users/stats/filtered", &tokens.admin, ""),
            ("token-refused", "GET", "/api/v4/users?per_page=200", &tokens.revoked, ""),
            ("no-such-route", "GET", "/api/v4/nosuch", &tokens.admin, ""),
            ("wrong-subpath", "GET", "/mm/api/v4/users/me", &tokens.admin, ""),
            ("double-slash", "GET", "//api/v4/users/me", &tokens.admin, ""),
            ("users-past-the-end", "GET", "/api/v4/users?per_page=200&page=999", &tokens.admin, ""),
            ("statuses-unknown", "POST", "/api/v4/users/status/ids", &tokens.admin, unknown),
            ("body-param", "POST", "/api/v4/users/status/ids", &tokens.admin, "[]"),
        ];
        let of_11_6: &[(&str, &str, &str, &str, &str)] = &[
            ("count-forbidden", "GET", "/api/v4/users/stats/filtered", &tokens.member, ""),
            ("limits", "GET", "/api/v4/limits/server", &tokens.admin, ""),
            ("limits-member", "GET", "/api/v4/limits/server", &tokens.member, ""),
        ];
        let more = if of == "v11.6" { of_11_6 } else { &[] };
        for (name, method, path, token, body) in cases.iter().chain(more) {
            let (got, expect) = (server.send(method, path, token, body), recorded(of, name));
            assert_eq!(got.status, expect.status, "{of} {name}");
            for header in ["content-type", "x-request-id", "x-version-id", "date", "location"] {
                let (got, expect) = (got.header(header), expect.header(header));
                assert_eq!(got.is_some(), expect.is_some(), "{of} {name} {header}");
                if ["content-type", "location"].contains(&header) {
                    assert_eq!(got, expect, "{of} {name}");
                }
            }
            assert_eq!(keys(&got.body), keys(&expect.body), "{of} {name}: {}", got.body);
        }
    }
}

#[test]
fn listed_accounts_have_the_recorded_keys() {
    for (of, version) in RECORDED {
        let server = server(Config { version, ..Config::default() });
        let tokens = server.simulator.tokens();
        for (recording, token) in [("users-admin", &tokens.admin), ("users-member", &tokens.member)] {
            let got = server.get("/api/v4/users?per_page=200", token);
            let expect = recorded(of, recording);
            for (ours, theirs) in [("system-bot", "alertbot"), (".sysadmin", "sysadmin")] {
                // The description of a bot is left out where it is empty.
                let keys = |body: &str, part| keys(account(body, part)).concat();
                assert_eq!(keys(&got.body, ours), keys(&expect.body, theirs), "{of} {recording} {theirs}");
            }
        }
    }
}

#[test]
fn the_configuration_has_the_recorded_keys_and_no_more() {
    for (of, version) in RECORDED {
        let server = server(Config { version, license: LicensePreset::TeamEdition, ..Config::default() });
        let expect = keys(&recorded(of, "config").body).concat();
        let got = keys(&server.get("/api/v4/config/client?format=old", server.admin()).body).concat();
        assert!(expect.iter().all(|key| got.contains(key)), "{of}: {got:?}");
        assert_eq!(got.iter().any(|key| key == "EnableUserStatuses"), of == "v11.6");
        let (unformatted, status) = (server.get("/api/v4/config/client", ""), if of == "v7.6" { 501 } else { 200 });
        assert_eq!(unformatted.status, status, "recordings 005");
    }
}

#[test]
fn headers_for_browsers_came_after_7_6() {
    for (of, version) in RECORDED {
        let server = server(Config { version, ..Config::default() });
        for path in ["/api/v4/system/ping", "/api/v4/users/me", "/"] {
            let answer = server.get(path, server.admin());
            for header in ["referrer-policy", "permissions-policy", "x-content-type-options"] {
                assert_eq!(answer.header(header).is_some(), of == "v11.6", "{of} {path} {header}");
            }
        }
    }
}

#[test]
fn older_servers_take_what_newer_ones_refuse() {
    // Recordings 038, 065, 066 and 067 of both.
    let [old, new] = RECORDED.map(|(_, version)| server(Config { version, ..Config::default() }));
    assert_eq!(old.get("/api/v4/users?role=bad+role!", old.admin()).body, "[]");
    assert_eq!(new.get("/api/v4/users?role=bad+role!", new.admin()).status, 400);
    for body in ["{not json", "{\"a\": 1}"] {
        let refused = |server: &Server| server.send("POST", "/api/v4/users/status/ids", server.admin(), body);
        assert!(refused(&old).body.contains("api.context.invalid_body_param.app_error"), "{body}");
        assert!(refused(&new).body.contains("api.payload.parse.error"), "{body}");
    }
    for (server, times) in [(old, 2), (new, 1)] {
        let id = &server.simulator.population().account(0).id;
        let body = format!("[\"{id}\",\"{id}\"]");
        let answer = server.send("POST", "/api/v4/users/status/ids", server.admin(), &body);
        assert_eq!(answer.body.matches("user_id").count(), times);
    }
}

#[test]
fn other_routes_have_the_recorded_keys() {
    let server = server(Config::default());
    let tokens = server.simulator.tokens();
    // Recordings 079 and 081.
    let bots = keys(&server.get("/api/v4/bots?per_page=1", &tokens.admin).body).concat();
    assert_eq!(bots.join(" "), "user_id username display_name description owner_id create_at update_at delete_at");
    assert_eq!(server.get("/api/v4/bots", &tokens.member).status, 403);
    // Recording 201, of somebody who has been active. Nobody had written a message there.
    let report = server.get("/api/v4/reports/users?page_size=100", &tokens.admin).body;
    let active = report.find("last_status_at").unwrap();
    let row = report.get(report.get(..active).unwrap().rfind("\"last_login\"").unwrap()..).unwrap();
    let row = row.get(..=row.find('}').unwrap()).unwrap();
    let names = row.split(',').filter_map(|pair| pair.split('"').nth(1));
    let names: Vec<_> = names.filter(|name| *name != "last_post_date").collect();
    assert_eq!(names, ["last_login", "last_status_at", "days_active", "channel_count"]);
    // Recording 033.
    let both = server.get("/api/v4/users?per_page=200&active=true&inactive=true", &tokens.admin);
    let (rows, error) = both.body.split_once("]{").unwrap();
    assert_eq!(both.status, 200);
    assert!(rows.contains("\"id\"") && !rows.contains("\"delete_at\":0"));
    assert!(error.contains("api.context.invalid_url_param.app_error"), "{error}");
    // Recordings 039, 040 and 048.
    assert_eq!(server.get("/api/v4/users?sort=bogus", &tokens.admin).status, 400);
    let teams = server.rows("/api/v4/teams?per_page=200", &tokens.admin);
    let forbidden = teams.iter().filter(|team| {
        let id = team.get("id").and_then(serde_json::Value::as_str).unwrap();
        server.get(&format!("/api/v4/users?in_team={id}"), &tokens.member).status == 403
    });
    // All but the own team and the open one, which here are the same.
    assert_eq!(forbidden.count(), teams.len() - 1);
}

#[test]
fn paging_has_its_traps() {
    let server = server(Config::default());
    let cases = [
        ("", 60),
        ("?per_page=200", 200),
        ("?per_page=0", 0),
        ("?per_page=500", 200),
        ("?per_page=x&page=y", 60),
        ("?per_page=-1", 60),
        ("?per_page=200&page=4", 200),
        ("?per_page=200&page=5", 0),
        ("?per_page=200&page=-1", 200),
    ];
    for (query, expect) in cases {
        let answer = server.get(&format!("/api/v4/users{query}"), server.admin());
        let rows: Vec<serde_json::Value> = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(rows.len(), expect, "{query}");
    }
}

#[test]
fn wrong_requests_are_refused_as_recorded() {
    let server = server(Config { users: 20_000, ..Config::default() });
    let too_large = format!("[\"{}\"]", "a".repeat(300_001));
    let cases = [
        ("POST", "/api/v4/users/status/ids", "{not json", 400, "api.payload.parse.error"),
        ("POST", "/api/v4/users/status/ids", "[\"abc\"]", 400, "api.context.invalid_body_param.app_error"),
        ("POST", "/api/v4/users/status/ids", &too_large, 413, "api.context.request_body_too_large.app_error"),
        ("GET", "/api/v4/users?role=nonsense", "", 400, "api.context.invalid_body_param.app_error"),
        ("GET", "/api/v4/users?sort=last_activity_at", "", 400, "api.context.invalid_url_param.app_error"),
        ("GET", "/api/v4/users/xyz", "", 400, "api.context.invalid_url_param.app_error"),
        ("GET", "/api/v4/users/aaaaaaaaaaaaaaaaaaaaaaaaaa", "", 404, "app.user.missing_account.const"),
        ("GET", "/api/v4/license/client", "", 400, "api.license.client.old_format.app_error"),
        ("GET", "/api/v4/reports/users?page_size=101", "", 400, "api.getUsersForReporting.invalid_page_size"),
        ("PUT", "/api/v4/users", "", 404, "api.context.404.app_error"),
        ("GET", "/api/v3/users", "", 404, "api.context.404.app_error"),
        ("GET", "/api/v4/users/", "", 404, "api.context.404.app_error"),
    ];
    for (method, path, body, status, id) in cases {
        let answer = server.send(method, path, server.admin(), body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert!(answer.body.contains(id), "{method} {path}: {}", answer.body);
    }
}

#[test]
fn the_rate_limiter_answers_as_recorded() {
    let server = server(Config { rate_limit: Some(RateLimit { per_second: 1, burst: 20 }), ..Config::default() });
    let answers: Vec<_> = (0..22).map(|_| server.get("/api/v4/users?per_page=1", server.admin())).collect();
    let (first, last) = (answers.first().unwrap(), answers.last().unwrap());
    assert_eq!(
        (first.status, first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")),
        (200, Some("21"), Some("20"))
    );
    let recorded = recorded("v11.6", "rate-limited");
    assert_eq!((last.status, last.body.as_str()), (recorded.status, recorded.body.as_str()));
    for header in ["content-type", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-version-id"] {
        assert_eq!(last.header(header), recorded.header(header), "{header}");
    }
}
