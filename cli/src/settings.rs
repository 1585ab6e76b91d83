//! Turns `--set` and `--secret` into settings of the provider.
//!
//! No message here contains a value, since any value may be a secret in the wrong place.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use provider_host::model::{Description, SettingKind, SettingSpec};
use provider_host::{SecretSource, Settings, io_reason};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use crate::exit::Complaint;

/// Why the command refuses a secret on the command line.
const EXPOSED: &str = "the process list and the shell's history would show it";

/// The arguments of `--set` and `--secret`, before any secret is read and before the provider's description is known.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Given {
    plain: Vec<(String, String)>,
    secret: Vec<(String, SecretSource)>,
}

/// Reads secrets from the environment and from files; tests replace both.
pub(crate) struct SecretReader<'a> {
    /// Returns the value of an environment variable.
    pub(crate) env: &'a dyn Fn(&str) -> Option<OsString>,
    /// Returns the content of a file.
    pub(crate) file: &'a dyn Fn(&Path) -> io::Result<Zeroizing<Vec<u8>>>,
}

/// A setting with its value.
pub(crate) enum Value {
    /// Given by `--set`.
    Plain(String),
    /// Given by `--secret`.
    Secret(SecretString),
}

impl Given {
    /// Reads the arguments of `--set` and `--secret`.
    pub(crate) fn parse(set: &[String], secret: &[String]) -> Result<Self, Complaint> {
        let mut given = Self::default();
        for argument in set {
            let (key, value) = split(argument, "--set", "--set server_url=https://chat.example.com")?;
            given.claim(key)?;
            given.plain.push((key.to_owned(), value.to_owned()));
        }
        for argument in secret {
            let (key, value) = split(argument, "--secret", "--secret access_token=env:MM_TOKEN")?;
            let source = value.parse().map_err(|reason| misplaced(key, value, reason))?;
            given.claim(key)?;
            given.secret.push((key.to_owned(), source));
        }
        Ok(given)
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        self.plain.iter().map(|(key, _)| key.as_str()).chain(self.secret.iter().map(|(key, _)| key.as_str()))
    }

    fn claim(&self, key: &str) -> Result<(), Complaint> {
        if self.keys().any(|taken| taken == key) {
            return Err(Complaint::new("setting-repeated", format!("the setting {key} is given twice"))
                .fix("give each setting once"));
        }
        Ok(())
    }

    /// Checks that the provider has a setting for each key, that no required setting is missing, that no secret is on the
    /// command line, and that the provider would see no secret.
    pub(crate) fn check(&self, description: &Description) -> Result<(), Complaint> {
        let spec = |key: &str| description.settings.iter().find(|spec| spec.key == key);
        let known = || description.settings.iter().map(known_line).collect();
        for key in self.keys() {
            if spec(key).is_none() {
                let message = format!("{} has no setting {key}", description.name);
                return Err(Complaint::new("setting-unknown", message)
                    .fix("use one of the settings below")
                    .details(known()));
            }
        }
        for (key, _) in &self.plain {
            if spec(key).is_some_and(|spec| spec.kind.is_secret()) {
                return Err(exposed(key, "--set"));
            }
        }
        self.check_secrets(description)?;
        let missing: Vec<&SettingSpec> = description
            .settings
            .iter()
            .filter(|spec| spec.required && !self.keys().any(|key| key == spec.key))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = missing.iter().map(|spec| spec.key.as_str()).collect();
        let ways: Vec<String> = missing.iter().map(|spec| usage(spec)).collect();
        Err(Complaint::new("setting-missing", format!("{} needs {}", description.name, names.join(" and ")))
            .fix(format!("add {}", ways.join(" ")))
            .details(missing.iter().map(|spec| known_line(spec)).collect()))
    }

    /// Checks that the provider describes each setting that was given with `--secret` as a secret: if it described one as a
    /// text, it would see the value.
    pub(crate) fn check_secrets(&self, description: &Description) -> Result<(), Complaint> {
        for (key, _) in &self.secret {
            let spec = description.settings.iter().find(|spec| spec.key == *key);
            if !spec.is_some_and(|spec| spec.kind.is_secret()) {
                let kind = spec.map_or("nothing that it reads", |spec| spec.kind.as_str());
                let message = format!(
                    "the secret {key} is not passed on: {} {} describes {key} as {kind}, and would see it",
                    description.name, description.version
                );
                return Err(Complaint::new("secret-unusable", message).fix(format!(
                    "run the component that you mean (describe says which one ran); if {key} is not a secret, give it with --set"
                )));
            }
        }
        Ok(())
    }

