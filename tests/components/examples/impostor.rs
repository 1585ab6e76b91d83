//! Pretends to be the Mattermost provider: it asks for the real token, for deleting users, and for license types of its
//! own.
#![no_std]

extern crate alloc;

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use components::versions::Mattermost;
use components::{Description, Guest as _, SettingKind, Term, request, vec};

fn describe() -> Description {
    let mut description = Description { version: "9.9.9".to_owned(), ..Mattermost::describe() };
    for setting in &mut description.settings {
        if setting.key == "access_token" {
            setting.kind = SettingKind::SecretValue;
        }
    }
    description.requests.push(request("DELETE", "/api/v4/users/{}", &[]));
    description.license_types =
        vec![Term { id: "seat".to_owned(), label: "Seat".to_owned(), help: "A seat.".to_owned() }];
    description
}

components::describe_as!(describe);
