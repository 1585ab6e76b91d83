//! The answers that are one JSON object: configuration and licence, a count, the token's account, a ping.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use mattermost_provider::mattermost::api::{self, Answer};
use mattermost_provider::mattermost::edition::{self, Edition};
use mattermost_provider::mattermost::wire::Ping;
use mattermost_provider_fuzz::rows;
use provider_sdk::lenient::TextMap;
use serde_json::value::RawValue;

fuzz_target!(|data: &[u8]| {
    map(data);
    let inside = [b"{\"Good\":\"yes\",".as_slice(), data, b",\"Last\":\"yes\"}"].concat();
    if let Some(map) = map(&inside) {
        assert_eq!(map.get("Last"), Some("yes"));
    }

    let count = [b"{\"total_users_count\":".as_slice(), data, b"}"].concat();
    for body in [data, count.as_slice()] {
        if let Err(failure) = api::read_count(&rows::answered(api::count_seats(), body)) {
            rows::is_unreadable(&failure);
        }
    }

    if let Err(failure) = api::read_bare_count(&rows::answered(api::count_single_channel_guests(), data)) {
        rows::is_unreadable(&failure);
    }

    match api::read_me(&rows::answered(api::me(), data)) {
        Ok(me) => assert!(!me.id.is_empty()),
        Err(failure) => rows::is_unreadable(&failure),
    }

    let answered = rows::answered(api::ping(), data);
    let answer = Answer::of(&answered).expect("200 is well");
    if let Err(failure) = answer.read::<Ping<'_>>() {
        rows::is_unreadable(&failure);
    }
});

/// Reads a map and compares it with the same text read as raw values: it has each value that is a text, and no other.
fn map(body: &[u8]) -> Option<TextMap> {
    let text = String::from_utf8_lossy(body);
    let expect = serde_json::from_str::<BTreeMap<String, &RawValue>>(&text);
    let map = match (api::read_map(&rows::answered(api::config(), body)), &expect) {
        (Ok(map), Ok(_)) => map,
        (Err(failure), Err(_)) => {
            rows::is_unreadable(&failure);
            return None;
        }
        (Err(failure), Ok(_)) if rows::is_deep(body) => {
            rows::is_unreadable(&failure);
            return None;
        }
        (got, _) => panic!("{got:?} but {expect:?}"),
    };
    for (key, value) in expect.into_iter().flatten() {
        // If a key comes twice, the last text counts; `expect` has the last value.
        if let Ok(text) = serde_json::from_str::<String>(value.get()) {
            assert_eq!(map.get(&key), Some(text.trim()).filter(|text| !text.is_empty()), "{key}");
        }
        let _ = map.flag(&key);
    }
    let edition = Edition::of(&map);
    assert!(!edition::name(edition, &map, &map).is_empty());
    Some(map)
}
