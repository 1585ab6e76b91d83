//! Which of the slow facts a sync reads: all of them, or those that are due, so that none grows older than a setting
//! says.
//!
//! Nothing is kept between two syncs but the watermark, so whether something is due follows from its name: a hash of the
//! name gives it an instant in each period, and a sync reads what has its instant between the watermark and the
//! server's time. What has its instant before the watermark was read by an earlier sync, since its instant.

use provider_sdk::hash::fnv1a;
use provider_sdk::time::DAY_MS;

const HOUR_MS: i64 = DAY_MS / 24;

/// How old the slow facts of a record may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxAge {
    hours: u32,
}

impl MaxAge {
    /// A year of 365 days.
    pub const MAX_HOURS: u32 = 8_760;

    /// So many hours; `None` unless it is 1 to [`MAX_HOURS`](Self::MAX_HOURS).
    #[must_use]
    pub const fn of_hours(hours: u32) -> Option<Self> {
        if hours >= 1 && hours <= Self::MAX_HOURS { Some(Self { hours }) } else { None }
    }

    /// In hours.
    #[must_use]
    pub const fn as_hours(self) -> u32 {
        self.hours
    }

    fn as_ms(self) -> i64 {
        i64::from(self.hours).saturating_mul(HOUR_MS)
    }

    /// The last instant of a name that is not after this time, in milliseconds since 1970.
    fn last_instant_ms(self, name: &str, until_ms: i64) -> i64 {
        // At least an hour.
        let period_ms = self.as_ms().max(1);
        let phase_ms = fnv1a(name.as_bytes()).checked_rem(period_ms.unsigned_abs()).unwrap_or_default();
        let since_ms = until_ms.saturating_sub(i64::try_from(phase_ms).unwrap_or_default()).rem_euclid(period_ms);
        until_ms.saturating_sub(since_ms)
    }
}

/// What is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Due {
    /// Everything.
    #[default]
    Everything,
    /// What has its instant after one time and not after the other, in milliseconds since 1970 of the server's clock.
    Between {
        /// How often there is an instant for each name.
        max_age: MaxAge,
        /// What has its last instant until here was read since then.
        after_ms: i64,
        /// Until when something is due.
        until_ms: i64,
    },
}

impl Due {
    /// Whether what has this name is read.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Between { max_age, after_ms, until_ms } => max_age.last_instant_ms(name, until_ms) > after_ms,
        }
    }

    /// Whether something that last changed at this time is read because of that. 0 stands for a time that is not known.
    #[must_use]
    pub const fn has_changed(self, updated_ms: i64) -> bool {
        match self {
            Self::Everything => true,
            Self::Between { after_ms, .. } => updated_ms <= 0 || updated_ms > after_ms,
        }
    }

    /// As of when, at the earliest, the known facts of what is not read are right, in milliseconds since 1970; `None` if
    /// everything is read.
    #[must_use]
    pub fn known_since_ms(self, name: &str) -> Option<i64> {
        match self {
            Self::Everything => None,
            Self::Between { max_age, after_ms, .. } => Some(max_age.last_instant_ms(name, after_ms)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_age_is_some_hours_and_a_year_at_most() {
        for (hours, expect) in [(0, None), (1, Some(1)), (168, Some(168)), (8_760, Some(8_760)), (8_761, None)] {
            assert_eq!(MaxAge::of_hours(hours).map(MaxAge::as_hours), expect, "{hours}");
        }
    }

    #[test]
    fn what_changed_or_has_no_date_is_read() {
        let due = Due::Between { max_age: MaxAge { hours: 1 }, after_ms: 1_000, until_ms: 2_000 };
        for (updated_ms, expect) in [(0, true), (-1, true), (1, false), (1_000, false), (1_001, true), (9_000, true)] {
            assert_eq!(due.has_changed(updated_ms), expect, "{updated_ms}");
        }
        assert!(Due::Everything.has_changed(1) && Due::Everything.has("x"));
        assert_eq!(Due::Everything.known_since_ms("x"), None);
    }

    proptest! {
        /// Whenever syncs come, nothing is older than the age or than the time between two syncs, and what is not read
        /// was read since the instant that is given for it.
        #[test]
        fn nothing_grows_older_than_the_age(
            hours in 1_u32..200,
            name in "[a-z0-9]{26}",
            begin in -10 * DAY_MS..2_000_000_000_000,
            pauses in proptest::collection::vec(1_i64..10 * DAY_MS, 1..60),
        ) {
            let max_age = MaxAge::of_hours(hours).unwrap();
            let (mut watermark, mut read) = (begin, begin);
            for pause in pauses {
                let now = watermark + pause;
                let due = Due::Between { max_age, after_ms: watermark, until_ms: now };
                if due.has(&name) {
                    read = now;
                } else {
                    let since = due.known_since_ms(&name).unwrap();
                    prop_assert!(since <= read.max(begin) && since > now - max_age.as_ms());
                }
                prop_assert!(now - read < max_age.as_ms());
                prop_assert!(pause < max_age.as_ms() || read == now);
                watermark = now;
            }
        }

        /// Syncs that come often share the reading.
        #[test]
        fn each_is_read_once_in_a_period(name in "[a-z0-9]{26}", begin in 0_i64..2_000_000_000_000) {
            let max_age = MaxAge::of_hours(24).unwrap();
            let mut reads = 0;
            for hour in 0..240 {
                let after_ms = begin + hour * HOUR_MS;
                reads += u32::from(Due::Between { max_age, after_ms, until_ms: after_ms + HOUR_MS }.has(&name));
            }
            prop_assert_eq!(reads, 10);
        }
    }
}
