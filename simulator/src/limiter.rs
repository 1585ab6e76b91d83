//! The rate limiter: a bucket that fills with time.

use std::sync::Mutex;
use std::time::Instant;

use crate::RateLimit;

#[derive(Debug)]
pub(crate) struct Limiter {
    limit: RateLimit,
    bucket: Mutex<(f64, Instant)>,
}

/// The limiter's decision about a request, as in its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The most that may come at once.
    pub(crate) limit: u32,
    /// How many more may come now.
    pub(crate) remaining: u32,
    /// Seconds until the bucket is full.
    pub(crate) reset_s: u32,
    /// Set if the request is refused: seconds until the next may come.
    pub(crate) retry_after_s: Option<u32>,
}

impl Limiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self { limit, bucket: Mutex::new((f64::from(limit.burst) + 1.0, Instant::now())) }
    }

    pub(crate) fn take(&self) -> Verdict {
        let (most, rate) = (f64::from(self.limit.burst) + 1.0, f64::from(self.limit.per_second.max(1)));
        let mut left = 0.0;
        let mut is_allowed = true;
        if let Ok(mut bucket) = self.bucket.lock() {
            let now = Instant::now();
            left = (bucket.0 + now.duration_since(bucket.1).as_secs_f64() * rate).min(most);
            is_allowed = left >= 1.0;
            if is_allowed {
                left -= 1.0;
            }
            *bucket = (left, now);
        }
        Verdict {
            limit: whole(most),
            remaining: whole(left.floor()),
            reset_s: whole(((most - left) / rate).ceil()),
            retry_after_s: (!is_allowed).then(|| whole(((1.0 - left) / rate).ceil()).max(1)),
        }
    }
}

/// A number of seconds or requests: small, and never negative.
fn whole(number: f64) -> u32 {
    number.clamp(0.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_no_more() {
        let limiter = Limiter::new(RateLimit { per_second: 1, burst: 20 });
        let verdicts: Vec<_> = (0..22).map(|_| limiter.take()).collect();
        assert!(verdicts.iter().take(21).all(|verdict| verdict.retry_after_s.is_none()));
        assert_eq!(verdicts.first().map(|verdict| (verdict.limit, verdict.remaining)), Some((21, 20)));
        assert_eq!(verdicts.last().and_then(|verdict| verdict.retry_after_s), Some(1));
    }
}
