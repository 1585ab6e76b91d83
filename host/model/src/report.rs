//! What a provider reports beside data: notices, checks and errors.

use serde::{Deserialize, Serialize};

use crate::attributes::Attributes;
use crate::named_enum::named_enum;

named_enum! {
    /// How much a notice matters.
    Severity {
        /// Worth knowing; the data is right as it stands.
        Info = "info",
        /// Some of the data is hidden, estimated or missing.
        Warning = "warning",
    }
}

/// Something the host should show to a person: data that is hidden, estimated or left out, and what would help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Stable kebab-case code, such as `last-activity-hidden`.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// For a person. Holds no secret.
    pub message: String,
    /// What an administrator can do about it.
    pub fix: Option<String>,
    /// The fields that it concerns; empty if it concerns the whole answer.
    pub fields: Vec<String>,
    /// How many records it concerns.
    pub count: Option<u32>,
    /// The ids of the first few of them.
    pub subjects: Vec<String>,
    /// The values in the message, for a host that words it in another language by `code`.
    pub params: Attributes,
}

named_enum! {
    /// How a check step ended.
    CheckOutcome {
        /// All is well.
        Passed = "passed",
        /// The provider works, but returns less than it could.
        Warning = "warning",
        /// The provider cannot work.
        Failed = "failed",
        /// Not tried, since an earlier step failed.
        Skipped = "skipped",
    }
}

/// One thing that a check tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckStep {
    /// Stable kebab-case id, such as `token-accepted`.
    pub id: String,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// The code of what went wrong, as an error would carry it.
    pub code: Option<String>,
    /// What was found, for a person. Holds no secret.
    pub summary: String,
    /// What an administrator can do about it.
    pub fix: Option<String>,
    /// The values in the summary, for a host that words it in another language.
    pub params: Attributes,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// In the order in which they ran; those that depend on a failed one are skipped.
    pub steps: Vec<CheckStep>,
    /// The version that the product reports.
    pub product_version: Option<String>,
    /// Identifies the server, whatever its URL.
    pub product_instance: Option<String>,
    /// More that was found, documented by the provider.
    pub attributes: Attributes,
}

named_enum! {
    /// The broad class of a provider's error.
    ErrorKind {
        /// A setting is missing or cannot be read.
        InvalidSettings = "invalid-settings",
        /// No answer: name, network, TLS or time.
        Unreachable = "unreachable",
        /// The product refused the credentials.
        Unauthorized = "unauthorized",
        /// The credentials lack a permission.
        Forbidden = "forbidden",
        /// The product asks to wait.
        RateLimited = "rate-limited",
        /// The product failed.
        ServerError = "server-error",
        /// The answer is not what this product sends.
        UnexpectedResponse = "unexpected-response",
        /// The cursor is damaged, outdated, or of another server or other settings: begin again.
        CursorStale = "cursor-stale",
        /// Refused by the host's own policy.
        Denied = "denied",
        /// None of these.
        Other = "other",
    }
}

/// Why a call failed, in the provider's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// The broad class.
    pub kind: ErrorKind,
    /// Stable kebab-case code, finer than `kind`, such as `tls-untrusted`.
    pub code: String,
    /// For a person. Holds no secret and no response body.
    pub message: String,
    /// What an administrator can do about it.
    pub fix: Option<String>,
    /// Whether the same call may succeed later without any change.
    pub retryable: bool,
    /// How long to wait before the next try, in milliseconds, if the product says so.
    pub retry_after_ms: Option<u32>,
    /// Method and path of the failed request.
    pub request: Option<String>,
    /// The status of the answer, if there was one.
    pub http_status: Option<u16>,
    /// The product's own id of the failed request, for its administrator.
    pub request_id: Option<String>,
    /// The values in the message, for a host that words it in another language by `code`.
    pub params: Attributes,
}
