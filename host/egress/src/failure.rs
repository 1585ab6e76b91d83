//! Why a request got no complete response: as an error of wasi:http, and as a code for people.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy;
use rustls::Error as TlsError;
use wasmtime_wasi_http::Error as HttpError;

use crate::address::Refusal;
use crate::cause::Cause;
use crate::handshake::{Client, alert_in, of_tls};
use crate::{DenialReason, TrafficLimit};

/// What went wrong with a request that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It was denied after all.
    Denied(DenialReason),
    NameNotFound,
    Unreachable,
    Unroutable,
    ConnectionRefused,
    ConnectionTimeout,
    ConnectionTerminated,
    /// A failure for which wasi:http has no error.
    Explained(Cause),
    /// The server requires HTTP/1.1.
    HttpOneRequired,
    /// The server closed the connection and says that it did not process the request.
    NotTaken,
    NotHttp,
    AnswerTimeout,
    PauseTooLong,
    /// The request as a whole took too long.
    RequestTimeout,
    Incomplete,
    /// The guest dropped the request.
    LetGo,
}

impl Failure {
    /// A stable kebab-case code.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Denied(reason) => reason.code(),
            Self::NameNotFound => "name-not-found",
            Self::Unreachable => "unreachable",
            Self::Unroutable => "unroutable",
            Self::ConnectionRefused => "connection-refused",
            Self::ConnectionTimeout => "connection-timeout",
            Self::ConnectionTerminated | Self::NotTaken => "connection-terminated",
            Self::Explained(cause) => cause.code,
            Self::HttpOneRequired => "http-1-required",
            Self::NotHttp => "not-http",
            Self::AnswerTimeout => "answer-timeout",
            Self::PauseTooLong => "answer-paused",
            Self::RequestTimeout => "request-timeout",
            Self::Incomplete => "answer-incomplete",
            Self::LetGo => "let-go",
        }
    }

    /// The denial, if it is one.
    pub(crate) const fn denial(&self) -> Option<DenialReason> {
        if let Self::Denied(reason) = self {
            Some(*reason)
        } else if let Self::Explained(cause) = self {
            cause.denial
        } else {
            None
        }
    }
}

impl From<Failure> for HttpError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Denied(reason) => match reason {
                DenialReason::ProhibitedAddress | DenialReason::PrivateAddress => Self::DestinationIpProhibited,
                DenialReason::ProxyCredentials => Self::ConfigurationError,
                DenialReason::Proxy => Self::DestinationUnavailable,
                DenialReason::Limit(TrafficLimit::ResponseHead { bytes, .. }) => {
                    Self::HttpResponseHeaderSectionSize(Some(bytes))
                }
                DenialReason::Limit(TrafficLimit::ResponseBody(bytes)) => Self::HttpResponseBodySize(Some(bytes)),
                DenialReason::Limit(TrafficLimit::RequestBody(bytes)) => Self::HttpRequestBodySize(Some(bytes)),
                DenialReason::Origin
                | DenialReason::Request
                | DenialReason::Host
                | DenialReason::Header
                | DenialReason::UndescribedHeader
                | DenialReason::Query
                | DenialReason::UndescribedQuery
                | DenialReason::Limit(_) => Self::HttpRequestDenied,
            },
            Failure::NameNotFound => Self::DnsError { rcode: None, info_code: None },
            Failure::Unreachable => Self::DestinationUnavailable,
            Failure::Unroutable => Self::DestinationIpUnroutable,
            Failure::ConnectionRefused => Self::ConnectionRefused,
            Failure::ConnectionTimeout => Self::ConnectionTimeout,
            Failure::ConnectionTerminated | Failure::HttpOneRequired | Failure::NotTaken | Failure::LetGo => {
                Self::ConnectionTerminated
            }
            Failure::Explained(cause) => cause.into(),
            Failure::NotHttp => Self::HttpProtocolError,
            Failure::AnswerTimeout | Failure::RequestTimeout => Self::HttpResponseTimeout,
            Failure::PauseTooLong => Self::ConnectionReadTimeout,
            Failure::Incomplete => Self::HttpResponseIncomplete,
        }
    }
}

/// What is known of a request that failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// The limit that an answer's head has hit if it was too large.
    pub(crate) head: TrafficLimit,
    /// The client has a certificate.
    pub(crate) has_identity: bool,
}

/// Finds why a request got no answer.
pub(crate) fn of(error: &legacy::Error, known: Known) -> Failure {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(meaning) = meaning(error, known) {
            return meaning;
        }
        cause = error.source();
    }
    if error.is_connect() { Failure::Unreachable } else { Failure::ConnectionTerminated }
}

/// Finds why a body ended early.
pub(crate) fn of_body(error: &hyper::Error) -> Failure {
    if error.is_timeout() { Failure::AnswerTimeout } else { Failure::Incomplete }
}

