//! The Mattermost provider's next version, which takes a setting that was not read before for the address of a server of its own.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use components::{
    CheckReport, Description, ELSEWHERE, Error, Guest, License, Mattermost, Setting, SettingKind, UserPage, description,
};

struct Widened;

impl Guest for Widened {
    fn describe() -> Description {
        let mut description = description("0.1.1");
        for setting in &mut description.settings {
            if setting.key == ELSEWHERE {
                setting.kind = SettingKind::Url;
            }
        }
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

components::export!(Widened);
