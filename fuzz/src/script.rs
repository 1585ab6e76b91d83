//! Bytes as the answers of a server.
//!
//! ```text
//! script = mode *( %x1E answer )
//! answer = route outcome *( header value LF ) LF body
//! ```
//!
//! Each part is one letter, so that seeds are readable and a mutation changes one thing: `mode` is bits (see [`Mode`]),
//! `route` says which request the answer is for, `outcome` is a status or a way to get none, `header` is a letter of
//! [`HEADER_LETTERS`]. A body may have what a fuzzer would not write by itself: %x01 with three bytes is a list of
//! records, %x02 at its beginning has the rest compressed.

use std::collections::VecDeque;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use mattermost_provider::contract::Setting;
use mattermost_provider::mattermost::settings::{KEPT, Settings};
use provider_sdk::hash::fnv1a;
use provider_sdk::http::{HEADERS, Lost, Network, Outcome, Request, Response};
use provider_sdk::pace::Paced;
use provider_sdk::testing::{Fake, Order};

/// Separates two answers.
pub const NEXT_ANSWER: u8 = 0x1e;

/// In a body: a list of records follows, as (how many, from which number on, of which sort).
pub const RECORDS: u8 = 0x01;

/// At the beginning of a body: the rest is compressed before it is sent.
pub const COMPRESSED: u8 = 0x02;

/// So many requests are answered; after that the server is gone.
pub const ANSWERS: usize = 64;

/// So many bytes are sent, likewise: some twenty full pages, more than the calls of one input take.
const BYTES: usize = 256 * 1024;

/// No call makes so many requests: the most is ten thousand teams with one request each.
const REQUESTS: usize = 30_000;

/// The time of the fake clock, and of the answers that are not in the script.
pub const NOW_MS: i64 = 1_795_533_929_000;
const DATE: &str = "Tue, 24 Nov 2026 15:25:29 GMT";

/// The letters of [`HEADERS`], in their order, and then of those that the provider keeps.
pub const HEADER_LETTERS: [u8; HEADERS.len() + KEPT.len()] = *b"edtrwjkxiv";

/// The headers that the letters stand for.
pub fn kept_headers() -> impl Iterator<Item = &'static str> {
    HEADERS.into_iter().chain(KEPT)
}

/// The letters of routes. Any other stands for any route.
pub const ROUTES: [(u8, &str); 15] = [
    (b'p', "GET /api/v4/system/ping"),
    (b'm', "GET /api/v4/users/me"),
    (b'u', "GET /api/v4/users"),
    (b's', "POST /api/v4/users/status/ids"),
    (b'c', "GET /api/v4/users/stats/filtered"),
    (b't', "GET /api/v4/teams"),
    (b'g', "GET /api/v4/config/client"),
    (b'l', "GET /api/v4/license/client"),
    (b'i', "GET /api/v4/limits/server"),
    (b'r', "GET /api/v4/reports/users"),
    (b'n', "GET /api/v4/reports/users/count"),
    (b'k', "GET /api/v4/users/me/tokens"),
    (b'o', "POST /api/v4/roles/names"),
    (b'b', "GET /api/v4/teams/{}/members"),
    // Those who run a team share their path with the users.
    (b'a', "GET /api/v4/users?in_team"),
];

/// The letters of outcomes that are statuses; the others are in [`outcome_of`].
const STATUSES: [(u8, u16); 22] = [
    (b'0', 200),
    (b'1', 201),
    (b'2', 204),
    (b'3', 206),
    (b'a', 101),
    (b'b', 301),
    (b'c', 302),
    (b'd', 304),
    (b'e', 307),
    (b'f', 400),
    (b'g', 401),
    (b'h', 403),
    (b'i', 404),
    (b'j', 413),
    (b'k', 429),
    (b'l', 500),
    (b'm', 501),
    (b'n', 502),
    (b'o', 503),
    (b'p', 504),
    (b'q', 599),
    (b'r', 999),
];

/// How the script is played.
#[derive(Clone, Copy, Debug)]
pub struct Mode(u8);

impl Mode {
    /// The host asks for 8,000 users at a time; otherwise it leaves the number to the provider.
    #[must_use]
    pub fn is_large(self) -> bool {
        self.0 & 1 != 0
    }
    /// Of the requests in flight the last is answered first.
    fn is_last_first(self) -> bool {
        self.0 & 2 != 0
    }
    /// A request without an answer in the script gets a good one; otherwise the server refuses it.
    fn is_well(self) -> bool {
        self.0 & 4 != 0
    }
    /// Each call is made in a fresh instance.
    #[must_use]
    pub fn is_forgetful(self) -> bool {
        self.0 & 8 != 0
    }
    /// Which data is left out.
    fn leaves_out(self) -> bool {
        self.0 & 16 != 0
    }
    /// The last activity is read from the report on users.
    fn wants_report(self) -> bool {
        self.0 & 64 != 0
    }
    /// One request at a time is in flight.
    fn is_single(self) -> bool {
        self.0 & 32 != 0
    }
    /// The last answer for a route is given again and again: lists that do not end.
    fn is_endless(self) -> bool {
        self.0 & 128 != 0
    }
}

