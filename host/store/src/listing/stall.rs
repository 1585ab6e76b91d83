//! Whether a listing makes progress, and how much it has taken in all.
//!
//! Progress is somebody who comes for the first time in a reading of the product's list, or a known user who was compared.
//! Time is what passes while somebody waits for the next step, counted second by second: a process that is stopped in
//! between has lost a second, and nothing for what its host does between two steps.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use provider_sandbox::{Bound, Error as SandboxError, LimitHit, ListingLimits};
use tokio::time::{Instant, sleep_until, timeout};

use crate::{Error, Result, Stall};

/// How often the time is looked at, and the most that one look counts; more often where a listing may stall sooner.
const TICK: Duration = Duration::from_secs(1);
const SHORTEST_TICK: Duration = Duration::from_millis(10);

/// Steps without progress that each step with some allows: a provider may read the list three times, and once more for a
/// product that moves while it is read.
const IDLE_FOR_EACH: u64 = 4;

/// How many times as long as without an answer a listing may take while answers come that bring nobody new.
const PATIENCE: u32 = 5;

/// How many times as long as a listing has taken it may take to read the list again and find nobody new.
const AGAIN: u32 = 3;

/// Follows one listing, or one sync.
#[derive(Debug, Default)]
pub(crate) struct StallGuard {
    /// Time since the last answer.
    silent: Duration,
    /// Time since the last progress, and until then, but for the waits that the product has asked for.
    idle: Duration,
    good: Duration,
    /// Those waits, since the last progress.
    waited: Duration,
    /// All of it.
    total: Duration,
    /// Steps since the last progress, and those with some.
    idle_steps: u64,
    good_steps: u64,
    bytes: u64,
}

impl StallGuard {
    /// Waits for a part of a step, such as the provider's answer, as long as the listing may stand still.
    ///
    /// # Errors
    /// The part's own; or the listing stands still, or has taken all of its time. The next part has its time again.
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

    /// Waits as the product has asked: that is no silence.
    ///
    /// # Errors
    /// It has asked for one wait after another, and nobody new came; or the listing has taken all of its time.
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

    /// Whether it may go on.
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

    /// Takes records of so many bytes, after which there are so many users.
    ///
    /// # Errors
    /// The listing is beyond one of its limits.
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

    /// Takes a step that made progress with so many users.
    ///
    /// # Errors
    /// The listing stands still.
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

    /// It stalled. The next step may take as long again.
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
                // Some idle ones in between count for nothing once there is progress.
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
    fn a_listing_has_so_many_users_and_bytes_in_all() {
        let limits = limits(|it| (it.users, it.bytes) = (10, 100));
        let cases = [(10, 50, None), (11, 1, Some("limit-listing-users")), (1, 51, Some("limit-listing-bytes"))];
        for (users, bytes, expect) in cases {
            let mut guard = StallGuard::default();
            guard.holds(&limits, 1, bytes).unwrap();
            assert_eq!(code(guard.holds(&limits, users, bytes)).as_deref(), expect);
        }
    }

    #[tokio::test]
    async fn whoever_never_answers_is_given_up() {
        let limits = limits(|it| it.stall_time = NO_TIME);
        let mut guard = StallGuard::default();
        let stalled = guard.part(&limits, pending::<Result<()>>()).await;
        assert_eq!(code(stalled).as_deref(), Some("listing-stalled"));
        assert_eq!(guard.part(&limits, ready(Result::<_>::Ok(1))).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_wait_that_was_asked_for_is_no_silence() {
        let limits = limits(|it| it.stall_time = NO_TIME);
        let mut guard = StallGuard::default();
        let until = Instant::now() + Duration::from_millis(50);
        guard.pause(&limits, until).await.unwrap();
        assert!(Instant::now() >= until && guard.silent == NO_TIME);
    }
}
