//! Instants as Mattermost and the contract write them.

use alloc::string::String;

use chrono::{DateTime, SecondsFormat, Utc};

/// Milliseconds in a day.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Milliseconds since 1970 as the contract's `timestamp`; none for 0, which is how Mattermost says "not set", and for
/// what no calendar holds.
#[must_use]
pub fn timestamp(ms: i64) -> Option<String> {
    if ms <= 0 {
        return None;
    }
    DateTime::<Utc>::from_timestamp_millis(ms)
        .filter(|instant| instant.timestamp() <= LAST_SECOND)
        .map(|instant| instant.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// The end of the year 9999: RFC 3339 has four digits for a year.
const LAST_SECOND: i64 = 253_402_300_799;

/// The instant of an HTTP `Date` header in milliseconds since 1970, to the whole second.
#[must_use]
pub fn http_date_ms(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc2822(text).ok().map(|instant| instant.timestamp_millis())
}

/// Milliseconds since 1970 of a `timestamp` that [`timestamp`] wrote; none for any other text.
#[must_use]
pub fn timestamp_ms(text: &str) -> Option<i64> {
    let ms = DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
    (timestamp(ms).as_deref() == Some(text)).then_some(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn only_our_own_timestamps_are_read() {
        for bad in [
            "",
            "now",
            "2026-11-24",
            "2026-11-24T15:20:16Z",
            "2026-11-24T15:20:16.195+01:00",
            "1970-01-01T00:00:00.000Z",
        ] {
            assert_eq!(timestamp_ms(bad), None, "{bad}");
        }
    }

    #[test]
    fn http_dates_are_read() {
        assert_eq!(http_date_ms("Tue, 24 Nov 2026 15:25:29 GMT"), Some(1_795_533_929_000));
        for bad in ["", "now", "2026-11-24T15:25:29Z", "Tue, 99 Nov 2026 15:25:29 GMT"] {
            assert_eq!(http_date_ms(bad), None, "{bad}");
        }
    }
}
