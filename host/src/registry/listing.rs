//! A tenant's listing, across switches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Instrument as _;

use super::call::{admission, admitted, caller, note};
use super::tenant::State;
use super::version::{Lease, Phase};
use crate::checkpoint::Checkpoints;
use crate::{Batch, Listing, ListingOptions, Progress, Result};

/// A listing that holds a lease on the version that it runs in. Where that version is hurried, was given up, or has been
/// drained for too long, it goes on from its cursor in the version that is in use.
pub struct TenantListing {
    tenant: Arc<State>,
    options: ListingOptions,
    store: Option<Arc<dyn Checkpoints>>,
    lease: Option<Lease>,
    listing: Option<Listing>,
    moves: u32,
    memory_bytes: usize,
    longest_pause: Duration,
    ended: bool,
}

impl TenantListing {
    pub(super) const fn new(tenant: Arc<State>, options: ListingOptions, store: Option<Arc<dyn Checkpoints>>) -> Self {
        Self {
            tenant,
            options,
            store,
            lease: None,
            listing: None,
            moves: 0,
            memory_bytes: 0,
            longest_pause: Duration::ZERO,
            ended: false,
        }
    }

    /// The next step; none after the last. After an error the same step can be tried again by calling once more, in
    /// whatever version is then in use.
    pub async fn next(&mut self) -> Option<Result<Batch>> {
        while !self.ended {
            if let Err(error) = self.settle().await {
                return Some(Err(error));
            }
            let (Some(lease), Some(listing)) = (&mut self.lease, &mut self.listing) else { return None };
            let span = caller(&self.tenant, lease.version(), "list-users").span();
            let began = Instant::now();
            let step = tokio::select! {
                biased;
                step = listing.next().instrument(span) => step,
                // The step is asked for again in the other version, from the same cursor.
                () = lease.gone() => continue,
            };
            match &step {
                Some(result) => {
                    note(&self.tenant, lease.version(), "list-users", began.elapsed(), result);
                    self.ended = result.as_ref().is_ok_and(|batch| batch.end.is_some());
                }
                None => self.ended = true,
            }
            if self.ended {
                self.lease = None;
            }
            return step;
        }
        None
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.listing.as_ref().map(Listing::progress).unwrap_or_default()
    }

    /// Where it goes on, to be kept; none at the beginning and at the end.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.listing.as_ref().map_or(self.options.cursor.as_deref(), Listing::cursor)
    }

    /// The most linear memory in bytes that one of its instances had.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.listing.as_ref().map_or(0, Listing::memory_bytes).max(self.memory_bytes)
    }

    /// How often it went on in another version.
    #[must_use]
    pub const fn moves(&self) -> u32 {
        self.moves
    }

    /// How long it was held up at most by going on in another version: for a session in it, and for the old one to go.
    #[must_use]
    pub const fn longest_pause(&self) -> Duration {
        self.longest_pause
    }

    /// Makes sure that there is a lease on a version that may serve the next step, and a session in it.
    async fn settle(&mut self) -> Result<()> {
        match &self.lease {
            Some(lease) if lease.phase() >= Phase::Hurried => self.lease = None,
            Some(lease) => match admission(&self.tenant, lease.version())? {
                Duration::ZERO => return Ok(()),
                pause => {
                    tokio::time::sleep(pause).await;
                    return Ok(());
                }
            },
            None => {}
        }
        let lease = admitted(&self.tenant).await?;
        let began = Instant::now();
        let session = self.tenant.connect(lease.version())?;
        match &mut self.listing {
            Some(listing) => {
                self.memory_bytes = self.memory_bytes.max(listing.memory_bytes());
                drop(listing.continue_in(session));
                self.moves = self.moves.saturating_add(1);
                self.longest_pause = self.longest_pause.max(began.elapsed());
            }
            None => {
                let options = self.options.clone();
                self.listing = Some(match &self.store {
                    Some(store) => session.resume(options, Arc::clone(store), self.tenant.name()).await?,
                    None => session.listing(options),
                });
            }
        }
        self.lease = Some(lease);
        Ok(())
    }
}
