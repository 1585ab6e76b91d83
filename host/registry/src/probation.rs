//! Probation: the first calls of a new version, tenant by tenant, decide whether it replaces the earlier one for good.
//!
//! No tenant decides for the others. Failures of a tenant whose calls also failed under the earlier version do not count,
//! and one tenant alone can bring the earlier version back only if it is the only one.

use std::collections::BTreeMap;

use crate::health::{CallOutcome, HealthPolicy};

/// What is known about a tenant from its calls under the last version that passed its probation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Baseline {
    /// There was no call that says anything about the version.
    #[default]
    Unknown,
    /// Its last call worked.
    Worked,
    /// Its last call failed.
    Failed,
}

impl Baseline {
    /// The baseline after one more call.
    pub(crate) const fn after(self, outcome: CallOutcome) -> Self {
        match outcome {
            CallOutcome::Good => Self::Worked,
            CallOutcome::Fault | CallOutcome::Suspect => Self::Failed,
            CallOutcome::Neutral => self,
        }
    }
}

/// The tenants that exist, each with its baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Baselines {
    tenants: BTreeMap<String, Baseline>,
    unknown: usize,
    worked: usize,
    failed: usize,
}

impl Baselines {
    pub(crate) fn get(&self, tenant: &str) -> Baseline {
        self.tenants.get(tenant).copied().unwrap_or_default()
    }

    /// Sets the baseline of a tenant that exists.
    pub(crate) fn set(&mut self, tenant: &str, baseline: Baseline) {
        self.remove(tenant);
        *self.count(baseline) += 1;
        self.tenants.insert(tenant.to_owned(), baseline);
    }

    /// Forgets a tenant that no longer exists.
    pub(crate) fn remove(&mut self, tenant: &str) {
        if let Some(was) = self.tenants.remove(tenant) {
            *self.count(was) -= 1;
        }
    }

    const fn count(&mut self, of: Baseline) -> &mut usize {
        match of {
            Baseline::Worked => &mut self.worked,
            Baseline::Failed => &mut self.failed,
            Baseline::Unknown => &mut self.unknown,
        }
    }

    /// For how many tenants the last call worked.
    pub(crate) const fn worked(&self) -> usize {
        self.worked
    }

    /// How many tenants say something about a new version: all but those whose last call failed.
    const fn witnesses(&self) -> usize {
        self.unknown + self.worked
    }
}

/// The state of a probation after the calls so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProbationState {
    /// There were too few calls to decide.
    Open,
    /// The version stays.
    Passed,
    /// The version is rolled back.
    Failed,
}

/// The calls of a version since it was put into use: an entry for each tenant that called and still exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Probation {
    tenants: BTreeMap<String, Tally>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    good: u32,
    bad: u32,
    last: Baseline,
}

impl Tally {
    /// Whether the version fails this tenant: more calls than the policy allows, or every call.
    const fn fails(self, policy: &HealthPolicy) -> bool {
        self.bad > policy.probation_faults || (self.bad > 0 && self.good == 0)
    }

    const fn works(self, policy: &HealthPolicy) -> bool {
        self.good > 0 && !self.fails(policy)
    }
}

impl Probation {
    /// Records how a call of the tenant ended.
    pub(crate) fn note(&mut self, tenant: &str, outcome: CallOutcome) {
        if outcome == CallOutcome::Neutral {
            return;
        }
        let tally = self.tenants.entry(tenant.to_owned()).or_default();
        match outcome {
            CallOutcome::Good => tally.good = tally.good.saturating_add(1),
            CallOutcome::Fault | CallOutcome::Suspect => tally.bad = tally.bad.saturating_add(1),
            CallOutcome::Neutral => {}
        }
        tally.last = tally.last.after(outcome);
    }

    /// Forgets a tenant that no longer exists.
    pub(crate) fn forget(&mut self, tenant: &str) {
        self.tenants.remove(tenant);
    }

