//! The source of a listing's pages: a session or, in tests, a script.

use std::future::Future;

use provider_model::{User, UserPage};
use provider_sandbox::{Baseline, Changes, ListingLimits, RecordSource, Session};

use crate::Result;

/// Answers the calls of a listing and of a sync.
pub trait Source: Send {
    /// One step of a listing, with the bytes of its users.
    fn list_step(&mut self, cursor: Option<&str>, limit: u32) -> impl Future<Output = Result<(UserPage, u64)>> + Send;

    /// One step of a sync; `None` if the provider cannot report changes.
    fn list_changes(
        &mut self,
        since: &Baseline,
        known: Vec<User>,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<Option<(Changes, u64)>>> + Send;

    /// Releases the instance that was kept for the next step.
    fn leave_instance(&mut self);

    /// The limits on its steps.
    fn listing_limits(&self) -> &ListingLimits;

    /// The version and settings that make its records.
    fn record_source(&self) -> Option<&RecordSource>;

    /// The roles that its records may hold, the highest first.
    fn roles(&self) -> &[String];

    /// Whether it can report what changed.
    fn has_changes(&self) -> bool;

    /// How many requests it has sent.
    fn requests(&self) -> u64;
}

impl Source for Session {
    async fn list_step(&mut self, cursor: Option<&str>, limit: u32) -> Result<(UserPage, u64)> {
        Ok(Self::list_step(self, cursor, limit).await?)
    }

    async fn list_changes(
        &mut self,
        since: &Baseline,
        known: Vec<User>,
        cursor: Option<&str>,
    ) -> Result<Option<(Changes, u64)>> {
        Ok(Self::list_changes(self, since, known, cursor).await?)
    }

    fn leave_instance(&mut self) {
        Self::leave_instance(self);
    }

    fn listing_limits(&self) -> &ListingLimits {
        Self::listing_limits(self)
    }

    fn record_source(&self) -> Option<&RecordSource> {
        Self::record_source(self)
    }

    fn roles(&self) -> &[String] {
        Self::roles(self)
    }

    fn has_changes(&self) -> bool {
        Self::has_changes(self)
    }

    fn requests(&self) -> u64 {
        Self::requests(self)
    }
}
