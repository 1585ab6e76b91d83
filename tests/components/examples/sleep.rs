//! Sleeps for an hour.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use components::wasi::clocks::monotonic_clock::subscribe_duration;
use components::{Error, Setting, observed};

const HOUR_NS: u64 = 3_600_000_000_000;

fn act(_: &[Setting]) -> Error {
    subscribe_duration(HOUR_NS).block();
    observed(Vec::new())
}

components::misbehave!(act);
