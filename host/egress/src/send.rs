//! Sends one granted request.

use std::sync::Arc;

use http::header::{CONTENT_LENGTH, HOST, HeaderName, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::{CaptureConnection, Connected, capture_connection};
use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiBody};

use crate::DenialReason;
use crate::body::Watched;
use crate::cause::Cause;
use crate::client::Client;
use crate::connector::Kept;
use crate::deadline::{Deadline, TIMEOUT};
use crate::failure::{self, Failure, Known};
use crate::in_flight::InFlight;
use crate::inner::{EgressInner, Exit};
use crate::outgoing::{BodyCopy, Outgoing};
use crate::proxy::Route;
use crate::tally::Tally;
use crate::tunnel;

/// Says who passed an answer on (RFC 9209): one that came through a forward proxy may be the proxy's own.
const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");

/// How often a request is sent again if the server did not take it: each time its connection was closed.
const RETAKES: u32 = 5;

/// Waits for the request's turn, which the guest's timeouts do not include, sends it, and returns the answer.
pub(crate) async fn send(
    mut in_flight: InFlight,
    exit: Exit,
    mut request: Request<WasiBody>,
    options: RequestOptions,
) -> Result<Response<WasiBody>, HttpError> {
    complete(in_flight.inner(), &exit, request.headers_mut());
    let (head, body) = request.into_parts();
    let mut body = Outgoing::new(body, in_flight.inner().quota.room(), in_flight.tally());
    let place = tokio::select! {
        biased;
        place = in_flight.inner().quota.turn() => place,
        error = body.take_in() => {
            in_flight.failed(Failure::LetGo);
            return Err(error);
        }
    };
    in_flight.hold(place);
    let copy = body.copy();
    let request = Request::from_parts(head, body.boxed_unsync());
    let deadline = Deadline::of(in_flight.inner().time);
    let answer = match exchange(in_flight.inner(), &exit, (request, copy), &options, deadline, &in_flight.tally()).await
    {
        Ok(answer) => answer,
        Err(failure) => return Err(in_flight.failed(failure).into()),
    };
    let (head, body) = answer.into_parts();
    in_flight.answered(head.status);
    if !fits(in_flight.inner(), &head.headers) {
        let limit = in_flight.inner().head_limit();
        return Err(in_flight.failed(Failure::Denied(DenialReason::Limit(limit))).into());
    }
    let body = Watched::new(body, in_flight, options.between_bytes_timeout.unwrap_or(TIMEOUT), deadline)?;
    Ok(Response::from_parts(head, body.boxed_unsync()))
}

/// Adds what the guest does not know: secrets, and what gateway and proxy require. The client adds `Host` itself, after
/// `admit` compared it with the address: only HTTP/1.1 has it, and HTTP/2 servers refuse it beside `:authority`.
fn complete(inner: &EgressInner, exit: &Exit, headers: &mut HeaderMap) {
    headers.remove(HOST);
    inner.vault.fill(headers, &exit.urls);
    inner.egress.add_headers(headers);
    // A tunnel's proxy receives the credentials when the tunnel is opened; the server must never receive them.
    headers.remove(PROXY_AUTHORIZATION);
    if let (Route::Forward, Some(authorization)) = (exit.route, inner.egress.proxy_authorization()) {
        headers.insert(PROXY_AUTHORIZATION, authorization.clone());
    }
}

