//! How much a session may send and receive.

use std::num::NonZeroU32;
use std::time::Duration;

/// Limits on requests and answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficLimits {
    /// Requests in flight at once, of all sessions that share [`Turns`](crate::Turns); further ones wait.
    pub requests_in_flight: u32,
    /// Requests that a guest may ask for in one call, denied ones included.
    pub requests_per_call: u64,
    /// Requests that begin in a second; further ones wait.
    pub requests_per_second: Option<NonZeroU32>,
    /// Bytes of one request's body.
    pub request_body_bytes: u64,
    /// Bytes that a session may send in all its calls.
    pub sent_bytes: u64,
    /// Time that one request may take in all.
    pub request_time: Duration,
    /// Bytes of the names and values of one answer's headers.
    pub response_header_bytes: u32,
    /// Headers of one answer.
    pub response_headers: u32,
    /// Bytes of one response's body.
    pub response_body_bytes: u64,
}

impl Default for TrafficLimits {
    fn default() -> Self {
        Self {
            requests_in_flight: 32,
            requests_per_call: 100_000,
            requests_per_second: None,
            request_body_bytes: 1024 * 1024,
            sent_bytes: 256 * 1024 * 1024,
            request_time: Duration::from_secs(2 * 60),
            response_header_bytes: 256 * 1024,
            response_headers: 128,
            response_body_bytes: 32 * 1024 * 1024,
        }
    }
}

/// One of [`TrafficLimits`] that was reached, with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrafficLimit {
    /// `requests_per_call`.
    #[error("it sent more than {0} requests in one call (limit `requests_per_call`)")]
    RequestsPerCall(u64),
    /// `request_body_bytes`.
    #[error("it sent a request with more than {0} bytes (limit `request_body_bytes`)")]
    RequestBody(u64),
    /// `sent_bytes`.
    #[error("it sent more than {0} bytes (limit `sent_bytes`)")]
    SentBytes(u64),
    /// `response_header_bytes` or `response_headers`: which of them is not known while an answer's head is read.
    #[error(
        "an answer has more than {headers} headers or {bytes} bytes of them (limits `response_headers` and `response_header_bytes`)"
    )]
    ResponseHead {
        /// `response_headers`.
        headers: u32,
        /// `response_header_bytes`.
        bytes: u32,
    },
    /// `response_body_bytes`.
    #[error("an answer has more than {0} bytes (limit `response_body_bytes`)")]
    ResponseBody(u64),
}

impl TrafficLimit {
    /// A stable kebab-case code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::RequestsPerCall(_) => "limit-requests-per-call",
            Self::RequestBody(_) => "limit-request-body",
            Self::SentBytes(_) => "limit-sent-bytes",
            Self::ResponseHead { .. } => "limit-response-head",
            Self::ResponseBody(_) => "limit-response-body",
        }
    }

    /// The field of [`TrafficLimits`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequestsPerCall(_) => "requests_per_call",
            Self::RequestBody(_) => "request_body_bytes",
            Self::SentBytes(_) => "sent_bytes",
            Self::ResponseHead { .. } => "response_header_bytes",
            Self::ResponseBody(_) => "response_body_bytes",
        }
    }
}
