//! Crashes.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use components::{Error, Setting};

fn act(_: &[Setting]) -> Error {
    core::arch::wasm32::unreachable()
}

components::misbehave!(act);
