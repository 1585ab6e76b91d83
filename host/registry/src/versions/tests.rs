//! Every order of a handful of events: what always holds, holds after each.

use std::collections::HashSet;
use std::hash::{Hash as _, Hasher as _};
use std::time::Duration;

use super::*;

/// Versions are small numbers, and what is granted for one is the chain of switches that led to it.
type Machine = Versions<u8, Vec<u8>>;

const TENANTS: [&str; 2] = ["a", "b"];

fn policy() -> HealthPolicy {
    HealthPolicy {
        faults: 2,
        quarantine: Duration::from_secs(60),
        pause: Duration::from_secs(1),
        tenants: 2,
        probation_calls: 2,
        probation_faults: 1,
    }
}

/// What can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// One of two operators makes a preflight.
    Look { operator: usize, to: u8, again: bool },
    /// Both at once, without insisting.
    Switch { to: u8 },
    /// The operator switches after that preflight.
    Commit { operator: usize },
    /// A call ends.
    Call { version: u8, tenant: &'static str, outcome: CallOutcome },
    /// The time of a retirement is over.
    TimeOver { timer: usize },
    /// The last lease of a retirement is returned.
    Left { timer: usize },
}

/// Which events are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// Two operators, and preflights that others come between. Calls end in the version in use.
    Operators,
    /// One operator, whose preflights nothing comes between.
    Calls,
}

const ALL: [Which; 2] = [Which::Operators, Which::Calls];

/// How many events in a row.
const DEPTH: usize = 7;

/// A fault that the versions had once, or could have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    SameBytesAreAnotherVersion,
    ComesBackToWhateverWasBefore,
    SwitchErasesWhatWasGivenUp,
    SwitchAfterAnOldPreflight,
    AnyTimerEndsARetirement,
    GrantsSurviveARollback,
    OneTenantDecides,
    OldFailuresCount,
    LeftMeansForgotten,
}

const FAULTS: [Fault; 9] = [
    Fault::SameBytesAreAnotherVersion,
    Fault::ComesBackToWhateverWasBefore,
    Fault::SwitchErasesWhatWasGivenUp,
    Fault::SwitchAfterAnOldPreflight,
    Fault::AnyTimerEndsARetirement,
    Fault::GrantsSurviveARollback,
    Fault::OneTenantDecides,
    Fault::OldFailuresCount,
    Fault::LeftMeansForgotten,
];

/// A preflight that found nothing.
#[derive(Clone, Copy, Debug)]
struct Look {
    to: u8,
    again: bool,
    seen: u64,
    active: u8,
}

/// The versions, and what a bystander writes down of them.
#[derive(Clone, Debug)]
struct World {
    machine: Machine,
    looks: [Option<Look>; 2],
    /// Retirements, in their order.
    timers: Vec<(u8, u64)>,
    /// Those that stood, in their order.
    stood: Vec<u8>,
    given_up: Vec<u8>,
    /// What was granted by the latest switch to each.
    grants: BTreeMap<u8, Vec<u8>>,
    /// How the last call of each tenant ended in a version that stood.
    before: BTreeMap<&'static str, bool>,
    /// Who had a failing call since the switch.
    failed: BTreeSet<&'static str>,
    now: Instant,
}

impl World {
    fn new(fault: Option<Fault>, now: Instant) -> Self {
        let tenants = if fault == Some(Fault::OneTenantDecides) { 1 } else { 2 };
        let mut machine = Machine::new(1, vec![1], HealthPolicy { tenants, ..policy() });
        TENANTS.iter().for_each(|tenant| machine.enroll(tenant));
        Self {
            machine,
            looks: [None; 2],
            timers: Vec::new(),
            stood: vec![1],
            given_up: Vec::new(),
            grants: BTreeMap::from([(1, vec![1])]),
            before: BTreeMap::new(),
            failed: BTreeSet::new(),
            now,
        }
    }

    /// Distinguishes states.
    fn id(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        format!("{self:?}").hash(&mut hasher);
        hasher.finish()
    }

