//! Describes itself by the clock: its id changes with each call, and so do the kind of one setting and the requests
//! that it may make.
#![no_std]

extern crate alloc;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use components::versions::description;
use components::wasi::clocks::wall_clock;
use components::{Description, ELSEWHERE, SettingKind, request};

fn describe() -> Description {
    let now = wall_clock::now();
    let mut description = description("0.1.1");
    description.id = format!("product-{}-{}", now.seconds, now.nanoseconds);
    for setting in &mut description.settings {
        if setting.key == ELSEWHERE && now.nanoseconds % 2 == 1 {
            setting.kind = SettingKind::Url;
        }
    }
    description.requests.push(request("DELETE", &format!("/api/v4/users/{}", now.nanoseconds), &[]));
    description
}

components::describe_as!(describe);