    /// How each tenant's last call ended, to be its baseline for the next version.
    pub(crate) fn last(&self) -> impl Iterator<Item = (&str, Baseline)> {
        self.tenants.iter().map(|(name, tally)| (name.as_str(), tally.last))
    }

    /// For how many tenants the version works.
    pub(crate) fn working(&self, policy: &HealthPolicy) -> usize {
        self.tenants.values().filter(|tally| tally.works(policy)).count()
    }

    /// The state of the probation, given the tenants' baselines.
    pub(crate) fn state(&self, policy: &HealthPolicy, baselines: &Baselines) -> ProbationState {
        let (mut failing, mut failing_newcomers, mut bad_calls) = (0_usize, 0_usize, 0_u32);
        for (name, tally) in &self.tenants {
            let count = match baselines.get(name) {
                // It does not count: the earlier version failed it as well.
                Baseline::Failed => continue,
                Baseline::Worked => &mut failing,
                Baseline::Unknown => &mut failing_newcomers,
            };
            *count += usize::from(tally.fails(policy));
            bad_calls = bad_calls.saturating_add(tally.bad);
        }
        // A tenant that never worked may be misconfigured: it counts only beside one that did, or if none ever did.
        if failing > 0 || baselines.worked() == 0 {
            failing += failing_newcomers;
        }
        let tenants = usize::try_from(policy.tenants).unwrap_or(usize::MAX);
        let needed = tenants.min(baselines.witnesses()).max(1);
        if bad_calls > policy.probation_faults && failing >= needed && failing > self.working(policy) {
            ProbationState::Failed
        } else if self.calls(policy, baselines) >= policy.probation_calls {
            ProbationState::Passed
        } else {
            ProbationState::Open
        }
    }

