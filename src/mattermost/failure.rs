//! Why a call failed, and how it is told.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::advice::{Holder, fix_of_error};
use super::code::Code;
use super::http::{Lost, Request, Response};
use super::time::in_words;
use super::wait::LONGEST_MS;
use crate::contract::Error;

/// A question about so few accounts is not too long for anything that lets questions through.
const IDS_ANYBODY_TAKES: usize = 10;

/// An error on its way to the host: a code of the table, and what it happened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub code: Code,
    /// What is said of it: what failed, on what, and what was expected. Holds no secret and no answer's body.
    pub message: String,
    /// Method and path.
    pub request: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The server's id of the request.
    pub request_id: Option<String>,
    /// How long the server asks to wait, in milliseconds.
    pub retry_after_ms: Option<u32>,
    /// The values in the message.
    pub params: Vec<(String, String)>,
    /// Whose token it is, where that is known: advice depends on it.
    pub holder: Holder,
}

impl Failure {
    /// A failure of `code` that says `message`.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            request: None,
            status: None,
            request_id: None,
            retry_after_ms: None,
            params: Vec::new(),
            holder: Holder::Other,
        }
    }

    /// Says whose token it is.
    #[must_use]
    pub fn held_by(self, holder: Holder) -> Self {
        Self { holder, ..self }
    }

    /// The failure of a request that got no whole answer.
    #[must_use]
    pub fn lost(request: &Request, lost: &Lost) -> Self {
        let (code, what) = match lost {
            Lost::NameNotFound => (Code::NameNotFound, "the server's name has no address".to_string()),
            Lost::Refused => (Code::ConnectionRefused, "the server refuses the connection".to_string()),
            Lost::TimedOut => (Code::TimedOut, "the server did not answer in time".to_string()),
            Lost::TlsUntrusted => (Code::TlsUntrusted, "the server's certificate is not trusted".to_string()),
            Lost::TlsFailed => (Code::TlsFailed, "no secure connection could be made".to_string()),
            Lost::Denied => (Code::EgressDenied, "the platform does not let the plugin send the request".to_string()),
            Lost::Closed => (Code::ConnectionLost, "the connection ended before the answer".to_string()),
            Lost::Truncated => (Code::AnswerTruncated, "the connection ended in the middle of the answer".to_string()),
            Lost::TooLarge(limit) => (Code::AnswerTooLarge, format!("the answer is larger than {}", size_in_words(*limit))),
            Lost::HeadTooLarge(limit) => {
                let limit = limit.map_or_else(String::new, |bytes| format!(": its limit is {} in all", size_in_words(bytes.into())));
                (Code::AnswerHeadTooLarge, format!("the answer has more or larger headers than the platform takes{limit}"))
            }
            Lost::NotHttp => (
                Code::NotHttp,
                "what came breaks the rules of HTTP: a proxy sends a malformed header, or something other than a web server (SSH, mail, a TLS port) answers".to_string(),
            ),
            Lost::Encoded(coding) => {
                (Code::AnswerUnreadable, format!("the answer is compressed with `{coding}`, which was not asked for"))
            }
            Lost::Explained(code, words) => (*code, words.clone()),
            Lost::Other(what) => (Code::TransportFailed, format!("the request failed: {what}")),
        };
        Self::new(code, what).on(request)
    }

    /// Whether the server refuses this one request, and others may be answered: a permission that the token lacks, or a
    /// route that this server does not have. What the request asked for is then hidden, and that is no failure.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self.code, Code::PermissionMissing | Code::RequestRejected | Code::GatewayRejected)
    }

    /// What came, or none where the server [refuses](Self::is_refusal) the request.
    ///
    /// # Errors
    /// Any other failure.
    pub fn unless_refused<T>(came: Result<T, Self>) -> Result<Option<T>, Self> {
        match came {
            Ok(came) => Ok(Some(came)),
            Err(failure) if failure.is_refusal() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Whether the server, or a proxy that waited for it, failed at this request.
    #[must_use]
    pub const fn is_of_server(&self) -> bool {
        matches!(self.code, Code::ServerError | Code::ServerUnavailable)
    }

    /// About how many accounts to ask instead where a question about so many was too much: for a limit on a body's size, on
    /// the number of ids, or for the server. `None` where fewer would fare no better.
    #[must_use]
    pub fn fewer(&self, ids: usize) -> Option<usize> {
        let fewer = match self.status {
            Some(400 | 413) => ids / 2,
            // Each question that a server fails at costs it and us time.
            Some(500) => ids / 10,
            _ if self.code == Code::AnswerTooLarge => ids / 2,
            _ => return None,
        };
        (ids > IDS_ANYBODY_TAKES).then_some(fewer.max(IDS_ANYBODY_TAKES))
    }

    /// Whether the request got through and came to nothing, which may pass: the server failed, or its answer is damaged.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        self.is_of_server()
            || matches!((self.code, self.status), (Code::AnswerUnreadable, _) | (Code::NotMattermost, Some(200..300)))
    }

    /// Whether the request got no answer, or a part of one.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        matches!(self.code, Code::ConnectionLost | Code::AnswerTruncated | Code::TimedOut) && self.status.is_none()
    }

    /// Whether something in front of the server lets this one request not through.
    #[must_use]
    pub const fn is_of_gateway(&self) -> bool {
        let is_in_front = matches!(
            self.code,
            Code::GatewayRejected
                | Code::GatewaySignIn
                | Code::RobotCheck
                | Code::NotMattermost
                | Code::RedirectedElsewhere
        );
        is_in_front && !self.may_pass()
    }

    /// Whether the server lets the token in no more: nothing else that it is asked with this token comes either.
    #[must_use]
    pub const fn is_of_token(&self) -> bool {
        matches!(self.code, Code::TokenRefused | Code::MfaRequired)
    }

    /// Whether the question was when accounts were last active.
    #[must_use]
    pub fn is_about_activity(&self) -> bool {
        self.request.as_deref().is_some_and(|request| request.ends_with("/users/status/ids"))
    }

    /// Says how long the server asks to wait, where it does.
    #[must_use]
    pub fn naming_its_wait(mut self) -> Self {
        if let Some(ms) = self.retry_after_ms.filter(|ms| *ms > 0) {
            let at_least = if ms >= LONGEST_MS { "at least " } else { "" };
            self.message = format!("{}, and asks to wait {at_least}{}", self.message, in_words(u64::from(ms)));
        }
        self
    }

    /// Whether this says something of one route alone, where others answer: what it brings is then unknown, and that is
    /// no reason to do without the rest.
    #[must_use]
    pub const fn is_of_one_route(&self) -> bool {
        self.is_of_server()
            || self.is_of_gateway()
            || matches!(self.code, Code::TimedOut | Code::AnswerUnreadable | Code::AnswerTooLarge)
    }

    /// The message with the request that failed, its status and its id, as far as they are known.
    #[must_use]
    pub fn in_full(&self) -> String {
        let Some(request) = &self.request else { return self.message.clone() };
        let status = self.status.map_or_else(String::new, |status| format!(" answered {status}"));
        let id = self.request_id.as_ref().map_or_else(String::new, |id| format!(", request id {id}"));
        format!("{} ({request}{status}{id})", self.message)
    }

    /// Names the request that failed.
    #[must_use]
    pub fn on(mut self, request: &Request) -> Self {
        self.request = Some(request.name());
        self
    }

    /// Names the answer that the request got.
    #[must_use]
    pub fn answered(mut self, response: &Response) -> Self {
        self.status = Some(response.status);
        self.identified(response.header("x-request-id").unwrap_or_default())
    }

    /// Names the server's id of the request, unless one is known or this looks like none.
    #[must_use]
    pub fn identified(mut self, id: &str) -> Self {
        if self.request_id.is_none() && is_request_id(id) {
            self.request_id = Some(id.to_string());
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

/// A number of bytes as a person says it.
fn size_in_words(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    match bytes {
        MIB.. if bytes.is_multiple_of(MIB) => format!("{} MiB", bytes / MIB),
        MIB.. => format!("{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB),
        1024.. => format!("{} KiB", bytes / 1024),
        _ => format!("{bytes} bytes"),
    }
}

/// Whether text looks like an id of Mattermost's: it is passed on to people, so nothing else is.
fn is_request_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self {
            kind: failure.code.kind(),
            code: failure.code.entry().id.to_string(),
            message: failure.message,
            fix: Some(fix_of_error(failure.code, failure.holder).to_string()),
            retryable: failure.code.retryable(),
            retry_after_ms: failure.retry_after_ms,
            request: failure.request,
            http_status: failure.status,
            request_id: failure.request_id,
            params: failure.params,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_words() {
        for (bytes, expect) in
            [(4 << 20, "4 MiB"), ((4 << 20) + (1 << 19), "4.5 MiB"), (32 << 10, "32 KiB"), (999, "999 bytes")]
        {
            let failure = Failure::lost(&Request::get("/x"), &Lost::TooLarge(bytes));
            assert_eq!(failure.message, format!("the answer is larger than {expect}"));
        }
    }
}
