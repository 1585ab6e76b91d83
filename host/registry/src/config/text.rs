//! Values that are written as a text.

use serde::Deserialize;

/// A value that is written as text.
#[derive(Clone)]
pub(super) struct Text<T>(pub(super) T);

impl<'de, T: std::str::FromStr<Err = &'static str>> Deserialize<'de> for Text<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}
