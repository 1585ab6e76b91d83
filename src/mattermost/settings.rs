//! The host's settings as typed values, parsed once.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use provider_sdk::base_url::BaseUrl;
use provider_sdk::hash::fnv1a;
use provider_sdk::http::{Request, Server};
use provider_sdk::in_flight::MaxInFlight;

use super::activity::InactiveAfter;
use super::code::Code;
use super::due::MaxAge;
use super::failure::Failure;
use super::site::SITE;
use crate::contract::Setting;

/// The keys of the settings, as `describe` lists them.
pub mod keys {
    /// The server's URL.
    pub const SERVER_URL: &str = "server_url";
    /// The token.
    pub const ACCESS_TOKEN: &str = "access_token";
    /// Days until an account counts as inactive.
    pub const INACTIVE_AFTER_DAYS: &str = "inactive_after_days";
    /// From which of the server's records the last activity is read.
    pub const ACTIVITY_SOURCE: &str = "activity_source";
    /// Requests in flight at most.
    pub const MAX_IN_FLIGHT: &str = "max_in_flight";
    /// Whether the last activity is read.
    pub const INCLUDE_ACTIVITY: &str = "include_activity";
    /// Whether first and last names are passed on.
    pub const INCLUDE_NAMES: &str = "include_names";
    /// Whether e-mail addresses are passed on.
    pub const INCLUDE_EMAIL: &str = "include_email";
    /// Whether bots are listed.
    pub const INCLUDE_BOTS: &str = "include_bots";
    /// Hours that a sync may keep who administers a team without asking again.
    pub const TEAM_ADMINS_MAX_AGE: &str = "team_admins_max_age";
    /// How accounts are listed.
    pub const LISTING: &str = "listing";
}

/// Mattermost's own headers of answers, which are read beside those that any provider reads.
pub const KEPT: [&str; 1] = ["x-version-id"];

/// The settings of a call.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the server is.
    pub base: BaseUrl,
    /// The token.
    pub token: Token,
    /// When an account counts as inactive.
    pub inactive_after: InactiveAfter,
    /// From which of the server's records the last activity is read.
    pub activity_source: ActivitySource,
    /// Which personal data is passed on.
    pub include: Include,
    /// Whether bots are listed.
    pub bots: bool,
    /// How old a sync may let it become who administers a team; `None` if each sync asks about every team.
    pub team_admins_max_age: Option<MaxAge>,
    /// How accounts are listed.
    pub way: Way,
    /// How many requests may be in flight at once.
    pub max_in_flight: MaxInFlight,
}

/// How accounts are listed. The records are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The one that costs the server less.
    Auto,
    /// By their ids, if the server shows them.
    Ids,
    /// In pages of 200. Each page costs the server more than the one before.
    Pages,
}

impl Way {
    /// Every way, the default first.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Ids, Self::Pages];

    /// The way's name in the settings and in the attribute of a page.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Ids => "ids",
            Self::Pages => "pages",
        }
    }

    fn parse(value: Option<&str>) -> Result<Self, Failure> {
        let Some(text) = value.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(Self::Auto) };
        Self::ALL.into_iter().find(|way| way.id() == text).ok_or_else(|| {
            let message = format!("{} must be auto, ids or pages", keys::LISTING);
            Failure::new(Code::ListingInvalid, message).with("setting", keys::LISTING)
        })
    }
}

/// From which of the server's records the last activity of accounts is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivitySource {
    /// The statuses: cheap, and on every server.
    Status,
    /// The System Console's report on users, which also has the last sign-in and the last post. Every page of it costs
    /// a large server as much as a hundred pages of the list.
    Report,
}

impl ActivitySource {
    /// Every source, the default first.
    pub const ALL: [Self; 2] = [Self::Status, Self::Report];

