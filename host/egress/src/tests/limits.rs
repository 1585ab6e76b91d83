//! Limits on requests and answers: each denial names the limit that was reached.

use super::*;
use crate::audit::Outcome;
use crate::{DenialReason, TrafficLimit};

fn patient() -> RequestOptions {
    timeouts(LONG, LONG, LONG)
}

fn limited(limits: TrafficLimits, egress: &Egress, origin: &str) -> EgressSession {
    Opening { limits, ..Opening::default() }.open(egress, origin).unwrap()
}

fn reasons(session: &EgressSession) -> Vec<DenialReason> {
    session.denials().iter().map(|denial| denial.reason).collect()
}

#[tokio::test]
async fn a_call_sends_no_more_requests_than_it_may() {
    let place = start(Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"), None).await;
    let origin = format!("http://127.0.0.1:{}", place.port);
    let egress = egress();
    let mut session = limited(TrafficLimits { requests_per_call: 3, ..TrafficLimits::default() }, &egress, &origin);
    for call in 1..=2 {
        session.begin_call();
        // A request that is denied counts as well.
        for (path, expect) in [
            ("/y", "HttpRequestDenied"),
            ("/x", "200 hi"),
            ("/x", "200 hi"),
            ("/x", "HttpRequestDenied"),
            ("/x", "HttpRequestDenied"),
        ] {
            assert_eq!(get(&mut session, &format!("{origin}{path}"), patient()).await, expect, "{path} in call {call}");
        }
        assert_eq!(
            reasons(&session),
            [DenialReason::Request, DenialReason::Limit(TrafficLimit::RequestsPerCall(3))],
            "call {call}"
        );
        assert_eq!(egress.requests(), 2 * call);
    }
}

#[tokio::test]
async fn a_request_is_in_flight_until_its_answer_is_read_or_dropped() {
    let place = start(Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"), None).await;
    let origin = format!("http://127.0.0.1:{}", place.port);
    for reads in [true, false] {
        let egress = egress();
        let limits = TrafficLimits { requests_in_flight: 1, ..TrafficLimits::default() };
        let (mut one, mut two) = {
            let session = limited(limits, &egress, &origin);
            (session.clone(), session)
        };
        let first = send(&mut one, request("GET", &origin), b"", patient()).await.unwrap();
        // A timeout of the guest's does not end the wait for a turn.
        let second = get(&mut two, &origin, timeouts(SHORT, LONG, LONG));
        tokio::pin!(second);
        assert!(tokio::time::timeout(3 * SHORT, &mut second).await.is_err(), "one is in flight");
        assert_eq!(egress.requests(), 1);
        if reads {
            assert_eq!(answer_of(first).await, "200 hi");
        } else {
            drop(first);
        }
        assert_eq!(second.await, "200 hi");
        assert_eq!((egress.requests(), one.denials()), (2, Vec::new()));
    }
}

#[tokio::test]
async fn a_request_that_fails_gives_its_place_away() {
    let place = start(Server::Silent, None).await;
    let origin = format!("http://127.0.0.1:{}", place.port);
    let egress = egress();
    let mut session = limited(TrafficLimits { requests_in_flight: 1, ..TrafficLimits::default() }, &egress, &origin);
    for _ in 0..2 {
        assert_eq!(get(&mut session, &origin, timeouts(LONG, SHORT, LONG)).await, "HttpResponseTimeout");
    }
    assert_eq!(egress.requests(), 2);
}

#[tokio::test]
async fn an_answer_beyond_a_limit_names_it() {
    let head = TrafficLimit::ResponseHead { headers: 8, bytes: 1000 };
    let body = TrafficLimit::ResponseBody(5);
    for (name, server, expect, limit) in [
        ("small enough", Server::SendsHeaders(7, 100), "200 ", None),
        ("too many headers", Server::SendsHeaders(9, 1), "HttpResponseHeaderSectionSize(Some(1000))", Some(head)),
        ("too long headers", Server::SendsHeaders(5, 200), "HttpResponseHeaderSectionSize(Some(1000))", Some(head)),
        (
            "far too long headers",
            Server::SendsHeaders(1, 99_999),
            "HttpResponseHeaderSectionSize(Some(1000))",
            Some(head),
        ),
        (
            "a body of just the size",
            Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"),
            "200 hello",
            None,
        ),
        (
            "a body that says that it is too large",
            Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello!"),
            "HttpResponseBodySize(Some(5))",
            Some(body),
        ),
        (
            "a body that is too large",
            Server::SendsAndCloses("HTTP/1.1 200 OK\r\n\r\nhello!"),
            "200 then HttpResponseBodySize(Some(5))",
            Some(body),
        ),
    ] {
        let place = start(server, None).await;
        let origin = format!("http://127.0.0.1:{}", place.port);
        let limits = TrafficLimits {
            response_headers: 8,
            response_header_bytes: 1000,
            response_body_bytes: 5,
            ..TrafficLimits::default()
        };
        let mut session = limited(limits, &egress(), &origin);
        assert_eq!(get(&mut session, &origin, patient()).await, expect, "{name}");
        let expect: Vec<_> = limit.into_iter().map(DenialReason::Limit).collect();
        assert_eq!(reasons(&session), expect, "{name}");
    }
}

#[tokio::test]
async fn a_higher_limit_lets_longer_heads_in() {
    let place = start(Server::SendsHeaders(200, 2000), None).await;
    let origin = format!("http://127.0.0.1:{}", place.port);
    let egress = egress();
    for (limits, expect) in [
        (TrafficLimits::default(), "HttpResponseHeaderSectionSize(Some(262144))"),
        (
            TrafficLimits { response_headers: 200, response_header_bytes: 512 * 1024, ..TrafficLimits::default() },
            "200 ",
        ),
    ] {
        assert_eq!(get(&mut limited(limits, &egress, &origin), &origin, patient()).await, expect);
    }
}

/// Sends pieces of so many bytes on demand, so that it announces no size.
async fn post(session: &mut EgressSession, origin: &str, pieces: usize, bytes: usize) -> String {
    let piece = move |_| Ok(http_body::Frame::data(Bytes::from(vec![b'x'; bytes])));
    let body = http_body_util::StreamBody::new(futures_util::stream::iter((0..pieces).map(piece))).boxed_unsync();
    let request = request("POST", &format!("{origin}/items/x")).body(body).unwrap();
    let sending = Pin::from(session.send_request(request, Some(patient()), Box::new(async { Ok(()) })));
    match sending.await {
        Ok((response, _)) => answer_of(response).await,
        Err(error) => format!("{error:?}"),
    }
}

#[tokio::test]
async fn a_body_is_stopped_at_its_limit_while_it_is_sent() {
    let limit = DenialReason::Limit(TrafficLimit::RequestBody(1_000));
    for (name, pieces, bytes, expect) in [
        ("no body", 0, 0, None),
        ("just enough", 10, 100, None),
        ("a byte too many", 1_001, 1, Some(limit)),
        ("without end", 1_000_000_000, 100, Some(limit)),
        ("one large piece", 1, 100_000, Some(limit)),
    ] {
        let place = start(Server::Silent, None).await;
        let origin = format!("http://127.0.0.1:{}", place.port);
        let limits = TrafficLimits { request_body_bytes: 1_000, ..TrafficLimits::default() };
        let mut session = limited(limits, &egress(), &origin);
        let sending = post(&mut session, &origin, pieces, bytes);
        match expect {
            // The server never answers one that was sent whole.
            None => assert!(tokio::time::timeout(SHORT, sending).await.is_err(), "{name}"),
            Some(_) => assert_eq!(sending.await, "HttpRequestBodySize(Some(1000))", "{name}"),
        }
        assert_eq!(reasons(&session), expect.into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[tokio::test]
async fn a_body_that_says_that_it_is_too_large_is_not_sent() {
    let place = start(Server::Silent, None).await;
    let origin = format!("http://127.0.0.1:{}", place.port);
    let egress = egress();
    let mut session = limited(TrafficLimits { request_body_bytes: 3, ..TrafficLimits::default() }, &egress, &origin);
    let refused =
        send(&mut session, request("POST", &format!("{origin}/items/x")), b"four", patient()).await.unwrap_err();
    assert_eq!(format!("{refused:?}"), "HttpRequestBodySize(Some(3))");
    assert_eq!((egress.requests(), place.connections.load(Ordering::Relaxed)), (0, 0));
}

#[tokio::test]
async fn a_session_sends_no_more_bytes_than_it_may() {
    let place = start(Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"), None).await;
    let origin = format!("http://127.0.0.1:{}", place.port);
    let egress = egress();
    let mut session = limited(TrafficLimits { sent_bytes: 10_000, ..TrafficLimits::default() }, &egress, &origin);
    // Addresses count as bodies do.
    let url = format!("{origin}/x?page={}", "y".repeat(4_900));
    for expect in ["200 hi", "200 hi", "HttpRequestDenied"] {
        session.begin_call();
        assert_eq!(get(&mut session, &url, patient()).await, expect);
    }
    assert_eq!(reasons(&session), [DenialReason::Limit(TrafficLimit::SentBytes(10_000))]);
    assert_eq!(egress.requests(), 2);
}

#[tokio::test]
async fn a_request_has_one_deadline_however_a_server_goes_on() {
    let body = "HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n";
    let cases = [
        ("drips a body", Server::Drips(body, "x"), true),
        ("drips chunks", Server::Drips("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\nx\r\n"), true),
        ("drips a head", Server::Drips("HTTP/1.1 200 OK\r\nx: ", "y"), false),
        ("drips headers", Server::Drips("HTTP/1.1 200 OK\r\n", "x: y\r\n"), false),
        ("sends 1xx for ever", Server::Drips("", "HTTP/1.1 103 Early Hints\r\n\r\n"), false),
        ("says nothing", Server::Silent, false),
    ];
    for (name, server, has_head) in cases {
        let place = start(server, None).await;
        let origin = format!("http://127.0.0.1:{}", place.port);
        let log = Arc::new(audit::Recording::default());
        let limits = TrafficLimits { request_time: 3 * SHORT, ..TrafficLimits::default() };
        let opening = Opening { limits, audit: Some(Arc::clone(&log) as _), ..Opening::default() };
        let mut session = opening.open(&egress(), &origin).unwrap();
        let found = get(&mut session, &origin, patient()).await;
        let expect = if has_head { "200 then HttpResponseTimeout" } else { "HttpResponseTimeout" };
        assert_eq!(found, expect, "a server that {name}");
        let code = "request-timeout";
        let outcome = if has_head { Outcome::Cut { status: 200, code } } else { Outcome::Failed { code } };
        let outcomes: Vec<_> = log.take().into_iter().map(|entry| entry.outcome).collect();
        assert_eq!(outcomes, [outcome], "a server that {name}");
    }
}
