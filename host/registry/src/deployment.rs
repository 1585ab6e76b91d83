//! A deployment: the versions of one provider and its tenants. Carries out what [`Versions`] decides.
//!
//! One lock holds the decisions and what follows from them for leases. So every new lease is on the version that is in
//! use at that moment, and no lessee is asked to leave a version that has come back in the meantime.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use provider_sandbox::Digest;

use crate::Result;
use crate::event::{Event, Events};
use crate::grants::Added;
use crate::health::{Admission, CallOutcome, HealthPolicy};
use crate::objection::Objection;
use crate::preflight::{self, Demand};
use crate::switch::{SwitchOptions, Switched};
use crate::tenant_access::TenantAccess;
use crate::version::{Lease, Version};
use crate::versions::{Decision, Refused, Switch, Versions};

/// One provider's versions, the tenants that use them, and the version in use.
pub(crate) struct Deployment {
    id: String,
    inner: Mutex<Inner>,
    events: Events,
}

struct Inner {
    versions: Versions<Digest, Added>,
    /// Those that `versions` knows.
    loaded: BTreeMap<Digest, Arc<Version>>,
    /// The later tenant of each name.
    tenants: BTreeMap<String, Weak<TenantAccess>>,
    active: Arc<Version>,
}

#[cfg(test)]
impl std::fmt::Debug for Deployment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let inner = self.lock();
        f.debug_struct("Deployment").field("versions", &inner.versions).field("tenants", &inner.tenants.keys()).finish()
    }
}

/// What a preflight saw.
pub(crate) struct Seen {
    generation: u64,
    /// The objections that were found without asking any server.
    pub(crate) objections: Vec<Objection>,
    /// The tenants that exist.
    tenants: Vec<Arc<TenantAccess>>,
    /// What would be granted for the new version.
    added: Added,
    active: Arc<Version>,
    added_before: Added,
}

/// Why a switch was not made.
pub(crate) enum Unswitched {
    /// Something changed since the preflight: it is made again.
    Stale,
    /// The preflight raised these objections.
    Objections(Vec<Objection>),
}

