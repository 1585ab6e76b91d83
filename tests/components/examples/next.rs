//! The Mattermost provider's next version, 0.1.1. It reads the cursors of 0.1.0, and 0.1.0 reads its own. Its records
//! differ in one thing: the position is in capital letters.
#![no_std]

extern crate alloc;

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use components::versions::Mattermost;
use components::{CheckReport, Description, Error, Guest, License, Setting, UserPage};

struct Next;

impl Guest for Next {
    fn describe() -> Description {
        Description { version: "0.1.1".to_owned(), ..Mattermost::describe() }
    }

    fn check(settings: Vec<Setting>) -> Result<CheckReport, Error> {
        Mattermost::check(settings)
    }

    fn get_licenses(settings: Vec<Setting>) -> Result<Vec<License>, Error> {
        Mattermost::get_licenses(settings)
    }

    fn list_users(settings: Vec<Setting>, cursor: Option<String>, limit: u32) -> Result<UserPage, Error> {
        let mut page = Mattermost::list_users(settings, cursor, limit)?;
        for user in &mut page.users {
            user.position = user.position.take().map(|position| position.to_uppercase());
        }
        Ok(page)
    }
}

components::export!(Next);
