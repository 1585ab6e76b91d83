//! Looks for files.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use components::wasi::filesystem::preopens::get_directories;
use components::{Error, Setting, observed};

fn act(_: &[Setting]) -> Error {
    observed(get_directories().into_iter().map(|(_, path)| (String::new(), path)).collect())
}

components::misbehave!(act);
