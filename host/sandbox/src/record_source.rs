//! The source of a listing's records. Only the same source can update them without reading all of them again.

use provider_model::{Description, SettingKind};
use serde::{Deserialize, Serialize};

use crate::{Digest, Settings};

/// A version of a provider with its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSource {
    /// The version, by the provider's description.
    version: String,
    /// The sha256 of the component's bytes.
    component: String,
    /// The sha256 of the settings that it reads, without secrets: a new secret does not change a record.
    settings: String,
}

impl RecordSource {
    pub(crate) fn new(description: &Description, component: Digest, settings: &Settings) -> Self {
        let is_secret = |kind: &SettingKind| matches!(kind, SettingKind::Secret(_) | SettingKind::SecretValue);
        let read = description.settings.iter().filter(|spec| !is_secret(&spec.kind) && !settings.is_secret(&spec.key));
        let mut pairs: Vec<_> = read.filter_map(|spec| Some((&spec.key, settings.expose(&spec.key)?))).collect();
        pairs.sort_unstable();
        Self {
            version: description.version.clone(),
            component: component.to_string(),
            // As a list of quoted texts, so that no two settings look like one.
            settings: Digest::of(format!("{pairs:?}").as_bytes()).to_string(),
        }
    }

    /// Whether the records are of the same version of the provider, whatever the settings.
    pub fn is_same_version(&self, other: &Self) -> bool {
        (&self.version, &self.component) == (&other.version, &other.component)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_testing::samples;

    fn description() -> Description {
        samples::description_with([
            ("url", SettingKind::Url),
            ("token", samples::secret()),
            ("key", SettingKind::SecretValue),
            ("days", SettingKind::Integer),
        ])
    }

    fn source(change: impl FnOnce(&mut Description, &mut Settings)) -> RecordSource {
        let (mut description, mut settings) = (description(), Settings::new());
        settings.set("url", "https://a.example").set_secret("token", "hunter2".into()).set("key", "hunter2");
        change(&mut description, &mut settings);
        RecordSource::new(&description, Digest::of(b"component"), &settings)
    }

    #[test]
    fn sources_differ_by_version_bytes_and_settings() {
        let ours = source(|_, _| {});
        let with = |change: fn(&mut Settings)| source(|_, settings| change(settings));
        let same = [
            with(|settings| _ = settings.set_secret("token", "another".into())),
            with(|settings| _ = settings.set("key", "another")),
            with(|settings| _ = settings.set("unknown", "value")),
            source(|description, _| description.settings.reverse()),
        ];
        assert!(same.iter().all(|same| *same == ours), "{same:?}");
        let others = [
            with(|settings| _ = settings.set("url", "https://b.example")),
            with(|settings| _ = settings.set("days", "30")),
        ];
        assert!(others.iter().all(|other| *other != ours && other.is_same_version(&ours)), "{others:?}");
        assert!(!source(|description, _| description.version = "1.0.1".into()).is_same_version(&ours));
        let rebuilt = RecordSource::new(&description(), Digest::of(b"another component"), &Settings::new());
        assert!(!rebuilt.is_same_version(&ours));
    }

    #[test]
    fn secrets_are_not_in_the_digest() {
        let mut settings = Settings::new();
        // A value that was given as a secret although the provider does not expect a secret.
        settings.set_secret("days", "hunter2".into());
        assert_eq!(
            RecordSource::new(&description(), Digest::of(b""), &settings),
            RecordSource::new(&description(), Digest::of(b""), &Settings::new())
        );
    }
}
