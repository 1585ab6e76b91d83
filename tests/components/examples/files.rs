//! Looks for files.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use components::wasi::filesystem::preopens::get_directories;
use components::{Error, Setting, told};

fn act(_: &[Setting]) -> Error {
    told(get_directories().into_iter().map(|(_, path)| (String::new(), path)).collect())
}

components::misbehave!(act);
