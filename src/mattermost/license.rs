//! The licence that the organisation holds, and how many of its seats are taken.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;

use super::api::{self, Answer};
use super::code::{Code, NoticeCode};
use super::edition::{self, Edition};
use super::failure::Failure;
use super::http::{Answered, Network, exchange};
use super::notice::notice;
use super::seat::SeatRule;
use super::time::{DAY_MS, timestamp};
use super::version::Version;
use super::wire::{Number, TextMap};
use crate::contract::{License, Quantity};

/// The answer of `/limits/server` (server/public/model/limits.go). Zero is "none", or "not for this token".
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Limits {
    max_users_limit: Number,
    max_users_hard_limit: Number,
    active_user_count: Number,
    single_channel_guest_count: Number,
    single_channel_guest_limit: Number,
}

/// Mattermost runs on for ten days after its licence ends (server/public/model/license.go).
const GRACE_MS: i64 = 10 * DAY_MS;

/// Reads the licence: always one, since a server without one runs the free edition.
///
/// # Errors
/// The server cannot be reached, refuses the token, or does not answer as Mattermost does.
pub fn licenses(network: &mut dyn Network) -> Result<Vec<License>, Failure> {
    let requests = [api::config(), api::license(), api::count_seats(), api::limits(), api::me()];
    let [config, license, seats, limits, me] = exchange(network, requests);
    // The first two routes answer whoever asks, a refused token included, so it is asked whose it is.
    api::read_me(&me)?;
    let config = api::read_map(&config)?;
    let answer = Answer::of(&license)?;
    let map = api::read_map(&license)?;
    let limits = read_limits(&limits);
    let version = answer.version().or_else(|| config.get("Version").and_then(Version::parse));
    // The server answers all else, so a count that fails is too much for it: the licence is there all the same.
    let counted = match api::read_count(&seats) {
        Err(failure) if failure.is_of_server() => None,
        counted => Failure::unless_refused(counted)?,
    };
    let rule = SeatRule::of(version, Edition::of(&map));
    let used = Used::find(counted, limits.unwrap_or_default(), rule, network)?;
    let now_ms = answer.server_ms().unwrap_or_else(|| network.now_ms());
    Ok(alloc::vec![make(&config, &map, &used, limits, now_ms)])
}

/// The server's user limits; none where this token is not told them: with 403, or with zeros, the number of users among
/// them, which no server has. Servers before 9.11 have no such route and no such limits. They are one of several
/// sources, so that an answer that does not come is no failure.
fn read_limits(answered: &Answered) -> Option<Limits> {
    match Answer::of(answered).and_then(|answer| answer.read::<Limits>()) {
        Ok(limits) => Some(limits).filter(|limits| limits.active_user_count.0 > 0),
        Err(failure) => (failure.code == Code::RequestRejected).then(Limits::default),
    }
}

/// The seats in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Used {
    /// How many; none where the token may not ask.
    seats: Option<u32>,
    /// Guests of a single channel, who are not among them; none where the server does not count them apart, or where
    /// the token may not ask.
    apart: Option<u32>,
    /// Whether guests of a single channel may be among the seats all the same.
    may_hold_guests: bool,
}

impl Used {
    /// The plain count of seats still has the guests of a single channel. Servers that leave them out tell their own
    /// number to system administrators, and to viewers how many of those guests there are.
    fn find(counted: Option<u32>, limits: Limits, rule: SeatRule, network: &mut dyn Network) -> Result<Self, Failure> {
        let plain = Self { seats: counted, apart: None, may_hold_guests: false };
        if !rule.asks_for_single_channel_guests() {
            return Ok(plain);
        }
        if let (1.., Ok(active)) = (limits.active_user_count.0, u32::try_from(limits.active_user_count.0)) {
            let apart = u32::try_from(limits.single_channel_guest_count.0).ok();
            return Ok(Self { seats: Some(active), apart, may_hold_guests: false });
        }
        let Some(counted) = counted else { return Ok(plain) };
        let [answered] = exchange(network, [api::count_single_channel_guests()]);
        Ok(match Failure::unless_refused(api::read_bare_count(&answered))? {
            Some(guests) => {
                Self { seats: Some(counted.saturating_sub(guests)), apart: Some(guests), may_hold_guests: false }
            }
            None => Self { may_hold_guests: true, ..plain },
        })
    }
}

