//! Calls itself without end.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use core::hint::black_box;

use components::{Error, Setting, observed};

fn act(_: &[Setting]) -> Error {
    black_box(deeper(1));
    observed(Vec::new())
}

/// The addition after the call keeps it from becoming a loop.
#[expect(unconditional_recursion, reason = "this is what it is for")]
fn deeper(depth: u64) -> u64 {
    deeper(black_box(depth + 1)) + black_box(depth)
}

components::misbehave!(act);
