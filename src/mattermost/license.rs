//! The licence that the organisation holds, and how many of its seats are taken.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use provider_sdk::http::{Answered, Network, exchange};
use provider_sdk::lenient::{Number, TextMap};
use provider_sdk::notice::notice;
use provider_sdk::time::{DAY_MS, day_in_words, in_words, timestamp};
use serde::Deserialize;

use super::advice::Holder;
use super::api::{self, Answer, Me};
use super::code::{Code, NoticeCode};
use super::edition::{self, Edition};
use super::failure::{Failure, Meaning as _};
use super::seat::SeatRule;
use super::terms::{Terms, Unread, in_a_sentence};
use super::version::Version;
use crate::contract::{License, Notice, Quantity};

/// The answer of `/limits/server` (server/public/model/limits.go). Zero means "none" or "hidden from this token".
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Limits {
    max_users_limit: Number,
    max_users_hard_limit: Number,
    active_user_count: Number,
    single_channel_guest_count: Number,
    single_channel_guest_limit: Number,
}

/// How long Mattermost keeps running after its licence ends: ten days (server/public/model/license.go).
const GRACE_MS: i64 = 10 * DAY_MS;

/// The answers that a licence is made of.
#[derive(Clone, Copy, Debug)]
pub struct Answers<'a> {
    /// The token's account.
    pub me: &'a Me,
    /// The client configuration.
    pub config: &'a TextMap,
    /// The answer to [`api::license`].
    pub license: &'a Answered,
    /// The answer to [`api::count_seats`].
    pub seats: &'a Answered,
    /// The answer to [`api::limits`].
    pub limits: &'a Answered,
}

/// Reads the licence: always one, since a server without one runs the free edition.
///
/// # Errors
/// The server cannot be reached, refuses the token, or does not answer as Mattermost does.
pub fn licenses(network: &mut dyn Network) -> Result<Vec<License>, Failure> {
    let requests = [api::config(), api::license(), api::count_seats(), api::limits(), api::me()];
    let [config, license, seats, limits, me] = exchange(network, requests);
    // The first two routes answer without a valid token, so the token is checked by its account.
    let me = api::read_me(&me)?;
    let read = api::read_map(&config).and_then(|config| {
        read(Answers { me: &me, config: &config, license: &license, seats: &seats, limits: &limits }, network)
    });
    let license = read.map_err(|failure| failure.held_by(Holder::of(&me.roles)))?;
    Ok(alloc::vec![license])
}

/// Makes the licence from its answers. Uses the network for one more number, if the server's version requires it.
///
/// # Errors
/// Those of [`licenses`].
pub fn read(answers: Answers<'_>, network: &mut dyn Network) -> Result<License, Failure> {
    let answer = Answer::of(answers.license)?;
    let map = api::read_map(answers.license)?;
    let version = answer.version().or_else(|| answers.config.get("Version").and_then(Version::parse));
    let sees_all = answers.me.has("system_admin");
    let limits = Limited::read(answers.limits, version, sees_all);
    let counted = Counted::read(answers.seats, version, sees_all)?;
    let rule = SeatRule::of(version, Edition::of(&map));
    let used = Used::find(counted, limits.numbers(), rule, network)?;
    let now_ms = answer.server_ms().unwrap_or_else(|| network.now_ms());
    let terms = Terms::of(&map, Edition::of(&map));
    let mut made = make(answers.config, &map, &terms, &used, &limits, now_ms);
    if sees_all {
        made.notices.iter_mut().for_each(blame_no_rights);
    }
    Ok(made)
}

/// What is known of the server's user limits. Servers before 9.11 have no such route and no such limits. The licence
/// has other sources too, so a missing answer does not fail it.
#[derive(Debug)]
enum Limited {
    Known(Limits),
    /// All zero, even the number of users: this token may not see them.
    Hidden,
    /// They did not come, with the reason.
    Failed(String),
}

