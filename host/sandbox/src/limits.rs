//! How much a provider may use.

use std::num::NonZeroU32;
use std::time::Duration;

use provider_egress::TrafficLimits;

use crate::{ComponentBounds, Error, Result};

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
    /// How much a component may hold of what makes compiling expensive.
    pub bounds: ComponentBounds,
    /// How often running guests are interrupted, to check their time and to let others run. 1 millisecond, which is the
    /// least: a guest that computes beside seven others then has its turn every few milliseconds.
    pub tick: Duration,
}

impl Pool {
    /// Checks that anything could run within it.
    ///
    /// # Errors
    /// [`Error::LimitUnusable`]: one of its numbers leaves no room.
    pub fn check(&self) -> Result<()> {
        let Self { instances, memory_bytes, component_bytes, bounds: _, tick } = self;
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
        Self {
            instances: 64,
            memory_bytes: 64 * MIB,
            component_bytes: 64 * MIB,
            bounds: ComponentBounds::default(),
            tick: Duration::from_millis(1),
        }
    }
}

/// What one sandboxed call may use. `Limits::default()` suits a directory of a million users.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of linear memory that one instance may grow to, and never more than [`Pool::memory_bytes`]. 64 MiB.
    pub memory_bytes: usize,
    /// Wall-clock time of one whole call: to get a place in the pool, to start an instance, and to answer, waiting
    /// included. 5 minutes. It is measured by the system's monotonic clock, so time counts while a signal has stopped the
    /// process. `describe` has 20 seconds at most.
    pub call_time: Duration,
    /// Processor time that one call may use, checked every [`Pool::tick`]. 60 seconds. It is measured on the thread that
    /// runs the guest: time does not count while the call waits, while others have the processor, while the process is
    /// stopped, or while the machine is paused. On systems other than Unix it is the wall-clock time for which the guest
    /// runs, so time on a busy machine counts there.
    pub cpu_time: Duration,
    /// Instances that one session or one tenant has at once; further calls wait for their turn. 4.
    pub instances: u32,
    /// Requests that a session, or all sessions of a tenant together, may have in flight, from the sending to the moment
    /// when the answer was read or dropped. 32: four times what a provider needs to keep a server busy. Further requests
    /// wait in order and are not refused.
    pub requests_in_flight: u32,
    /// Requests that a provider may ask for in one call, denied ones included. 100,000: a million users in one call take
    /// some 10,000 requests, and one for each team. Further requests are refused.
    pub requests_per_call: u64,
    /// Requests that a session, or all sessions of a tenant together, may begin in a second, evenly spread; further ones
    /// wait in order. No limit by default: a provider knows better how much load its server takes, and servers limit
    /// their rate themselves.
    pub requests_per_second: Option<NonZeroU32>,
    /// Bytes of one request's body. 1 MiB: the longest list of ids that a provider asks with has 60 KB.
    pub request_body_bytes: u64,
    /// Bytes that a session may send in all its calls: bodies, addresses and headers. 256 MiB: a listing of a million users
    /// sends some 40.
    pub sent_bytes: u64,
    /// Time that one whole request may take: to connect, to be sent, and to be answered to the last byte of the body.
    /// 2 minutes, whatever timeouts a guest sets; it begins when the request has its turn. It ends requests to a server that
    /// sends a byte a second, or heads without end.
    pub request_time: Duration,
    /// Bytes of the names and values of one answer's headers. 256 KiB: more than any proxy in between lets through.
    pub response_header_bytes: u32,
    /// Headers of one answer. 128: several times what servers send.
    pub response_headers: u32,
    /// Bytes of one response's body. 32 MiB.
    pub response_body_bytes: u64,
    /// Bytes that a guest may pass to the host in one whole call: headers, paths and bodies of its requests, and what it
    /// returns. 64 MiB.
    pub returned_bytes: usize,
    /// Limits on all steps of a listing or a sync together.
    pub listing: ListingLimits,
}

/// Limits on all steps of one listing or one sync. The defaults are many times what a provider of a directory of a million
/// users needs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListingLimits {
    /// Notices of one answer, and different codes of notices in a listing. 256.
    pub notices: usize,
    /// Bytes of all notices of one answer, and of a listing: each is kept, and saved with each step. 256 KiB. Each text
    /// counts 24 bytes more than its length.
    pub notice_bytes: usize,
    /// Attributes of one record or of one page, and parameters of one notice. 256.
    pub attributes: usize,
    /// Bytes of one user. 1 MiB: the names of all teams that a user runs are among its attributes.
    pub record_bytes: usize,
    /// Bytes of a cursor. 64 KiB. A watermark has no more than 256, as ids do.
    pub cursor_bytes: usize,
    /// Users of a listing. 10 million.
    pub users: u64,
    /// Bytes of all records of a listing, those that come again included. 64 GiB.
    pub bytes: u64,
    /// Time of all steps of a listing, waiting included, but not the time between a step and the next call. A day.
    pub time: Duration,
    /// Consecutive steps that return nobody new; each step that did allows four more. A provider that reads a list again
    /// returns nobody until it has found the missing users. 1,000.
    pub idle_steps: u64,
    /// Time without an answer after which a listing has stalled. 2 minutes. If answers come but return nobody new, it is
    /// five times as long, and three times as long as the listing has taken before. Time during which the process is
    /// stopped does not count.
    pub stall_time: Duration,
    /// The longest wait that a product may ask for between two steps; a longer one ends the listing with an error that says
    /// how long. An hour.
    pub wait_time: Duration,
}

