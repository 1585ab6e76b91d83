//! Runs recorded answers of real servers through the core.
//!
//! `tests/recorded/` holds them cut down to the headers that are read and to accounts of every sort. The servers were
//! Team Edition 7.6 and 11.6.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;
use std::format;

use provider_sdk::http::{Answered, HEADERS, Lost, Outcome, Request, Response};

use super::api::{self, Answer};
use super::code::Code;
use super::edition::Edition;
use super::fake::Fake;
use super::listing::{Census, Memory, list_users, rules};
use super::record::Draft;
use super::settings::KEPT;
use super::settings::Settings;
use super::version::Version;
use super::wire::{Bot, User};
use super::{check, license};
use crate::contract;
use crate::contract::{
    ActivityKnowledge, CheckOutcome, ListingState, Quantity, SeatUse, Setting, UserKind, UserStatus,
};

const VERSIONS: [&str; 2] = ["v7.6", "v11.6"];

/// A recorded answer; `None` if that version was not asked.
fn recorded(version: &str, name: &str) -> Option<Outcome> {
    let path = format!("{}/tests/recorded/{version}/{name}.http", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).ok()?;
    let (head, body) = text.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        let known = HEADERS.into_iter().chain(KEPT).find(|known| known.eq_ignore_ascii_case(name))?;
        Some((known, value.to_string()))
    };
    Some(Ok(Response {
        status,
        headers: lines.filter_map(header).collect(),
        body: body.as_bytes().to_vec(),
        took_ms: 1,
        redirect: None,
    }))
}

#[track_caller]
fn well(version: &str, name: &str) -> Outcome {
    recorded(version, name).unwrap_or_else(|| panic!("no recording {version}/{name}"))
}

