//! Notices: data that is hidden, estimated or left out, told beside the records.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::code::NoticeCode;
use crate::contract::{Notice, Severity};

/// A notice of the table that concerns so many records, 0 for the whole answer. `detail` follows the label, and `params`
/// are the values in it.
#[must_use]
pub fn notice(code: NoticeCode, records: u32, detail: Option<String>, params: &[(&str, String)]) -> Notice {
    let entry = code.entry();
    Notice {
        code: entry.id.to_string(),
        severity: severity(code),
        message: detail.map_or_else(|| entry.label.to_string(), |detail| format!("{}: {detail}", entry.label)),
        fix: Some(entry.fix.to_string()),
        fields: fields(code).iter().map(ToString::to_string).collect(),
        count: (records > 0).then_some(records),
        subjects: Vec::new(),
        params: params.iter().map(|(key, value)| ((*key).to_string(), value.clone())).collect(),
    }
}

const fn severity(code: NoticeCode) -> Severity {
    if matches!(code, NoticeCode::SeatsUnknown | NoticeCode::SeatsDiffer) { Severity::Info } else { Severity::Warning }
}

/// The fields of the contract that a notice concerns.
const fn fields(code: NoticeCode) -> &'static [&'static str] {
    match code {
        NoticeCode::EmailsHidden => &["email"],
        NoticeCode::NamesHidden => &["first-name", "last-name"],
        NoticeCode::LastActivityHidden | NoticeCode::LastActivityFailed | NoticeCode::ActivityReportHidden => {
            &["status", "activity", "last-activity-at"]
        }
        NoticeCode::TeamAdminsHidden => &["role"],
        NoticeCode::AccountsDatedAhead => &["created-at"],
        // Inactivity is reckoned from the server's time.
        NoticeCode::ClockDiffers | NoticeCode::ClockHidden => &["status", "activity"],
        NoticeCode::SeatsUnknown | NoticeCode::SeatsDiffer => &["seat", "licenses"],
        NoticeCode::SeatsUsedHidden
        | NoticeCode::SeatsUsedFailed
        | NoticeCode::SeatsExceeded
        | NoticeCode::UserLimitExceeded
        | NoticeCode::SeatsIncludeGuests => &["seats-used"],
        NoticeCode::UserLimitsHidden => &["seats-purchased"],
        NoticeCode::LicenseDetailsHidden => &["starts-at", "expires-at"],
        NoticeCode::LicenseExpired => &["expires-at"],
        NoticeCode::LicenseBeginsLater => &["starts-at"],
        // Those that it names in each case.
        NoticeCode::LicenseUnreadable => &["licenses"],
        NoticeCode::CompletenessUnproven
        | NoticeCode::CountFailed
        | NoticeCode::CountDiffers
        | NoticeCode::UsersMayBeMissing
        | NoticeCode::PagesRepeat
        | NoticeCode::ListingResumed
        | NoticeCode::PartialView
        | NoticeCode::UsersDoNotAddUp
        | NoticeCode::ChangesHidden
        | NoticeCode::ChangesInReport
        | NoticeCode::ChangesTooMany
        | NoticeCode::ViewChanged
        | NoticeCode::BaselineUnusable
        | NoticeCode::RecordsUnreadable
        | NoticeCode::ServerOld
        | NoticeCode::TokenEndsSoon
        | NoticeCode::TokenUnencrypted
        | NoticeCode::LimitedView => &[],
    }
}
