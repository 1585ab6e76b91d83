//! The callers' own tokens.

use mattermost_simulator::{Config, Tokens, Version};
use serde_json::Value;

use crate::http::server;

const NOW: i64 = 1_795_533_929_000;
const HOUR: i64 = 60 * 60 * 1_000;

#[test]
fn everybody_reads_the_own_tokens() {
    let expires = Some(NOW + HOUR);
    for (minor, expires_ms, told) in [(9, expires, expires), (9, None, Some(0)), (8, expires, None)] {
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
                assert_eq!(row.get("expires_at").and_then(Value::as_i64), told, "{version}");
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