impl Default for ListingLimits {
    fn default() -> Self {
        Self {
            notices: 256,
            notice_bytes: 256 * 1024,
            attributes: 256,
            record_bytes: MIB,
            cursor_bytes: 64 * 1024,
            users: 10_000_000,
            bytes: 64 << 30,
            time: Duration::from_secs(24 * 60 * 60),
            idle_steps: 1_000,
            stall_time: Duration::from_secs(2 * 60),
            wait_time: Duration::from_secs(60 * 60),
        }
    }
}

/// How long a provider may take to describe itself. It waits only for a place in the pool.
const DESCRIBE_TIME: Duration = Duration::from_secs(20);

impl Limits {
    /// Those on requests and answers.
    pub(crate) const fn traffic(&self) -> TrafficLimits {
        TrafficLimits {
            requests_in_flight: self.requests_in_flight,
            requests_per_call: self.requests_per_call,
            requests_per_second: self.requests_per_second,
            request_body_bytes: self.request_body_bytes,
            sent_bytes: self.sent_bytes,
            request_time: self.request_time,
            response_header_bytes: self.response_header_bytes,
            response_headers: self.response_headers,
            response_body_bytes: self.response_body_bytes,
        }
    }

    /// How long a call of `describe` may take.
    pub(crate) fn describe_time(&self) -> Duration {
        self.call_time.min(DESCRIBE_TIME)
    }
}

impl Limits {
    /// Checks that a call could do anything within them.
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
            // A provider that asks with no body, or for nothing, needs no room for it.
            request_body_bytes: _,
            sent_bytes,
            request_time,
            response_header_bytes,
            response_headers,
            response_body_bytes,
            returned_bytes,
            listing,
        } = self;
        // None of the others may be what is wanted: no notice, no attribute, no idle step, no wait.
        let ListingLimits {
            notices: _,
            notice_bytes: _,
            attributes: _,
            record_bytes,
            cursor_bytes,
            users,
            bytes,
            time,
            idle_steps: _,
            stall_time,
            wait_time: _,
        } = listing;
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
            ("sent_bytes", *sent_bytes == 0),
            ("request_time", request_time.is_zero()),
            ("listing.record_bytes", *record_bytes == 0),
            ("listing.cursor_bytes", *cursor_bytes == 0),
            ("listing.users", *users == 0),
            ("listing.bytes", *bytes == 0),
            ("listing.time", time.is_zero()),
            ("listing.stall_time", stall_time.is_zero()),
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
        let TrafficLimits {
            requests_in_flight,
            requests_per_call,
            requests_per_second,
            request_body_bytes,
            sent_bytes,
            request_time,
            response_header_bytes,
            response_headers,
            response_body_bytes,
        } = TrafficLimits::default();
        Self {
            memory_bytes: 64 * MIB,
            call_time: Duration::from_secs(5 * 60),
            cpu_time: Duration::from_secs(60),
            instances: 4,
            requests_in_flight,
            requests_per_call,
            requests_per_second,
            request_body_bytes,
            sent_bytes,
            request_time,
            response_header_bytes,
            response_headers,
            response_body_bytes,
            returned_bytes: 64 * MIB,
            listing: ListingLimits::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_less_time_than_a_call() {
        for (call, expect) in [(300, 20), (20, 20), (5, 5)] {
            let limits = Limits { call_time: Duration::from_secs(call), ..Limits::default() };
            assert_eq!(limits.describe_time(), Duration::from_secs(expect));
        }
    }

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
            ("sent_bytes", limits(|it| it.sent_bytes = 0)),
            ("request_time", limits(|it| it.request_time = Duration::ZERO)),
            ("listing.record_bytes", limits(|it| it.listing.record_bytes = 0)),
            ("listing.cursor_bytes", limits(|it| it.listing.cursor_bytes = 0)),
            ("listing.users", limits(|it| it.listing.users = 0)),
            ("listing.bytes", limits(|it| it.listing.bytes = 0)),
            ("listing.time", limits(|it| it.listing.time = Duration::ZERO)),
            ("listing.stall_time", limits(|it| it.listing.stall_time = Duration::ZERO)),
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
