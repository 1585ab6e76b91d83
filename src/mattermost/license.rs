//! The licence that the organisation holds, and how many of its seats are taken.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use serde::Deserialize;

use super::api::{self, Answer};
use super::code::{Code, NoticeCode};
use super::edition::{self, Edition};
use super::failure::Failure;
use super::http::{Network, Outcome, Request, exchange};
use super::notice::notice;
use super::time::{DAY_MS, timestamp};
use super::wire::{Number, TextMap};
use crate::contract::{License, Quantity};

/// The answer of `/limits/server` (server/public/model/limits.go). Zero is "none", or "not for this token".
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Limits {
    max_users_limit: Number,
    max_users_hard_limit: Number,
}

/// Reads the licence: always one, since a server without one runs the free edition.
///
/// # Errors
/// The server cannot be reached, refuses the token, or does not answer as Mattermost does.
pub fn licenses(network: &mut dyn Network) -> Result<Vec<License>, Failure> {
    let requests = vec![api::config(), api::license(), api::count_seats(), api::limits(), api::me()];
    let outcomes = exchange(network, requests.clone());
    let ([config_r, license_r, seats_r, limits_r, me_r], [config_o, license_o, seats_o, limits_o, me_o]) =
        (requests.as_slice(), outcomes.as_slice())
    else {
        return Err(Failure::new(Code::TransportFailed, "the transport lost an answer"));
    };
    // The first two routes answer whoever asks, a refused token included, so it is asked whose it is.
    api::read_me(me_r, me_o)?;
    let config = api::read_map(config_r, config_o)?;
    let license = api::read_map(license_r, license_o)?;
    let used = match api::read_count(seats_r, seats_o) {
        Ok(count) => Quantity::Limited(count),
        Err(failure) if failure.is_refusal() => Quantity::Unknown,
        Err(failure) => return Err(failure),
    };
    let limits = read_limits(limits_r, limits_o);
    let now_ms = Answer::of(license_r, license_o)?.server_ms().unwrap_or_else(|| network.now_ms());
    Ok(vec![make(&config, &license, used, limits, now_ms)])
}

/// Limits are one of several sources and hidden from most tokens, so that no answer is no failure.
fn read_limits(request: &Request, outcome: &Outcome) -> Limits {
    Answer::of(request, outcome).and_then(|answer| answer.read::<Limits>()).unwrap_or_default()
}

fn make(config: &TextMap, license: &TextMap, used: Quantity, limits: Limits, now_ms: i64) -> License {
    let edition = Edition::of(license);
    let number = |key| license.number(key).filter(|number| *number > 0);
    let (starts_ms, expires_ms) = (number("StartsAt"), number("ExpiresAt"));
    let purchased = purchased(edition, number("Users"), limits);
    let mut notices = Vec::new();
    if matches!(used, Quantity::Unknown) {
        notices.push(notice(NoticeCode::SeatsUsedHidden, 0, None, &[]));
    }
    if license.is_true("IsLicensed") && expires_ms.is_none() {
        notices.push(notice(NoticeCode::LicenseDetailsHidden, 0, None, &[]));
    }
    if expires_ms.is_some_and(|expires| expires < now_ms) {
        notices.push(notice(NoticeCode::LicenseExpired, 0, None, &[]));
    }
    if let (Quantity::Limited(used), Quantity::Limited(bought)) = (used, purchased)
        && used > bought
    {
        let params = [("purchased", bought.to_string()), ("used", used.to_string())];
        notices.push(notice(NoticeCode::SeatsExceeded, 0, Some(format!("{used} of {bought}")), &params));
    }
    License {
        license_type: edition.id().to_string(),
        name: edition::name(edition, license, config),
        trial: is_trial(license, starts_ms, expires_ms),
        seats_purchased: purchased,
        seats_used: used,
        licensee: license.get("Company").or_else(|| license.get("Name")).map(ToString::to_string),
        starts_at: starts_ms.and_then(timestamp),
        expires_at: expires_ms.and_then(timestamp),
        attributes: attributes(config, license, limits),
        notices,
    }
}