/// The settings of a call.
#[derive(Debug)]
pub struct Script {
    /// How it is played.
    pub mode: Mode,
    /// What the host sets.
    pub settings: Settings,
    /// The token among the settings. It is made from the input, so that no input can contain it.
    pub token: String,
    /// The server.
    pub server: Server,
}

impl Script {
    /// Reads a script; any bytes are one.
    #[must_use]
    pub fn of(data: &[u8]) -> Self {
        let mut parts = data.split(|byte| *byte == NEXT_ANSWER);
        let mode = Mode(parts.next().and_then(|first| first.first().copied()).unwrap_or_default());
        let token = secret(data);
        let mut pairs = vec![("server_url", "https://chat.example.com/mattermost"), ("access_token", token.as_str())];
        if mode.leaves_out() {
            pairs.extend([("include_activity", "false"), ("include_names", "false"), ("include_email", "false")]);
        }
        if mode.wants_report() {
            pairs.push(("activity_source", "report"));
        }
        if mode.is_single() {
            pairs.push(("max_in_flight", "1"));
        }
        let settings: Vec<Setting> =
            pairs.into_iter().map(|(key, value)| Setting { key: key.into(), value: value.into() }).collect();
        let settings = Settings::parse(&settings).expect("these settings are right");
        let server = Server { mode, answers: parts.map(Answer::of).collect(), asked: 0, bytes: 0, sent: Vec::new() };
        Self { mode, settings, token, server }
    }
}

/// A text that no input contains by chance.
#[must_use]
pub fn secret(data: &[u8]) -> String {
    let first = fnv1a(data);
    format!("tok{first:016x}{:016x}", fnv1a(&first.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()))
}

#[derive(Clone, Debug)]
struct Answer {
    route: Option<&'static str>,
    outcome: Outcome,
}

impl Answer {
    fn of(bytes: &[u8]) -> Self {
        let (route, rest) = bytes.split_first().map_or((0, bytes), |(route, rest)| (*route, rest));
        let route = ROUTES.iter().find(|(letter, _)| *letter == route).map(|(_, name)| *name);
        Self { route, outcome: outcome_of(rest) }
    }
}

/// An outcome of a letter, headers and a body.
#[must_use]
pub fn outcome_of(bytes: &[u8]) -> Outcome {
    let (letter, rest) = bytes.split_first().map_or((b'0', bytes), |(letter, rest)| (*letter, rest));
    match letter {
        b'A' => return Err(Lost::NameNotFound),
        b'B' => return Err(Lost::Refused),
        b'C' => return Err(Lost::TimedOut),
        b'D' => return Err(Lost::TlsUntrusted),
        b'E' => return Err(Lost::TlsFailed),
        b'F' => return Err(Lost::Denied),
        b'G' => return Err(Lost::Closed),
        b'H' => return Err(Lost::Truncated),
        b'I' => return Err(Lost::TooLarge(4 * 1024 * 1024)),
        b'J' => return Err(Lost::Other("the platform's own words".to_string())),
        _ => {}
    }
    let status = STATUSES.iter().find(|(known, _)| *known == letter).map_or(200, |(_, status)| *status);
    let (headers, body) = headers_of(rest);
    let body = match body.strip_prefix(&[COMPRESSED]) {
        Some(plain) => gzip(&expanded(plain)),
        None => expanded(body),
    };
    Ok(Response { status, headers, body, took_ms: u32::from(status) * 10, redirect: None })
}

/// Headers up to an empty line, and what follows it.
#[must_use]
pub fn headers_of(bytes: &[u8]) -> (Vec<(&'static str, String)>, &[u8]) {
    let (mut headers, mut rest) = (Vec::new(), bytes);
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = rest.split_at(end);
        rest = &after[1..];
        let Some((letter, value)) = line.split_first() else { return (headers, rest) };
        if let Some((_, name)) = HEADER_LETTERS.iter().zip(kept_headers()).find(|(known, _)| *known == letter) {
            headers.push((name, String::from_utf8_lossy(value).into_owned()));
        }
    }
    (headers, rest)
}

/// A body with its lists of records written out.
#[must_use]
pub fn expanded(body: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(body.len()), body);
    while let Some(at) = rest.iter().position(|byte| *byte == RECORDS) {
        out.extend(&rest[..at]);
        let Some((&[count, from, sort], after)) = rest[at + 1..].split_first_chunk::<3>() else {
            rest = &rest[at + 1..];
            continue;
        };
        let rows: Vec<String> = (0..u32::from(count)).map(|n| record(u32::from(from) * 200 + n, sort)).collect();
        out.extend(rows.join(",").bytes());
        rest = after;
    }
    out.extend(rest);
    out
}

