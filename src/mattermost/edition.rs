//! Which edition a server runs.

use alloc::borrow::ToOwned;
use alloc::string::String;

use provider_sdk::lenient::TextMap;

/// The edition that a server runs, which is the license type that its accounts hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// Team Edition, or the enterprise build without a licence.
    Free,
    /// Mattermost Entry, which servers from 11.0 use if no licence is installed.
    Entry,
    /// Cloud Starter.
    Starter,
    /// Professional.
    Professional,
    /// Enterprise.
    Enterprise,
    /// Enterprise Advanced.
    EnterpriseAdvanced,
    /// The older Enterprise E10.
    E10,
    /// The older Enterprise E20.
    E20,
    /// A licence whose plan this version does not know, or the server does not report.
    Other,
    /// The server does not say whether it has a licence.
    Unknown,
}

impl Edition {
    /// Every edition.
    pub const ALL: [Self; 10] = [
        Self::Free,
        Self::Entry,
        Self::Starter,
        Self::Professional,
        Self::Enterprise,
        Self::EnterpriseAdvanced,
        Self::E10,
        Self::E20,
        Self::Other,
        Self::Unknown,
    ];

    /// The edition's id in the contract.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Entry => "entry",
            Self::Starter => "starter",
            Self::Professional => "professional",
            Self::Enterprise => "enterprise",
            Self::EnterpriseAdvanced => "enterprise-advanced",
            Self::E10 => "e10",
            Self::E20 => "e20",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    /// Whether somebody buys it, with a number of seats.
    #[must_use]
    pub const fn is_bought(self) -> bool {
        !matches!(self, Self::Free | Self::Entry | Self::Unknown)
    }

    /// The edition of an id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|edition| edition.id() == id)
    }

    /// The edition's name, for a person.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Free => "Free",
            Self::Entry => "Entry",
            Self::Starter => "Starter",
            Self::Professional => "Professional",
            Self::Enterprise => "Enterprise",
            Self::EnterpriseAdvanced => "Enterprise Advanced",
            Self::E10 => "Enterprise E10",
            Self::E20 => "Enterprise E20",
            Self::Other => "Licensed",
            Self::Unknown => "Unknown",
        }
    }

    /// What the edition is, for a person.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Free => "Team Edition, or the enterprise build without a licence",
            Self::Entry => "The licence that servers from 11.0 use if none was bought",
            Self::Starter => "The smallest plan of Mattermost Cloud",
            Self::Professional => "Mattermost Professional",
            Self::Enterprise => "Mattermost Enterprise",
            Self::EnterpriseAdvanced => "Mattermost Enterprise Advanced",
            Self::E10 => "A licence of the older Enterprise E10 plan",
            Self::E20 => "A licence of the older Enterprise E20 plan",
            Self::Other => {
                "A licence whose plan this version of the provider does not know, or the server does not report"
            }
            Self::Unknown => "The server's answer does not say whether it has a licence",
        }
    }

    /// Reads the edition of a server's licence: `SkuShortName` (server/public/model/license.go), or the names that
    /// older licences and cloud plans have instead.
    #[must_use]
    pub fn of(license: &TextMap) -> Self {
        match license.flag("IsLicensed") {
            Some(false) => return Self::Free,
            // A plan implies a licence.
            None if license.get("SkuShortName").is_none() => return Self::Unknown,
            Some(true) | None => {}
        }
        match license.get("SkuShortName").unwrap_or_default().to_ascii_lowercase().as_str() {
            "entry" => Self::Entry,
            "starter" | "cloud-starter" => Self::Starter,
            "professional" | "cloud-professional" => Self::Professional,
            "enterprise" | "cloud-enterprise" => Self::Enterprise,
            "advanced" | "enterprise-advanced" | "cloud-advanced" => Self::EnterpriseAdvanced,
            "e10" => Self::E10,
            "e20" => Self::E20,
            _ => Self::Other,
        }
    }
}

