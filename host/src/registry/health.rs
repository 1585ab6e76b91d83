//! How a version fares: who is made to wait, who is kept out, and when a version is given up.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::model::ErrorKind;
use crate::{Error, LimitHit};

/// When a version is slowed down, kept from a tenant, and given up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patience {
    /// Faults one after another after which a version is kept from a tenant. 6.
    pub faults: u32,
    /// For how long it is kept from the tenant; one call is then let through to see. 5 minutes.
    pub quarantine: Duration,
    /// The pause after the first fault, doubled by each that follows, 30 seconds at most. 100 milliseconds.
    pub pause: Duration,
    /// How many tenants a version must be kept from before it is given up for all: one tenant's server may be what
    /// crashes it. 3.
    pub tenants: u32,
    /// How many calls a new version is watched for after a switch. 20.
    pub probation_calls: u32,
    /// How many of them may go wrong before the earlier version is put back. 2.
    pub probation_faults: u32,
}

impl Default for Patience {
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

/// How a call ended, as far as it tells of the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The version did its work.
    Good,
    /// It crashed or ran into a limit.
    Fault,
    /// It answered, but as one does who misreads the product: it counts against a new version alone.
    Suspect,
    /// The network, the product or the settings are to blame, or nobody is.
    Neutral,
}

impl Outcome {
    /// What a call's result tells.
    pub(super) fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Good,
            Err(Error::Trap { .. }) => Self::Fault,
            Err(Error::AnswerRefused { .. }) => Self::Suspect,
            Err(Error::LimitHit { limit: LimitHit::Instances { .. }, .. }) => Self::Neutral,
            Err(Error::LimitHit { .. }) => Self::Fault,
            Err(Error::Provider(error)) => match error.kind {
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
            Err(_) => Self::Neutral,
        }
    }
}

/// Whether a call may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// After this long.
    After(Duration),
    /// Not before this much time has passed.
    Refused(Duration),
}

/// What follows from a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Fine,
    /// The version is kept from this tenant for a while.
    Quarantined,
    /// The version is given up for all.
    GivenUp,
}