fn record(n: u32, sort: u8) -> String {
    let (old, new) = (NOW_MS - 86_400_000, NOW_MS + 60_000);
    match sort {
        b'n' => format!(r#"{{"id":"{n:026}","username":"u{n}","create_at":{new}}}"#),
        b'd' => format!(r#"{{"id":"{n:026}","username":"u{n}","create_at":{old},"delete_at":{old}}}"#),
        b't' => format!(r#"{{"id":"{n:026}","name":"t{n}"}}"#),
        b'a' => format!(r#"{{"id":"{n:026}","name":"t{n}","delete_at":{old}}}"#),
        b's' => format!(r#"{{"user_id":"{n:026}","status":"offline","last_activity_at":{old}}}"#),
        b'0' => "{}".to_string(),
        _ => format!(r#"{{"id":"{n:026}","username":"u{n}","create_at":{old}}}"#),
    }
}

/// Bytes as a gzip stream.
#[must_use]
pub fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).and_then(|()| encoder.finish()).expect("a vector takes everything")
}

/// A server that answers from a script.
#[derive(Debug)]
pub struct Server {
    mode: Mode,
    answers: VecDeque<Answer>,
    asked: usize,
    bytes: usize,
    /// Its requests: method and path.
    pub sent: Vec<Request>,
}

impl Server {
    /// Runs one call of the component against the server.
    pub fn paced<T>(&mut self, settings: &Settings, call: impl FnOnce(&mut dyn Network) -> T) -> T {
        let mode = self.mode;
        let mut paused_ms = 0;
        let mut network = Fake::new(|request| self.answer(request)).with_pauses(|ms| {
            // A call may pause for half a minute in all, and a later pass for a second before that.
            paused_ms += u64::from(ms);
            assert!(paused_ms <= 31_000, "{paused_ms} ms of pauses");
        });
        network.order = if mode.is_last_first() { Order::Last } else { Order::First };
        network.in_flight = if mode.is_single() { 1 } else { 8 };
        network.now_ms = NOW_MS;
        call(&mut Paced::new(&mut network, settings.max_in_flight))
    }

    fn answer(&mut self, request: &Request) -> Outcome {
        assert!(request.path.starts_with("/api/v4/"), "{}", request.path);
        assert!(request.path.bytes().all(|b| b.is_ascii_graphic()), "{}", request.path);
        self.sent.push(request.clone());
        self.asked += 1;
        assert!(self.asked <= REQUESTS, "more requests than any listing needs, the last of them {}", request.path);
        if self.asked > ANSWERS || self.bytes > BYTES {
            return Err(Lost::Refused);
        }
        let outcome = self.scripted(request);
        self.bytes += outcome.as_ref().map_or(0, |response| response.body.len());
        outcome
    }

    fn scripted(&mut self, request: &Request) -> Outcome {
        let name = route_of(request);
        let place = self
            .answers
            .iter()
            .position(|answer| answer.route == Some(name))
            .or_else(|| self.answers.iter().position(|answer| answer.route.is_none()));
        match place {
            Some(place) => {
                let of_route =
                    self.answers.iter().skip(place + 1).any(|later| later.route == self.answers[place].route);
                if self.mode.is_endless() && !of_route {
                    self.answers[place].outcome.clone()
                } else {
                    self.answers.remove(place).map_or(Err(Lost::Closed), |answer| answer.outcome)
                }
            }
            None if self.mode.is_well() => well(name),
            None => Err(Lost::Refused),
        }
    }
}

fn route_of(request: &Request) -> &'static str {
    let mut name = request.name();
    if let Some(rest) = name.strip_prefix("GET /api/v4/teams/") {
        assert!(rest.ends_with("/members") && rest.matches('/').count() == 1, "{name}");
        name = "GET /api/v4/teams/{}/members".to_string();
    }
    let is_of_team = request.path.contains("in_team");
    let (_, route) = ROUTES
        .iter()
        .find(|(letter, route)| if is_of_team { *letter == b'a' } else { *route == name })
        .expect("every request is of a route that is granted");
    route
}

/// The answers of a small server to an administrator.
fn well(route: &str) -> Outcome {
    let body = match route {
        "GET /api/v4/system/ping" => r#"{"status":"OK"}"#,
        "GET /api/v4/users/me" => r#"{"id":"00000000000000000000000000","username":"me","roles":"system_admin"}"#,
        "POST /api/v4/roles/names" => {
            r#"[{"permissions":["manage_system","view_members","list_public_teams","list_private_teams","view_team"]}]"#
        }
        "GET /api/v4/users/stats/filtered" => r#"{"total_users_count":0}"#,
        "GET /api/v4/config/client" => "{}",
        "GET /api/v4/license/client" => r#"{"IsLicensed":"true","SkuShortName":"professional"}"#,
        "GET /api/v4/reports/users/count" => "0",
        "GET /api/v4/limits/server" => r#"{"maxUsersLimit":200,"maxUsersHardLimit":250}"#,
        _ => "[]",
    };
    let headers = vec![("date", DATE.to_string()), ("x-version-id", "11.6.0.dev.7efba6486e17.false".to_string())];
    Ok(Response { status: 200, headers, body: body.into(), took_ms: 1, redirect: None })
}
