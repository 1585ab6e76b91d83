//! Computes without end.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use components::{Error, Setting};

fn act(_: &[Setting]) -> Error {
    loop {
        core::hint::spin_loop();
    }
}

components::misbehave!(act);
