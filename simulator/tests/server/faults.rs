//! Answers that are broken on purpose, as they arrive.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use mattermost_simulator::{Config, Fault, FaultKind};
use serde_json::Value;

use crate::http::{Answer, Server, server};

fn with(what: FaultKind) -> Server {
    let fault = Fault { on: "/api/v4/users".into(), after: 0, times: None, what };
    server(Config { faults: vec![fault], ..Config::default() })
}

fn get(server: &Server, path: &str) -> Answer {
    server.get(path, server.admin())
}

#[test]
fn an_answer_is_sent_exactly() {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = vec![
        header("X-RateLimit-Limit", "21"),
        header("X-RateLimit-Limit", "21"),
        header("X-RateLimit-Reset", "1795533929"),
        header("Retry-After", "Tue, 24 Nov 2026 15:28:15 GMT"),
        header("not a header", "x"),
    ];
    let body = "limit exceeded\n".to_owned();
    let server = with(FaultKind::Answer { status: 429, headers, body: body.clone() });
    let answer = get(&server, "/api/v4/users");
    assert_eq!((answer.status, answer.body), (429, body));
    let mut names: Vec<_> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expect = [
        "connection",
        "content-length",
        "date",
        "retry-after",
        "x-ratelimit-limit",
        "x-ratelimit-limit",
        "x-ratelimit-reset",
    ];
    assert_eq!(names, expect);
}

#[test]
fn an_endless_answer_ends_with_its_peer() {
    let server = with(FaultKind::Endless);
    let mut stream = TcpStream::connect(server.simulator.origin().trim_start_matches("http://")).unwrap();
    write!(stream, "GET /api/v4/users HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut piece = vec![0; 1 << 20];
    let mut total = 0;
    while total < 4 << 20 {
        total += stream.read(&mut piece).unwrap();
    }
    drop(stream);
    // The server lives, and answers others.
    assert_eq!(get(&server, "/api/v4/system/ping").status, 200);
}

#[test]
fn many_headers_come_with_the_right_answer() {
    for lines in [1, 200, 40_000] {
        let server = with(FaultKind::ManyHeaders(lines));
        let answer = get(&server, "/api/v4/users/stats");
        let fillers = answer.headers.iter().filter(|(name, _)| name == "x-filler").count();
        assert_eq!(u32::try_from(fillers), Ok(lines));
        assert!(answer.status == 200 && answer.body.contains("total_users_count"));
    }
}

#[test]
fn every_page_is_the_first() {
    let server = with(FaultKind::SamePage);
    let first = get(&server, "/api/v4/users?per_page=20").body;
    assert_eq!(get(&server, "/api/v4/users?page=7&per_page=20").body, first);
    assert_eq!(get(&server, "/api/v4/users?per_page=20&page=999").body, first);
    let rows: Vec<Value> = serde_json::from_str(&first).unwrap();
    assert_eq!(rows.len(), 20);
}

#[test]
fn an_error_follows_the_right_answer() {
    let server = with(FaultKind::Trailing);
    let answer = get(&server, "/api/v4/users?per_page=20");
    server.simulator.set_faults(Vec::new());
    let right = get(&server, "/api/v4/users?per_page=20").body;
    let error = answer.body.strip_prefix(&right).unwrap();
    let error: Value = serde_json::from_str(error).unwrap();
    assert_eq!(error.get("id").and_then(Value::as_str), Some("api.context.invalid_url_param.app_error"));
    assert_eq!(answer.status, 200);
}

#[test]
fn one_record_of_a_page_is_broken() {
    let server = with(FaultKind::BadRecord);
    let rows = server.rows("/api/v4/users?per_page=21", server.admin());
    let broken: Vec<_> = rows.iter().map(|row| row.get("username").unwrap().is_number()).collect();
    assert_eq!(broken.iter().position(|broken| *broken), Some(10));
    assert_eq!(broken.iter().filter(|broken| **broken).count(), 1);
    let ids: Vec<_> = rows.iter().filter_map(|row| row.get("id").and_then(Value::as_str)).collect();
    assert_eq!(ids.len(), 21, "the rest of the row is right");
    let statuses =
        server.send("POST", "/api/v4/users/status/ids", server.admin(), &serde_json::to_string(&ids).unwrap());
    let statuses: Vec<Value> = serde_json::from_str(&statuses.body).unwrap();
    assert_eq!(statuses.iter().filter(|row| row.get("user_id").unwrap().is_number()).count(), 1);
}
