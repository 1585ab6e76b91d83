//! How many requests one guest may send: at once, in a call, and in a second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use crate::{LimitHit, Limits};

/// Bytes of bodies that are kept of requests which wait for their turn.
const ROOM: usize = 4 * 1024 * 1024;

/// What is left of the limits on requests.
#[derive(Debug)]
pub(super) struct Quota {
    in_flight: Arc<Semaphore>,
    room: Arc<Semaphore>,
    per_call: u64,
    asked: AtomicU64,
    /// Over all calls.
    let_out: AtomicU64,
    pace: Option<Mutex<Pace>>,
}

impl Quota {
    pub(super) fn new(limits: &Limits) -> Self {
        let in_flight = usize::try_from(limits.requests_in_flight.max(1)).unwrap_or(Semaphore::MAX_PERMITS);
        let pace = limits.requests_per_second.and_then(|rate| Duration::from_secs(1).checked_div(rate.get()));
        Self {
            in_flight: Arc::new(Semaphore::new(in_flight.min(Semaphore::MAX_PERMITS))),
            room: Arc::new(Semaphore::new(ROOM)),
            per_call: limits.requests_per_call,
            asked: AtomicU64::new(0),
            let_out: AtomicU64::new(0),
            pace: pace.map(|between| Mutex::new(Pace { between, next: None })),
        }
    }

    /// Begins a call, which may send as many requests as any other.
    pub(super) fn begin_call(&self) {
        self.asked.store(0, Ordering::Relaxed);
    }

    /// Counts a request.
    ///
    /// # Errors
    /// It is beyond what a call may send.
    pub(super) fn count(&self) -> Result<(), LimitHit> {
        let earlier = self.asked.fetch_add(1, Ordering::Relaxed);
        if earlier >= self.per_call {
            return Err(LimitHit::RequestsPerCall(self.per_call));
        }
        self.let_out.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// How many requests were counted over all calls.
    pub(super) fn let_out(&self) -> u64 {
        self.let_out.load(Ordering::Relaxed)
    }

    /// Room in bytes for the bodies of requests that wait.
    pub(super) fn room(&self) -> Arc<Semaphore> {
        Arc::clone(&self.room)
    }

    /// Waits for a request's turn, in the order of asking. The request is in flight for as long as the permit is kept;
    /// none is given only where the semaphore was closed, which nobody does.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.in_flight).acquire_owned().await.ok();
        let moment =
            self.pace.as_ref().map(|pace| pace.lock().unwrap_or_else(PoisonError::into_inner).reserve(Instant::now()));
        if let Some(moment) = moment {
            sleep_until(moment).await;
        }
        permit
    }
}

/// Evenly spread moments.
#[derive(Debug)]
struct Pace {
    between: Duration,
    /// The earliest moment that is not taken; none before the first.
    next: Option<Instant>,
}

impl Pace {
    /// Takes the next moment that is free.
    fn reserve(&mut self, now: Instant) -> Instant {
        let moment = self.next.map_or(now, |next| next.max(now));
        self.next = moment.checked_add(self.between);
        moment
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn moments_are_spread_and_not_saved_up() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut pace = Pace { between: Duration::from_millis(10), next: None };
        for (asked, expect) in [(0, 0), (0, 10), (5, 20), (20, 30), (100, 100), (100, 110), (101, 120)] {
            assert_eq!(pace.reserve(at(asked)), at(expect), "asked at {asked} ms");
        }
    }

    #[test]
    fn each_call_may_send_so_many() {
        let quota = Quota::new(&Limits { requests_per_call: 2, ..Limits::default() });
        for _ in 0..2 {
            quota.begin_call();
            let counted: Vec<_> = (0..4).map(|_| quota.count().is_ok()).collect();
            assert_eq!(counted, [true, true, false, false]);
        }
        assert_eq!((quota.count(), quota.let_out()), (Err(LimitHit::RequestsPerCall(2)), 4));
    }

    #[tokio::test]
    async fn requests_wait_for_their_turn() {
        let limits = Limits { requests_in_flight: 2, requests_per_second: NonZeroU32::new(20), ..Limits::default() };
        let (quota, start) = (Quota::new(&limits), Instant::now());
        let (first, _second) = (quota.turn().await, quota.turn().await);
        assert!(start.elapsed() >= Duration::from_millis(50));
        let third = quota.turn();
        tokio::pin!(third);
        assert!(tokio::time::timeout(Duration::from_millis(100), &mut third).await.is_err(), "two are in flight");
        drop(first);
        assert!(third.await.is_some());
    }
}
