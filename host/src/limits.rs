//! How much a provider may use.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::{Error, Result};

const MIB: usize = 1024 * 1024;

/// What all providers of one [`Sandbox`](crate::Sandbox) share.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pool {
    /// Instances that may exist at once; further calls wait for their turn. 64. Each reserves address space for
    /// [`Self::memory_bytes`], and takes memory only for what it uses.
    pub instances: u32,
    /// Bytes of linear memory that any instance may grow to, whatever its own limits say. 64 MiB.
    pub memory_bytes: usize,
    /// Bytes of the largest component that is compiled. 64 MiB.
    pub component_bytes: usize,
    /// How often running guests are interrupted, to look at their time and to let others run. 1 millisecond, the least:
    /// a guest that computes beside seven others has its turn every few milliseconds then.
    pub tick: Duration,
}

impl Pool {
    /// Looks whether anything could run within it.
    ///
    /// # Errors
    /// [`Error::LimitUnusable`]: one of its numbers leaves no room.
    pub fn check(&self) -> Result<()> {
        let Self { instances, memory_bytes, component_bytes, tick } = self;
        refuse_zeros(&[
            ("instances", *instances == 0),
            ("memory_bytes", *memory_bytes == 0),
            ("component_bytes", *component_bytes == 0),
            ("tick", tick.is_zero()),
        ])
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self { instances: 64, memory_bytes: 64 * MIB, component_bytes: 64 * MIB, tick: Duration::from_millis(1) }
    }
}

/// What one sandboxed call may use. `Limits::default()` suits a directory of a million users.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of linear memory that one instance may grow to, and never more than [`Pool::memory_bytes`]. 64 MiB.
    pub memory_bytes: usize,
    /// Wall-clock time of one call, waiting included. 5 minutes.
    pub call_time: Duration,
    /// Time that one call may compute, looked at every [`Pool::tick`]: a call that waits uses none. 60 seconds.
    pub cpu_time: Duration,
    /// Instances that one session or one tenant has at once; further calls wait for their turn. 4.
    pub instances: u32,
    /// Requests that a session may have in flight, from when one is sent to when its answer was read or let go. 32:
    /// four times what a provider needs to keep a server busy. Further ones wait in order and are not refused.
    pub requests_in_flight: u32,
    /// Requests of one call. 100,000: all of a million users in one call are some 10,000 requests, and one for each
    /// team. What goes beyond is refused.
    pub requests_per_call: u64,
    /// Requests that a session may begin in a second, evenly spread: further ones wait in order. No limit, since a
    /// provider knows better how much its server bears, and a server says when it is too much.
    pub requests_per_second: Option<NonZeroU32>,
    /// Bytes of the names and values of one answer's headers. 256 KiB: more than any proxy in between lets through.
    pub response_header_bytes: u32,
    /// Headers of one answer. 128: several times what servers send.
    pub response_headers: u32,
    /// Bytes of one response's body. 32 MiB.
    pub response_body_bytes: u64,
    /// Bytes that a guest may hand to the host in one call, what it returns included. 32 MiB.
    pub returned_bytes: usize,
}

impl Limits {
    /// Looks whether a call could do anything within them.
    ///
    /// # Errors
    /// [`Error::LimitUnusable`]: one of them leaves no room.
    pub fn check(&self) -> Result<()> {
        let Self {
            memory_bytes,
            call_time,
            cpu_time,
            instances,
            requests_in_flight,
            requests_per_call,
            requests_per_second: _,
            response_header_bytes,
            response_headers,
            response_body_bytes,
            returned_bytes,
        } = self;
        refuse_zeros(&[
            ("memory_bytes", *memory_bytes == 0),
            ("call_time", call_time.is_zero()),
            ("cpu_time", cpu_time.is_zero()),
            ("instances", *instances == 0),
            ("requests_in_flight", *requests_in_flight == 0),
            ("requests_per_call", *requests_per_call == 0),
            ("response_header_bytes", *response_header_bytes == 0),
            ("response_headers", *response_headers == 0),
            ("response_body_bytes", *response_body_bytes == 0),
            ("returned_bytes", *returned_bytes == 0),
        ])
    }
}

/// Limits by name, each with whether it is zero.
fn refuse_zeros(limits: &[(&'static str, bool)]) -> Result<()> {
    match limits.iter().find(|(_, is_zero)| *is_zero) {
        Some((limit, _)) => Err(Error::LimitUnusable { limit }),
        None => Ok(()),
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 * MIB,
            call_time: Duration::from_secs(5 * 60),
            cpu_time: Duration::from_secs(60),
            instances: 4,
            requests_in_flight: 32,
            requests_per_call: 100_000,
            requests_per_second: None,
            response_header_bytes: 256 * 1024,
            response_headers: 128,
            response_body_bytes: 32 * 1024 * 1024,
            returned_bytes: 32 * MIB,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_leaves_no_room_is_refused_by_its_name() {
        let limits = |change: fn(&mut Limits)| {
            let mut limits = Limits::default();
            change(&mut limits);
            limits.check()
        };
        let pool = |change: fn(&mut Pool)| {
            let mut pool = Pool::default();
            change(&mut pool);
            pool.check()
        };
        let cases = [
            ("memory_bytes", limits(|it| it.memory_bytes = 0)),
            ("call_time", limits(|it| it.call_time = Duration::ZERO)),
            ("cpu_time", limits(|it| it.cpu_time = Duration::ZERO)),
            ("instances", limits(|it| it.instances = 0)),
            ("requests_in_flight", limits(|it| it.requests_in_flight = 0)),
            ("requests_per_call", limits(|it| it.requests_per_call = 0)),
            ("response_header_bytes", limits(|it| it.response_header_bytes = 0)),
            ("response_headers", limits(|it| it.response_headers = 0)),
            ("response_body_bytes", limits(|it| it.response_body_bytes = 0)),
            ("returned_bytes", limits(|it| it.returned_bytes = 0)),
            ("instances", pool(|it| it.instances = 0)),
            ("memory_bytes", pool(|it| it.memory_bytes = 0)),
            ("component_bytes", pool(|it| it.component_bytes = 0)),
            ("tick", pool(|it| it.tick = Duration::ZERO)),
        ];
        for (name, checked) in cases {
            let error = checked.unwrap_err();
            assert_eq!(error.code(), "limit-unusable");
            assert!(error.to_string().contains(&format!("`{name}`")), "{error} does not name {name}");
        }
        Limits::default().check().unwrap();
        Pool::default().check().unwrap();
    }
}
