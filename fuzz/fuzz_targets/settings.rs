//! The host's settings. The input is lines, each with a letter for the key and the value behind it; the token is made
//! from one of them and a text that is in no input, so that it can be searched for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mattermost_provider::contract::{Error, ErrorKind, Setting};
use mattermost_provider::mattermost::api;
use mattermost_provider::mattermost::settings::{Settings, keys};
use mattermost_provider::mattermost::site::SITE;
use mattermost_provider_fuzz::claims;
use mattermost_provider_fuzz::script::secret;
use provider_sdk::base_url::{BaseUrl, Redirect};
use provider_sdk::http::Server as _;

const KEYS: [(char, &str); 7] = [
    ('u', keys::SERVER_URL),
    ('d', keys::INACTIVE_AFTER_DAYS),
    ('a', keys::INCLUDE_ACTIVITY),
    ('n', keys::INCLUDE_NAMES),
    ('e', keys::INCLUDE_EMAIL),
    ('f', keys::MAX_IN_FLIGHT),
    ('s', keys::ACTIVITY_SOURCE),
];

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    url(&text);

    let secret = secret(data);
    let mut settings = Vec::new();
    for line in text.split('\n') {
        let mut letters = line.chars();
        let Some(letter) = letters.next() else { continue };
        let value = letters.as_str();
        let (key, value) = match KEYS.iter().find(|(known, _)| *known == letter) {
            Some((_, key)) => (*key, value.to_string()),
            None if letter == 't' => (keys::ACCESS_TOKEN, format!("{value}{secret}{value}")),
            None => (line, value.to_string()),
        };
        if key == keys::SERVER_URL {
            url(&value);
        }
        settings.push(Setting { key: key.to_string(), value });
    }
    match Settings::parse(&settings) {
        Ok(settings) => {
            claims::hides(&secret, &settings);
            let headers = settings.headers(&api::me());
            let (_, token) = headers.iter().find(|(name, _)| *name == "authorization").expect("the token is sent");
            assert!(token.contains(&secret) && token.bytes().all(|b| b.is_ascii_graphic() || b == b' '));
            assert!((1..=32).contains(&settings.max_in_flight.most()));
            assert!((1..=36_500).contains(&settings.inactive_after.as_days()));
            assert!(!settings.base.to_string().contains(&secret));
            let _ = settings.fingerprint();
        }
        Err(failure) => {
            let error: Error = claims::is_failure(&failure);
            assert_eq!(error.kind, ErrorKind::InvalidSettings);
            claims::hides(&secret, &error);
            claims::hides(&secret, &failure);
        }
    }
});

/// An accepted URL can be requested, and is accepted again as it is shown.
fn url(text: &str) {
    let base = match BaseUrl::parse(text, &SITE) {
        Ok(base) => base,
        Err(unusable) => {
            claims::is_message(unusable.why);
            if let Some(instead) = unusable.instead {
                BaseUrl::parse(&instead, &SITE).expect("what is proposed can be entered");
            }
            return;
        }
    };
    let shown = base.to_string();
    let origin = format!("{}://{}", base.scheme().as_str(), base.authority());
    let path = shown.strip_prefix(&origin).expect("a URL begins with its origin");
    assert!(!base.authority().is_empty() && !base.authority().contains(['@', '/', '?', '#', '%', '\\']), "{shown}");
    assert!(path.is_empty() || path.starts_with('/'), "{shown}");
    assert!(!path.ends_with('/') && !path.contains("//") && !path.contains(['?', '#']), "{shown}");
    assert!(shown.bytes().all(|b| b.is_ascii_graphic()), "{shown:?}");
    assert_eq!(base.path_of("/api/v4/users"), format!("{path}/api/v4/users"));
    // An address that people are asked to enter is one of this server.
    if let Redirect::Here(place) = base.redirect("/api/v4/users?page=1", text) {
        let there = BaseUrl::parse(&place, &SITE).expect("what is named can be entered");
        let host =
            |url: &BaseUrl| url.authority().rsplit_once(':').map_or(url.authority().len(), |(host, _)| host.len());
        let names = [&base, &there].map(|url| url.authority().get(..host(url)).map(str::to_string));
        assert!(names[0] == names[1] || base.authority().contains('['), "{shown} points to {place}");
    }
    let again = BaseUrl::parse(&shown, &SITE).expect("what is shown can be entered");
    // If a path ends with the API's path twice, each reading removes one.
    assert!(again == base || path.ends_with("/api/v4"), "{shown} is read as {again}");
}
