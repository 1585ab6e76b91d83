//! A version before it is in use.

use std::sync::Arc;

use provider_model::Description;
use provider_sandbox::Provider;

use crate::version::Version;
use crate::version_name::VersionName;

/// A version that was compiled and has described itself, but is not in use yet.
#[derive(Clone)]
pub struct Candidate {
    pub(crate) version: Arc<Version>,
}

impl Candidate {
    /// Which version it is.
    #[must_use]
    pub fn name(&self) -> VersionName {
        self.version.name()
    }

    /// What it says of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.version.description
    }

    /// The compiled provider.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.version.provider
    }
}
