//! The versions of one provider as a state machine: which one is in use, which one a rollback restores, and which leases
//! must end.
//!
//! Events go in, decisions come out. It uses no lock, clock or task: the caller makes one step at a time and carries out
//! each decision before the next step. What always holds, and is tested in every order of events:
//! * The version in use serves: its leases are never asked to end.
//! * A failure restores the last version that passed its probation, with the grants that it had.
//! * A version that was given up is put into use only by a switch that says so.
//! * A switch is made against the version that its preflight saw.
//! * A retirement ends by its own time, not by that of an earlier one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::health::{Admission, CallOutcome, Health, HealthPolicy};
use crate::probation::{Baseline, Baselines, Probation, ProbationState};

/// What a version asks of its leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Go on.
    Serving,
    /// Finish the listing, begin nothing new.
    Draining,
    /// Go on in another version after the current step.
    Hurried,
    /// Leave the step unfinished and go on in another version.
    Gone,
}

/// The versions of one provider. `V` names one by its bytes; `G` is what was granted for it beyond what tenants came with.
#[derive(Clone, Debug)]
pub(crate) struct Versions<V, G> {
    policy: HealthPolicy,
    /// Counts switches, rollbacks and versions that were given up.
    generation: u64,
    active: V,
    /// That of the active version; `None` once it has passed.
    probation: Option<Probation>,
    /// The last version that passed its probation, as long as the active one has not.
    way_back: Option<V>,
    /// The active version, the way back, and those that somebody still works with.
    known: BTreeMap<V, Known<G>>,
    given_up: BTreeSet<V>,
    /// How many tenants of each name exist.
    tenants: BTreeMap<String, u32>,
    baselines: Baselines,
}

#[derive(Clone, Debug)]
struct Known<G> {
    grants: G,
    health: Health,
    retirement: Option<Retirement>,
}

/// A version that was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Retirement {
    generation: u64,
    phase: Phase,
}

/// A switch that somebody asks for.
#[derive(Clone, Debug)]
pub(crate) struct Switch<V, G> {
    /// What is to be in use.
    pub(crate) to: V,
    /// The generation that the preflight saw.
    pub(crate) seen: u64,
    /// Whether a version that was given up is tried again.
    pub(crate) again: bool,
    /// Whether listings leave the old version after their step.
    pub(crate) hurry: bool,
    /// What is granted for the new version.
    pub(crate) grants: G,
}

/// A switch that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Switched<V> {
    /// The version is in use already.
    Unchanged,
    /// It replaced another version, whose retirement has this generation.
    From(V, u64),
}

/// Why a switch was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Something changed since the preflight: it is made again.
    Stale,
    /// The version was given up.
    GivenUp,
}

/// What follows from a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision<V> {
    /// Nothing.
    None,
    /// The version is quarantined for the tenant.
    Quarantined,
    /// The version was given up, and the one before is in use again. The retirement has this generation.
    RolledBack(V, u64),
    /// The version was given up, and there is no earlier version to put back.
    Failing,
}

impl<V: Copy + Ord, G> Versions<V, G> {
    /// The first version. There is nothing to go back to, so it is not on probation.
    pub(crate) fn new(first: V, grants: G, policy: HealthPolicy) -> Self {
        Self {
            policy,
            generation: 0,
            active: first,
            probation: None,
            way_back: None,
            known: BTreeMap::from([(first, Known { grants, health: Health::default(), retirement: None })]),
            given_up: BTreeSet::new(),
            tenants: BTreeMap::new(),
            baselines: Baselines::default(),
        }
    }

    /// The version in use.
    pub(crate) const fn active(&self) -> V {
        self.active
    }

    /// What a preflight remembers, for [`Switch::seen`].
    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn is_given_up(&self, version: V) -> bool {
        self.given_up.contains(&version)
    }

    /// Whether the version is in use, may come back, or is still worked with.
    pub(crate) fn knows(&self, version: V) -> bool {
        self.known.contains_key(&version)
    }

    /// What was granted for a version that is known.
    pub(crate) fn grants(&self, version: V) -> Option<&G> {
        self.known.get(&version).map(|known| &known.grants)
    }

    /// What the version asks of its leases.
    pub(crate) fn phase(&self, version: V) -> Phase {
        if version == self.active {
            return Phase::Serving;
        }
        let retirement = self.known.get(&version).and_then(|known| known.retirement);
        retirement.map_or(Phase::Gone, |retirement| retirement.phase)
    }

    /// A tenant came into being; there may be others of its name.
    pub(crate) fn enroll(&mut self, tenant: &str) {
        let count = self.tenants.entry(tenant.to_owned()).or_default();
        *count = count.saturating_add(1);
        if *count == 1 {
            self.baselines.set(tenant, Baseline::Unknown);
        }
    }

    /// A tenant is gone. If it was the last of its name, forgets the record of its calls.
    pub(crate) fn dismiss(&mut self, tenant: &str) {
        let Some(count) = self.tenants.get_mut(tenant) else { return };
        *count = count.saturating_sub(1);
        if *count > 0 {
            return;
        }
        self.tenants.remove(tenant);
        self.baselines.remove(tenant);
        self.known.values_mut().for_each(|known| known.health.forget(tenant));
        if let Some(probation) = &mut self.probation {
            probation.forget(tenant);
        }
    }

    /// Whether a call of the tenant may begin in the version now.
    pub(crate) fn admit(&mut self, version: V, tenant: &str, now: Instant) -> Admission {
        match self.known.get_mut(&version) {
            Some(known) => known.health.admit(&self.policy, tenant, now),
            None => Admission::After(std::time::Duration::ZERO),
        }
    }

