//! Why a version was not put into use, or is quarantined, with stable codes and fixes.

use std::path::PathBuf;
use std::time::Duration;

use provider_egress::Facts;
use provider_model::ProviderError;
use provider_sandbox::in_words;

use crate::objection::Objection;
use crate::version_name::VersionName;

/// What every fallible operation of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a version was not put into use, or is quarantined. The texts are for people and may change; [`Error::code`] is stable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A listing or a sync failed, or a part below it.
    #[error(transparent)]
    Store(#[from] provider_store::Error),

    /// A file of providers and tenants cannot be used.
    #[error("{} cannot be used: {reason}", path.display())]
    ConfigUnusable {
        /// The file.
        path: PathBuf,
        /// What is wrong, without the value of a secret.
        reason: String,
    },

    /// A component's file is neither pinned nor signed.
    #[error("{file} is not pinned, and no key is named for it")]
    Untrusted {
        /// The file's name.
        file: String,
    },

    /// A new version cannot replace the one in use.
    #[error("the version {version} was not put into use: {}", listed(objections))]
    PreflightFailed {
        /// The new version.
        version: VersionName,
        /// All objections to it.
        objections: Vec<Objection>,
    },

    /// No version of the provider is in use.
    #[error("there is no provider `{id}`")]
    ProviderUnknown {
        /// The product's id.
        id: String,
    },

    /// A version is quarantined for a tenant, since it failed repeatedly.
    #[error(
        "the version {version} of `{provider}` failed repeatedly for `{tenant}` and is quarantined; the next try is in {}",
        in_words(*left)
    )]
    Quarantined {
        /// The product's id.
        provider: String,
        /// The version.
        version: VersionName,
        /// The tenant.
        tenant: String,
        /// How long until one call is let through.
        left: Duration,
    },
}

impl From<provider_sandbox::Error> for Error {
    fn from(error: provider_sandbox::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<provider_egress::Error> for Error {
    fn from(error: provider_egress::Error) -> Self {
        Self::Store(error.into())
    }
}

/// One after another, on one line.
fn listed(objections: &[Objection]) -> String {
    objections.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

provider_egress::by_facts!(Error);

impl Error {
    /// The table of errors.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        let (lasting, passing) = (Facts::lasting, Facts::passing);
        match self {
            Self::Store(error) => error.facts(),
            Self::ConfigUnusable { .. } => {
                lasting("config-unusable", "Correct the file; docs/embedding.md shows a whole one.")
            }
            Self::Untrusted { .. } => lasting(
                "component-untrusted",
                "Pin it by its sha256, as `sha256sum` prints it, or name the public key of its makers.",
            ),
            Self::PreflightFailed { .. } => lasting(
                "preflight-failed",
                "Have the tenants' settings changed first, grant the requests if they are meant, or keep the version in use.",
            ),
            Self::ProviderUnknown { .. } => lasting("provider-unknown", "Load a version of it and switch to it first."),
            Self::Quarantined { .. } => passing(
                "version-quarantined",
                "Look at what failed before; another version can be switched to at any time.",
            ),
        }
    }

    /// How long to wait before making the same call again, if the product or this host says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            Self::Quarantined { left, .. } => Some(*left),
            Self::ConfigUnusable { .. }
            | Self::Untrusted { .. }
            | Self::PreflightFailed { .. }
            | Self::ProviderUnknown { .. } => None,
        }
    }

    /// The provider's own error, if it is one.
    #[must_use]
    pub const fn as_provider(&self) -> Option<&ProviderError> {
        if let Self::Store(error) = self { error.as_provider() } else { None }
    }
}
