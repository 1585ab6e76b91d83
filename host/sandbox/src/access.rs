//! What a provider is connected with: settings, an HTTP client, grants and limits.

use std::sync::Arc;
use std::time::Duration;

use provider_egress::audit::Audit;
use provider_egress::{
    Concealed, Egress, EgressSession, Grant, Policy, Sender, SessionOptions, Turns, Vault, ascii_url, fault,
    placeholder,
};
use provider_model::{Description, RequestSpec, SettingKind};

use crate::{Error, Limits, Result, Settings, demands};

/// What a provider is connected with.
#[derive(Clone, Debug)]
pub struct Access {
    /// The settings, with the secrets among them.
    pub settings: Settings,
    /// The client that its requests go through.
    pub egress: Egress,
    /// How much a session may use.
    pub limits: Limits,
    /// The owner's name, such as a tenant's, for the audit log.
    pub name: String,
    /// The requests that are granted of those that the provider describes; `None` grants all.
    pub requests: Option<Arc<Vec<RequestSpec>>>,
    /// What the operator of the platform allows.
    pub policy: Policy,
    /// Records each request.
    pub audit: Option<Arc<dyn Audit>>,
    /// The queue of its requests, shared with the tenant's other sessions; `None` if the session shares it with no
    /// other.
    turns: Option<Turns>,
}

impl Access {
    /// Uses these settings, this client and the default limits.
    #[must_use]
    pub fn new(settings: Settings, egress: Egress) -> Self {
        Self {
            settings,
            egress,
            limits: Limits::default(),
            name: String::new(),
            requests: None,
            policy: Policy::default(),
            audit: None,
            turns: None,
        }
    }

    /// Makes all sessions that are opened from now on share one quota, with the current limits.
    pub fn in_turn(mut self) -> Self {
        self.turns = Some(Turns::new(&self.limits.traffic()));
        self
    }

    /// The client that its requests go through.
    #[must_use]
    pub const fn egress(&self) -> &Egress {
        &self.egress
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the time without progress after which a listing ends, and the longest wait that a product may ask for.
    #[must_use]
    pub const fn stalling_after(mut self, time: Duration) -> Self {
        self.limits.listing.stall_time = time;
        self.limits.listing.wait_time = time;
        self
    }

    /// How long a listing may go without progress.
    #[must_use]
    pub const fn stall_time(&self) -> Duration {
        self.limits.listing.stall_time
    }

    /// Limits the time of a call, if that is shorter than the present limit.
    #[must_use]
    pub fn answering_within(mut self, time: Duration) -> Self {
        self.limits.call_time = self.limits.call_time.min(time);
        self
    }

    /// Sets the owner's name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Grants only these of the requests that the provider describes.
    #[must_use]
    pub fn only(mut self, requests: Vec<RequestSpec>) -> Self {
        self.requests = Some(Arc::new(requests));
        self
    }

    /// Sets the policy of the platform's operator: requests go only to origins that it allows.
    #[must_use]
    pub fn within(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Records each request in this log.
    #[must_use]
    pub fn audited(mut self, audit: Arc<dyn Audit>) -> Self {
        self.audit = Some(audit);
        self
    }

    /// What a provider of this description gets: the settings with placeholders for secrets, and a session for requests.
    pub(crate) fn open(self, description: &Description) -> Result<(Settings, EgressSession)> {
        let Self { settings, egress, limits, name, requests, policy, audit, turns } = self;
        demands::check(description)?;
        let (shown, vault) = conceal(description, &settings)?;
        let grants = grants(description, &settings, requests.as_deref().map(Vec::as_slice))?;
        let sender = Sender { tenant: name, provider: description.id.clone(), version: description.version.clone() };
        let (policy, limits) = (&policy, &limits.traffic());
        let turns = turns.unwrap_or_else(|| Turns::new(limits));
        let egress =
            EgressSession::open(egress, SessionOptions { grants, vault, policy, limits, turns, sender, audit })?;
        Ok((shown, egress))
    }
}

/// The requests at the settings that hold a URL. First checks that all required settings are there.
fn grants(description: &Description, settings: &Settings, only: Option<&[RequestSpec]>) -> Result<Vec<Grant>> {
    let granted = |spec: &RequestSpec| only.map_or_else(|| Some(spec.clone()), |only| spec.within(only));
    let requests: Vec<_> = description.requests.iter().filter_map(granted).collect();
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
            let headers = description.settings.iter().filter_map(|other| {
                let SettingKind::Secret(place) = &other.kind else { return None };
                (place.url == spec.key).then(|| place.header.clone())
            });
            let grant = Grant::new(&spec.key, value, &requests, headers.collect())
                .map_err(|reason| Error::SettingUnusable { key: spec.key.clone(), reason: reason.to_owned() })?;
            grants.push(grant);
        }
    }
    Ok(grants)
}

