//! Returns a gigabyte, and holds a mebibyte: the same text a thousand times.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use components::{Error, Setting, told};

const MIB: usize = 1024 * 1024;

fn act(_: &[Setting]) -> Error {
    let text: &'static str = "x".repeat(MIB).leak();
    told((0..1024).map(|_| (String::new(), alias(text))).collect())
}

/// One more owner of a text.
#[expect(unsafe_code, reason = "what is returned is to be more than there is memory")]
fn alias(text: &'static str) -> String {
    // SAFETY: it is not. Freeing two of them breaks the allocator; nobody does, since what a function returns is freed
    // after the host has read it, and the host stops at its limit.
    unsafe { String::from_raw_parts(text.as_ptr().cast_mut(), text.len(), text.len()) }
}

components::misbehave!(act);
