//! Crashes in `check` and in `list-users` if that is the first call of an instance. No instance survives a crash, so a
//! host that lists in a fresh one never gets a page: a version that looks healthy until it is used.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use components::versions::{Mattermost, description};
use components::{CheckReport, Description, Error, Guest, License, Setting, UserPage};

static IS_WARM: AtomicBool = AtomicBool::new(false);

struct Flaky;

fn warm_up() {
    if !IS_WARM.swap(true, Ordering::Relaxed) {
        core::arch::wasm32::unreachable()
    }
}

impl Guest for Flaky {
    fn describe() -> Description {
        description("0.1.1")
    }

    fn check(settings: Vec<Setting>) -> Result<CheckReport, Error> {
        warm_up();
        Mattermost::check(settings)
    }

    fn get_licenses(settings: Vec<Setting>) -> Result<Vec<License>, Error> {
        IS_WARM.store(true, Ordering::Relaxed);
        Mattermost::get_licenses(settings)
    }

    fn list_users(settings: Vec<Setting>, cursor: Option<String>, limit: u32) -> Result<UserPage, Error> {
        warm_up();
        Mattermost::list_users(settings, cursor, limit)
    }
}

components::export!(Flaky);