/// Bought seats come from the licence; without one, servers from 9.5 have a number of users that they do not exceed.
fn purchased(edition: Edition, users: Option<i64>, limits: Limits) -> Quantity {
    let limited = |number: i64| u32::try_from(number).map_or(Quantity::Unknown, Quantity::Limited);
    match (users, edition) {
        (Some(users), _) => limited(users),
        (None, Edition::Free) if limits.max_users_hard_limit.0 > 0 => limited(limits.max_users_hard_limit.0),
        (None, Edition::Free) => Quantity::Unlimited,
        (
            None,
            Edition::Entry
            | Edition::Starter
            | Edition::Professional
            | Edition::Enterprise
            | Edition::EnterpriseAdvanced
            | Edition::E10
            | Edition::E20
            | Edition::Other,
        ) => Quantity::Unknown,
    }
}

/// A trial says so, or has one of the two lengths that Mattermost's trials have (server/public/model/license.go).
fn is_trial(license: &TextMap, starts_ms: Option<i64>, expires_ms: Option<i64>) -> bool {
    const HOUR_MS: i64 = DAY_MS / 24;
    const LENGTHS: [i64; 2] = [30 * DAY_MS + 8 * HOUR_MS, 30 * DAY_MS + 24 * HOUR_MS - 1_000];
    let length = starts_ms.zip(expires_ms).map(|(starts, expires)| expires.saturating_sub(starts));
    license.is_true("IsTrial") || length.is_some_and(|length| LENGTHS.contains(&length))
}

fn attributes(config: &TextMap, license: &TextMap, limits: Limits) -> Vec<(String, String)> {
    let mut attributes = Vec::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            attributes.push((key.to_string(), value));
        }
    };
    let text = |text: Option<&str>| text.map(ToString::to_string);
    put("cloud", text(license.get("Cloud").filter(|cloud| *cloud == "true")));
    put("license-id", text(license.get("Id")));
    put("server-version", text(config.get("Version")));
    put("sku", text(license.get("SkuShortName")));
    let limit = |number: Number| (number.0 > 0).then(|| number.0.to_string());
    put("users-hard-limit", limit(limits.max_users_hard_limit));
    put("users-soft-limit", limit(limits.max_users_limit));
    attributes
}

