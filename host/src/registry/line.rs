//! The versions of one provider: the one in use, the one before, and those that were given up.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use super::event::{Event, Events};
use super::health::{Outcome, Verdict};
use super::preflight::{self, Objection};
use super::tenant::State;
use super::version::{Lease, Phase, Version};
use super::{SwitchOptions, Switched};
use crate::{Digest, Error};

/// The versions of one provider.
pub(super) struct Line {
    id: String,
    versions: RwLock<Versions>,
    tenants: Mutex<BTreeMap<String, Weak<State>>>,
    events: Events,
}

struct Versions {
    active: Arc<Version>,
    /// Kept while the active one is being watched.
    previous: Option<Arc<Version>>,
    given_up: HashSet<Digest>,
}

impl Line {
    pub(super) fn new(first: Arc<Version>, events: Events) -> Self {
        let id = first.description.id.clone();
        let versions = Versions { active: first, previous: None, given_up: HashSet::new() };
        Self { id, versions: RwLock::new(versions), tenants: Mutex::default(), events }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn active(&self) -> Arc<Version> {
        Arc::clone(&self.read().active)
    }

    /// A lease on the version in use.
    pub(super) fn lease(&self) -> Lease {
        // The lease is counted under the lock, so that a switch sees it or hands out the new version.
        self.read().active.lease()
    }

    /// Makes a tenant known, or replaces what is known under its name.
    pub(super) fn register(&self, tenant: &Arc<State>) {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.retain(|_, known| known.strong_count() > 0);
        tenants.insert(tenant.name().to_owned(), Arc::downgrade(tenant));
    }

    fn tenants(&self) -> Vec<Arc<State>> {
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.values().filter_map(Weak::upgrade).collect()
    }

    pub(super) async fn preflight(&self, new: &Arc<Version>, options: &SwitchOptions) -> Vec<Objection> {
        let (active, is_given_up) = {
            let versions = self.read();
            let is_given_up = versions.given_up.contains(&new.provider.inspection().digest);
            (Arc::clone(&versions.active), is_given_up)
        };
        let tenants = self.tenants();
        let settings: Vec<_> = tenants.iter().map(|tenant| (tenant.name().to_owned(), tenant.settings())).collect();
        let settings = settings.iter().map(|(name, settings)| (name.as_str(), settings));
        let mut objections = preflight::compare(&active.description, &new.description, settings);
        if options.grant_more {
            objections.retain(|objection| !matches!(objection, Objection::GrantWidened { .. }));
        }
        if is_given_up && !options.again {
            objections.push(Objection::GivenUp);
        }
        if options.check && objections.is_empty() {
            for tenant in tenants {
                let refused = |error: Error| Objection::CheckFailed {
                    tenant: tenant.name().to_owned(),
                    reason: format!("{error} [{}]", error.code()),
                };
                let report = match tenant.connect(new) {
                    Ok(mut session) => session.check().await,
                    Err(error) => Err(error),
                };
                match report {
                    Ok(report) => objections.extend(preflight::check_objection(tenant.name(), &report)),
                    Err(error) => objections.push(refused(error)),
                }
            }
        }
        objections
    }

    pub(super) fn switch(self: &Arc<Self>, new: &Arc<Version>, options: &SwitchOptions) -> Switched {
        if options.grant_more {
            self.tenants().iter().for_each(|tenant| tenant.grant(&new.description.requests));
        }
        let old = {
            let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
            versions.given_up.remove(&new.provider.inspection().digest);
            if Arc::ptr_eq(&versions.active, new) {
                None
            } else {
                new.serve(true);
                let old = std::mem::replace(&mut versions.active, Arc::clone(new));
                versions.previous = Some(Arc::clone(&old));
                Some(old)
            }
        };
        let (from, to) = (old.as_ref().map(|old| old.name()), new.name());
        self.events.tell(Event::Switched { provider: self.id.clone(), from: from.clone(), to: to.clone() });
        if let Some(old) = &old {
            old.retire(if options.hurry { Phase::Hurried } else { Phase::Draining });
            self.drain(Arc::clone(old), options.drain);
        }
        Switched { from, to, old }
    }

    /// Sends off whoever still works with an old version when its time is over.
    fn drain(self: &Arc<Self>, old: Arc<Version>, time: std::time::Duration) {
        let line = Arc::downgrade(self);
        tokio::spawn(async move {
            let in_time = tokio::time::timeout(time, old.drained()).await.is_ok();
            let is_active = |line: &Self| Arc::ptr_eq(&line.read().active, &old);
            // It may have been put back meanwhile.
            if !in_time && line.upgrade().is_some_and(|line| !is_active(&line)) {
                old.retire(Phase::Gone);
                old.drained().await;
            }
            if let Some(line) = line.upgrade().filter(|line| !is_active(line)) {
                line.events.tell(Event::Drained { provider: line.id.clone(), version: old.name() });
            }
        });
    }

    /// Takes note of how a call ended, and gives the version up where that is one too many.
    pub(super) fn note(&self, version: &Arc<Version>, tenant: &str, outcome: Outcome) {
        let was_watched = version.is_watched();
        let verdict = version.note(tenant, outcome);
        match verdict {
            Verdict::Fine => {}
            Verdict::Quarantined => self.events.tell(Event::Quarantined {
                provider: self.id.clone(),
                version: version.name(),
                tenant: tenant.to_owned(),
            }),
            Verdict::GivenUp => self.give_up(version),
        }
        if was_watched && verdict == Verdict::Fine && !version.is_watched() {
            let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&versions.active, version) {
                versions.previous = None;
            }
        }
    }

    fn give_up(&self, version: &Arc<Version>) {
        let previous = {
            let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
            if !Arc::ptr_eq(&versions.active, version) {
                return;
            }
            versions.given_up.insert(version.provider.inspection().digest);
            let previous = versions.previous.take();
            if let Some(previous) = &previous {
                previous.serve(false);
                versions.active = Arc::clone(previous);
            }
            previous
        };
        let provider = self.id.clone();
        match previous {
            Some(previous) => {
                version.retire(Phase::Hurried);
                self.events.tell(Event::RolledBack { provider, from: version.name(), to: previous.name() });
            }
            None => self.events.tell(Event::Failing { provider, version: version.name() }),
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Versions> {
        self.versions.read().unwrap_or_else(PoisonError::into_inner)
    }
}
