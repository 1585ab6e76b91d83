//! Decides whether a provider can be asked what changed, or everybody has to be listed.

use std::fmt;

use provider_model::{ErrorKind, Notice};
use provider_sandbox::{Baseline, RecordSource};

use super::step::SyncOptions;
use crate::checkpoint::Standing;
use crate::{End, Error};

/// Why everybody is listed, or every record is read again, instead of only what changed. Its text is a clause for a
/// person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FullSyncReason {
    /// [`SyncOptions::full`].
    Requested,
    /// The store holds no listing yet.
    First,
    /// The listing in the store was interrupted, and is resumed.
    Unfinished,
    /// The listing in the store was interrupted and has damaged records, so it starts again.
    Damaged,
    /// The listing in the store does not say which version and settings made it: an earlier version of this library
    /// saved it, or two versions of the provider made it.
    UnknownSource,
    /// The listing in the store was made by another version of the provider.
    OtherVersion,
    /// The listing in the store was made with other settings.
    OtherSettings,
    /// The token sees fields that those before it did not see.
    SeesMore,
    /// The component does not have the interface.
    NotOffered,
    /// The provider could not report all changes.
    NotReported {
        /// The code of its reason; `None` if this library found that its answers do not add up.
        reason: Option<String>,
        /// Its notices.
        notices: Vec<Notice>,
    },
    /// The provider's call failed in a way that a listing may not.
    Failed {
        /// The provider's stable code.
        code: String,
        /// The provider's message.
        message: String,
    },
}

impl FullSyncReason {
    /// A stable kebab-case code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Requested => "whole-asked-for",
            Self::First => "nothing-kept",
            Self::Unfinished => "listing-unfinished",
            Self::Damaged => "listing-damaged",
            Self::UnknownSource => "listing-of-unknown-make",
            Self::OtherVersion => "other-version",
            Self::OtherSettings => "other-settings",
            Self::SeesMore => "token-sees-more",
            Self::NotOffered => "changes-not-offered",
            Self::NotReported { .. } => "changes-not-told",
            Self::Failed { .. } => "changes-failed",
        }
    }

    /// The reason to list everybody instead after this error, if a listing may help: a refused cursor, or a permission
    /// that a listing does not need, does not become right by retrying.
    pub(super) fn instead_of(error: &Error) -> Option<Self> {
        let error = error.as_provider()?;
        match error.kind {
            ErrorKind::CursorStale | ErrorKind::Denied | ErrorKind::Forbidden => {
                Some(Self::Failed { code: error.code.clone(), message: error.message.clone() })
            }
            ErrorKind::InvalidSettings
            | ErrorKind::Unreachable
            | ErrorKind::Unauthorized
            | ErrorKind::RateLimited
            | ErrorKind::ServerError
            | ErrorKind::UnexpectedResponse
            | ErrorKind::Other => None,
        }
    }
}

impl fmt::Display for FullSyncReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("as requested"),
            Self::First => f.write_str("no listing was kept before"),
            Self::Unfinished => f.write_str("the kept listing was interrupted"),
            Self::Damaged => f.write_str("the interrupted listing is damaged"),
            Self::UnknownSource => f.write_str("the kept listing does not say which version made it"),
            Self::OtherVersion => f.write_str("the kept listing was made by another version of the provider"),
            Self::OtherSettings => f.write_str("the kept listing was made with other settings"),
            Self::SeesMore => f.write_str("this token sees more than the one before"),
            Self::NotOffered => f.write_str("this provider cannot report changes"),
            Self::NotReported { reason, notices } => {
                match (reason, notices.iter().find(|notice| Some(&notice.code) == reason.as_ref())) {
                    (_, Some(notice)) => write!(f, "{} [{}]", notice.message, notice.code),
                    (Some(code), None) => write!(f, "the provider could not report all changes [{code}]"),
                    (None, None) => f.write_str("the provider could not report all changes"),
                }
            }
            Self::Failed { code, message } => write!(f, "the provider could not report changes: {message} [{code}]"),
        }
    }
}

/// Describes the store's listing to a provider that reports changes. Also returns why its records are outdated, if they
/// are.
///
/// # Errors
/// Why everybody has to be listed.
pub(super) fn baseline(
    options: &SyncOptions,
    standing: Option<&Standing>,
    ours: Option<&RecordSource>,
    has_changes: bool,
) -> Result<(Baseline, Option<FullSyncReason>), FullSyncReason> {
    let standing = match standing {
        None => return Err(FullSyncReason::First),
        Some(standing) if !standing.is_finished() => return Err(FullSyncReason::Unfinished),
        Some(_) if options.full && !has_changes => return Err(FullSyncReason::Requested),
        Some(_) if !has_changes => return Err(FullSyncReason::NotOffered),
        Some(standing) => standing,
    };
    let outdated = match (&standing.record_source, ours) {
        _ if options.full => Some(FullSyncReason::Requested),
        (Some(record_source), Some(ours)) if record_source == ours => None,
        (Some(record_source), Some(ours)) if record_source.is_same_version(ours) => Some(FullSyncReason::OtherSettings),
        (Some(_), Some(_)) => Some(FullSyncReason::OtherVersion),
        (None, _) | (_, None) => Some(FullSyncReason::UnknownSource),
    };
    let baseline = Baseline {
        watermark: standing.watermark.clone(),
        // With more than four billion users, the provider finds that the number does not add up.
        users: u32::try_from(standing.progress.users).unwrap_or(u32::MAX),
        proven: standing.end == Some(End::Complete),
        outdated: outdated.is_some(),
    };
    Ok((baseline, outdated))
}
