//! Why a listing or a sync stops, with stable codes and fixes.

use std::time::Duration;

use provider_egress::{Cause, Facts};
use provider_model::ProviderError;
use provider_sandbox::in_words;

/// What every fallible operation of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a listing or a sync stops. The texts are for people and may change; [`Error::code`] is stable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The provider did not start, was stopped, or returned an error.
    #[error(transparent)]
    Sandbox(#[from] provider_sandbox::Error),

    /// A listing or a sync makes no progress: no answer arrives, or answers have nobody new. What was read stays valid.
    #[error("the listing makes no progress: {stall}")]
    ListingStalled {
        /// How long, or how many steps.
        stall: Stall,
    },

    /// The product asks for a longer wait than a listing may make. What was read stays valid, and the listing can be
    /// resumed after that time.
    #[error(
        "the server asks to wait {} before the listing continues, and the limit is {} (limit `wait_time`)",
        in_words(*left), in_words(*limit)
    )]
    WaitTooLong {
        /// How much of the wait is left.
        left: Duration,
        /// `ListingLimits::wait_time`.
        limit: Duration,
    },

    /// A store of checkpoints does not work: it cannot be opened, read or written, or it is something else.
    #[error("the checkpoint {store} cannot be used: {reason}")]
    CheckpointUnusable {
        /// The file, or another name of the store.
        store: String,
        /// Why not. Holds no user's data.
        #[source]
        reason: Cause,
    },

    /// Another session or process has the listing open.
    #[error("the listing `{name}` is in use by another session or process")]
    CheckpointBusy {
        /// `ListingKey::name`.
        name: String,
    },

    /// A later version of this library wrote the store of checkpoints, in a newer format.
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

/// How a listing stalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stall {
    /// No answer arrived for this long.
    #[error("no page was read within {} (limit `stall_time`)", in_words(*.0))]
    NoAnswer(Duration),
    /// For this long, answers arrived that had nobody new.
    #[error("the answers of {} had no new user (limit `stall_time`)", in_words(*.0))]
    NobodyNew(Duration),
    /// This many steps in a row had nobody new.
    #[error("{0} steps in a row had no new user (limit `idle_steps`)")]
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
                "Check whether the server answers, and list again; if the server is slow, raise `ListingLimits::stall_time`. If it answers well, report this to the provider's authors.",
            ),
            Self::WaitTooLong { .. } => passing(
                "rate-limited",
                "Continue after that time, have the server's limit on requests raised, or raise `ListingLimits::wait_time`.",
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

    /// How long to wait before the same call is retried, if the product or this host gives a time.
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

    /// The provider's own error, if it is one.
    #[must_use]
    pub const fn as_provider(&self) -> Option<&ProviderError> {
        if let Self::Sandbox(error) = self { error.as_provider() } else { None }
    }
}
