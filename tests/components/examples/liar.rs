//! A provider without a product, whose answers are right except for one thing, which its setting `lie` chooses. It has
//! two users, `anna` and `bert`, and needs no network. A lie that begins with `changes ` only affects `list-changes`.
#![no_std]

extern crate alloc;

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use components::changes::{Baseline, ChangesPage, Guest as Changes};
use components::{
    ActivityKnowledge, Assignment, CheckOutcome, CheckReport, CheckStep, Description, Error, Guest, HiddenField,
    License, ListingState, Notice, Quantity, SeatUse, Setting, SettingKind, Severity, User, UserPage, observed,
    records, setting, term, value, vec,
};

/// The date of everything here.
const THEN: &str = "2026-01-01T00:00:00.000Z";

/// When the users were created.
const ONCE: &str = "2020-06-01T00:00:00.000Z";

struct Liar;

fn lie(settings: &[Setting]) -> &str {
    value(settings, "lie")
}

fn user(id: &str) -> User {
    User {
        seat: SeatUse::Occupied,
        licenses: vec![Assignment { license_type: "free".to_owned(), assigned_at: None }],
        created_at: Some(ONCE.to_owned()),
        ..records::user(id, id)
    }
}

fn notice(code: &str) -> Notice {
    Notice {
        code: code.to_owned(),
        severity: Severity::Info,
        message: code.to_owned(),
        fix: None,
        fields: Vec::new(),
        count: None,
        subjects: Vec::new(),
        params: Vec::new(),
    }
}

/// A page of these users that ends a listing of so many, with the lie in it. The lies about one user are about the last.
fn page(mut users: Vec<User>, counted: u32, lie: &str) -> UserPage {
    let mut notices = vec![notice("all-well")];
    let (mut watermark, mut expected_total) = (Some(THEN.to_owned()), Some(counted));
    let (mut state, mut hidden) = (ListingState::Complete, Vec::new());
    if let Some(user) = users.last_mut() {
        match lie {
            "empty-id" => user.id = String::new(),
            "long-id" => user.id = "x".repeat(10_000),
            "id-with-control" => user.id = "a\nb".to_owned(),
            "unknown-role" => user.role = "captain".to_owned(),
            "unknown-license" => {
                user.licenses = vec![Assignment { license_type: "gold".to_owned(), assigned_at: None }]
            }
            "license-without-seat" => user.seat = SeatUse::Free,
            "no-time" => user.created_at = Some("yesterday".to_owned()),
            "time-of-no-calendar" => user.created_at = Some("2026-02-30T00:00:00.000Z".to_owned()),
            "time-with-offset" => user.created_at = Some("2026-01-01T00:00:00.000+01:00".to_owned()),
            "deactivated-and-active" => user.deactivated_at = Some(THEN.to_owned()),
            "activity-known-without-time" => user.activity = ActivityKnowledge::Known,
            "attribute-without-key" => user.attributes = vec![(String::new(), "x".to_owned())],
            _ => {}
        }
    }
    match lie {
        "notice-without-code" => notices.push(notice("No such code")),
        "long-notice" => notices.push(Notice { message: "x".repeat(100_000), ..notice("all-well") }),
        "empty-watermark" => watermark = Some(String::new()),
        "watermark-of-2999" => watermark = Some("2999-01-01T00:00:00.000Z".to_owned()),
        "watermark-of-2020" => watermark = Some("2020-01-01T00:00:00.000Z".to_owned()),
        "expects-seven" => expected_total = Some(7),
        "incomplete-without-reason" => state = ListingState::Incomplete(String::new()),
        "hidden-without-name" => hidden.push(HiddenField { name: String::new(), may_be: Vec::new() }),
        _ => {}
    }
    UserPage { users, state, expected_total, wait_ms: None, watermark, notices, hidden, attributes: Vec::new() }
}

