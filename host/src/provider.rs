//! A compiled provider.

use crate::bindings::LicenseProviderPre;
use crate::egress::{Egress, Gate, GateOptions, Sender};
use crate::grant::Grant;
use crate::model::{Description, SettingKind};
use crate::store::Guest;
use crate::vault::{self, Vault};
use crate::{Error, Policy, Result, Sandbox, Session, Settings};

/// A component that was checked and compiled. Clones share it.
#[derive(Clone)]
pub struct Provider {
    sandbox: Sandbox,
    pre: LicenseProviderPre<Guest>,
    imports: std::sync::Arc<[String]>,
}

impl Provider {
    pub(crate) fn new(sandbox: Sandbox, pre: LicenseProviderPre<Guest>, imports: Vec<String>) -> Self {
        Self { sandbox, pre, imports: imports.into() }
    }

    /// The names of the interfaces that the component imports.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    pub(crate) const fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    pub(crate) const fn pre(&self) -> &LicenseProviderPre<Guest> {
        &self.pre
    }

    /// What the provider is, needs and may answer. Asked of an instance that reaches no network.
    ///
    /// # Errors
    /// The provider crashed or ran into a limit.
    pub async fn describe(&self) -> Result<Description> {
        Session::new(self.clone(), Settings::new(), Gate::closed()).describe().await
    }

    /// Prepares calls with these settings. The provider is granted the requests that it describes, at each setting that
    /// it describes as a URL. Secrets stay here: it gets placeholders. Nothing is sent yet.
    ///
    /// # Errors
    /// A required setting is missing, a setting that holds a URL does not, a secret cannot be sent or its value is not
    /// granted, or the provider could not describe itself.
    pub async fn connect(&self, settings: Settings, egress: Egress) -> Result<Session> {
        let description = self.describe().await?;
        let grants = grants(&description, &settings)?;
        let (settings, vault) = conceal(&description, settings)?;
        let sender = Sender { tenant: String::new(), provider: description.id, version: description.version };
        let (policy, limits) = (&Policy::default(), self.sandbox.limits());
        let gate = egress.gate(GateOptions { grants, vault, policy, limits, sender, audit: None })?;
        Ok(Session::new(self.clone(), settings, gate))
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("imports", &self.imports).finish_non_exhaustive()
    }
}

/// The requests at the settings that hold a URL, after a look whether all required settings are there.
fn grants(description: &Description, settings: &Settings) -> Result<Vec<Grant>> {
    let mut grants = Vec::new();
    for spec in &description.settings {
        let value = settings.expose(&spec.key).filter(|value| !value.trim().is_empty());
        let Some(value) = value else {
            if spec.required {
                return Err(Error::SettingMissing {
                    key: spec.key.clone(),
                    label: spec.label.clone(),
                    help: spec.help.clone(),
                });
            }
            continue;
        };
        if spec.kind == SettingKind::Url {
            let grant = Grant::new(value, &description.requests)
                .map_err(|reason| Error::SettingUnusable { key: spec.key.clone(), reason: reason.to_owned() })?;
            grants.push(grant);
        }
    }
    Ok(grants)
}