    /// The source's name in the settings.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Report => "report",
        }
    }

    fn parse(value: Option<&str>) -> Result<Self, Failure> {
        let Some(text) = value.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(Self::Status) };
        Self::ALL.into_iter().find(|source| source.id() == text).ok_or_else(|| {
            let message = format!("{} is neither status nor report", keys::ACTIVITY_SOURCE);
            Failure::new(Code::ActivitySourceInvalid, message).with("setting", keys::ACTIVITY_SOURCE)
        })
    }
}

/// Personal data that an administrator may leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Include {
    /// When accounts were last active. If excluded, it is not requested, and no account is inactive.
    pub activity: bool,
    /// First and last names. The server sends them with every account; they are dropped here.
    pub names: bool,
    /// E-mail addresses, likewise, and sign-in ids that are e-mail addresses.
    pub email: bool,
}

impl Include {
    /// Everything.
    pub const ALL: Self = Self { activity: true, names: true, email: true };
}

impl Settings {
    /// Reads the host's settings. Ignores unknown keys, as the contract says; if a key comes twice, the last value
    /// counts.
    ///
    /// # Errors
    /// A required setting is missing, or a value cannot be used; the message never holds the token.
    pub fn parse(settings: &[Setting]) -> Result<Self, Failure> {
        let find =
            |key: &str| settings.iter().rfind(|setting| setting.key == key).map(|setting| setting.value.as_str());
        let need = |key: &str| {
            find(key).filter(|value| !value.trim().is_empty()).ok_or_else(|| {
                Failure::new(Code::SettingMissing, format!("the setting {key} is missing")).with("setting", key)
            })
        };
        Ok(Self {
            base: server(need(keys::SERVER_URL)?)?,
            token: Token::parse(need(keys::ACCESS_TOKEN)?)?,
            inactive_after: inactive_after(find(keys::INACTIVE_AFTER_DAYS))?,
            activity_source: ActivitySource::parse(find(keys::ACTIVITY_SOURCE))?,
            bots: flag(keys::INCLUDE_BOTS, find(keys::INCLUDE_BOTS))?,
            team_admins_max_age: team_admins_max_age(find(keys::TEAM_ADMINS_MAX_AGE))?,
            way: Way::parse(find(keys::LISTING))?,
            max_in_flight: max_in_flight(find(keys::MAX_IN_FLIGHT))?,
            include: Include {
                activity: flag(keys::INCLUDE_ACTIVITY, find(keys::INCLUDE_ACTIVITY))?,
                names: flag(keys::INCLUDE_NAMES, find(keys::INCLUDE_NAMES))?,
                email: flag(keys::INCLUDE_EMAIL, find(keys::INCLUDE_EMAIL))?,
            },
        })
    }

    /// A number that differs between listings that must not be mixed: of another server, or with other settings that
    /// change a record. The token does not change it, since a token may be replaced while a listing waits.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let (days, source) = (self.inactive_after.as_days(), self.activity_source);
        let bots = if self.bots { "" } else { "\nwithout bots" };
        let age = self.team_admins_max_age.map_or_else(String::new, |age| format!("\nteams {}", age.as_hours()));
        let text = format!("{}\n{days}\n{source:?}\n{:?}{bots}{age}", self.base, self.include);
        fnv1a(text.as_bytes())
    }
}

impl Server for Settings {
    fn base(&self) -> &BaseUrl {
        &self.base
    }

    fn keeps(&self) -> &'static [&'static str] {
        &KEPT
    }

    fn headers(&self, request: &Request) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("authorization", self.token.header()),
            ("accept", "application/json".to_owned()),
            ("user-agent", concat!("mattermost-provider/", env!("CARGO_PKG_VERSION")).to_owned()),
        ];
        // Without a network in between, inflating costs more than it saves.
        if !self.base.is_loopback() {
            headers.push(("accept-encoding", "gzip".to_owned()));
        }
        if let Some(body) = &request.body {
            headers.push(("content-type", "application/json".to_owned()));
            headers.push(("content-length", body.len().to_string()));
        }
        headers
    }
}

