//! Sends bodies without end: one that grows, one that announces its size, and many of a normal size. Its error reports
//! the outcome of each, and how many bytes the platform accepted.
#![no_std]

extern crate alloc;

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use components::http::{outcome, outgoing};
use components::wasi::http::outgoing_handler::handle;
use components::wasi::http::types::{Fields, OutgoingBody};
use components::{Error, Setting, observed, value};

/// The most that `blocking-write-and-flush` accepts at once.
const PIECE: [u8; 4096] = [b' '; 4096];

/// More than any host should accept of one request.
const ENDLESS: u64 = 64 * 1024 * 1024;

fn act(settings: &[Setting]) -> Error {
    let origin = value(settings, "server_url");
    let bearer = format!("Bearer {}", value(settings, "access_token"));
    let mut outcomes: Vec<(String, String)> = Vec::new();
    let mut note = |what: &str, (outcome, taken): (String, u64)| {
        outcomes.push((what.to_string(), outcome));
        outcomes.push((format!("{what}, bytes"), taken.to_string()));
    };
    note("grows", send(origin, &bearer, ENDLESS, false));
    note("says its size", send(origin, &bearer, ENDLESS, true));
    let (mut all, mut last) = (0_u64, String::new());
    for _ in 0..2_000 {
        let (outcome, taken) = send(origin, &bearer, 10 * 4096, true);
        all = all.saturating_add(taken);
        last = outcome;
        if last != "200" {
            break;
        }
    }
    note("many", (last, all));
    observed(outcomes)
}

/// Sends a body of so many bytes. Returns the outcome, and how many bytes were accepted.
fn send(origin: &str, bearer: &str, bytes: u64, says: bool) -> (String, u64) {
    let mut taken = 0;
    let outcome = try_send(origin, bearer, bytes, says, &mut taken).unwrap_or_else(|reason| reason);
    (outcome, taken)
}

fn try_send(origin: &str, bearer: &str, bytes: u64, says: bool, taken: &mut u64) -> Result<String, String> {
    let failed = |what: &str| format!("failed: {what}");
    let fields = Fields::new();
    fields.append("authorization", bearer.as_bytes()).map_err(|_| failed("header"))?;
    if says {
        fields.append("content-length", bytes.to_string().as_bytes()).map_err(|_| failed("length"))?;
    }
    let outgoing = outgoing("POST", origin, "/api/v4/users/status/ids", fields)?;
    let body = outgoing.body().map_err(|()| failed("body"))?;
    let answer = handle(outgoing, None).map_err(|code| format!("{code:?}"))?;
    let stream = body.write().map_err(|()| failed("stream"))?;
    while *taken < bytes && stream.blocking_write_and_flush(&PIECE).is_ok() {
        *taken = taken.saturating_add(4096);
    }
    drop(stream);
    // A stopped body is not whole, and the answer says why.
    let _ = OutgoingBody::finish(body, None);
    outcome(&answer).map(|status| status.to_string())
}

components::misbehave!(act);