    fn events(&self, which: Which) -> Vec<Event> {
        let mut events = Vec::new();
        let operators = if which == Which::Operators { 0..2 } else { 0..0 };
        if which == Which::Calls {
            events.extend((1..=3).map(|to| Event::Switch { to }));
        }
        for operator in operators {
            if self.looks[operator].is_some() {
                events.push(Event::Commit { operator });
            } else {
                // The second operator alone insists on what was given up.
                events.extend((1..=3).map(|to| Event::Look { operator, to, again: operator == 1 }));
            }
        }
        let is_tried = |version: &u8| match which {
            Which::Operators => *version == self.machine.active(),
            Which::Calls => self.machine.knows(*version),
        };
        let worked_with = (1..=3).filter(is_tried);
        for version in worked_with {
            for tenant in TENANTS {
                events.extend([CallOutcome::Good, CallOutcome::Fault].map(|outcome| Event::Call {
                    version,
                    tenant,
                    outcome,
                }));
            }
        }
        for timer in 0..self.timers.len() {
            events.extend([Event::TimeOver { timer }, Event::Left { timer }]);
        }
        events
    }

    /// Makes a step, and says what does not hold after it.
    fn step(&mut self, event: Event, fault: Option<Fault>) -> Result<(), &'static str> {
        match event {
            Event::Look { operator, to, again } => {
                self.looks[operator] = Some(self.look(to, again));
            }
            Event::Switch { to } => self.commit(self.look(to, false), fault)?,
            Event::Commit { operator } => {
                if let Some(look) = self.looks[operator].take() {
                    self.commit(look, fault)?;
                }
            }
            Event::Call { version, tenant, outcome } => self.call(version, tenant, outcome, fault)?,
            Event::TimeOver { timer } => {
                let (version, generation) = self.timers[timer];
                let before = self.machine.phase(version);
                self.machine.time_is_over(version, generation);
                if fault == Some(Fault::AnyTimerEndsARetirement) {
                    let known = self.machine.known.get_mut(&version);
                    if let Some(retirement) = known.and_then(|known| known.retirement.as_mut()) {
                        retirement.phase = Phase::Gone;
                    }
                }
                let latest = self.timers.iter().rev().find(|(of, _)| *of == version);
                if before != Phase::Gone
                    && self.machine.phase(version) == Phase::Gone
                    && latest != Some(&(version, generation))
                {
                    return Err("an earlier time ended a later retirement");
                }
            }
            Event::Left { timer } => {
                let (version, generation) = self.timers[timer];
                self.machine.left(version, generation);
                if fault == Some(Fault::LeftMeansForgotten) {
                    self.machine.known.remove(&version);
                }
            }
        }
        let machine = &self.machine;
        if machine.phase(machine.active()) != Phase::Serving || !machine.knows(machine.active()) {
            return Err("the version in use is asked to be left");
        }
        if machine.grants(machine.active()) != self.grants.get(&machine.active()) {
            return Err("the version in use has other grants than it was given");
        }
        if machine.way_back.is_some_and(|back| !self.stood.contains(&back) || !machine.knows(back)) {
            return Err("the way back is to a version that did not stand");
        }
        Ok(())
    }

    /// A preflight. Whether the version was given up is left to the versions.
    fn look(&self, to: u8, again: bool) -> Look {
        Look { to, again, seen: self.machine.generation(), active: self.machine.active() }
    }

    fn commit(&mut self, look: Look, fault: Option<Fault>) -> Result<(), &'static str> {
        let Look { to, mut again, mut seen, .. } = look;
        let before = self.machine.clone();
        let active = before.active();
        match fault {
            Some(Fault::SwitchErasesWhatWasGivenUp) => again = true,
            Some(Fault::SwitchAfterAnOldPreflight) => seen = before.generation(),
            _ => {}
        }
        let mut grants = before.grants(active).cloned().unwrap_or_default();
        grants.push(to);
        let done = self.machine.switch(Switch { to, seen, again, hurry: false, grants: grants.clone() });
        if to == active && fault == Some(Fault::SameBytesAreAnotherVersion) {
            self.machine.probation = Some(Probation::default());
            self.machine.way_back = Some(active);
        }
        match done {
            Ok(Switched::Unchanged) => {
                if to != active {
                    return Err("a switch that does nothing is called made");
                }
                if !self.given_up.contains(&to) && format!("{before:?}") != format!("{:?}", self.machine) {
                    return Err("the same bytes twice changed something");
                }
                if look.again {
                    self.given_up.retain(|version| *version != to);
                }
            }
            Ok(Switched::From(old, generation)) => {
                if fault == Some(Fault::ComesBackToWhateverWasBefore) && self.machine.probation.is_some() {
                    self.machine.way_back = Some(old);
                }
                if old != active || look.active != active || look.seen != before.generation() {
                    return Err("a switch was made against another version than its preflight saw");
                }
                if self.given_up.contains(&to) && !look.again {
                    return Err("a version that was given up was put into use unasked");
                }
                if fault == Some(Fault::OldFailuresCount) {
                    TENANTS.iter().for_each(|tenant| self.machine.baselines.set(tenant, Baseline::Unknown));
                }
                self.given_up.retain(|version| *version != to);
                self.timers.push((old, generation));
                self.grants.insert(to, grants);
                self.failed.clear();
            }
            Err(Refused::Stale) if seen == before.generation() => return Err("refused without a reason"),
            Err(Refused::GivenUp) if !self.given_up.contains(&to) => return Err("refused without a reason"),
            Err(_) => {}
        }
        if self.machine.active() != active && self.machine.active() != to {
            return Err("another version than the one asked for is in use");
        }
        Ok(())
    }

    fn call(
        &mut self,
        version: u8,
        tenant: &'static str,
        outcome: CallOutcome,
        fault: Option<Fault>,
    ) -> Result<(), &'static str> {
        let (active, was_watched) = (self.machine.active(), self.machine.probation.is_some());
        let is_judged = version == active && !self.given_up.contains(&active);
        let failing = self.machine.grants(active).cloned();
        let decision = self.machine.note(version, tenant, outcome, self.now);
        if is_judged && outcome == CallOutcome::Fault {
            self.failed.insert(tenant);
        }
        if let (Decision::RolledBack(..), Some(Fault::GrantsSurviveARollback), Some(grants)) =
            (decision, fault, failing)
        {
            let active = self.machine.active();
            self.machine.known.get_mut(&active).unwrap().grants = grants;
        }
        match decision {
            Decision::RolledBack(back, generation) => {
                self.timers.push((active, generation));
                self.given_up.push(active);
                if !is_judged || !was_watched {
                    return Err("a call in another version took this one out of use");
                }
                if self.stood.last() != Some(&back) || self.machine.active() != back {
                    return Err("another version came back than the last that stood");
                }
                // Both tenants count, except one whose calls also failed under the earlier version.
                let says = |tenant: &&str| self.before.get(*tenant) != Some(&false);
                if !TENANTS.iter().filter(|tenant| says(tenant)).all(|tenant| self.failed.contains(tenant)) {
                    return Err("one tenant took the version from the other");
                }
                if !says(&tenant) {
                    return Err("what was wrong before the switch took the version out of use");
                }
                self.failed.clear();
            }
            Decision::Failing => self.given_up.push(active),
            Decision::None | Decision::Quarantined => {
                if self.machine.active() != active {
                    return Err("another version is in use without a word");
                }
            }
        }
        if is_judged && !was_watched {
            self.before.insert(tenant, outcome == CallOutcome::Good);
        }
        if was_watched
            && self.machine.probation.is_none()
            && decision != Decision::Failing
            && self.machine.active() == active
        {
            self.stood.push(active);
            self.before = TENANTS
                .iter()
                .filter_map(|tenant| match self.machine.baselines.get(tenant) {
                    Baseline::Unknown => None,
                    Baseline::Worked => Some((*tenant, true)),
                    Baseline::Failed => Some((*tenant, false)),
                })
                .collect();
        }
        Ok(())
    }
}

