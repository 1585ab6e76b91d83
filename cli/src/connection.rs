//! From the command line to a session with the product.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use provider_host::audit::JsonLines;
use provider_host::model::Description;
use provider_host::{
    Access, Cache, ClientIdentity, CompilerProcess, Config, Denial, Egress, EgressOptions, ExtraHeader, Limits, Pool,
    Provider, Proxy, Sandbox, SecretSource, Session, read_component,
};
use secrecy::SecretString;

use crate::args::{CacheArgs, ComponentArgs, ConnectArgs, ServerArgs};
use crate::component::Places;
use crate::exit::{Complaint, Failure};
use crate::output::cell::printable;
use crate::screen::Screen;
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

/// The name of this command's folder among those that the user's programs may make again.
const CACHE: &str = "providerctl";

/// The argument upon which this command compiles the component on its standard input, for the process that started it.
pub(crate) const COMPILE: &str = "compile-component";

/// Where components run without a cache. They are compiled in a process of their own, which is this command.
pub(crate) fn bare_sandbox() -> Result<Sandbox, Failure> {
    Ok(Sandbox::new(Pool::default())?.compiled_by(CompilerProcess::this_program([COMPILE])?))
}

/// Where components run. A cache that cannot be used costs the time to compile, which is nothing to complain about.
pub(crate) fn sandbox(args: &CacheArgs) -> Result<Sandbox, Failure> {
    let sandbox = bare_sandbox()?;
    if args.no_cache {
        return Ok(sandbox);
    }
    Ok(match Cache::in_user_folder(CACHE) {
        Ok(cache) => sandbox.cached_in(cache),
        Err(_) => sandbox,
    })
}

/// Loads the component.
pub(crate) fn load(args: &ComponentArgs) -> Result<Provider, Failure> {
    Ok(sandbox(&args.cache)?.load(&read(args)?)?)
}

/// Reads the component's bytes.
pub(crate) fn read(args: &ComponentArgs) -> Result<Vec<u8>, Failure> {
    let file = Places::detect().find(args.component.as_deref()).map_err(Failure::failed)?;
    read_file(&file)
}

/// Reads a component's file: a regular one, no larger than what is compiled.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(read_component(path, Pool::default().component_bytes)?)
}

/// What one call may use.
pub(crate) fn limits(args: &ComponentArgs) -> Limits {
    let mut limits = Limits::default();
    if let Some(seconds) = args.timeout {
        limits.call_time = Duration::from_secs(seconds);
    }
    limits
}

/// Follows the command line of a command that lists. It is judged before anything is sent.
pub(crate) async fn connect(args: &ConnectArgs) -> Result<Connection, Failure> {
    connected(args, limits(&args.component)).await
}

/// The same for a command that makes one call, which ends when a listing without progress would.
pub(crate) async fn connect_once(args: &ConnectArgs) -> Result<Connection, Failure> {
    let mut limits = limits(&args.component);
    if args.component.timeout.is_none() {
        limits.call_time = limits.call_time.min(args.server.stall_time());
    }
    connected(args, limits).await
}

async fn connected(args: &ConnectArgs, limits: Limits) -> Result<Connection, Failure> {
    let (provider, description, access) = match (&args.config, &args.tenant) {
        (Some(config), Some(tenant)) => as_tenant(config, tenant, &args.component.cache).await?,
        (Some(_) | None, _) => {
            let provider = load(&args.component)?;
            let description = provider.describe().await?;
            let access = access(&args.server, &description)?.limits(limits);
            (provider, description, access)
        }
    };
    let access = access.stalling_after(args.server.stall_time());
    let access = match &args.audit {
        Some(file) => access.audited(Arc::new(JsonLines::new(append(file)?))),
        None => access,
    };
    let egress = access.egress().clone();
    let session = provider.connect_described(&description, access)?;
    Ok(Connection { description, session, egress })
}

fn append(path: &Path) -> Result<File, Failure> {
    File::options().create(true).append(true).open(path).map_err(|error| {
        Failure::failed(Complaint::new("file-unwritable", format!("{} cannot be written: {error}", path.display())))
    })
}

/// As a tenant of a providers.toml, with the component that is trusted there.
async fn as_tenant(config: &Path, tenant: &str, cache: &CacheArgs) -> Result<(Provider, Description, Access), Failure> {
    let config = Config::read(config)?;
    let Some((_, provider)) = config.tenants().find(|(name, _)| *name == tenant) else {
        let known: Vec<&str> = config.tenants().map(|(name, _)| name).collect();
        let complaint = Complaint::new("tenant-unknown", format!("there is no tenant {tenant}"))
            .fix(format!("use one of {}", known.join(", ")));
        return Err(Failure::usage(complaint));
    };
    let provider = sandbox(cache)?.load(&config.component(provider)?)?;
    let description = provider.describe().await?;
    Ok((provider, description, config.access(tenant)?))
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
    if let (Some(certificates), Some(key)) = (&args.client_cert, &args.client_key) {
        options.client_identity = Some(ClientIdentity::from_files(certificates, key)?);
    }
    if let Some(url) = &args.proxy {
        let proxy = Proxy::new(url)?;
        options.proxy = Some(match &args.proxy_login {
            Some(login) => {
                let (user, password) = placed(login, "--proxy-login")?;
                proxy.credentials(user, &password)?
            }
            None => proxy,
        });
    }
    for header in &args.header {
        let (name, value) = placed(header, "--header")?;
        options.headers.push(ExtraHeader::new(name, &value)?);
    }
    Ok(Access::new(settings, Egress::new(options)?))
}

/// `NAME=env:NAME` or `NAME=file:PATH`: the name, and the secret at that place. The text is not repeated, since it may be
/// the secret itself.
fn placed<'a>(argument: &'a str, option: &str) -> Result<(&'a str, SecretString), Failure> {
    let malformed = || {
        let message = format!("{option} takes a name, an equals sign and the place of a secret");
        Failure::usage(Complaint::new("secret-misplaced", message).fix("write NAME=env:VARIABLE or NAME=file:PATH"))
    };
    let (name, place) = argument.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(malformed)?;
    let source: SecretSource = place.parse().map_err(|_| malformed())?;
    let secret = source.read().map_err(|reason| {
        Failure::usage(Complaint::new(
            "secret-missing",
            format!("the secret of {option} {name} is not at {source}: {reason}"),
        ))
    })?;
    Ok((name, secret))
}

/// What the provider asked for and was denied, with the line that would allow it.
pub(crate) fn tell_denials(denials: &[Denial], screen: &mut Screen<'_>) {
    for denial in denials {
        let times = if denial.times > 1 { format!(" ({} times)", denial.times) } else { String::new() };
        screen.remark(&format!("{}{times}", printable(&denial.to_string())));
    }
}

fn read_secret(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_SECRET + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST_SECRET {
        return Err(std::io::Error::other("it is larger than 64 KiB"));
    }
    Ok(bytes)
}
