//! Lengths of time on the command line: `90d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use provider_host::in_words;

use crate::clock;

/// A length of time in whole hours, at most a hundred years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    hours: u32,
}

/// The letters of units, with their hours.
const UNITS: [(char, u32); 4] = [('h', 1), ('d', 24), ('w', 7 * 24), ('y', 365 * 24)];

impl Span {
    const MOST_HOURS: u32 = 100 * 365 * 24;

    /// A number of days.
    pub(crate) const fn days(days: u16) -> Self {
        Self { hours: 24 * days as u32 }
    }

    /// The moment that is this long before another one.
    pub(crate) fn before(self, at: DateTime<Utc>) -> DateTime<Utc> {
        at.checked_sub_signed(self.duration()).unwrap_or(DateTime::<Utc>::MIN_UTC)
    }

    /// The same as a duration.
    pub(crate) fn duration(self) -> TimeDelta {
        TimeDelta::hours(self.hours.into())
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || "write a number and a unit, such as 90d; the units are h, d, w and y".to_owned();
        let unit = text.chars().next_back().ok_or_else(malformed)?;
        let (_, hours) = UNITS.into_iter().find(|(letter, _)| *letter == unit).ok_or_else(malformed)?;
        let digits = text.strip_suffix(unit).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let count: u32 = digits.ok_or_else(malformed)?.parse().map_err(|_| malformed())?;
        let hours = count.checked_mul(hours).filter(|hours| (1..=Self::MOST_HOURS).contains(hours));
        hours.map(|hours| Self { hours }).ok_or_else(|| "it must be from 1h to 100y".to_owned())
    }
}

/// In words: `90 days`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_words(Duration::from_secs(3_600 * u64::from(self.hours))))
    }
}

/// The beginning of a time that lasts until now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// At this moment.
    At(DateTime<Utc>),
    /// So long ago.
    Ago(Span),
}

impl Since {
    /// The moment itself, as seen at `now`.
    pub(crate) fn moment(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(at) => at,
            Self::Ago(span) => span.before(now),
        }
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = clock::instant(text).map(Self::At).or_else(|_| text.parse().map(Self::Ago));
        parsed.map_err(|_: String| "write a date, such as 2026-11-24, or a length of time, such as 30d".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        let cases = [
            ("90d", Ok("90 days")),
            ("12w", Ok("84 days")),
            ("36h", Ok("1 day 12 hours")),
            ("1y", Ok("1 year")),
            ("100y", Ok("100 years")),
            ("90", Err("a number and a unit")),
            ("d", Err("a number and a unit")),
            ("", Err("a number and a unit")),
            ("+9d", Err("a number and a unit")),
            ("1.5d", Err("a number and a unit")),
            ("90 d", Err("a number and a unit")),
            ("9m", Err("a number and a unit")),
            ("9é", Err("a number and a unit")),
            ("99999999999d", Err("a number and a unit")),
            ("0d", Err("from 1h to 100y")),
            ("101y", Err("from 1h to 100y")),
        ];
        for (text, expect) in cases {
            match (text.parse::<Span>(), expect) {
                (Ok(span), Ok(words)) => assert_eq!(span.to_string(), words, "{text}"),
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{text}: {reason}"),
                (parsed, _) => panic!("{text}: {parsed:?}"),
            }
        }
    }

    #[test]
    fn a_beginning_is_a_date_or_counted_back() {
        let now = clock::instant("2026-11-24T09:30:00Z").unwrap();
        let cases = [
            ("2026-11-01", Some("2026-11-01T00:00:00+00:00")),
            ("2026-11-01T12:00:00Z", Some("2026-11-01T12:00:00+00:00")),
            ("30d", Some("2026-10-25T09:30:00+00:00")),
            ("100y", Some("1926-12-19T09:30:00+00:00")),
            ("soon", None),
        ];
        for (text, expect) in cases {
            let since: Option<Since> = text.parse().ok();
            assert_eq!(since.map(|since| since.moment(now).to_rfc3339()).as_deref(), expect, "{text}");
        }
        assert_eq!(Span::days(90).before(DateTime::<Utc>::MIN_UTC), DateTime::<Utc>::MIN_UTC);
    }
}
