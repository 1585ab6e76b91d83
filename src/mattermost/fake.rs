//! Answers of a Mattermost server, for tests.

use alloc::string::{String, ToString};

use provider_sdk::http::{Outcome, Response};

pub(crate) use provider_sdk::testing::{Fake, Order};

/// An answer as Mattermost 11.6 sends it.
pub(crate) fn json(status: u16, body: impl Into<String>) -> Outcome {
    let headers = [
        ("content-type", "application/json"),
        ("date", "Tue, 24 Nov 2026 15:25:29 GMT"),
        ("x-request-id", "qren5i7ew78nbpbpq1k7brdzfr"),
        ("x-version-id", "11.6.0.dev.7efba6486e17.false"),
    ];
    let headers = headers.into_iter().map(|(key, value)| (key, value.to_string())).collect();
    Ok(Response { status, headers, body: body.into().into_bytes(), took_ms: 1, redirect: None })
}