impl Limited {
    fn read(answered: &Answered, version: Option<Version>, sees_all: bool) -> Self {
        let has_route = version.is_some_and(Version::has_user_report);
        match Answer::of(answered).and_then(|answer| answer.read::<Limits>()) {
            Ok(limits) if limits.active_user_count.0 > 0 => Self::Known(limits),
            Ok(_) if !sees_all => Self::Hidden,
            Ok(_) => Self::Failed("the server's limits (how many users it allows) are all 0".to_string()),
            Err(failure) if failure.code == Code::RequestRejected && !has_route => Self::Known(Limits::default()),
            Err(failure) if failure.code == Code::PermissionMissing && !sees_all => Self::Hidden,
            Err(failure) => {
                Self::Failed(format!("the server's limits (how many users it allows): {}", failure.in_full()))
            }
        }
    }

    fn numbers(&self) -> Limits {
        match self {
            Self::Known(limits) => *limits,
            Self::Hidden | Self::Failed(_) => Limits::default(),
        }
    }
}

/// The server's plain count of seats.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Counted {
    Seats(u32),
    /// The token may not ask, or the server is too old to count.
    Hidden,
    /// The count alone fails or is blocked, with the reason. The licence is returned even so.
    Failed(String),
}

impl Counted {
    /// # Errors
    /// A failure that concerns the server or the token, not this count alone.
    fn read(answered: &Answered, version: Option<Version>, sees_all: bool) -> Result<Self, Failure> {
        let counts = version.is_some_and(Version::filters_by_team_role);
        match api::read_count(answered) {
            Ok(seats) => Ok(Self::Seats(seats)),
            Err(failure) if failure.code == Code::PermissionMissing && !sees_all => Ok(Self::Hidden),
            Err(failure) if failure.code == Code::RequestRejected && !counts => Ok(Self::Hidden),
            Err(failure) if failure.is_refusal() || failure.is_of_one_route() => Ok(Self::Failed(failure.in_full())),
            Err(failure) => Err(failure),
        }
    }
}

/// The seats in use.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Used {
    seats: Counted,
    /// Guests of a single channel, who are not included; `None` if the server does not count them apart, or if the
    /// token may not ask.
    apart: Option<u32>,
    /// Whether `seats` may include guests of a single channel even so.
    may_hold_guests: bool,
}

impl Used {
    /// Finds the seats in use. The plain count of seats includes guests of a single channel. Servers whose rule leaves
    /// them out show their own number to system administrators, and the number of those guests to Viewers.
    fn find(seats: Counted, limits: Limits, rule: SeatRule, network: &mut dyn Network) -> Result<Self, Failure> {
        let Counted::Seats(counted) = seats else { return Ok(Self { seats, apart: None, may_hold_guests: false }) };
        let seats = |seats| Counted::Seats(seats);
        if !rule.asks_for_single_channel_guests() {
            return Ok(Self { seats: seats(counted), apart: None, may_hold_guests: false });
        }
        if let (1.., Ok(active)) = (limits.active_user_count.0, u32::try_from(limits.active_user_count.0)) {
            let apart = u32::try_from(limits.single_channel_guest_count.0).ok();
            return Ok(Self { seats: seats(active), apart, may_hold_guests: false });
        }
        let [answered] = exchange(network, [api::count_single_channel_guests()]);
        Ok(match api::read_bare_count(&answered) {
            Ok(guests) => {
                Self { seats: seats(counted.saturating_sub(guests)), apart: Some(guests), may_hold_guests: false }
            }
            Err(failure) if failure.is_refusal() || failure.is_of_one_route() => {
                Self { seats: seats(counted), apart: None, may_hold_guests: true }
            }
            Err(failure) => return Err(failure),
        })
    }

    const fn number(&self) -> Option<u32> {
        match self.seats {
            Counted::Seats(seats) => Some(seats),
            Counted::Hidden | Counted::Failed(_) => None,
        }
    }
}

fn make(config: &TextMap, license: &TextMap, terms: &Terms, used: &Used, limits: &Limited, now_ms: i64) -> License {
    let edition = Edition::of(license);
    let purchased = purchased(edition, terms.seats, limits);
    let grace_ends = terms.expires_ms.filter(|expires| *expires < now_ms).map(|ms| ms.saturating_add(GRACE_MS));
    let grace_ends_at = grace_ends.and_then(timestamp);
    let mut notices = hidden(edition, terms, used, limits);
    notices.extend(dated(terms, grace_ends, now_ms));
    notices.extend(exceeded(edition, used, purchased));
    License {
        license_type: edition.id().to_string(),
        name: edition::name(edition, license, config),
        trial: terms.is_trial,
        seats_purchased: purchased,
        seats_used: used.number().map_or(Quantity::Unknown, Quantity::Limited),
        licensee: license.get("Company").or_else(|| license.get("Name")).map(ToString::to_string),
        starts_at: terms.starts_ms.and_then(timestamp),
        expires_at: terms.expires_ms.and_then(timestamp),
        attributes: attributes(config, license, used, limits.numbers(), grace_ends_at),
        notices,
    }
}

