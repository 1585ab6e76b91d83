//! From the command line to a session with the product.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use provider_host::model::Description;
use provider_host::{Access, Config, Egress, EgressOptions, Limits, Pool, Provider, Sandbox, Session};

use crate::args::{ComponentArgs, ConnectArgs, ServerArgs};
use crate::component::Places;
use crate::exit::{Complaint, Failure};
use crate::settings::{Given, Vault, settings};

/// The largest file that a secret is read from, in bytes: what does not end would be read for ever.
const LARGEST_SECRET: u64 = 64 * 1024;

/// A session, and what its requests go through.
pub(crate) struct Connection {
    /// What the component says of itself.
    pub(crate) description: Description,
    /// One instance of it, with its settings.
    pub(crate) session: Session,
    /// Counts the requests.
    pub(crate) egress: Egress,
}

/// Loads the component.
pub(crate) fn load(args: &ComponentArgs) -> Result<Provider, Failure> {
    Ok(Sandbox::new(Pool::default())?.load(&read(args)?)?)
}

/// Reads the component's bytes.
pub(crate) fn read(args: &ComponentArgs) -> Result<Vec<u8>, Failure> {
    let file = Places::detect().find(args.component.as_deref()).map_err(Failure::failed)?;
    let unreadable = |error| Complaint::new("file-unreadable", format!("{}: {error}", file.display()));
    std::fs::read(&file).map_err(|error| Failure::failed(unreadable(error)))
}

/// What one call may use.
pub(crate) fn limits(args: &ComponentArgs) -> Limits {
    let mut limits = Limits::default();
    if let Some(seconds) = args.timeout {
        limits.call_time = Duration::from_secs(seconds);
    }
    limits
}

/// Follows the command line. It is judged before anything is sent.
pub(crate) async fn connect(args: &ConnectArgs) -> Result<Connection, Failure> {
    if let (Some(config), Some(tenant)) = (&args.config, &args.tenant) {
        return connect_tenant(config, tenant).await;
    }
    let provider = load(&args.component)?;
    let description = provider.describe().await?;
    let access = access(&args.server, &description)?.limits(limits(&args.component));
    let egress = access.egress().clone();
    let session = provider.connect(access).await?;
    Ok(Connection { description, session, egress })
}

/// As a tenant of a providers.toml, with the component that is trusted there.
async fn connect_tenant(config: &Path, tenant: &str) -> Result<Connection, Failure> {
    let config = Config::read(config)?;
    let Some((_, provider)) = config.tenants().find(|(name, _)| *name == tenant) else {
        let known: Vec<&str> = config.tenants().map(|(name, _)| name).collect();
        let complaint = Complaint::new("tenant-unknown", format!("there is no tenant {tenant}"))
            .fix(format!("use one of {}", known.join(", ")));
        return Err(Failure::usage(complaint));
    };
    let provider = Sandbox::new(Pool::default())?.load(&config.component(provider)?)?;
    let description = provider.describe().await?;
    let access = config.access(tenant)?;
    let egress = access.egress().clone();
    let session = provider.connect(access).await?;
    Ok(Connection { description, session, egress })
}

/// Follows `--set`, `--secret` and how requests are sent.
pub(crate) fn access(args: &ServerArgs, description: &Description) -> Result<Access, Failure> {
    let given = Given::parse(&args.set, &args.secret).map_err(Failure::usage)?;
    given.check(description).map_err(Failure::usage)?;
    let vault = Vault { env: &|name| std::env::var_os(name), file: &read_secret };
    let mut settings = settings(given.read(&vault).map_err(Failure::usage)?, description);
    for key in &args.grant_value {
        settings.grant_value(key);
    }
    let mut options = EgressOptions::default();
    options.ca_files.clone_from(&args.ca_file);
    Ok(Access::new(settings, Egress::new(options)?))
}

fn read_secret(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_SECRET + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST_SECRET {
        return Err(std::io::Error::other("it is larger than 64 KiB"));
    }
    Ok(bytes)
}
