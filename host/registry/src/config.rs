//! `providers.toml`: which components are trusted, and the tenants that use them.
//!
//! ```toml
//! [providers.example]
//! file = "example-provider.wasm"   # beside this file
//! sha256 = "…"                        # or public_key = "…", with the signature in example-provider.wasm.sig
//!
//! [tenants.acme]
//! provider = "example"
//! settings = { server_url = "https://chat.acme.example" }
//! secrets = { access_token = "env:ACME_TOKEN" }   # or "file:/run/secrets/acme"; a relative one is beside this file
//!
//! [tenants.acme.egress]                           # all of it is optional
//! ca_files = ["company-ca.pem"]
//! client_identity = { certificates = "client.pem", key = "client-key.pem" }
//! proxy = { url = "http://proxy.acme.example:3128", user = "acme", password = "env:PROXY", except = ["10.0.0.0/8"] }
//! headers = { x-gateway-key = "env:GATEWAY_KEY" }
//!
//! [tenants.acme.limits]
//! requests_per_second = 20
//!
//! [policy]                                        # of the platform, for all tenants; anything goes without
//! allow = ["https://chat.acme.example", "https://*.example.org"]
//! private_addresses = false                       # but for origins that `allow` names without a wildcard
//! ```

mod egress;
mod secret;
mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use provider_egress::{Error as EgressError, read_regular};
use provider_sandbox::{
    Access, Digest, Limits, Pool, PublicKey, Settings, Trust, read_component, read_signature, sealed,
};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;

use crate::{Error, Result};

use egress::{EgressEntry, PolicyEntry};
pub use secret::{SecretSource, read_secret_file};
use text::Text;

/// A `providers.toml` that was read and makes sense. `Debug` shows names and keys alone; what is behind them has none.
#[derive(Clone)]
pub struct Config {
    path: PathBuf,
    file: File,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    providers: BTreeMap<String, ProviderEntry>,
    #[serde(default)]
    tenants: BTreeMap<String, TenantEntry>,
    #[serde(default)]
    policy: PolicyEntry,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderEntry {
    file: PathBuf,
    sha256: Option<Text<Digest>>,
    public_key: Option<Text<PublicKey>>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantEntry {
    provider: String,
    #[serde(default)]
    settings: BTreeMap<String, Written>,
    #[serde(default)]
    secrets: BTreeMap<String, Text<SecretSource>>,
    /// Secrets of kind `secret-value` whose value the provider may see.
    #[serde(default)]
    grant_values: Vec<String>,
    #[serde(default)]
    egress: EgressEntry,
    #[serde(default)]
    limits: LimitsEntry,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsEntry {
    memory_mib: Option<u16>,
    call_seconds: Option<u32>,
    cpu_seconds: Option<u32>,
    request_seconds: Option<u32>,
    stall_seconds: Option<u32>,
    wait_seconds: Option<u32>,
    instances: Option<u32>,
    requests_in_flight: Option<u32>,
    requests_per_call: Option<u64>,
    requests_per_second: Option<NonZeroU32>,
    request_body_kib: Option<u32>,
    sent_mib: Option<u32>,
    response_header_bytes: Option<u32>,
    response_headers: Option<u32>,
    response_body_mib: Option<u16>,
}

/// The text of a setting, wiped like a secret, since it may be one that was put in the wrong place.
#[derive(Clone)]
struct Written(SecretString);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(sealed(text)))
    }
}

/// Bytes of the largest file: thousands of tenants.
const FILE_BYTES: usize = 1024 * 1024;

