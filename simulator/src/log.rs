//! What a server was asked, for tests that count it.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Exchanges that are remembered; older ones are only counted.
const REMEMBERED: usize = 100_000;

/// A request and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// Path and query as sent.
    pub path: String,
    /// The status of the answer; 0 if the connection was closed without one.
    pub status: u16,
    /// Bytes of the answer's body, if it was sent whole.
    pub bytes: u64,
    /// Whether the request had an `Authorization` header.
    pub authorized: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    count: AtomicU64,
    exchanges: Mutex<VecDeque<Exchange>>,
}

impl Log {
    pub(crate) fn push(&self, exchange: Exchange) {
        self.count.fetch_add(1, Ordering::Relaxed);
        if let Ok(mut exchanges) = self.exchanges.lock() {
            if exchanges.len() >= REMEMBERED {
                exchanges.pop_front();
            }
            exchanges.push_back(exchange);
        }
    }

    pub(crate) fn all(&self) -> Vec<Exchange> {
        self.exchanges.lock().map(|exchanges| exchanges.iter().cloned().collect()).unwrap_or_default()
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    pub(crate) fn clear(&self) {
        self.count.store(0, Ordering::Relaxed);
        if let Ok(mut exchanges) = self.exchanges.lock() {
            exchanges.clear();
        }
    }
}