/// The notices about what the licence does not show, or what could not be read.
fn hidden(edition: Edition, terms: &Terms, used: &Used, limits: &Limited) -> Vec<Notice> {
    let mut notices = Vec::new();
    match &used.seats {
        Counted::Hidden => notices.push(notice(NoticeCode::SeatsUsedHidden, 0, None, &[])),
        Counted::Failed(why) => notices.push(notice(NoticeCode::SeatsUsedFailed, 0, Some(why.clone()), &[])),
        Counted::Seats(_) if used.may_hold_guests => {
            notices.push(notice(NoticeCode::SeatsIncludeGuests, 0, None, &[]));
        }
        Counted::Seats(_) => {}
    }
    if terms.is_hidden {
        notices.push(notice(NoticeCode::LicenseDetailsHidden, 0, None, &[]));
    }
    let mut unread = terms.unread.clone();
    match limits {
        Limited::Hidden if edition == Edition::Free => {
            notices.push(notice(NoticeCode::UserLimitsHidden, 0, None, &[]));
        }
        Limited::Failed(why) if edition == Edition::Free => {
            unread.push(Unread { field: "seats-purchased", why: why.clone() });
        }
        Limited::Known(_) | Limited::Hidden | Limited::Failed(_) => {}
    }
    if !unread.is_empty() {
        let mut unreadable = notice(NoticeCode::LicenseUnreadable, 0, Some(in_a_sentence(&unread)), &[]);
        unreadable.fields = unread.iter().map(|unread| unread.field.to_string()).collect();
        unreadable.fields.sort();
        unreadable.fields.dedup();
        notices.push(unreadable);
    }
    notices
}

/// Changes the advice about hidden details for a system administrator's token. The server hides nothing from it, so the
/// token must have been lost on the way to this route.
fn blame_no_rights(notice: &mut Notice) {
    if notice.code == NoticeCode::LicenseDetailsHidden.entry().id {
        notice.fix = Some(
            "The account is a system administrator, from whom Mattermost hides nothing. Look for a gateway or a cache in front of the server that drops the Authorization header of GET /api/v4/license/client or answers in the server's place."
                .to_string(),
        );
    }
}

/// The notice about the licence's dates, if there is one today.
fn dated(terms: &Terms, grace_ends: Option<i64>, now_ms: i64) -> Option<Notice> {
    if let Some(ends) = grace_ends {
        let when = timestamp(ends).unwrap_or_default();
        let verb = if ends < now_ms { "ended" } else { "ends" };
        let detail = format!("its grace period {verb} on {}", day_in_words(ends));
        return Some(notice(NoticeCode::LicenseExpired, 0, Some(detail), &[("grace-ends-at", when)]));
    }
    let begins = terms.starts_ms.filter(|starts| starts.saturating_sub(now_ms) > DAY_MS)?;
    let when = timestamp(begins).unwrap_or_default();
    let away = in_words(begins.saturating_sub(now_ms).unsigned_abs());
    let detail = format!("it begins in {away}, on {}", day_in_words(begins));
    Some(notice(NoticeCode::LicenseBeginsLater, 0, Some(detail), &[("starts-at", when)]))
}

/// The notice that more seats are in use than were bought, or than a server without a licence allows.
fn exceeded(edition: Edition, used: &Used, purchased: Quantity) -> Option<Notice> {
    let (Some(used), Quantity::Limited(most)) = (used.number(), purchased) else { return None };
    let (code, name) = if edition.is_bought() {
        (NoticeCode::SeatsExceeded, "purchased")
    } else {
        (NoticeCode::UserLimitExceeded, "limit")
    };
    let params = [(name, most.to_string()), ("used", used.to_string())];
    (used > most).then(|| notice(code, 0, Some(format!("{used} of {most}")), &params))
}

