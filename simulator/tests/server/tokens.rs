//! The callers' own tokens.

use mattermost_simulator::{Config, Tokens, Version};
use serde_json::Value;

use crate::http::server;

const NOW: i64 = 1_795_533_929_000;
const HOUR: i64 = 60 * 60 * 1_000;

#[test]
fn everybody_reads_the_own_tokens() {
    let expires = Some(NOW + HOUR);
    for (minor, expires_ms, expect) in [(9, expires, expires), (9, None, Some(0)), (8, expires, None)] {
        let version = Version::new(11, minor);
        let server = server(Config { version, now_ms: Some(NOW), token_expires_ms: expires_ms, ..Config::default() });
        let tokens = server.simulator.tokens();
        for token in [&tokens.admin, &tokens.member, &tokens.bot, &tokens.viewer_bot, &tokens.guest] {
            let me: Value = serde_json::from_str(&server.get("/api/v4/users/me", token).body).unwrap();
            let id = me.get("id").and_then(Value::as_str).unwrap();
            for user in [id, "me"] {
                let rows = server.rows(&format!("/api/v4/users/{user}/tokens"), token);
                let [row] = rows.as_slice() else { panic!("{rows:?}") };
                let of = |key: &str| row.get(key).and_then(Value::as_str);
                assert_eq!((of("user_id"), of("token")), (Some(id), None));
                assert!(of("id").is_some() && of("description").is_some());
                assert_eq!(row.get("is_active").and_then(Value::as_bool), Some(true));
                assert_eq!(row.get("expires_at").and_then(Value::as_i64), expect, "{version}");
            }
        }
        let admin = server.simulator.population().account(0).id;
        assert_eq!(server.get(&format!("/api/v4/users/{admin}/tokens"), &tokens.member).status, 403);
    }
}

#[test]
fn expired_tokens_are_refused_from_11_9_on() {
    for (minor, status) in [(6, 200), (9, 401)] {
        let version = Version::new(11, minor);
        let server = server(Config { version, now_ms: Some(NOW), token_expires_ms: Some(NOW), ..Config::default() });
        assert_eq!(server.get("/api/v4/users/me", server.admin()).status, status, "{version}");
    }
}

#[test]
fn without_personal_tokens_those_of_bots_work_alone() {
    let server = server(Config { user_access_tokens: false, ..Config::default() });
    let Tokens { admin, member, bot, viewer_bot, guest, revoked } = server.simulator.tokens();
    for (token, status) in [(admin, 401), (member, 401), (guest, 401), (revoked, 401), (bot, 200), (viewer_bot, 200)] {
        assert_eq!(server.get("/api/v4/users/me", token).status, status);
    }
    assert!(server.get("/api/v4/config/client", bot).body.contains("\"EnableUserAccessTokens\":\"false\""));
}

#[test]
fn what_is_taken_from_a_role_is_neither_listed_nor_shown() {
    let withheld =
        vec![("system_read_only_admin", "list_private_teams"), ("system_user", "view_members"), ("system_admin", "x")];
    for (withheld, hides) in [(Vec::new(), false), (withheld, true)] {
        let server = server(Config { withheld, ..Config::default() });
        let Tokens { admin, viewer_bot, .. } = server.simulator.tokens();
        let body = r#"["system_user","system_read_only_admin","nobody"]"#;
        let roles = server.send("POST", "/api/v4/roles/names", viewer_bot, body);
        assert_eq!(roles.status, 200);
        let roles: Vec<Value> = serde_json::from_str(&roles.body).unwrap();
        assert_eq!(roles.len(), 2);
        let permits = |permission: &str| {
            let mut all = roles.iter().filter_map(|role| role.get("permissions")).filter_map(Value::as_array).flatten();
            all.any(|name| name == permission)
        };
        assert_eq!((permits("list_private_teams"), permits("view_members")), (!hides, !hides));
        let count = |path: &str, token: &str| server.rows(path, token).len();
        for path in ["/api/v4/teams?per_page=200", "/api/v4/users?per_page=200"] {
            assert_eq!(count(path, viewer_bot) < count(path, admin), hides, "{path}");
        }
    }
    let server = server(Config::default());
    for (body, status) in [("[]", 400), ("{}", 400), (r#"["No Name"]"#, 400), (r#"["nobody"]"#, 200)] {
        assert_eq!(server.send("POST", "/api/v4/roles/names", server.admin(), body).status, status, "{body}");
    }
    assert_eq!(server.send("POST", "/api/v4/roles/names", "", "[]").status, 401);
}
