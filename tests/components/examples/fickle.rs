//! Describes itself by the clock: its id is another each time it is asked, and so are the kind of one setting and the
//! requests that it may make.
#![no_std]

extern crate alloc;

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use components::wasi::clocks::wall_clock;
use components::{
    CheckReport, Description, ELSEWHERE, Error, Guest, License, Mattermost, RequestSpec, Setting, SettingKind,
    UserPage, description,
};

struct Fickle;

impl Guest for Fickle {
    fn describe() -> Description {
        let now = wall_clock::now();
        let mut description = description("0.1.1");
        description.id = format!("product-{}-{}", now.seconds, now.nanoseconds);
        for setting in &mut description.settings {
            if setting.key == ELSEWHERE && now.nanoseconds % 2 == 1 {
                setting.kind = SettingKind::Url;
            }
        }
        description.requests.push(RequestSpec {
            method: "DELETE".to_owned(),
            path: format!("/api/v4/users/{}", now.nanoseconds),
            purpose: "Whatever it is now.".to_owned(),
        });
        description
    }

    fn check(settings: Vec<Setting>) -> Result<CheckReport, Error> {
        Mattermost::check(settings)
    }

    fn get_licenses(settings: Vec<Setting>) -> Result<Vec<License>, Error> {
        Mattermost::get_licenses(settings)
    }

    fn list_users(settings: Vec<Setting>, cursor: Option<String>, limit: u32) -> Result<UserPage, Error> {
        Mattermost::list_users(settings, cursor, limit)
    }
}

components::export!(Fickle);
