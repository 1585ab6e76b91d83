//! Opens a session with the product, as the command line says.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use provider_host::audit::{Audit, JsonLines};
use provider_host::model::Description;
use provider_host::{
    Access, Cache, ClientIdentity, CompilerProcess, Config, Denial, Digest, Egress, EgressOptions, ExtraHeader, Limits,
    Pool, Provider, Proxy, Sandbox, SecretSource, Session, io_reason, read_component, read_secret_file,
};
use secrecy::SecretString;

use crate::args::{CacheArgs, ComponentArgs, ConnectArgs, ServerArgs};
use crate::component::Places;
use crate::exit::{Complaint, Failure};
use crate::output::cell::printable;
use crate::output::words::count;
use crate::screen::Screen;
use crate::settings::{Given, SecretReader, settings};

/// A session with its HTTP client and audit log.
pub(crate) struct Connection {
    /// The component's description.
    pub(crate) description: Description,
    /// A session with the component, with its settings.
    pub(crate) session: Session,
    /// Counts the requests.
    pub(crate) egress: Egress,
    /// How long a listing may make no progress.
    pub(crate) stall_time: Duration,
    /// The log of requests, if `--audit` is given.
    pub(crate) audit: Option<AuditFile>,
}

/// The file of `--audit`.
pub(crate) struct AuditFile {
    path: PathBuf,
    log: Arc<JsonLines<File>>,
}

impl AuditFile {
    /// Reports how many lines could not be written. Requests do not fail for that.
    pub(crate) fn gap(&self) -> Option<Complaint> {
        let lost = self.log.lost();
        let message = || {
            let lost = count(lost, "request");
            format!("{lost} could not be logged in {}; the disk may be full", self.path.display())
        };
        let fix = "make room there, or name another file with --audit, and run the command again";
        (lost > 0).then(|| Complaint::new("audit-incomplete", message()).fix(fix))
    }
}

/// The name of this command's folder below the user's cache folder.
const CACHE: &str = "providerctl";

/// The argument with which this command starts itself as the compiler: it then compiles the component on its stdin.
pub(crate) const COMPILE: &str = "compile-component";

/// A sandbox without a cache. A separate process of this command compiles the components, within `timeout` seconds if that is
/// given.
pub(crate) fn bare_sandbox(timeout: Option<u64>) -> Result<Sandbox, Failure> {
    let mut compiler = CompilerProcess::this_program([COMPILE])?;
    if let Some(seconds) = timeout {
        compiler.deadline = compiler.deadline.min(Duration::from_secs(seconds));
    }
    Ok(Sandbox::new(Pool::default())?.compiled_by(compiler))
}

/// A sandbox with the user's cache. If the cache is unusable, the sandbox compiles each time and reports nothing.
pub(crate) fn sandbox(args: &CacheArgs, timeout: Option<u64>) -> Result<Sandbox, Failure> {
    let sandbox = bare_sandbox(timeout)?;
    if args.no_cache {
        return Ok(sandbox);
    }
    Ok(match Cache::in_user_folder(CACHE) {
        Ok(cache) => sandbox.cached_in(cache),
        Err(_) => sandbox,
    })
}

/// A loaded component and its file.
pub(crate) struct Loaded {
    /// The component.
    pub(crate) provider: Provider,
    /// Its file.
    pub(crate) path: PathBuf,
}

impl Loaded {
    /// Returns the component's description. With `-v` it prints the file and sha256 before the component runs, and the version
    /// afterwards.
    pub(crate) async fn describe(&self, is_verbose: bool, screen: &mut Screen<'_>) -> Result<Description, Failure> {
        if is_verbose {
            print_component(&self.path, &self.provider.inspection().digest, screen);
        }
        let description = self.provider.describe().await?;
        if is_verbose {
            let line = format!("provider {} {}", description.id, description.version);
            screen.remark(&printable(&line));
        }
        Ok(description)
    }
}

/// Prints which file runs.
pub(crate) fn print_component(path: &Path, digest: &Digest, screen: &mut Screen<'_>) {
    let line = format!("component {}, sha256 {digest}", path.display());
    screen.remark(&printable(&line));
}

/// Loads the component.
pub(crate) fn load(args: &ComponentArgs) -> Result<Loaded, Failure> {
    let (path, bytes) = read(args)?;
    Ok(Loaded { provider: sandbox(&args.cache, args.timeout)?.load(&bytes)?, path })
}

/// Finds the component, and reads its bytes.
pub(crate) fn read(args: &ComponentArgs) -> Result<(PathBuf, Vec<u8>), Failure> {
    let path = Places::detect().find(args.component.as_deref()).map_err(Failure::failed)?;
    let bytes = read_file(&path)?;
    Ok((path, bytes))
}

/// Reads a component's file, which must be a regular file within the size limit.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(read_component(path, Pool::default().component_bytes)?)
}

/// The limits on one call.
pub(crate) fn limits(args: &ComponentArgs) -> Limits {
    let mut limits = Limits::default();
    if let Some(seconds) = args.timeout {
        limits.call_time = Duration::from_secs(seconds);
    }
    limits
}

/// Opens a session for a command that lists. All arguments are checked before anything is sent.
pub(crate) async fn connect(args: &ConnectArgs, screen: &mut Screen<'_>) -> Result<Connection, Failure> {
    connected(args, |access| access, screen).await
}

