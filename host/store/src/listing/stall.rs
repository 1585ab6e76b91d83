//! Whether a listing makes progress, and how much it has taken in all.
//!
//! Progress is a user who is returned for the first time in a reading of the product's list, or a known user who was
//! compared. Time counts only while the caller waits for the next step, second by second. So a process that was stopped
//! in between loses at most one second, and what the host does between two steps costs nothing.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use provider_sandbox::{Bound, Error as SandboxError, LimitHit, ListingLimits};
use tokio::time::{Instant, sleep_until, timeout};

use crate::{Error, Result, Stall};

/// How often the time is checked, and the most that one check counts. A listing with a shorter stall time checks more
/// often.
const TICK: Duration = Duration::from_secs(1);
const SHORTEST_TICK: Duration = Duration::from_millis(10);

/// How many steps without progress each step with progress allows: a provider may read the list three times, and once
/// more if the product changes meanwhile.
const IDLE_FOR_EACH: u64 = 4;

/// While answers arrive that have nobody new, a listing may take this many times as long as without any answer.
const PATIENCE: u32 = 5;

/// A listing may take this many times as long as it has taken so far to read the list again and find nobody new.
const AGAIN: u32 = 3;

/// Watches one listing or one sync.
#[derive(Debug, Default)]
pub(crate) struct StallGuard {
    /// Time since the last answer.
    silent: Duration,
    /// Time since the last progress, without the waits that the product asked for.
    idle: Duration,
    /// The same time up to the last progress.
    good: Duration,
    /// The waits that the product asked for since the last progress.
    waited: Duration,
    /// All time, waits included.
    total: Duration,
    /// Steps since the last progress.
    idle_steps: u64,
    /// Steps with progress.
    good_steps: u64,
    bytes: u64,
}

impl StallGuard {
    /// Waits for a part of a step, such as the provider's answer, as long as the listing may go without progress.
    ///
    /// # Errors
    /// Those of the part; the listing stalled, or has used all of its time. The next part has the full time again.
    pub(crate) async fn part<T, E>(
        &mut self,
        limits: &ListingLimits,
        part: impl Future<Output = Result<T, E>>,
    ) -> Result<T>
    where
        Error: From<E>,
    {
        let mut part = pin!(part);
        let tick = limits.stall_time.clamp(SHORTEST_TICK, TICK);
        loop {
            let began = Instant::now();
            let done = timeout(tick, &mut part).await;
            let passed = began.elapsed().min(tick);
            for time in [&mut self.silent, &mut self.idle, &mut self.total] {
                *time = time.saturating_add(passed);
            }
            if let Ok(done) = done {
                return Ok(done?);
            }
            self.stands(limits)?;
        }
    }

    /// Waits as the product asked. That does not count as time without an answer.
    ///
    /// # Errors
    /// The product asked for one wait after another and returned nobody new, or the listing has used all of its time.
    pub(crate) async fn pause(&mut self, limits: &ListingLimits, until: Instant) -> Result<()> {
        loop {
            let began = Instant::now();
            if began >= until {
                return Ok(());
            }
            sleep_until(began.checked_add(TICK).map_or(until, |next| next.min(until))).await;
            let passed = began.elapsed().min(TICK);
            for time in [&mut self.waited, &mut self.total] {
                *time = time.saturating_add(passed);
            }
            self.stands(limits)?;
        }
    }

    /// Checks whether the listing may continue.
    fn stands(&mut self, limits: &ListingLimits) -> Result<()> {
        if self.total > limits.time {
            return Err(over(Bound::Time, limits.time.as_secs()));
        }
        if self.silent > limits.stall_time {
            return Err(self.stalled(Stall::NoAnswer(limits.stall_time)));
        }
        let patience = limits.stall_time.saturating_mul(PATIENCE).max(self.good.saturating_mul(AGAIN));
        if self.idle > patience {
            return Err(self.stalled(Stall::NobodyNew(patience)));
        }
        let patience = limits.wait_time.saturating_mul(PATIENCE);
        if self.waited > patience {
            return Err(self.stalled(Stall::NobodyNew(patience)));
        }
        Ok(())
    }

