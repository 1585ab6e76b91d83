//! For how long an account was not used.

use chrono::{DateTime, Duration, Utc};
use provider_host::model::{ActivityKnowledge, User};

use crate::clock::contract_instant as instant;

/// What is known of an account's last use, as of a report's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastUse {
    /// It was used this long ago.
    Ago(Duration),
    /// It was never used; with its age, if that is known.
    Never(Option<Duration>),
    /// Hidden or not recorded: says nothing about the account.
    Unknown,
}

impl LastUse {
    /// The last use of an account.
    pub(crate) fn of(user: &User, as_of: DateTime<Utc>) -> Self {
        let age = user.created_at.as_deref().and_then(instant).map(|at| since(at, as_of));
        match user.activity {
            ActivityKnowledge::Never => Self::Never(age),
            ActivityKnowledge::Unknown => Self::Unknown,
            ActivityKnowledge::Known => match user.last_activity_at.as_deref().and_then(instant) {
                // Nobody used an account before it existed.
                Some(at) => Self::Ago(age.map_or(since(at, as_of), |age| age.min(since(at, as_of)))),
                None => Self::Unknown,
            },
        }
    }

    /// For how long nobody used the account: since it was made, if nobody ever did. `None` if that is not known, which is
    /// never the same as long ago.
    pub(crate) const fn idle(self) -> Option<Duration> {
        match self {
            Self::Ago(time) => Some(time),
            Self::Never(age) => age,
            Self::Unknown => None,
        }
    }

    /// Whether nobody used the account for longer than so many days, by the rule of the contract's status `inactive`.
    pub(crate) fn is_idle_for(self, days: i64) -> bool {
        self.idle().is_some_and(|time| time > Duration::days(days))
    }
}

/// A time in the future counts as now: clocks differ.
fn since(at: DateTime<Utc>, as_of: DateTime<Utc>) -> Duration {
    as_of.signed_duration_since(at).max(Duration::zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{as_of, member};

    #[test]
    fn an_account_is_idle_after_more_than_so_many_days() {
        let ms = Duration::milliseconds;
        for days in [30, 60, 90, 180] {
            for (ago, expect) in [
                (Duration::days(days) - ms(1), false),
                (Duration::days(days), false),
                (Duration::days(days) + ms(1), true),
                (Duration::days(days + 1), true),
                (Duration::days(-3), false),
            ] {
                let at = |ago: Duration| Some((as_of() - ago).to_rfc3339());
                let old = Some("2020-01-01T00:00:00.000Z".to_owned());
                let used = User { last_activity_at: at(ago), created_at: old, ..member("anna") };
                assert_eq!(LastUse::of(&used, as_of()).is_idle_for(days), expect, "used {ago} ago, {days} days");
                let never = User {
                    activity: ActivityKnowledge::Never,
                    last_activity_at: None,
                    created_at: at(ago),
                    ..member("anna")
                };
                assert_eq!(LastUse::of(&never, as_of()).is_idle_for(days), expect, "made {ago} ago, {days} days");
            }
        }
    }

    #[test]
    fn activity_that_is_not_known_is_never_idle() {
        let old = || Some("2001-01-01T00:00:00.000Z".to_owned());
        let cases = [
            // A date beside `unknown` does not count.
            User { activity: ActivityKnowledge::Unknown, last_activity_at: old(), created_at: old(), ..member("a") },
            User { activity: ActivityKnowledge::Known, last_activity_at: None, created_at: old(), ..member("b") },
            User { last_activity_at: Some("long ago".to_owned()), created_at: old(), ..member("c") },
        ];
        for user in cases {
            assert_eq!(LastUse::of(&user, as_of()), LastUse::Unknown, "{}", user.username);
            assert!(!LastUse::of(&user, as_of()).is_idle_for(0));
        }
        let ageless = User { activity: ActivityKnowledge::Never, created_at: None, ..member("d") };
        assert_eq!(LastUse::of(&ageless, as_of()), LastUse::Never(None));
        assert!(!LastUse::of(&ageless, as_of()).is_idle_for(30));
    }

    #[test]
    fn a_use_before_the_account_was_made_does_not_count() {
        let user = User {
            created_at: Some((as_of() - Duration::days(10)).to_rfc3339()),
            last_activity_at: Some("1970-01-01T00:00:00.005Z".to_owned()),
            ..member("anna")
        };
        assert_eq!(LastUse::of(&user, as_of()), LastUse::Ago(Duration::days(10)));
    }
}
