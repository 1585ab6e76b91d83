//! A client without any checks: it sends what it is given, and returns the outcome.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};

use wasi::http::outgoing_handler::handle;
use wasi::http::types::{Fields, FutureIncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme};

/// A request to try.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Such as `GET`.
    pub method: &'a str,
    /// Scheme, host and port: `http://127.0.0.1:8065`.
    pub origin: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Names and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// No body if it is empty.
    pub body: &'a str,
}

impl Request<'_> {
    /// Sends the request. Returns the status of the answer, or the name of the error.
    #[must_use]
    pub fn send(&self) -> String {
        self.outcome().map_or_else(|reason| reason, |status| status.to_string())
    }

    fn outcome(&self) -> Result<u16, String> {
        let invalid = |part: &str| format!("invalid {part}");
        let fields = Fields::new();
        for (name, value) in self.headers {
            fields.append(name, value.as_bytes()).map_err(|error| format!("{error:?}"))?;
        }
        let outgoing = outgoing(self.method, self.origin, self.path, fields)?;
        let body = outgoing.body().map_err(|()| invalid("body"))?;
        let answer = handle(outgoing, None).map_err(|code| format!("{code:?}"))?;
        if !self.body.is_empty() {
            let stream = body.write().map_err(|()| invalid("body"))?;
            if let Err(error) = stream.blocking_write_and_flush(self.body.as_bytes()) {
                // A host that denies the request may have closed its body already; the answer then says why.
                return Err(outcome(&answer).err().unwrap_or_else(|| format!("{error:?}")));
            }
        }
        OutgoingBody::finish(body, None).map_err(|code| format!("{code:?}"))?;
        outcome(&answer)
    }
}

/// A request with these headers, which is not sent yet.
///
/// # Errors
/// The part of it that cannot be set.
pub fn outgoing(name: &str, origin: &str, path: &str, fields: Fields) -> Result<OutgoingRequest, String> {
    let invalid = |part: &str| format!("invalid {part}");
    let outgoing = OutgoingRequest::new(fields);
    let (scheme, authority) = origin.split_once("://").unwrap_or(("http", origin));
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    outgoing.set_method(&method(name)).map_err(|()| invalid("method"))?;
    outgoing.set_scheme(Some(&scheme)).map_err(|()| invalid("scheme"))?;
    outgoing.set_authority(Some(authority)).map_err(|()| invalid("authority"))?;
    outgoing.set_path_with_query(Some(path)).map_err(|()| invalid("path"))?;
    Ok(outgoing)
}

/// Waits for the answer, and returns its status.
///
/// # Errors
/// The name of the error.
pub fn outcome(answer: &FutureIncomingResponse) -> Result<u16, String> {
    answer.subscribe().block();
    match answer.get() {
        Some(Ok(Ok(incoming))) => Ok(incoming.status()),
        Some(Ok(Err(code))) => Err(format!("{code:?}")),
        Some(Err(())) | None => Err("no answer".to_owned()),
    }
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        other => Method::Other(other.to_owned()),
    }
}
