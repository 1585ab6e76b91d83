//! Requests, answers, and the traits between a core and the network.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::base_url::{BaseUrl, Redirect};
use super::cause::Cause;

/// The most characters of a platform's explanation that are passed on.
const EXPLAINED: usize = 500;

/// The two methods that the provider uses. `Post` only ever reads: it carries lists of ids that a URL cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST` with a JSON body.
    Post,
}

impl Method {
    /// The method's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// One request, below the server's base URL. The transport adds the origin, the base path and the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// How it is sent.
    pub method: Method,
    /// Path and query below the base URL, such as `/api/users?page=0`.
    pub path: String,
    /// The JSON body of a `Post`.
    pub body: Option<String>,
    /// Whether the core can do without the answer. If so, the request is not retried if no answer comes, and its
    /// timeout is shorter.
    pub is_spare: bool,
}

impl Request {
    /// A request that reads `path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), body: None, is_spare: false }
    }

    /// A request that reads what `body` asks for.
    pub fn post(path: impl Into<String>, body: String) -> Self {
        Self { method: Method::Post, path: path.into(), body: Some(body), is_spare: false }
    }

    /// The same request, as one whose answer the core can do without.
    #[must_use]
    pub fn spare(self) -> Self {
        Self { is_spare: true, ..self }
    }

    /// Method and path without the query, for a message.
    #[must_use]
    pub fn name(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method.as_str())
    }
}

/// The headers of an answer that are read here. A provider may keep more: [`Server::keeps`].
pub const HEADERS: [&str; 9] = [
    "content-encoding",
    "content-type",
    "date",
    "retry-after",
    "www-authenticate",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
];

/// A complete response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers of [`HEADERS`] and of those that the provider keeps, by lower-case name.
    pub headers: Vec<(&'static str, String)>,
    /// Where a redirect leads, which the transport finds from the requested address.
    pub redirect: Option<Redirect>,
    /// The whole body, as it came: [`decoded`](super::gzip::decoded) decompresses it.
    pub body: Vec<u8>,
    /// How long the server took to begin its answer, in milliseconds.
    pub took_ms: u32,
}

impl Response {
    /// The first value of a header, by lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.trim())
    }

    /// Whether the head says that the body is compressed.
    #[must_use]
    pub fn says_gzip(&self) -> bool {
        self.header("content-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"))
    }
}

/// Why a request got no complete response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The server's name has no address.
    NameNotFound,
    /// The server's machine refuses the port.
    Refused,
    /// Nothing came in time.
    TimedOut,
    /// The server's certificate is not trusted.
    TlsUntrusted,
    /// TLS failed for another reason.
    TlsFailed,
    /// The host's policy refuses the request.
    Denied,
    /// The connection ended before the answer's head.
    Closed,
    /// The connection ended within the answer's body.
    Truncated,
    /// The answer is larger than the limit of so many bytes.
    TooLarge(u64),
    /// The answer's head is larger than the limit, with its bytes if known.
    HeadTooLarge(Option<u32>),
    /// The answer breaks the rules of HTTP.
    NotHttp,
    /// The answer is compressed with this coding, which was not requested.
    Encoded(String),
    /// The platform's reason, and its explanation.
    Explained(Cause, String),
    /// Anything else, with the transport's explanation.
    Other(String),
}

impl Lost {
    /// Whether a part of the answer came, which shows that there is a server.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        match self {
            Self::Truncated | Self::TooLarge(_) | Self::HeadTooLarge(_) | Self::Encoded(_) => true,
            Self::NameNotFound
            | Self::Refused
            | Self::TimedOut
            | Self::TlsUntrusted
            | Self::TlsFailed
            | Self::Denied
            | Self::Closed
            | Self::NotHttp
            | Self::Explained(..)
            | Self::Other(_) => false,
        }
    }

    /// What happened, for a person.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::NameNotFound => "the server's name has no address".to_string(),
            Self::Refused => "the server refuses the connection".to_string(),
            Self::TimedOut => "the server did not answer in time".to_string(),
            Self::TlsUntrusted => "the server's certificate is not trusted".to_string(),
            Self::TlsFailed => "no secure connection could be made".to_string(),
            Self::Denied => "the platform does not let the plugin send the request".to_string(),
            Self::Closed => "the connection ended before the answer".to_string(),
            Self::Truncated => "the connection ended in the middle of the answer".to_string(),
            Self::TooLarge(limit) => format!("the answer is larger than {}", size_in_words(*limit)),
            Self::HeadTooLarge(limit) => {
                let limit = limit.map_or_else(String::new, |bytes| format!(": its limit is {} in all", size_in_words(bytes.into())));
                format!("the answer has more or larger headers than the platform takes{limit}")
            }
            Self::NotHttp => "what came breaks the rules of HTTP: a proxy sends a malformed header, or something other than a web server (SSH, mail, a TLS port) answers".to_string(),
            Self::Encoded(coding) => format!("the answer is compressed with `{coding}`, which was not requested"),
            Self::Explained(_, words) => words.clone(),
            Self::Other(what) => format!("the request failed: {what}"),
        }
    }

    /// Reads a platform's explanation: a code of [`Cause`], a colon and words. Other text is kept as it is.
    #[must_use]
    pub fn explained(text: &str) -> Self {
        let words: String = text.chars().filter(|c| !c.is_control()).take(EXPLAINED).collect();
        match words.split_once(": ") {
            Some((id, words)) => match Cause::of(id) {
                Some(cause) => Self::Explained(cause, words.to_string()),
                None => Self::Other(words.to_string()),
            },
            None => Self::Other(words),
        }
    }
}

