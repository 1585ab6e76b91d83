//! Whose turn it is: an instance is made when its tenant and the pool have room for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::{Error, LimitHit};

/// The room that the instances of one tenant have.
///
/// A tenant waits for its own room first and for the pool's afterwards, and both queues are in order. So a tenant that
/// asks for a thousand instances at once stands in the pool's queue with no more than its own number.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    own: Arc<Semaphore>,
    pool: Arc<Semaphore>,
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
    pub(crate) fn new(own: u32, pool: Arc<Semaphore>, pool_size: u32) -> Self {
        let own = usize::try_from(own).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { own: Arc::new(Semaphore::new(own)), pool, pool_size }
    }

    /// Waits for room, `patience` at most.
    ///
    /// # Errors
    /// There was none for so long.
    pub(crate) async fn take(&self, call: &'static str, patience: Duration) -> Result<Slot, Error> {
        let waiting = async {
            let own = Arc::clone(&self.own).acquire_owned().await.ok()?;
            let pool = Arc::clone(&self.pool).acquire_owned().await.ok()?;
            Some(Slot { _own: own, _pool: pool })
        };
        match timeout(patience, waiting).await {
            Ok(Some(slot)) => Ok(slot),
            Ok(None) => Err(Error::Runtime { reason: "the pool of instances is closed".to_owned() }),
            Err(_) => Err(Error::LimitHit { call, limit: LimitHit::Instances { pool: self.pool_size, patience } }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_tenant_that_takes_all_of_its_own_leaves_the_rest_of_the_pool() {
        let pool = Arc::new(Semaphore::new(3));
        let (greedy, modest) = (Slots::new(2, Arc::clone(&pool), 3), Slots::new(2, pool, 3));
        let mut taken = Vec::new();
        for _ in 0..2 {
            taken.push(greedy.take("check", SOON).await.unwrap());
        }
        assert_eq!(greedy.take("check", SOON).await.unwrap_err().code(), "limit-instances");
        let slot = modest.take("check", SOON).await.unwrap();
        let error = modest.take("check", SOON).await.unwrap_err();
        assert_eq!((error.code(), error.retryable()), ("limit-instances", true));
        drop(slot);
        modest.take("check", SOON).await.unwrap();
    }
}
