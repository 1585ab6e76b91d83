//! How a version works for each tenant: when calls wait, when they are refused, and when a version is given up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use provider_model::ErrorKind;
use provider_sandbox::{Error as SandboxError, LimitHit};
use provider_store::Error as StoreError;

use crate::Error;

/// When calls of a failing version are delayed, when a tenant's calls are refused, and when the version is rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthPolicy {
    /// Consecutive faults after which a tenant's calls to the version are refused (quarantine). 6.
    pub faults: u32,
    /// How long the quarantine lasts; then one call is let through as a probe. 5 minutes.
    pub quarantine: Duration,
    /// The pause after the first fault. Each further fault doubles it, up to 30 seconds. 100 milliseconds.
    pub pause: Duration,
    /// How many tenants a version must fail before it is given up for all: a single tenant's server may be what crashes
    /// it. It must also fail more tenants than it works for. If a probation has fewer tenants that count, it must fail all
    /// of them; those count whose last call worked under the earlier version, or who made none. 3.
    pub tenants: u32,
    /// How many calls a new version is watched for after a switch. With several tenants, at most half of these calls may
    /// come from one of them. 20.
    pub probation_calls: u32,
    /// How many of these calls may fail before the earlier version is put back. Calls of a tenant whose last call failed
    /// under the earlier version do not count. 2.
    pub probation_faults: u32,
}

impl Default for HealthPolicy {
    fn default() -> Self {
        Self {
            faults: 6,
            quarantine: Duration::from_secs(5 * 60),
            pause: Duration::from_millis(100),
            tenants: 3,
            probation_calls: 20,
            probation_faults: 2,
        }
    }
}

/// The longest pause after a fault.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What the end of a call shows about the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    /// The version did its work.
    Good,
    /// It crashed or ran into a limit.
    Fault,
    /// Its answer suggests that it misreads the product: this counts only against a version on probation.
    Suspect,
    /// The cause is the network, the product or the settings, or nothing at all.
    Neutral,
}

impl CallOutcome {
    /// What a call's result shows about the version.
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other error is the version's")]
    pub(crate) fn of<T>(result: &Result<T, Error>) -> Self {
        let error = match result {
            Ok(_) => return Self::Good,
            Err(Error::Store(StoreError::Sandbox(error))) => error,
            Err(_) => return Self::Neutral,
        };
        match error {
            SandboxError::Trap { .. } => Self::Fault,
            SandboxError::AnswerRefused { .. } => Self::Suspect,
            SandboxError::LimitHit { limit: LimitHit::Instances { .. }, .. } => Self::Neutral,
            SandboxError::LimitHit { .. } => Self::Fault,
            SandboxError::Provider(error) => match error.kind {
                ErrorKind::UnexpectedResponse | ErrorKind::InvalidSettings | ErrorKind::Denied | ErrorKind::Other => {
                    Self::Suspect
                }
                ErrorKind::Unreachable
                | ErrorKind::Unauthorized
                | ErrorKind::Forbidden
                | ErrorKind::RateLimited
                | ErrorKind::ServerError
                | ErrorKind::CursorStale => Self::Neutral,
            },
            _ => Self::Neutral,
        }
    }
}

/// Whether a call may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// After this long.
    After(Duration),
    /// Now, as the one call that shows whether the quarantine ends. The number gives the place back: [`Health::release`].
    Probe(u64),
    /// Not before this time has passed.
    Refused(Duration),
}

/// The record of one version: an entry for each tenant that it failed and has not served since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Health {
    tenants: BTreeMap<String, Strikes>,
    probes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Strikes {
    faults: u32,
    last: Instant,
    /// The call that was let through after the quarantine, while it runs.
    probe: Option<u64>,
}

impl Health {
    /// Whether a call of the tenant may begin now. After a quarantine one call is let through, and no other until it has
    /// ended.
    pub(crate) fn admit(&mut self, policy: &HealthPolicy, tenant: &str, now: Instant) -> Admission {
        let Some(strikes) = self.tenants.get_mut(tenant) else { return Admission::After(Duration::ZERO) };
        let passed = now.saturating_duration_since(strikes.last);
        if strikes.faults < policy.faults {
            let doublings = strikes.faults.saturating_sub(1).min(16);
            let pause = policy.pause.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
            return Admission::After(pause.saturating_sub(passed));
        }
        let left = policy.quarantine.saturating_sub(passed);
        if !left.is_zero() {
            return Admission::Refused(left);
        }
        if strikes.probe.is_some() {
            return Admission::Refused(policy.pause);
        }
        self.probes = self.probes.wrapping_add(1);
        strikes.probe = Some(self.probes);
        Admission::Probe(self.probes)
    }

    /// The call that was let through has ended, or was dropped: another may be let through if nothing is known yet.
    pub(crate) fn release(&mut self, tenant: &str, probe: u64) {
        if let Some(strikes) = self.tenants.get_mut(tenant).filter(|strikes| strikes.probe == Some(probe)) {
            strikes.probe = None;
        }
    }

    /// Records how a call of the tenant ended. Returns whether the version is quarantined for the tenant from now on.
    pub(crate) fn note(&mut self, policy: &HealthPolicy, tenant: &str, outcome: CallOutcome, now: Instant) -> bool {
        match outcome {
            CallOutcome::Good => {
                self.tenants.remove(tenant);
                false
            }
            CallOutcome::Fault => {
                let new = || Strikes { faults: 0, last: now, probe: None };
                let strikes = self.tenants.entry(tenant.to_owned()).or_insert_with(new);
                let was_quarantined = strikes.faults >= policy.faults;
                // A new quarantine revokes the permission of a call that was let through.
                *strikes = Strikes { faults: strikes.faults.saturating_add(1), last: now, probe: None };
                !was_quarantined && strikes.faults >= policy.faults
            }
            CallOutcome::Suspect | CallOutcome::Neutral => false,
        }
    }

