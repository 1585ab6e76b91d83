//! How a version is switched to, and the switch that was made.

use std::sync::Arc;
use std::time::Duration;

use crate::version::Version;
use crate::version_name::VersionName;

/// How to switch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SwitchOptions {
    /// Whether running listings continue in the new version after their current step, instead of finishing in their own.
    /// False.
    pub hurry: bool,
    /// How long listings may run in the old version. Then their step is aborted and they continue in the new one. 10
    /// minutes.
    pub drain: Duration,
    /// Whether the new version checks each tenant's server first. A server that fails the check of the version in use as
    /// well does not count. False.
    pub check: bool,
    /// Whether to grant requests that the old version did not make. These grants belong to the new version: a rollback
    /// removes them. False.
    pub grant_more: bool,
    /// Whether to try a version again that was given up before. False.
    pub again: bool,
    /// The id of the expected product: a candidate of another is refused. `None` accepts any.
    pub provider: Option<String>,
    /// Whether a watched folder may put an older version into use. [`Registry::switch`](crate::Registry::switch) does not
    /// compare versions. False.
    pub downgrade: bool,
}

impl Default for SwitchOptions {
    fn default() -> Self {
        Self {
            hurry: false,
            drain: Duration::from_secs(600),
            check: false,
            grant_more: false,
            again: false,
            provider: None,
            downgrade: false,
        }
    }
}

/// A switch that was made.
pub struct Switched {
    /// What was in use; `None` for the first version of a provider.
    pub from: Option<VersionName>,
    /// What is in use.
    pub to: VersionName,
    pub(crate) old: Option<Arc<Version>>,
}

impl Switched {
    /// Waits until nobody works with the old version any more.
    pub async fn drained(&self) {
        if let Some(old) = &self.old {
            old.drained().await;
        }
    }

    /// How many calls and listings still work with the old version.
    #[must_use]
    pub fn leases(&self) -> usize {
        self.old.as_ref().map_or(0, |old| old.leases())
    }
}
