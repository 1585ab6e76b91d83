//! Limits on the parts of an answer, beside those on its bytes: everything that is kept over the steps of a listing is
//! bounded here, piece by piece.

use provider_model::{Attributes, CheckReport, HiddenField, License, ListingState, Notice, UserPage, weight};

use crate::{Bound, LimitHit, ListingLimits};

type Checked = Result<(), LimitHit>;

/// Checks a step of a listing or of a sync. Returns the bytes of its users.
///
/// # Errors
/// The limit that it is beyond.
pub(crate) fn page(page: &UserPage, limits: &ListingLimits) -> Result<u64, LimitHit> {
    let UserPage {
        users,
        state,
        expected_total: _,
        wait_ms: _,
        watermark,
        notices: reported,
        hidden,
        attributes: more,
    } = page;
    let mut bytes = 0_u64;
    for user in users {
        let weight = weight::user(user);
        within(Bound::RecordBytes, weight, limits.record_bytes)?;
        attributes(&user.attributes, limits)?;
        bytes = bytes.saturating_add(u64::try_from(weight).unwrap_or(u64::MAX));
    }
    let cursor = if let ListingState::More(cursor) = state { cursor.len() } else { 0 };
    within(Bound::CursorBytes, cursor, limits.cursor_bytes)?;
    within(Bound::CursorBytes, watermark.as_ref().map_or(0, String::len), limits.cursor_bytes)?;
    attributes(more, limits)?;
    notices(reported, limits)?;
    hides(hidden, limits)?;
    Ok(bytes)
}

/// Hidden fields are kept as notices are: as many, with as many ids each, and as many bytes in all.
fn hides(fields: &[HiddenField], limits: &ListingLimits) -> Checked {
    let mut bytes = 0_usize;
    within(Bound::Notices, fields.len(), limits.notices)?;
    for HiddenField { name, may_be } in fields {
        within(Bound::Notices, may_be.len(), limits.notices)?;
        bytes = may_be.iter().fold(bytes.saturating_add(name.len()), |bytes, id| bytes.saturating_add(id.len()));
    }
    within(Bound::NoticeBytes, bytes, limits.notice_bytes)
}

/// Checks licences: each is bounded like a page.
///
/// # Errors
/// The limit that one is beyond.
pub(crate) fn licenses(licenses: &[License], limits: &ListingLimits) -> Checked {
    licenses.iter().try_for_each(|license| {
        attributes(&license.attributes, limits)?;
        notices(&license.notices, limits)
    })
}

/// Checks what a check found.
///
/// # Errors
/// The limit that it is beyond.
pub(crate) fn report(report: &CheckReport, limits: &ListingLimits) -> Checked {
    attributes(&report.attributes, limits)?;
    report.steps.iter().try_for_each(|step| attributes(&step.params, limits))
}

/// Checks notices that are kept together.
///
/// # Errors
/// The limit that they are beyond.
pub fn notices<'a>(notices: impl IntoIterator<Item = &'a Notice>, limits: &ListingLimits) -> Checked {
    let (mut count, mut bytes) = (0_usize, 0_usize);
    for notice in notices {
        count = count.saturating_add(1);
        within(Bound::Notices, count, limits.notices)?;
        attributes(&notice.params, limits)?;
        bytes = bytes.saturating_add(weight::notice(notice));
        within(Bound::NoticeBytes, bytes, limits.notice_bytes)?;
    }
    Ok(())
}

fn attributes(attributes: &Attributes, limits: &ListingLimits) -> Checked {
    within(Bound::Attributes, attributes.len(), limits.attributes)
}

fn within(bound: Bound, is: usize, limit: usize) -> Checked {
    if is <= limit {
        return Ok(());
    }
    Err(LimitHit::Answer { bound, limit: u64::try_from(limit).unwrap_or(u64::MAX) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_model::{CheckOutcome, CheckStep, User};
    use provider_testing::samples;

    fn many(count: usize) -> Attributes {
        (0..count).map(|n| (n.to_string(), String::new())).collect()
    }

    fn users(change: impl Fn(&mut User)) -> UserPage {
        let mut user = provider_testing::samples::bare_user("a");
        change(&mut user);
        samples::page(vec![user], ListingState::Complete)
    }

    fn noticed(count: usize, change: impl Fn(&mut Notice)) -> UserPage {
        let mut notice = samples::notice("code", &[]);
        change(&mut notice);
        UserPage { notices: vec![notice; count], ..samples::page(vec![], ListingState::Complete) }
    }

    #[test]
    fn each_part_of_an_answer_has_its_bound() {
        let limits = ListingLimits {
            notices: 3,
            notice_bytes: 1_000,
            attributes: 3,
            record_bytes: 1_000,
            cursor_bytes: 10,
            ..ListingLimits::default()
        };
        let empty = || samples::page(vec![], ListingState::Complete);
        let long = || "x".repeat(1_000);
        let cases = [
            (users(|_| {}), None),
            (users(|user| user.attributes = many(3)), None),
            (users(|user| user.attributes = many(4)), Some("limit-attributes")),
            (users(|user| user.position = Some(long())), Some("limit-record-bytes")),
            (users(|user| user.id = long()), Some("limit-record-bytes")),
            (users(|user| user.roles = vec![String::new(); 200]), Some("limit-record-bytes")),
            (UserPage { attributes: many(4), ..empty() }, Some("limit-attributes")),
            (samples::page(vec![], ListingState::More("x".repeat(10))), None),
            (samples::page(vec![], ListingState::More("x".repeat(11))), Some("limit-cursor-bytes")),
            (UserPage { watermark: Some("x".repeat(11)), ..empty() }, Some("limit-cursor-bytes")),
            (noticed(3, |_| {}), None),
            (noticed(4, |_| {}), Some("limit-notices")),
            (noticed(1, |notice| notice.params = many(4)), Some("limit-attributes")),
            (noticed(1, |notice| notice.message = long()), Some("limit-notice-bytes")),
            (noticed(1, |notice| notice.fix = Some(long())), Some("limit-notice-bytes")),
            (noticed(1, |notice| notice.fields = vec![String::new(); 50]), Some("limit-notice-bytes")),
            (noticed(1, |notice| notice.subjects = vec![long()]), Some("limit-notice-bytes")),
            (noticed(3, |notice| notice.message = "x".repeat(300)), Some("limit-notice-bytes")),
        ];
        for (answer, code) in cases {
            assert_eq!(page(&answer, &limits).err().map(LimitHit::code), code, "{answer:?}");
        }
        let step = CheckStep {
            id: String::new(),
            outcome: CheckOutcome::Passed,
            code: None,
            summary: String::new(),
            fix: None,
            params: many(4),
        };
        let found = CheckReport {
            steps: vec![step],
            product_version: None,
            product_instance: None,
            attributes: Attributes::new(),
        };
        assert_eq!(report(&found, &limits).err().map(LimitHit::code), Some("limit-attributes"));
    }
}