    /// Forgets a tenant that no longer exists.
    pub(crate) fn forget(&mut self, tenant: &str) {
        self.tenants.remove(tenant);
    }

    /// Whether the version is to be given up for all: it is quarantined for [`HealthPolicy::tenants`] of the tenants that
    /// count, and for more tenants than it works for.
    pub(crate) fn is_hopeless(&self, policy: &HealthPolicy, working: usize, counts: impl Fn(&str) -> bool) -> bool {
        let is_kept = |strikes: &Strikes| strikes.faults >= policy.faults;
        let kept = self.tenants.iter().filter(|(tenant, strikes)| is_kept(strikes) && counts(tenant)).count();
        kept >= usize::try_from(policy.tenants).unwrap_or(usize::MAX).max(1) && kept > working
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CallOutcome::{Fault, Good, Neutral, Suspect};

    fn policy() -> HealthPolicy {
        HealthPolicy {
            faults: 3,
            pause: Duration::from_secs(1),
            quarantine: Duration::from_secs(60),
            tenants: 2,
            ..HealthPolicy::default()
        }
    }

    fn note(health: &mut Health, tenant: &str, outcomes: &[CallOutcome], now: Instant) -> bool {
        outcomes.iter().fold(false, |_, outcome| health.note(&policy(), tenant, *outcome, now))
    }

    #[test]
    fn faults_delay_a_tenants_calls_and_then_quarantine_the_version() {
        let (mut health, now, policy) = (Health::default(), Instant::now(), policy());
        let secs = Duration::from_secs;
        assert_eq!(health.admit(&policy, "a", now), Admission::After(Duration::ZERO));
        for (is_kept_out, admission) in [
            (false, Admission::After(secs(1))),
            (false, Admission::After(secs(2))),
            (true, Admission::Refused(secs(60))),
        ] {
            assert_eq!(health.note(&policy, "a", Fault, now), is_kept_out);
            assert_eq!(health.admit(&policy, "a", now), admission);
        }
        assert_eq!(health.admit(&policy, "b", now), Admission::After(Duration::ZERO), "another tenant is not touched");
        assert_eq!(health.admit(&policy, "a", now + secs(59)), Admission::Refused(secs(1)));
        assert_eq!(health.admit(&policy, "a", now + secs(60)), Admission::Probe(1));
        assert!(!health.note(&policy, "a", Fault, now + secs(60)), "it stays quarantined");
        assert_eq!(health.admit(&policy, "a", now + secs(61)), Admission::Refused(secs(59)));
        health.note(&policy, "a", Good, now + secs(120));
        assert_eq!(health.admit(&policy, "a", now + secs(120)), Admission::After(Duration::ZERO));
    }

    #[test]
    fn after_a_quarantine_one_call_goes_first_and_all_others_wait_for_it() {
        let (mut health, now, policy) = (Health::default(), Instant::now(), policy());
        let later = now + policy.quarantine;
        let wait = Admission::Refused(policy.pause);
        note(&mut health, "a", &[Fault; 3], now);
        assert_eq!(health.admit(&policy, "a", later), Admission::Probe(1));
        for _ in 0..50 {
            assert_eq!(health.admit(&policy, "a", later), wait);
        }
        note(&mut health, "a", &[Neutral, Suspect], later);
        assert_eq!(health.admit(&policy, "a", later), wait, "an earlier call that ends now is not the one");
        health.release("a", 1);
        assert_eq!(health.admit(&policy, "a", later), Admission::Probe(2), "the one was dropped, so the next goes");
        health.release("a", 1);
        assert_eq!(health.admit(&policy, "a", later), wait, "a place is given back once");
        note(&mut health, "a", &[Good], later);
        for _ in 0..50 {
            assert_eq!(health.admit(&policy, "a", later), Admission::After(Duration::ZERO));
        }
    }

    #[test]
    fn a_success_resets_the_faults_and_other_causes_do_not_count() {
        let (mut health, now) = (Health::default(), Instant::now());
        note(&mut health, "a", &[Fault, Fault, Good, Fault, Fault, Neutral, Suspect], now);
        assert_eq!(health.admit(&policy(), "a", now), Admission::After(Duration::from_secs(2)));
    }

    #[test]
    fn a_version_is_given_up_when_it_fails_several_tenants_and_more_than_it_works_for() {
        let (mut health, now) = (Health::default(), Instant::now());
        note(&mut health, "a", &[Fault; 9], now);
        let all = |_: &str| true;
        assert!(!health.is_hopeless(&policy(), 0, all), "one tenant alone never ends it");
        note(&mut health, "b", &[Fault; 3], now);
        for (working, is_hopeless) in [(0, true), (1, true), (2, false), (100, false)] {
            assert_eq!(health.is_hopeless(&policy(), working, all), is_hopeless, "it works for {working}");
        }
        assert!(!health.is_hopeless(&policy(), 0, |tenant| tenant != "b"), "one of them does not count");
        health.forget("a");
        assert!(!health.is_hopeless(&policy(), 0, all), "a tenant that no longer exists does not count");
    }
}
