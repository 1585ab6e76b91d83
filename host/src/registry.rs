//! Versions of providers, the tenants that use them, and the way from one version to the next.
//!
//! A **tenant** is a named configuration: settings, secrets, grants, limits, a client of its own. It belongs to no file:
//! whatever version is in use serves it. A call or a listing holds a **lease** on the version that it began in. A new
//! version is compiled aside, held against what is in use, and then switched to at once; listings that run finish in
//! their own version or, where they are hurried, go on from their cursor in the new one.

mod across;
mod age;
mod call;
mod canary;
mod changes;
mod event;
mod grants;
mod health;
mod line;
mod listing;
mod preflight;
mod probation;
mod sync;
mod tenant;
#[cfg(test)]
mod tests;
mod version;
mod versions;
mod watch;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;

use crate::{Access, Error, Result, Sandbox};

pub use canary::{CanaryReport, FieldDifference, canary};
pub use event::Event;
pub use health::Patience;
pub use listing::TenantListing;
pub use preflight::Objection;
pub(crate) use preflight::is_same;
pub use sync::TenantSync;
pub use tenant::Tenant;
pub use version::VersionName;
pub use watch::Watch;

use event::Events;
use line::{Line, Unswitched};
use preflight::{Demand, Floor};
use version::Version;

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

/// A version that was compiled and has described itself, and serves nobody yet.
#[derive(Clone)]
pub struct Candidate {
    version: Arc<Version>,
}

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
    /// Whether a watched folder may put an older version into use. [`Registry::switch`] does what it is asked to, whichever
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
    old: Option<Arc<Version>>,
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

impl Registry {
    /// No versions and no tenants.
    #[must_use]
    pub fn new(sandbox: Sandbox, patience: Patience) -> Self {
        let shared = Shared { sandbox, patience, lines: Mutex::default(), events: Events::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Compiles a component aside and asks it to describe itself. Whether its bytes are to be trusted was asked before,
    /// with [`Trust::check`](crate::Trust::check).
    ///
    /// # Errors
    /// As for [`Sandbox::load`], or the provider could not describe itself.
    pub async fn load(&self, bytes: Vec<u8>) -> Result<Candidate> {
        let sandbox = self.shared.sandbox.clone();
        // Compiling takes the better part of a second, which the callers of other versions are not to wait for.
        let compiling = tokio::task::spawn_blocking(move || sandbox.load(&bytes));
        let provider = compiling.await.map_err(|error| Error::Runtime { reason: error.to_string() })??;
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

    async fn put_into_use(&self, candidate: &Candidate, demand: &Demand<'_>) -> Result<Switched> {
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

    fn find(&self, provider: &str) -> Option<Arc<Line>> {
        let lines = self.shared.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get(provider).map(Arc::clone)
    }
}

impl Candidate {
    /// Which version it is.
    #[must_use]
    pub fn name(&self) -> VersionName {
        self.version.name()
    }

    /// What it says of itself.
    #[must_use]
    pub fn description(&self) -> &crate::model::Description {
        &self.version.description
    }

    /// The compiled provider.
    #[must_use]
    pub fn provider(&self) -> &crate::Provider {
        &self.version.provider
    }
}
