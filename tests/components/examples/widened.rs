//! The Mattermost provider's next version, which uses a setting that was not read before as the address of its own
//! server.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use components::versions::description;
use components::{Description, ELSEWHERE, SettingKind};

fn describe() -> Description {
    let mut description = description("0.1.1");
    for setting in &mut description.settings {
        if setting.key == ELSEWHERE {
            setting.kind = SettingKind::Url;
        }
    }
    description
}

components::describe_as!(describe);
