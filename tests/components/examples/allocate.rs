//! Allocates memory without end.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use components::{Error, Setting, vec};

const MIB: usize = 1024 * 1024;

fn act(_: &[Setting]) -> Error {
    let mut hoard = Vec::new();
    loop {
        hoard.push(core::hint::black_box(vec![1_u8; MIB]));
    }
}

components::misbehave!(act);
