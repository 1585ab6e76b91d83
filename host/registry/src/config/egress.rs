//! What the file says of the way to servers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use provider_egress::{ClientIdentity, Egress, EgressOptions, ExtraHeader, Policy, Proxy};
use secrecy::SecretString;
use serde::Deserialize;

use super::secret::SecretSource;
use super::text::Text;
use crate::Result;

/// A tenant's own client.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EgressEntry {
    #[serde(default)]
    ca_files: Vec<PathBuf>,
    client_identity: Option<ClientIdentityEntry>,
    proxy: Option<ProxyEntry>,
    /// Headers for a gateway, by name.
    #[serde(default)]
    headers: BTreeMap<String, Text<SecretSource>>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientIdentityEntry {
    certificates: PathBuf,
    key: PathBuf,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProxyEntry {
    url: String,
    #[serde(default)]
    user: String,
    password: Option<Text<SecretSource>>,
    /// Hosts to reach without it.
    #[serde(default)]
    except: Vec<String>,
}

/// What the operator of the platform allows all tenants.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyEntry {
    allow: Option<Vec<String>>,
    private_addresses: Option<bool>,
}

impl EgressEntry {
    /// A client of its own. `beside` places a file, and `read` a secret with what it is for.
    pub(super) fn egress(
        &self,
        beside: impl Fn(&Path) -> PathBuf,
        read: impl Fn(&str, &SecretSource) -> Result<SecretString>,
    ) -> Result<Egress> {
        let identity =
            |entry: &ClientIdentityEntry| ClientIdentity::from_files(&beside(&entry.certificates), &beside(&entry.key));
        let proxy = |entry: &ProxyEntry| -> Result<Proxy> {
            let proxy: Proxy = Proxy::new(&entry.url)?.except(&entry.except)?;
            match &entry.password {
                Some(Text(source)) => Ok(proxy.credentials(&entry.user, &read("egress.proxy.password", source)?)?),
                None => Ok(proxy),
            }
        };
        let header = |(name, Text(source)): (&String, &Text<SecretSource>)| {
            Result::Ok(ExtraHeader::new(name, &read(&format!("egress.headers.{name}"), source)?)?)
        };
        let mut options = EgressOptions::default();
        options.ca_files = self.ca_files.iter().map(|file| beside(file)).collect();
        options.client_identity = self.client_identity.as_ref().map(identity).transpose()?;
        options.proxy = self.proxy.as_ref().map(proxy).transpose()?;
        options.headers = self.headers.iter().map(header).collect::<Result<_>>()?;
        Ok(Egress::new(options)?)
    }
}

impl PolicyEntry {
    pub(super) fn policy(&self) -> Result<Policy> {
        let policy = self.allow.as_ref().map_or_else(|| Ok(Policy::default()), Policy::new)?;
        Ok(policy.private_addresses(self.private_addresses.unwrap_or(true)))
    }
}
