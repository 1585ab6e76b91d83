//! Named texts beyond a record.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// Texts by key, sorted, each key once: the contract's `attributes`. A JSON object.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// No attributes.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(candidate, _)| candidate.as_str().cmp(key)).ok()?;
        self.0.get(at).map(|(_, value)| value.as_str())
    }

    /// Whether `key` is there.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Keys with their values, sorted by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Passes each key and value to `change`, which returns whether it changed the text.
    pub fn change(&mut self, mut change: impl FnMut(&mut String) -> bool) {
        let mut is_in_order = true;
        for (key, value) in &mut self.0 {
            is_in_order &= !change(key);
            change(value);
        }
        if !is_in_order {
            *self = Self::from(std::mem::take(&mut self.0));
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no attributes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<(String, String)>> for Attributes {
    /// A provider promises sorted, unique keys; if it breaks the promise, the last value of a key counts.
    fn from(mut pairs: Vec<(String, String)>) -> Self {
        let in_order = pairs.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a < b));
        if !in_order {
            // Stable, so that after the reversal the last value of a key is the first of its run, which `dedup_by` keeps.
            pairs.reverse();
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            pairs.dedup_by(|(a, _), (b, _)| a == b);
        }
        Self(pairs)
    }
}

impl From<Attributes> for Vec<(String, String)> {
    fn from(attributes: Attributes) -> Self {
        attributes.0
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self::from(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect::<Vec<_>>())
    }
}

impl IntoIterator for Attributes {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<(String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Attributes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry::<String, String>()? {
                    pairs.push(pair);
                }
                Ok(Attributes::from(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::Attributes;

    #[test]
    fn keys_are_sorted_and_the_last_value_of_a_key_counts() {
        let cases: &[(&[(&str, &str)], &[(&str, &str)])] = &[
            (&[], &[]),
            (&[("a", "1"), ("b", "2")], &[("a", "1"), ("b", "2")]),
            (&[("b", "2"), ("a", "1")], &[("a", "1"), ("b", "2")]),
            (&[("a", "1"), ("a", "2")], &[("a", "2")]),
            (&[("b", "1"), ("a", "3"), ("b", "2"), ("b", "4")], &[("a", "3"), ("b", "4")]),
        ];
        for (given, expected) in cases {
            let attributes: Attributes = given.iter().copied().collect();
            assert_eq!(attributes.iter().collect::<Vec<_>>(), *expected, "from {given:?}");
            for (key, value) in *expected {
                assert_eq!(attributes.get(key), Some(*value));
            }
            assert_eq!(attributes.get("z"), None);
        }
    }
}
