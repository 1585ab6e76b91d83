//! Instants as servers and the contract write them.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString as _};

use chrono::{DateTime, Datelike as _, NaiveDate, Timelike as _, Utc};

/// Milliseconds in a day.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A clock that differs by more than this, in milliseconds, makes accounts inactive on the wrong day and tokens end at
/// another time than they say.
pub const CLOCK_DIFFERENCE_MS: i64 = 5 * 60 * 1_000;

/// Milliseconds since 1970 as the contract's `timestamp`; `None` for 0, which many servers use for "not set", and for
/// times that no calendar holds.
#[must_use]
pub fn timestamp(ms: i64) -> Option<String> {
    if ms <= 0 {
        return None;
    }
    let instant = DateTime::<Utc>::from_timestamp_millis(ms)?.naive_utc();
    // RFC 3339 has four digits for a year.
    let year = u32::try_from(instant.year()).ok().filter(|year| *year <= 9999)?;
    let date = instant.date();
    let (month, day) = (date.month(), date.day());
    let time = instant.time();
    let (seconds, millis) = (time.num_seconds_from_midnight(), time.nanosecond() / 1_000_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    // A record has three or four of these, and a formatter takes several times as long.
    let text = [
        digit(year / 1_000),
        digit(year / 100),
        digit(year / 10),
        digit(year),
        b'-',
        digit(month / 10),
        digit(month),
        b'-',
        digit(day / 10),
        digit(day),
        b'T',
        digit(hour / 10),
        digit(hour),
        b':',
        digit(minute / 10),
        digit(minute),
        b':',
        digit(second / 10),
        digit(second),
        b'.',
        digit(millis / 100),
        digit(millis / 10),
        digit(millis),
        b'Z',
    ];
    str::from_utf8(&text).ok().map(ToOwned::to_owned)
}

/// The last digit of a number.
const fn digit(number: u32) -> u8 {
    b'0' + (number % 10) as u8
}

/// The day of an instant in milliseconds since 1970, in UTC, as a person writes it: `15 January 2027`.
#[must_use]
pub fn day_in_words(ms: i64) -> String {
    let Some(instant) = DateTime::<Utc>::from_timestamp_millis(ms) else { return "an unknown day".to_string() };
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let date = instant.date_naive();
    let month = usize::try_from(date.month0()).ok().and_then(|month| MONTHS.get(month)).copied().unwrap_or_default();
    format!("{} {month} {}", date.day(), date.year())
}

/// A length of time in words: `40 seconds`, `1 hour 30 minutes`, `12 days`, `1 year`. A second unit follows if it
/// matters: for a few hours, but not for a hundred days. Less than a second counts as one.
#[must_use]
pub fn in_words(ms: u64) -> String {
    const UNITS: [(u64, &str, u64); 5] = [
        // Seconds of a unit, its name, and the smallest next unit that is worth a word.
        (365 * 86_400, "year", 30),
        (86_400, "day", 1),
        (3_600, "hour", 1),
        (60, "minute", 1),
        (1, "second", 1),
    ];
    let seconds = (ms / 1_000).max(1);
    let count = |number: u64, unit: &str| format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
    let mut units = UNITS.iter().skip_while(|(size, ..)| seconds < *size);
    let Some((size, unit, least)) = units.next() else { return count(seconds, "second") };
    let number = seconds / size;
    match units.next().map(|(size_of_next, next, _)| (seconds % size / size_of_next, next)) {
        Some((rest, next)) if rest >= *least && number < 3 => format!("{} {}", count(number, unit), count(rest, next)),
        _ => count(number, unit),
    }
}

/// The instant of an HTTP `Date` header in milliseconds since 1970, to the whole second: `Tue, 24 Nov 2026 15:25:29 GMT`,
/// the one form that a server may send (RFC 9110).
#[must_use]
pub fn http_date_ms(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, date) = text.split_once(", ")?;
    let mut parts = date.split([' ', ':']);
    let mut next = || parts.next();
    let (day, month, year) = (next()?, next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    if next() != Some("GMT") || next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|name| *name == month)?;
    let month = u32::try_from(month).ok()?.checked_add(1)?;
    // The year has four digits.
    let year = year.parse().ok().filter(|year| (1970..=9999).contains(year))?;
    let date = NaiveDate::from_ymd_opt(year, month, day.parse().ok()?)?;
    let instant = date.and_hms_opt(hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?)?;
    Some(instant.and_utc().timestamp_millis())
}

