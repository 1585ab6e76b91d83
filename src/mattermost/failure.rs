//! What a failure says of the server, and of asking it again.

use super::advice::{Holder, fix_of_error};
use super::code::Code;

/// An error on its way to the host, by a code of Mattermost's table.
pub type Failure = provider_sdk::failure::Failure<Code>;

/// A question about so few accounts is not too long for anything that lets questions through.
const IDS_ANYBODY_TAKES: usize = 10;

/// What a failure means for what is asked next.
pub trait Meaning: Sized {
    /// Whether the server refuses this one request, and others may be answered: a permission that the token lacks, or a
    /// route that this server does not have. What the request asked for is then hidden, and that is no failure.
    fn is_refusal(&self) -> bool;

    /// What came, or none where the server [refuses](Self::is_refusal) the request.
    ///
    /// # Errors
    /// Any other failure.
    fn unless_refused<T>(came: Result<T, Self>) -> Result<Option<T>, Self>;

    /// Whether the server, or a proxy that waited for it, failed at this request.
    fn is_of_server(&self) -> bool;

    /// About how many accounts to ask instead where a question about so many was too much: for a limit on a body's size, on
    /// the number of ids, or for the server. `None` where fewer would fare no better.
    fn fewer(&self, ids: usize) -> Option<usize>;

    /// Whether the request got through and came to nothing, which may pass: the server failed, or its answer is damaged.
    fn may_pass(&self) -> bool;

    /// Whether the request got no answer, or a part of one.
    fn is_lost(&self) -> bool;

    /// Whether something in front of the server lets this one request not through.
    fn is_of_gateway(&self) -> bool;

    /// Whether the server lets the token in no more: nothing else that it is asked with this token comes either.
    fn is_of_token(&self) -> bool;

    /// Gives the advice that fits whose token it is.
    #[must_use]
    fn held_by(self, holder: Holder) -> Self;

    /// Whether the question was when accounts were last active.
    fn is_about_activity(&self) -> bool;

    /// Whether this says something of one route alone, where others answer: what it brings is then unknown, and that is
    /// no reason to do without the rest.
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
            // Each question that a server fails at costs it and us time.
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
