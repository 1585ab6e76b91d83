//! The reasons against switching to a version.

use std::fmt;

/// One reason not to switch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Objection {
    /// It is a provider of another product.
    OtherProvider {
        /// The id of the version that is in use, or that [`SwitchOptions::provider`](crate::SwitchOptions::provider) names.
        ours: String,
        /// That of the new one.
        theirs: String,
    },
    /// It no longer reads a setting for which a tenant has a value.
    SettingGone {
        /// Whose.
        tenant: String,
        /// Which.
        key: String,
    },
    /// It reads a setting for which a tenant has a value as another kind.
    SettingChanged {
        /// Whose.
        tenant: String,
        /// Which.
        key: String,
        /// The kind that it had.
        from: &'static str,
        /// The kind that it has.
        to: &'static str,
    },
    /// It sends a tenant's secret to another server, or in another header.
    SecretMoved {
        /// Whose.
        tenant: String,
        /// Which.
        key: String,
        /// Where it went.
        from: String,
        /// Where it goes.
        to: String,
    },
    /// It reads a setting for which a tenant has a value and which no version read before, and would gain more than the value:
    /// requests to the server at an address, or the value of a secret.
    SettingTaken {
        /// Whose.
        tenant: String,
        /// Which.
        key: String,
        /// The kind that it has.
        to: &'static str,
    },
    /// It needs a setting for which a tenant has no value.
    SettingNeeded {
        /// Whose.
        tenant: String,
        /// Which.
        key: String,
    },
    /// It does not know a license type that records of the earlier version hold.
    LicenseTypeGone {
        /// The type's id.
        id: String,
    },
    /// It wants to make a request that the tenants have not granted.
    GrantWidened {
        /// The request, or a granted one with the query keys and headers that it has beyond.
        request: String,
        /// Why, in the provider's words.
        purpose: String,
    },
    /// Its check of a tenant's server failed.
    CheckFailed {
        /// Whose.
        tenant: String,
        /// The step and what it says, or the error.
        reason: String,
    },
    /// It was given up before.
    GivenUp,
    /// It comes from a watched folder, and is older than the version in use, equal to one that was written later, or cannot
    /// be compared. [`SwitchOptions::downgrade`](crate::SwitchOptions::downgrade) allows it when it is written again.
    NotNewer {
        /// The version in use.
        ours: String,
        /// The other.
        theirs: String,
    },
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherProvider { ours, theirs } => write!(f, "it is a provider of `{theirs}`, but `{ours}` is in use"),
            Self::SettingGone { tenant, key } => {
                write!(f, "it does not read the setting `{key}`, for which `{tenant}` has a value")
            }
            Self::SettingChanged { tenant, key, from, to } => {
                write!(f, "it reads the setting `{key}` of `{tenant}` as {to}, but it was {from}")
            }
            Self::SecretMoved { tenant, key, from, to } => {
                write!(f, "it sends the secret `{key}` of `{tenant}` to {to}, but it went to {from}")
            }
            Self::SettingTaken { tenant, key, to } => {
                write!(f, "it reads the setting `{key}` of `{tenant}` as {to}, but no version read it before")
            }
            Self::SettingNeeded { tenant, key } => {
                write!(f, "it needs the setting `{key}`, for which `{tenant}` has no value")
            }
            Self::LicenseTypeGone { id } => write!(f, "it no longer knows the license type `{id}`"),
            Self::GrantWidened { request, purpose } => {
                write!(f, "it needs a request that is not granted: `{request}` ({purpose})")
            }
            Self::CheckFailed { tenant, reason } => write!(f, "its check of `{tenant}` failed: {reason}"),
            Self::NotNewer { ours, theirs } => {
                write!(f, "its version `{theirs}` is not newer than `{ours}`, which is in use")
            }
            Self::GivenUp => f.write_str("it was given up earlier, since its calls failed"),
        }
    }
}
