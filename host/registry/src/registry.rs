//! The registry: the deployments of all providers, and the tenants that use them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use provider_sandbox::{Access, Digest, Error as SandboxError, Sandbox};
use tokio::sync::broadcast;

use crate::candidate::Candidate;
use crate::deployment::{self, Deployment, Unswitched};
use crate::event::{Event, Events};
use crate::health::HealthPolicy;
use crate::objection::Objection;
use crate::preflight::{self, Demand, Floor};
use crate::switch::{SwitchOptions, Switched};
use crate::tenant::Tenant;
use crate::version::Version;
use crate::version_name::VersionName;
use crate::{Error, Result};

/// Versions of any number of providers over one sandbox. Clones share it.
#[derive(Clone)]
pub struct Registry {
    shared: Arc<Shared>,
}

struct Shared {
    sandbox: Sandbox,
    policy: HealthPolicy,
    deployments: Mutex<BTreeMap<String, Arc<Deployment>>>,
    events: Events,
}

impl Registry {
    /// No versions and no tenants.
    #[must_use]
    pub fn new(sandbox: Sandbox, policy: HealthPolicy) -> Self {
        let shared = Shared { sandbox, policy, deployments: Mutex::default(), events: Events::new() };
        Self { shared: Arc::new(shared) }
    }

    /// What its components are loaded into.
    pub(crate) fn sandbox(&self) -> &Sandbox {
        &self.shared.sandbox
    }

    /// Where it reports what happens.
    pub(crate) fn reports(&self) -> &Events {
        &self.shared.events
    }

    /// Compiles a component and asks it to describe itself. Check beforehand whether its bytes are trusted, with
    /// [`Trust::check`](provider_sandbox::Trust::check).
    ///
    /// # Errors
    /// As for [`Sandbox::load`], or the provider could not describe itself.
    pub async fn load(&self, bytes: Vec<u8>) -> Result<Candidate> {
        let sandbox = self.shared.sandbox.clone();
        // Compiling takes the better part of a second, which the callers of other versions are not to wait for.
        let compiling = tokio::task::spawn_blocking(move || sandbox.load(&bytes));
        let provider = compiling.await.map_err(|error| SandboxError::Runtime { reason: error.into() })??;
        let description = provider.describe().await?;
        Ok(Candidate { version: Version::new(provider, description) })
    }

    /// The objections to a candidate. Changes nothing; requests are made only with [`SwitchOptions::check`].
    pub async fn preflight(&self, candidate: &Candidate, options: &SwitchOptions) -> Vec<Objection> {
        let new = &candidate.version;
        if let Some(other) = preflight::other_provider(options.provider.as_deref(), &new.description) {
            return vec![other];
        }
        let Some(deployment) = self.find(&new.description.id) else { return Vec::new() };
        let seen = deployment.look(new, &Demand { options, floor: Floor::Any });
        if options.check && seen.objections.is_empty() {
            return deployment::check(new, &seen).await;
        }
        seen.objections
    }

    /// Puts a candidate into use after its preflight, at once for all new calls. The first version of a provider is
    /// simply put into use. If the version in use changes during the preflight, the preflight is made again. A candidate
    /// with the bytes of the version in use changes nothing.
    ///
    /// # Errors
    /// [`Error::PreflightFailed`], with all objections.
    pub async fn switch(&self, candidate: &Candidate, options: &SwitchOptions) -> Result<Switched> {
        self.put_into_use(candidate, &Demand { options, floor: Floor::Any }).await
    }

    pub(crate) async fn put_into_use(&self, candidate: &Candidate, demand: &Demand<'_>) -> Result<Switched> {
        let (new, options) = (&candidate.version, demand.options);
        let refused = |objections| Err(Error::PreflightFailed { version: new.name(), objections });
        if let Some(other) = preflight::other_provider(options.provider.as_deref(), &new.description) {
            return refused(vec![other]);
        }
        let Some(deployment) = self.find_or_begin(new) else {
            return Ok(Switched { from: None, to: new.name(), old: None });
        };
        loop {
            let seen = deployment.look(new, demand);
            if options.check && seen.objections.is_empty() && deployment.active().digest() != new.digest() {
                let objections = deployment::check(new, &seen).await;
                if !objections.is_empty() {
                    return refused(objections);
                }
            }
            match deployment.switch(new, demand, &seen) {
                Ok(switched) => return Ok(switched),
                Err(Unswitched::Objections(objections)) => return refused(objections),
                // Each time that this happens another switch was made, or a version was given up.
                Err(Unswitched::Stale) => {}
            }
        }
    }

    /// The deployment that a new version belongs to. `None` if there was none: the version is then in use as the first.
    fn find_or_begin(&self, new: &Arc<Version>) -> Option<Arc<Deployment>> {
        let Shared { policy, deployments, events, .. } = &*self.shared;
        let mut deployments = deployments.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = match deployments.entry(new.description.id.clone()) {
            Entry::Occupied(deployment) => return Some(Arc::clone(deployment.get())),
            Entry::Vacant(place) => {
                let provider = place.key().clone();
                place.insert(Arc::new(Deployment::new(Arc::clone(new), policy.clone(), events.clone())));
                events.send(Event::Switched { provider, from: None, to: new.name() })
            }
        };
        drop(deployments);
        begun.log();
        None
    }

    /// A tenant of a provider, by its product's id. An existing tenant of the same name keeps its own access; preflights
    /// look at the later one.
    ///
    /// # Errors
    /// No version of the provider is in use, or the access does not fit its settings.
    pub fn tenant(&self, name: &str, provider: &str, access: Access) -> Result<Tenant> {
        let deployment = self.find(provider).ok_or_else(|| Error::ProviderUnknown { id: provider.to_owned() })?;
        Tenant::new(name, &deployment, access, &self.shared.sandbox)
    }

    /// The version of a provider that is in use.
    #[must_use]
    pub fn active(&self, provider: &str) -> Option<VersionName> {
        self.find(provider).map(|deployment| deployment.active().name())
    }

    /// Everything that happens from now on. A receiver that falls far behind misses events.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// The provider whose version in use has these bytes.
    pub(crate) fn provider_in_use(&self, digest: Digest) -> Option<String> {
        let deployments = self.shared.deployments.lock().unwrap_or_else(PoisonError::into_inner);
        deployments
            .values()
            .find(|deployment| deployment.active().digest() == digest)
            .map(|deployment| deployment.id().to_owned())
    }

    pub(crate) fn find(&self, provider: &str) -> Option<Arc<Deployment>> {
        let deployments = self.shared.deployments.lock().unwrap_or_else(PoisonError::into_inner);
        deployments.get(provider).map(Arc::clone)
    }
}