impl Config {
    /// Reads a regular file of 1 MiB at most. No secret is read yet.
    ///
    /// # Errors
    /// It cannot be read, is not TOML, has an unknown key, names a provider that it does not define, or has a provider
    /// without a digest or a key.
    pub fn read(path: &Path) -> Result<Self> {
        let unusable = |reason: &str| Error::ConfigUnusable { path: path.to_owned(), reason: reason.to_owned() };
        let bytes = match read_regular(path, FILE_BYTES) {
            Ok(Ok(bytes)) => Zeroizing::new(bytes),
            Ok(Err(_)) => return Err(unusable("it is larger than 1 MiB")),
            Err(EgressError::NotAFile { .. }) => return Err(unusable("it is not a regular file")),
            Err(error) => return Err(error.into()),
        };
        let text = str::from_utf8(&bytes).map_err(|_| unusable("it is not UTF-8 text"))?;
        Self::parse(path, text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self> {
        let unusable = |reason: String| Error::ConfigUnusable { path: path.to_owned(), reason };
        let file: File = toml::from_str(text).map_err(|error| {
            // The error's own text shows the line, which may hold a secret that was put in the wrong place.
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count().saturating_add(1);
            unusable(format!("line {line}: {}", without_value(error.message())))
        })?;
        for (id, provider) in &file.providers {
            if provider.sha256.is_none() && provider.public_key.is_none() {
                return Err(unusable(format!("the provider `{id}` has neither a sha256 nor a public_key")));
            }
        }
        for (name, tenant) in &file.tenants {
            if !file.providers.contains_key(&tenant.provider) {
                return Err(unusable(format!(
                    "the tenant `{name}` uses `{}`, which this file does not define",
                    tenant.provider
                )));
            }
            if let Some(key) = tenant.settings.keys().find(|key| tenant.secrets.contains_key(*key)) {
                return Err(unusable(format!("`{key}` of the tenant `{name}` is both a setting and a secret")));
            }
            let limits = tenant.limits.limits();
            limits.check().map_err(|error| unusable(format!("the tenant `{name}`: {error}")))?;
        }
        file.policy.policy()?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// The ids of the providers.
    pub fn providers(&self) -> impl Iterator<Item = &str> {
        self.file.providers.keys().map(String::as_str)
    }

    /// The names of the tenants, each with the id of its provider.
    pub fn tenants(&self) -> impl Iterator<Item = (&str, &str)> {
        self.file.tenants.iter().map(|(name, tenant)| (name.as_str(), tenant.provider.as_str()))
    }

    /// Where a provider's component lies.
    ///
    /// # Errors
    /// There is no such provider.
    pub fn component_path(&self, provider: &str) -> Result<PathBuf> {
        let entry = self.file.providers.get(provider);
        Ok(self.beside(&entry.ok_or_else(|| Error::ProviderUnknown { id: provider.to_owned() })?.file))
    }

    /// Reads a provider's component and checks that its bytes are trusted. The file may have as many bytes as the default of
    /// [`Pool::component_bytes`] allows.
    ///
    /// # Errors
    /// There is no such provider, its file cannot be read, or it is not the one that is pinned or signed.
    pub fn component(&self, provider: &str) -> Result<Vec<u8>> {
        let entry =
            self.file.providers.get(provider).ok_or_else(|| Error::ProviderUnknown { id: provider.to_owned() })?;
        let path = self.beside(&entry.file);
        let bytes = read_component(&path, Pool::default().component_bytes)?;
        if let Some(Text(digest)) = &entry.sha256 {
            Trust::Pinned(*digest).check(&bytes, None)?;
        }
        if let Some(Text(key)) = &entry.public_key {
            Trust::SignedBy(key.clone()).check(&bytes, read_signature(&path)?.as_deref())?;
        }
        Ok(bytes)
    }

    /// What a tenant is connected with. Reads its secrets now, and makes a client for this tenant alone.
    ///
    /// # Errors
    /// There is no such tenant, a secret is not where it should be, or the client cannot be set up.
    pub fn access(&self, tenant: &str) -> Result<Access> {
        let unusable = |reason: String| Error::ConfigUnusable { path: self.path.clone(), reason };
        let entry = self.file.tenants.get(tenant).ok_or_else(|| unusable(format!("there is no tenant `{tenant}`")))?;
        let mut settings = Settings::new();
        for (key, Written(value)) in &entry.settings {
            settings.set_written(key, value.clone());
        }
        let read = |key: &str, source: &SecretSource| -> Result<SecretString> {
            let source = source.at(|path| self.beside(path));
            source.read().map_err(|reason| {
                unusable(format!("the secret `{key}` of the tenant `{tenant}` is not in {source}: {reason}"))
            })
        };
        for (key, Text(source)) in &entry.secrets {
            settings.set_secret(key, read(key, source)?);
        }
        for key in &entry.grant_values {
            settings.grant_value(key);
        }
        let egress = entry.egress.egress(|path| self.beside(path), read)?;
        let access = Access::new(settings, egress).limits(entry.limits.limits()).named(tenant);
        Ok(access.within(self.file.policy.policy()?))
    }

    /// A path as the file means it: beside itself.
    fn beside(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = |tenant: &TenantEntry| tenant.settings.keys().chain(tenant.secrets.keys()).cloned().collect();
        let tenants: BTreeMap<&str, Vec<String>> =
            self.file.tenants.iter().map(|(name, tenant)| (name.as_str(), keys(tenant))).collect();
        f.debug_struct("Config")
            .field("path", &self.path)
            .field("providers", &self.file.providers.keys())
            .field("tenants", &tenants)
            .finish_non_exhaustive()
    }
}

/// What is wrong with a file, without the wrong value: it may be a secret that was put in the wrong place.
fn without_value(message: &str) -> String {
    if ["invalid type: ", "invalid value: ", "invalid length: "].iter().any(|start| message.starts_with(start)) {
        let expected = message.rsplit_once(", expected ").map_or("another", |(_, expected)| expected);
        return format!("an invalid value; expected {expected}");
    }
    let name = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
    let is_name = |name: &str| name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    match name {
        Some((name, rest)) if !is_name(name) => format!("unknown field{rest}"),
        Some(_) | None => message.to_owned(),
    }
}

impl LimitsEntry {
    fn limits(&self) -> Limits {
        let default = Limits::default();
        let seconds = |given: Option<u32>, or| given.map_or(or, |seconds| Duration::from_secs(seconds.into()));
        let mut limits = default.clone();
        limits.memory_bytes = self.memory_mib.map_or(default.memory_bytes, |mib| usize::from(mib) * 1024 * 1024);
        limits.call_time = seconds(self.call_seconds, default.call_time);
        limits.cpu_time = seconds(self.cpu_seconds, default.cpu_time);
        limits.request_time = seconds(self.request_seconds, default.request_time);
        limits.listing.stall_time = seconds(self.stall_seconds, default.listing.stall_time);
        limits.listing.wait_time = seconds(self.wait_seconds, default.listing.wait_time);
        limits.instances = self.instances.unwrap_or(default.instances);
        limits.requests_in_flight = self.requests_in_flight.unwrap_or(default.requests_in_flight);
        limits.requests_per_call = self.requests_per_call.unwrap_or(default.requests_per_call);
        limits.requests_per_second = self.requests_per_second.or(default.requests_per_second);
        limits.request_body_bytes =
            self.request_body_kib.map_or(default.request_body_bytes, |kib| u64::from(kib) * 1024);
        limits.sent_bytes = self.sent_mib.map_or(default.sent_bytes, |mib| u64::from(mib) * 1024 * 1024);
        limits.response_header_bytes = self.response_header_bytes.unwrap_or(default.response_header_bytes);
        limits.response_headers = self.response_headers.unwrap_or(default.response_headers);
        limits.response_body_bytes =
            self.response_body_mib.map_or(default.response_body_bytes, |mib| u64::from(mib) * 1024 * 1024);
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_egress::Policy;

    const PIN: &str = "[providers.example]\nfile = \"m.wasm\"\nsha256 = \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"\n";

    #[track_caller]
    fn refused(text: &str, expect: &str) {
        let error = Config::parse(Path::new("conf/providers.toml"), text).unwrap_err();
        assert_eq!(error.code(), "config-unusable");
        let message = error.to_string();
        assert!(message.contains("conf/providers.toml") && message.contains(expect), "{message}");
    }

    #[test]
    fn invalid_configuration_is_reported_with_its_place() {
        refused("[providers", "line 1");
        refused("[provider.example]\nfile = \"m.wasm\"", "unknown field `provider`");
        refused("[providers.example]\nfile = \"m.wasm\"", "neither a sha256 nor a public_key");
        refused("[providers.example]\nfile = \"m.wasm\"\nsha256 = \"12\"", "64 hexadecimal digits");
        refused("[providers.example]\nfile = \"m.wasm\"\npublic_key = \"AAAA\"", "not an Ed25519 public key");
        refused("[tenants.acme]\nprovider = \"example\"", "`acme` uses `example`");
        let misplaced = format!("{PIN}[tenants.acme]\nprovider = \"example\"\nsecrets = {{ t = \"hunter2\" }}");
        refused(&misplaced, "line 6: give the place of the secret instead of the secret: env:NAME");
        let error = Config::parse(Path::new("p"), &misplaced).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        refused(&format!("{PIN}[tenants.acme]\nprovider = \"example\"\nlimits = {{ cpus = 4 }}"), "cpus");
        let both = format!("{PIN}[tenants.acme]\nprovider = \"example\"\nsettings.t = \"x\"\nsecrets.t = \"env:T\"");
        refused(&both, "`t` of the tenant `acme` is both a setting and a secret");
    }

    #[cfg(unix)]
    #[test]
    fn a_configuration_that_is_not_a_text_file_is_refused_at_once() {
        use rustix::fs::{CWD, Mode, mkfifoat};

        let folder = std::env::temp_dir().join(format!("provider-host-config-forms-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = |name: &str| folder.join(name);
        mkfifoat(CWD, file("pipe"), Mode::RUSR | Mode::WUSR).unwrap();
        std::fs::File::create(file("sparse")).unwrap().set_len(6 << 30).unwrap();
        std::fs::write(file("bytes"), [b'#', 0xff]).unwrap();
        let cases = [
            (file("pipe"), "it is not a regular file"),
            (folder.clone(), "it is not a regular file"),
            (PathBuf::from("/dev/zero"), "it is not a regular file"),
            (file("sparse"), "it is larger than 1 MiB"),
            (file("bytes"), "it is not UTF-8 text"),
        ];
        for (path, reason) in cases {
            let error = Config::read(&path).unwrap_err();
            assert_eq!((error.code(), error.to_string().contains(reason)), ("config-unusable", true), "{error}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_secret_that_was_put_in_the_wrong_place_is_nowhere_repeated() {
        let tenant = format!("{PIN}[tenants.acme]\nprovider = \"example\"\n");
        // Each with the line that the error names.
        for (text, line) in [
            ("secrets = { t = \"hunter2\" }", 6),
            ("secrets = { t = \"hunter2:x\" }", 6),
            ("secrets = { t = 4711081511 }", 6),
            ("secrets = { t = 4711.081511 }", 6),
            ("secrets = { t = [\"hunter2\"] }", 6),
            ("settings = { t = 4711081511 }", 6),
            ("settings = { t = 4711.081511 }", 6),
            ("settings = { t = true, u = 4711081511 }", 6),
            ("settings = { t = [\"hunter2\"] }", 6),
            ("settings = { t = { u = \"hunter2\" } }", 6),
            ("settings = { t = hunter2 }", 6),
            ("settings = { t = \"hunter2 }", 6),
            ("settings = { t = 'hunter2'' }", 6),
            ("settings.t = \"x\"\nsettings.t = \"hunter2\"", 7),
            ("settings = \"hunter2\"", 6),
            ("grant_values = \"hunter2\"", 6),
            ("grant_values = 4711081511", 6),
            ("limits = { call_seconds = \"hunter2\" }", 6),
            ("limits = { call_seconds = 4711081511 }", 6),
            ("hunter2", 6),
            ("hunter2 = \"x\"", 6),
            ("\"hunter2\" = 4711081511", 6),
            ("egress.proxy.url = 4711081511", 6),
            ("egress.proxy = \"http://hunter2@proxy.example\"", 6),
            ("egress.headers = { x-key = \"hunter2\" }", 6),
            ("egress.headers = { x-key = 4711081511 }", 6),
        ] {
            let error = Config::parse(Path::new("p"), &format!("{tenant}{text}\n")).err().unwrap();
            let message = format!("{error} {error:?} {:?}", error.fix());
            assert!(!message.contains("hunter2") && !message.contains("4711"), "{text}: {message}");
            assert!(message.contains(&format!("line {line}: ")), "{text}: {message}");
        }
    }

    #[test]
    fn a_token_among_the_settings_is_shown_to_nobody() {
        let text = format!("{PIN}[tenants.acme]\nprovider = \"example\"\nsettings = {{ access_token = \"hunter2\" }}");
        let config = Config::parse(Path::new("p"), &text).unwrap();
        let shown = format!("{config:?} {:?}", config.access("acme").unwrap());
        assert!(!shown.contains("hunter2") && shown.contains("access_token"), "{shown}");
        // What a provider describes as a secret is refused from there: `access.rs`.
        assert!(config.access("acme").unwrap().settings.is_written("access_token"));
    }

    #[test]
    fn the_file_configures_proxy_certificates_and_limits() {
        let tenant = "[tenants.acme]\nprovider = \"example\"\n";
        let access = |text: &str| {
            let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../egress/testdata/providers.toml"));
            Config::parse(path, &format!("{PIN}{tenant}{text}"))?.access("acme")
        };
        let all = "[tenants.acme.egress]\nca_files = [\"authority.pem\"]\n\
             client_identity = { certificates = \"server.pem\", key = \"server-key.pem\" }\n\
             proxy = { url = \"http://proxy.example:3128\", user = \"u\", password = \"env:PATH\", except = [\"a\"] }\n\
             headers = { x-gateway-key = \"env:PATH\" }\n\
             [tenants.acme.limits]\nrequests_in_flight = 3\nrequests_per_call = 4\nrequests_per_second = 5\n\
             request_body_kib = 12\nsent_mib = 13\nresponse_header_bytes = 6\nresponse_headers = 7\nresponse_body_mib = 8\n\
             request_seconds = 9\nstall_seconds = 10\nwait_seconds = 11\n\
             [policy]\nallow = [\"https://a.example\"]\nprivate_addresses = false\n";
        let given = access(all).unwrap();
        let limits = &given.limits;
        assert_eq!((limits.requests_in_flight, limits.requests_per_call), (3, 4));
        assert_eq!(limits.requests_per_second, NonZeroU32::new(5));
        assert_eq!((limits.request_body_bytes, limits.sent_bytes), (12 << 10, 13 << 20));
        assert_eq!((limits.response_header_bytes, limits.response_headers), (6, 7));
        assert_eq!(limits.response_body_bytes, 8 << 20);
        let times = [limits.request_time, limits.listing.stall_time, limits.listing.wait_time];
        assert_eq!(times, [9, 10, 11].map(Duration::from_secs));
        assert_eq!(given.policy, Policy::new(["https://a.example"]).unwrap().private_addresses(false));
        assert_eq!(access("").unwrap().policy, Policy::default());
        for (text, code) in [
            ("[policy]\nallow = [\"a.example\"]", "policy-unusable"),
            ("egress.proxy.url = \"https://proxy.example\"", "proxy-unusable"),
            ("egress.headers.host = \"env:PATH\"", "header-unusable"),
            ("egress.headers.x-key = \"env:NO_SUCH_VARIABLE\"", "config-unusable"),
            ("egress.ca_files = [\"none.pem\"]", "ca-file-unusable"),
            (
                "egress.client_identity = { certificates = \"none.pem\", key = \"none.pem\" }",
                "client-identity-unusable",
            ),
            ("limits.requests_per_second = 0", "config-unusable"),
            ("limits.memory_mib = 0", "config-unusable"),
            ("limits.call_seconds = 0", "config-unusable"),
            ("limits.cpu_seconds = 0", "config-unusable"),
            ("limits.instances = 0", "config-unusable"),
            ("limits.requests_in_flight = 0", "config-unusable"),
            ("limits.requests_per_call = 0", "config-unusable"),
            ("limits.response_header_bytes = 0", "config-unusable"),
            ("limits.response_headers = 0", "config-unusable"),
            ("limits.response_body_mib = 0", "config-unusable"),
        ] {
            assert_eq!(access(text).unwrap_err().code(), code, "{text}");
        }
    }

    #[test]
    fn a_tenant_has_its_settings_limits_and_secrets() {
        let folder = std::env::temp_dir().join(format!("provider-host-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("token"), "hunter2\n").unwrap();
        std::fs::write(folder.join("m.wasm"), "abc").unwrap();
        let text = format!(
            "{PIN}[tenants.acme]\nprovider = \"example\"\nsettings = {{ server_url = \"https://a.example\" }}\n\
             secrets = {{ access_token = \"file:token\", other = \"file:/nowhere\" }}\n\
             limits = {{ memory_mib = 8, call_seconds = 9, instances = 2 }}\n",
        );
        let config = Config::parse(&folder.join("providers.toml"), &text).unwrap();
        assert_eq!(config.component("example").unwrap(), b"abc");
        assert_eq!(config.tenants().collect::<Vec<_>>(), [("acme", "example")]);
        let error = config.access("acme").unwrap_err().to_string();
        assert!(error.contains("`other` of the tenant `acme`") && error.contains("/nowhere"), "{error}");
        let config =
            Config::parse(&folder.join("providers.toml"), &text.replace(", other = \"file:/nowhere\"", "")).unwrap();
        let access = config.access("acme").unwrap();
        assert_eq!(access.settings.expose("access_token"), Some("hunter2"));
        assert_eq!((access.limits.memory_bytes, access.limits.instances), (8 << 20, 2));
        assert!(!format!("{access:?} {config:?}").contains("hunter2"));
        std::fs::write(folder.join("m.wasm"), "abd").unwrap();
        assert_eq!(config.component("example").unwrap_err().code(), "digest-differs");
        assert_eq!(config.component("other").unwrap_err().code(), "provider-unknown");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
