//! Numbers, dates and time spans in words.

use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};
use provider_host::in_words;
use provider_host::model::{ActivityKnowledge, Quantity, User};

use crate::clock::{contract_instant, days_until};
use crate::licences::seats_left;

/// `12,345`.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 user`, `12,345 users`: for nouns with a plural in `s`.
pub(crate) fn count(value: u64, noun: &str) -> String {
    format!("{} {noun}{}", number(value), if value == 1 { "" } else { "s" })
}

/// A number of seats: the number, `unlimited`, or `unknown`.
pub(crate) fn quantity(quantity: &Quantity) -> String {
    match quantity {
        Quantity::Limited(seats) => number(u64::from(*seats)),
        Quantity::Unlimited => "unlimited".to_owned(),
        Quantity::Unknown => "unknown".to_owned(),
    }
}

/// `812 of 1,000, 188 left`, or by how many seats the licence is exceeded.
pub(crate) fn seats(used: &Quantity, purchased: &Quantity) -> String {
    let text = format!("{} of {}", quantity(used), quantity(purchased));
    seats_left(*used, *purchased).map_or_else(|| text.clone(), |left| format!("{text}, {}", balance(left)))
}

/// `188 left`, or `3 too many` if the number is negative.
pub(crate) fn balance(left: i64) -> String {
    format!("{} {}", number(left.unsigned_abs()), if left < 0 { "too many" } else { "left" })
}

/// The day of an instant of the contract, `2026-11-24`; other text is returned unchanged.
pub(crate) fn day(instant: &str) -> String {
    let day = |at: DateTime<Utc>| format!("{:04}-{:02}-{:02}", at.year(), at.month(), at.day());
    contract_instant(instant).map_or_else(|| instant.to_owned(), day)
}

/// `2027-01-31, 68 days left`, counted in whole days, as a calendar would.
pub(crate) fn expiry(instant: &str, now: DateTime<Utc>) -> String {
    let date = day(instant);
    let Some(end) = contract_instant(instant) else { return date };
    let days = days_until(end, now);
    let away = in_words(Duration::from_secs(days.unsigned_abs().saturating_mul(86_400)));
    match (end <= now, days) {
        (true, 0) => format!("{date}, expired today"),
        (true, _) => format!("{date}, expired {away} ago"),
        (false, 0) => format!("{date}, ends today"),
        (false, _) => format!("{date}, {away} left"),
    }
}

/// The day of the last use, `never` or `unknown`.
pub(crate) fn last_use(user: &User) -> String {
    match user.activity {
        ActivityKnowledge::Known => user.last_activity_at.as_deref().map_or_else(|| "unknown".to_owned(), day),
        ActivityKnowledge::Never => "never".to_owned(),
        ActivityKnowledge::Unknown => "unknown".to_owned(),
    }
}

/// First and last name, or the one that is known.
pub(crate) fn full_name(user: &User) -> String {
    let names = [user.first_name.as_deref(), user.last_name.as_deref()];
    names.into_iter().flatten().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ")
}

/// How long something took: `340 ms`, `2.4 s`, `3 min 20 s`, `2 hours`.
pub(crate) fn span(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => in_words(time),
    }
}

/// `1.5 MiB`.
pub(crate) fn mebibytes(bytes: usize) -> String {
    let tenths = bytes.saturating_mul(10) / (1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Quantity::{Limited, Unknown, Unlimited};

    #[test]
    fn numbers_are_grouped() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567")] {
            assert_eq!(number(value), text);
        }
        assert_eq!(count(1, "user"), "1 user");
        assert_eq!(count(2000, "user"), "2,000 users");
    }

    #[test]
    fn seats_say_how_many_are_left() {
        let cases = [
            (Limited(812), Limited(1000), "812 of 1,000, 188 left"),
            (Limited(1000), Limited(1000), "1,000 of 1,000, 0 left"),
            (Limited(1003), Limited(1000), "1,003 of 1,000, 3 too many"),
            (Limited(12), Unlimited, "12 of unlimited"),
            (Unknown, Limited(50), "unknown of 50"),
            (Unknown, Unknown, "unknown of unknown"),
        ];
        for (used, purchased, text) in cases {
            assert_eq!(seats(&used, &purchased), text);
        }
    }

    #[test]
    fn days_left_follow_the_calendar() {
        let now = DateTime::parse_from_rfc3339("2026-11-24T09:30:00Z").unwrap().with_timezone(&Utc);
        let cases = [
            ("2026-11-25T00:00:00.000Z", "2026-11-25, 1 day left"),
            ("2027-11-24T09:30:00.000Z", "2027-11-24, 1 year left"),
            ("2027-01-31T00:00:00.000Z", "2027-01-31, 68 days left"),
            ("2029-12-31T00:00:00.000Z", "2029-12-31, 3 years left"),
            ("2026-11-24T23:59:59.000Z", "2026-11-24, ends today"),
            ("2026-11-24T09:30:00.000Z", "2026-11-24, expired today"),
            ("2026-11-23T23:00:00.000Z", "2026-11-23, expired 1 day ago"),
            ("2025-11-24T00:00:00.000Z", "2025-11-24, expired 1 year ago"),
            ("soon", "soon"),
        ];
        for (instant, text) in cases {
            assert_eq!(expiry(instant, now), text, "{instant}");
        }
    }

    #[test]
    fn spans_and_sizes_are_short() {
        for (ms, text) in
            [(0, "0 ms"), (999, "999 ms"), (2430, "2.4 s"), (200_000, "3 min 20 s"), (5_400_000, "1 hour 30 minutes")]
        {
            assert_eq!(span(Duration::from_millis(ms)), text);
        }
        assert_eq!(mebibytes(1_572_864), "1.5 MiB");
    }
}
