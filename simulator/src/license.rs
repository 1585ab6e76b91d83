//! The licence map and the client configuration.

use std::collections::BTreeMap;

use crate::LicensePreset;
use crate::caller::Caller;
use crate::config::{Config, Statuses};
use crate::ids::{self, Sort};
use crate::population::Population;

type Texts = BTreeMap<&'static str, String>;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

impl LicensePreset {
    pub(crate) const fn is_licensed(self) -> bool {
        !matches!(self, Self::TeamEdition | Self::Unlicensed)
    }

    /// Short and long name of the plan.
    const fn sku(self) -> (&'static str, &'static str) {
        match self {
            Self::TeamEdition | Self::Unlicensed => ("", ""),
            Self::Entry => ("entry", "Mattermost Entry"),
            Self::Professional => ("professional", "Mattermost Professional"),
            Self::Enterprise | Self::Trial | Self::Expired => ("enterprise", "Mattermost Enterprise"),
            Self::EnterpriseAdvanced => ("advanced", "Mattermost Enterprise Advanced"),
            Self::E10 => ("E10", "Enterprise E10"),
            Self::E20 => ("E20", "Enterprise E20"),
            Self::Unknown => ("galaxy", "Mattermost Galaxy"),
        }
    }
}

/// The seats that the licence grants: a tenth more than are in use, in full hundreds.
pub(crate) fn purchased(population: &Population) -> u32 {
    (population.counts().seats.saturating_add(population.counts().seats / 10) / 100)
        .saturating_add(1)
        .saturating_mul(100)
}

/// `/license/client?format=old`, as this caller sees it.
pub(crate) fn license(config: &Config, population: &Population, caller: Caller) -> Texts {
    let preset = config.license_in_force();
    if !preset.is_licensed() {
        return Texts::from([("IsLicensed", "false".to_owned())]);
    }
    let now = population.now_ms();
    let (starts, expires) = match preset {
        LicensePreset::Trial => (now - 10 * DAY_MS, now - 10 * DAY_MS + 30 * DAY_MS + 8 * DAY_MS / 24),
        LicensePreset::Expired => (now - 372 * DAY_MS, now - 7 * DAY_MS),
        LicensePreset::TeamEdition
        | LicensePreset::Unlicensed
        | LicensePreset::Entry
        | LicensePreset::Professional
        | LicensePreset::Enterprise
        | LicensePreset::EnterpriseAdvanced
        | LicensePreset::E10
        | LicensePreset::E20
        | LicensePreset::Unknown => (now - 100 * DAY_MS, now + 265 * DAY_MS),
    };
    let (short, long) = preset.sku();
    let flag = |on: bool| on.to_string();
    let is_large = !matches!(preset, LicensePreset::Professional | LicensePreset::E10);
    let mut map = Texts::from([
        ("IsLicensed", flag(true)),
        ("Users", purchased(population).to_string()),
        ("Company", "Corp Example".to_owned()),
        ("Cloud", flag(false)),
        ("IsTrial", flag(preset == LicensePreset::Trial)),
        ("IsGovSku", flag(false)),
        ("LDAP", flag(true)),
        ("LDAPGroups", flag(is_large)),
        ("MFA", flag(true)),
        ("SAML", flag(is_large)),
        ("Cluster", flag(is_large)),
        ("Compliance", flag(is_large)),
        ("GuestAccounts", flag(true)),
        ("SharedChannels", flag(is_large)),
        ("CustomPermissionsSchemes", flag(true)),
    ]);
    if caller.reads_console() || config.version.shows_plan_to_everybody() {
        map.insert("SkuShortName", short.to_owned());
    }
    if caller.reads_console() {
        map.extend([
            ("Id", ids::id(config.seed, Sort::Server, 1)),
            ("Name", "Sys Admin".to_owned()),
            ("Email", "admin@corp.example".to_owned()),
            ("SkuName", long.to_owned()),
            ("IssuedAt", starts.to_string()),
            ("StartsAt", starts.to_string()),
            ("ExpiresAt", expires.to_string()),
        ]);
    }
    map
}

/// `/config/client`, as this caller sees it: much of it only with a session.
pub(crate) fn config(config: &Config, url: &str, caller: Caller) -> Texts {
    let flag = |on: bool| on.to_string();
    let mut map = Texts::from([
        ("Version", config.version.to_string()),
        ("BuildNumber", config.version.to_string()),
        ("BuildHash", "b24f322e".to_owned()),
        ("BuildHashEnterprise", String::new()),
        ("BuildEnterpriseReady", flag(config.license != LicensePreset::TeamEdition)),
        ("DiagnosticId", ids::id(config.seed, Sort::Server, 0)),
        ("TelemetryId", ids::id(config.seed, Sort::Server, 0)),
        ("SiteURL", url.to_owned()),
        ("EnableGuestAccounts", flag(config.guest_accounts)),
        ("EnableMultifactorAuthentication", flag(false)),
        ("EnableLdap", flag(true)),
        ("EnableSaml", flag(true)),
    ]);
    if config.version.has_new_shape() {
        map.insert("EnableUserStatuses", flag(config.statuses == Statuses::Enabled));
    }
    if config.version.runs_entry_by_itself() {
        map.insert("FeatureFlagEnableMattermostEntry", flag(config.entry_without_license));
    }
    if caller.account().is_some() {
        map.extend([
            ("EnableUserAccessTokens", flag(config.user_access_tokens)),
            ("ShowEmailAddress", flag(config.privacy.show_email)),
            ("ShowFullName", flag(config.privacy.show_full_name)),
            ("MaxNotificationsPerChannel", "1000".to_owned()),
        ]);
    }
    map
}
