//! How long a server asks to wait, in all the forms in which servers and proxies say so.
//!
//! The limiters of many servers send `X-RateLimit-Limit`, `-Remaining` and `-Reset` with every answer, some of them twice,
//! and `Retry-After` with a refusal; the reset is a number of seconds. Proxies send the same names with an instant since
//! 1970, in seconds or milliseconds, or a date.

use super::http::Response;
use super::time::http_date_ms;

/// The longest wait: a day, whatever a server says. A wrong clock must not silence a provider for weeks.
pub const LONGEST_MS: u32 = 24 * 3_600_000;

/// From this number on a reset is an instant in seconds since 1970 (reached in 2001), not a number of seconds.
const EPOCH_S: i64 = 1_000_000_000;

/// From this number on it is one in milliseconds.
const EPOCH_MS: i64 = 1_000 * EPOCH_S;

/// How long the answer asks to wait, in milliseconds: `Retry-After`, or else, if the limiter refuses (429), its reset.
/// The limiter sends its reset with every other answer too, where it does not ask to wait.
#[must_use]
pub fn retry_after_ms(response: &Response) -> Option<u32> {
    let reset = || value(response, "x-ratelimit-reset").filter(|_| response.status == 429);
    bounded(value(response, "retry-after").or_else(reset)?)
}

/// How long to wait, in milliseconds, until `requests` more are allowed; `None` if the answer says that some are left,
/// or says nothing. An empty bucket fills evenly until the reset.
#[must_use]
pub fn until_allowed_ms(response: &Response, requests: usize) -> Option<u32> {
    if number(response, "x-ratelimit-remaining")? > 0 {
        return None;
    }
    let reset_ms = value(response, "x-ratelimit-reset")?;
    let limit = number(response, "x-ratelimit-limit").filter(|limit| *limit > 0).unwrap_or(1);
    let share = i64::try_from(requests).unwrap_or(i64::MAX).clamp(1, limit);
    bounded(reset_ms.saturating_mul(share) / limit)
}

fn bounded(ms: i64) -> Option<u32> {
    u32::try_from(ms.clamp(0, i64::from(LONGEST_MS))).ok()
}

/// The milliseconds from now on that a header names.
fn value(response: &Response, header: &str) -> Option<i64> {
    let text = response.header(header)?;
    let Some(number) = first_number(text) else {
        return Some(http_date_ms(text)?.saturating_sub(now_ms(response)?));
    };
    match number {
        EPOCH_MS.. => Some(number.saturating_sub(now_ms(response)?)),
        EPOCH_S.. => Some(number.saturating_mul(1_000).saturating_sub(now_ms(response)?)),
        _ => Some(number.saturating_mul(1_000)),
    }
}

/// A header that came twice may have been joined with a comma.
fn first_number(text: &str) -> Option<i64> {
    let number = text.split(',').next().unwrap_or_default().trim();
    // Some proxies send fractions of a second.
    let whole = number.split_once('.').map_or(number, |(whole, _)| whole);
    whole.parse().ok()
}

fn number(response: &Response, header: &str) -> Option<i64> {
    first_number(response.header(header)?)
}

fn now_ms(response: &Response) -> Option<i64> {
    http_date_ms(response.header("date")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn response(headers: &[(&'static str, &str)]) -> Response {
        let date = ("date", "Tue, 24 Nov 2026 15:25:29 GMT");
        let headers = headers.iter().chain([&date]).map(|(key, value)| (*key, (*value).to_string())).collect();
        Response { status: 429, headers, ..Response::default() }
    }

    #[test]
    fn waits_are_read_in_every_form() {
        let cases: &[(&[(&'static str, &str)], Option<u32>)] = &[
            (&[("retry-after", "2")], Some(2_000)),
            (&[("retry-after", " 2 ")], Some(2_000)),
            (&[("retry-after", "1.5")], Some(1_000)),
            (&[("retry-after", "Tue, 24 Nov 2026 15:25:39 GMT")], Some(10_000)),
            (&[("retry-after", "Tue, 24 Nov 2026 15:25:19 GMT")], Some(0)),
            (&[("retry-after", "-5")], Some(0)),
            (&[("retry-after", "3600")], Some(3_600_000)),
            (&[("retry-after", "999999")], Some(LONGEST_MS)),
            (&[("retry-after", "99999999999999999999999")], None),
            (&[("retry-after", "soon")], None),
            (&[("retry-after", "soon"), ("x-ratelimit-reset", "3")], Some(3_000)),
            (&[("retry-after", "2"), ("x-ratelimit-reset", "9")], Some(2_000)),
            (&[("x-ratelimit-reset", "9, 9")], Some(9_000)),
            (&[("x-ratelimit-reset", "1795533935")], Some(6_000)),
            (&[("x-ratelimit-reset", "1795533935500")], Some(6_500)),
            (&[("x-ratelimit-reset", "99999999999999999999")], None),
            (&[], None),
        ];
        for (headers, expect) in cases {
            assert_eq!(retry_after_ms(&response(headers)), *expect, "{headers:?}");
        }
        let undated = Response {
            status: 429,
            headers: alloc::vec![("x-ratelimit-reset", "1795533935".to_string())],
            ..Response::default()
        };
        assert_eq!(retry_after_ms(&undated), None);
    }

    #[test]
    fn a_reset_asks_for_a_wait_only_if_the_limiter_refuses() {
        let cases: [(u16, &[(&'static str, &str)], Option<u32>); 6] = [
            (429, &[("x-ratelimit-reset", "7")], Some(7_000)),
            (500, &[("x-ratelimit-reset", "7")], None),
            (503, &[("x-ratelimit-reset", "7")], None),
            (200, &[("x-ratelimit-reset", "7")], None),
            (503, &[("x-ratelimit-reset", "7"), ("retry-after", "3600")], Some(3_600_000)),
            (503, &[("retry-after", "Tue, 24 Nov 2026 16:25:29 GMT")], Some(3_600_000)),
        ];
        for (status, headers, expect) in cases {
            assert_eq!(retry_after_ms(&Response { status, ..response(headers) }), expect, "{status} {headers:?}");
        }
    }

    #[test]
    fn an_empty_bucket_gets_time_to_fill() {
        let limits = |remaining, reset, limit| {
            response(&[
                ("x-ratelimit-remaining", remaining),
                ("x-ratelimit-reset", reset),
                ("x-ratelimit-limit", limit),
            ])
        };
        let cases = [
            (limits("0", "11", "101"), 8, Some(871)),
            (limits("0, 0", "11, 11", "101, 101"), 8, Some(871)),
            (limits("0", "11", "101"), 1_000, Some(11_000)),
            (limits("0", "1795533939", "10"), 5, Some(5_000)),
            (limits("0", "7", "nonsense"), 8, Some(7_000)),
            (limits("1", "11", "101"), 8, None),
            (limits("0", "never", "101"), 8, None),
            (response(&[]), 8, None),
        ];
        for (response, requests, expect) in cases {
            assert_eq!(until_allowed_ms(&response, requests), expect, "{response:?}");
        }
    }
}