/// Sends the request. Sends it again by HTTP/1.1 if the server requires that, and on another connection if the server
/// closed one without taking it. If the body was not kept, the guest must retry.
async fn exchange(
    inner: &EgressInner,
    exit: &Exit,
    (mut request, mut copy): (Request<WasiBody>, BodyCopy),
    options: &RequestOptions,
    deadline: Deadline,
    tally: &Arc<Tally>,
) -> Result<Response<Incoming>, Failure> {
    let again = Again::of(&request);
    for _ in 0..RETAKES {
        let mut connection = capture_connection(&mut request);
        let answer = attempt(inner, exit, exit.clients.choose(), (request, &mut connection), options, deadline).await;
        let is_two = connection.connection_metadata().as_ref().is_some_and(Connected::is_negotiated_h2);
        let failure = match answer {
            Err(failure @ (Failure::HttpOneRequired | Failure::NotTaken)) => failure,
            // The library does not report why a server closed a whole HTTP/2 connection. It may require HTTP/1.1.
            Err(Failure::ConnectionTerminated) if is_two && !again.has_body && !exit.clients.speaks_two() => {
                let mut request = again.with(empty());
                let mut connection = capture_connection(&mut request);
                let by_one = (request, &mut connection);
                let answer = attempt(inner, exit, exit.clients.one(), by_one, options, deadline).await?;
                exit.clients.want_one();
                return Ok(answer);
            }
            other => {
                if is_two && other.is_ok() {
                    exit.clients.note_two();
                }
                return other;
            }
        };
        if failure == Failure::HttpOneRequired {
            exit.clients.want_one();
        }
        let body = if again.has_body {
            // Only if the server did not take the request is it certain that it did nothing.
            let kept = copy.take().filter(|_| failure == Failure::NotTaken).ok_or(failure)?;
            tally.begin_again();
            let body = Outgoing::new(kept, inner.quota.room(), Arc::clone(tally));
            copy = body.copy();
            body.boxed_unsync()
        } else if tally.sent() == 0 {
            empty()
        } else {
            return Err(failure);
        };
        request = again.with(body);
    }
    let mut connection = capture_connection(&mut request);
    attempt(inner, exit, exit.clients.choose(), (request, &mut connection), options, deadline).await
}

fn empty() -> WasiBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A request without its body, to be sent once more.
struct Again {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    has_body: bool,
}

impl Again {
    fn of(request: &Request<WasiBody>) -> Self {
        let headers = request.headers().clone();
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let has_body = !is_read || headers.contains_key(CONTENT_LENGTH);
        Self { method: request.method().clone(), uri: request.uri().clone(), headers, has_body }
    }

    fn with(&self, body: WasiBody) -> Request<WasiBody> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

async fn attempt(
    inner: &EgressInner,
    exit: &Exit,
    client: &Client,
    (request, connection): (Request<WasiBody>, &mut CaptureConnection),
    options: &RequestOptions,
    deadline: Deadline,
) -> Result<Response<Incoming>, Failure> {
    inner.egress.count();
    let sending = client.request(request);
    tokio::pin!(sending);
    // The pool does not separate the two waits, so the first one ends when the connection is reported.
    let connecting = async {
        tokio::select! {
            biased;
            answer = &mut sending => Some(answer),
            _ = connection.wait_for_connection_metadata() => None,
        }
    };
    let slow = if exit.route == Route::Direct { Failure::ConnectionTimeout } else { Failure::Explained(slow_proxy()) };
    let answer = match deadline.within(options.connect_timeout, slow, connecting).await? {
        Some(answer) => answer,
        None => deadline.within(options.first_byte_timeout, Failure::AnswerTimeout, sending).await?,
    };
    let known = Known { head: inner.head_limit(), has_identity: inner.egress.has_identity() };
    let mut answer = answer.map_err(|error| failure::of(&error, known))?;
    if let Some(kept) = answer.extensions().get::<Kept>() {
        kept.mark();
    }
    if exit.route == Route::Forward {
        let status = answer.status();
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            let has_credentials = inner.egress.proxy_authorization().is_some();
            return Err(Failure::Explained(tunnel::refused(status.as_u16(), has_credentials)));
        }
        answer.headers_mut().insert(PROXY_STATUS, HeaderValue::from_static("forward-proxy"));
    }
    Ok(answer)
}

fn slow_proxy() -> Cause {
    let words = "no connection was made in time: the forward proxy, or the server behind it, does not answer";
    Cause::new("proxy-unreachable", words)
}

/// Whether an answer's headers are within the limits. The client enforces these only roughly while it reads.
fn fits(inner: &EgressInner, headers: &HeaderMap) -> bool {
    let bytes = headers
        .iter()
        .fold(0_usize, |sum, (name, value)| sum.saturating_add(name.as_str().len()).saturating_add(value.len()));
    let within = |count: usize, limit: u32| u32::try_from(count).is_ok_and(|count| count <= limit);
    within(headers.len(), inner.headers) && within(bytes, inner.head_bytes)
}