/// Milliseconds since 1970 of a text that [`timestamp`] wrote; `None` for any other text.
#[must_use]
pub fn timestamp_ms(text: &str) -> Option<i64> {
    const FORM: &[u8; 24] = b"0000-00-00T00:00:00.000Z";
    let bytes: &[u8; 24] = text.as_bytes().try_into().ok()?;
    let is_in_form = |(byte, form): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form };
    if !bytes.iter().zip(FORM).all(is_in_form) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
    let date = NaiveDate::from_ymd_opt(i32::try_from(number(0, 4)?).ok()?, number(5, 7)?, number(8, 10)?)?;
    let instant = date.and_hms_milli_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 23)?)?;
    Some(instant.and_utc().timestamp_millis()).filter(|ms| *ms > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_reads_as_a_person_writes_it() {
        for (ms, expect) in [
            (1_800_000_000_000, "15 January 2027"),
            (0, "1 January 1970"),
            (951_782_400_000, "29 February 2000"),
            (i64::MAX, "an unknown day"),
        ] {
            assert_eq!(day_in_words(ms), expect);
        }
    }

    #[test]
    fn milliseconds_become_rfc_3339() {
        let cases = [
            (0, None),
            (-1, None),
            (1, Some("1970-01-01T00:00:00.001Z")),
            (1_795_533_616_195, Some("2026-11-24T15:20:16.195Z")),
            (253_402_300_799_999, Some("9999-12-31T23:59:59.999Z")),
            (253_402_300_800_000, None),
            (i64::MAX, None),
        ];
        for (ms, expect) in cases {
            assert_eq!(timestamp(ms).as_deref(), expect, "{ms}");
            assert_eq!(expect.and_then(timestamp_ms), expect.map(|_| ms), "{ms}");
        }
    }

    #[test]
    fn lengths_of_time_are_in_words() {
        let (minute, hour, day) = (60_000, 3_600_000, 86_400_000);
        let cases = [
            (0, "1 second"),
            (1_999, "1 second"),
            (59_000, "59 seconds"),
            (minute, "1 minute"),
            (90_000, "1 minute 30 seconds"),
            (5 * minute + 59_000, "5 minutes"),
            (hour, "1 hour"),
            (90 * minute, "1 hour 30 minutes"),
            (3 * hour + 59 * minute, "3 hours"),
            (2 * day, "2 days"),
            (day + hour, "1 day 1 hour"),
            (364 * day, "364 days"),
            (527_039 * minute, "1 year"),
            (366 * day, "1 year"),
            (400 * day, "1 year 35 days"),
            (u64::MAX, "584942417 years"),
        ];
        for (ms, expect) in cases {
            assert_eq!(in_words(ms), expect, "{ms}");
        }
    }

    #[test]
    fn only_our_own_timestamps_are_read() {
        for bad in [
            "",
            "now",
            "2026-11-24",
            "2026-11-24T15:20:16Z",
            "2026-11-24T15:20:16.195+01:00",
            "2026-11-31T15:20:16.195Z",
            "2026-11-24T15:20:60.195Z",
            "2026-11-24 15:20:16.195Z",
            "+026-11-24T15:20:16.195Z",
            "1970-01-01T00:00:00.000Z",
        ] {
            assert_eq!(timestamp_ms(bad), None, "{bad}");
        }
    }

    #[test]
    fn http_dates_are_read() {
        assert_eq!(http_date_ms("Tue, 24 Nov 2026 15:25:29 GMT"), Some(1_795_533_929_000));
        assert_eq!(http_date_ms("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        for bad in [
            "",
            "now",
            "2026-11-24T15:25:29Z",
            "Tue, 99 Nov 2026 15:25:29 GMT",
            "Tue, 24 Nov 2026 15:25:29",
            "Mon, 01 Jan 0001 00:00:00 GMT",
            "Fri, 31 Dec 1969 23:59:59 GMT",
            "Sat, 01 Jan 10000 00:00:00 GMT",
            "Sat, 01 Jan 262142 00:00:00 GMT",
            "Tue, 24 Nov 2026 15:25:29 GMT x",
            "Tue, 24 nov 2026 25:25:29 GMT",
            "Tue, 24 Nov 2026 15:25:29 +0100",
        ] {
            assert_eq!(http_date_ms(bad), None, "{bad}");
        }
    }
}
