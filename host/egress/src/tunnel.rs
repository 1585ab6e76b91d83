//! A tunnel through a forward proxy (`CONNECT`, RFC 9110), and what a proxy answers that refuses one.

use std::io;

use http::{HeaderValue, Uri};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::DenialReason;
use crate::cause::Cause;

/// Bytes of the longest answer to `CONNECT` that is read.
const HEAD: usize = 8 * 1024;

/// What ends a head.
const END: &[u8] = b"\r\n\r\n";

/// The port of https.
const PORT: u16 = 443;

/// Asks the proxy at the other end of a connection for a tunnel to a server.
///
/// # Errors
/// What the proxy answers instead.
pub(crate) async fn dig(proxy: &mut TcpStream, server: &Uri, authorization: Option<&HeaderValue>) -> Result<(), Cause> {
    let place = format!("{}:{}", server.host().unwrap_or_default(), server.port_u16().unwrap_or(PORT));
    let mut asking = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n").into_bytes();
    if let Some(authorization) = authorization {
        asking.extend([b"Proxy-Authorization: ", authorization.as_bytes(), b"\r\n"].concat());
    }
    asking.extend(b"\r\n");
    let ended = |_: io::Error| silent();
    proxy.write_all(&asking).await.map_err(ended)?;
    let mut head = Vec::new();
    // A refusal has a body, which is not read: the proxy may keep the connection open.
    while !head.windows(END.len()).any(|bytes| bytes == END) {
        if head.len() >= HEAD || proxy.read_buf(&mut head).await.map_err(ended)? == 0 {
            break;
        }
    }
    // No server speaks first, so nothing comes behind the head of a tunnel.
    match (status(&head), head.ends_with(END)) {
        (Some(200..=299), true) => Ok(()),
        (Some(status), _) => Err(refused(status, authorization.is_some())),
        (None, _) if head.is_empty() => Err(silent()),
        (None, _) => Err(no_proxy("does not speak HTTP")),
    }
}

/// The status in an answer's first line.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.strip_prefix(b"HTTP/1.")?;
    std::str::from_utf8(line.get(2..5)?).ok()?.parse().ok()
}

/// What a proxy's status means.
pub(crate) fn refused(status: u16, has_credentials: bool) -> Cause {
    match status {
        407 if has_credentials => Cause::denied(
            DenialReason::ProxyCredentials,
            "the forward proxy refuses the user name and password that it was given (status 407)",
        ),
        407 => Cause::denied(
            DenialReason::ProxyCredentials,
            "the forward proxy requires a user name and password, and none were given (status 407)",
        ),
        400 | 404 | 405 | 501 => no_proxy(&format!("answered the request for a tunnel with status {status}")),
        502..=504 => Cause::new(
            "proxy-failed",
            format!("the forward proxy answered {status}: it cannot reach the server, or gets no answer from it"),
        ),
        500..=599 => Cause::new("proxy-failed", format!("the forward proxy failed with status {status}")),
        _ => Cause::denied(
            DenialReason::Proxy,
            format!("the forward proxy refuses to connect to the server (status {status})"),
        ),
    }
}

fn no_proxy(what: &str) -> Cause {
    let words = format!("what listens at the address of the forward proxy {what}: it may be no forward proxy");
    Cause::denied(DenialReason::Proxy, words)
}

fn silent() -> Cause {
    Cause::new("proxy-failed", "the forward proxy ended the connection without an answer")
}

/// No connection to the proxy.
pub(crate) fn unreachable(error: &(dyn std::error::Error + 'static)) -> Cause {
    let mut cause = Some(error);
    let mut kind = None;
    while let Some(error) = cause {
        kind = error.downcast_ref::<io::Error>().map(io::Error::kind).or(kind);
        cause = error.source();
    }
    let why = if error.to_string().starts_with("dns error") {
        "its name has no address"
    } else if kind == Some(io::ErrorKind::ConnectionRefused) {
        "it refuses the connection"
    } else {
        "no connection can be made"
    };
    Cause::new("proxy-unreachable", format!("the forward proxy cannot be reached: {why}"))
}
