//! Editions, and what each token sees of the licence.

use end_to_end::{connect, simulator};
use mattermost_simulator::{Config, LicensePreset, Version};
use provider_host::model::{License, Quantity};

async fn license(config: Config, token: impl Fn(&mattermost_simulator::Tokens) -> String) -> License {
    let server = simulator(config).await;
    let token = token(server.tokens());
    let mut licenses = connect(&server.url(), &token).await.unwrap().licenses().await.unwrap();
    assert_eq!(licenses.len(), 1);
    licenses.remove(0)
}

#[tokio::test]
async fn every_edition_has_a_type_and_a_name() {
    let cases = [
        (LicensePreset::TeamEdition, "free", "Mattermost Team Edition", false),
        (LicensePreset::Unlicensed, "free", "Mattermost Enterprise Edition, unlicensed", false),
        (LicensePreset::Entry, "entry", "Mattermost Entry", false),
        (LicensePreset::Professional, "professional", "Mattermost Professional", false),
        (LicensePreset::Enterprise, "enterprise", "Mattermost Enterprise", false),
        (LicensePreset::EnterpriseAdvanced, "enterprise-advanced", "Mattermost Enterprise Advanced", false),
        (LicensePreset::E10, "e10", "Enterprise E10", false),
        (LicensePreset::E20, "e20", "Enterprise E20", false),
        (LicensePreset::Trial, "enterprise", "Mattermost Enterprise", true),
        (LicensePreset::Expired, "enterprise", "Mattermost Enterprise", false),
        (LicensePreset::Unknown, "other", "Mattermost Galaxy", false),
    ];
    assert_eq!(cases.len(), LicensePreset::ALL.len());
    for (preset, kind, name, trial) in cases {
        let config = Config { license: preset, ..Config::default() };
        let license = license(config, |tokens| tokens.admin.clone()).await;
        assert_eq!(
            (license.license_type.as_str(), license.name.as_str(), license.trial),
            (kind, name, trial),
            "{preset}"
        );
        assert!(matches!(license.seats_used, Quantity::Limited(1..)), "{preset}");
        let codes: Vec<_> = license.notices.iter().map(|notice| notice.code.as_str()).collect();
        let expect: &[&str] = match preset {
            LicensePreset::Expired => &["license-expired"],
            // A server of 11.6 without a licence is limited to 250 users, and there are more.
            LicensePreset::TeamEdition | LicensePreset::Unlicensed => &["seats-exceeded"],
            _ => &[],
        };
        assert_eq!(codes, expect, "{preset}");
    }
}

#[tokio::test]
async fn what_a_token_may_not_see_is_told_and_not_made_up() {
    let license = license(Config::default(), |tokens| tokens.member.clone()).await;
    assert_eq!(
        (license.seats_used, license.expires_at, license.license_type.as_str()),
        (Quantity::Unknown, None, "enterprise")
    );
    assert!(matches!(license.seats_purchased, Quantity::Limited(_)));
    let codes: Vec<_> = license.notices.iter().map(|notice| notice.code.as_str()).collect();
    assert_eq!(codes, ["seats-used-hidden", "license-details-hidden"]);
}

#[tokio::test]
async fn older_servers_tell_their_licence_too() {
    for version in [(5, 37), (7, 6), (9, 11), (10, 5)] {
        let config =
            Config { version: Version::new(version.0, version.1), license: LicensePreset::E20, ..Config::default() };
        let license = license(config, |tokens| tokens.admin.clone()).await;
        assert_eq!(license.license_type, "e20", "{version:?}");
        assert!(matches!(license.seats_used, Quantity::Limited(1..)), "{version:?}");
    }
}