fn server(text: &str) -> Result<BaseUrl, Failure> {
    BaseUrl::parse(text, &SITE).map_err(|wrong| {
        let enter = wrong.instead.map_or_else(String::new, |url| format!(": enter {url}"));
        let message = format!("{} {}{enter}", keys::SERVER_URL, wrong.why);
        Failure::new(Code::ServerUrlInvalid, message).with("setting", keys::SERVER_URL)
    })
}

fn inactive_after(value: Option<&str>) -> Result<InactiveAfter, Failure> {
    let Some(text) = value.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(InactiveAfter::DEFAULT);
    };
    text.parse().ok().and_then(InactiveAfter::days).ok_or_else(|| {
        let max = InactiveAfter::MAX_DAYS;
        let message = format!("{} is not a whole number from 1 to {max}", keys::INACTIVE_AFTER_DAYS);
        Failure::new(Code::InactiveAfterDaysInvalid, message).with("setting", keys::INACTIVE_AFTER_DAYS)
    })
}

fn team_admins_max_age(value: Option<&str>) -> Result<Option<MaxAge>, Failure> {
    let Some(text) = value.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.parse() {
        Ok(0) => Ok(None),
        hours => hours.ok().and_then(MaxAge::of_hours).map(Some).ok_or_else(|| {
            let max = MaxAge::MAX_HOURS;
            let message = format!("{} is not a whole number of hours from 0 to {max}", keys::TEAM_ADMINS_MAX_AGE);
            Failure::new(Code::TeamAdminsMaxAgeInvalid, message).with("setting", keys::TEAM_ADMINS_MAX_AGE)
        }),
    }
}

fn max_in_flight(value: Option<&str>) -> Result<MaxInFlight, Failure> {
    let Some(text) = value.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(MaxInFlight::DEFAULT) };
    text.parse().ok().and_then(MaxInFlight::new).ok_or_else(|| {
        let message = format!("{} is not a whole number from 1 to {}", keys::MAX_IN_FLIGHT, MaxInFlight::MAX);
        Failure::new(Code::MaxInFlightInvalid, message).with("setting", keys::MAX_IN_FLIGHT)
    })
}

/// A setting that is on unless it is switched off.
fn flag(key: &str, value: Option<&str>) -> Result<bool, Failure> {
    match value.map(str::trim) {
        None | Some("" | "true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => {
            Err(Failure::new(Code::FlagInvalid, format!("{key} is neither true nor false")).with("setting", key))
        }
    }
}