/// The attributes that a licence may carry.
pub const ATTRIBUTES: [(&str, &str); 6] = [
    ("license.cloud", "`true` where the server is Mattermost Cloud"),
    ("license.license-id", "Mattermost's id of the licence"),
    ("license.server-version", "the version of the server"),
    ("license.sku", "the short name of the licence's plan, verbatim"),
    ("license.users-hard-limit", "the number of users that the server does not exceed"),
    ("license.users-soft-limit", "the number of users from which on the server warns its administrators"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mattermost::fake::{Fake, json};
    use crate::mattermost::http::Lost;

    const ME: &str = r#"{"id":"u4fe6hszjtnd7xi3ehbtrcpote","username":"sysadmin","roles":"system_admin system_user"}"#;
    const FREE: &str = r#"{"IsLicensed":"false"}"#;
    const ENTERPRISE: &str = r#"{"IsLicensed":"true","SkuShortName":"enterprise","SkuName":"Mattermost Enterprise","Users":"100",
        "Company":"Corp","StartsAt":"1700000000000","ExpiresAt":"1800000000000","Id":"lic1"}"#;

    fn read(license: &str, seats: Outcome, limits: Outcome) -> Result<License, Failure> {
        let mut network = Fake::new(|request| match request.name().as_str() {
            "GET /api/v4/config/client" => json(200, r#"{"Version":"11.6.0","BuildEnterpriseReady":"true"}"#),
            "GET /api/v4/license/client" => json(200, license),
            "GET /api/v4/users/stats/filtered" => seats.clone(),
            "GET /api/v4/limits/server" => limits.clone(),
            "GET /api/v4/users/me" => json(200, ME),
            other => panic!("unexpected {other}"),
        });
        licenses(&mut network).map(|mut licenses| licenses.remove(0))
    }

    fn count(n: u32) -> Outcome {
        json(200, format!(r#"{{"total_users_count":{n}}}"#))
    }

    fn forbidden() -> Outcome {
        json(403, r#"{"id":"api.context.permissions.app_error"}"#)
    }

    #[test]
    fn editions_seats_and_dates_are_told() {
        let limits = || json(200, r#"{"maxUsersLimit":200,"maxUsersHardLimit":250,"activeUserCount":229}"#);
        let none = || json(200, r#"{"maxUsersLimit":0,"maxUsersHardLimit":0,"activeUserCount":0}"#);
        type Case<'a> = (&'a str, Outcome, Outcome, &'a str, Quantity, Quantity, &'a [&'a str]);
        let (limited, unknown) = (Quantity::Limited, Quantity::Unknown);
        let sanitised = r#"{"IsLicensed":"true","SkuShortName":"professional","Users":"100"}"#;
        let expired =
            r#"{"IsLicensed":"true","SkuShortName":"E20","Users":"100","StartsAt":"1","ExpiresAt":"1795533928000"}"#;
        let cases: &[Case<'_>] = &[
            (FREE, count(229), limits(), "free", limited(250), limited(229), &[]),
            (FREE, count(229), none(), "free", Quantity::Unlimited, limited(229), &[]),
            (FREE, count(300), limits(), "free", limited(250), limited(300), &["seats-exceeded"]),
            (ENTERPRISE, count(99), none(), "enterprise", limited(100), limited(99), &[]),
            (ENTERPRISE, count(100), forbidden(), "enterprise", limited(100), limited(100), &[]),
            (ENTERPRISE, count(101), none(), "enterprise", limited(100), limited(101), &["seats-exceeded"]),
            (
                sanitised,
                forbidden(),
                forbidden(),
                "professional",
                limited(100),
                unknown,
                &["seats-used-hidden", "license-details-hidden"],
            ),
            (expired, count(1), none(), "e20", limited(100), limited(1), &["license-expired"]),
            (
                r#"{"IsLicensed":"true","ExpiresAt":"9999999999999"}"#,
                count(1),
                none(),
                "other",
                unknown,
                limited(1),
                &[],
            ),
        ];
        for (license, seats, limits, kind, bought, used, notices) in cases {
            let got = read(license, seats.clone(), limits.clone()).unwrap();
            assert_eq!(got.license_type, *kind, "{license}");
            assert_eq!(
                format!("{:?}", (got.seats_purchased, got.seats_used)),
                format!("{:?}", (bought, used)),
                "{license}"
            );
            let codes: Vec<_> = got.notices.iter().map(|notice| notice.code.as_str()).collect();
            assert_eq!(codes, *notices, "{license}");
        }
        let got = read(ENTERPRISE, count(9), none()).unwrap();
        assert_eq!(
            (got.name.as_str(), got.licensee.as_deref(), got.trial),
            ("Mattermost Enterprise", Some("Corp"), false)
        );
        assert_eq!(got.expires_at.as_deref(), Some("2027-01-15T08:00:00.000Z"));
    }

    #[test]
    fn trials_are_known_by_word_or_length() {
        let day = DAY_MS;
        let cases = [
            (r#""IsTrial":"true""#.to_string(), true),
            (r#""IsTrial":"false""#.to_string(), false),
            (format!(r#""StartsAt":"{day}","ExpiresAt":"{}""#, day + 30 * day + day / 3), true),
            (format!(r#""StartsAt":"{day}","ExpiresAt":"{}""#, day + 31 * day - 1_000), true),
            (format!(r#""StartsAt":"{day}","ExpiresAt":"{}""#, day + 365 * day), false),
        ];
        for (fields, expect) in cases {
            let license = format!(r#"{{"IsLicensed":"true","SkuShortName":"enterprise",{fields}}}"#);
            assert_eq!(read(&license, count(1), forbidden()).unwrap().trial, expect, "{fields}");
        }
    }

    #[test]
    fn attributes_are_sorted_and_documented() {
        let limits = json(200, r#"{"maxUsersLimit":200,"maxUsersHardLimit":250}"#);
        let got = read(ENTERPRISE, count(1), limits).unwrap();
        assert!(got.attributes.is_sorted());
        for (key, _) in got.attributes {
            assert!(ATTRIBUTES.iter().any(|(known, _)| *known == format!("license.{key}")), "{key}");
        }
    }

    #[test]
    fn failures_are_not_taken_for_hidden_values() {
        assert_eq!(read(FREE, Err(Lost::TimedOut), forbidden()).unwrap_err().code, Code::TimedOut);
        assert_eq!(read("<html>", count(1), forbidden()).unwrap_err().code, Code::NotMattermost);
    }
}