/// The product's own name of its licence, for a person: `SkuName` if the server reports it.
#[must_use]
pub fn name(edition: Edition, license: &TextMap, config: &TextMap) -> String {
    let known = match edition {
        Edition::Free if config.get("BuildEnterpriseReady") == Some("true") => {
            "Mattermost Enterprise Edition, unlicensed"
        }
        Edition::Free => "Mattermost Team Edition",
        Edition::Entry => "Mattermost Entry",
        Edition::Starter => "Mattermost Cloud Starter",
        Edition::Professional => "Mattermost Professional",
        Edition::Enterprise => "Mattermost Enterprise",
        Edition::EnterpriseAdvanced => "Mattermost Enterprise Advanced",
        Edition::E10 => "Mattermost Enterprise E10",
        Edition::E20 => "Mattermost Enterprise E20",
        Edition::Other => license.get("SkuShortName").unwrap_or("Mattermost, licensed"),
        Edition::Unknown => "Mattermost, licence unknown",
    };
    license.get("SkuName").unwrap_or(known).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_sdk::json;

    #[test]
    fn the_edition_is_read_from_the_licence() {
        let cases = [
            (r#"{"IsLicensed":"false"}"#, Edition::Free),
            (r#"{"IsLicensed":false}"#, Edition::Free),
            ("{}", Edition::Unknown),
            ("null", Edition::Unknown),
            (r#"{"IsLicensed":"perhaps"}"#, Edition::Unknown),
            (r#"{"id":"api.context.permissions.app_error","status_code":403}"#, Edition::Unknown),
            (r#"{"SkuShortName":"enterprise"}"#, Edition::Enterprise),
            (r#"{"IsLicensed":true,"SkuShortName":"E20"}"#, Edition::E20),
            (r#"{"IsLicensed":"true","SkuShortName":"professional"}"#, Edition::Professional),
            (r#"{"IsLicensed":"true","SkuShortName":"enterprise"}"#, Edition::Enterprise),
            (r#"{"IsLicensed":"true","SkuShortName":"advanced"}"#, Edition::EnterpriseAdvanced),
            (r#"{"IsLicensed":"true","SkuShortName":"entry"}"#, Edition::Entry),
            (r#"{"IsLicensed":"true","SkuShortName":"E10"}"#, Edition::E10),
            (r#"{"IsLicensed":"true","SkuShortName":"E20"}"#, Edition::E20),
            (r#"{"IsLicensed":"true","SkuShortName":"starter"}"#, Edition::Starter),
            (r#"{"IsLicensed":"true","SkuShortName":"galaxy"}"#, Edition::Other),
            (r#"{"IsLicensed":"true"}"#, Edition::Other),
        ];
        for (json, expect) in cases {
            assert_eq!(Edition::of(&json::from_slice(json.as_bytes()).unwrap()), expect, "{json}");
        }
    }

    #[test]
    fn every_edition_is_found_by_its_id() {
        for edition in Edition::ALL {
            assert_eq!(Edition::from_id(edition.id()), Some(edition));
        }
        assert_eq!(Edition::from_id("Enterprise"), None);
    }

    #[test]
    fn a_licence_has_a_name() {
        let cases = [
            (r#"{"IsLicensed":"false"}"#, r#"{"BuildEnterpriseReady":"false"}"#, "Mattermost Team Edition"),
            (
                r#"{"IsLicensed":"false"}"#,
                r#"{"BuildEnterpriseReady":"true"}"#,
                "Mattermost Enterprise Edition, unlicensed",
            ),
            (r#"{"IsLicensed":"true","SkuShortName":"E20"}"#, "{}", "Mattermost Enterprise E20"),
            (r#"{"IsLicensed":"true","SkuShortName":"galaxy"}"#, "{}", "galaxy"),
            (r#"{"IsLicensed":"true","SkuShortName":"galaxy","SkuName":"Galaxy Plan"}"#, "{}", "Galaxy Plan"),
        ];
        for (license, config, expect) in cases {
            let license = json::from_slice(license.as_bytes()).unwrap();
            let config = json::from_slice(config.as_bytes()).unwrap();
            assert_eq!(name(Edition::of(&license), &license, &config), expect);
        }
    }
}
