//! Claims that hold for every record, notice and error, whatever the server answers.

use std::collections::BTreeSet;
use std::fmt::Debug;

use mattermost_provider::contract::{
    ActivityKnowledge, CheckOutcome, CheckReport, Error, License, ListingState, Notice, Quantity, SeatUse, User,
    UserPage,
};
use mattermost_provider::mattermost::check::STEPS;
use mattermost_provider::mattermost::code::{Code, NoticeCode};
use mattermost_provider::mattermost::edition::Edition;
use mattermost_provider::mattermost::failure::Failure;
use mattermost_provider::mattermost::listing::Cursor;
use mattermost_provider::mattermost::role::Role;
use mattermost_provider::mattermost::settings::Settings;

const HOUR_MS: u32 = 3_600_000;

/// Nothing that the host gets contains the token.
pub fn hides(token: &str, value: &impl Debug) {
    let text = format!("{value:?}");
    assert!(!text.contains(token), "the token is visible: {text}");
}

/// Text that a person reads: short, and without control characters.
pub fn is_message(text: &str) {
    assert!(!text.is_empty(), "an empty message");
    assert!(text.len() <= 1_000, "a message of {} bytes: {text:?}", text.len());
    assert!(!text.chars().any(char::is_control), "a control character in {text:?}");
}

/// An instant as the contract writes it.
pub fn is_timestamp(text: &str) {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{text:?}");
}

/// Keys are unique and sorted.
pub fn are_attributes(attributes: &[(String, String)]) {
    assert!(attributes.windows(2).all(|pair| pair[0].0 < pair[1].0), "{attributes:?}");
}

/// An error has a code of the table and a message, and asks to wait at most an hour. Returns it as the host gets it.
pub fn is_failure(failure: &Failure) -> Error {
    let error = Error::from(failure.clone());
    assert!(Code::ALL.iter().any(|code| code.entry().id == error.code), "{error:?}");
    is_message(&error.message);
    assert!(error.fix.as_deref().is_some_and(|fix| !fix.is_empty()));
    assert!(error.retry_after_ms.is_none_or(|wait| wait <= HOUR_MS), "{error:?}");
    assert!(error.request.as_deref().is_none_or(|name| !name.contains('?')), "{error:?}");
    if let Some(id) = &error.request_id {
        is_message(id);
        assert!(id.len() <= 64, "{id}");
    }
    for (key, value) in &error.params {
        is_message(key);
        is_message(value);
    }
    error
}

fn is_notice(notice: &Notice) {
    assert!(NoticeCode::ALL.iter().any(|code| code.entry().id == notice.code), "{notice:?}");
    is_message(&notice.message);
    assert!(notice.count != Some(0), "{notice:?}");
    are_attributes(&notice.params);
}

/// A user that the contract allows.
pub fn is_user(user: &User) {
    assert!(user.id.len() == 26 && user.id.bytes().all(|b| b.is_ascii_alphanumeric()), "{user:?}");
    assert!(!user.username.is_empty(), "{user:?}");
    assert!(Role::ALL.iter().any(|role| role.id() == user.role), "{user:?}");
    assert_eq!(user.activity == ActivityKnowledge::Known, user.last_activity_at.is_some(), "{user:?}");
    assert!(user.seat == SeatUse::Occupied || user.licenses.is_empty(), "{user:?}");
    for license in &user.licenses {
        assert!(Edition::from_id(&license.license_type).is_some(), "{user:?}");
    }
    for at in [&user.created_at, &user.deactivated_at, &user.last_activity_at].into_iter().flatten() {
        is_timestamp(at);
    }
    are_attributes(&user.attributes);
}

/// A listing so far, as a host has it.
#[derive(Debug, Default)]
pub struct Listed {
    /// Those who were certainly created before the listing began.
    before: BTreeSet<String>,
    /// Those of whom the records do not show it.
    perhaps: BTreeSet<String>,
    /// Whether the list was read more than once: then the proof rests on a later count, which the host does not see.
    is_later_pass: bool,
}

impl Listed {
    /// Takes a page; returns the cursor to go on with.
    pub fn take(&mut self, page: &UserPage, settings: &Settings) -> Option<String> {
        for user in &page.users {
            is_user(user);
            // Both have the same form, so the order of the texts is that of the instants. An instant that the contract
            // cannot write is absent, and may be before or after.
            match (&user.created_at, &page.watermark) {
                (Some(created), Some(begun)) if created < begun => self.before.insert(user.id.clone()),
                (Some(_), Some(_)) => false,
                (None, _) | (_, None) => self.perhaps.insert(user.id.clone()),
            };
        }
        page.notices.iter().for_each(is_notice);
        page.watermark.iter().for_each(|at| is_timestamp(at));
        are_attributes(&page.attributes);
        match &page.state {
            ListingState::More(cursor) => {
                assert!(cursor.len() < 4_096, "a cursor of {} bytes", cursor.len());
                let read = Cursor::decode(cursor, settings.fingerprint()).expect("a cursor that was just made is read");
                assert_eq!(read.encode(), *cursor);
                self.is_later_pass = read.tally.pass > 1;
                Some(cursor.clone())
            }
            ListingState::Complete => {
                let total = page.expected_total.expect("a listing without a count is not complete");
                let total = usize::try_from(total).unwrap_or(usize::MAX);
                let most = self.before.union(&self.perhaps).count();
                assert!(
                    self.is_later_pass || (self.before.len()..=most).contains(&total),
                    "complete with {} to {most} of {total}",
                    self.before.len()
                );
                None
            }
            ListingState::Resumed => None,
            ListingState::Incomplete(reason) => {
                assert!(page.notices.iter().any(|notice| notice.code == *reason), "{reason} has no notice");
                None
            }
        }
    }
}

/// A report has every step once, in order, and skips a step only after a failure.
pub fn is_report(report: &CheckReport) {
    let ids: Vec<&str> = report.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, STEPS.map(|step| step.id()));
    let failed = report.steps.iter().position(|step| step.outcome == CheckOutcome::Failed);
    for (place, step) in report.steps.iter().enumerate() {
        is_message(&step.summary);
        let has_code = matches!(step.outcome, CheckOutcome::Warning | CheckOutcome::Failed);
        assert_eq!(step.code.is_some(), has_code, "{step:?}");
        if let Some(code) = &step.code {
            let is_known = Code::ALL.iter().any(|known| known.entry().id == code)
                || NoticeCode::ALL.iter().any(|known| known.entry().id == code);
            assert!(is_known, "{step:?}");
        }
        let may_be_skipped = failed.is_some_and(|failed| failed < place);
        assert!(may_be_skipped || step.outcome != CheckOutcome::Skipped, "{step:?}");
        step.params.iter().for_each(|(_, value)| is_message(value));
    }
    are_attributes(&report.attributes);
}

/// A licence that the contract allows.
pub fn is_license(license: &License) {
    assert!(Edition::from_id(&license.license_type).is_some(), "{license:?}");
    assert!(!license.name.is_empty(), "{license:?}");
    license.starts_at.iter().chain(&license.expires_at).for_each(|at| is_timestamp(at));
    license.notices.iter().for_each(is_notice);
    are_attributes(&license.attributes);
    if matches!(license.seats_used, Quantity::Unknown) {
        let says_why = |code: &str| ["seats-used-hidden", "seats-used-failed"].contains(&code);
        assert!(license.notices.iter().any(|notice| says_why(&notice.code)), "{license:?}");
    }
}
