//! How a version is switched to, and the switch that was made.

use std::sync::Arc;
use std::time::Duration;

use crate::version::Version;
use crate::version_name::VersionName;

/// How to switch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SwitchOptions {
    /// Whether listings that run go on in the new version after their current step, instead of finishing in their own.
    /// False.
    pub hurry: bool,
    /// How long listings may go on in the old version before their step is left and they go on in the new one. 10
    /// minutes.
    pub drain: Duration,
    /// Whether each tenant's server is checked by the new version first. A server that the version in use finds fault with
    /// as well does not count. False.
    pub check: bool,
    /// Whether requests that the old version did not make are granted. They belong to the new version: if the earlier one
    /// is put back, they are gone. False.
    pub grant_more: bool,
    /// Whether a version is tried that was given up before. False.
    pub again: bool,
    /// The id of the product that is meant: a candidate of another is refused. `None` for whatever the candidate says.
    pub provider: Option<String>,
    /// Whether a watched folder may put an older version into use. [`Registry::switch`](crate::Registry::switch) does what it is asked to, whichever
    /// is older. False.
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
    /// What was in use; none for the first version of a provider.
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
