//! The library's errors, as one type.

use std::time::Duration;

use provider_egress::Facts;
use provider_model::ProviderError;

/// What an embedder's own functions may return: every error of this library becomes [`Error`] by `?`.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error of this library, by the part in which it occurred.
///
/// [`Error::code`] is stable and kebab-case; the texts are for people and may change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Requests cannot be sent: an address, a policy, a proxy or a file is not usable.
    #[error(transparent)]
    Egress(provider_egress::Error),
    /// A component was refused, or was stopped.
    #[error(transparent)]
    Sandbox(provider_sandbox::Error),
    /// A listing or a sync failed.
    #[error(transparent)]
    Store(provider_store::Error),
    /// A version was not put into use, or is quarantined.
    #[error(transparent)]
    Registry(provider_registry::Error),
}

impl From<provider_egress::Error> for Error {
    fn from(error: provider_egress::Error) -> Self {
        Self::Egress(error)
    }
}

impl From<provider_sandbox::Error> for Error {
    fn from(error: provider_sandbox::Error) -> Self {
        if let provider_sandbox::Error::Egress(below) = error { below.into() } else { Self::Sandbox(error) }
    }
}

impl From<provider_store::Error> for Error {
    fn from(error: provider_store::Error) -> Self {
        if let provider_store::Error::Sandbox(below) = error { below.into() } else { Self::Store(error) }
    }
}

impl From<provider_registry::Error> for Error {
    fn from(error: provider_registry::Error) -> Self {
        if let provider_registry::Error::Store(below) = error { below.into() } else { Self::Registry(error) }
    }
}

provider_egress::by_facts!(Error);

impl Error {
    fn facts(&self) -> Facts<'_> {
        match self {
            Self::Egress(error) => error.facts(),
            Self::Sandbox(error) => error.facts(),
            Self::Store(error) => error.facts(),
            Self::Registry(error) => error.facts(),
        }
    }

    /// How long to wait before making the same call again, if the product or this host says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Egress(_) => None,
            Self::Sandbox(error) => error.retry_after(),
            Self::Store(error) => error.retry_after(),
            Self::Registry(error) => error.retry_after(),
        }
    }

    /// The provider's own error, if it is one.
    #[must_use]
    pub const fn as_provider(&self) -> Option<&ProviderError> {
        match self {
            Self::Egress(_) => None,
            Self::Sandbox(error) => error.as_provider(),
            Self::Store(error) => error.as_provider(),
            Self::Registry(error) => error.as_provider(),
        }
    }
}
