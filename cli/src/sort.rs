//! The order of a listing.

use std::cmp::{Ordering, Reverse};
use std::str::FromStr;

use provider_host::model::User;

use crate::output::Field;

/// A field to sort by: `last_activity_at` or `last_activity_at:desc`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SortKey {
    field: Field,
    descends: bool,
}

impl FromStr for SortKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, descends) = match text.rsplit_once(':') {
            Some((name, "desc")) => (name, true),
            Some((name, "asc")) => (name, false),
            Some((_, other)) => return Err(format!("{other} is no order: write FIELD:asc or FIELD:desc")),
            None => (text, false),
        };
        Ok(Self { field: name.parse()?, descends })
    }
}

/// Keys to sort by, separated by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SortKeys(Vec<SortKey>);

impl FromStr for SortKeys {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').map(|key| key.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

/// A value to sort by. What is unknown comes last in either order.
#[derive(PartialEq, Eq)]
enum Place {
    Up(Option<String>),
    Down(Option<String>),
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let (Self::Up(one) | Self::Down(one), Self::Up(two) | Self::Down(two)) = (self, other);
        match (self, one, two) {
            (Self::Down(_), Some(one), Some(two)) => two.cmp(one),
            // Of options, the one without a value is the least.
            (_, one, two) => (Reverse(one.is_some()), one).cmp(&(Reverse(two.is_some()), two)),
        }
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl SortKeys {
    /// Sorts users by the first key, then by the second, and so on, and at last by id, so that the order is the same each time.
    pub(crate) fn sort(&self, users: &mut [User]) {
        users.sort_by_cached_key(|user| {
            let place = |key: &SortKey| {
                let value = key.field.sort_key(user);
                if key.descends { Place::Down(value) } else { Place::Up(value) }
            };
            (self.0.iter().map(place).collect::<Vec<_>>(), user.id.clone())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::{anna, bare};
    use provider_host::model::ActivityKnowledge;

    #[test]
    fn users_are_sorted_by_each_key_and_unknown_values_come_last() {
        let user = |id: &str, name: &str, last: Option<&str>| User {
            id: id.into(),
            username: name.into(),
            last_activity_at: last.map(str::to_owned),
            ..anna()
        };
        let hidden = User { activity: ActivityKnowledge::Unknown, ..user("4", "Zoë", None) };
        let users = [
            user("3", "carl", Some("2026-01-01T00:00:00.000Z")),
            user("2", "Bea", Some("2026-02-01T00:00:00.000Z")),
            user("1", "bea", Some("2025-12-31T00:00:00.000Z")),
            hidden,
            User { id: "5".into(), username: "never".into(), ..bare() },
        ];
        let cases = [
            ("username", "12354"),
            ("username:desc", "45312"),
            ("last_activity_at", "51324"),
            ("last_activity_at:desc", "23154"),
            ("last_activity_at:asc, username", "51324"),
            ("kind,username:desc", "54312"),
            ("attributes.none", "12345"),
        ];
        for (keys, expect) in cases {
            let mut sorted = users.clone();
            keys.parse::<SortKeys>().unwrap().sort(&mut sorted);
            assert_eq!(sorted.iter().map(|user| user.id.as_str()).collect::<String>(), expect, "{keys}");
        }
    }

    #[test]
    fn a_wrong_key_is_refused() {
        for (text, part) in [("mail", "the fields are"), ("email:down", "FIELD:desc"), ("", "the fields are")] {
            assert!(text.parse::<SortKeys>().unwrap_err().contains(part), "{text}");
        }
    }
}
