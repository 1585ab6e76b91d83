//! Failures of calls, and their messages.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::code::Code;
use super::contract::Error;
use super::cursor::Stale;
use super::http::{Lost, Request, Response};
use super::time::in_words;
use super::wait::LONGEST_MS;

/// An error on its way to the host: a code of the table, with the request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure<C> {
    /// What went wrong.
    pub code: C,
    /// What failed, and what was expected. Contains no secret and no body of an answer.
    pub message: String,
    /// Method and path.
    pub request: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The server's id of the request.
    pub request_id: Option<Box<str>>,
    /// How long the server asks to wait, in milliseconds.
    pub retry_after_ms: Option<u32>,
    /// The values in the message.
    pub params: Vec<(String, String)>,
    /// What to do about it, if that differs from the table.
    pub fix: Option<&'static str>,
}

impl<C: Code> Failure<C> {
    /// A failure of `code` that says `message`.
    pub fn new(code: C, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            request: None,
            status: None,
            request_id: None,
            retry_after_ms: None,
            params: Vec::new(),
            fix: None,
        }
    }

    /// The failure of a request that got no complete response.
    #[must_use]
    pub fn lost(request: &Request, lost: &Lost) -> Self {
        Self::new(C::of_lost(lost), lost.words()).on(request)
    }

    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.code.retryable()
    }

    /// Adds how long the server asks to wait, if it does.
    #[must_use]
    pub fn naming_its_wait(mut self) -> Self {
        if let Some(ms) = self.retry_after_ms.filter(|ms| *ms > 0) {
            let at_least = if ms >= LONGEST_MS { "at least " } else { "" };
            self.message = format!("{}, and asks to wait {at_least}{}", self.message, in_words(u64::from(ms)));
        }
        self
    }

    /// The message with the request that failed, its status and its id, as far as they are known.
    #[must_use]
    pub fn in_full(&self) -> String {
        let Some(request) = &self.request else { return self.message.clone() };
        let status = self.status.map_or_else(String::new, |status| format!(" answered {status}"));
        let id = self.request_id.as_ref().map_or_else(String::new, |id| format!(", request id {id}"));
        format!("{} ({request}{status}{id})", self.message)
    }

    /// Sets the request that failed.
    #[must_use]
    pub fn on(mut self, request: &Request) -> Self {
        self.request = Some(request.name());
        self
    }

    /// Sets the status and id of the request from its answer.
    #[must_use]
    pub fn answered(mut self, response: &Response) -> Self {
        self.status = Some(response.status);
        self.identified(response.header("x-request-id").unwrap_or_default())
    }

    /// Sets the server's id of the request, unless one is set or `id` does not look like one.
    #[must_use]
    pub fn identified(mut self, id: &str) -> Self {
        if self.request_id.is_none() && is_request_id(id) {
            self.request_id = Some(id.into());
        }
        self
    }

    /// Adds a value of the message.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.params.push((key.to_string(), value.into()));
        self.params.sort();
        self
    }
}

/// Whether text looks like the id of a request. People see it, so nothing else is passed on.
fn is_request_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

impl<C: Code> From<Stale> for Failure<C> {
    fn from(stale: Stale) -> Self {
        Self::new(C::CURSOR_STALE, stale.words())
    }
}

impl<C: Code> From<Failure<C>> for Error {
    fn from(failure: Failure<C>) -> Self {
        Self {
            kind: failure.code.kind(),
            code: failure.code.entry().id.to_string(),
            message: failure.message,
            fix: Some(failure.fix.unwrap_or(failure.code.entry().fix).to_string()),
            retryable: failure.code.retryable(),
            retry_after_ms: failure.retry_after_ms,
            request: failure.request,
            http_status: failure.status,
            request_id: failure.request_id.map(String::from),
            params: failure.params,
        }
    }
}