    /// Reads the secrets. An error names the place of a secret that is empty or cannot be read.
    pub(crate) fn read(self, secrets: &SecretReader<'_>) -> Result<Vec<(String, Value)>, Complaint> {
        let mut values: Vec<(String, Value)> =
            self.plain.into_iter().map(|(key, value)| (key, Value::Plain(value))).collect();
        for (key, source) in self.secret {
            let value = read_secret(&key, &source, secrets)?;
            values.push((key, Value::Secret(value)));
        }
        Ok(values)
    }
}

/// Converts the values to the host's settings: a value that was given as a secret stays one, however the provider describes it.
pub(crate) fn settings(values: Vec<(String, Value)>) -> Settings {
    let mut settings = Settings::new();
    for (key, value) in values {
        match value {
            Value::Plain(text) => settings.set(key, text),
            Value::Secret(text) => settings.set_secret(key, text),
        };
    }
    settings
}

fn split<'a>(argument: &'a str, option: &str, example: &str) -> Result<(&'a str, &'a str), Complaint> {
    match argument.split_once('=') {
        Some((key, value)) if is_key(key) && !value.starts_with('=') => Ok((key, value)),
        Some(_) | None => {
            let message = format!("{option} takes a key, an equals sign and a value");
            Err(Complaint::new("setting-malformed", message).fix(format!("write for example {example}")))
        }
    }
}

/// Whether text looks like the key of a setting. Other text may be a secret in the wrong place, so no message repeats it: a
/// token of Mattermost has 26 letters and digits.
fn is_key(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-'))
        && (text.len() <= 20 || (text.len() <= 64 && text.contains(['_', '-'])))
}

fn exposed(key: &str, option: &str) -> Complaint {
    let message = format!("{option} {key} contains the secret itself, but {EXPOSED}");
    let variable = variable(key);
    let fix = format!(
        "name its place: --secret {key}=env:{variable} reads it from ${variable}, --secret {key}=file:PATH from a file"
    );
    Complaint::new("secret-exposed", message)
        .fix(fix)
        .details(vec!["If it is a real secret, revoke it and make a new one.".to_owned()])
}

/// The error for a `--secret` whose value names no place: it may be the secret itself, or an incomplete place.
fn misplaced(key: &str, value: &str, reason: &str) -> Complaint {
    if !value.starts_with("env:") && !value.starts_with("file:") {
        return exposed(key, "--secret");
    }
    Complaint::new("secret-misplaced", format!("--secret {key} does not name a place: {reason}"))
        .fix(format!("write --secret {key}=env:{} or --secret {key}=file:PATH", variable(key)))
}

/// The environment variable to suggest for a setting.
fn variable(key: &str) -> String {
    key.to_uppercase()
}

/// How a setting is given.
fn usage(spec: &SettingSpec) -> String {
    if spec.kind.is_secret() {
        format!("--secret {}=env:{}", spec.key, variable(&spec.key))
    } else {
        format!("--set {}=…", spec.key)
    }
}

/// `server_url (url, required): …`
fn known_line(spec: &SettingSpec) -> String {
    let kind = match &spec.kind {
        SettingKind::Choice(values) => values.join(" | "),
        SettingKind::Text
        | SettingKind::Url
        | SettingKind::Secret(_)
        | SettingKind::SecretValue
        | SettingKind::Integer
        | SettingKind::Flag => spec.kind.as_str().to_owned(),
    };
    let need = match (&spec.default, spec.required) {
        (_, true) => ", required".to_owned(),
        (Some(default), false) => format!(", default {default}"),
        (None, false) => String::new(),
    };
    format!("{} ({kind}{need}): {}", spec.key, spec.help)
}

fn read_secret(key: &str, source: &SecretSource, secrets: &SecretReader<'_>) -> Result<SecretString, Complaint> {
    let place = source.to_string();
    let bytes = match source {
        SecretSource::Env(name) => {
            let value = (secrets.env)(name).ok_or_else(|| {
                Complaint::new("secret-missing", format!("{place} is not set")).fix(format!(
                    "set it to the value of {key} and export it, and name it without $, as in {key}=env:{}",
                    variable(key)
                ))
            })?;
            Zeroizing::new(value.into_encoded_bytes())
        }
        SecretSource::File(path) => (secrets.file)(path).map_err(|error| {
            Complaint::new("secret-unreadable", format!("{place} cannot be read: {}", io_reason(&error)))
                .fix(format!("put the value of {key} there, readable for you alone, or name the file that holds it"))
        })?,
    };
    let Ok(text) = str::from_utf8(&bytes) else {
        return Err(Complaint::new("secret-unreadable", format!("{place} does not hold text in UTF-8"))
            .fix(format!("save the value of {key} there as plain text in UTF-8, and nothing else")));
    };
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.trim().is_empty() {
        return Err(
            Complaint::new("secret-empty", format!("{place} is empty")).fix(format!("put the value of {key} there"))
        );
    }
    Ok(SecretString::from(line))
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
