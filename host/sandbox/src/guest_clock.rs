//! The time of day that guests read.

use std::time::Duration;

use provider_egress::wall::since_1970;
use wasmtime_wasi::HostWallClock;

/// The time of day that guests read: 1970 if the clock was set to an earlier time meanwhile.
pub(crate) struct GuestClock;

impl HostWallClock for GuestClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        since_1970().unwrap_or_default()
    }
}
