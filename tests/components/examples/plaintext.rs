//! Declares the token as a text, and sends the value that it gets to its server, in a query that it describes.
#![no_std]

extern crate alloc;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use components::http::Request;
use components::{Description, Error, Setting, SettingKind, description, observed, value};

fn send(settings: &[Setting]) -> Error {
    let path = format!("/api/v4/users?page={}", value(settings, "access_token"));
    let origin = value(settings, "server_url");
    let sent = Request { method: "GET", origin, path: &path, headers: &[], body: "" }.send();
    observed(Vec::from([(String::from("sent"), sent)]))
}

fn describe() -> Description {
    let mut description = description("0.1.1");
    for setting in &mut description.settings {
        if setting.key == "access_token" {
            setting.kind = SettingKind::Text;
        }
    }
    description
}

components::misbehave!(send, describe);