/// Tries all orders of so many events, each state once. Returns how many states there are, or what does not hold and how
/// it came about.
fn explore(depth: usize, which: Which, fault: Option<Fault>) -> Result<usize, (&'static str, Vec<Event>)> {
    let start = World::new(fault, Instant::now());
    let mut seen = HashSet::from([start.id()]);
    let mut states = vec![(start, Vec::new())];
    for _ in 0..depth {
        let mut next = Vec::new();
        for (world, path) in &states {
            for event in world.events(which) {
                let (mut world, mut path): (World, Vec<Event>) = (world.clone(), path.clone());
                path.push(event);
                if let Err(what) = world.step(event, fault) {
                    return Err((what, path));
                }
                if seen.insert(world.id()) {
                    next.push((world, path));
                }
            }
        }
        states = next;
    }
    Ok(seen.len())
}

#[test]
fn the_invariants_hold_in_every_order_of_events() {
    for which in ALL {
        let states = explore(DEPTH, which, None).unwrap();
        assert!(states > 10_000, "{states} states of {which:?} are too few to mean anything");
    }
}

#[test]
fn each_earlier_bug_breaks_an_invariant() {
    for fault in FAULTS {
        // The shortest way to it.
        let found =
            (1..=DEPTH).find_map(|depth| ALL.iter().find_map(|which| explore(depth, *which, Some(fault)).err()));
        assert!(found.is_some(), "{fault:?} goes unnoticed");
    }
}
