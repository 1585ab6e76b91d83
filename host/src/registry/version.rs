//! One version of a provider: compiled, described, and leased to whoever works with it.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::health::{Admission, Health, Outcome, Patience, Verdict};
use crate::model::{Description, RequestSpec};
use crate::{Digest, Provider};

/// What is asked of whoever holds a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Go on.
    Serving,
    /// Finish the listing, begin nothing new.
    Draining,
    /// Go on in another version after the current step.
    Hurried,
    /// Leave the step unfinished and go on in another version.
    Gone,
}

/// A version, shared by the registry and the leases on it.
pub(super) struct Version {
    pub(super) provider: Provider,
    pub(super) description: Description,
    /// What it describes, for the tenants who grant it.
    pub(super) requests: Arc<Vec<RequestSpec>>,
    health: Mutex<Health>,
    phase: watch::Sender<Phase>,
    leases: AtomicUsize,
    returned: watch::Sender<()>,
}

impl Version {
    pub(super) fn new(provider: Provider, description: Description, patience: Patience) -> Arc<Self> {
        Arc::new(Self {
            provider,
            requests: Arc::new(description.requests.clone()),
            description,
            health: Mutex::new(Health::new(patience)),
            phase: watch::Sender::new(Phase::Serving),
            leases: AtomicUsize::new(0),
            returned: watch::Sender::new(()),
        })
    }

    pub(super) fn name(&self) -> VersionName {
        VersionName { version: self.description.version.clone(), digest: self.provider.inspection().digest }
    }

    pub(super) fn lease(self: &Arc<Self>) -> Lease {
        self.leases.fetch_add(1, Ordering::AcqRel);
        Lease { version: Arc::clone(self), phase: self.phase.subscribe() }
    }

    /// How many leases are out.
    pub(super) fn leases(&self) -> usize {
        self.leases.load(Ordering::Acquire)
    }

    /// Asks more of the lessees; never less, but for a version that is put back.
    pub(super) fn retire(&self, phase: Phase) {
        self.phase.send_if_modified(|now| {
            let more = phase > *now;
            *now = phase.max(*now);
            more
        });
    }

    /// Puts it into service, watched or not.
    pub(super) fn serve(&self, watched: bool) {
        self.phase.send_replace(Phase::Serving);
        if watched {
            self.health().watch();
        }
    }

    /// Waits until no lease is out.
    pub(super) async fn drained(&self) {
        let mut returned = self.returned.subscribe();
        while self.leases() > 0 {
            if returned.changed().await.is_err() {
                return;
            }
        }
    }

    pub(super) fn is_watched(&self) -> bool {
        self.health().is_watched()
    }

    pub(super) fn admit(&self, tenant: &str) -> Admission {
        self.health().admit(tenant, Instant::now())
    }

    pub(super) fn note(&self, tenant: &str, outcome: Outcome) -> Verdict {
        self.health().note(tenant, outcome, Instant::now())
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to work with a version until it is dropped.
pub(super) struct Lease {
    version: Arc<Version>,
    phase: watch::Receiver<Phase>,
}

impl Lease {
    pub(super) fn version(&self) -> &Arc<Version> {
        &self.version
    }

    pub(super) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Waits until the version is to be left at once.
    pub(super) async fn gone(&mut self) {
        // The sender lives in the version, which this lease holds.
        let _ = self.phase.wait_for(|phase| *phase == Phase::Gone).await;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.version.leases.fetch_sub(1, Ordering::AcqRel);
        self.version.returned.send_replace(());
    }
}

/// Which version: its own number, and the digest of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VersionName {
    /// The description's version.
    pub version: String,
    /// The sha256 of the component.
    pub digest: Digest,
}

impl fmt::Display for VersionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = self.digest.to_string();
        write!(f, "{} ({})", self.version, digest.get(..12).unwrap_or(&digest))
    }
}
