//! Why a call failed, and how it is told.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::code::Code;
use super::http::{Lost, Request, Response};
use crate::contract::Error;

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
        }
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
            Lost::TooLarge(limit) => (Code::AnswerTooLarge, format!("the answer is larger than {limit} bytes")),
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

    /// Whether something in front of the server lets this one request not through.
    #[must_use]
    pub const fn is_of_gateway(&self) -> bool {
        matches!(self.code, Code::GatewayRejected | Code::NotMattermost)
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
        self.request_id = response.header("x-request-id").filter(|id| is_request_id(id)).map(ToString::to_string);
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
            fix: Some(failure.code.entry().fix.to_string()),
            retryable: failure.code.retryable(),
            retry_after_ms: failure.retry_after_ms,
            request: failure.request,
            http_status: failure.status,
            request_id: failure.request_id,
            params: failure.params,
        }
    }
}
