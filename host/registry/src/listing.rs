//! A tenant's listing, across switches.

use std::sync::Arc;
use std::time::Duration;

use provider_store::checkpoint::Checkpoints;
use provider_store::{Batch, Listing, ListingOptions, Progress};

use crate::Result;
use crate::across::Across;
use crate::enrolled::Enrolled;

/// A listing that holds a lease on the version that it runs in. If that version is hurried, was given up, or has been
/// draining for too long, it continues from its cursor in the version that is in use.
pub struct TenantListing {
    across: Across<Listing>,
}

impl TenantListing {
    pub(crate) const fn new(
        tenant: Arc<Enrolled>,
        options: ListingOptions,
        store: Option<Arc<dyn Checkpoints>>,
    ) -> Self {
        Self { across: Across::new(tenant, (options, store)) }
    }

    /// The next step; `None` after the last. After an error, call again to retry the same step in the version that is then
    /// in use.
    pub async fn next(&mut self) -> Option<Result<Batch>> {
        self.across.next().await
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.across.steps().map(Listing::progress).unwrap_or_default()
    }

    /// Where it goes on, to be kept; none at the beginning and at the end.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        let (options, _) = self.across.options();
        self.across.steps().map_or(options.cursor.as_deref(), Listing::cursor)
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

    /// How long it was held up at most by going on in another version: for a session in it, and for the old one to go.
    #[must_use]
    pub const fn longest_pause(&self) -> Duration {
        self.across.longest_pause()
    }
}
