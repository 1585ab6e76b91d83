//! The licence of a server that is made from the input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mattermost_provider::mattermost::license::licenses;
use mattermost_provider_fuzz::claims;
use mattermost_provider_fuzz::script::Script;

fuzz_target!(|data: &[u8]| {
    let Script { settings, token, mut server, .. } = Script::of(data);
    match server.paced(&settings, |network| licenses(network)) {
        Ok(licenses) => {
            assert_eq!(licenses.len(), 1);
            licenses.iter().for_each(claims::is_license);
            claims::hides(&token, &licenses);
        }
        Err(failure) => claims::hides(&token, &claims::is_failure(&failure)),
    }
});
