//! The versions of all providers that are in use, and who uses them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use provider_sandbox::{Access, Digest, Error as SandboxError, Sandbox};
use tokio::sync::broadcast;

use crate::candidate::Candidate;
use crate::event::{Event, Events};
use crate::health::Patience;
use crate::line::{self, Line, Unswitched};
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
    patience: Patience,
    lines: Mutex<BTreeMap<String, Arc<Line>>>,
    events: Events,
}

impl Registry {
    /// No versions and no tenants.
    #[must_use]
    pub fn new(sandbox: Sandbox, patience: Patience) -> Self {
        let shared = Shared { sandbox, patience, lines: Mutex::default(), events: Events::new() };
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

    /// Compiles a component aside and asks it to describe itself. Whether its bytes are to be trusted was asked before,
    /// with [`Trust::check`](provider_sandbox::Trust::check).
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

    /// What stands against a candidate. Nothing is changed; requests are made only with [`SwitchOptions::check`].
    pub async fn preflight(&self, candidate: &Candidate, options: &SwitchOptions) -> Vec<Objection> {
        let new = &candidate.version;
        if let Some(other) = preflight::other_provider(options.provider.as_deref(), &new.description) {
            return vec![other];
        }
        let Some(line) = self.find(&new.description.id) else { return Vec::new() };
        let seen = line.look(new, &Demand { options, floor: Floor::Any });
        if options.check && seen.objections.is_empty() {
            return line::check(new, &seen).await;
        }
        seen.objections
    }

    /// Puts a candidate into use after its preflight, at once for all new calls. The first version of a provider is
    /// simply put into use. If the version in use changes during the preflight, the preflight is made again. A candidate
    /// with the bytes of the version in use changes nothing.
    ///
    /// # Errors
    /// [`Error::PreflightFailed`], with everything that stands against it.
    pub async fn switch(&self, candidate: &Candidate, options: &SwitchOptions) -> Result<Switched> {
        self.put_into_use(candidate, &Demand { options, floor: Floor::Any }).await
    }

    pub(crate) async fn put_into_use(&self, candidate: &Candidate, demand: &Demand<'_>) -> Result<Switched> {
        let (new, options) = (&candidate.version, demand.options);
        let refused = |objections| Err(Error::PreflightFailed { version: new.name(), objections });
        if let Some(other) = preflight::other_provider(options.provider.as_deref(), &new.description) {
            return refused(vec![other]);
        }
        let Some(line) = self.find_or_begin(new) else {
            return Ok(Switched { from: None, to: new.name(), old: None });
        };
        loop {
            let seen = line.look(new, demand);
            if options.check && seen.objections.is_empty() && line.active().digest() != new.digest() {
                let objections = line::check(new, &seen).await;
                if !objections.is_empty() {
                    return refused(objections);
                }
            }
            match line.switch(new, demand, &seen) {
                Ok(switched) => return Ok(switched),
                Err(Unswitched::Objections(objections)) => return refused(objections),
                // Each time that this happens another switch was made, or a version was given up.
                Err(Unswitched::Stale) => {}
            }
        }
    }

    /// The versions that a new one belongs to. `None` if there were none: then it is in use as the first.
    fn find_or_begin(&self, new: &Arc<Version>) -> Option<Arc<Line>> {
        let Shared { patience, lines, events, .. } = &*self.shared;
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = match lines.entry(new.description.id.clone()) {
            Entry::Occupied(line) => return Some(Arc::clone(line.get())),
            Entry::Vacant(place) => {
                let provider = place.key().clone();
                place.insert(Arc::new(Line::new(Arc::clone(new), patience.clone(), events.clone())));
                events.send(Event::Switched { provider, from: None, to: new.name() })
            }
        };
        drop(lines);
        begun.log();
        None
    }

    /// A tenant of a provider, by its product's id. A tenant of the same name that is still held keeps its own access; a
    /// preflight looks at the later one.
    ///
    /// # Errors
    /// No version of the provider is in use, or the access does not fit its settings.
    pub fn tenant(&self, name: &str, provider: &str, access: Access) -> Result<Tenant> {
        let line = self.find(provider).ok_or_else(|| Error::ProviderUnknown { id: provider.to_owned() })?;
        Tenant::new(name, &line, access, &self.shared.sandbox)
    }

    /// The version of a provider that is in use.
    #[must_use]
    pub fn active(&self, provider: &str) -> Option<VersionName> {
        self.find(provider).map(|line| line.active().name())
    }

    /// What happens from now on. Whoever falls far behind misses some.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// The provider whose version in use has these bytes.
    pub(crate) fn provider_in_use(&self, digest: Digest) -> Option<String> {
        let lines = self.shared.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.values().find(|line| line.active().digest() == digest).map(|line| line.id().to_owned())
    }

    pub(crate) fn find(&self, provider: &str) -> Option<Arc<Line>> {
        let lines = self.shared.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get(provider).map(Arc::clone)
    }
}
