//! Lengths of time in words.

use std::time::Duration;

/// Seconds of a unit, its name, and how many of the next smaller one are worth a word.
const UNITS: [(u64, &str, u64); 5] =
    [(365 * 86_400, "year", 30), (86_400, "day", 1), (3_600, "hour", 1), (60, "minute", 1), (1, "second", 1)];

/// `300 ms`, `40 seconds`, `1 hour 30 minutes`, `12 days`, `1 year`. A second unit follows if it matters: a few hours have
/// minutes, and a hundred days have no hours.
#[must_use]
pub fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let count = |number: u64, unit: &str| format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
    let mut units = UNITS.iter().skip_while(|(size, ..)| seconds < *size);
    let Some((size, unit, least)) = units.next() else { return format!("{} ms", time.as_millis()) };
    let number = seconds / size;
    match units.next().map(|(size_of_next, next, _)| (seconds % size / size_of_next, next)) {
        Some((rest, next)) if rest >= *least && number < 3 => format!("{} {}", count(number, unit), count(rest, next)),
        _ => count(number, unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_in_words() {
        let (minute, hour, day) = (60_000, 3_600_000, 86_400_000);
        let cases = [
            (0, "0 ms"),
            (300, "300 ms"),
            (1_999, "1 second"),
            (59_000, "59 seconds"),
            (90_000, "1 minute 30 seconds"),
            (5 * minute + 59_000, "5 minutes"),
            (hour, "1 hour"),
            (90 * minute, "1 hour 30 minutes"),
            (3 * hour + 59 * minute, "3 hours"),
            (2 * day, "2 days"),
            (364 * day, "364 days"),
            (365 * day, "1 year"),
            (400 * day, "1 year 35 days"),
            (3_000 * day, "8 years"),
        ];
        for (ms, expect) in cases {
            assert_eq!(in_words(Duration::from_millis(ms)), expect, "{ms}");
        }
        assert_eq!(in_words(Duration::MAX), "584942417355 years");
    }
}
