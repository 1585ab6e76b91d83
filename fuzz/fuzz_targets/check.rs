//! The connection test against a server that is made from the input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mattermost_provider::mattermost::check::check;
use mattermost_provider_fuzz::claims;
use mattermost_provider_fuzz::script::Script;

fuzz_target!(|data: &[u8]| {
    let Script { settings, token, mut server, .. } = Script::of(data);
    let report = server.paced(&settings, |network| check(&settings, network));
    claims::is_report(&report);
    claims::hides(&token, &report);
});