/// A number of bytes in words.
fn size_in_words(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    match bytes {
        MIB.. if bytes.is_multiple_of(MIB) => format!("{} MiB", bytes / MIB),
        MIB.. => format!("{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB),
        1024.. => format!("{} KiB", bytes / 1024),
        _ => format!("{bytes} bytes"),
    }
}

/// The outcome of a request.
pub type Outcome = Result<Response, Lost>;

/// A request with its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The request.
    pub request: Request,
    /// Its outcome.
    pub outcome: Outcome,
}

/// Identifies a request within its [`Work`].
pub type Ticket = usize;

/// Requests that may be in flight together, and what happens with their answers.
///
/// A network calls [`next`](Work::next) for requests until it returns `None`, passes each answer to
/// [`arrived`](Work::arrived) in any order, and calls `next` again after each. It is done when no request is in flight
/// and `next` returns `None`.
pub trait Work {
    /// The next request that may be sent now.
    fn next(&mut self) -> Option<(Ticket, Request)>;
    /// Takes an answer, and the request back; afterwards `next` may have more to send.
    fn arrived(&mut self, ticket: Ticket, answered: Answered);
    /// The head of an answer has come. If this returns true, [`part`](Work::part) takes the body as it comes, and the
    /// answer arrives without one: for a list that is too large to keep in memory. A retried request begins again.
    fn begins(&mut self, _ticket: Ticket, _head: &Response) -> bool {
        false
    }
    /// Takes a part of a body, in order. If this returns false, the rest is not read, and the answer counts as too
    /// large.
    fn part(&mut self, _ticket: Ticket, _bytes: &[u8]) -> bool {
        false
    }
}

/// Where requests go, and with which headers. A provider's settings implement this.
pub trait Server {
    /// Where the server is.
    fn base(&self) -> &BaseUrl;
    /// The headers that a request is sent with, those of credentials included.
    fn headers(&self, request: &Request) -> Vec<(&'static str, String)>;
    /// The headers of answers that the provider reads beside [`HEADERS`], in lower case.
    fn keeps(&self) -> &'static [&'static str] {
        &[]
    }
}

/// The world outside: sends requests, waits, and reads the clock.
pub trait Network {
    /// Does all of the work.
    fn run(&mut self, work: &mut dyn Work);
    /// Waits for so many milliseconds.
    fn pause(&mut self, ms: u32);
    /// The host's clock, in milliseconds since 1970.
    fn now_ms(&mut self) -> i64;
    /// The shortest time that the server took to begin an answer, in milliseconds; 0 if that is not known.
    fn latency_ms(&self) -> u32 {
        0
    }
}

/// Sends all requests together and returns them with their outcomes in the same order.
pub fn exchange<const N: usize>(network: &mut dyn Network, requests: [Request; N]) -> [Answered; N] {
    let mut answered = exchange_all(network, requests.to_vec()).into_iter();
    requests.map(|request| answered.next().unwrap_or(Answered { request, outcome: Err(Lost::Closed) }))
}

/// [`exchange`] for a number of requests that is not known beforehand.
pub fn exchange_all(network: &mut dyn Network, requests: Vec<Request>) -> Vec<Answered> {
    struct Together {
        waiting: alloc::vec::IntoIter<(usize, Request)>,
        answered: Vec<Answered>,
    }
    impl Work for Together {
        fn next(&mut self) -> Option<(Ticket, Request)> {
            self.waiting.next()
        }
        fn arrived(&mut self, ticket: Ticket, answered: Answered) {
            if let Some(slot) = self.answered.get_mut(ticket) {
                *slot = answered;
            }
        }
    }
    let unanswered = |request: &Request| Answered { request: request.clone(), outcome: Err(Lost::Closed) };
    let answered = requests.iter().map(unanswered).collect();
    let waiting = requests.into_iter().enumerate().collect::<Vec<_>>().into_iter();
    let mut together = Together { waiting, answered };
    network.run(&mut together);
    together.answered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_words() {
        for (bytes, expect) in
            [(4 << 20, "4 MiB"), ((4 << 20) + (1 << 19), "4.5 MiB"), (32 << 10, "32 KiB"), (999, "999 bytes")]
        {
            assert_eq!(Lost::TooLarge(bytes).words(), format!("the answer is larger than {expect}"));
        }
    }

    #[test]
    fn a_platforms_explanation_is_passed_on_with_its_code() {
        let explained = |cause, words: &str| Lost::Explained(cause, words.into());
        for (text, expect) in [
            ("tls-expired: it expired on 2 May 2026", explained(Cause::TlsExpired, "it expired on 2 May 2026")),
            ("proxy-failed: it answered 502: no\r\nmore", explained(Cause::ProxyFailed, "it answered 502: nomore")),
            // A platform cannot decide what the server said.
            ("token-refused: the token", Lost::Other("the token".into())),
            ("something-new: the words", Lost::Other("the words".into())),
            ("out of order", Lost::Other("out of order".into())),
            ("", Lost::Other("".into())),
        ] {
            assert_eq!(Lost::explained(text), expect, "{text}");
        }
        assert_eq!(Lost::explained(&"x".repeat(5_000)), Lost::Other("x".repeat(EXPLAINED)));
    }
}
