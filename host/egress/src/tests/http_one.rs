//! Servers that speak HTTP/2 and want some requests by HTTP/1.1, as those do that ask for a certificate late.

use futures_util::future::join_all;
use h2::Reason;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::*;

/// The connections of a server, by what was agreed on.
#[derive(Default)]
struct Spoken {
    two: AtomicUsize,
    one: AtomicUsize,
}

const BODY: &str = r#"["a"]"#;

/// How a server says that it wants HTTP/1.1.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    /// Of each request.
    Reset,
    /// Of the connection, when a request has come.
    GoAway,
}

/// A server that answers what comes by HTTP/1.1, and nothing else.
async fn wanting_one(refusal: Refusal) -> (u16, Arc<Spoken>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let spoken = Arc::new(Spoken::default());
    let tls = acceptor_of(&["h2", "http/1.1"]);
    let counts = Arc::clone(&spoken);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, counts) = (tls.clone(), Arc::clone(&counts));
            tokio::spawn(async move {
                let Ok(stream) = tls.accept(stream).await else { return };
                if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                    counts.two.fetch_add(1, Ordering::Relaxed);
                    refuse(stream, refusal).await;
                } else {
                    counts.one.fetch_add(1, Ordering::Relaxed);
                    answer(stream).await;
                }
            });
        }
    });
    (port, spoken)
}

async fn refuse(stream: TlsStream<TcpStream>, refusal: Refusal) {
    // Of several connections that a client makes at once it may keep one.
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((_request, mut respond))) = connection.accept().await {
        match refusal {
            Refusal::Reset => respond.send_reset(Reason::HTTP_1_1_REQUIRED),
            Refusal::GoAway => connection.abrupt_shutdown(Reason::HTTP_1_1_REQUIRED),
        }
    }
}

async fn answer(mut stream: TlsStream<TcpStream>) {
    let mut read = Vec::new();
    while let Ok(byte) = stream.read_u8().await {
        read.push(byte);
        let is_get = read.starts_with(b"GET ");
        if read.ends_with(if is_get { b"\r\n\r\n" } else { BODY.as_bytes() }) {
            read.clear();
            // The client may be gone.
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none").await;
        }
    }
}

fn trusting() -> Egress {
    Egress::new(EgressOptions { ca_files: vec![testdata("authority.pem")], ..EgressOptions::default() }).unwrap()
}

fn counted(spoken: &Spoken) -> (usize, usize) {
    (spoken.two.load(Ordering::Relaxed), spoken.one.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_server_that_wants_http_one_is_asked_so_from_then_on() {
    for refusal in [Refusal::Reset, Refusal::GoAway] {
        let (port, spoken) = wanting_one(refusal).await;
        let origin = format!("https://127.0.0.1:{port}");
        let egress = trusting();
        let mut session = session(&egress, &origin);
        for _ in 0..3 {
            assert_eq!(get(&mut session, &origin, timeouts(LONG, LONG, LONG)).await, "200 one", "{refusal:?}");
        }
        // The first went twice, and no later one tries HTTP/2 again.
        assert_eq!((egress.requests(), counted(&spoken)), (4, (1, 1)), "{refusal:?}");
    }
}

#[tokio::test]
async fn requests_that_fly_together_are_all_sent_by_http_one() {
    let (port, _) = wanting_one(Refusal::Reset).await;
    let origin = format!("https://127.0.0.1:{port}");
    let mut session = session(&trusting(), &origin);
    let sending = join_all((0..8).map(|_| {
        let body = Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync();
        let request = request("GET", &origin).body(body).unwrap();
        let options = Some(timeouts(LONG, LONG, LONG));
        Pin::from(session.send_request(request, options, Box::new(async { Ok(()) })))
    }));
    for sent in sending.await {
        assert_eq!(answer_of(sent.unwrap().0).await, "200 one");
    }
}

/// A request's body may be half sent when the server requires HTTP/1.1; the guest still has it and can retry.
#[tokio::test]
async fn a_request_with_a_body_goes_by_http_one_at_the_next_try() {
    let patient = timeouts(LONG, LONG, LONG);
    let (port, spoken) = wanting_one(Refusal::Reset).await;
    let origin = format!("https://127.0.0.1:{port}");
    let egress = trusting();
    let mut session = session(&egress, &origin);
    let items = || request("POST", &format!("{origin}/items/1"));
    let refused = send(&mut session, items(), BODY.as_bytes(), patient).await.unwrap_err();
    assert!(matches!(refused, HttpError::ConnectionTerminated), "{refused:?}");
    let answered = send(&mut session, items(), BODY.as_bytes(), patient).await.unwrap();
    assert_eq!(answer_of(answered).await, "200 one");
    assert_eq!((egress.requests(), counted(&spoken)), (2, (1, 1)));
}

/// A server of HTTP/2 that takes only the second of two requests, and answers it with its body.
async fn taking_the_second() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tls, seen) = (acceptor_of(&["h2"]), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, seen) = (tls.clone(), Arc::clone(&seen));
            tokio::spawn(async move {
                let Ok(stream) = tls.accept(stream).await else { return };
                let Ok(mut connection) = h2::server::handshake(stream).await else { return };
                while let Some(Ok((request, mut respond))) = connection.accept().await {
                    if seen.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
                        // The body has come whole, or the client would not know that it may be sent again.
                        tokio::spawn(async move {
                            read_all(request.into_body()).await;
                            respond.send_reset(Reason::REFUSED_STREAM);
                        });
                        continue;
                    }
                    tokio::spawn(async move {
                        let body = read_all(request.into_body()).await;
                        let Ok(mut sending) = respond.send_response(http::Response::new(()), false) else { return };
                        let _ = sending.send_data(body, true);
                    });
                }
            });
        }
    });
    port
}

async fn read_all(mut body: h2::RecvStream) -> Bytes {
    let mut all = Vec::new();
    while let Some(Ok(piece)) = body.data().await {
        let _ = body.flow_control().release_capacity(piece.len());
        all.extend(piece);
    }
    all.into()
}

/// What a server did not take it did not do, so that it may be sent again with its body.
#[tokio::test]
async fn a_request_that_a_server_does_not_take_is_sent_again_with_its_body() {
    let patient = timeouts(LONG, LONG, LONG);
    let port = taking_the_second().await;
    let origin = format!("https://127.0.0.1:{port}");
    let egress = trusting();
    let mut session = session(&egress, &origin);
    let answered =
        send(&mut session, request("POST", &format!("{origin}/items/1")), BODY.as_bytes(), patient).await.unwrap();
    assert_eq!(answer_of(answered).await, format!("200 {BODY}"));
    assert_eq!(get(&mut session, &origin, patient).await, "200 ");
    assert_eq!(egress.requests(), 4);
}
