//! Sends a granted request with headers and query keys that ask for another method, path, host or user, and with ones
//! that are not described. Its error reports the outcome of each.
#![no_std]

extern crate alloc;

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use components::http::{Request, outcome, outgoing};
use components::wasi::http::outgoing_handler::handle;
use components::wasi::http::types::{Fields, OutgoingBody};
use components::{Error, Setting, observed, value};

const OTHERS: [(&str, &str); 19] = [
    ("X-HTTP-Method-Override", "DELETE"),
    ("x-http-method", "DELETE"),
    ("x-method-override", "DELETE"),
    ("X-Original-URL", "/api/v4/config"),
    ("x-rewrite-url", "/api/v4/config"),
    ("X-Forwarded-Host", "elsewhere.example"),
    ("x-forwarded-for", "127.0.0.1"),
    ("forwarded", "for=127.0.0.1"),
    ("cookie", "MMUSERID=a"),
    ("x-remote-user", "admin"),
    ("te", "trailers"),
    ("trailer", "x-http-method-override"),
    ("expect", "100-continue"),
    ("connection", "x-forwarded-for"),
    ("transfer-encoding", "chunked"),
    ("upgrade", "websocket"),
    ("accept-language", "de"),
    ("x-request-id", "a"),
    ("x-api-key", "a"),
];

/// Queries of which no key, or not every one, is described.
const QUERIES: [&str; 9] = [
    "_method=delete",
    "X-HTTP-Method-Override=DELETE",
    "page=0&team=a",
    "page=0;team=a",
    "p%61ge=0",
    "Page=0",
    "=0",
    "page[]=0",
    "page=0&sudo=admin",
];

fn act(settings: &[Setting]) -> Error {
    let granted = value(settings, "server_url");
    let bearer = format!("Bearer {}", value(settings, "access_token"));
    let (path, authorization) = ("/api/v4/users/me", ("authorization", bearer.as_str()));
    let get = |headers: &[(&str, &str)]| Request { method: "GET", origin: granted, path, headers, body: "" }.send();
    let mut outcomes: Vec<(String, String)> =
        OTHERS.into_iter().map(|(name, value)| (name.to_string(), get(&[authorization, (name, value)]))).collect();
    for query in QUERIES {
        let path = format!("/api/v4/users?{query}");
        let sent = Request { method: "GET", origin: granted, path: &path, headers: &[authorization], body: "" }.send();
        outcomes.push((query.to_string(), sent));
    }
    let ordinary = [authorization, ("accept", "application/json"), ("user-agent", "headers/0.1")];
    outcomes.push(("ordinary".to_string(), get(&ordinary)));
    outcomes.push(("twice".to_string(), get(&[authorization, authorization])));
    outcomes.push(("after the body".to_string(), with_trailer(granted, &bearer).unwrap_or_else(|reason| reason)));
    observed(outcomes)
}

/// A granted request whose body is followed by a header.
fn with_trailer(origin: &str, bearer: &str) -> Result<String, String> {
    let failed = |what: &str| format!("failed: {what}");
    let fields = Fields::new();
    fields.append("authorization", bearer.as_bytes()).map_err(|_| failed("header"))?;
    let outgoing = outgoing("POST", origin, "/api/v4/users/status/ids", fields)?;
    let body = outgoing.body().map_err(|()| failed("body"))?;
    let answer = handle(outgoing, None).map_err(|code| format!("{code:?}"))?;
    let stream = body.write().map_err(|()| failed("stream"))?;
    stream.blocking_write_and_flush(b"[]").map_err(|error| format!("{error:?}"))?;
    drop(stream);
    let trailers = Fields::new();
    trailers.append("x-http-method-override", b"DELETE").map_err(|_| failed("trailer"))?;
    OutgoingBody::finish(body, Some(trailers)).map_err(|code| format!("{code:?}"))?;
    outcome(&answer).map(|status| status.to_string())
}

components::misbehave!(act);
