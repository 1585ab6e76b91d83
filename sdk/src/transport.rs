//! A network on wasi:http, with many requests in flight. It is the only I/O of a component.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use wasi::clocks::{monotonic_clock, wall_clock};
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method as WasiMethod, OutgoingBody,
    OutgoingRequest, RequestOptions, Scheme as WasiScheme, http_error_code,
};
use wasi::io::poll::{Pollable, poll};
use wasi::io::streams::{InputStream, StreamError};

use super::base_url::{BaseUrl, Redirect, Scheme};
use super::http::{Answered, HEADERS, Lost, Method, Network, Outcome, Request, Response, Server, Ticket, Work};

/// The largest body that is kept in memory: a thousand profiles of users have less than one MB. A larger list is read
/// as it comes.
const BODY_BYTES: usize = 4 * 1024 * 1024;

/// The most bytes of all bodies in flight, so that an endless answer reaches this limit before that of the instance's
/// memory.
const BODIES_BYTES: usize = 12 * 1024 * 1024;

/// How much is read from a body at once.
const READ_BYTES: u64 = 256 * 1024;

/// The most that `blocking-write-and-flush` takes, by its contract.
const WRITE_BYTES: usize = 4_096;

const MS_NS: u64 = 1_000_000;
const SECOND_NS: u64 = 1_000 * MS_NS;
const CONNECT_NS: u64 = 10 * SECOND_NS;
/// How long a request may take. A late page in a list of hundreds of thousands takes a third of a second on an idle
/// server; a busy one gets a minute.
const FIRST_BYTE_NS: u64 = 60 * SECOND_NS;
/// The same for spare requests: a server names the ids of a million accounts in two seconds.
const SPARE_FIRST_BYTE_NS: u64 = 20 * SECOND_NS;
const BETWEEN_BYTES_NS: u64 = 30 * SECOND_NS;

/// The network of one call: a server, and the credentials for it.
pub struct WasiHttp<'a> {
    server: &'a dyn Server,
}

impl core::fmt::Debug for WasiHttp<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WasiHttp").field("base", self.server.base()).finish_non_exhaustive()
    }
}

impl<'a> WasiHttp<'a> {
    /// The network of a call to this server.
    #[must_use]
    pub const fn new(server: &'a dyn Server) -> Self {
        Self { server }
    }

    fn send(&self, request: &Request) -> Result<Flight, Lost> {
        let outgoing = OutgoingRequest::new(self.headers(request)?);
        let base = self.server.base();
        let scheme = match base.scheme() {
            Scheme::Http => WasiScheme::Http,
            Scheme::Https => WasiScheme::Https,
        };
        let method = match request.method {
            Method::Get => WasiMethod::Get,
            Method::Post => WasiMethod::Post,
        };
        outgoing.set_method(&method).map_err(|()| refused_part("method"))?;
        outgoing.set_scheme(Some(&scheme)).map_err(|()| refused_part("scheme"))?;
        outgoing.set_authority(Some(base.authority())).map_err(|()| refused_part("host"))?;
        outgoing.set_path_with_query(Some(&base.path_of(&request.path))).map_err(|()| refused_part("path"))?;
        let body = outgoing.body().map_err(|()| refused_part("body"))?;
        let options = RequestOptions::new();
        // If a host does not support timeouts, its own apply.
        let _ = options.set_connect_timeout(Some(CONNECT_NS));
        let first_byte = if request.is_spare { SPARE_FIRST_BYTE_NS } else { FIRST_BYTE_NS };
        let _ = options.set_first_byte_timeout(Some(first_byte));
        let _ = options.set_between_bytes_timeout(Some(BETWEEN_BYTES_NS));
        let future = outgoing_handler::handle(outgoing, Some(options)).map_err(|code| lost(&code))?;
        write(body, request.body.as_deref().unwrap_or_default())?;
        Ok(Flight::Waiting(Waiting { ready: future.subscribe(), future, sent_ns: monotonic_clock::now() }))
    }

    fn headers(&self, request: &Request) -> Result<Fields, Lost> {
        let fields = Fields::new();
        for (name, value) in self.server.headers(request) {
            fields.append(name, value.as_bytes()).map_err(|_| refused_part(name))?;
        }
        Ok(fields)
    }
}

fn refused_part(part: &str) -> Lost {
    Lost::Other(format!("the platform refuses the request's {part}"))
}

/// Writes a body. A server that answers before it has read it all closes the stream; its answer says why.
fn write(body: OutgoingBody, text: &str) -> Result<(), Lost> {
    if !text.is_empty() {
        let stream = body.write().map_err(|()| refused_part("body"))?;
        for part in text.as_bytes().chunks(WRITE_BYTES) {
            if stream.blocking_write_and_flush(part).is_err() {
                return Ok(());
            }
        }
    }
    OutgoingBody::finish(body, None).map_err(|code| lost(&code))
}

