//! A version of the Mattermost provider, 0.1.2, whose cursors have another form: neither it nor an older version reads
//! the other's, and both return `cursor-stale`. Its records are the same.
#![no_std]

extern crate alloc;

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use components::versions::Mattermost;
use components::{
    CheckReport, Description, Error, ErrorKind, Guest, License, ListingState, Setting, UserPage, observed,
};

/// The form of its cursors; those of 0.1.0 begin with another.
const FORM: &str = "stranger:";

struct Stranger;

/// The cursor of the Mattermost provider in one of these.
fn inner(cursor: &str) -> Result<String, Error> {
    cursor.strip_prefix(FORM).map(str::to_owned).ok_or_else(|| Error {
        kind: ErrorKind::CursorStale,
        code: "cursor-stale".to_owned(),
        message: "The cursor is that of another version.".to_owned(),
        fix: Some("Start the listing again from the beginning.".to_owned()),
        ..observed(Vec::new())
    })
}

impl Guest for Stranger {
    fn describe() -> Description {
        Description { version: "0.1.2".to_owned(), ..Mattermost::describe() }
    }

    fn check(settings: Vec<Setting>) -> Result<CheckReport, Error> {
        Mattermost::check(settings)
    }

    fn get_licenses(settings: Vec<Setting>) -> Result<Vec<License>, Error> {
        Mattermost::get_licenses(settings)
    }

    fn list_users(settings: Vec<Setting>, cursor: Option<String>, limit: u32) -> Result<UserPage, Error> {
        let cursor = cursor.as_deref().map(inner).transpose()?;
        let page = Mattermost::list_users(settings, cursor, limit)?;
        let state = match page.state {
            ListingState::More(cursor) => ListingState::More(format!("{FORM}{cursor}")),
            end @ (ListingState::Complete | ListingState::Resumed | ListingState::Incomplete(_)) => end,
        };
        Ok(UserPage { state, ..page })
    }
}

components::export!(Stranger);