    /// A call that was let through after a quarantine has ended, or was dropped.
    pub(crate) fn release(&mut self, version: V, tenant: &str, probe: u64) {
        if let Some(known) = self.known.get_mut(&version) {
            known.health.release(tenant, probe);
        }
    }

    /// A call of the tenant in the version has ended.
    pub(crate) fn note(&mut self, version: V, tenant: &str, outcome: CallOutcome, now: Instant) -> Decision<V> {
        if !self.tenants.contains_key(tenant) {
            return Decision::None;
        }
        let Some(known) = self.known.get_mut(&version) else { return Decision::None };
        let quarantined = known.health.note(&self.policy, tenant, outcome, now);
        let decision = if quarantined { Decision::Quarantined } else { Decision::None };
        if version != self.active || self.given_up.contains(&version) {
            return decision;
        }
        let (state, working) = match &mut self.probation {
            Some(probation) => {
                probation.note(tenant, outcome);
                (probation.state(&self.policy, &self.baselines), probation.working(&self.policy))
            }
            None => {
                self.baselines.set(tenant, self.baselines.get(tenant).after(outcome));
                (ProbationState::Open, self.baselines.worked())
            }
        };
        // On probation, a tenant that failed before says nothing. Afterwards the baselines are of this version itself.
        let (is_watched, baselines) = (self.probation.is_some(), &self.baselines);
        let counts = |tenant: &str| !is_watched || baselines.get(tenant) != Baseline::Failed;
        let is_hopeless = outcome == CallOutcome::Fault && known.health.is_hopeless(&self.policy, working, counts);
        match state {
            ProbationState::Failed => self.give_up(),
            ProbationState::Open | ProbationState::Passed if is_hopeless => self.give_up(),
            ProbationState::Passed => {
                self.stand();
                decision
            }
            ProbationState::Open => decision,
        }
    }

    /// The active version has passed its probation: no earlier one is kept, and its calls become the next one's baseline.
    fn stand(&mut self) {
        for (tenant, last) in self.probation.take().iter().flat_map(Probation::last) {
            self.baselines.set(tenant, last);
        }
        self.way_back = None;
        self.prune();
    }

    fn give_up(&mut self) -> Decision<V> {
        self.given_up.insert(self.active);
        self.generation = self.generation.wrapping_add(1);
        self.probation = None;
        match self.way_back.take() {
            Some(back) => {
                self.retire(Phase::Hurried);
                self.serve(back);
                Decision::RolledBack(back, self.generation)
            }
            None => Decision::Failing,
        }
    }

    /// Puts a version into use.
    pub(crate) fn switch(&mut self, switch: Switch<V, G>) -> Result<Switched<V>, Refused> {
        let Switch { to, seen, again, hurry, grants } = switch;
        if to == self.active {
            if again && self.given_up.remove(&to) {
                self.probation = Some(Probation::default());
            }
            return Ok(Switched::Unchanged);
        }
        if seen != self.generation {
            return Err(Refused::Stale);
        }
        if self.is_given_up(to) && !again {
            return Err(Refused::GivenUp);
        }
        self.given_up.remove(&to);
        self.generation = self.generation.wrapping_add(1);
        let old = self.active;
        let way_back = if self.has_stood() { Some(old) } else { self.way_back };
        self.retire(if hurry { Phase::Hurried } else { Phase::Draining });
        // A version that passed a probation needs neither another one nor an earlier version to return to.
        let is_back = way_back == Some(to);
        self.probation = (!is_back).then(Probation::default);
        self.way_back = way_back.filter(|_| !is_back);
        self.known.insert(to, Known { grants, health: Health::default(), retirement: None });
        self.serve(to);
        Ok(Switched::From(old, self.generation))
    }

    /// Whether the active version is one to come back to.
    fn has_stood(&self) -> bool {
        self.probation.is_none() && !self.is_given_up(self.active)
    }

    fn retire(&mut self, phase: Phase) {
        let generation = self.generation;
        if let Some(known) = self.known.get_mut(&self.active) {
            known.retirement = Some(Retirement { generation, phase });
        }
    }

    fn serve(&mut self, version: V) {
        self.active = version;
        if let Some(known) = self.known.get_mut(&version) {
            known.retirement = None;
        }
        self.prune();
    }

    fn prune(&mut self) {
        let (active, way_back) = (self.active, self.way_back);
        self.known
            .retain(|version, known| *version == active || way_back == Some(*version) || known.retirement.is_some());
    }

    /// The time of a retirement is over: remaining leases leave the version at once.
    pub(crate) fn time_is_over(&mut self, version: V, generation: u64) {
        if let Some(retirement) = self.retirement(version, generation) {
            retirement.phase = Phase::Gone;
        }
    }

    /// Nobody works with the version any more; whether that ends the retirement of this generation.
    pub(crate) fn left(&mut self, version: V, generation: u64) -> bool {
        let is_over = self.retirement(version, generation).is_some();
        if let Some(known) = self.known.get_mut(&version).filter(|_| is_over) {
            known.retirement = None;
        }
        self.prune();
        is_over
    }

    fn retirement(&mut self, version: V, generation: u64) -> Option<&mut Retirement> {
        let retirement = self.known.get_mut(&version)?.retirement.as_mut()?;
        (retirement.generation == generation).then_some(retirement)
    }
}

#[cfg(test)]
mod tests;
