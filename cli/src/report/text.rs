//! Figures and names as the page writes them.

use chrono::{DateTime, Utc};
use provider_host::model::User;

use crate::last_use::LastUse;
use crate::output::cell::cut;
use crate::output::words::{count, full_name, number};

/// The most columns of a name, an address or a value on the page.
const COLUMNS: usize = 120;

/// A text of the server, as the page shows it: without characters that turn the direction of what follows or control anything,
/// and no longer than [`COLUMNS`]. The template escapes markup.
pub(crate) fn shown(text: &str) -> String {
    cut(text, COLUMNS)
}

/// A message of the provider, which may be longer.
pub(crate) fn message(text: &str) -> String {
    cut(text, COLUMNS * 20)
}

/// `24 November 2026, 15:25 UTC`.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// The share in whole percent: `24%`; `under 1%` and `over 99%` where rounding would say none or all.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let rounded = part.saturating_mul(200).saturating_add(whole).checked_div(whole.saturating_mul(2)).unwrap_or(0);
    match rounded {
        0 if part > 0 => "under 1%".to_owned(),
        100.. if part < whole => "over 99%".to_owned(),
        percent => format!("{percent}%"),
    }
}

/// The share as a length of a bar in the style sheet's terms: `24.3%`.
pub(crate) fn length(part: u64, whole: u64) -> String {
    let tenths = part.saturating_mul(1_000).checked_div(whole).unwrap_or(0).min(1_000);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

/// The name of an account's person, or its username.
pub(crate) fn name(user: &User) -> String {
    let name = full_name(user);
    shown(if name.trim().is_empty() { &user.username } else { &name })
}

/// For how many whole days nobody used the account: `1,204`, or nothing if that is not known.
pub(crate) fn idle_days(last_use: LastUse) -> String {
    let days = last_use.idle().and_then(|time| u64::try_from(time.num_days()).ok());
    days.map(number).unwrap_or_default()
}

/// `in 265 days`, `today`, `3 days ago`.
pub(crate) fn away(days: i64) -> String {
    match days {
        0 => "today".to_owned(),
        1.. => format!("in {}", count(days.unsigned_abs(), "day")),
        _ => format!("{} ago", count(days.unsigned_abs(), "day")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{as_of, days_ago, member, never};
    use super::*;

    #[test]
    fn shares_are_rounded_and_never_to_none_or_all() {
        let cases = [
            (0, 0, "0%", "0.0%"),
            (0, 10, "0%", "0.0%"),
            (1, 3, "33%", "33.3%"),
            (2, 3, "67%", "66.6%"),
            (1, 20_000, "under 1%", "0.0%"),
            (19_999, 20_000, "over 99%", "99.9%"),
            (5, 5, "100%", "100.0%"),
            (7, 5, "140%", "100.0%"),
        ];
        for (part, whole, words, bar) in cases {
            assert_eq!(
                (percent(part, whole).as_str(), length(part, whole).as_str()),
                (words, bar),
                "{part} of {whole}"
            );
        }
    }

    #[test]
    fn days_and_moments_are_in_words() {
        assert_eq!(moment(as_of()), "24 November 2026, 15:25 UTC");
        for (days, words) in [(265, "in 265 days"), (1, "in 1 day"), (0, "today"), (-1, "1 day ago")] {
            assert_eq!(away(days), words);
        }
        let ageless = User { created_at: None, ..never("c", 0) };
        for (user, days) in [(days_ago("a", 1_204), "1,204"), (never("b", 3), "3"), (ageless, "")] {
            assert_eq!(idle_days(LastUse::of(&user, as_of())), days);
        }
    }

    #[test]
    fn a_name_has_no_control_characters_and_an_end() {
        let hostile = User { first_name: Some("A\u{202e}\u{1b}[2J\u{0}".into()), ..member("anna") };
        assert_eq!(name(&hostile), "A\u{fffd}\u{fffd}[2J\u{fffd}");
        assert_eq!(name(&User { first_name: Some(" ".into()), ..member("anna") }), "anna");
        assert!(shown(&"x".repeat(1_000_000)).len() < 200);
    }
}
