//! Unsolicited bytes on a kept connection.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener as StdListener, TcpStream as StdStream};
use std::sync::mpsc;

use super::*;

const FIRST: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst";
const UNASKED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nunasked";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n";
const EMPTY: &str = "HTTP/1.1 204 No Content\r\n\r\n";

/// When a server sends unsolicited bytes.
#[derive(Clone, Copy, Debug)]
enum When {
    /// In one piece with the answer.
    AtOnce,
    /// Once the answer was read.
    Later,
}

/// A server with a thread of its own, that answers the first request on each connection, and later ones as well.
fn serve_unasked(
    first: &'static str,
    unasked: &'static str,
    when: When,
) -> (u16, mpsc::Sender<()>, mpsc::Receiver<()>) {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (go, may_go) = mpsc::channel();
    let (has_sent, sent) = mpsc::channel();
    std::thread::spawn(move || {
        let mut first_stream = listener.accept().unwrap().0;
        read_one(&mut first_stream);
        match when {
            When::AtOnce => first_stream.write_all([first, unasked].concat().as_bytes()).unwrap(),
            When::Later => {
                first_stream.write_all(first.as_bytes()).unwrap();
                may_go.recv().unwrap();
                first_stream.write_all(unasked.as_bytes()).unwrap();
            }
        }
        has_sent.send(()).unwrap();
        // A request on the same connection would get no answer but the one that is there.
        let mut second = listener.accept().unwrap().0;
        read_one(&mut second);
        second.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecond").unwrap();
        // Kept open for as long as the client wants.
        let _ = second.read(&mut [0; 1]);
        drop(first_stream);
    });
    (port, go, sent)
}

fn read_one(stream: &mut StdStream) {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1);
        read.push(byte[0]);
    }
}

// One thread, so that the runtime hears of nothing between the two requests unless it looks.
#[tokio::test]
async fn an_answer_that_nobody_asked_for_closes_its_connection() {
    for (first, expect) in [(FIRST, "200 first"), (CHUNKED, "200 first"), (EMPTY, "204 ")] {
        for unasked in [UNASKED, "\r\n", "x"] {
            for when in [When::AtOnce, When::Later] {
                let name = format!("{first:?} and then {unasked:?} {when:?}");
                let (port, go, sent) = serve_unasked(first, unasked, when);
                let origin = format!("http://127.0.0.1:{port}");
                let mut session = session(&egress(), &origin);
                let patient = timeouts(LONG, LONG, LONG);
                assert_eq!(get(&mut session, &origin, patient).await, expect, "{name}");
                let _ = go.send(());
                // The bytes are there before the next request is, and the runtime's thread is kept from hearing of them.
                sent.recv().unwrap();
                assert_eq!(get(&mut session, &origin, patient).await, "200 second", "{name}");
            }
        }
    }
}
