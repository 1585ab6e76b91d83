//! From the command line to a session with the product.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use provider_host::model::Description;
use provider_host::{Access, Egress, EgressOptions, Limits, Pool, Provider, Sandbox, Session};

use crate::args::{ComponentArgs, ConnectArgs};
use crate::component::Places;
use crate::exit::Failure;
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
    let file = Places::detect().find(args.component.as_deref()).map_err(Failure::failed)?;
    Ok(Sandbox::new(Pool::default())?.load_file(&file)?)
}

/// What one call may use.
pub(crate) fn limits(args: &ComponentArgs) -> Limits {
    let mut limits = Limits::default();
    if let Some(seconds) = args.timeout {
        limits.call_time = Duration::from_secs(seconds);
    }
    limits
}

/// Follows `--set`, `--secret`, `--ca-file` and `--component`. The command line is judged before anything is sent.
pub(crate) async fn connect(args: &ConnectArgs) -> Result<Connection, Failure> {
    let given = Given::parse(&args.set, &args.secret).map_err(Failure::usage)?;
    let provider = load(&args.component)?;
    let description = provider.describe().await?;
    given.check(&description).map_err(Failure::usage)?;
    let vault = Vault { env: &|name| std::env::var_os(name), file: &read_secret };
    let values = given.read(&vault).map_err(Failure::usage)?;
    let mut options = EgressOptions::default();
    options.ca_files.clone_from(&args.ca_file);
    let egress = Egress::new(options)?;
    let access = Access::new(settings(values, &description), egress.clone()).limits(limits(&args.component));
    let session = provider.connect(access).await?;
    Ok(Connection { description, session, egress })
}

fn read_secret(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_SECRET + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST_SECRET {
        return Err(std::io::Error::other("it is larger than 64 KiB"));
    }
    Ok(bytes)
}
