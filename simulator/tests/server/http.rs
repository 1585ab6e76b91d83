//! Requests to a running server, byte for byte.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use mattermost_simulator::{Config, Simulator};
use serde_json::Value;
use tokio::runtime::Runtime;

/// An answer: status, headers with lower-case names, and body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// An answer as it came, or as it was recorded.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header =
            |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        Self { status, headers: lines.filter_map(header).collect(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

pub(crate) struct Server {
    pub(crate) simulator: Simulator,
    _runtime: Runtime,
}

pub(crate) fn server(config: Config) -> Server {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let simulator = runtime.block_on(Simulator::start(config)).unwrap();
    Server { simulator, _runtime: runtime }
}

impl Server {
    pub(crate) fn send(&self, method: &str, path: &str, token: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.simulator.origin().trim_start_matches("http://")).unwrap();
        let authorization = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{authorization}Content-Length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        Answer::parse(&String::from_utf8(text).unwrap())
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> Answer {
        self.send("GET", path, token, "")
    }

    pub(crate) fn admin(&self) -> &str {
        &self.simulator.tokens().admin
    }

    /// The rows of a list.
    pub(crate) fn rows(&self, path: &str, token: &str) -> Vec<Value> {
        let answer = self.get(path, token);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }
}