impl Deployment {
    pub(crate) fn new(first: Arc<Version>, policy: HealthPolicy, events: Events) -> Self {
        let id = first.description.id.clone();
        let digest = first.digest();
        let versions = Versions::new(digest, Added::default(), policy);
        let loaded = BTreeMap::from([(digest, Arc::clone(&first))]);
        let inner = Inner { versions, loaded, tenants: BTreeMap::new(), active: first };
        Self { id, inner: Mutex::new(inner), events }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn active(&self) -> Arc<Version> {
        Arc::clone(&self.lock().active)
    }

    /// A lease on the version in use.
    pub(crate) fn lease(&self) -> Lease {
        // The lease is counted under the lock, so that a switch sees it or hands out the new version.
        let inner = self.lock();
        inner.active.lease(inner.added_before(), inner.versions.generation())
    }

    /// Enrolls a tenant, or replaces the one of its name. Returns false if another version is in use than the one of this
    /// generation, which the tenant was tried with.
    pub(crate) fn enroll(&self, tenant: &Arc<TenantAccess>, generation: u64) -> bool {
        let mut inner = self.lock();
        if inner.versions.generation() != generation {
            return false;
        }
        inner.versions.enroll(tenant.name());
        inner.tenants.insert(tenant.name().to_owned(), Arc::downgrade(tenant));
        true
    }

    /// Forgets a tenant that is being dropped.
    pub(crate) fn dismiss(&self, tenant: &TenantAccess) {
        let mut inner = self.lock();
        inner.versions.dismiss(tenant.name());
        if inner.tenants.get(tenant.name()).is_some_and(|known| std::ptr::eq(known.as_ptr(), tenant)) {
            inner.tenants.remove(tenant.name());
        }
    }

    /// Compares a version with the one in use.
    pub(crate) fn look(&self, new: &Version, demand: &Demand<'_>) -> Seen {
        let mut tenants = Vec::new();
        let inner = self.lock();
        let objections = inner.objections(new, demand, &mut tenants);
        Seen {
            generation: inner.versions.generation(),
            objections,
            added: inner.added(new, demand.options),
            active: Arc::clone(&inner.active),
            added_before: inner.added_before(),
            tenants,
        }
    }

    /// Puts a version into use, if nothing that its preflight saw has changed.
    pub(crate) fn switch(
        self: &Arc<Self>,
        new: &Arc<Version>,
        demand: &Demand<'_>,
        seen: &Seen,
    ) -> Result<Switched, Unswitched> {
        let options = demand.options;
        let mut tenants = Vec::new();
        let mut inner = self.lock();
        // There may be new tenants since the preflight.
        let objections = inner.objections(new, demand, &mut tenants);
        let old = Arc::clone(&inner.active);
        if old.digest() != new.digest() && !objections.is_empty() {
            return Err(Unswitched::Objections(objections));
        }
        let switch = Switch {
            to: new.digest(),
            seen: seen.generation,
            again: options.again,
            hurry: options.hurry,
            grants: inner.added(new, options),
        };
        let switched = inner.versions.switch(switch).map_err(|refused| match refused {
            Refused::Stale => Unswitched::Stale,
            Refused::GivenUp => Unswitched::Objections(vec![Objection::GivenUp]),
        })?;
        let super::versions::Switched::From(_, generation) = switched else {
            let from = Some(old.name());
            return Ok(Switched { from, to: old.name(), old: None });
        };
        inner.loaded.entry(new.digest()).or_insert_with(|| Arc::clone(new));
        inner.carry_out();
        let (from, to) = (Some(old.name()), inner.active.name());
        let sent = self.events.send(Event::Switched { provider: self.id.clone(), from: from.clone(), to: to.clone() });
        drop(inner);
        sent.log();
        self.drain(Arc::clone(&old), generation, Some(options.drain));
        Ok(Switched { from, to, old: Some(old) })
    }

    /// Waits until no lease holds an old version, and ends the remaining leases when its time is over.
    fn drain(self: &Arc<Self>, old: Arc<Version>, generation: u64, time: Option<Duration>) {
        let deployment = Arc::downgrade(self);
        tokio::spawn(async move {
            if let Some(time) = time
                && tokio::time::timeout(time, old.drained()).await.is_err()
                && let Some(deployment) = deployment.upgrade()
            {
                let mut inner = deployment.lock();
                inner.versions.time_is_over(old.digest(), generation);
                inner.carry_out();
            }
            old.drained().await;
            let Some(deployment) = deployment.upgrade() else { return };
            let mut inner = deployment.lock();
            // It may be in use again, or retire once more: then another task reports it.
            let sent = inner.versions.left(old.digest(), generation).then(|| {
                inner.carry_out();
                deployment.events.send(Event::Drained { provider: deployment.id.clone(), version: old.name() })
            });
            drop(inner);
            if let Some(sent) = sent {
                sent.log();
            }
        });
    }

    /// Whether a call of the tenant may begin in the version now.
    pub(crate) fn admit(&self, version: &Version, tenant: &str) -> Admission {
        self.lock().versions.admit(version.digest(), tenant, Instant::now())
    }

    /// A call that was let through after a quarantine has ended, or was dropped.
    pub(crate) fn release(&self, version: &Version, tenant: &str, probe: u64) {
        self.lock().versions.release(version.digest(), tenant, probe);
    }

    /// Records how a call ended, and rolls the version back if it has failed too often.
    pub(crate) fn note(self: &Arc<Self>, version: &Arc<Version>, tenant: &str, outcome: CallOutcome) {
        let provider = || self.id.clone();
        let mut inner = self.lock();
        let decision = inner.versions.note(version.digest(), tenant, outcome, Instant::now());
        inner.carry_out();
        let event = match decision {
            Decision::None => return,
            Decision::Quarantined => {
                Event::Quarantined { provider: provider(), version: version.name(), tenant: tenant.to_owned() }
            }
            Decision::RolledBack(..) => {
                Event::RolledBack { provider: provider(), from: version.name(), to: inner.active.name() }
            }
            Decision::Failing => Event::Failing { provider: provider(), version: version.name() },
        };
        let sent = self.events.send(event);
        drop(inner);
        sent.log();
        if let Decision::RolledBack(_, generation) = decision {
            // A lease on it ends after the step, and a step has its own limit.
            self.drain(Arc::clone(version), generation, None);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Passes the decisions on to the lessees, and drops versions that are no longer needed.
    fn carry_out(&mut self) {
        self.loaded.retain(|digest, _| self.versions.knows(*digest));
        for (digest, version) in &self.loaded {
            version.ask(self.versions.phase(*digest));
        }
        if let Some(active) = self.loaded.get(&self.versions.active()) {
            self.active = Arc::clone(active);
        }
    }

    /// The objections to a version that need no request to a server. The tenants that exist are put into `tenants`.
    fn objections(&self, new: &Version, demand: &Demand<'_>, tenants: &mut Vec<Arc<TenantAccess>>) -> Vec<Objection> {
        tenants.extend(self.tenants.values().filter_map(Weak::upgrade));
        let settings = tenants.iter().map(|tenant| (tenant.name(), tenant.settings()));
        let mut objections = preflight::compare(&self.active.description, &new.description, settings, demand);
        if self.versions.is_given_up(new.digest()) && !demand.options.again {
            objections.push(Objection::GivenUp);
        }
        objections
    }

    /// What was granted for the version in use beyond the tenants' own grants.
    fn added_before(&self) -> Added {
        self.versions.grants(self.active.digest()).cloned().unwrap_or_default()
    }

    /// What would be granted for a version beyond the tenants' own grants.
    fn added(&self, new: &Version, options: &SwitchOptions) -> Added {
        let kept = self.added_before().within(&new.description.requests);
        if !options.grant_more {
            return kept;
        }
        let since = self.versions.generation();
        kept.and(&new.description.requests, &self.active.description.requests, since)
    }
}

/// The objections from the checks of the tenants' servers. A server that fails the check of the version in use as well is
/// no objection to the new one.
pub(crate) async fn check(new: &Arc<Version>, seen: &Seen) -> Vec<Objection> {
    let mut objections = Vec::new();
    for tenant in &seen.tenants {
        let Some(objection) = check_tenant(tenant, new, &seen.added).await else { continue };
        if check_tenant(tenant, &seen.active, &seen.added_before).await.is_none() {
            objections.push(objection);
        }
    }
    objections
}

async fn check_tenant(tenant: &TenantAccess, version: &Version, added: &Added) -> Option<Objection> {
    let report = match tenant.connect(version, added) {
        Ok(mut session) => session.check().await.map_err(Into::into),
        Err(error) => Err(error),
    };
    match report {
        Ok(report) => preflight::check_objection(tenant.name(), &report),
        Err(error) => Some(Objection::CheckFailed {
            tenant: tenant.name().to_owned(),
            reason: format!("{error} [{}]", error.code()),
        }),
    }
}