fn make(config: &TextMap, license: &TextMap, used: &Used, limits: Option<Limits>, now_ms: i64) -> License {
    let edition = Edition::of(license);
    let number = |key| license.number(key).filter(|number| *number > 0);
    let (starts_ms, expires_ms) = (number("StartsAt"), number("ExpiresAt"));
    let purchased = purchased(edition, number("Users"), limits);
    let mut notices = Vec::new();
    if edition == Edition::Free && limits.is_none() {
        notices.push(notice(NoticeCode::UserLimitsHidden, 0, None, &[]));
    }
    match used {
        Used { seats: None, .. } => notices.push(notice(NoticeCode::SeatsUsedHidden, 0, None, &[])),
        Used { may_hold_guests: true, .. } => notices.push(notice(NoticeCode::SeatsIncludeGuests, 0, None, &[])),
        Used { .. } => {}
    }
    if license.is_true("IsLicensed") && expires_ms.is_none() {
        notices.push(notice(NoticeCode::LicenseDetailsHidden, 0, None, &[]));
    }
    let grace_ends = expires_ms.filter(|expires| *expires < now_ms).map(|expires| expires.saturating_add(GRACE_MS));
    let grace_ends_at = grace_ends.and_then(timestamp);
    if let Some(ends) = grace_ends {
        let when = grace_ends_at.clone().unwrap_or_default();
        let verb = if ends < now_ms { "ended" } else { "ends" };
        let detail = format!("its grace period {verb} on {when}");
        notices.push(notice(NoticeCode::LicenseExpired, 0, Some(detail), &[("grace-ends-at", when)]));
    }
    if let (Some(used), Quantity::Limited(bought)) = (used.seats, purchased)
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
        seats_used: used.seats.map_or(Quantity::Unknown, Quantity::Limited),
        licensee: license.get("Company").or_else(|| license.get("Name")).map(ToString::to_string),
        starts_at: starts_ms.and_then(timestamp),
        expires_at: expires_ms.and_then(timestamp),
        attributes: attributes(config, license, used, limits.unwrap_or_default(), grace_ends_at),
        notices,
    }
}

/// Bought seats come from the licence; without one, servers from 9.5 have a number of users that they do not exceed.
fn purchased(edition: Edition, users: Option<i64>, limits: Option<Limits>) -> Quantity {
    let limited = |number: i64| u32::try_from(number).map_or(Quantity::Unknown, Quantity::Limited);
    match (users, edition) {
        (Some(users), _) => limited(users),
        (None, Edition::Free) => match limits.map(|limits| limits.max_users_hard_limit.0) {
            None => Quantity::Unknown,
            Some(most @ 1..) => limited(most),
            Some(_) => Quantity::Unlimited,
        },
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

fn attributes(
    config: &TextMap,
    license: &TextMap,
    used: &Used,
    limits: Limits,
    grace_ends_at: Option<String>,
) -> Vec<(String, String)> {
    let mut attributes = Vec::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            attributes.push((key.to_string(), value));
        }
    };
    let text = |text: Option<&str>| text.map(ToString::to_string);
    put("cloud", text(license.get("Cloud").filter(|cloud| *cloud == "true")));
    put("grace-ends-at", grace_ends_at);
    put("license-id", text(license.get("Id")));
    put("server-version", text(config.get("Version")));
    let limit = |number: Number| (number.0 > 0).then(|| number.0.to_string());
    put("single-channel-guests", used.apart.map(|guests| guests.to_string()));
    put("single-channel-guests-limit", limit(limits.single_channel_guest_limit));
    put("sku", text(license.get("SkuShortName")));
    put("users-hard-limit", limit(limits.max_users_hard_limit));
    put("users-soft-limit", limit(limits.max_users_limit));
    attributes
}

