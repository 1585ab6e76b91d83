//! When each field of a listing was last seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use provider_model::{HiddenField, User};

const ATTRIBUTES: &str = "attributes";

/// The time of a field that no token has seen.
const NEVER: &str = "";

/// For each field of a listing, by its name in JSON, the time of the last run whose token could see it. A field that no
/// token has seen yet has no time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeenAt(BTreeMap<String, String>);

impl SeenAt {
    /// Fields with their times, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, at)| (field.as_str(), at.as_str())).filter(|(_, at)| *at != NEVER)
    }

    /// When a field was last seen.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str).filter(|at| *at != NEVER)
    }

    /// Whether a run that sees all fields but the hidden ones sees a field that was last seen before the watermark. If
    /// so, it is not enough to read who changed since the watermark.
    pub(crate) fn is_behind(&self, watermark: Option<&str>, hidden: &[HiddenField]) -> bool {
        let hidden: Vec<String> = hidden.iter().map(|field| in_json(&field.name)).collect();
        let is_older = |at: &str| watermark.is_some_and(|watermark| at < watermark);
        // A store of an earlier version has no times.
        !self.0.is_empty() && self.0.iter().any(|(name, at)| !hidden.contains(name) && (at == NEVER || is_older(at)))
    }

    /// Records a run at the time `at` that could not see the hidden fields.
    pub(crate) fn take(&mut self, hidden: &[HiddenField], at: &str) {
        let hidden: Vec<String> = hidden.iter().map(|field| in_json(&field.name)).collect();
        let attributes = self.0.get(ATTRIBUTES).cloned();
        let is_hidden = |name: &str| hidden.iter().any(|hidden| hidden == name);
        // All attributes are one field, except for those that were hidden once.
        for name in User::FIELDS.into_iter().filter(|name| *name != "id" && !is_hidden(name)) {
            self.0.insert(name.to_owned(), at.to_owned());
        }
        for (name, seen) in &mut self.0 {
            if is_attribute(name) && !is_hidden(name) {
                at.clone_into(seen);
            }
        }
        // An attribute that is hidden for the first time was seen with all the others.
        for name in hidden {
            let seen = attributes.clone().filter(|_| is_attribute(&name)).unwrap_or_else(|| NEVER.to_owned());
            self.0.entry(name).or_insert(seen);
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
        // Each run with the fields that it did not see, and the times of some fields afterwards.
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

    #[test]
    fn a_field_that_becomes_visible_is_behind() {
        let field = |name: &str| HiddenField { name: name.to_owned(), may_be: Vec::new() };
        let mut seen = SeenAt::default();
        assert!(!seen.is_behind(Some("1"), &[]), "of an earlier version");
        seen.take(&[field("email"), field("attributes.mfa")], "1");
        for (hidden, expect) in [
            (&[][..], true),
            (&["email"], true),
            (&["attributes.mfa"], true),
            (&["email", "attributes.mfa"], false),
            (&["email", "attributes.mfa", "role"], false),
        ] {
            let hidden: Vec<_> = hidden.iter().copied().map(field).collect();
            assert_eq!(seen.is_behind(Some("1"), &hidden), expect, "{hidden:?}");
        }
        seen.take(&[], "2");
        assert!(!seen.is_behind(Some("2"), &[]));
        // A field that was seen after the watermark is not behind: an unproven run does not move the watermark.
        seen.take(&[field("email")], "3");
        assert!(!seen.is_behind(Some("2"), &[]) && seen.is_behind(Some("3"), &[]));
    }
}
