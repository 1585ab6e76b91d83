//! The time from which durations are counted back.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::exit::Complaint;

/// The variable that replaces the clock, also of a simulated server. It is for tests, in which weeks have to pass: a date or an
/// instant, in UTC.
const VARIABLE: &str = "PROVIDERCTL_NOW";

/// The time now, or the one in [`VARIABLE`]. A clock before 1970 counts as 1970.
pub(crate) fn now() -> DateTime<Utc> {
    replaced().unwrap_or_else(|| moment(SystemTime::now()))
}

/// The time in [`VARIABLE`]; `None` if the clock is not replaced.
pub(crate) fn replaced() -> Option<DateTime<Utc>> {
    given().and_then(Result::ok)
}

/// Checks that [`VARIABLE`], if it is set, holds a time.
pub(crate) fn check() -> Result<(), Complaint> {
    given().transpose().map(drop).map_err(|reason| {
        let fix = format!("unset the variable {VARIABLE}: it is for tests");
        Complaint::new("time-malformed", format!("{VARIABLE} holds no time: {reason}")).fix(fix)
    })
}

fn given() -> Option<Result<DateTime<Utc>, String>> {
    let value = std::env::var_os(VARIABLE).filter(|value| !value.is_empty())?;
    Some(value.to_str().ok_or_else(|| "it is not text".to_owned()).and_then(instant))
}

/// Parses a date, which stands for its first moment in UTC, or an instant in RFC 3339.
pub(crate) fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let day = text.parse::<NaiveDate>().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let known = day.ok().or_else(|| contract_instant(text));
    known.ok_or_else(|| "write a date, such as 2026-11-24, or an instant, such as 2026-11-24T09:30:00Z".to_owned())
}

/// Parses an instant of the contract, which is one in RFC 3339; `None` if the text is something else.
pub(crate) fn contract_instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

/// How many days later an instant is, by the calendar in UTC; negative if it is earlier.
pub(crate) fn days_until(end: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    end.date_naive().signed_duration_since(now.date_naive()).num_days()
}

/// A time of the system in the calendar.
pub(crate) fn moment(at: SystemTime) -> DateTime<Utc> {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
    DateTime::from_timestamp(seconds, since.subsec_nanos()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_date_is_its_first_moment_in_utc() {
        let cases = [
            ("2026-11-24", Some("2026-11-24T00:00:00+00:00")),
            ("2026-11-24T09:30:00Z", Some("2026-11-24T09:30:00+00:00")),
            ("2026-11-24T09:30:00.5+02:00", Some("2026-11-24T07:30:00.500+00:00")),
            ("2026-02-30", None),
            ("24.11.2026", None),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expect) in cases {
            assert_eq!(instant(text).ok().map(|at| at.to_rfc3339()).as_deref(), expect, "{text:?}");
        }
        assert_eq!(moment(UNIX_EPOCH + Duration::from_millis(1_500)).to_rfc3339(), "1970-01-01T00:00:01.500+00:00");
        assert_eq!(moment(UNIX_EPOCH - Duration::from_secs(1)).to_rfc3339(), "1970-01-01T00:00:00+00:00");
    }
}