/// The same as a step of `list-changes`.
fn changes(page: UserPage, gone: &[&str]) -> ChangesPage {
    let UserPage { users, state, expected_total, wait_ms, watermark, notices, hidden, attributes } = page;
    let gone = gone.iter().map(|id| (*id).to_owned()).collect();
    ChangesPage { users, gone, state, expected_total, wait_ms, watermark, notices, hidden, attributes }
}

impl Guest for Liar {
    fn describe() -> Description {
        Description {
            id: "liar".to_owned(),
            name: "Liar".to_owned(),
            version: "1.0.0".to_owned(),
            documentation_url: String::new(),
            settings: vec![setting("lie", SettingKind::Text)],
            requests: Vec::new(),
            license_types: vec![term("free")],
            roles: vec![term("member")],
            codes: vec![term("all-well"), term("observed")],
            attributes: Vec::new(),
        }
    }

    fn check(settings: Vec<Setting>) -> Result<CheckReport, Error> {
        let lie = lie(&settings);
        if lie == "error-without-code" {
            return Err(Error { code: String::new(), ..observed(Vec::new()) });
        }
        let (id, code) = match lie {
            "step-without-id" => ("No such step", None),
            "step-without-code" => ("all-well", Some("No such code".to_owned())),
            _ => ("all-well", None),
        };
        let summary = if lie == "long-summary" { "x".repeat(100_000) } else { "All is well.".to_owned() };
        let step = CheckStep {
            id: id.to_owned(),
            outcome: CheckOutcome::Passed,
            code,
            summary,
            fix: None,
            params: Vec::new(),
        };
        Ok(CheckReport { steps: vec![step], product_version: None, product_instance: None, attributes: Vec::new() })
    }

    fn get_licenses(settings: Vec<Setting>) -> Result<Vec<License>, Error> {
        let lie = lie(&settings);
        let license_type = if lie == "unknown-license" { "gold" } else { "free" };
        let expires_at = (lie == "no-time").then(|| "never".to_owned());
        let code = if lie == "notice-without-code" { "No such code" } else { "all-well" };
        Ok(vec![License {
            license_type: license_type.to_owned(),
            name: "Free".to_owned(),
            trial: false,
            seats_purchased: Quantity::Unlimited,
            seats_used: Quantity::Limited(2),
            licensee: None,
            starts_at: None,
            expires_at,
            attributes: Vec::new(),
            notices: vec![notice(code)],
        }])
    }

    fn list_users(settings: Vec<Setting>, _: Option<String>, _: u32) -> Result<UserPage, Error> {
        Ok(page(vec![user("anna"), user("bert")], 2, lie(&settings)))
    }
}

impl Changes for Liar {
    fn list_changes(
        settings: Vec<Setting>,
        _: Baseline,
        known: Vec<User>,
        cursor: Option<String>,
    ) -> Result<ChangesPage, Error> {
        let lie = lie(&settings).trim_start_matches("changes ");
        let changed = |id: &str| User { position: Some(format!("changed {id}")), ..user(id) };
        if cursor.is_none() {
            let begun = page(Vec::new(), 2, "");
            let users = if lie == "somebody-elses" { vec![changed("anna")] } else { Vec::new() };
            return Ok(changes(UserPage { users, state: ListingState::More("all".to_owned()), ..begun }, &[]));
        }
        let gone: &[&str] = match lie {
            "gone" => &["bert"],
            "gone-stranger" => &["carl"],
            "gone-twice" => &["bert", "bert"],
            "gone-and-changed" => &["bert"],
            _ => &[],
        };
        let is_there = !known.is_empty() && (gone.is_empty() || lie == "gone-and-changed");
        let users = if is_there { vec![changed("bert")] } else { Vec::new() };
        let left = if gone.is_empty() { 2 } else { 1 };
        Ok(changes(page(users, left, lie), if known.is_empty() { &[] } else { gone }))
    }
}

components::export!(Liar, changes);
