//! A listing that would use all memory or all time of a host, page by page. The setting
//! [`ELSEWHERE`](components::ELSEWHERE) chooses which.
#![no_std]

extern crate alloc;

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use components::{
    CheckReport, Description, ELSEWHERE, Error, Guest, License, ListingState, Notice, Setting, Severity, User,
    UserPage, description, observed, records, value, vec,
};

const MIB: usize = 1024 * 1024;

struct Flood;

fn notice(code: String, message: String) -> Notice {
    Notice {
        code,
        severity: Severity::Info,
        message,
        fix: None,
        fields: Vec::new(),
        count: None,
        subjects: Vec::new(),
        params: Vec::new(),
    }
}

fn user(id: String) -> User {
    records::user(&id, &id)
}

/// So many named texts.
fn named(count: usize) -> Vec<(String, String)> {
    (0..count).map(|n| (n.to_string(), String::new())).collect()
}

/// The page after `number` others.
fn page(kind: &str, number: usize) -> UserPage {
    // A new user each time, so that the listing makes progress.
    let mut page = records::page(vec![user(number.to_string())], ListingState::More((number + 1).to_string()));
    match kind {
        "notices" => page.notices = (0..50_000).map(|n| notice(n.to_string(), String::new())).collect(),
        "notices of new codes" => {
            page.notices = (0..20).map(|n| notice((number * 20 + n).to_string(), String::new())).collect();
        }
        "a huge notice" => page.notices = vec![notice("huge".to_owned(), "x".repeat(20 * MIB))],
        "notices that add up" => page.notices = vec![notice(number.to_string(), "x".repeat(MIB / 16))],
        "a notice of many values" => {
            page.notices = vec![Notice { params: named(1_000), ..notice("many".to_owned(), String::new()) }];
        }
        "attributes" => page.attributes = named(1_000),
        "a user of many attributes" => page.users.push(User { attributes: named(1_000), ..user("many".to_owned()) }),
        "a huge user" => page.users.push(User { position: Some("x".repeat(MIB)), ..user("huge".to_owned()) }),
        "a huge cursor" => page.state = ListingState::More("x".repeat(MIB)),
        "a huge watermark" => page.watermark = Some("x".repeat(MIB)),
        "the same page" => {
            page.users = vec![user("one".to_owned()), user("other".to_owned())];
            page.state = ListingState::More("same".to_owned());
        }
        "empty pages" => page.users.clear(),
        "a huge wait" => page.wait_ms = Some(u32::MAX),
        "waits" => {
            page.users.clear();
            page.wait_ms = Some(1);
        }
        _ => {}
    }
    page
}

impl Guest for Flood {
    fn describe() -> Description {
        description("0.1.1")
    }

    fn check(_: Vec<Setting>) -> Result<CheckReport, Error> {
        Err(observed(Vec::new()))
    }

    fn get_licenses(_: Vec<Setting>) -> Result<Vec<License>, Error> {
        Err(observed(Vec::new()))
    }

    fn list_users(settings: Vec<Setting>, cursor: Option<String>, _: u32) -> Result<UserPage, Error> {
        let number = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or_default();
        Ok(page(value(&settings, ELSEWHERE), number))
    }
}

components::export!(Flood);
