//! Describes the provider: its settings, its requests, and what it may answer.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use provider_sdk::code::Entry;
use provider_sdk::in_flight::MaxInFlight;
use provider_sdk::records::{self, request, term};

use super::activity::InactiveAfter;
use super::api::ROUTES;
use super::changes;
use super::check::STEPS;
use super::code::{Code, NoticeCode};
use super::due::MaxAge;
use super::edition::Edition;
use super::license;
use super::listing;
use super::record;
use super::role::Role;
use super::settings::{ActivitySource, Way, keys};
use crate::contract::{Description, RequestSpec, SecretUse, SettingKind, SettingSpec, Term};

/// The description, the same for every call.
#[must_use]
pub fn describe() -> Description {
    Description {
        id: "mattermost".to_string(),
        name: "Mattermost".to_string(),
        version: env!("CARGO_PKG_VERSION").to_string(),
        documentation_url: String::new(),
        settings: settings(),
        requests: requests(),
        license_types: Edition::ALL.iter().map(|edition| term(edition.id(), edition.label(), edition.help())).collect(),
        roles: Role::ALL.iter().map(|role| term(role.id(), role_label(*role), role_help(*role))).collect(),
        codes: codes(),
        attributes: attributes(),
    }
}

#[expect(clippy::too_many_lines, reason = "a table: one entry for each setting")]
fn settings() -> Vec<SettingSpec> {
    let setting = |key: &str, label: &str, kind, required, default: Option<String>, help: &str| SettingSpec {
        required,
        default,
        ..records::setting(key, label, kind, help)
    };
    vec![
        setting(
            keys::SERVER_URL,
            "Server URL",
            SettingKind::Url,
            true,
            None,
            "The address that people open in their browser, with its path if the server has one: https://chat.example.com or https://example.com/mattermost.",
        ),
        setting(
            keys::ACCESS_TOKEN,
            "Access token",
            SettingKind::Secret(SecretUse { url: keys::SERVER_URL.to_string(), header: "authorization".to_string() }),
            true,
            None,
            "A personal access token (Profile > Security > Personal Access Tokens) of a system administrator, a bot's token, or a session token. Personal access tokens are switched on in System Console > Integrations > Integration Management.",
        ),
        setting(
            keys::INACTIVE_AFTER_DAYS,
            "Inactive after days",
            SettingKind::Integer,
            false,
            Some(InactiveAfter::DEFAULT.as_days().to_string()),
            "After how many days without activity an account counts as inactive: a whole number from 1 to 36500.",
        ),
        setting(
            keys::ACTIVITY_SOURCE,
            "Source of the last activity",
            SettingKind::Choice(ActivitySource::ALL.iter().map(|source| source.id().to_string()).collect()),
            false,
            Some(ActivitySource::Status.id().to_string()),
            "status reads when somebody last worked with Mattermost. report adds the last sign-in and the last message, from Mattermost 9.11 on, and costs a server with very many users much more.",
        ),
        setting(
            keys::MAX_IN_FLIGHT,
            "Requests at once",
            SettingKind::Integer,
            false,
            None,
            &format!(
                "The most requests at once: a whole number from 1 to {most}. Left out, it adapts: it starts at {start}, grows up to {most} on high-latency servers, and drops while the server is slow or refuses.",
                start = MaxInFlight::DEFAULT.start(),
                most = MaxInFlight::MAX,
            ),
        ),
        flag(
            keys::INCLUDE_ACTIVITY,
            "Include the last activity",
            "If off, the last activity is not read, and no account counts as inactive.",
        ),
        flag(
            keys::INCLUDE_NAMES,
            "Include names",
            "If off, first and last names are not passed on, though the server sends them.",
        ),
        flag(
            keys::INCLUDE_EMAIL,
            "Include e-mail addresses",
            "If off, e-mail addresses are not passed on, nor sign-in ids that are e-mail addresses, though the server sends them.",
        ),
        flag(
            keys::INCLUDE_BOTS,
            "Include bots",
            "If off, bots are not listed. A token that may not see others' bots, such as that of a bot with the read-only administrator role (Viewer), then needs no pages if its account is in a team with everybody.",
        ),
        setting(
            keys::TEAM_ADMINS_MAX_AGE,
            "Maximum age of team administrators in hours",
            SettingKind::Integer,
            false,
            Some("0".to_string()),
            &format!(
                "For servers with many teams or guests: a sync then asks about a part of the teams, so that what it says of each team's administrators is at most so many hours old, or as old as the last sync. The same goes for which guests are in a single channel, on which their seat depends. A whole number from 0 to {max}, such as 168 for a week; 0 asks about every team at each sync. A listing always does.",
                max = MaxAge::MAX_HOURS,
            ),
        ),
        setting(
            keys::LISTING,
            "Way of listing",
            SettingKind::Choice(Way::ALL.iter().map(|way| way.id().to_string()).collect()),
            false,
            Some(Way::Auto.id().to_string()),
            "auto lists in the way that costs the server less: by ids if the server shows them, otherwise in pages. ids and pages try one way alone, for comparison. The records are the same.",
        ),
    ]
}

/// A setting that is on unless it is switched off.
fn flag(key: &str, label: &str, help: &str) -> SettingSpec {
    SettingSpec { default: Some("true".to_string()), ..records::setting(key, label, SettingKind::Flag, help) }
}

fn requests() -> Vec<RequestSpec> {
    let spec =
        |route: &super::api::Route| request(keys::SERVER_URL, route.method, route.path, route.query, route.purpose);
    ROUTES.iter().map(spec).collect()
}

fn codes() -> Vec<Term> {
    let of = |entry: Entry| term(entry.id, entry.label, entry.fix);
    let errors = Code::ALL.iter().map(|code| of(code.entry()));
    let notices = NoticeCode::ALL.iter().map(|code| of(code.entry()));
    let steps = STEPS.iter().map(|step| term(step.id(), step.label(), "A step of the check."));
    errors.chain(notices).chain(steps).collect()
}

fn attributes() -> Vec<(String, String)> {
    let mut attributes: Vec<_> = license::ATTRIBUTES
        .iter()
        .chain(&changes::ATTRIBUTES)
        .chain(&listing::ATTRIBUTES)
        .chain(&record::ATTRIBUTES)
        .map(|(key, help)| ((*key).to_string(), (*help).to_string()))
        .collect();
    attributes.sort();
    attributes
}

const fn role_label(role: Role) -> &'static str {
    match role {
        Role::SystemAdmin => "System Admin",
        Role::TeamAdmin => "Team Admin",
        Role::Member => "Member",
        Role::Guest => "Guest",
    }
}

const fn role_help(role: Role) -> &'static str {
    match role {
        Role::SystemAdmin => "May do everything on the server",
        Role::TeamAdmin => "Runs at least one team",
        Role::Member => "An ordinary account",
        Role::Guest => "A person from outside with access to single channels",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_description_is_whole_and_without_repeats() {
        let description = describe();
        for (terms, what) in [
            (&description.license_types, "license types"),
            (&description.roles, "roles"),
            (&description.codes, "codes"),
        ] {
            let ids: BTreeSet<_> = terms.iter().map(|term| &term.id).collect();
            assert_eq!(ids.len(), terms.len(), "{what}");
            assert!(terms.iter().all(|term| !term.label.is_empty() && !term.help.is_empty()), "{what}");
        }
        assert!(description.attributes.is_sorted());
        assert_eq!(description.settings.iter().filter(|setting| setting.required).count(), 2);
    }
}