/// The settings as the guest gets them, with placeholders for secrets, and the secrets.
fn conceal(description: &Description, settings: &Settings) -> Result<(Settings, Vault)> {
    let (mut shown, mut secrets, mut values) = (settings.clone(), Vec::new(), Vec::new());
    for key in settings.keys() {
        let kind = description.settings.iter().find(|spec| spec.key == key).map(|spec| &spec.kind);
        if kind.is_some_and(SettingKind::is_secret) && settings.is_written(key) {
            let reason = "it is written down among the settings; name its place among the secrets instead".to_owned();
            return Err(Error::SecretUnusable { key: key.to_owned(), reason });
        }
        let place = match kind {
            Some(SettingKind::SecretValue) if !settings.grants_value(key) => {
                return Err(Error::SecretNotGranted { key: key.to_owned() });
            }
            Some(SettingKind::SecretValue) => {
                values.push(settings.expose(key).unwrap_or_default().trim().into());
                continue;
            }
            Some(SettingKind::Secret(place)) => place.clone(),
            // A value that was given as a secret is never shown, whatever the provider describes it as.
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
                if kind == Some(&SettingKind::Url) {
                    shown.set(key, ascii_url(settings.expose(key).unwrap_or_default()));
                }
                continue;
            }
        };
        // Some editors write a byte order mark before a text.
        let secret = settings.expose(key).unwrap_or_default().trim_start_matches('\u{feff}').trim();
        if secret.is_empty() {
            continue;
        }
        if let Some(reason) = fault(secret) {
            return Err(Error::SecretUnusable { key: key.to_owned(), reason: reason.to_owned() });
        }
        let stand_in = placeholder().map_err(|error| Error::Runtime { reason: error.into() })?;
        shown.set_secret(key, stand_in.clone().into());
        secrets.push(Concealed { placeholder: stand_in, secret: secret.to_owned().into(), place });
    }
    Ok((shown, Vault::new(secrets, values)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_egress::Asked;
    use provider_testing::samples;

    fn description() -> Description {
        samples::description_with([
            ("url", SettingKind::Url),
            ("token", samples::secret()),
            ("key", SettingKind::SecretValue),
            ("name", SettingKind::Text),
        ])
    }

    #[test]
    fn only_granted_requests_of_the_description_are_sent() {
        let spec = |method: &str| samples::request(method, "/users/{}");
        let wider = Description { requests: vec![spec("GET"), spec("DELETE")], ..description() };
        let mut settings = Settings::new();
        settings.set("url", "https://a.example");
        let uri: http::Uri = "https://a.example/users/zoe".parse().unwrap();
        let lets_out = |only: Option<&[RequestSpec]>, method: http::Method| {
            let grants = grants(&wider, &settings, only).unwrap();
            let asked = Asked { method: &method, uri: &uri, headers: &http::HeaderMap::new() };
            grants.iter().any(|grant| grant.find(asked, std::iter::empty()).is_some_and(|found| found.beyond.is_none()))
        };
        let granted = [RequestSpec { purpose: "In other words.".to_owned(), ..spec("GET") }];
        for (only, method, expect) in [
            (None, http::Method::GET, true),
            (None, http::Method::DELETE, true),
            (Some(granted.as_slice()), http::Method::GET, true),
            (Some(granted.as_slice()), http::Method::DELETE, false),
            (Some([].as_slice()), http::Method::GET, false),
        ] {
            assert_eq!(lets_out(only, method.clone()), expect, "{only:?} {method}");
        }
    }

    #[test]
    fn a_guest_gets_placeholders_and_the_vault_the_secrets() {
        let mut settings = Settings::new();
        settings.set("url", "https://ä.example").set_secret("token", "\u{feff} hunter2\n".into()).set("name", "zoe");
        let (shown, vault) = conceal(&description(), &settings).unwrap();
        let shown: Vec<_> = shown.expose_all().collect();
        assert!(shown.iter().all(|(_, value)| !value.contains("hunter2")), "{shown:?}");
        assert!(shown.contains(&("url", "https://xn--4ca.example")) && shown.contains(&("name", "zoe")));
        let placeholder = shown.iter().find(|(key, _)| *key == "token").unwrap().1;
        let mut headers = http::HeaderMap::new();
        headers.insert("authorization", format!("Bearer {placeholder}").parse().unwrap());
        vault.fill(&mut headers, &["url".into()]);
        assert_eq!(headers.get("authorization").unwrap(), "Bearer hunter2");
    }

    #[test]
    fn a_secret_that_is_given_as_plain_text_is_concealed_as_well() {
        let mut settings = Settings::new();
        settings.set("token", "hunter2");
        let (shown, _) = conceal(&description(), &settings).unwrap();
        assert_ne!(shown.expose("token"), Some("hunter2"));
    }

    #[test]
    fn a_value_is_shown_only_if_that_is_granted() {
        let mut settings = Settings::new();
        settings.set_secret("key", "hunter2".into());
        let refused = conceal(&description(), &settings).err().unwrap();
        assert_eq!(refused.code(), "secret-not-granted");
        settings.grant_value("key");
        let (shown, _) = conceal(&description(), &settings).unwrap();
        assert_eq!(shown.expose("key"), Some("hunter2"));
    }

    #[test]
    fn secrets_that_cannot_be_sent_are_refused_without_repeating_them() {
        let mut written = Settings::new();
        written.set_written("token", "hunter2".into());
        let refused = conceal(&description(), &written).err().unwrap();
        assert_eq!(refused.code(), "secret-unusable");
        assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused}");
        for (key, secret) in [("token", "two words"), ("token", "li\nne"), ("name", "hunter2"), ("unknown", "hunter2")]
        {
            let mut settings = Settings::new();
            settings.set_secret(key, secret.into());
            let refused = conceal(&description(), &settings).err().unwrap();
            assert_eq!(refused.code(), "secret-unusable");
            assert!(!format!("{refused} {refused:?}").contains(secret), "{refused}");
        }
    }
}
