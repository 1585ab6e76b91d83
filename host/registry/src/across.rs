//! Listings and syncs that continue across switches of the version.

use std::sync::Arc;
use std::time::{Duration, Instant};

use provider_sandbox::Session;
use provider_store::checkpoint::Checkpoints;
use provider_store::{Batch, End, Listing, ListingOptions, ListingSync, Listings as _, SyncOptions, SyncStep};
use tracing::Instrument as _;

use crate::Result;
use crate::call::{Probe, Turn, admission, admitted, caller, note};
use crate::enrolled::Enrolled;
use crate::version::Lease;
use crate::versions::Phase;

/// A listing or a sync, whose steps can continue in another session.
pub(crate) trait Steps: Sized {
    /// The options with which it begins.
    type Options;
    /// The result of a step.
    type Step;
    /// The name of a step, for the metrics.
    const NAME: &'static str;

    async fn begin(session: Session, options: &Self::Options, tenant: &str) -> Result<Self>;
    async fn next(&mut self) -> Option<Result<Self::Step>>;
    fn end(step: &Self::Step) -> Option<End>;
    fn continue_in(&mut self, session: Session) -> Session;
    fn memory_bytes(&self) -> usize;
}

impl Steps for Listing {
    type Options = (ListingOptions, Option<Arc<dyn Checkpoints>>);
    type Step = Batch;
    const NAME: &'static str = "list-users";

    async fn begin(session: Session, (options, store): &Self::Options, tenant: &str) -> Result<Self> {
        match store {
            Some(store) => Ok(session.resume(options.clone(), Arc::clone(store), tenant).await?),
            None => Ok(session.listing(options.clone())),
        }
    }

    async fn next(&mut self) -> Option<Result<Batch>> {
        Some(Self::next(self).await?.map_err(Into::into))
    }

    fn end(step: &Batch) -> Option<End> {
        step.end
    }

    fn continue_in(&mut self, session: Session) -> Session {
        Self::continue_in(self, session)
    }

    fn memory_bytes(&self) -> usize {
        Self::memory_bytes(self)
    }
}

impl Steps for ListingSync {
    type Options = (SyncOptions, Arc<dyn Checkpoints>);
    type Step = SyncStep;
    const NAME: &'static str = "sync";

    async fn begin(session: Session, (options, store): &Self::Options, tenant: &str) -> Result<Self> {
        Ok(session.sync(options.clone(), Arc::clone(store), tenant).await?)
    }

    async fn next(&mut self) -> Option<Result<SyncStep>> {
        Some(Self::next(self).await?.map_err(Into::into))
    }

    fn end(step: &SyncStep) -> Option<End> {
        step.end
    }

    fn continue_in(&mut self, session: Session) -> Session {
        Self::continue_in(self, session)
    }

    fn memory_bytes(&self) -> usize {
        Self::memory_bytes(self)
    }
}

/// Steps that hold a lease on the version that they run in. If that version is hurried, was given up, or has been
/// draining for too long, they continue in the version that is in use.
pub(crate) struct Across<S: Steps> {
    tenant: Arc<Enrolled>,
    options: S::Options,
    lease: Option<Lease>,
    steps: Option<S>,
    moves: u32,
    memory_bytes: usize,
    longest_pause: Duration,
    ended: bool,
}

impl<S: Steps> Across<S> {
    pub(crate) const fn new(tenant: Arc<Enrolled>, options: S::Options) -> Self {
        Self {
            tenant,
            options,
            lease: None,
            steps: None,
            moves: 0,
            memory_bytes: 0,
            longest_pause: Duration::ZERO,
            ended: false,
        }
    }

    /// The next step; `None` after the last. After an error, call again to retry the same step in the version that is then
    /// in use.
    pub(crate) async fn next(&mut self) -> Option<Result<S::Step>> {
        while !self.ended {
            // Held until the step has ended.
            let _probe = match self.settle().await {
                Ok(probe) => probe,
                Err(error) => return Some(Err(error)),
            };
            let (Some(lease), Some(steps)) = (&mut self.lease, &mut self.steps) else { return None };
            let span = caller(&self.tenant, lease.version(), S::NAME).span();
            let began = Instant::now();
            let step = tokio::select! {
                biased;
                step = steps.next().instrument(span) => step,
                // The step is repeated in the other version.
                () = lease.gone() => continue,
            };
            match &step {
                Some(result) => {
                    note(&self.tenant, lease.version(), S::NAME, began.elapsed(), result);
                    self.ended = result.as_ref().is_ok_and(|step| S::end(step).is_some());
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

    /// The listing or sync; `None` before the first step.
    pub(crate) const fn steps(&self) -> Option<&S> {
        self.steps.as_ref()
    }

    pub(crate) const fn options(&self) -> &S::Options {
        &self.options
    }

    /// The largest linear memory, in bytes, that one of its instances had.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.steps.as_ref().map_or(0, S::memory_bytes).max(self.memory_bytes)
    }

    /// How often it continued in another version.
    pub(crate) const fn moves(&self) -> u32 {
        self.moves
    }

    /// The longest delay that continuing in another version caused.
    pub(crate) const fn longest_pause(&self) -> Duration {
        self.longest_pause
    }

    /// Makes sure that there is a lease on a version that may serve the next step, and a session in it.
    async fn settle(&mut self) -> Result<Option<Probe>> {
        // Checked again after each pause: the lease may have to end by then.
        while let Some(lease) = self.lease.as_ref().filter(|lease| lease.phase() < Phase::Hurried) {
            match admission(&self.tenant, lease.version())? {
                Turn::Now(probe) => return Ok(probe),
                Turn::After(pause) => tokio::time::sleep(pause).await,
            }
        }
        self.lease = None;
        let (lease, probe) = admitted(&self.tenant).await?;
        let began = Instant::now();
        let session = self.tenant.access().connect(lease.version(), lease.added())?;
        match &mut self.steps {
            Some(steps) => {
                self.memory_bytes = self.memory_bytes.max(steps.memory_bytes());
                drop(steps.continue_in(session));
                self.moves = self.moves.saturating_add(1);
                self.longest_pause = self.longest_pause.max(began.elapsed());
            }
            None => self.steps = Some(S::begin(session, &self.options, self.tenant.name()).await?),
        }
        self.lease = Some(lease);
        Ok(probe)
    }
}