/// The settings as the guest gets them, with placeholders for secrets, and the secrets.
fn conceal(description: &Description, settings: Settings) -> Result<(Settings, Vault)> {
    let (mut shown, mut secrets) = (settings.clone(), Vec::new());
    for key in settings.keys() {
        let kind = description.settings.iter().find(|spec| spec.key == key).map(|spec| &spec.kind);
        match kind {
            Some(SettingKind::SecretValue) if !settings.grants_value(key) => {
                return Err(Error::SecretNotGranted { key: key.to_owned() });
            }
            Some(SettingKind::SecretValue) => continue,
            Some(SettingKind::Secret) => {}
            // What was given as a secret is never shown, whatever the provider takes it for.
            Some(
                SettingKind::Text
                | SettingKind::Url
                | SettingKind::Integer
                | SettingKind::Flag
                | SettingKind::Choice(_),
            )
            | None => {
                if settings.is_secret(key) {
                    return Err(Error::SecretUnusable {
                        key: key.to_owned(),
                        reason: "the provider does not describe it as a secret".to_owned(),
                    });
                }
                continue;
            }
        }
        let secret = settings.expose(key).unwrap_or_default().trim();
        if secret.is_empty() {
            continue;
        }
        if !vault::is_usable(secret) {
            let reason = "it holds a space or another character that no header takes".to_owned();
            return Err(Error::SecretUnusable { key: key.to_owned(), reason });
        }
        let placeholder = vault::placeholder().map_err(|error| Error::Runtime { reason: error.to_string() })?;
        shown.set_secret(key, placeholder.clone().into());
        secrets.push((placeholder, secret.to_owned().into()));
    }
    Ok((shown, Vault::new(secrets)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SettingSpec;

    fn description() -> Description {
        let spec = |key: &str, kind| SettingSpec {
            key: key.to_owned(),
            label: String::new(),
            kind,
            required: false,
            default: None,
            help: String::new(),
            attributes: Default::default(),
        };
        let settings = [
            ("url", SettingKind::Url),
            ("token", SettingKind::Secret),
            ("key", SettingKind::SecretValue),
            ("name", SettingKind::Text),
        ];
        Description { settings: settings.map(|(key, kind)| spec(key, kind)).into(), ..empty() }
    }

    fn empty() -> Description {
        Description {
            id: String::new(),
            name: String::new(),
            version: String::new(),
            documentation_url: String::new(),
            settings: Vec::new(),
            requests: Vec::new(),
            license_types: Vec::new(),
            roles: Vec::new(),
            codes: Vec::new(),
            attributes: Default::default(),
        }
    }

    #[test]
    fn a_guest_gets_placeholders_and_the_vault_the_secrets() {
        let mut settings = Settings::new();
        settings.set("url", "https://a.example").set_secret("token", " hunter2\n".into()).set("name", "zoe");
        let (shown, vault) = conceal(&description(), settings).unwrap();
        let shown: Vec<_> = shown.expose_all().collect();
        assert!(shown.iter().all(|(_, value)| !value.contains("hunter2")), "{shown:?}");
        assert!(shown.contains(&("url", "https://a.example")) && shown.contains(&("name", "zoe")));
        let placeholder = shown.iter().find(|(key, _)| *key == "token").unwrap().1;
        let mut headers = http::HeaderMap::new();
        headers.insert("authorization", format!("Bearer {placeholder}").parse().unwrap());
        vault.fill(&mut headers);
        assert_eq!(headers.get("authorization").unwrap(), "Bearer hunter2");
    }

    #[test]
    fn a_secret_that_is_given_as_plain_text_is_concealed_as_well() {
        let mut settings = Settings::new();
        settings.set("token", "hunter2");
        let (shown, _) = conceal(&description(), settings).unwrap();
        assert_ne!(shown.expose("token"), Some("hunter2"));
    }

    #[test]
    fn a_value_is_shown_only_where_that_is_granted() {
        let mut settings = Settings::new();
        settings.set_secret("key", "hunter2".into());
        let refused = conceal(&description(), settings.clone()).err().unwrap();
        assert_eq!(refused.code(), "secret-not-granted");
        settings.grant_value("key");
        let (shown, _) = conceal(&description(), settings).unwrap();
        assert_eq!(shown.expose("key"), Some("hunter2"));
    }

    #[test]
    fn secrets_that_cannot_be_sent_are_refused_without_repeating_them() {
        for (key, secret) in [("token", "two words"), ("token", "li\nne"), ("name", "hunter2"), ("unknown", "hunter2")]
        {
            let mut settings = Settings::new();
            settings.set_secret(key, secret.into());
            let refused = conceal(&description(), settings).err().unwrap();
            assert_eq!(refused.code(), "secret-unusable");
            assert!(!format!("{refused} {refused:?}").contains(secret), "{refused}");
        }
    }
}