/// The attributes that a licence may carry.
pub const ATTRIBUTES: [(&str, &str); 9] = [
    ("license.cloud", "`true` where the server is Mattermost Cloud"),
    ("license.grace-ends-at", "of a licence that has expired: until when the server runs on"),
    ("license.license-id", "Mattermost's id of the licence"),
    ("license.server-version", "the version of the server"),
    ("license.single-channel-guests", "how many guests of a single channel there are, who take no seat"),
    ("license.single-channel-guests-limit", "how many of them the licence allows"),
    ("license.sku", "the short name of the licence's plan, verbatim"),
    ("license.users-hard-limit", "the number of users that the server does not exceed"),
    ("license.users-soft-limit", "the number of users from which on the server warns its administrators"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mattermost::fake::{Fake, json};
    use crate::mattermost::http::{Lost, Outcome};

    const ME: &str = r#"{"id":"u4fe6hszjtnd7xi3ehbtrcpote","username":"sysadmin","roles":"system_admin system_user"}"#;
    const NO_ROUTE: &str = r#"{"id":"api.context.404.app_error"}"#;
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
            "GET /api/v4/reports/users/count" => json(200, "7"),
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
        let unlimited = || json(200, r#"{"maxUsersLimit":0,"maxUsersHardLimit":0,"activeUserCount":9}"#);
        let none = || json(200, r#"{"maxUsersLimit":0,"maxUsersHardLimit":0,"activeUserCount":0}"#);
        type Case<'a> = (&'a str, Outcome, Outcome, &'a str, Quantity, Quantity, &'a [&'a str]);
        let (limited, unknown) = (Quantity::Limited, Quantity::Unknown);
        let sanitised = r#"{"IsLicensed":"true","SkuShortName":"professional","Users":"100"}"#;
        let expired =
            r#"{"IsLicensed":"true","SkuShortName":"E20","Users":"100","StartsAt":"1","ExpiresAt":"1795533928000"}"#;
        let cases: &[Case<'_>] = &[
            (FREE, count(229), limits(), "free", limited(250), limited(229), &[]),
            (FREE, count(229), none(), "free", unknown, limited(229), &["user-limits-hidden"]),
            (FREE, count(229), forbidden(), "free", unknown, limited(229), &["user-limits-hidden"]),
            (FREE, count(229), Err(Lost::TimedOut), "free", unknown, limited(229), &["user-limits-hidden"]),
            (FREE, count(229), unlimited(), "free", Quantity::Unlimited, limited(229), &[]),
            (FREE, count(229), json(404, NO_ROUTE), "free", Quantity::Unlimited, limited(229), &[]),
            (FREE, count(300), limits(), "free", limited(250), limited(300), &["seats-exceeded"]),
            (ENTERPRISE, count(106), none(), "enterprise", limited(100), limited(99), &[]),
            (ENTERPRISE, count(107), forbidden(), "enterprise", limited(100), limited(100), &[]),
            (ENTERPRISE, count(108), none(), "enterprise", limited(100), limited(101), &["seats-exceeded"]),
            (
                sanitised,
                forbidden(),
                forbidden(),
                "professional",
                limited(100),
                unknown,
                &["seats-used-hidden", "license-details-hidden"],
            ),
            (ENTERPRISE, json(500, "{}"), forbidden(), "enterprise", limited(100), unknown, &["seats-used-hidden"]),
            (expired, count(8), none(), "e20", limited(100), limited(1), &["license-expired"]),
            (
                r#"{"IsLicensed":"true","ExpiresAt":"9999999999999"}"#,
                count(8),
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
    fn guests_of_a_single_channel_are_left_out_where_the_server_does_so() {
        let limits = |active: u32| {
            let text = r#"{"activeUserCount":A,"singleChannelGuestCount":4,"singleChannelGuestLimit":100}"#;
            json(200, text.replace('A', &active.to_string()))
        };
        let entry = r#"{"IsLicensed":"true","SkuShortName":"entry"}"#;
        let (seven, refused) = (|| json(200, "7"), forbidden);
        type Case<'a> = (&'a str, &'a str, Outcome, Outcome, u32, Option<&'a str>, Option<&'a str>);
        let cases: &[Case<'_>] = &[
            ("11.6.0", ENTERPRISE, limits(46), refused(), 46, Some("4"), None),
            ("11.6.0", ENTERPRISE, limits(0), seven(), 43, Some("7"), None),
            ("11.6.0", ENTERPRISE, forbidden(), refused(), 50, None, Some("seats-include-guests")),
            ("11.5.0", ENTERPRISE, limits(46), seven(), 50, None, None),
            ("11.6.0", entry, limits(46), seven(), 50, None, None),
            ("11.6.0", FREE, limits(46), seven(), 50, None, None),
        ];
        for (version, license, limits, guests, used, apart, notice) in cases {
            let mut network = Fake::new(|request| {
                let mut outcome = match request.name().as_str() {
                    "GET /api/v4/license/client" => json(200, *license),
                    "GET /api/v4/users/stats/filtered" => count(50),
                    "GET /api/v4/limits/server" => limits.clone(),
                    "GET /api/v4/reports/users/count" => guests.clone(),
                    "GET /api/v4/users/me" => json(200, ME),
                    _ => json(200, format!(r#"{{"Version":"{version}"}}"#)),
                };
                if let Ok(response) = &mut outcome {
                    response.headers.retain(|(name, _)| *name != "x-version-id");
                }
                outcome
            });
            let got = licenses(&mut network).unwrap().remove(0);
            let name = format!("{version} {license} {limits:?}");
            assert!(matches!(got.seats_used, Quantity::Limited(n) if n == *used), "{name}: {:?}", got.seats_used);
            let told = got.attributes.iter().find(|(key, _)| key == "single-channel-guests");
            assert_eq!(told.map(|(_, value)| value.as_str()), *apart, "{name}");
            let codes: Vec<_> = got.notices.iter().map(|notice| notice.code.as_str()).collect();
            let told = codes.into_iter().find(|code| code.starts_with("seats"));
            assert_eq!(told, *notice, "{name}");
        }
    }

    #[test]
    fn an_expired_licence_tells_its_grace() {
        for (expires, word) in [(1_795_533_928_000_i64, "ends"), (1_795_533_929_000 - 11 * DAY_MS, "ended")] {
            let license = format!(r#"{{"IsLicensed":"true","SkuShortName":"E20","ExpiresAt":"{expires}"}}"#);
            let got = read(&license, count(8), forbidden()).unwrap();
            let notice = got.notices.iter().find(|notice| notice.code == "license-expired").unwrap();
            assert!(notice.message.contains(&format!("grace period {word} on 2026-1")), "{}", notice.message);
            assert!(got.attributes.iter().any(|(key, _)| key == "grace-ends-at"));
        }
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
        let limits = json(200, r#"{"maxUsersLimit":200,"maxUsersHardLimit":250,"activeUserCount":1}"#);
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
