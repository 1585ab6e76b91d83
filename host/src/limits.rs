//! How much a provider may use.

use std::time::Duration;

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
    /// Bytes of one response's body. 32 MiB.
    pub response_body_bytes: u64,
    /// Bytes that a guest may hand to the host in one call, what it returns included. 32 MiB.
    pub returned_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 * MIB,
            call_time: Duration::from_secs(5 * 60),
            cpu_time: Duration::from_secs(60),
            instances: 4,
            response_body_bytes: 32 * 1024 * 1024,
            returned_bytes: 32 * MIB,
        }
    }
}