/// The record of one version.
#[derive(Debug)]
pub(super) struct Health {
    patience: Patience,
    tenants: HashMap<String, Strikes>,
    probation: Option<Probation>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Strikes {
    faults: u32,
    last: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Probation {
    calls: u32,
    faults: u32,
}

impl Health {
    /// A clean record.
    pub(super) fn new(patience: Patience) -> Self {
        Self { patience, tenants: HashMap::new(), probation: None }
    }

    /// Watches the first calls after a switch.
    pub(super) fn watch(&mut self) {
        self.probation = Some(Probation::default());
    }

    /// Whether the first calls are still being watched.
    pub(super) const fn is_watched(&self) -> bool {
        self.probation.is_some()
    }

    /// Whether a call of the tenant may begin now.
    pub(super) fn admit(&self, tenant: &str, now: Instant) -> Admission {
        let Some(Strikes { faults, last: Some(last) }) = self.tenants.get(tenant) else {
            return Admission::After(Duration::ZERO);
        };
        let passed = now.saturating_duration_since(*last);
        if *faults >= self.patience.faults {
            let left = self.patience.quarantine.saturating_sub(passed);
            return if left.is_zero() { Admission::After(Duration::ZERO) } else { Admission::Refused(left) };
        }
        let doublings = faults.saturating_sub(1).min(16);
        let pause = self.patience.pause.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
        Admission::After(if *faults == 0 { Duration::ZERO } else { pause.saturating_sub(passed) })
    }

    /// Takes note of how a call of the tenant ended.
    pub(super) fn note(&mut self, tenant: &str, outcome: Outcome, now: Instant) -> Verdict {
        let was_quarantined = self.is_quarantined(tenant);
        match outcome {
            Outcome::Good => {
                self.tenants.remove(tenant);
            }
            Outcome::Fault => {
                let strikes = self.tenants.entry(tenant.to_owned()).or_default();
                strikes.faults = strikes.faults.saturating_add(1);
                strikes.last = Some(now);
            }
            Outcome::Suspect | Outcome::Neutral => {}
        }
        if self.fails_probation(outcome) {
            return Verdict::GivenUp;
        }
        let quarantined = self.tenants.values().filter(|strikes| strikes.faults >= self.patience.faults).count();
        if !self.is_quarantined(tenant) {
            Verdict::Fine
        } else if quarantined >= usize::try_from(self.patience.tenants).unwrap_or(usize::MAX) {
            Verdict::GivenUp
        } else if was_quarantined {
            Verdict::Fine
        } else {
            Verdict::Quarantined
        }
    }

    fn is_quarantined(&self, tenant: &str) -> bool {
        self.tenants.get(tenant).is_some_and(|strikes| strikes.faults >= self.patience.faults)
    }

    fn fails_probation(&mut self, outcome: Outcome) -> bool {
        let Some(probation) = &mut self.probation else { return false };
        match outcome {
            Outcome::Good => probation.calls = probation.calls.saturating_add(1),
            Outcome::Fault | Outcome::Suspect => {
                probation.calls = probation.calls.saturating_add(1);
                probation.faults = probation.faults.saturating_add(1);
            }
            Outcome::Neutral => {}
        }
        let failed = probation.faults > self.patience.probation_faults;
        if failed || probation.calls >= self.patience.probation_calls {
            self.probation = None;
        }
        failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{Fault, Good, Neutral, Suspect};

    fn patience() -> Patience {
        Patience {
            faults: 3,
            quarantine: Duration::from_secs(60),
            pause: Duration::from_secs(1),
            tenants: 2,
            probation_calls: 4,
            probation_faults: 1,
        }
    }

    fn note(health: &mut Health, tenant: &str, outcomes: &[Outcome], now: Instant) -> Verdict {
        outcomes.iter().fold(Verdict::Fine, |_, outcome| health.note(tenant, *outcome, now))
    }

    #[test]
    fn faults_slow_a_tenant_down_and_then_keep_it_out() {
        let (mut health, now) = (Health::new(patience()), Instant::now());
        let secs = Duration::from_secs;
        assert_eq!(health.admit("a", now), Admission::After(Duration::ZERO));
        for (verdict, admission) in [
            (Verdict::Fine, Admission::After(secs(1))),
            (Verdict::Fine, Admission::After(secs(2))),
            (Verdict::Quarantined, Admission::Refused(secs(60))),
        ] {
            assert_eq!(health.note("a", Fault, now), verdict);
            assert_eq!(health.admit("a", now), admission);
        }
        assert_eq!(health.admit("b", now), Admission::After(Duration::ZERO), "another tenant is not touched");
        assert_eq!(health.admit("a", now + secs(59)), Admission::Refused(secs(1)));
        assert_eq!(health.admit("a", now + secs(60)), Admission::After(Duration::ZERO), "one call to see");
        assert_eq!(health.note("a", Fault, now + secs(60)), Verdict::Fine, "it stays out");
        assert_eq!(health.admit("a", now + secs(61)), Admission::Refused(secs(59)));
        health.note("a", Good, now + secs(120));
        assert_eq!(health.admit("a", now + secs(120)), Admission::After(Duration::ZERO));
    }

    #[test]
    fn a_success_between_faults_and_what_others_are_to_blame_for_do_not_count() {
        let (mut health, now) = (Health::new(patience()), Instant::now());
        note(&mut health, "a", &[Fault, Fault, Good, Fault, Fault, Neutral, Suspect], now);
        assert_eq!(health.admit("a", now), Admission::After(Duration::from_secs(2)));
    }

    #[test]
    fn a_version_is_given_up_when_it_fails_several_tenants() {
        let (mut health, now) = (Health::new(patience()), Instant::now());
        assert_eq!(note(&mut health, "a", &[Fault; 3], now), Verdict::Quarantined);
        assert_eq!(note(&mut health, "a", &[Fault; 9], now), Verdict::Fine, "one tenant alone never ends it");
        assert_eq!(note(&mut health, "b", &[Fault; 3], now), Verdict::GivenUp);
    }

    #[test]
    fn the_first_calls_after_a_switch_decide() {
        let cases: [(&[Outcome], Verdict, bool); 6] = [
            (&[Good, Good, Good], Verdict::Fine, true),
            (&[Good, Good, Good, Good], Verdict::Fine, false),
            (&[Fault, Good, Good, Good], Verdict::Fine, false),
            (&[Fault, Fault], Verdict::GivenUp, false),
            (&[Good, Suspect, Good, Suspect], Verdict::GivenUp, false),
            (&[Neutral; 20], Verdict::Fine, true),
        ];
        for (outcomes, verdict, is_watched) in cases {
            let mut health = Health::new(patience());
            health.watch();
            assert_eq!(note(&mut health, "a", outcomes, Instant::now()), verdict, "{outcomes:?}");
            assert_eq!(health.is_watched(), is_watched, "{outcomes:?}");
        }
    }

    #[test]
    fn an_unwatched_version_is_not_judged_by_its_words() {
        let mut health = Health::new(patience());
        assert_eq!(note(&mut health, "a", &[Suspect; 50], Instant::now()), Verdict::Fine);
    }
}