/// A personal access token, a bot's token or a session token. The host may use a placeholder instead, so its length and
/// letters mean nothing.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Accepts a token that can be sent in a header.
    ///
    /// # Errors
    /// It contains a space, a line break or a character beyond ASCII.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        if text.bytes().all(|b| b.is_ascii_graphic()) {
            return Ok(Self(text.to_string()));
        }
        let message = format!("{} contains a space, a line break or an invalid character", keys::ACCESS_TOKEN);
        Err(Failure::new(Code::AccessTokenInvalid, message).with("setting", keys::ACCESS_TOKEN))
    }

    /// The value of the `Authorization` header.
    fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn answers_are_compressed_unless_the_server_is_local() {
        for (url, expect) in [
            ("https://chat.example.com", true),
            ("http://127.example.com", true),
            ("http://10.0.0.1:8065", true),
            ("http://[::2]:8065", true),
            ("http://127.0.0.1:8065", false),
            ("http://127.1.2.3/chat", false),
            ("http://LocalHost:8065", false),
            ("http://[::1]:8065", false),
        ] {
            let settings = Settings::parse(&settings(&[("server_url", url), ("access_token", "t")])).unwrap();
            let headers = settings.headers(&Request::get("/api/v4/users"));
            assert_eq!(headers.contains(&("accept-encoding", "gzip".into())), expect, "{url}");
        }
    }

    fn settings(pairs: &[(&str, &str)]) -> Vec<Setting> {
        pairs.iter().map(|(key, value)| Setting { key: (*key).into(), value: (*value).into() }).collect()
    }

    #[test]
    fn the_age_of_team_administrators_is_in_hours() {
        for (text, expect) in [
            (" 168 ", Some(Some(168))),
            ("8760", Some(Some(8_760))),
            ("0", Some(None)),
            ("", Some(None)),
            ("8761", None),
            ("-1", None),
            ("1d", None),
        ] {
            match (team_admins_max_age(Some(text)), expect) {
                (Ok(age), Some(hours)) => assert_eq!(age.map(MaxAge::as_hours), hours, "{text}"),
                (Err(failure), None) => assert_eq!(failure.code, Code::TeamAdminsMaxAgeInvalid, "{text}"),
                (got, _) => panic!("{text}: {got:?}"),
            }
        }
    }

    #[test]
    fn bad_settings_are_named() {
        let url = ("server_url", "https://chat.example.com");
        let token = ("access_token", "sekret");
        let cases: &[(&[(&str, &str)], Option<(Code, &str)>)] = &[
            (&[url, token], None),
            (&[url, token, ("inactive_after_days", " 30 "), ("unknown", "x")], None),
            (&[url, token, ("inactive_after_days", "")], None),
            (&[url, token, ("include_names", "false"), ("include_email", " true ")], None),
            (&[url, token, ("max_in_flight", "32"), ("activity_source", "report")], None),
            (&[url, token, ("max_in_flight", ""), ("activity_source", " ")], None),
            (&[url, token, ("max_in_flight", "0")], Some((Code::MaxInFlightInvalid, "max_in_flight"))),
            (&[url, token, ("max_in_flight", "33")], Some((Code::MaxInFlightInvalid, "max_in_flight"))),
            (&[url, token, ("activity_source", "Report")], Some((Code::ActivitySourceInvalid, "activity_source"))),
            (&[url, token, ("include_activity", "no")], Some((Code::FlagInvalid, "include_activity"))),
            (&[token], Some((Code::SettingMissing, "server_url"))),
            (
                &[("server_url", "chat.example.com"), token],
                Some((Code::ServerUrlInvalid, "server_url does not begin with")),
            ),
            (
                &[("server_url", "https://chat.example.com/login"), token],
                Some((Code::ServerUrlInvalid, "and not to the server itself: enter https://chat.example.com")),
            ),
            (&[url], Some((Code::SettingMissing, "access_token"))),
            (&[url, ("access_token", "  ")], Some((Code::SettingMissing, "access_token"))),
            (&[url, ("access_token", "sekret\n")], Some((Code::AccessTokenInvalid, "access_token"))),
            (&[url, ("access_token", "two words sekret")], Some((Code::AccessTokenInvalid, "access_token"))),
            (
                &[url, token, ("inactive_after_days", "0")],
                Some((Code::InactiveAfterDaysInvalid, "inactive_after_days")),
            ),
            (
                &[url, token, ("inactive_after_days", "ninety")],
                Some((Code::InactiveAfterDaysInvalid, "inactive_after_days")),
            ),
            (
                &[url, token, ("inactive_after_days", "70000")],
                Some((Code::InactiveAfterDaysInvalid, "inactive_after_days")),
            ),
        ];
        for (pairs, expect) in cases {
            let got = Settings::parse(&settings(pairs));
            let code = got.as_ref().err().map(|failure| failure.code);
            assert_eq!(code, expect.map(|(code, _)| code), "{pairs:?}");
            if let (Err(failure), Some((_, setting))) = (&got, expect) {
                assert!(failure.message.contains(setting), "{}", failure.message);
            }
            assert!(!std::format!("{got:?}").contains("sekret"), "a token is shown: {got:?}");
        }
    }
}
