//! Several loads of the same component at once: one compiles it, and the others wait for the result.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::Digest;

/// What is being made, by the digest of what it is made of.
pub(crate) struct Flights<T> {
    flying: Mutex<HashMap<Digest, Arc<Flight<T>>>>,
}

struct Flight<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

enum State<T> {
    /// Somebody works on it, and so many wait.
    Flying(usize),
    Landed(T),
    /// Who worked on it was interrupted by a panic.
    Lost,
}

/// What [`Flights::once`] returns, and who made it.
pub(crate) enum Made<T> {
    /// This call.
    Here(T),
    /// Another one, at the same time.
    Elsewhere(T),
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self { flying: Mutex::default() }
    }
}

impl<T: Clone> Flights<T> {
    /// Makes something, unless another thread is making the same: then waits for that. Nothing is kept afterwards.
    pub(crate) fn once(&self, of: Digest, make: impl FnOnce() -> T) -> Made<T> {
        loop {
            let (flight, is_ours) = self.board(of);
            if is_ours {
                let landing = Landing { flights: self, flight: &flight, of };
                let made = make();
                landing.land(made.clone());
                return Made::Here(made);
            }
            if let Some(made) = flight.wait() {
                return Made::Elsewhere(made);
            }
        }
    }

    /// The flight of this digest, and whether it was begun here.
    fn board(&self, of: Digest) -> (Arc<Flight<T>>, bool) {
        let mut flying = locked(&self.flying);
        if let Some(flight) = flying.get(&of) {
            return (Arc::clone(flight), false);
        }
        let flight = Arc::new(Flight { state: Mutex::new(State::Flying(0)), changed: Condvar::new() });
        flying.insert(of, Arc::clone(&flight));
        (flight, true)
    }
}

impl<T: Clone> Flight<T> {
    fn wait(&self) -> Option<T> {
        let mut state = locked(&self.state);
        if let State::Flying(waiting) = &mut *state {
            *waiting = waiting.saturating_add(1);
        }
        loop {
            match &*state {
                State::Flying(_) => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                State::Landed(made) => return Some(made.clone()),
                State::Lost => return None,
            }
        }
    }
}

/// Ends a flight, whatever happens.
struct Landing<'a, T> {
    flights: &'a Flights<T>,
    flight: &'a Flight<T>,
    of: Digest,
}

impl<T> Landing<'_, T> {
    fn land(&self, made: T) {
        *locked(&self.flight.state) = State::Landed(made);
    }
}

impl<T> Drop for Landing<'_, T> {
    fn drop(&mut self) {
        locked(&self.flights.flying).remove(&self.of);
        let mut state = locked(&self.flight.state);
        if matches!(*state, State::Flying(_)) {
            *state = State::Lost;
        }
        drop(state);
        self.flight.changed.notify_all();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    fn waiting(flights: &Flights<usize>, of: Digest) -> usize {
        let flight = locked(&flights.flying).get(&of).map(Arc::clone);
        flight.map_or(0, |flight| if let State::Flying(waiting) = *locked(&flight.state) { waiting } else { 0 })
    }

    #[test]
    fn fifty_at_once_make_one_and_the_next_makes_another() {
        let (flights, made) = (Flights::default(), AtomicUsize::new(0));
        let of = Digest::of(b"component");
        let load = || {
            let made = flights.once(of, || {
                // Until all others wait for this one.
                while waiting(&flights, of) < 49 {
                    thread::yield_now();
                }
                made.fetch_add(1, Ordering::SeqCst)
            });
            matches!(made, Made::Here(0) | Made::Elsewhere(0))
        };
        let all = thread::scope(|scope| {
            let loads: Vec<_> = (0..50).map(|_| scope.spawn(load)).collect();
            loads.into_iter().all(|load| load.join().unwrap())
        });
        assert!(all, "all have what the one made");
        assert_eq!(made.load(Ordering::SeqCst), 1);
        assert!(matches!(flights.once(of, || 7), Made::Here(7)));
    }

    #[test]
    fn waiting_loads_continue_when_the_compiling_one_panics() {
        let flights = Flights::default();
        let of = Digest::of(b"component");
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                flights.once(of, || {
                    while waiting(&flights, of) < 1 {
                        thread::yield_now();
                    }
                    panic!("interrupted")
                })
            });
            while locked(&flights.flying).is_empty() {
                thread::yield_now();
            }
            assert!(matches!(flights.once(of, || 7), Made::Here(7)));
            assert!(first.join().is_err());
        });
    }

    #[test]
    fn different_ones_do_not_wait_for_each_other() {
        let flights = Flights::default();
        let made = flights.once(Digest::of(b"one"), || match flights.once(Digest::of(b"other"), || 1) {
            Made::Here(inner) | Made::Elsewhere(inner) => inner + 1,
        });
        assert!(matches!(made, Made::Here(2)));
    }
}