/// The seats that were bought, from the licence. Without a licence, servers from 9.5 have a limit on users.
fn purchased(edition: Edition, bought: Option<u32>, limits: &Limited) -> Quantity {
    if let Some(bought) = bought {
        return Quantity::Limited(bought);
    }
    let most = match limits {
        Limited::Known(limits) => limits.max_users_hard_limit.0,
        Limited::Hidden | Limited::Failed(_) => return Quantity::Unknown,
    };
    match most {
        // Such a licence has its number of seats, or the number is unknown.
        _ if edition.is_bought() || edition == Edition::Unknown => Quantity::Unknown,
        1.. => u32::try_from(most).map_or(Quantity::Unknown, Quantity::Limited),
        _ if edition == Edition::Free => Quantity::Unlimited,
        _ => Quantity::Unknown,
    }
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
    ("license.cloud", "`true` if the server is Mattermost Cloud"),
    ("license.grace-ends-at", "of a licence that has expired: when its grace period ends"),
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
    use provider_sdk::http::{Lost, Outcome};

    const ME: &str = r#"{"id":"u4fe6hszjtnd7xi3ehbtrcpote","username":"sysadmin","roles":"system_admin system_user"}"#;
    const NO_ROUTE: &str = r#"{"id":"api.context.404.app_error"}"#;
    const FREE: &str = r#"{"IsLicensed":"false"}"#;
    const ENTERPRISE: &str = r#"{"IsLicensed":"true","SkuShortName":"enterprise","SkuName":"Mattermost Enterprise","Users":"100",
        "Company":"Corp","StartsAt":"1700000000000","ExpiresAt":"1800000000000","Id":"lic1"}"#;

    const VIEWER: &str =
        r#"{"id":"u4fe6hszjtnd7xi3ehbtrcpote","username":"viewer","roles":"system_user system_read_only_admin"}"#;

    fn read(license: &str, seats: Outcome, limits: Outcome) -> Result<License, Failure> {
        read_as(ME, license, seats, limits)
    }

    fn read_as(me: &str, license: &str, seats: Outcome, limits: Outcome) -> Result<License, Failure> {
        let mut network = Fake::new(|request| match request.name().as_str() {
            "GET /api/v4/config/client" => json(200, r#"{"Version":"11.6.0","BuildEnterpriseReady":"true"}"#),
            "GET /api/v4/license/client" => json(200, license),
            "GET /api/v4/users/stats/filtered" => seats.clone(),
            "GET /api/v4/limits/server" => limits.clone(),
            "GET /api/v4/users/me" => json(200, me),
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
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn editions_seats_and_dates_are_reported() {
        let limits = || json(200, r#"{"maxUsersLimit":200,"maxUsersHardLimit":250,"activeUserCount":229}"#);
        let unlimited = || json(200, r#"{"maxUsersLimit":0,"maxUsersHardLimit":0,"activeUserCount":9}"#);
        let none = || json(200, r#"{"maxUsersLimit":0,"maxUsersHardLimit":0,"activeUserCount":0}"#);
        type Case<'a> = (&'a str, &'a str, Outcome, Outcome, &'a str, Quantity, Quantity, &'a [&'a str]);
        let (limited, unknown) = (Quantity::Limited, Quantity::Unknown);
        let old = |outcome: Outcome| {
            let mut response = outcome.unwrap();
            response.headers.retain(|(name, _)| *name != "x-version-id");
            Ok(response)
        };
        let sanitised = r#"{"IsLicensed":"true","SkuShortName":"professional","Users":"100"}"#;
        let entry =
            r#"{"IsLicensed":"true","SkuShortName":"entry","Users":"0","StartsAt":"0","ExpiresAt":"0","Id":""}"#;
        let other = r#"{"IsLicensed":"true","Users":"7","StartsAt":"1700000000000","ExpiresAt":"9999999999999"}"#;
        let (expires, begins) = (
            ENTERPRISE.replace("1800000000000", "1795533928000"),
            ENTERPRISE.replace("1700000000000", "1799000000000"),
        );
        let cases: &[Case<'_>] = &[
            (ME, FREE, count(229), limits(), "free", limited(250), limited(229), &[]),
            (VIEWER, FREE, count(229), none(), "free", unknown, limited(229), &["user-limits-hidden"]),
            (VIEWER, FREE, count(229), forbidden(), "free", unknown, limited(229), &["user-limits-hidden"]),
            (ME, FREE, count(229), none(), "free", unknown, limited(229), &["license-unreadable"]),
            (ME, FREE, count(229), forbidden(), "free", unknown, limited(229), &["license-unreadable"]),
            (ME, FREE, count(229), json(500, "{}"), "free", unknown, limited(229), &["license-unreadable"]),
            (ME, FREE, count(229), json(404, NO_ROUTE), "free", unknown, limited(229), &["license-unreadable"]),
            (VIEWER, FREE, count(229), Err(Lost::TimedOut), "free", unknown, limited(229), &["license-unreadable"]),
            (ME, FREE, count(229), unlimited(), "free", Quantity::Unlimited, limited(229), &[]),
            (ME, FREE, count(300), limits(), "free", limited(250), limited(300), &["user-limit-exceeded"]),
            (ME, "{}", count(300), limits(), "unknown", unknown, limited(229), &["license-unreadable"]),
            (ME, "null", count(300), limits(), "unknown", unknown, limited(229), &["license-unreadable"]),
            (ME, entry, count(20), none(), "entry", unknown, limited(20), &[]),
            (ME, entry, count(20), limits(), "entry", limited(250), limited(20), &[]),
            (ME, entry, count(251), limits(), "entry", limited(250), limited(251), &["user-limit-exceeded"]),
            (ME, ENTERPRISE, count(106), none(), "enterprise", limited(100), limited(99), &[]),
            (ME, ENTERPRISE, count(107), forbidden(), "enterprise", limited(100), limited(100), &[]),
            (ME, ENTERPRISE, count(108), none(), "enterprise", limited(100), limited(101), &["seats-exceeded"]),
            (
                VIEWER,
                sanitised,
                forbidden(),
                forbidden(),
                "professional",
                limited(100),
                unknown,
                &["seats-used-hidden", "license-details-hidden"],
            ),
            (
                ME,
                sanitised,
                forbidden(),
                forbidden(),
                "professional",
                limited(100),
                unknown,
                &["seats-used-failed", "license-details-hidden"],
            ),
            (ME, ENTERPRISE, json(500, "{}"), limits(), "enterprise", limited(100), unknown, &["seats-used-failed"]),
            (
                VIEWER,
                ENTERPRISE,
                old(json(504, "")),
                none(),
                "enterprise",
                limited(100),
                unknown,
                &["seats-used-failed"],
            ),
            (
                VIEWER,
                ENTERPRISE,
                old(json(403, "<html>")),
                none(),
                "enterprise",
                limited(100),
                unknown,
                &["seats-used-failed"],
            ),
            (ME, ENTERPRISE, Err(Lost::TimedOut), none(), "enterprise", limited(100), unknown, &["seats-used-failed"]),
            (ME, ENTERPRISE, json(200, "{}}"), none(), "enterprise", limited(100), unknown, &["seats-used-failed"]),
            (ME, &expires, count(8), none(), "enterprise", limited(100), limited(1), &["license-expired"]),
            (ME, &begins, count(8), none(), "enterprise", limited(100), limited(1), &["license-begins-later"]),
            (ME, other, count(8), none(), "other", limited(7), limited(1), &[]),
        ];
        for (me, license, seats, limits, kind, bought, used, notices) in cases {
            let got = read_as(me, license, seats.clone(), limits.clone()).unwrap();
            let name = format!("{license} {seats:?} {limits:?}");
            assert_eq!(got.license_type, *kind, "{name}");
            let quantities = format!("{:?}", (got.seats_purchased, got.seats_used));
            assert_eq!(quantities, format!("{:?}", (bought, used)), "{name}");
            let codes: Vec<_> = got.notices.iter().map(|notice| notice.code.as_str()).collect();
            assert_eq!(codes, *notices, "{name}");
        }
        let got = read(ENTERPRISE, count(9), none()).unwrap();
        assert_eq!(
            (got.name.as_str(), got.licensee.as_deref(), got.trial),
            ("Mattermost Enterprise", Some("Corp"), false)
        );
        assert_eq!(got.expires_at.as_deref(), Some("2027-01-15T08:00:00.000Z"));
    }

    #[test]
    fn guests_of_a_single_channel_are_left_out_if_the_server_does_so() {
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
            let guests = got.attributes.iter().find(|(key, _)| key == "single-channel-guests");
            assert_eq!(guests.map(|(_, value)| value.as_str()), *apart, "{name}");
            let codes: Vec<_> = got.notices.iter().map(|notice| notice.code.as_str()).collect();
            let seats = codes.into_iter().find(|code| code.starts_with("seats"));
            assert_eq!(seats, *notice, "{name}");
        }
    }

    #[test]
    fn an_expired_licence_shows_its_grace_period() {
        for (expires, words) in [
            (1_795_533_928_000_i64, "ends on 4 December 2026"),
            (1_795_533_929_000 - 11 * DAY_MS, "ended on 23 November 2026"),
        ] {
            let license = ENTERPRISE.replace("1800000000000", &expires.to_string());
            let got = read(&license, count(8), forbidden()).unwrap();
            let notice = got.notices.iter().find(|notice| notice.code == "license-expired").unwrap();
            assert!(notice.message.contains(&format!("grace period {words}")), "{}", notice.message);
            assert!(got.attributes.iter().any(|(key, _)| key == "grace-ends-at"));
        }
    }

    #[test]
    fn a_failure_is_named_with_its_request_and_its_field() {
        let says = |license: &str, seats: Outcome, limits: Outcome| {
            let notices = read(license, seats, limits).unwrap().notices;
            notices.iter().map(|notice| format!("{} {:?}\n", notice.message, notice.fields)).collect::<String>()
        };
        let odd = ENTERPRISE.replace("\"100\"", "\"-1\"").replace("1800000000000", "soon");
        for (license, seats, limits, expect) in [
            (ENTERPRISE, json(504, "{}"), forbidden(), &["GET /api/v4/users/stats/filtered", "504"][..]),
            (FREE, count(1), json(500, "{}"), &["GET /api/v4/limits/server", "500", "seats-purchased"]),
            (&odd, count(1), forbidden(), &["Users", "negative", "ExpiresAt", r#"["expires-at", "seats-purchased"]"#]),
            ("{}", count(1), forbidden(), &["IsLicensed", "missing", "license-type"]),
        ] {
            let said = says(license, seats, limits);
            assert!(expect.iter().all(|part| said.contains(part)), "{said}");
            assert!(!said.contains("token"), "{said}");
        }
    }

    #[test]
    fn an_administrator_is_not_advised_to_become_one() {
        let sanitised = r#"{"IsLicensed":"true","SkuShortName":"professional","Users":"100"}"#;
        for (me, expect) in [(ME, "Authorization header"), (VIEWER, "Use a token")] {
            let got = read_as(me, sanitised, count(1), none_of(me)).unwrap();
            let hidden = got.notices.iter().find(|notice| notice.code == "license-details-hidden").unwrap();
            assert!(hidden.fix.as_deref().unwrap().contains(expect), "{hidden:?}");
        }
    }

    fn none_of(me: &str) -> Outcome {
        json(200, format!(r#"{{"activeUserCount":{}}}"#, u8::from(me == ME)))
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
    fn a_failure_is_not_a_hidden_value() {
        for (seats, code) in [
            (Err(Lost::Closed), Code::ConnectionLost),
            (json(401, NO_ROUTE), Code::TokenRefused),
            (json(429, ""), Code::RateLimited),
        ] {
            assert_eq!(read(FREE, seats, forbidden()).unwrap_err().code, code);
        }
        for (license, code) in [(json(500, "{}"), Code::ServerError), (json(200, "[]"), Code::AnswerUnreadable)] {
            let mut network = Fake::new(|request| match request.name().as_str() {
                "GET /api/v4/license/client" => license.clone(),
                "GET /api/v4/users/me" => json(200, ME),
                _ => json(200, "{}"),
            });
            let failure = licenses(&mut network).unwrap_err();
            assert_eq!((failure.code, failure.request.as_deref()), (code, Some("GET /api/v4/license/client")));
        }
        assert_eq!(read("<html>", count(1), forbidden()).unwrap_err().code, Code::NotMattermost);
    }
}