/// A server of this version as the token of `who` sees it.
fn server(version: &str, who: &str, request: &Request) -> Outcome {
    let or = |name: &str, instead: &str| recorded(version, name).unwrap_or_else(|| well("v11.6", instead));
    match request.name().as_str() {
        "GET /api/v4/system/ping" => well(version, "ping"),
        "GET /api/v4/users/me" => well(version, &format!("me-{who}")),
        "GET /api/v4/teams" => super::fake::json(200, "[]"),
        "POST /api/v4/roles/names" => {
            let more = if who == "member" { "" } else { r#","manage_system","list_private_teams","view_team""# };
            super::fake::json(200, format!(r#"[{{"permissions":["view_members","list_public_teams"{more}]}}]"#))
        }
        "GET /api/v4/users" => well(version, if who == "member" { "users-member" } else { "users-admin" }),
        "GET /api/v4/config/client" => well(version, "config"),
        "GET /api/v4/license/client" => well(version, "license"),
        "GET /api/v4/users/stats/filtered" if who == "member" => or("count-forbidden", "count-forbidden"),
        "GET /api/v4/users/stats/filtered" if request.path.contains('?') => or("count-everyone", "count-everyone"),
        "GET /api/v4/users/stats/filtered" => well(version, "count-seats"),
        "GET /api/v4/limits/server" if who == "member" => or("limits-member", "no-such-route"),
        "GET /api/v4/limits/server" => or("limits", "no-such-route"),
        "POST /api/v4/users/status/ids" => well(version, "statuses"),
        other => panic!("unexpected {other}"),
    }
}

fn settings() -> Settings {
    let setting = |(key, value): (&str, &str)| Setting { key: key.to_string(), value: value.to_string() };
    let pairs = [("server_url", "https://chat.example.com"), ("access_token", "t")];
    Settings::parse(&pairs.map(setting)).unwrap()
}

fn listed(version: &str, who: &str) -> (Vec<contract::User>, ListingState) {
    let mut network = Fake::new(|request| server(version, who, request));
    let (mut memory, mut cursor, mut users) = (Memory::new(), None, Vec::new());
    loop {
        let page = list_users(&settings(), cursor.as_deref(), 0, &mut memory, &mut network).unwrap();
        users.extend(page.users);
        match page.state {
            ListingState::More(next) => cursor = Some(next),
            end @ (ListingState::Complete | ListingState::Resumed | ListingState::Incomplete(_)) => {
                return (users, end);
            }
        }
    }
}

#[test]
fn recorded_accounts_become_records() {
    for version in VERSIONS {
        for who in ["admin", "member"] {
            let (users, state) = listed(version, who);
            let find = |name: &str| users.iter().find(|user| user.username == name).unwrap();
            let facts = |name| {
                let user: &contract::User = find(name);
                (user.kind, user.role.as_str(), user.status == UserStatus::Deactivated, user.seat)
            };
            let (member, free, occupied) = (UserKind::Member, SeatUse::Free, SeatUse::Occupied);
            for (name, expect) in [
                ("alertbot", (UserKind::Bot, "member", false, free)),
                ("oldbot", (UserKind::Bot, "member", true, free)),
                ("sysadmin", (member, "system-admin", false, occupied)),
                ("user004", (member, "system-admin", false, occupied)),
                ("user.000_x-y", (member, "member", false, occupied)),
                ("user.015_x-y", (UserKind::Guest, "guest", false, occupied)),
                ("user.040_x-y", (member, "member", true, free)),
            ] {
                assert_eq!(facts(name), expect, "{version} {who} {name}");
            }
            assert_eq!(find("user.000_x-y").position.as_deref(), Some("Engineer, \"L0\""));
            assert!(users.iter().all(|user| user.email.is_some() && user.created_at.is_some()));
            // The recording is cut down, so the exact count does not add up, and the listing must not be complete.
            assert!(matches!(state, ListingState::Incomplete(_)), "{version} {who}");
        }
    }
}

#[test]
fn activity_is_read_from_recorded_statuses() {
    use ActivityKnowledge::{Known, Unknown};
    for version in VERSIONS {
        let outcome = well(version, "statuses");
        let answered = Answered { request: api::config(), outcome };
        let answer = Answer::of(&answered).unwrap();
        let rows = answer.rows::<super::wire::Status<'_>>(1_000).unwrap();
        let mut known: Vec<_> = rows
            .rows
            .iter()
            .map(|status| (status.status.as_str(), super::activity::Activity::of(status).knowledge()))
            .collect();
        known.sort_by_key(|(status, knowledge)| (status.to_string(), *knowledge == Known));
        let expect = [
            ("away", Unknown),
            ("away", Unknown),
            ("dnd", Unknown),
            // One of those has set its status by hand, so its date is the earliest.
            ("offline", Unknown),
            ("offline", Known),
            ("offline", Known),
        ];
        assert_eq!(known, expect, "{version}");
    }
}

#[test]
fn an_account_by_id_equals_the_one_in_the_list() {
    for version in VERSIONS {
        let drafts = |name: &str| {
            let answered = Answered { request: api::config(), outcome: well(version, name) };
            let census = Census::take(true, &mut Fake::new(|request| server(version, "admin", request))).unwrap();
            let rules = rules(&settings(), &census);
            let answer = Answer::of(&answered).unwrap();
            let rows = answer.rows::<User<'_>>(1_000).unwrap();
            let drafts = rows.rows.iter().map(|row| Draft::of(row, &rules).unwrap());
            drafts.map(|draft| (draft.name().to_string(), draft)).collect::<BTreeMap<_, _>>()
        };
        let (listed, asked) = (drafts("users-admin"), drafts("users-ids"));
        let both: Vec<_> = asked.iter().filter(|(name, _)| listed.contains_key(*name)).collect();
        assert_eq!(both.len(), 2, "{version}");
        assert!(
            both.into_iter().all(|(name, draft)| listed.get(name).is_some_and(|own| own.is_same(draft, &[]))),
            "{version}"
        );
    }
}

#[test]
fn creation_dates_are_read_from_recorded_bots_and_report() {
    for version in VERSIONS {
        let answered = Answered { request: api::config(), outcome: well(version, "bots") };
        let answer = Answer::of(&answered).unwrap();
        let made: Vec<_> = answer.rows::<Bot<'_>>(200).unwrap().rows.iter().map(|bot| bot.create_at.0).collect();
        assert!(made.len() >= 3 && made.is_sorted() && made.iter().all(|at| *at > 0), "{version}");
    }
    let answered = Answered { request: api::config(), outcome: well("v11.6", "report") };
    let answer = Answer::of(&answered).unwrap();
    let rows = answer.rows::<User<'_>>(100).unwrap().rows;
    assert!(rows.len() == 2 && rows.iter().all(|row| row.id.as_str().len() == 26 && row.create_at.0 > 0));
}

#[test]
fn version_and_licence_are_read_from_recorded_servers() {
    for (version, parsed, bought) in
        [("v7.6", Version::new(7, 6), Quantity::Unlimited), ("v11.6", Version::new(11, 6), Quantity::Limited(250))]
    {
        let mut network = Fake::new(|request| server(version, "admin", request));
        let license = license::licenses(&mut network).unwrap().remove(0);
        assert_eq!(
            (license.license_type.as_str(), license.name.as_str()),
            (Edition::Free.id(), "Mattermost Team Edition")
        );
        assert!(matches!(license.seats_used, Quantity::Limited(1..)), "{version}");
        assert_eq!(format!("{:?}", license.seats_purchased), format!("{bought:?}"), "{version}");

        let mut network = Fake::new(|request| server(version, "admin", request));
        let ping = Answered { request: api::ping(), outcome: well(version, "ping") };
        network.now_ms = Answer::of(&ping).unwrap().server_ms().unwrap();
        let report = check::check(&settings(), &mut network);
        assert_eq!(report.product_version, Some(parsed.to_string()));
        assert!(report.product_instance.is_some());
        assert!(report.steps.iter().all(|step| step.outcome == CheckOutcome::Passed), "{version}: {:?}", report.steps);
    }
}

#[test]
fn recorded_refusals_have_their_meaning() {
    let cases = [
        ("token-refused", Code::TokenRefused),
        ("count-forbidden", Code::PermissionMissing),
        ("no-such-route", Code::RequestRejected),
        ("body-param", Code::RequestRejected),
        ("wrong-subpath", Code::NotMattermost),
        ("rate-limited", Code::RateLimited),
        ("double-slash", Code::RedirectedElsewhere),
    ];
    for version in VERSIONS {
        for (name, code) in cases {
            let Some(outcome) = recorded(version, name) else { continue };
            let names_request = outcome.as_ref().unwrap().header("x-request-id").is_some();
            let failure = api::read_count(&Answered { request: api::count_seats(), outcome }).unwrap_err();
            assert_eq!(failure.code, code, "{version} {name}");
            assert_eq!(failure.request_id.is_some(), names_request, "{version} {name}");
        }
        let limited = Answered { request: api::count_seats(), outcome: well(version, "rate-limited") };
        assert_eq!(api::read_count(&limited).unwrap_err().retry_after_ms, Some(1_000), "{version}");
    }
}

#[test]
fn a_recorded_answer_cut_anywhere_is_an_error_not_a_trap() {
    for name in ["users-admin", "users-member", "statuses", "config", "license", "me-admin"] {
        let Ok(whole) = well("v11.6", name) else { panic!() };
        for end in 0..whole.body.len() {
            let cut = Response { body: whole.body.iter().take(end).copied().collect(), ..whole.clone() };
            let answered = Answered { request: api::config(), outcome: Ok(cut) };
            let answer = Answer::of(&answered).unwrap();
            assert!(answer.rows::<super::wire::User<'_>>(1_000).is_err(), "{name} cut at {end}");
            assert!(answer.read::<provider_sdk::lenient::TextMap>().is_err(), "{name} cut at {end}");
        }
    }
    let lost = Answered { request: api::me(), outcome: Err(Lost::Truncated) };
    assert_eq!(api::read_me(&lost).unwrap_err().code, Code::AnswerTruncated);
}
