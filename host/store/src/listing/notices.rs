//! The notices that this library adds to a listing, and what it reads from a provider's notices.

use std::collections::HashMap;

use provider_model::{Attributes, Notice, Severity};

/// The provider's notice that a listing continued in an instance that has not seen all of it. Nothing depends on it,
/// and it is dropped if the host proves the listing (`wit/provider.wit`).
pub(super) const RESUMED: &str = "listing-resumed";

const BEGUN_AGAIN: &str = "listing-begun-again";
const READ_AGAIN: &str = "listing-read-again";
const PROVEN: &str = "listing-proven";
const WITHDRAWN: &str = "users-withdrawn";
const DAMAGED: &str = "checkpoint-damaged";

/// Whether a notice is one of this library's.
pub(super) fn is_own(notice: &Notice) -> bool {
    [BEGUN_AGAIN, READ_AGAIN, PROVEN, WITHDRAWN, DAMAGED].contains(&notice.code.as_str())
}

/// Adds notices to a list that has each code once; a later notice replaces an earlier one.
pub(super) fn merge(into: &mut Vec<Notice>, notices: &[Notice]) {
    let mut places: HashMap<String, usize> =
        into.iter().enumerate().map(|(place, notice)| (notice.code.clone(), place)).collect();
    for notice in notices {
        match places.get(&notice.code).and_then(|place| into.get_mut(*place)) {
            Some(known) => known.clone_from(notice),
            None => {
                places.insert(notice.code.clone(), into.len());
                into.push(notice.clone());
            }
        }
    }
}

/// The list is read from its beginning, since the provider cannot continue.
pub(super) fn begun_again() -> Notice {
    notice_of(
        BEGUN_AGAIN,
        "The provider could not resume the listing, for example after a change of the settings or the version, so the listing started over",
        &[],
    )
}

/// The list is read once more, since the interrupted reading proves nothing.
pub(super) fn read_again() -> Notice {
    notice_of(
        READ_AGAIN,
        "Users changed while the listing was interrupted, so the list is read once more to be sure that nobody is missing",
        &[],
    )
}

/// The listing was counted and holds everybody.
pub(super) fn proven(counted: u32) -> Notice {
    notice_of(
        PROVEN,
        &format!(
            "The listing was interrupted and resumed; all {counted} users whom the server counted at its beginning were received"
        ),
        &[("counted", counted)],
    )
}

/// Users who were returned before the list was read again are no longer in it.
pub(super) fn withdrawn(users: u64) -> Notice {
    let (who, were) = if users == 1 { ("1 user", "was") } else { (&*format!("{users} users"), "were") };
    let message = format!(
        "The list was read again, and {who} who had been returned before {were} deleted meanwhile and left out"
    );
    Notice { count: u32::try_from(users).ok(), ..notice_of(WITHDRAWN, &message, &[]) }
}

/// Records of the store are damaged.
pub(crate) fn damaged(records: u64) -> Notice {
    let (who, were) =
        if records == 1 { ("1 kept record", "was") } else { (&*format!("{records} kept records"), "were") };
    Notice {
        severity: Severity::Warning,
        fix: Some("Check the disk that the listings are kept on.".to_owned()),
        count: u32::try_from(records).ok(),
        ..notice_of(
            DAMAGED,
            &format!("{who} {were} damaged on disk and not used; they are read from the server again"),
            &[],
        )
    }
}

fn notice_of(code: &str, message: &str, params: &[(&str, u32)]) -> Notice {
    Notice {
        code: code.to_owned(),
        severity: Severity::Info,
        message: message.to_owned(),
        fix: None,
        fields: Vec::new(),
        count: None,
        subjects: Vec::new(),
        params: params.iter().map(|(key, value)| (*key, value.to_string())).collect::<Attributes>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(code: &str, severity: Severity, fields: &[&str]) -> Notice {
        Notice { severity, fields: fields.iter().map(ToString::to_string).collect(), ..notice_of(code, "", &[]) }
    }

    #[test]
    fn a_later_notice_replaces_an_earlier() {
        let mut all = vec![notice("a", Severity::Info, &[]), notice("b", Severity::Info, &[])];
        let more = [("b", Severity::Info), ("c", Severity::Warning), ("b", Severity::Warning), ("c", Severity::Info)];
        merge(&mut all, &more.map(|(code, severity)| notice(code, severity, &[])));
        let notice_of: Vec<_> = all.iter().map(|notice| (notice.code.as_str(), notice.severity)).collect();
        assert_eq!(notice_of, [("a", Severity::Info), ("b", Severity::Warning), ("c", Severity::Info)]);
        // Comparing each with each other would be four billion comparisons.
        let many: Vec<_> = (0..200_000).map(|n| notice(&n.to_string(), Severity::Info, &[])).collect();
        for _ in 0..2 {
            merge(&mut all, &many);
            assert_eq!(all.len(), 200_003);
        }
    }
}