/// Opens a session for a command that makes one call. The call has the time that a listing may go without progress.
pub(crate) async fn connect_once(args: &ConnectArgs, screen: &mut Screen<'_>) -> Result<Connection, Failure> {
    let ends_early = args.component.timeout.is_none();
    let within = |access: Access| {
        let time = access.stall_time();
        if ends_early { access.answering_within(time) } else { access }
    };
    connected(args, within, screen).await
}

async fn connected(
    args: &ConnectArgs,
    within: impl FnOnce(Access) -> Access,
    screen: &mut Screen<'_>,
) -> Result<Connection, Failure> {
    let is_verbose = args.component.verbose.verbose;
    let (provider, description, access) = match (&args.config, &args.tenant) {
        (Some(config), Some(tenant)) => {
            let (loaded, access) = as_tenant(config, tenant, &args.component)?;
            let description = loaded.describe(is_verbose, screen).await?;
            // The command line overrides the file's limits.
            let access = if args.server.stall_timeout.is_some() { args.server.stalling(access) } else { access };
            (loaded.provider, description, access)
        }
        (Some(_) | None, _) => {
            let loaded = load(&args.component)?;
            let description = loaded.describe(is_verbose, screen).await?;
            let access = access(&args.server, &description, &[])?.limits(limits(&args.component));
            (loaded.provider, description, args.server.stalling(access))
        }
    };
    let audit = match &args.audit {
        Some(path) => Some(AuditFile { path: path.clone(), log: Arc::new(JsonLines::new(append(path)?)) }),
        None => None,
    };
    let access = match &audit {
        Some(file) => access.audited(Arc::clone(&file.log) as Arc<dyn Audit>),
        None => access,
    };
    let access = within(access);
    let (egress, stall_time) = (access.egress().clone(), access.stall_time());
    let session = provider.connect_described(&description, access)?;
    Ok(Connection { description, session, egress, stall_time, audit })
}

fn append(path: &Path) -> Result<File, Failure> {
    File::options().create(true).append(true).open(path).map_err(|error| {
        let message = format!("{} cannot be written: {}", path.display(), io_reason(&error));
        let fix = "check that its folder exists, that this user may write there, and that the disk is not full";
        Failure::failed(Complaint::new("file-unwritable", message).fix(fix))
    })
}

/// Loads the trusted component of a tenant of a providers.toml, with the tenant's access.
fn as_tenant(config: &Path, tenant: &str, component: &ComponentArgs) -> Result<(Loaded, Access), Failure> {
    let config = Config::read(config)?;
    let Some((_, provider)) = config.tenants().find(|(name, _)| *name == tenant) else {
        let known: Vec<&str> = config.tenants().map(|(name, _)| name).collect();
        let complaint = Complaint::new("tenant-unknown", format!("there is no tenant {tenant}"))
            .fix(format!("use one of {}", known.join(", ")));
        return Err(Failure::usage(complaint));
    };
    let (path, bytes) = (config.component_path(provider)?, config.component(provider)?);
    let loaded = Loaded { provider: sandbox(&component.cache, component.timeout)?.load(&bytes)?, path };
    Ok((loaded, config.access(tenant)?))
}

/// Builds access from `--set`, `--secret` and the options for requests. The components with the descriptions `others` may get
/// the same settings, so no secret is read that one of them would see.
pub(crate) fn access(args: &ServerArgs, description: &Description, others: &[&Description]) -> Result<Access, Failure> {
    let given = Given::parse(&args.set, &args.secret).map_err(Failure::usage)?;
    given.check(description).map_err(Failure::usage)?;
    others.iter().try_for_each(|other| given.check_secrets(other)).map_err(Failure::usage)?;
    let secrets = SecretReader { env: &|name| std::env::var_os(name), file: &read_secret_file };
    let mut settings = settings(given.read(&secrets).map_err(Failure::usage)?);
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

/// Parses `NAME=env:NAME` or `NAME=file:PATH`, and returns the name and the secret at that place. No error repeats the text,
/// since it may be the secret itself.
fn placed<'a>(argument: &'a str, option: &str) -> Result<(&'a str, SecretString), Failure> {
    let malformed = |reason: &str| {
        let message = format!("{option} takes a name, an equals sign and the place of a secret: {reason}");
        Failure::usage(Complaint::new("secret-misplaced", message).fix("write NAME=env:VARIABLE or NAME=file:PATH"))
    };
    let (name, place) = argument
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| malformed("the name or the equals sign is missing"))?;
    let source: SecretSource = place.parse().map_err(malformed)?;
    let secret = source.read().map_err(|reason| {
        let message = format!("the secret of {option} {name} cannot be read from {source}: {reason}");
        let fix = "set the environment variable and export it, or put the secret into the file";
        Failure::usage(Complaint::new("secret-missing", message).fix(fix))
    })?;
    Ok((name, secret))
}

/// Prints the denied requests, one line for each cause, with the line that would allow them.
pub(crate) fn tell_denials(denials: &[Denial], screen: &mut Screen<'_>) {
    for line in Denial::lines(denials) {
        screen.remark(&printable(&line));
    }
}
