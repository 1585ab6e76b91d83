//! Each request is logged once, without personal data.

use std::sync::Mutex;

use super::*;
use crate::audit::{Entry, Outcome};

#[derive(Default)]
pub(super) struct Recording(Mutex<Vec<Entry>>);

impl Audit for Recording {
    fn record(&self, entry: &Entry) {
        self.0.lock().unwrap().push(entry.clone());
    }
}

impl Recording {
    pub(super) fn take(&self) -> Vec<Entry> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn each_request_is_written_down_once() {
    const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    let patient = timeouts(LONG, LONG, LONG);
    let quick = timeouts(LONG, SHORT, SHORT);
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    let failed = |code| Outcome::Failed { code };
    let denied = |code| Outcome::Denied { code };
    let cut = |code| Outcome::Cut { status: 200, code };
    let answered = |status| Outcome::Answered { status };
    let cases = [
        ("an answer", Server::Sends(OK), "GET", "/x?page=zoe", "/x", &patient, answered(200), 2),
        ("a query", Server::Sends(OK), "GET", "/x?zoe=1", "/x", &patient, denied("query-not-described"), 0),
        ("a chunked answer", Server::Sends(chunked), "GET", "/x", "/x", &patient, answered(200), 2),
        (
            "an answer without a body",
            Server::Sends("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"),
            "POST",
            "/items/zoe?page=zoe",
            "/items/{}",
            &patient,
            answered(403),
            0,
        ),
        ("nobody", Server::Absent, "GET", "/x", "/x", &patient, failed("connection-refused"), 0),
        ("silence", Server::Silent, "GET", "/x", "/x", &quick, failed("answer-timeout"), 0),
        ("no HTTP", Server::SendsAndCloses("220 mail\r\n"), "GET", "/x", "/x", &patient, failed("not-http"), 0),
        (
            "half an answer",
            Server::SendsAndCloses("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi"),
            "GET",
            "/x",
            "/x",
            &patient,
            cut("answer-incomplete"),
            2,
        ),
        (
            "a pause",
            Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi"),
            "GET",
            "/x",
            "/x",
            &quick,
            cut("answer-paused"),
            2,
        ),
        (
            "too much",
            Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\nhi"),
            "GET",
            "/x",
            "/x",
            &patient,
            cut("limit-response-body"),
            0,
        ),
        ("no grant", Server::Sends(OK), "GET", "/items/zoe", "/items/{}", &patient, denied("request-not-described"), 0),
        (
            "a word of the guest's",
            Server::Sends(OK),
            "GET",
            "/zoe",
            "/{}",
            &patient,
            denied("request-not-described"),
            0,
        ),
        ("a method of its own", Server::Sends(OK), "ZOE", "/x", "/x", &patient, denied("request-not-described"), 0),
    ];
    for (name, server, method, path, shown, options, outcome, bytes_received) in cases {
        let place = start(server, None).await;
        let origin = format!("http://127.0.0.1:{}", place.port);
        let log = Arc::new(Recording::default());
        let audit: Option<Arc<dyn Audit>> = Some(Arc::clone(&log) as _);
        let mut session = Opening { audit, ..Opening::default() }.open(&egress(), &origin).unwrap();
        let before = std::time::SystemTime::now();
        let body: &[u8] = if method == "POST" { b"zoe,zoe" } else { b"" };
        if let Ok(response) = send(&mut session, request(method, &format!("{origin}{path}")), body, *options).await {
            answer_of(response).await;
        }
        let [entry] = &log.take()[..] else { panic!("{name}: not one entry") };
        assert_eq!((entry.outcome, entry.path.as_str()), (outcome, shown), "{name}");
        assert_eq!((entry.request_bytes, entry.response_bytes), (body.len() as u64, bytes_received), "{name}");
        assert_eq!(entry.method, if method == "ZOE" { "OTHER" } else { method }, "{name}");
        assert_eq!(entry.origin, origin, "{name}");
        assert_eq!((&*entry.tenant, &*entry.provider, &*entry.version), ("acme", "test", "1.2.3"), "{name}");
        assert!(entry.when >= before, "{name}");
        assert!(!serde_json::to_string(entry).unwrap().contains("zoe"), "{name}: {entry:?}");
    }
}

#[tokio::test]
async fn a_request_that_a_guest_drops_is_logged_as_well() {
    let log = Arc::new(Recording::default());
    let opening = || Opening { audit: Some(Arc::clone(&log) as _), ..Opening::default() };
    let patient = timeouts(LONG, LONG, LONG);

    let place = start(Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi"), None).await;
    let origin = format!("http://127.0.0.1:{}", place.port);
    let mut session = opening().open(&egress(), &origin).unwrap();
    let response = send(&mut session, request("GET", &origin), b"", patient).await.unwrap();
    assert_eq!(log.take(), [], "before it is let go");
    drop(response);
    let [entry] = &log.take()[..] else { panic!("not one entry") };
    assert_eq!(entry.outcome, Outcome::Cut { status: 200, code: "let-go" });

    let place = start(Server::Silent, None).await;
    let origin = format!("http://127.0.0.1:{}", place.port);
    let mut session = opening().open(&egress(), &origin).unwrap();
    assert!(tokio::time::timeout(SHORT, get(&mut session, &origin, patient)).await.is_err());
    let [entry] = &log.take()[..] else { panic!("not one entry") };
    assert_eq!(entry.outcome, Outcome::Failed { code: "let-go" });
}

#[tokio::test]
async fn a_denial_that_is_repeated_is_written_down_by_its_number() {
    let log = Arc::new(Recording::default());
    let origin = "http://127.0.0.1:9";
    let mut session =
        Opening { audit: Some(Arc::clone(&log) as _), ..Opening::default() }.open(&egress(), origin).unwrap();
    for _ in 0..250 {
        assert_eq!(get(&mut session, &format!("{origin}/y"), timeouts(LONG, LONG, LONG)).await, "HttpRequestDenied");
    }
    let times = |entries: &[Entry]| entries.iter().map(|entry| entry.times).collect::<Vec<_>>();
    assert_eq!(times(&log.take()), [1, 9, 90]);
    drop(session);
    assert_eq!(times(&log.take()), [150]);
}
