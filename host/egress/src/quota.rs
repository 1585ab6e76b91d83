//! How much one guest may send: requests at once, in a call and in a second, and bytes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use crate::{TrafficLimit, TrafficLimits};

/// Bytes of the bodies that are kept while requests wait for their turn.
const ROOM: usize = 4 * 1024 * 1024;

/// When requests have their turn: limits the requests in flight and per second. The sessions of a tenant share one, so a
/// tenant with many instances sends no more at once than a tenant with one.
#[derive(Clone, Debug)]
pub struct Turns {
    in_flight: Arc<Semaphore>,
    pace: Option<Arc<Mutex<Pace>>>,
}

impl Turns {
    /// Turns within these limits, none of them taken.
    #[must_use]
    pub fn new(limits: &TrafficLimits) -> Self {
        let in_flight = usize::try_from(limits.requests_in_flight.max(1)).unwrap_or(Semaphore::MAX_PERMITS);
        let pace = limits.requests_per_second.and_then(|rate| Duration::from_secs(1).checked_div(rate.get()));
        Self {
            in_flight: Arc::new(Semaphore::new(in_flight.min(Semaphore::MAX_PERMITS))),
            pace: pace.map(|between| Arc::new(Mutex::new(Pace { between, next: None }))),
        }
    }
}

/// What is left of the limits on what a session sends.
#[derive(Debug)]
pub(crate) struct Quota {
    turns: Turns,
    room: Arc<Semaphore>,
    per_call: u64,
    asked: AtomicU64,
    /// Over all calls.
    let_out: AtomicU64,
    total: Arc<Total>,
}

/// Bytes that a session has sent, over all calls.
#[derive(Debug)]
pub(crate) struct Total {
    limit: u64,
    sent: AtomicU64,
}

impl Total {
    pub(crate) const fn new(limit: u64) -> Self {
        Self { limit, sent: AtomicU64::new(0) }
    }

    /// Counts bytes before they are sent.
    ///
    /// # Errors
    /// They are beyond what a session may send.
    pub(crate) fn add(&self, bytes: u64) -> Result<(), TrafficLimit> {
        let earlier = self.sent.fetch_add(bytes, Ordering::Relaxed);
        if earlier.saturating_add(bytes) > self.limit { Err(TrafficLimit::SentBytes(self.limit)) } else { Ok(()) }
    }
}

impl Quota {
    /// What these limits leave to a session that takes these turns.
    pub(crate) fn new(limits: &TrafficLimits, turns: Turns) -> Self {
        Self {
            turns,
            room: Arc::new(Semaphore::new(ROOM)),
            per_call: limits.requests_per_call,
            asked: AtomicU64::new(0),
            let_out: AtomicU64::new(0),
            total: Arc::new(Total::new(limits.sent_bytes)),
        }
    }

    /// Begins a call, which may send as many requests as any other.
    pub(crate) fn begin_call(&self) {
        self.asked.store(0, Ordering::Relaxed);
    }

    /// Counts a request that a guest asks for, before it is known to be granted: a denied one costs the host as much.
    ///
    /// # Errors
    /// It is beyond what a call may ask for.
    pub(crate) fn count(&self) -> Result<(), TrafficLimit> {
        let earlier = self.asked.fetch_add(1, Ordering::Relaxed);
        if earlier >= self.per_call { Err(TrafficLimit::RequestsPerCall(self.per_call)) } else { Ok(()) }
    }

    /// Counts a request that is sent, with so many bytes of address and headers.
    ///
    /// # Errors
    /// They are beyond what a session may send.
    pub(crate) fn let_out_one(&self, head_bytes: u64) -> Result<(), TrafficLimit> {
        self.total.add(head_bytes)?;
        self.let_out.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Where the bytes of bodies are counted.
    pub(crate) fn total(&self) -> Arc<Total> {
        Arc::clone(&self.total)
    }

    /// How many requests were sent over all calls.
    pub(crate) fn let_out(&self) -> u64 {
        self.let_out.load(Ordering::Relaxed)
    }

    /// Room in bytes for the bodies of requests that wait.
    pub(crate) fn room(&self) -> Arc<Semaphore> {
        Arc::clone(&self.room)
    }

    /// Waits for a request's turn, in the order of asking. The request is in flight for as long as the permit is kept.
    /// Returns `None` only if the semaphore was closed, which never happens.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let Turns { in_flight, pace } = &self.turns;
        let permit = Arc::clone(in_flight).acquire_owned().await.ok();
        let moment =
            pace.as_ref().map(|pace| pace.lock().unwrap_or_else(PoisonError::into_inner).reserve(Instant::now()));
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
    /// The earliest moment that is not taken; `None` before the first.
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

    fn quota(limits: &TrafficLimits) -> Quota {
        Quota::new(limits, Turns::new(limits))
    }

    #[test]
    fn each_call_may_ask_for_so_many() {
        let quota = quota(&TrafficLimits { requests_per_call: 2, ..TrafficLimits::default() });
        for _ in 0..2 {
            quota.begin_call();
            let counted: Vec<_> = (0..4).map(|_| quota.count().is_ok()).collect();
            assert_eq!(counted, [true, true, false, false]);
        }
        assert_eq!((quota.count(), quota.let_out()), (Err(TrafficLimit::RequestsPerCall(2)), 0));
    }

    #[test]
    fn a_session_sends_so_many_bytes_in_all_its_calls() {
        let quota = quota(&TrafficLimits { sent_bytes: 10, ..TrafficLimits::default() });
        assert_eq!(quota.let_out_one(4), Ok(()));
        assert_eq!(quota.total().add(6), Ok(()));
        quota.begin_call();
        let beyond = Err(TrafficLimit::SentBytes(10));
        assert_eq!((quota.total().add(1), quota.let_out_one(0), quota.let_out()), (beyond, beyond, 1));
    }

    #[tokio::test]
    async fn requests_wait_for_their_turn() {
        let limits = TrafficLimits {
            requests_in_flight: 2,
            requests_per_second: NonZeroU32::new(20),
            ..TrafficLimits::default()
        };
        let (quota, start) = (quota(&limits), Instant::now());
        let (first, _second) = (quota.turn().await, quota.turn().await);
        assert!(start.elapsed() >= Duration::from_millis(50));
        let third = quota.turn();
        tokio::pin!(third);
        assert!(tokio::time::timeout(Duration::from_millis(100), &mut third).await.is_err(), "two are in flight");
        drop(first);
        assert!(third.await.is_some());
    }

    #[tokio::test]
    async fn sessions_of_a_tenant_take_turns_together() {
        let limits = TrafficLimits {
            requests_in_flight: 2,
            requests_per_second: NonZeroU32::new(20),
            ..TrafficLimits::default()
        };
        let turns = Turns::new(&limits);
        let sessions = [(); 4].map(|()| Quota::new(&limits, turns.clone()));
        let start = Instant::now();
        let (one, two) = (sessions[0].turn().await, sessions[1].turn().await);
        assert!(start.elapsed() >= Duration::from_millis(50), "the second waits for a twentieth of a second");
        let waits = tokio::time::timeout(Duration::from_millis(100), sessions[2].turn()).await;
        assert!(waits.is_err(), "two are in flight");
        drop((one, two));
        assert!(sessions[3].turn().await.is_some());
    }
}
