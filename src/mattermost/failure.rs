//! What a failure says about the server, and about further requests.

use super::advice::{Holder, fix_of_error};
use super::code::Code;

/// An error on its way to the host, by a code of Mattermost's table.
pub type Failure = provider_sdk::failure::Failure<Code>;

/// A request about so few accounts is short enough for any server or proxy that accepts such requests.
const IDS_ANYBODY_TAKES: usize = 10;

/// What a failure means for the next requests.
pub trait Meaning: Sized {
    /// Whether the server refuses this request alone: the token lacks a permission, or the server lacks the route. The
    /// answer is then hidden; the call does not fail.
    fn is_refusal(&self) -> bool;

    /// Returns the answer, or `None` if the server [refuses](Self::is_refusal) the request.
    ///
    /// # Errors
    /// Any other failure.
    fn unless_refused<T>(came: Result<T, Self>) -> Result<Option<T>, Self>;

    /// Whether the server, or a proxy that waited for it, failed at this request.
    fn is_of_server(&self) -> bool;

    /// About how many accounts to ask instead, if a request was too large: for a limit on the body's size, on the
    /// number of ids, or for the server. `None` if fewer would not help.
    fn fewer(&self, ids: usize) -> Option<usize>;

    /// Whether the request reached the server and failed in a way that may pass: the server failed, or its answer is
    /// damaged.
    fn may_pass(&self) -> bool;

    /// Whether the request got no complete response.
    fn is_lost(&self) -> bool;

    /// Whether a proxy or gateway in front of the server blocks this request.
    fn is_of_gateway(&self) -> bool;

    /// Whether the server no longer accepts the token, so that all other requests fail too.
    fn is_of_token(&self) -> bool;

    /// Sets the advice that fits the holder of the token.
    #[must_use]
    fn held_by(self, holder: Holder) -> Self;

    /// Whether the request was for the activity of accounts.
    fn is_about_activity(&self) -> bool;

    /// Whether the failure concerns one route alone, if others answer. The caller then goes on without that route's
    /// data.
    fn is_of_one_route(&self) -> bool;
}

impl Meaning for Failure {
    fn is_refusal(&self) -> bool {
        matches!(self.code, Code::PermissionMissing | Code::RequestRejected | Code::GatewayRejected)
    }

    fn unless_refused<T>(came: Result<T, Self>) -> Result<Option<T>, Self> {
        match came {
            Ok(came) => Ok(Some(came)),
            Err(failure) if failure.is_refusal() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn is_of_server(&self) -> bool {
        matches!(self.code, Code::ServerError | Code::ServerUnavailable)
    }

    fn fewer(&self, ids: usize) -> Option<usize> {
        let fewer = match self.status {
            Some(400 | 413) => ids / 2,
            // Each failing request costs the server and the caller time.
            Some(500) => ids / 10,
            _ if self.code == Code::AnswerTooLarge => ids / 2,
            _ => return None,
        };
        (ids > IDS_ANYBODY_TAKES).then_some(fewer.max(IDS_ANYBODY_TAKES))
    }

    fn may_pass(&self) -> bool {
        self.is_of_server()
            || matches!((self.code, self.status), (Code::AnswerUnreadable, _) | (Code::NotMattermost, Some(200..300)))
    }

    fn is_lost(&self) -> bool {
        matches!(self.code, Code::ConnectionLost | Code::AnswerTruncated | Code::TimedOut) && self.status.is_none()
    }

    fn is_of_gateway(&self) -> bool {
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

    fn is_of_token(&self) -> bool {
        matches!(self.code, Code::TokenRefused | Code::MfaRequired)
    }

    fn held_by(self, holder: Holder) -> Self {
        Self { fix: Some(fix_of_error(self.code, holder)), ..self }
    }

    fn is_about_activity(&self) -> bool {
        self.request.as_deref().is_some_and(|request| request.ends_with("/users/status/ids"))
    }

    fn is_of_one_route(&self) -> bool {
        self.is_of_server()
            || self.is_of_gateway()
            || matches!(self.code, Code::TimedOut | Code::AnswerUnreadable | Code::AnswerTooLarge)
    }
}
