//! Returns a gigabyte from a mebibyte of memory: the same text a thousand times.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use components::{Error, Setting, observed};

const MIB: usize = 1024 * 1024;

fn act(_: &[Setting]) -> Error {
    let text: &'static str = "x".repeat(MIB).leak();
    observed((0..1024).map(|_| (String::new(), alias(text))).collect())
}

/// One more owner of a text.
#[expect(unsafe_code, reason = "what is returned is to be more than there is memory")]
fn alias(text: &'static str) -> String {
    // SAFETY: it is not safe. Freeing two of them would break the allocator. That never happens: a returned value is
    // freed after the host has read it, and the host stops at its limit.
    unsafe { String::from_raw_parts(text.as_ptr().cast_mut(), text.len(), text.len()) }
}

components::misbehave!(act);
