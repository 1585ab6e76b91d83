//! Finds the objections to a new version, before it is switched to.

use provider_model::{CheckOutcome, CheckReport, Description, SettingKind};
use provider_sandbox::Settings;

use crate::age::{self, Age};
use crate::objection::Objection;
use crate::switch::SwitchOptions;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand<'a> {
    pub(crate) options: &'a SwitchOptions,
    /// Which versions are meant.
    pub(crate) floor: Floor,
}

/// Which versions are meant, beside the one in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Floor {
    /// Any.
    Any,
    /// Later ones and equal ones.
    NotOlder,
    /// Later ones.
    Newer,
}

impl Floor {
    fn lets_in(self, age: Age) -> bool {
        match self {
            Self::Any => true,
            Self::NotOlder => matches!(age, Age::Newer | Age::Same),
            Self::Newer => age == Age::Newer,
        }
    }
}

/// Refuses a candidate of another product than the expected one.
pub(crate) fn other_provider(meant: Option<&str>, new: &Description) -> Option<Objection> {
    let ours = meant.filter(|id| *id != new.id)?;
    Some(Objection::OtherProvider { ours: ours.to_owned(), theirs: new.id.clone() })
}

/// Compares the description that is in use with a new one, for tenants with these settings.
pub(crate) fn compare<'a>(
    old: &Description,
    new: &Description,
    tenants: impl IntoIterator<Item = (&'a str, &'a Settings)>,
    demand: &Demand<'_>,
) -> Vec<Objection> {
    if let Some(other) = other_provider(Some(&old.id), new) {
        return vec![other];
    }
    let mut objections = Vec::new();
    if !demand.floor.lets_in(age::of(&new.version, &old.version)) {
        objections.push(Objection::NotNewer { ours: old.version.clone(), theirs: new.version.clone() });
    }
    for (tenant, settings) in tenants {
        objections.extend(setting_objections(old, new, tenant, settings));
    }
    let known = |id: &str| new.license_types.iter().any(|term| term.id == id);
    objections.extend(
        old.license_types
            .iter()
            .filter(|term| !known(&term.id))
            .map(|term| Objection::LicenseTypeGone { id: term.id.clone() }),
    );
    if !demand.options.grant_more {
        objections.extend(
            new.asks_beyond(old)
                .map(|spec| Objection::GrantWidened { request: spec.to_string(), purpose: spec.purpose }),
        );
    }
    objections
}

fn setting_objections(old: &Description, new: &Description, tenant: &str, settings: &Settings) -> Vec<Objection> {
    let mut objections = Vec::new();
    let tenant = || tenant.to_owned();
    for key in settings.keys() {
        let now = new.settings.iter().find(|spec| spec.key == key);
        let Some(was) = old.settings.iter().find(|spec| spec.key == key) else {
            // The old version did not read this setting; the new one may read its value, but gets nothing else by it.
            if let Some(spec) = now.filter(|spec| matches!(spec.kind, SettingKind::Url | SettingKind::SecretValue)) {
                let to = spec.kind.as_str();
                objections.push(Objection::SettingTaken { tenant: tenant(), key: key.to_owned(), to });
            }
            continue;
        };
        match now {
            None => objections.push(Objection::SettingGone { tenant: tenant(), key: key.to_owned() }),
            Some(now) if let Some((from, to)) = moved(&was.kind, &now.kind) => {
                objections.push(Objection::SecretMoved { tenant: tenant(), key: key.to_owned(), from, to });
            }
            Some(now) if !is_compatible(&was.kind, &now.kind) => objections.push(Objection::SettingChanged {
                tenant: tenant(),
                key: key.to_owned(),
                from: was.kind.as_str(),
                to: now.kind.as_str(),
            }),
            Some(_) => {}
        }
    }
    let needed = new.settings.iter().filter(|spec| spec.required && !settings.contains_key(&spec.key));
    objections.extend(needed.map(|spec| Objection::SettingNeeded { tenant: tenant(), key: spec.key.clone() }));
    objections
}

/// Where a secret went and where it goes, if that is another place.
fn moved(was: &SettingKind, now: &SettingKind) -> Option<(String, String)> {
    match (was, now) {
        (SettingKind::Secret(was), SettingKind::Secret(now)) if was != now => Some((was.to_string(), now.to_string())),
        _ => None,
    }
}

/// Whether a value of one kind may be passed as the other. A secret whose value was hidden must not become one whose value
/// is shown, and a choice must keep all values that may have been chosen.
fn is_compatible(was: &SettingKind, now: &SettingKind) -> bool {
    match (was, now) {
        (SettingKind::Choice(was), SettingKind::Choice(now)) => was.iter().all(|choice| now.contains(choice)),
        (SettingKind::SecretValue, SettingKind::Secret(_))
        | (SettingKind::Choice(_) | SettingKind::Integer | SettingKind::Flag, SettingKind::Text) => true,
        _ => was == now,
    }
}

