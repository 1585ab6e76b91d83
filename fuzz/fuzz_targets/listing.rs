//! Whole listings against a server that is made from the input, up to five calls.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mattermost_provider::mattermost::listing::{Memory, list_users};
use mattermost_provider_fuzz::claims::{self, Listed};
use mattermost_provider_fuzz::script::Script;

fuzz_target!(|data: &[u8]| {
    let Script { mode, settings, token, mut server } = Script::of(data);
    let limit = if mode.is_large() { 8_000 } else { 0 };
    let (mut memory, mut listed, mut cursor) = (Memory::new(), Listed::default(), None::<String>);
    for _ in 0..5 {
        if mode.is_forgetful() {
            memory = Memory::new();
        }
        match server.paced(&settings, |network| list_users(&settings, cursor.as_deref(), limit, &mut memory, network)) {
            Ok(page) => {
                claims::hides(&token, &page);
                match listed.take(&page, &settings) {
                    Some(next) => cursor = Some(next),
                    None => break,
                }
            }
            // The same cursor is tried again.
            Err(failure) => claims::hides(&token, &claims::is_failure(&failure)),
        }
    }
    claims::hides(&token, &server.sent);
});
