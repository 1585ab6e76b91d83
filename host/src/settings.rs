//! The values that an administrator configured.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

/// Configured values by key. Every value is wiped from memory when dropped, and `Debug` shows the keys alone.
#[derive(Clone, Default)]
pub struct Settings(BTreeMap<String, Value>);

#[derive(Clone)]
enum Value {
    /// Given as ordinary text.
    Plain(SecretString),
    /// Given as a secret.
    Secret(SecretString),
}

impl Value {
    const fn text(&self) -> &SecretString {
        match self {
            Self::Plain(text) | Self::Secret(text) => text,
        }
    }
}

impl Settings {
    /// No values.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Sets a value that is no secret. It replaces an earlier value of the key.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.0.insert(key.into(), Value::Plain(SecretString::from(value.into())));
        self
    }

    /// Sets a secret. It replaces an earlier value of the key.
    pub fn set_secret(&mut self, key: impl Into<String>, value: SecretString) -> &mut Self {
        self.0.insert(key.into(), Value::Secret(value));
        self
    }

    /// Whether `key` has a value.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The keys that have a value, sorted.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The text of `key`, secret or not: for the guest's arguments and for reading origins.
    pub(crate) fn expose(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|value| value.text().expose_secret())
    }

    /// All texts, secret or not: for the guest's arguments only.
    pub(crate) fn expose_all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.text().expose_secret()))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settings ")?;
        f.debug_map()
            .entries(self.0.iter().map(|(key, value)| match value {
                Value::Plain(_) => (key, "(set)"),
                Value::Secret(_) => (key, "(secret)"),
            }))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_keys_and_no_value() {
        let mut settings = Settings::new();
        settings.set("server_url", "https://chat.example.com").set_secret("access_token", "hunter2".into());
        assert_eq!(format!("{settings:?}"), r#"Settings {"access_token": "(secret)", "server_url": "(set)"}"#);
        let shown = format!("{settings:#?}");
        assert!(!shown.contains("hunter2") && !shown.contains("chat.example.com"), "{shown}");
    }

    #[test]
    fn a_later_value_replaces_an_earlier() {
        let mut settings = Settings::new();
        settings.set("key", "1").set_secret("key", "2".into());
        assert_eq!(settings.expose_all().collect::<Vec<_>>(), [("key", "2")]);
        settings.set("key", "3");
        assert_eq!((settings.expose("key"), settings.expose("other")), (Some("3"), None));
    }
}
