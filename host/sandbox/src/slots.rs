//! Places in the pool: an instance is made when its tenant and the pool have room for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::{Error, LimitHit};

/// Room for so many instances: of one tenant, or of all.
#[derive(Debug)]
pub(crate) struct Room {
    free: Arc<Semaphore>,
    /// How many wait for a place.
    waiting: AtomicUsize,
    /// The holders of places that they do not need now.
    lent: Mutex<Vec<Weak<dyn Recall>>>,
}

impl Room {
    pub(crate) fn new(places: u32) -> Self {
        let places = usize::try_from(places).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(places)), waiting: AtomicUsize::new(0), lent: Mutex::default() }
    }

    /// Waits for a place, in the order of asking. If there is none, a lent one is called back.
    async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.free).try_acquire_owned() {
            return Some(place);
        }
        let _waiting = Waiting::new(&self.waiting);
        self.recall();
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// Makes a holder give up a place that it does not need now.
    fn recall(&self) {
        loop {
            let Some(last) = self.lent.lock().unwrap_or_else(PoisonError::into_inner).pop() else { return };
            // Dropped outside of the lock: an instance takes a while.
            if last.upgrade().is_some_and(|lent| lent.recall()) {
                return;
            }
        }
    }

    fn lend(&self, lent: &Arc<dyn Recall>) {
        {
            let mut all = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|lent| lent.strong_count() > 0);
            all.push(Arc::downgrade(lent));
        }
        // Either a waiting call has seen the list with it, or it is seen here.
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.recall();
        }
    }
}

/// A call that waits for a place.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What can be called back.
trait Recall: Send + Sync + std::fmt::Debug {
    /// Gives the place up, and returns whether there was one.
    fn recall(&self) -> bool;
}

/// Something with a [`Slot`] that is not needed for a while. It is kept as long as nobody waits for the place.
pub(crate) struct Lent<T>(Mutex<Option<T>>);

impl<T> Lent<T> {
    /// Takes it back; `None` if somebody else has needed the place.
    pub(crate) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T: Send> Recall for Lent<T> {
    fn recall(&self) -> bool {
        self.take().is_some()
    }
}

impl<T> std::fmt::Debug for Lent<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lent").finish_non_exhaustive()
    }
}

/// The room that the instances of one tenant have.
///
/// A tenant waits first for its own room and then for the pool's, and both queues are in order. So a tenant that asks for a
/// thousand instances at once takes no more places in the pool's queue than it may have instances.
#[derive(Clone, Debug)]
pub struct Slots {
    own: Arc<Room>,
    pool: Arc<Room>,
    pool_size: u32,
}

/// Room for one instance, given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    _own: OwnedSemaphorePermit,
    _pool: OwnedSemaphorePermit,
}

impl Slots {
    /// Room for `own` instances within a pool of `pool_size`.
    pub(crate) fn new(own: u32, pool: Arc<Room>, pool_size: u32) -> Self {
        Self { own: Arc::new(Room::new(own)), pool, pool_size }
    }

    /// Waits for room until then, for as long as `patience` says.
    ///
    /// # Errors
    /// None became free in time.
    pub(crate) async fn take(&self, call: &'static str, until: Instant, patience: Duration) -> Result<Slot, Error> {
        let waiting = async { Some(Slot { _own: self.own.enter().await?, _pool: self.pool.enter().await? }) };
        match timeout_at(until, waiting).await {
            Ok(Some(slot)) => Ok(slot),
            Ok(None) => Err(Error::Runtime { reason: "the pool of instances is closed".into() }),
            Err(_) => Err(Error::LimitHit { call, limit: LimitHit::Instances { pool: self.pool_size, patience } }),
        }
    }

    /// Keeps something with a slot of these that is not needed for a while, until somebody waits for the place.
    pub(crate) fn lend<T: Send + 'static>(&self, what: T) -> Arc<Lent<T>> {
        let lent = Arc::new(Lent(Mutex::new(Some(what))));
        let recall: Arc<dyn Recall> = Arc::<Lent<T>>::clone(&lent);
        self.own.lend(&recall);
        self.pool.lend(&recall);
        lent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(60);

    async fn take(slots: &Slots) -> Result<Slot, Error> {
        slots.take("check", Instant::now() + SOON, SOON).await
    }

    #[tokio::test]
    async fn a_tenant_that_takes_all_of_its_own_leaves_the_rest_of_the_pool() {
        let pool = Arc::new(Room::new(3));
        let (greedy, modest) = (Slots::new(2, Arc::clone(&pool), 3), Slots::new(2, pool, 3));
        let mut taken = Vec::new();
        for _ in 0..2 {
            taken.push(take(&greedy).await.unwrap());
        }
        assert_eq!(take(&greedy).await.unwrap_err().code(), "limit-instances");
        let slot = take(&modest).await.unwrap();
        let error = take(&modest).await.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("limit-instances", true));
        drop(slot);
        take(&modest).await.unwrap();
    }

    #[tokio::test]
    async fn a_lent_place_goes_to_a_waiting_call() {
        // The place of one's own tenant, and one of the pool's that another tenant has lent.
        for (own, pool) in [(1, 2), (2, 1)] {
            let pool = Arc::new(Room::new(pool));
            let (one, other) = (Slots::new(own, Arc::clone(&pool), 1), Slots::new(own, pool, 1));
            let asks = if own == 1 { &one } else { &other };
            let lent = one.lend(take(&one).await.unwrap());
            let kept = lent.take().expect("nobody waits");
            assert_eq!(take(asks).await.unwrap_err().code(), "limit-instances", "it was taken back");
            // Lent before somebody asks for it.
            let lent = one.lend(kept);
            let slot = take(asks).await.unwrap();
            assert!(lent.take().is_none());
            // Lent while somebody waits.
            drop(slot);
            let kept = take(&one).await.unwrap();
            let mut waiting = Box::pin(asks.take("check", Instant::now() + LONG, LONG));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            let lent = one.lend(kept);
            waiting.await.unwrap();
            assert!(lent.take().is_none());
        }
    }
}
