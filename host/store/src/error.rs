//! Why a listing or a sync does not go on, with stable codes and what to do about it.

use std::time::Duration;

use provider_egress::{Cause, Facts};
use provider_model::ProviderError;
use provider_sandbox::in_words;

/// What every fallible operation of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a listing or a sync does not go on. The texts are for people and may change; [`Error::code`] is stable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The provider was not run, or was stopped.
    #[error(transparent)]
    Sandbox(#[from] provider_sandbox::Error),

    /// A listing or a sync makes no progress: no answer comes, or answers come that bring nobody new. What was read stays.
    #[error("the listing makes no progress: {stall}")]
    ListingStalled {
        /// How long, or how many steps.
        stall: Stall,
    },

    /// The product asks to wait longer than a listing may. What was read stays, and the listing goes on where it stopped
    /// when the time is over.
    #[error(
        "the server asks to wait {} before the listing goes on, and the limit is {} (limit `wait_time`)",
        in_words(*left), in_words(*limit)
    )]
    WaitTooLong {
        /// What is left of it.
        left: Duration,
        /// `ListingLimits::wait_time`.
        limit: Duration,
    },

    /// A store of checkpoints does not work: it cannot be opened, read or written, or holds something else.
    #[error("the checkpoint {store} cannot be used: {reason}")]
    CheckpointUnusable {
        /// The file, or another name of the store.
        store: String,
        /// Why not. Holds no user's data.
        #[source]
        reason: Cause,
    },

    /// Somebody else reads the listing, or looks at it.
    #[error("the listing `{name}` is in use by another session or process")]
    CheckpointBusy {
        /// `ListingKey::name`.
        name: String,
    },

    /// A store of checkpoints has a form that a later version of this library made.
    #[error(
        "the checkpoint {store} was written by a later version: its format is {version}, and this host reads up to {known}"
    )]
    CheckpointNewer {
        /// The file, or another name of the store.
        store: String,
        /// Its version.
        version: i32,
        /// The latest version that this library reads.
        known: i32,
    },
}

impl From<provider_egress::Error> for Error {
    fn from(error: provider_egress::Error) -> Self {
        Self::Sandbox(error.into())
    }
}

/// How a listing stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stall {
    /// No answer came for so long.
    #[error("no page was read within {} (limit `stall_time`)", in_words(*.0))]
    NoAnswer(Duration),
    /// Answers came for so long, and nobody new with them.
    #[error("the answers of {} brought no new user (limit `stall_time`)", in_words(*.0))]
    NobodyNew(Duration),
    /// So many steps one after another brought nobody new.
    #[error("{0} steps in a row brought no new user (limit `idle_steps`)")]
    Steps(u64),
}

provider_egress::by_facts!(Error);

impl Error {
    /// The table of errors.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        let (lasting, passing) = (Facts::lasting, Facts::passing);
        match self {
            Self::Sandbox(error) => error.facts(),
            Self::ListingStalled { .. } => lasting(
                "listing-stalled",
                "Look at whether the server answers, and list again; for a server that is slow, raise `ListingLimits::stall_time`. If it answers well, report it to the provider's authors.",
            ),
            Self::WaitTooLong { .. } => passing(
                "rate-limited",
                "Go on when the time is over, have the server's limit on requests raised, or raise `ListingLimits::wait_time`.",
            ),
            Self::CheckpointUnusable { .. } => lasting(
                "checkpoint-unusable",
                "Check that the folder exists, that this user may write there, that the disk is not full, and that no other program uses the file; or name another file.",
            ),
            Self::CheckpointBusy { .. } => {
                passing("checkpoint-busy", "Wait until the other listing has ended, or stop it.")
            }
            Self::CheckpointNewer { .. } => lasting("checkpoint-newer", "Update this host, or name another file."),
        }
    }

    /// How long to wait before the same call is made again, where the product or this host says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Sandbox(error) => error.retry_after(),
            Self::WaitTooLong { left, .. } => Some(*left),
            Self::ListingStalled { .. }
            | Self::CheckpointUnusable { .. }
            | Self::CheckpointBusy { .. }
            | Self::CheckpointNewer { .. } => None,
        }
    }

    /// The provider's own error, where it is one.
    #[must_use]
    pub const fn as_provider(&self) -> Option<&ProviderError> {
        if let Self::Sandbox(error) = self { error.as_provider() } else { None }
    }
}