/// What a check of a tenant's server says against the new version.
pub(crate) fn check_objection(tenant: &str, report: &CheckReport) -> Option<Objection> {
    let failed = report.steps.iter().find(|step| step.outcome == CheckOutcome::Failed)?;
    Some(Objection::CheckFailed { tenant: tenant.to_owned(), reason: format!("{}: {}", failed.id, failed.summary) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_model::{SecretUse, SettingSpec, Term};
    use provider_testing::samples::{self, request, secret};

    fn spec(key: &str, kind: SettingKind, required: bool) -> SettingSpec {
        SettingSpec { required, ..samples::setting(key, kind) }
    }

    fn old() -> Description {
        Description {
            settings: vec![
                spec("url", SettingKind::Url, true),
                spec("token", secret(), true),
                spec("source", SettingKind::Choice(vec!["a".into(), "b".into()]), false),
            ],
            requests: vec![request("GET", "/users")],
            license_types: vec![Term { id: "free".into(), label: String::new(), help: String::new() }],
            ..samples::description()
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Description), expect: &[&str]) {
        let mut settings = Settings::new();
        settings.set("url", "https://a.example").set_secret("token", "t".into()).set("source", "a").set("unknown", "x");
        let mut new = old();
        change(&mut new);
        let demand = Demand { options: &SwitchOptions::default(), floor: Floor::Any };
        let objections = compare(&old(), &new, [("acme", &settings)], &demand);
        let texts: Vec<_> = objections.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), expect.len(), "{texts:?}");
        for (text, expect) in texts.iter().zip(expect) {
            assert!(text.contains(expect), "{text} does not hold {expect}");
        }
    }

    #[test]
    fn a_version_with_the_same_settings_types_and_grants_passes() {
        check(|_| {}, &[]);
        check(|new| new.version = "2.0.0".into(), &[]);
        check(|new| new.requests.clear(), &[]);
        check(|new| new.requests[0].purpose = "For another reason.".into(), &[]);
        check(|new| new.settings.push(spec("more", SettingKind::Text, false)), &[]);
        check(|new| new.settings.push(spec("more", SettingKind::Url, false)), &[]);
        check(|new| new.settings.push(spec("unknown", SettingKind::Text, false)), &[]);
        check(|new| new.settings.push(spec("unknown", secret(), false)), &[]);
        check(|new| new.settings[2].kind = SettingKind::Text, &[]);
        check(|new| new.settings[2].kind = SettingKind::Choice(vec!["b".into(), "a".into(), "c".into()]), &[]);
    }

    #[test]
    fn a_version_that_drops_or_requires_something_is_refused() {
        check(|new| new.id = "other".into(), &["provider of `other`"]);
        check(|new| drop(new.settings.remove(2)), &["does not read the setting `source`, for which `acme`"]);
        check(|new| new.settings[1].kind = SettingKind::SecretValue, &["`token` of `acme` as secret-value"]);
        check(|new| new.settings[1].kind = SettingKind::Text, &["`token` of `acme` as text"]);
        check(|new| new.settings[0].kind = SettingKind::Text, &["`url` of `acme` as text"]);
        check(|new| new.settings[2].kind = SettingKind::Url, &["`source` of `acme` as url, but it was choice"]);
        check(
            |new| new.settings.push(spec("unknown", SettingKind::Url, false)),
            &["`unknown` of `acme` as url, but no version read it before"],
        );
        check(
            |new| new.settings.push(spec("unknown", SettingKind::SecretValue, false)),
            &["`unknown` of `acme` as secret-value, but no version read it before"],
        );
        check(|new| new.settings[2].kind = SettingKind::Choice(vec!["a".into()]), &["`source` of `acme` as choice"]);
        check(|new| new.settings.push(spec("key", secret(), true)), &["needs the setting `key`"]);
        check(|new| new.license_types.clear(), &["license type `free`"]);
        check(|new| new.requests.push(request("DELETE", "/users/{}")), &["`DELETE {url}/users/{}` (Because.)"]);
        check(|new| new.requests[0].query.push("team".into()), &["`GET {url}/users?team` (Because.)"]);
        check(|new| new.requests[0].headers.push("x-scope".into()), &["`GET {url}/users with x-scope` (Because.)"]);
        check(|new| new.requests[0].url = "more".into(), &["`GET {more}/users` (Because.)"]);
        let moved = |url: &str, header: &str| SettingKind::Secret(SecretUse { url: url.into(), header: header.into() });
        check(
            |new| new.settings[1].kind = moved("more", "authorization"),
            &[
                "the secret `token` of `acme` to {more} in the header authorization, but it went to {url} in the header authorization",
            ],
        );
        check(
            |new| new.settings[1].kind = moved("url", "x-key"),
            &["the secret `token` of `acme` to {url} in the header x-key, but it went to"],
        );
    }
}
