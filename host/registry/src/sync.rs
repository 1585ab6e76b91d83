//! A tenant's sync, which continues across switches of the version.

use std::sync::Arc;
use std::time::Duration;

use provider_model::User;
use provider_store::checkpoint::{Checkpoints, Kept};
use provider_store::{FullSyncReason, ListingSync, SyncOptions, SyncProgress, SyncStep};

use crate::Result;
use crate::across::Across;
use crate::enrolled::Enrolled;

/// A sync that holds a lease on the version that it runs in. If it has to continue in another version, it lists everybody
/// there.
pub struct TenantSync {
    across: Across<ListingSync>,
}

impl TenantSync {
    pub(crate) const fn new(tenant: Arc<Enrolled>, options: SyncOptions, store: Arc<dyn Checkpoints>) -> Self {
        Self { across: Across::new(tenant, (options, store)) }
    }

    /// The next step; `None` after the last; see [`ListingSync::next`]. After an error, call again to retry the same step in
    /// the version that is then in use.
    pub async fn next(&mut self) -> Option<Result<SyncStep>> {
        self.across.next().await
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> SyncProgress {
        self.across.steps().map(ListingSync::progress).unwrap_or_default()
    }

    /// Why everybody is listed; `None` if the provider reports what changed, and before the first step.
    #[must_use]
    pub fn full_sync_reason(&self) -> Option<&FullSyncReason> {
        self.across.steps().and_then(ListingSync::full_sync_reason)
    }

    /// Why every kept record is read again, one by one; see [`ListingSync::outdated`].
    #[must_use]
    pub fn outdated(&self) -> Option<&FullSyncReason> {
        self.across.steps().and_then(ListingSync::outdated)
    }

    /// At most so many users from the store, by id, whose ids come after `after`; see [`ListingSync::kept`]. Empty before the
    /// first step.
    ///
    /// # Errors
    /// The store does not work.
    pub async fn kept(&self, of: Kept, after: Option<&str>, limit: u32) -> Result<Vec<User>> {
        match self.across.steps() {
            Some(sync) => Ok(sync.kept(of, after, limit).await?),
            None => Ok(Vec::new()),
        }
    }

    /// The most linear memory in bytes that one of its instances had.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.across.memory_bytes()
    }

    /// How often it continued in another version.
    #[must_use]
    pub const fn moves(&self) -> u32 {
        self.across.moves()
    }

    /// The longest delay that continuing in another version caused.
    #[must_use]
    pub const fn longest_pause(&self) -> Duration {
        self.across.longest_pause()
    }
}
