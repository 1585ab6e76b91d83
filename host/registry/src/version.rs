//! One version of a provider: compiled, described, and leased to its users.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use provider_model::{Description, RequestSpec};
use provider_sandbox::{Digest, Provider};
use tokio::sync::watch;

use crate::grants::Added;
use crate::version_name::VersionName;
use crate::versions::Phase;

/// A version, shared by the registry and the leases on it.
pub(crate) struct Version {
    pub(crate) provider: Provider,
    pub(crate) description: Description,
    /// What it describes, for the tenants who grant it.
    pub(crate) requests: Arc<Vec<RequestSpec>>,
    phase: watch::Sender<Phase>,
    leases: AtomicUsize,
    returned: watch::Sender<()>,
}

impl Version {
    pub(crate) fn new(provider: Provider, description: Description) -> Arc<Self> {
        Arc::new(Self {
            provider,
            requests: Arc::new(description.requests.clone()),
            description,
            phase: watch::Sender::new(Phase::Serving),
            leases: AtomicUsize::new(0),
            returned: watch::Sender::new(()),
        })
    }

    pub(crate) fn digest(&self) -> Digest {
        self.provider.inspection().digest
    }

    pub(crate) fn name(&self) -> VersionName {
        VersionName { version: self.description.version.clone(), digest: self.digest() }
    }

    /// A lease with what was granted for the version, in the generation that it is in use in.
    pub(crate) fn lease(self: &Arc<Self>, added: Added, generation: u64) -> Lease {
        self.leases.fetch_add(1, Ordering::AcqRel);
        Lease { version: Arc::clone(self), phase: self.phase.subscribe(), added, generation }
    }

    /// How many leases are out.
    pub(crate) fn leases(&self) -> usize {
        self.leases.load(Ordering::Acquire)
    }

    /// Passes a phase on to the lessees.
    pub(crate) fn ask(&self, phase: Phase) {
        self.phase.send_if_modified(|now| std::mem::replace(now, phase) != phase);
    }

    /// Waits until no lease is out.
    pub(crate) async fn drained(&self) {
        let mut returned = self.returned.subscribe();
        while self.leases() > 0 {
            if returned.changed().await.is_err() {
                return;
            }
        }
    }
}

/// The right to work with a version until it is dropped.
pub(crate) struct Lease {
    version: Arc<Version>,
    phase: watch::Receiver<Phase>,
    added: Added,
    generation: u64,
}

impl Lease {
    pub(crate) fn version(&self) -> &Arc<Version> {
        &self.version
    }

    /// What was granted for the version beyond what tenants came with.
    pub(crate) const fn added(&self) -> &Added {
        &self.added
    }

    /// The generation of the versions in which it was given out.
    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Waits until the version is to be left at once.
    pub(crate) async fn gone(&mut self) {
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
