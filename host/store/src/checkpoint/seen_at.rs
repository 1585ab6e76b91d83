//! As of when each field of a listing is known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use provider_model::HiddenField;

/// The fields of a record, by their names in JSON. All attributes are one, but for those that were hidden once.
const FIELDS: [&str; 16] = [
    "username",
    "email",
    "first_name",
    "last_name",
    "status",
    "kind",
    "role",
    "roles",
    "seat",
    "licenses",
    "position",
    "created_at",
    "deactivated_at",
    "activity",
    "last_activity_at",
    ATTRIBUTES,
];

const ATTRIBUTES: &str = "attributes";

/// For each field of a listing, by its name in JSON, the time of the last run whose token could see it. A field that no
/// token has seen yet is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeenAt(BTreeMap<String, String>);

impl SeenAt {
    /// Fields with their times, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, at)| (field.as_str(), at.as_str()))
    }

    /// When a field was last seen.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }

    /// Takes a run of that time that did not see some fields.
    pub(crate) fn take(&mut self, hidden: &[HiddenField], at: &str) {
        let hidden: Vec<String> = hidden.iter().map(|field| in_json(&field.name)).collect();
        let attributes = self.0.get(ATTRIBUTES).cloned();
        let is_hidden = |name: &str| hidden.iter().any(|hidden| hidden == name);
        for name in FIELDS.into_iter().filter(|name| !is_hidden(name)) {
            self.0.insert(name.to_owned(), at.to_owned());
        }
        for (name, seen) in &mut self.0 {
            if is_attribute(name) && !is_hidden(name) {
                at.clone_into(seen);
            }
        }
        // One that is hidden for the first time was seen with all the others.
        for name in hidden.into_iter().filter(|name| is_attribute(name)) {
            if let Some(seen) = &attributes {
                self.0.entry(name).or_insert_with(|| seen.clone());
            }
        }
    }
}

fn is_attribute(name: &str) -> bool {
    name.strip_prefix(ATTRIBUTES).is_some_and(|key| key.starts_with('.'))
}

/// The contract writes `first-name`, JSON `first_name`; the keys of attributes are the provider's in both.
fn in_json(name: &str) -> String {
    if is_attribute(name) { name.to_owned() } else { name.replace('-', "_") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_keeps_the_time_at_which_it_was_seen_last() {
        // Each run with what it did not see, and what is then known of some fields.
        type Run = (&'static [&'static str], &'static str, [Option<&'static str>; 4]);
        let runs: &[Run] = &[
            (&["email"], "1", [None, Some("1"), None, Some("1")]),
            (&[], "2", [Some("2"), Some("2"), None, Some("2")]),
            (&["email", "first-name", "attributes.mfa"], "3", [Some("2"), Some("2"), Some("2"), Some("3")]),
            (&["attributes.mfa"], "4", [Some("4"), Some("4"), Some("2"), Some("4")]),
            (&["first-name"], "5", [Some("5"), Some("4"), Some("5"), Some("5")]),
        ];
        let mut seen = SeenAt::default();
        for (hidden, at, expect) in runs {
            let field = |name: &&str| HiddenField { name: (*name).to_owned(), may_be: Vec::new() };
            seen.take(&hidden.iter().map(field).collect::<Vec<_>>(), at);
            let got = ["email", "first_name", "attributes.mfa", "attributes"].map(|field| seen.get(field));
            assert_eq!(got, *expect, "after {at}");
        }
    }

    #[test]
    fn an_attribute_that_was_never_seen_has_no_time() {
        let mut seen = SeenAt::default();
        seen.take(&[HiddenField { name: "attributes.mfa".into(), may_be: Vec::new() }], "1");
        assert_eq!((seen.get("attributes.mfa"), seen.iter().count()), (None, 16));
    }
}
