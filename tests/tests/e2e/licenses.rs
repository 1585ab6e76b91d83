//! Editions, and what each token sees of the licence.

use end_to_end::{connect, list, simulator};
use mattermost_simulator::{Config, LicensePreset, Version};
use provider_host::model::{License, Quantity, SeatUse};
use provider_host::{End, ListingOptions};

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
        // From 11.0 on an unlicensed server runs Entry by itself, unless an administrator has switched that off.
        let config = Config { license: preset, entry_without_license: false, ..Config::default() };
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
            LicensePreset::TeamEdition | LicensePreset::Unlicensed => &["user-limit-exceeded"],
            _ => &[],
        };
        assert_eq!(codes, expect, "{preset}");
    }
}

#[tokio::test]
async fn used_seats_are_the_sum_over_the_listing() {
    for version in [(7, 6), (8, 0), (9, 11), (10, 11), (11, 0), (11, 6), (11, 9)] {
        for preset in [LicensePreset::TeamEdition, LicensePreset::Entry, LicensePreset::Enterprise] {
            let version = Version::new(version.0, version.1);
            let server = simulator(Config { license: preset, version, ..Config::default() }).await;
            let tokens = server.tokens();
            for token in [&tokens.admin, &tokens.viewer_bot] {
                let mut session = connect(&server.url(), token).await.unwrap();
                let license = session.licenses().await.unwrap().remove(0);
                let listed = list(session, ListingOptions::default(), 0).await.unwrap();
                let seats = listed.users.values().filter(|user| user.seat == SeatUse::Occupied).count();
                let name = format!("{version} {preset}");
                assert_eq!(license.seats_used, Quantity::Limited(u32::try_from(seats).unwrap()), "{name}");
                assert_eq!((listed.end, listed.notices.len()), (End::Complete, 0), "{name}: {:?}", listed.notices);
            }
        }
    }
}

#[tokio::test]
async fn the_limit_of_a_server_without_a_licence_is_not_guessed() {
    for version in [(9, 11), (10, 11), (11, 6)] {
        let version = Version::new(version.0, version.1);
        let config = || Config { license: LicensePreset::TeamEdition, version, ..Config::default() };
        let seen = license(config(), |tokens| tokens.admin.clone()).await;
        assert!(matches!(seen.seats_purchased, Quantity::Limited(250..)), "{version}: {:?}", seen.seats_purchased);
        let hidden = license(config(), |tokens| tokens.viewer_bot.clone()).await;
        assert_eq!(hidden.seats_purchased, Quantity::Unknown, "{version}");
        assert!(hidden.notices.iter().any(|notice| notice.code == "user-limits-hidden"), "{version}");
    }
    let old = Config { license: LicensePreset::TeamEdition, version: Version::new(7, 6), ..Config::default() };
    assert_eq!(license(old, |tokens| tokens.member.clone()).await.seats_purchased, Quantity::Unlimited);
}

#[tokio::test]
async fn a_licence_that_enforces_its_seats_reports_its_limits() {
    let config = Config { extra_users: Some(10), ..Config::default() };
    let license = license(config, |tokens| tokens.admin.clone()).await;
    let limit = |key: &str| license.attributes.get(key).unwrap().parse::<u32>().unwrap();
    assert_eq!(limit("users-hard-limit"), limit("users-soft-limit") + 10);
    assert_eq!(license.seats_purchased, Quantity::Limited(limit("users-soft-limit")));
}

#[tokio::test]
async fn hidden_licence_data_is_reported_and_not_guessed() {
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
async fn older_servers_report_their_licence_too() {
    for version in [(5, 37), (7, 6), (9, 11), (10, 5)] {
        let config =
            Config { version: Version::new(version.0, version.1), license: LicensePreset::E20, ..Config::default() };
        let license = license(config, |tokens| tokens.admin.clone()).await;
        assert_eq!(license.license_type, "e20", "{version:?}");
        assert!(matches!(license.seats_used, Quantity::Limited(1..)), "{version:?}");
    }
}
