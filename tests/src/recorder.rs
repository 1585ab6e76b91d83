//! A server that keeps every byte that it is sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

/// A running server on loopback. It stops when this is dropped.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    connections: Arc<Mutex<Vec<Vec<u8>>>>,
    accepting: JoinHandle<()>,
}

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Method, path and query.
    pub line: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// As many bytes as its length says, or its chunks as they are.
    pub body: String,
}

impl Recorder {
    /// Starts a server that answers everything with an empty JSON object.
    ///
    /// # Panics
    /// No port is free.
    #[expect(clippy::expect_used, reason = "for tests, which cannot go on without it")]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&connections);
        let accepting = tokio::spawn(async move {
            let mut number = 0_usize;
            while let Ok((stream, _)) = listener.accept().await {
                kept.lock().expect("no panic").push(Vec::new());
                tokio::spawn(serve(stream, Arc::clone(&kept), number));
                number = number.saturating_add(1);
            }
        });
        Self { address, connections, accepting }
    }

    /// Scheme, address and port.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What has come on each connection so far.
    ///
    /// # Panics
    /// The server has.
    #[must_use]
    #[expect(clippy::expect_used, reason = "for tests, which cannot go on without it")]
    pub fn connections(&self) -> Vec<Vec<u8>> {
        self.connections.lock().expect("no panic").clone()
    }

    /// The same as requests, read as strictly as by their length: what follows the body of one is the next.
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        for bytes in self.connections() {
            let mut rest = bytes.as_slice();
            while let Some((arrival, after)) = take(rest) {
                arrivals.push(arrival);
                rest = after;
            }
            if !rest.is_empty() {
                let line = String::from_utf8_lossy(rest).into_owned();
                arrivals.push(Arrival { line, headers: Vec::new(), body: String::new() });
            }
        }
        arrivals
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, kept: Arc<Mutex<Vec<Vec<u8>>>>, number: usize) {
    let (mut unanswered, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let read = buffer.get(..count).unwrap_or_default();
        if let Some(bytes) = kept.lock().ok().as_mut().and_then(|all| all.get_mut(number)) {
            bytes.extend_from_slice(read);
        }
        unanswered.extend_from_slice(read);
        while let Some(after) = take(&unanswered).map(|(_, after)| after.to_vec()) {
            unanswered = after;
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}

/// The first whole request, and what follows it.
fn take(bytes: &[u8]) -> Option<(Arrival, &[u8])> {
    let end = find(bytes, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
    let rest = bytes.get(end.saturating_add(4)..)?;
    let mut lines = head.lines();
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let of = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let length = match of("transfer-encoding") {
        Some(_) => find(rest, b"0\r\n\r\n")?.saturating_add(5),
        None => of("content-length").and_then(|length| length.parse().ok()).unwrap_or_default(),
    };
    let body = String::from_utf8_lossy(rest.get(..length)?).into_owned();
    Some((Arrival { line, headers, body }, rest.get(length..)?))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
