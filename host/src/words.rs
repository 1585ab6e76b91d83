//! Lengths of time, and the system's reasons, as a person says them.

use std::io::{self, ErrorKind};
use std::time::Duration;

/// Seconds of a unit, its name, and how many of the next smaller one are worth a word.
const UNITS: [(u64, &str, u64); 5] =
    [(365 * 86_400, "year", 30), (86_400, "day", 1), (3_600, "hour", 1), (60, "minute", 1), (1, "second", 1)];

/// `300 ms`, `40 seconds`, `1 hour 30 minutes`, `12 days`, `1 year`. A second unit follows where it matters: a few hours
/// have minutes, and a hundred days have none.
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

/// Why a file cannot be read or written, or a port not be used, without the number that the system gives it.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "all others keep the system's words")]
pub fn io_reason(error: &io::Error) -> String {
    let text = error.to_string();
    // Words of a program's own say more than the kind does.
    let is_the_systems = error.get_ref().is_none();
    let words = match error.kind() {
        ErrorKind::NotFound if is_the_systems => "there is no such file or folder",
        ErrorKind::PermissionDenied if is_the_systems => "permission denied: this user may not do that",
        ErrorKind::IsADirectory if is_the_systems => "it is a folder",
        ErrorKind::NotADirectory if is_the_systems => "a part of its path is a file and no folder",
        ErrorKind::ReadOnlyFilesystem => "the disk can only be read",
        ErrorKind::StorageFull => "the disk is full",
        ErrorKind::QuotaExceeded => "this user may store no more on the disk",
        ErrorKind::FileTooLarge => "it would be larger than this process may write (ulimit -f)",
        ErrorKind::AddrInUse if is_the_systems => "another program uses the port",
        _ => text.split(" (os error ").next().unwrap_or(&text),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_the_system_has_no_number() {
        for (number, expect) in [
            (2, "there is no such file or folder"),
            (13, "permission denied: this user may not do that"),
            (20, "a part of its path is a file and no folder"),
            (21, "it is a folder"),
            (28, "the disk is full"),
            (5, "Input/output error"),
        ] {
            assert_eq!(io_reason(&io::Error::from_raw_os_error(number)), expect);
        }
        let own = io::Error::new(ErrorKind::NotFound, "write the whole path");
        assert_eq!(io_reason(&own), "write the whole path");
    }

    #[test]
    fn a_length_of_time_reads_as_a_person_says_it() {
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
