//! Why a request got no answer, or half of one: in the words of wasi:http, and as a code for people.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy;
use rustls::Error as TlsError;
use wasmtime_wasi_http::Error as HttpError;

use super::address::Refusal;
use super::connector::ProxyUnreachable;
use crate::{DenialReason, LimitHit};

/// What is said where no more connections can be opened: no server is at fault.
const OPEN_FILES: &str = "the platform may open no more files: raise its limit (ulimit -n)";

/// What went wrong with a request that was let out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// What it asked for is denied after all.
    Denied(DenialReason),
    NameNotFound,
    Unreachable,
    Unroutable,
    ConnectionRefused,
    ConnectionTimeout,
    ConnectionTerminated,
    ProxyUnreachable,
    /// This process, or the system, may open no more.
    OpenFiles,
    TlsUntrusted,
    TlsFailed,
    NotHttp,
    AnswerTimeout,
    PauseTooLong,
    /// The request as a whole took too long.
    RequestTimeout,
    Incomplete,
    /// The guest wants no answer any more.
    LetGo,
}

impl Failure {
    /// A stable kebab-case code.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Denied(reason) => reason.code(),
            Self::NameNotFound => "name-not-found",
            Self::Unreachable => "unreachable",
            Self::Unroutable => "unroutable",
            Self::ConnectionRefused => "connection-refused",
            Self::ConnectionTimeout => "connection-timeout",
            Self::ConnectionTerminated => "connection-terminated",
            Self::ProxyUnreachable => "proxy-unreachable",
            Self::OpenFiles => "open-files-limited",
            Self::TlsUntrusted => "tls-untrusted",
            Self::TlsFailed => "tls-failed",
            Self::NotHttp => "not-http",
            Self::AnswerTimeout => "answer-timeout",
            Self::PauseTooLong => "answer-paused",
            Self::RequestTimeout => "request-timeout",
            Self::Incomplete => "answer-incomplete",
            Self::LetGo => "let-go",
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
                DenialReason::Limit(LimitHit::ResponseHead { bytes, .. }) => {
                    Self::HttpResponseHeaderSectionSize(Some(bytes))
                }
                DenialReason::Limit(LimitHit::ResponseBody(bytes)) => Self::HttpResponseBodySize(Some(bytes)),
                DenialReason::Limit(LimitHit::RequestBody(bytes)) => Self::HttpRequestBodySize(Some(bytes)),
                DenialReason::Origin
                | DenialReason::Request
                | DenialReason::Host
                | DenialReason::Header
                | DenialReason::Limit(_) => Self::HttpRequestDenied,
            },
            Failure::NameNotFound => Self::DnsError { rcode: None, info_code: None },
            Failure::Unreachable | Failure::ProxyUnreachable => Self::DestinationUnavailable,
            Failure::Unroutable => Self::DestinationIpUnroutable,
            Failure::ConnectionRefused => Self::ConnectionRefused,
            Failure::ConnectionTimeout => Self::ConnectionTimeout,
            Failure::ConnectionTerminated | Failure::LetGo => Self::ConnectionTerminated,
            Failure::OpenFiles => Self::InternalError(Some(OPEN_FILES.to_owned())),
            Failure::TlsUntrusted => Self::TlsCertificateError,
            Failure::TlsFailed => Self::TlsProtocolError,
            Failure::NotHttp => Self::HttpProtocolError,
            Failure::AnswerTimeout | Failure::RequestTimeout => Self::HttpResponseTimeout,
            Failure::PauseTooLong => Self::ConnectionReadTimeout,
            Failure::Incomplete => Self::HttpResponseIncomplete,
        }
    }
}

/// Why a request got no answer. `head` is the limit that an answer's head has hit if it was too large.
pub(super) fn of(error: &legacy::Error, head: LimitHit) -> Failure {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(known) = known(error, head) {
            return known;
        }
        cause = error.source();
    }
    if error.is_connect() { Failure::Unreachable } else { Failure::ConnectionTerminated }
}

/// Why a body ended early.
pub(super) fn of_body(error: &hyper::Error) -> Failure {
    if error.is_timeout() { Failure::AnswerTimeout } else { Failure::Incomplete }
}

/// The meaning of one link in the chain of causes.
fn known(error: &(dyn StdError + 'static), head: LimitHit) -> Option<Failure> {
    if error.is::<ProxyUnreachable>() {
        return Some(Failure::ProxyUnreachable);
    }
    if let Some(tls) = error.downcast_ref::<TlsError>() {
        return Some(of_tls(tls));
    }
    if let Some(http) = error.downcast_ref::<hyper::Error>() {
        return of_http(http, head);
    }
    if let Some(io) = error.downcast_ref::<io::Error>() {
        return of_io(io);
    }
    // hyper-util keeps the types of these to itself.
    let refusal = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .and_then(|io| io.get_ref().and_then(|inner| inner.downcast_ref::<Refusal>()));
    if let Some(refusal) = refusal {
        return Some(Failure::Denied((*refusal).into()));
    }
    let text = error.to_string();
    match text.strip_prefix("tunnel error: ") {
        Some("proxy authorization required") => Some(Failure::Denied(DenialReason::ProxyCredentials)),
        Some("unsuccessful" | "proxy response headers too long") => Some(Failure::Denied(DenialReason::Proxy)),
        Some("unexpected end of file" | "io error establishing tunnel") => Some(Failure::ProxyUnreachable),
        _ => text.starts_with("dns error").then_some(Failure::NameNotFound),
    }
}

fn of_tls(error: &TlsError) -> Failure {
    if matches!(error, TlsError::InvalidCertificate(_) | TlsError::NoCertificatesPresented) {
        Failure::TlsUntrusted
    } else {
        Failure::TlsFailed
    }
}

fn of_http(error: &hyper::Error, head: LimitHit) -> Option<Failure> {
    if error.is_parse_too_large() {
        return Some(Failure::Denied(DenialReason::Limit(head)));
    }
    if error.is_parse() {
        return Some(Failure::NotHttp);
    }
    (error.is_incomplete_message() || error.is_closed() || error.is_canceled()).then_some(Failure::ConnectionTerminated)
}

fn of_io(error: &io::Error) -> Option<Failure> {
    // TLS errors travel inside I/O errors, sometimes two deep; `source` of an I/O error steps over what is inside.
    if let Some(inner) = error.get_ref() {
        let inner: &(dyn StdError + 'static) = inner;
        if let Some(tls) = inner.downcast_ref::<TlsError>() {
            return Some(of_tls(tls));
        }
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return of_io(io);
        }
    }
    if is_open_files(error) {
        return Some(Failure::OpenFiles);
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
        for (errno, expect) in [
            (Errno::MFILE, Some(Failure::OpenFiles)),
            (Errno::NFILE, Some(Failure::OpenFiles)),
            (Errno::CONNREFUSED, Some(Failure::ConnectionRefused)),
            (Errno::NOENT, None),
        ] {
            let error = io::Error::from(errno);
            assert_eq!(of_io(&error), expect, "{errno:?}");
            assert_eq!(of_io(&io::Error::other(error)), expect, "inside of another: {errno:?}");
        }
        assert!(format!("{:?}", HttpError::from(Failure::OpenFiles)).contains("ulimit -n"));
    }
}
