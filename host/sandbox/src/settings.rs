//! The values that an administrator configured.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

/// Configured values by key. Every value is wiped from memory when dropped, and `Debug` shows the keys alone.
#[derive(Clone, Default)]
pub struct Settings {
    values: BTreeMap<String, Value>,
    /// The keys whose secret a provider may see.
    granted: BTreeSet<String>,
}

#[derive(Clone)]
enum Value {
    /// Given as ordinary text.
    Plain(SecretString),
    /// Read from a file as ordinary text, which must not be a secret.
    Written(SecretString),
    /// Given as a secret.
    Secret(SecretString),
}

impl Value {
    const fn text(&self) -> &SecretString {
        match self {
            Self::Plain(text) | Self::Written(text) | Self::Secret(text) => text,
        }
    }
}

impl Settings {
    /// No values.
    #[must_use]
    pub const fn new() -> Self {
        Self { values: BTreeMap::new(), granted: BTreeSet::new() }
    }

    /// Sets a value that is not a secret. It replaces an earlier value of the key.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.values.insert(key.into(), Value::Plain(sealed(value.into())));
        self
    }

    /// Sets a value that was read from a file. If the provider describes it as a secret, it is refused: secrets must not be
    /// in that file.
    pub fn set_written(&mut self, key: impl Into<String>, value: SecretString) -> &mut Self {
        self.values.insert(key.into(), Value::Written(value));
        self
    }

    /// Sets a secret. It replaces an earlier value of the key.
    pub fn set_secret(&mut self, key: impl Into<String>, value: SecretString) -> &mut Self {
        self.values.insert(key.into(), Value::Secret(value));
        self
    }

    /// Lets a provider see the value of a secret that it describes as `secret-value`, to encode or sign with it. Without
    /// this, such a setting is refused. A provider never sees other secrets.
    pub fn grant_value(&mut self, key: impl Into<String>) -> &mut Self {
        self.granted.insert(key.into());
        self
    }

    /// Whether the provider may see the secret of `key`.
    pub(crate) fn grants_value(&self, key: &str) -> bool {
        self.granted.contains(key)
    }

    /// Whether `key` was set as a secret.
    pub(crate) fn is_secret(&self, key: &str) -> bool {
        matches!(self.values.get(key), Some(Value::Secret(_)))
    }

    /// Whether `key` was read from a file, as ordinary text.
    pub fn is_written(&self, key: &str) -> bool {
        matches!(self.values.get(key), Some(Value::Written(_)))
    }

    /// Whether `key` has a value.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The keys that have a value, sorted.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The text of `key`, secret or not: for the vault and for reading origins.
    pub fn expose(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|value| value.text().expose_secret())
    }

    /// All texts, with placeholders instead of secrets: for the guest's arguments only.
    pub(crate) fn expose_all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value.text().expose_secret()))
    }
}

/// A text that leaves no copy behind: shrinking a text would copy it elsewhere.
pub fn sealed(text: String) -> SecretString {
    let text = Zeroizing::new(text);
    SecretString::from(text.as_str())
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settings ")?;
        f.debug_map()
            .entries(self.values.iter().map(|(key, value)| match value {
                Value::Plain(_) | Value::Written(_) => (key, "(set)"),
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