    /// How many calls count. With several tenants, at most half of the needed calls may come from one of them.
    fn calls(&self, policy: &HealthPolicy, baselines: &Baselines) -> u32 {
        let needed = policy.probation_calls;
        let share = if baselines.witnesses() > 1 { needed.div_ceil(2) } else { needed };
        let counted = |(name, tally): (&String, &Tally)| {
            // Calls that say nothing against the version say nothing for it either.
            let bad = if baselines.get(name) == Baseline::Failed { 0 } else { tally.bad };
            tally.good.saturating_add(bad).min(share)
        };
        self.tenants.iter().map(counted).fold(0, u32::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CallOutcome::{Fault, Good, Neutral, Suspect};

    /// Three tenants, four calls, one of which may go wrong.
    fn policy() -> HealthPolicy {
        HealthPolicy { tenants: 3, probation_calls: 4, probation_faults: 1, ..HealthPolicy::default() }
    }

    #[track_caller]
    fn check(what: &str, before: &[(&str, Baseline)], calls: &[(&str, CallOutcome)], expect: ProbationState) {
        let (mut baselines, mut probation) = (Baselines::default(), Probation::default());
        before.iter().for_each(|(tenant, baseline)| baselines.set(tenant, *baseline));
        let mut state = ProbationState::Open;
        for (tenant, outcome) in calls {
            assert_eq!(state, ProbationState::Open, "{what}: decided before {tenant} {outcome:?}");
            probation.note(tenant, *outcome);
            state = probation.state(&policy(), &baselines);
        }
        assert_eq!(state, expect, "{what}");
    }

    #[test]
    fn the_only_tenant_decides() {
        let alone = [("a", Baseline::Unknown)];
        for (what, calls, expect) in [
            ("too few", [Good, Good, Good].as_slice(), ProbationState::Open),
            ("enough", &[Good, Good, Good, Good], ProbationState::Passed),
            ("one fault", &[Fault, Good, Good, Good], ProbationState::Passed),
            ("two faults", &[Fault, Fault], ProbationState::Failed),
            ("two misreadings", &[Good, Suspect, Good, Suspect], ProbationState::Failed),
            ("nothing that counts", &[Neutral; 20], ProbationState::Open),
        ] {
            let calls: Vec<_> = calls.iter().map(|outcome| ("a", *outcome)).collect();
            check(what, &alone, &calls, expect);
        }
    }

    #[test]
    fn no_tenant_decides_for_the_others() {
        use Baseline::{Failed, Unknown, Worked};

        let evil = |calls| vec![("evil", Suspect); calls];
        let then = |mut first: Vec<_>, calls: &[(&'static str, CallOutcome)]| {
            first.extend_from_slice(calls);
            first
        };
        for baseline in [Failed, Worked, Unknown] {
            for others in [Worked, Unknown] {
                let both = [("good", others), ("evil", baseline)];
                check("it fails, and nobody else called yet", &both, &evil(20), ProbationState::Open);
                let calls = then(evil(20), &[("good", Good), ("good", Good)]);
                let expect = if baseline == Failed { ProbationState::Open } else { ProbationState::Passed };
                check("it fails, and works for the other", &both, &calls, expect);
            }
        }
        let three = [("a", Worked), ("b", Worked), ("c", Worked), ("evil", Worked), ("worse", Worked)];
        let calls = [("evil", Fault), ("worse", Fault), ("evil", Fault)];
        check("two of five", &three, &calls, ProbationState::Open);
    }

    #[test]
    fn a_version_that_fails_tenants_that_worked_before_is_given_up() {
        use Baseline::{Failed, Unknown, Worked};

        check("both of two", &[("a", Worked), ("b", Unknown)], &[("a", Fault), ("b", Fault)], ProbationState::Failed);
        let many = ["a", "b", "c", "d", "e"].map(|tenant| (tenant, Worked));
        check("three of five", &many, &[("a", Suspect), ("b", Fault), ("c", Suspect)], ProbationState::Failed);
        let others_failed_before = [("a", Worked), ("b", Failed), ("c", Failed)];
        check(
            "the only one whose calls worked",
            &others_failed_before,
            &[("a", Fault), ("a", Fault)],
            ProbationState::Failed,
        );
    }

    #[test]
    fn failures_that_existed_before_do_not_count() {
        use Baseline::{Failed, Unknown, Worked};

        let before = [("a", Failed), ("b", Failed), ("c", Failed), ("good", Worked)];
        let calls: Vec<_> = ["a", "b", "c"].iter().cycle().take(30).map(|tenant| (*tenant, Fault)).collect();
        check("three failed before as well", &before, &calls, ProbationState::Open);
        let newcomers = [("a", Unknown), ("b", Unknown), ("c", Unknown), ("good", Worked)];
        check("three never worked", &newcomers, &calls[..3], ProbationState::Open);
    }

    #[test]
    fn one_tenant_alone_does_not_end_the_probation_of_several() {
        let both = [("a", Baseline::Unknown), ("b", Baseline::Unknown)];
        check("one calls", &both, &[("a", Good); 50], ProbationState::Open);
        let calls = [("a", Good), ("a", Good), ("a", Good), ("b", Good), ("b", Good)];
        check("both call", &both, &calls, ProbationState::Passed);
    }

    #[test]
    fn baselines_count_who_exists() {
        let mut baselines = Baselines::default();
        for (tenant, baseline, worked, witnesses) in [
            ("a", Baseline::Unknown, 0, 1),
            ("a", Baseline::Worked, 1, 1),
            ("b", Baseline::Worked, 2, 2),
            ("a", Baseline::Failed, 1, 1),
            ("a", Baseline::Failed, 1, 1),
        ] {
            baselines.set(tenant, baseline);
            assert_eq!((baselines.worked(), baselines.witnesses()), (worked, witnesses), "{tenant} {baseline:?}");
        }
        baselines.remove("b");
        baselines.remove("b");
        baselines.remove("a");
        assert_eq!(baselines, Baselines::default());
    }
}
