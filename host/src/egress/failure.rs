//! What the client's errors are in the words of wasi:http.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy;
use rustls::Error as TlsError;
use wasmtime_wasi_http::Error as HttpError;

use super::address::Prohibited;

/// Why a request got no answer.
pub(super) fn of(error: &legacy::Error) -> HttpError {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(known) = known(error) {
            return known;
        }
        cause = error.source();
    }
    if error.is_connect() { HttpError::DestinationUnavailable } else { HttpError::ConnectionTerminated }
}

/// Why a body ended early.
pub(super) fn of_body(error: &hyper::Error) -> HttpError {
    if error.is_timeout() { HttpError::HttpResponseTimeout } else { HttpError::HttpResponseIncomplete }
}

/// The meaning of one link in the chain of causes.
fn known(error: &(dyn StdError + 'static)) -> Option<HttpError> {
    if let Some(tls) = error.downcast_ref::<TlsError>() {
        return Some(of_tls(tls));
    }
    if let Some(http) = error.downcast_ref::<hyper::Error>() {
        return of_http(http);
    }
    if let Some(io) = error.downcast_ref::<io::Error>() {
        return of_io(io);
    }
    // hyper-util keeps the type of this one to itself.
    let is_prohibited = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|io| io.get_ref().is_some_and(|inner| inner.is::<Prohibited>()));
    if is_prohibited {
        return Some(HttpError::DestinationIpProhibited);
    }
    error.to_string().starts_with("dns error").then_some(HttpError::DnsError { rcode: None, info_code: None })
}

fn of_tls(error: &TlsError) -> HttpError {
    if matches!(error, TlsError::InvalidCertificate(_) | TlsError::NoCertificatesPresented) {
        HttpError::TlsCertificateError
    } else {
        HttpError::TlsProtocolError
    }
}

fn of_http(error: &hyper::Error) -> Option<HttpError> {
    if error.is_parse_too_large() {
        return Some(HttpError::HttpResponseHeaderSectionSize(None));
    }
    if error.is_parse() {
        return Some(HttpError::HttpProtocolError);
    }
    (error.is_incomplete_message() || error.is_closed() || error.is_canceled())
        .then_some(HttpError::ConnectionTerminated)
}

fn of_io(error: &io::Error) -> Option<HttpError> {
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
    let meaning = [
        (io::ErrorKind::ConnectionRefused, HttpError::ConnectionRefused),
        (io::ErrorKind::TimedOut, HttpError::ConnectionTimeout),
        (io::ErrorKind::HostUnreachable, HttpError::DestinationIpUnroutable),
        (io::ErrorKind::NetworkUnreachable, HttpError::DestinationIpUnroutable),
        (io::ErrorKind::ConnectionReset, HttpError::ConnectionTerminated),
        (io::ErrorKind::ConnectionAborted, HttpError::ConnectionTerminated),
        (io::ErrorKind::BrokenPipe, HttpError::ConnectionTerminated),
        (io::ErrorKind::UnexpectedEof, HttpError::ConnectionTerminated),
    ];
    meaning.into_iter().find_map(|(kind, meaning)| (kind == error.kind()).then_some(meaning))
}
