//! The clock that interrupts guests: it ticks during calls, and rests otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

/// Ticks without a call after which the clock rests. A host that is called all the time never wakes it.
const LINGER: u32 = 100;

/// How long it rests at most before it looks whether it is still needed.
const REST: Duration = Duration::from_secs(1);

/// A thread that ticks.
#[derive(Debug)]
pub(crate) struct Clock {
    thread: Thread,
    state: Arc<State>,
}

/// Each side changes one of these before it reads the other, in one order for all: either the clock sees the call, or the
/// call sees that the clock rests.
#[derive(Debug, Default)]
struct State {
    calls: AtomicUsize,
    rests: AtomicBool,
}

/// A call on its way.
#[derive(Debug)]
pub(crate) struct Ticking(Arc<State>);

impl Clock {
    /// Calls `tick` at each tick until it returns false.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(every: Duration, mut tick: impl FnMut() -> bool + Send + 'static) -> std::io::Result<Self> {
        let state = Arc::<State>::default();
        let clock = Arc::clone(&state);
        let ticking = move || {
            let mut idle = 0;
            while tick() {
                idle = if clock.calls.load(Ordering::SeqCst) == 0 { idle + 1 } else { 0 };
                if idle < LINGER {
                    thread::sleep(every);
                } else {
                    clock.rest();
                }
            }
        };
        let thread = thread::Builder::new().name("provider-host-tick".to_owned()).spawn(ticking)?;
        Ok(Self { thread: thread.thread().clone(), state })
    }

    /// Ticks at least as long as what is returned lives.
    pub(crate) fn tick(&self) -> Ticking {
        self.state.calls.fetch_add(1, Ordering::SeqCst);
        if self.state.rests.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        Ticking(Arc::clone(&self.state))
    }
}

impl State {
    fn rest(&self) {
        self.rests.store(true, Ordering::SeqCst);
        if self.calls.load(Ordering::SeqCst) == 0 {
            thread::park_timeout(REST);
        }
        self.rests.store(false, Ordering::SeqCst);
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::time::Instant;

    use super::*;

    /// Waits until it is so, for a time that is long beside every other here.
    #[track_caller]
    fn until(what: impl Fn() -> bool) {
        let began = Instant::now();
        while !what() {
            assert!(began.elapsed() < Duration::from_secs(20), "it never came");
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn it_ticks_while_there_are_calls_and_rests_without() {
        let ticks = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&ticks);
        let tick = move || counted.fetch_add(1, Ordering::SeqCst) < u64::MAX;
        let clock = Clock::start(Duration::from_micros(100), tick).unwrap();
        for _ in 0..3 {
            until(|| clock.state.rests.load(Ordering::SeqCst));
            let (one, other) = (clock.tick(), clock.tick());
            drop(one);
            let before = ticks.load(Ordering::SeqCst);
            // Many more than it lingers for.
            until(|| ticks.load(Ordering::SeqCst) > before + 10 * u64::from(LINGER));
            assert!(!clock.state.rests.load(Ordering::SeqCst));
            drop(other);
        }
    }

    #[test]
    fn it_ends_with_what_it_ticks_for() {
        let needed = Arc::new(());
        let weak = Arc::downgrade(&needed);
        let clock = Clock::start(Duration::from_micros(100), move || weak.upgrade().is_some()).unwrap();
        until(|| clock.state.rests.load(Ordering::SeqCst));
        drop(needed);
        until(|| Arc::strong_count(&clock.state) == 1);
    }
}
