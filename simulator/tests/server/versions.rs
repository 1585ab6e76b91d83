//! In what the versions differ, beside the shape of their answers.

use mattermost_simulator::{ChangeKind, Config, Counts, Kind, LicensePreset, Version};
use serde_json::Value;

use crate::http::{Server, server};

fn of(version: &str, config: Config) -> Server {
    server(Config { version: version.parse().unwrap(), ..config })
}

fn object(server: &Server, path: &str, token: &str) -> Value {
    serde_json::from_str(&server.get(path, token).body).unwrap()
}

fn number(value: &Value, key: &str) -> Option<u64> {
    value.get(key).and_then(Value::as_u64)
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

#[test]
fn routes_exist_from_their_version_on() {
    let versions = ["5.25", "5.37", "7.6", "9.5", "9.11", "10.5", "10.11", "11.0", "11.6", "11.9"];
    // For each route, the first of these versions that has it.
    let cases = [
        ("/api/v4/users/me", 0),
        ("/api/v4/users/stats", 0),
        ("/api/v4/users/stats/filtered", 1),
        ("/api/v4/reports/users", 3),
        ("/api/v4/reports/users/count", 3),
        ("/api/v4/limits/server", 4),
        ("/api/v4/license/load_metric", 6),
    ];
    for (at, version) in versions.into_iter().enumerate() {
        let server = of(version, Config::default());
        for (path, first) in cases {
            let answer = server.get(path, server.admin());
            assert_eq!(answer.status, if at < first { 404 } else { 200 }, "{version} {path}");
            if at < first {
                assert!(answer.body.contains("api.context.404.app_error"), "{version} {path}");
            }
        }
    }
}

#[test]
fn viewers_read_the_report_from_9_11_on() {
    for (version, status) in [("9.5", 403), ("9.11", 200), ("11.6", 200)] {
        let server = of(version, Config::default());
        assert_eq!(
            server.get("/api/v4/reports/users", &server.simulator.tokens().viewer_bot).status,
            status,
            "{version}"
        );
    }
}

#[test]
fn before_5_26_filters_are_ignored() {
    let (old, new) = (of("5.25", Config::default()), of("5.37", Config::default()));
    let rows =
        |server: &Server, query: &str| server.rows(&format!("/api/v4/users?per_page=200{query}"), server.admin()).len();
    for query in ["&active=true", "&inactive=true", "&role=system_admin", "&roles=system_admin,system_guest"] {
        assert_eq!(rows(&old, query), 200, "{query}");
        assert!(rows(&new, query) < 200 || query == "&active=true", "{query}");
    }
    let active = new.rows("/api/v4/users?per_page=200&active=true", new.admin());
    assert!(active.iter().all(|row| number(row, "delete_at") == Some(0)));
    let team =
        |server: &Server| text(server.rows("/api/v4/teams", server.admin()).first().unwrap(), "id").unwrap().to_owned();
    let in_team = |server: &Server| {
        let query = format!("&in_team={}", team(server));
        (rows(server, &query), rows(server, &format!("{query}&team_roles=team_admin")))
    };
    let (everybody, admins) = in_team(&old);
    assert_eq!(everybody, admins, "the whole team comes");
    let (everybody, admins) = in_team(&new);
    assert!(0 < admins && admins < everybody / 2, "{admins} of {everybody}");
}

#[test]
fn a_filter_by_several_roles_matches_any_of_them() {
    let server = of("11.6", Config { users: 150, ..Config::default() });
    let all = server.simulator.roster();
    for (roles, expect) in [
        ("system_admin,system_guest", all.iter().filter(|a| matches!(a.kind, Kind::SystemAdmin | Kind::Guest)).count()),
        ("system_user", all.iter().filter(|a| a.roles == "system_user").count()),
        // A role that exists and does not filter.
        ("team_admin", all.len()),
    ] {
        let rows = server.rows(&format!("/api/v4/users?per_page=200&roles={roles}"), server.admin());
        assert_eq!(rows.len(), expect, "{roles}");
    }
    let admins = all.iter().filter(|a| a.kind == Kind::SystemAdmin && a.delete_at == 0).count();
    let counted = object(&server, "/api/v4/users/stats/filtered?roles=system_admin", server.admin());
    assert_eq!(number(&counted, "total_users_count"), u64::try_from(admins).ok());
}

#[test]
fn accounts_of_connected_servers_take_a_seat_before_8_0() {
    for (version, remote) in [("7.6", true), ("9.5", false)] {
        let server = of(version, Config::default());
        let Counts { seats, active, active_remote, .. } = server.simulator.counts();
        let more = if remote { active_remote } else { 0 };
        assert!(active_remote > 0);
        for (path, expect) in [("users/stats", active + more), ("users/stats/filtered", seats + more)] {
            let counted = object(&server, &format!("/api/v4/{path}"), server.admin());
            assert_eq!(number(&counted, "total_users_count"), Some(expect.into()), "{version} {path}");
        }
    }
}

#[test]
fn the_limits_are_those_of_version_and_licence() {
    let none = LicensePreset::TeamEdition;
    let (paid, entry) = (LicensePreset::Professional, LicensePreset::Entry);
    // Version, licence, extra users; the limits, where seats are those bought and extra users come on top.
    let cases: [(&str, LicensePreset, Option<u32>, &str); 15] = [
        ("9.11", none, None, "5000 11000"),
        ("10.5", none, None, "5000 11000"),
        ("10.11", none, None, "2500 5000"),
        ("11.0", none, None, "200 250"),
        ("11.6", none, None, "200 250"),
        ("9.11", paid, None, "hidden"),
        ("10.5", paid, None, "hidden"),
        ("10.5", paid, Some(5), "hidden"),
        ("10.11", paid, None, "0 0"),
        ("10.11", paid, Some(5), "seats"),
        ("11.0", paid, Some(0), "seats"),
        ("11.6", paid, Some(7), "seats"),
        ("11.9", paid, None, "0 0"),
        ("11.6", entry, None, "0 0"),
        ("11.0", LicensePreset::Unlicensed, None, "0 0"),
    ];
    for (version, license, extra_users, expect) in cases {
        let server = of(version, Config { license, extra_users, ..Config::default() });
        let limits = object(&server, "/api/v4/limits/server", server.admin());
        let map = object(&server, "/api/v4/license/client?format=old", server.admin());
        let bought: u64 = text(&map, "Users").map_or(0, |users| users.parse().unwrap());
        let (soft, hard, active) = match expect {
            "hidden" => (0, 0, false),
            "seats" => (bought, bought + u64::from(extra_users.unwrap()), true),
            numbers => {
                let (soft, hard) = numbers.split_once(' ').unwrap();
                (soft.parse().unwrap(), hard.parse().unwrap(), true)
            }
        };
        let got = (number(&limits, "maxUsersLimit"), number(&limits, "maxUsersHardLimit"));
        assert_eq!(got, (Some(soft), Some(hard)), "{version} {license} {limits}");
        assert_eq!(number(&limits, "activeUserCount") > Some(0), active, "{version} {license} {limits}");
        let minor: Version = version.parse().unwrap();
        assert_eq!(limits.get("postHistoryLimit").is_some(), minor >= Version::new(11, 0), "{version}");
        assert_eq!(limits.get("singleChannelGuestCount").is_some(), minor >= Version::new(11, 6), "{version}");
        let others = server.get("/api/v4/limits/server", &server.simulator.tokens().viewer_bot);
        assert_eq!(others.status, if minor >= Version::new(11, 0) { 200 } else { 403 }, "{version}");
    }
}

#[test]
fn guests_in_one_channel_take_no_seat_on_a_licensed_server_from_11_6_on() {
    let base = || Config { users: 2_000, ..Config::default() };
    let cases = [
        ("11.6", base(), true),
        ("11.9", base(), true),
        ("11.0", base(), false),
        ("11.6", Config { guest_accounts: false, ..base() }, false),
        ("11.6", Config { license: LicensePreset::Entry, ..base() }, false),
        ("11.6", Config { license: LicensePreset::Unlicensed, ..base() }, false),
        ("11.6", Config { license: LicensePreset::TeamEdition, ..base() }, false),
    ];
    for (version, config, spared) in cases {
        let what = format!("{version} {} {}", config.license, config.guest_accounts);
        let server = of(version, config);
        let counts = server.simulator.counts();
        let roster = server.simulator.roster();
        let single = roster.iter().filter(|a| a.is_single_channel_guest() && a.delete_at == 0).count();
        assert_eq!(u32::try_from(single), Ok(counts.single_channel_guests));
        assert!((counts.guests / 5..counts.guests / 2).contains(&counts.single_channel_guests), "{counts:?}");
        let limits = object(&server, "/api/v4/limits/server", server.admin());
        let apart = if spared { counts.single_channel_guests } else { 0 };
        assert_eq!(number(&limits, "activeUserCount"), Some((counts.seats - apart).into()), "{what}");
        assert_eq!(number(&limits, "singleChannelGuestCount").unwrap_or(0), u64::from(apart), "{what}");
        assert_eq!(number(&limits, "singleChannelGuestLimit").unwrap_or(0) > 0, spared, "{what}");
        let counted = object(&server, "/api/v4/users/stats/filtered", server.admin());
        assert_eq!(number(&counted, "total_users_count"), Some(counts.seats.into()), "{what}: they are counted here");
    }
}

#[test]
fn the_report_counts_guests_in_one_channel_separately() {
    let server = of("11.6", Config { users: 1_000, ..Config::default() });
    let guests = |single: Option<bool>, with_inactive: bool| {
        let roster = server.simulator.roster();
        let wanted = roster.iter().filter(|a| {
            a.kind == Kind::Guest
                && single.is_none_or(|single| single == a.is_single_channel_guest())
                && (with_inactive || a.delete_at == 0)
        });
        wanted.count()
    };
    for (filter, single) in [("all", None), ("single_channel", Some(true)), ("multi_channel", Some(false))] {
        for (hide, with_inactive) in [("", true), ("&hide_inactive=true", false)] {
            let query = format!("guest_filter={filter}{hide}");
            let count = server.get(&format!("/api/v4/reports/users/count?{query}"), server.admin()).body;
            assert_eq!(count, guests(single, with_inactive).to_string(), "{query}");
            let rows = server.rows(&format!("/api/v4/reports/users?page_size=100&{query}"), server.admin());
            assert_eq!(rows.len(), guests(single, with_inactive).min(100), "{query}");
            let channels: Vec<_> = rows.iter().filter_map(|row| number(row, "channel_count")).collect();
            assert_eq!(channels.len(), rows.len());
            assert!(single.is_none_or(|single| channels.iter().all(|channels| (*channels == 1) == single)), "{query}");
        }
    }
    let both = server.get("/api/v4/reports/users?hide_active=true&hide_inactive=true", server.admin());
    assert!(both.status == 400 && both.body.contains("api.getUsersForReporting.invalid_active_filter"));
    let analytics = |server: &Server| {
        let rows = server.rows("/api/v4/analytics/old?name=standard", server.admin());
        rows.iter()
            .find(|row| text(row, "name") == Some("single_channel_guest_count"))
            .and_then(|row| number(row, "value"))
    };
    assert_eq!(analytics(&server), Some(server.simulator.counts().single_channel_guests.into()));

    // One of them leaves, and the count with it.
    let at =
        server.simulator.roster().iter().position(|a| a.is_single_channel_guest() && a.delete_at == 0 && a.index > 5);
    let place = u32::try_from(at.unwrap()).unwrap();
    let before = server.simulator.counts().single_channel_guests;
    server.simulator.change(ChangeKind::Deactivate { place });
    assert_eq!(analytics(&server), Some((before - 1).into()));

    let older = of("11.0", Config { users: 1_000, ..Config::default() });
    assert_eq!(analytics(&older), None);
    let count = older.get("/api/v4/reports/users/count?guest_filter=single_channel", older.admin()).body;
    assert_eq!(count, (1_000 - older.simulator.counts().bots).to_string(), "an unknown filter is ignored");
    let rows = older.rows("/api/v4/reports/users", older.admin());
    assert!(rows.iter().all(|row| row.get("channel_count").is_none()));
}

#[test]
fn the_enterprise_build_without_a_licence_runs_entry_from_11_0_on() {
    for (version, entry_without_license, entry) in
        [("10.11", true, false), ("11.0", true, true), ("11.6", true, true), ("11.6", false, false)]
    {
        let config = Config { license: LicensePreset::Unlicensed, entry_without_license, ..Config::default() };
        let server = of(version, config);
        let answer = server.get("/api/v4/license/client?format=old", server.admin());
        let map: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(text(&map, "SkuShortName"), entry.then_some("entry"), "{version}");
        assert_eq!(answer.header("x-version-id").unwrap().ends_with(".true"), entry, "{version}");
        let config = object(&server, "/api/v4/config/client?format=old", server.admin());
        assert_eq!(text(&config, "BuildEnterpriseReady"), Some("true"));
        let flag = (version != "10.11").then(|| entry_without_license.to_string());
        assert_eq!(text(&config, "FeatureFlagEnableMattermostEntry"), flag.as_deref());
    }
}

#[test]
fn the_plan_is_hidden_from_ordinary_callers_before_9_0() {
    for (version, shown) in [("7.6", false), ("9.5", true), ("11.6", true)] {
        let server = of(version, Config::default());
        let map = object(&server, "/api/v4/license/client?format=old", &server.simulator.tokens().member);
        assert_eq!(text(&map, "SkuShortName").is_some(), shown, "{version}");
        let map = object(&server, "/api/v4/license/client?format=old", server.admin());
        assert_eq!(text(&map, "SkuShortName"), Some("enterprise"), "{version}");
    }
}

#[test]
fn bodies_may_be_as_long_as_the_version_lets_them() {
    let cases =
        [("5.37", None, 100_000), ("9.5.3", None, 100_000), ("9.5.4", None, 300_000), ("11.6", Some(1_000), 1_000)];
    for (version, payload_bytes, most) in cases {
        let server = of(version, Config { payload_bytes, ..Config::default() });
        for (length, status) in [(most, 400), (most + 1, 413)] {
            let answer = server.send("POST", "/api/v4/users/status/ids", server.admin(), &" ".repeat(length));
            assert_eq!(answer.status, status, "{version} {length}");
        }
    }
}

#[test]
fn the_load_is_that_of_the_licence() {
    let licensed = of("11.6", Config::default());
    let load = number(&object(&licensed, "/api/v4/license/load_metric", licensed.admin()), "load");
    assert!((200..1_000).contains(&load.unwrap()), "{load:?}");
    let team = of("11.6", Config { license: LicensePreset::TeamEdition, ..Config::default() });
    assert_eq!(team.get("/api/v4/license/load_metric", team.admin()).body, "{\"load\":0}\n", "recording 009");
}