/// The meaning of one link in the chain of causes.
fn meaning(error: &(dyn StdError + 'static), known: Known) -> Option<Failure> {
    if let Some(cause) = error.downcast_ref::<Cause>() {
        return Some(Failure::Explained(cause.clone()));
    }
    // A handshake says more; what comes later is the server's answer to the client's certificate.
    let client = Client { has_identity: known.has_identity, is_asked: true };
    if let Some(tls) = error.downcast_ref::<TlsError>() {
        return Some(Failure::Explained(of_tls(tls, client)));
    }
    if let Some(http) = error.downcast_ref::<h2::Error>() {
        return of_http2(http, client);
    }
    if let Some(http) = error.downcast_ref::<hyper::Error>() {
        return of_http(http, known.head);
    }
    if let Some(io) = error.downcast_ref::<io::Error>() {
        return of_io(io, client);
    }
    // hyper-util does not export the types of these errors.
    let refusal = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .and_then(|io| io.get_ref().and_then(|inner| inner.downcast_ref::<Refusal>()));
    if let Some(refusal) = refusal {
        return Some(Failure::Denied((*refusal).into()));
    }
    error.to_string().starts_with("dns error").then_some(Failure::NameNotFound)
}

fn of_http2(error: &h2::Error, client: Client) -> Option<Failure> {
    if error.reason() == Some(h2::Reason::HTTP_1_1_REQUIRED) {
        return Some(Failure::HttpOneRequired);
    }
    if error.is_remote() && error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM) {
        return Some(Failure::NotTaken);
    }
    // A server that closes a connection regularly names the last request that it took; only later ones get this error.
    if error.is_remote() && error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR) {
        return Some(Failure::NotTaken);
    }
    // The library keeps only the text of an I/O error, not the error inside.
    let alert = error.get_io().and_then(|io| alert_in(&io.to_string()))?;
    Some(Failure::Explained(of_tls(&TlsError::AlertReceived(alert), client)))
}

fn of_http(error: &hyper::Error, head: TrafficLimit) -> Option<Failure> {
    if error.is_parse_too_large() {
        return Some(Failure::Denied(DenialReason::Limit(head)));
    }
    if error.is_parse() {
        return Some(Failure::NotHttp);
    }
    let is_over = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
    (is_over && error.source().is_none()).then_some(Failure::ConnectionTerminated)
}

fn of_io(error: &io::Error, client: Client) -> Option<Failure> {
    // TLS errors travel inside I/O errors, sometimes two deep; `source` of an I/O error steps over what is inside.
    if let Some(inner) = error.get_ref() {
        let inner: &(dyn StdError + 'static) = inner;
        if let Some(tls) = inner.downcast_ref::<TlsError>() {
            return Some(Failure::Explained(of_tls(tls, client)));
        }
        if let Some(cause) = inner.downcast_ref::<Cause>() {
            return Some(Failure::Explained(cause.clone()));
        }
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return of_io(io, client);
        }
    }
    if is_open_files(error) {
        return Some(Failure::Explained(open_files()));
    }
    let meaning = [
        (io::ErrorKind::ConnectionRefused, Failure::ConnectionRefused),
        (io::ErrorKind::TimedOut, Failure::ConnectionTimeout),
        (io::ErrorKind::HostUnreachable, Failure::Unroutable),
        (io::ErrorKind::NetworkUnreachable, Failure::Unroutable),
        (io::ErrorKind::ConnectionReset, Failure::ConnectionTerminated),
        (io::ErrorKind::ConnectionAborted, Failure::ConnectionTerminated),
        (io::ErrorKind::BrokenPipe, Failure::ConnectionTerminated),
        (io::ErrorKind::UnexpectedEof, Failure::ConnectionTerminated),
    ];
    meaning.into_iter().find_map(|(kind, meaning)| (kind == error.kind()).then_some(meaning))
}

/// This process, or the system, cannot open any more files or sockets: no server is at fault.
fn open_files() -> Cause {
    Cause::new("open-files-limited", "the platform cannot open more files (ulimit -n)")
}

#[cfg(unix)]
fn is_open_files(error: &io::Error) -> bool {
    use rustix::io::Errno;

    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

#[cfg(not(unix))]
const fn is_open_files(_: &io::Error) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_lack_of_files_is_not_blamed_on_the_server() {
        let client = Client { has_identity: false, is_asked: false };
        let explained = || Some(Failure::Explained(open_files()));
        for (errno, expect) in [
            (Errno::MFILE, explained()),
            (Errno::NFILE, explained()),
            (Errno::CONNREFUSED, Some(Failure::ConnectionRefused)),
            (Errno::NOENT, None),
        ] {
            let error = io::Error::from(errno);
            assert_eq!(of_io(&error, client), expect, "{errno:?}");
            assert_eq!(of_io(&io::Error::other(error), client), expect, "inside of another: {errno:?}");
        }
    }
}
