//! Each denied request is reported, together with what would allow it.

use super::*;
use crate::{Denial, DenialReason};

fn patient() -> RequestOptions {
    timeouts(LONG, LONG, LONG)
}

/// What a denial says, without what would allow it.
fn words(denials: &[Denial]) -> Vec<(String, DenialReason, u64)> {
    let line = |denial: &Denial| format!("{} {}{}", denial.method, denial.origin, denial.path);
    denials.iter().map(|denial| (line(denial), denial.reason, denial.times)).collect()
}

#[tokio::test]
async fn denials_hold_no_query_and_what_would_allow_them() {
    let place = start(Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), None).await;
    let origin = format!("http://127.0.0.1:{}", place.port);
    let mut session = session(&egress(), &origin);
    assert_eq!(get(&mut session, &origin, patient()).await, "200 ");
    assert_eq!(session.denials(), []);
    for (method, url, host, expect) in [
        ("GET", format!("{origin}/y?token=hunter2"), None, "HttpRequestDenied"),
        ("GET", format!("{origin}/y?token=other"), None, "HttpRequestDenied"),
        ("DELETE", format!("{origin}/items/9dr4hm3ycfbejd8tf3p7cmr3rc"), None, "HttpRequestDenied"),
        ("GET", "https://b.example/items/x".to_owned(), None, "HttpRequestDenied"),
        ("GET", format!("{origin}/x"), Some("b.example"), "HttpRequestDenied"),
    ] {
        let host = host.or_else(|| url.split('/').nth(2)).unwrap();
        let request = Request::builder().method(method).uri(&url).header("host", host);
        assert_eq!(format!("{:?}", send(&mut session, request, b"", patient()).await.unwrap_err()), expect);
    }
    let denials = session.denials();
    assert_eq!(
        words(&denials),
        [
            (format!("GET {origin}/y"), DenialReason::Request, 2),
            (format!("DELETE {origin}/items/{{}}"), DenialReason::Request, 1),
            ("GET https://b.example:443/items/x".to_owned(), DenialReason::Origin, 1),
            (format!("GET {origin}/x"), DenialReason::Host, 1),
        ]
    );
    let allow: Vec<_> = denials.iter().map(|denial| denial.would_allow.as_str()).collect();
    assert!(allow[0].starts_with("`GET /y` ") && allow[1].starts_with("`DELETE /items/{}` "), "{allow:?}");
    assert!(allow[2].ends_with(r#"allow = ["https://b.example"]"#), "{allow:?}");
    assert!(!format!("{denials:?}").contains("hunter2"), "{denials:?}");
    session.begin_call();
    assert_eq!(session.denials(), []);
}

#[tokio::test]
async fn a_grant_beyond_the_policy_opens_no_session() {
    let policy = Policy::new(["https://a.example"]).unwrap();
    let refused = Opening { policy, ..Opening::default() }.open(&egress(), "https://b.example").err().unwrap();
    assert_eq!(refused.code(), "origin-denied");
}

#[tokio::test]
async fn private_addresses_are_dialled_where_the_policy_says_so() {
    let place = start(Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"), None).await;
    let port = place.port;
    // One client for all: a connection that one session may use must not serve another that may not.
    let egress = egress();
    let refused = ("DestinationIpProhibited", Some(DenialReason::PrivateAddress));
    for (name, lines, are_allowed, host, (expect, reason)) in [
        ("default", None, true, "127.0.0.1", ("200 hi", None)),
        ("default, by name", None, true, "localhost", ("200 hi", None)),
        ("strict", None, false, "127.0.0.1", refused),
        ("strict, by name", None, false, "localhost", refused),
        ("strict and named", Some(format!("http://127.0.0.1:{port}")), false, "127.0.0.1", ("200 hi", None)),
        ("strict and named, by name", Some(format!("http://localhost:{port}")), false, "localhost", ("200 hi", None)),
        ("strict and a wildcard", Some(format!("http://*.localhost:{port}")), false, "a.localhost", refused),
    ] {
        let policy = lines.map_or_else(Policy::default, |line| Policy::new([line]).unwrap());
        let policy = policy.private_addresses(are_allowed);
        let origin = format!("http://{host}:{port}");
        let mut session = Opening { policy, ..Opening::default() }.open(&egress, &origin).unwrap();
        let found = get(&mut session, &origin, patient()).await;
        if host == "a.localhost" && found.starts_with("DnsError") {
            // Not every system's resolver knows names below localhost.
            continue;
        }
        assert_eq!(found, expect, "{name}");
        assert_eq!(session.denials().first().map(|denial| denial.reason), reason, "{name}");
        if reason.is_some() {
            let line = format!(r#"allow = ["{origin}"]"#);
            assert!(session.denials()[0].would_allow.ends_with(&line), "{name}: {:?}", session.denials());
        }
    }
}

#[tokio::test]
async fn headers_that_ask_for_something_else_are_denied_by_name() {
    let place = start(Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"), None).await;
    let origin = format!("http://127.0.0.1:{}", place.port);
    let mut session = session(&egress(), &origin);
    for (name, header) in [
        ("X-HTTP-Method-Override", "x-http-method-override"),
        ("x-original-url", "x-original-url"),
        ("Transfer-Encoding", "transfer-encoding"),
        ("content-type", "content-type"),
    ] {
        session.begin_call();
        // An ordinary header is refused if it is there twice.
        let asked = request("GET", &origin).header("content-type", "text/plain").header(name, "hunter2");
        let refused = send(&mut session, asked, b"", patient()).await.unwrap_err();
        assert_eq!(format!("{refused:?}"), "HttpRequestDenied");
        let [denial] = &session.denials()[..] else { panic!("{name}: not one denial") };
        assert_eq!((denial.reason, denial.name.as_deref()), (DenialReason::Header, Some(header)));
        let shown = denial.to_string();
        assert!(shown.contains(&format!("(`{header}`)")) && !shown.contains("hunter2"), "{shown}");
    }
    assert_eq!(place.connections.load(Ordering::Relaxed), 0);
    let trailers = http::HeaderMap::from_iter([(http::header::COOKIE, http::HeaderValue::from_static("hunter2"))]);
    let body = http_body_util::StreamBody::new(futures_util::stream::iter([Ok(http_body::Frame::trailers(trailers))]));
    let asked = request("POST", &format!("{origin}/items/x")).body(body.boxed_unsync()).unwrap();
    session.begin_call();
    let sending = Pin::from(session.send_request(asked, Some(patient()), Box::new(async { Ok(()) })));
    assert_eq!(format!("{:?}", sending.await.err().unwrap()), "HttpRequestDenied");
    assert_eq!(session.denials()[0].name.as_deref(), Some("cookie"));
}