/// A request in flight.
#[derive(Debug)]
enum Flight {
    Waiting(Waiting),
    Reading(Reading),
}

/// Sent, and not answered yet. Fields are dropped in order, and a resource must be dropped before the one that it came
/// from, or the host traps. So these structs are never taken apart.
#[derive(Debug)]
struct Waiting {
    ready: Pollable,
    future: FutureIncomingResponse,
    /// When it was sent, by the monotonic clock.
    sent_ns: u64,
}

/// Answered, with a body still coming.
#[derive(Debug)]
struct Reading {
    ready: Pollable,
    stream: InputStream,
    _body: IncomingBody,
    whole: IncomingResponse,
    response: Response,
    /// Whether the work takes the body as it comes.
    is_streamed: bool,
}

impl Flight {
    const fn ready(&self) -> &Pollable {
        match self {
            Self::Waiting(waiting) => &waiting.ready,
            Self::Reading(reading) => &reading.ready,
        }
    }

    /// Bytes of the body so far.
    const fn held(&self) -> usize {
        match self {
            Self::Waiting(_) => 0,
            Self::Reading(reading) => reading.response.body.len(),
        }
    }

    /// Continues a flight that has become ready. Its body may grow to `room` bytes, unless the work takes it as it
    /// comes.
    fn step(
        self,
        server: &dyn Server,
        request: &Request,
        room: usize,
        (ticket, work): (Ticket, &mut dyn Work),
    ) -> Progress {
        match self {
            Self::Waiting(waiting) => match waiting.future.get() {
                None => Progress::On(Self::Waiting(waiting)),
                Some(Ok(Ok(incoming))) => match open(incoming, server.keeps(), waiting.sent_ns) {
                    Ok(mut reading) => {
                        reading.response.redirect = redirect(server.base(), request, &reading.whole);
                        reading.is_streamed = work.begins(ticket, &reading.response);
                        Progress::On(Self::Reading(reading))
                    }
                    Err(lost) => Progress::Done(Err(lost)),
                },
                Some(Ok(Err(code))) => Progress::Done(Err(lost(&code))),
                Some(Err(())) => Progress::Done(Err(Lost::Closed)),
            },
            Self::Reading(mut reading) => match reading.read(room, ticket, work) {
                Read::More => Progress::On(Self::Reading(reading)),
                Read::End => Progress::Done(Ok(core::mem::take(&mut reading.response))),
                Read::Failed(lost) => Progress::Done(Err(lost)),
            },
        }
    }
}

enum Progress {
    On(Flight),
    Done(Outcome),
}

