//! The time of day. Some machines do not know it: a clock without a battery may be before 1970, which most code assumes to
//! be impossible.

use std::time::{Duration, SystemTime};

use crate::{Error, Result};

/// The time since 1970; `None` if the machine's clock is before that.
pub fn since_1970() -> Option<Duration> {
    since(SystemTime::now())
}

fn since(now: SystemTime) -> Option<Duration> {
    now.duration_since(SystemTime::UNIX_EPOCH).ok()
}

/// Checks the machine's clock before anything needs it: with a wrong clock no certificate is valid.
///
/// # Errors
/// It is before 1970.
pub fn check() -> Result<()> {
    known(SystemTime::now())
}

fn known(now: SystemTime) -> Result<()> {
    since(now).map(drop).ok_or(Error::ClockWrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_1970_is_an_error_with_a_fix() {
        let second = Duration::from_secs(1);
        for (now, expect) in [
            (SystemTime::UNIX_EPOCH - second, None),
            (SystemTime::UNIX_EPOCH - 1_000_000 * second, None),
            (SystemTime::UNIX_EPOCH, Some(Duration::ZERO)),
            (SystemTime::UNIX_EPOCH + second, Some(second)),
        ] {
            assert_eq!((since(now), known(now).is_ok()), (expect, expect.is_some()), "{now:?}");
        }
        let error = known(SystemTime::UNIX_EPOCH - second).unwrap_err();
        assert!(error.code() == "clock-wrong" && error.fix().is_some_and(|fix| fix.contains("clock")));
        assert!(check().is_ok() && since_1970().unwrap() > Duration::from_secs(1_000_000_000));
    }
}