    /// Counts records of `bytes` bytes, with which the listing has `users` users.
    ///
    /// # Errors
    /// The listing exceeds one of its limits.
    pub(crate) fn holds(&mut self, limits: &ListingLimits, users: u64, bytes: u64) -> Result<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        if users > limits.users {
            return Err(over(Bound::Users, limits.users));
        }
        if self.bytes > limits.bytes {
            return Err(over(Bound::Bytes, limits.bytes));
        }
        Ok(())
    }

    /// Counts a step that made progress with `progress` users.
    ///
    /// # Errors
    /// The listing stalled.
    pub(crate) fn step(&mut self, limits: &ListingLimits, progress: u64) -> Result<()> {
        self.silent = Duration::ZERO;
        if progress > 0 {
            self.good = self.good.saturating_add(self.idle);
            self.good_steps = self.good_steps.saturating_add(1);
            (self.idle, self.waited, self.idle_steps) = (Duration::ZERO, Duration::ZERO, 0);
            return Ok(());
        }
        self.idle_steps = self.idle_steps.saturating_add(1);
        if self.idle_steps > limits.idle_steps.saturating_add(self.good_steps.saturating_mul(IDLE_FOR_EACH)) {
            let steps = self.idle_steps;
            return Err(self.stalled(Stall::Steps(steps)));
        }
        self.stands(limits)
    }

    /// The error for a stalled listing. The next step has the full time again.
    fn stalled(&mut self, stall: Stall) -> Error {
        (self.silent, self.idle, self.waited, self.idle_steps) = (Duration::ZERO, Duration::ZERO, Duration::ZERO, 0);
        Error::ListingStalled { stall }
    }
}

fn over(bound: Bound, limit: u64) -> Error {
    SandboxError::LimitHit { call: "list-users", limit: LimitHit::Answer { bound, limit } }.into()
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    fn limits(change: impl FnOnce(&mut ListingLimits)) -> ListingLimits {
        let mut limits = ListingLimits::default();
        change(&mut limits);
        limits
    }

    const NO_TIME: Duration = Duration::ZERO;

    fn code<T>(result: Result<T>) -> Option<String> {
        result.err().map(|error| error.code().to_owned())
    }

    #[test]
    fn steps_that_bring_nobody_new_are_counted_against_those_that_did() {
        let limits = limits(|it| it.idle_steps = 3);
        // How many steps with progress come first, and how many without it may follow.
        for (good, idle) in [(0, 3), (1, 7), (10, 43)] {
            let mut guard = StallGuard::default();
            for _ in 0..good {
                // Idle steps in between do not count once there is progress.
                guard.step(&limits, 0).unwrap();
                guard.step(&limits, 1).unwrap();
            }
            for _ in 0..idle {
                guard.step(&limits, 0).unwrap();
            }
            assert_eq!(code(guard.step(&limits, 0)).as_deref(), Some("listing-stalled"), "after {good}");
            assert_eq!(code(guard.step(&limits, 0)), None, "the next attempt has as many steps again");
        }
    }

    #[test]
    fn time_without_an_answer_and_without_anybody_new_is_bounded() {
        let second = |n: u64| Duration::from_secs(n);
        let limits = limits(|it| {
            (it.stall_time, it.wait_time, it.time) = (second(10), second(20), second(1_000));
        });
        let guard = |silent, idle, good, waited, total| StallGuard {
            silent: second(silent),
            idle: second(idle),
            good: second(good),
            waited: second(waited),
            total: second(total),
            ..StallGuard::default()
        };
        let cases = [
            (guard(10, 10, 0, 0, 10), None),
            (guard(11, 11, 0, 0, 11), Some("listing-stalled")),
            (guard(11, 11, 500, 0, 511), Some("listing-stalled")),
            (guard(0, 50, 0, 0, 50), None),
            (guard(0, 51, 0, 0, 51), Some("listing-stalled")),
            // A long listing may be read again.
            (guard(0, 300, 100, 0, 400), None),
            (guard(0, 301, 100, 0, 401), Some("listing-stalled")),
            (guard(0, 0, 0, 100, 100), None),
            (guard(0, 0, 0, 101, 101), Some("listing-stalled")),
            (guard(0, 0, 1_001, 0, 1_001), Some("limit-listing-time")),
        ];
        for (mut guard, expect) in cases {
            let text = format!("{guard:?}");
            assert_eq!(code(guard.stands(&limits)).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn a_listing_has_limits_on_all_its_users_and_bytes() {
        let limits = limits(|it| (it.users, it.bytes) = (10, 100));
        let cases = [(10, 50, None), (11, 1, Some("limit-listing-users")), (1, 51, Some("limit-listing-bytes"))];
        for (users, bytes, expect) in cases {
            let mut guard = StallGuard::default();
            guard.holds(&limits, 1, bytes).unwrap();
            assert_eq!(code(guard.holds(&limits, users, bytes)).as_deref(), expect);
        }
    }

    #[tokio::test]
    async fn a_product_that_never_answers_stalls_the_listing() {
        let limits = limits(|it| it.stall_time = NO_TIME);
        let mut guard = StallGuard::default();
        let stalled = guard.part(&limits, pending::<Result<()>>()).await;
        assert_eq!(code(stalled).as_deref(), Some("listing-stalled"));
        assert_eq!(guard.part(&limits, ready(Result::<_>::Ok(1))).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_wait_that_was_asked_for_does_not_stall_the_listing() {
        let limits = limits(|it| it.stall_time = NO_TIME);
        let mut guard = StallGuard::default();
        let until = Instant::now() + Duration::from_millis(50);
        guard.pause(&limits, until).await.unwrap();
        assert!(Instant::now() >= until && guard.silent == NO_TIME);
    }
}