fn open(incoming: IncomingResponse, keeps: &[&'static str], sent_ns: u64) -> Result<Reading, Lost> {
    let took_ms = u32::try_from(monotonic_clock::now().saturating_sub(sent_ns) / MS_NS).unwrap_or(u32::MAX);
    let response =
        Response { status: incoming.status(), headers: headers(&incoming, keeps), took_ms, ..Response::default() };
    let body = incoming.consume().map_err(|()| Lost::Closed)?;
    let stream = body.stream().map_err(|()| Lost::Closed)?;
    Ok(Reading { ready: stream.subscribe(), stream, _body: body, whole: incoming, response, is_streamed: false })
}

/// Where an answer redirects, if it does.
fn redirect(base: &BaseUrl, request: &Request, incoming: &IncomingResponse) -> Option<Redirect> {
    let location = incoming.headers().get("location").into_iter().next()?;
    Some(base.redirect(&request.path, &String::from_utf8_lossy(&location)))
}

fn headers(incoming: &IncomingResponse, keeps: &[&'static str]) -> Vec<(&'static str, String)> {
    let fields = incoming.headers();
    let header = |name: &'static str| {
        let mut values = fields.get(name).into_iter().map(|value| String::from_utf8_lossy(&value).into_owned());
        let mut value = values.next()?;
        // One list may stand in several lines. Of the other headers the first counts.
        if name == "content-encoding" {
            values.for_each(|more| value = format!("{value},{more}"));
        }
        Some((name, value))
    };
    HEADERS.into_iter().chain(keeps.iter().copied()).filter_map(header).collect()
}

enum Read {
    More,
    End,
    Failed(Lost),
}

impl Reading {
    /// Reads the part of the body that has come.
    fn read(&mut self, room: usize, ticket: Ticket, work: &mut dyn Work) -> Read {
        let too_large = || Read::Failed(Lost::TooLarge(u64::try_from(BODY_BYTES).unwrap_or(u64::MAX)));
        let body = &mut self.response.body;
        match self.stream.read(READ_BYTES) {
            Ok(bytes) if self.is_streamed => {
                if work.part(ticket, &bytes) {
                    Read::More
                } else {
                    too_large()
                }
            }
            Ok(bytes) if body.len().saturating_add(bytes.len()) > room => too_large(),
            Ok(bytes) => {
                // Most answers come in one piece, which need not be copied.
                if body.is_empty() {
                    *body = bytes;
                } else {
                    body.extend_from_slice(&bytes);
                }
                Read::More
            }
            Err(StreamError::Closed) => Read::End,
            Err(StreamError::LastOperationFailed(error)) => Read::Failed(match http_error_code(&error) {
                Some(ErrorCode::HttpResponseBodySize(limit)) => Lost::TooLarge(limit.unwrap_or_default()),
                Some(ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout) => Lost::TimedOut,
                _ => Lost::Truncated,
            }),
        }
    }
}

/// What wasi:http's error means to the core.
#[expect(clippy::wildcard_enum_match_arm, reason = "wasi:http has 39 cases, of which these mean something to a person")]
fn lost(code: &ErrorCode) -> Lost {
    match code {
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => Lost::NameNotFound,
        ErrorCode::ConnectionRefused => Lost::Refused,
        ErrorCode::DnsTimeout
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => Lost::TimedOut,
        ErrorCode::TlsCertificateError => Lost::TlsUntrusted,
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => Lost::TlsFailed,
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => Lost::Denied,
        ErrorCode::ConnectionTerminated => Lost::Closed,
        ErrorCode::HttpResponseIncomplete => Lost::Truncated,
        ErrorCode::HttpResponseBodySize(limit) => Lost::TooLarge(limit.unwrap_or_default()),
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => {
            Lost::Other("the server's network cannot be reached".to_string())
        }
        ErrorCode::HttpResponseHeaderSectionSize(limit) => Lost::HeadTooLarge(*limit),
        ErrorCode::HttpResponseHeaderSize(_) => Lost::HeadTooLarge(None),
        ErrorCode::HttpProtocolError | ErrorCode::HttpResponseTransferCoding(_) => Lost::NotHttp,
        ErrorCode::ConnectionLimitReached => {
            Lost::Other("the platform may open no more connections to the server".to_string())
        }
        ErrorCode::ConfigurationError => {
            Lost::Other("the platform's settings for its connections do not work".to_string())
        }
        // A platform's own words, which have neither a header nor a body.
        ErrorCode::InternalError(Some(words)) => Lost::explained(words),
        _ => Lost::Other("the platform could not send it, and does not say why".to_string()),
    }
}

impl Network for WasiHttp<'_> {
    fn run(&mut self, work: &mut dyn Work) {
        let mut flights: Vec<(Ticket, Request, Flight)> = Vec::new();
        loop {
            while let Some((ticket, request)) = work.next() {
                match self.send(&request) {
                    Ok(flight) => flights.push((ticket, request, flight)),
                    Err(lost) => work.arrived(ticket, Answered { request, outcome: Err(lost) }),
                }
            }
            if flights.is_empty() {
                return;
            }
            let pollables: Vec<&Pollable> = flights.iter().map(|(_, _, flight)| flight.ready()).collect();
            let mut ready = poll(&pollables);
            // From the last on, so that removing one does not move the others.
            ready.sort_unstable();
            for index in ready.into_iter().rev() {
                let Ok(index) = usize::try_from(index) else { continue };
                if index >= flights.len() {
                    continue;
                }
                let (ticket, request, flight) = flights.swap_remove(index);
                let others: usize = flights.iter().map(|(_, _, flight)| flight.held()).sum();
                let room = BODIES_BYTES.saturating_sub(others).min(BODY_BYTES);
                match flight.step(self.server, &request, room, (ticket, work)) {
                    Progress::On(flight) => flights.push((ticket, request, flight)),
                    Progress::Done(outcome) => work.arrived(ticket, Answered { request, outcome }),
                }
            }
        }
    }

    fn pause(&mut self, ms: u32) {
        monotonic_clock::subscribe_duration(u64::from(ms).saturating_mul(MS_NS)).block();
    }

    fn now_ms(&mut self) -> i64 {
        let now = wall_clock::now();
        let ms = now.seconds.saturating_mul(1_000).saturating_add(u64::from(now.nanoseconds / 1_000_000));
        i64::try_from(ms).unwrap_or(i64::MAX)
    }
}
