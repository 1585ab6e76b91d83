//! What the end-to-end tests share: the built component in a sandbox, and a listing from beginning to end.

pub mod authority;
pub mod components;
pub mod nginx;
pub mod recorder;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use mattermost_simulator::{Config, Simulator};
use provider_host::model::{Notice, User};
use provider_host::secrecy::SecretString;
use provider_host::{
    Access, Egress, EgressOptions, End, Error, Limits, ListingOptions, Listings as _, Pool, Progress, Provider, Proxy,
    Sandbox, Session, Settings,
};

/// Where `make component` puts the component.
#[must_use]
pub fn component_path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../dist/mattermost-provider.wasm"))
}

/// The built component.
///
/// # Panics
/// It was not built.
#[must_use]
#[expect(clippy::panic, reason = "for tests, which cannot go on without it")]
pub fn component() -> Vec<u8> {
    let path = component_path();
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run make component", path.display()))
}

/// The built component, compiled, in a sandbox of its own.
///
/// # Panics
/// It does not load.
#[must_use]
#[expect(clippy::expect_used, reason = "for tests, which cannot go on without it")]
pub fn provider() -> Provider {
    let sandbox = Sandbox::new(Pool::default()).expect("a sandbox");
    sandbox.load(&component()).expect("the built component loads")
}

/// A simulated server.
///
/// # Panics
/// It does not start.
#[expect(clippy::expect_used, reason = "for tests, which cannot go on without it")]
pub async fn simulator(config: Config) -> Simulator {
    Simulator::start(config).await.expect("a simulated server")
}

/// A simulated server on a thread of its own, as a real one has a machine of its own. It stays until the process ends.
///
/// # Panics
/// It does not start.
#[expect(clippy::expect_used, reason = "for tests, which cannot go on without it")]
pub async fn simulator_apart(config: Config) -> &'static Simulator {
    let (started, simulator_started) = tokio::sync::oneshot::channel();
    let serve = async {
        // The receiver waits below.
        let _ = started.send(&*Box::leak(Box::new(simulator(config).await)));
        std::future::pending::<()>().await;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    std::thread::spawn(move || runtime.block_on(serve));
    simulator_started.await.expect("a simulated server")
}

/// The settings for a server and a token.
#[must_use]
pub fn settings(url: &str, token: &str) -> Settings {
    let mut settings = Settings::new();
    settings.set("server_url", url).set_secret("access_token", SecretString::from(token.to_owned()));
    settings
}

/// What a component is connected with by tests that time is not about: no limit on time ends a call or a listing, however
/// busy the machine is.
#[must_use]
pub fn access(settings: Settings, egress: Egress) -> Access {
    const LONG: Duration = Duration::from_secs(60 * 60);
    let mut limits = Limits::default();
    (limits.call_time, limits.cpu_time, limits.listing.stall_time) = (LONG, LONG, LONG);
    Access::new(settings, egress).limits(limits)
}

/// The built component in one sandbox, compiled once for all tests. Its monotonic clock stands still, so that it takes every
/// server for a near and quick one, whatever the machine is busy with.
#[must_use]
pub fn shared_provider() -> Provider {
    static PROVIDER: OnceLock<Provider> = OnceLock::new();
    PROVIDER.get_or_init(|| provider_timed_by(|| Duration::ZERO)).clone()
}

/// The built component in a sandbox of its own, with a monotonic clock of the test's.
///
/// # Panics
/// It does not load.
#[must_use]
#[expect(clippy::expect_used, reason = "for tests, which cannot go on without it")]
pub fn provider_timed_by(time: impl Fn() -> Duration + Send + Sync + 'static) -> Provider {
    let sandbox = Sandbox::new(Pool::default()).expect("a sandbox").timed_by(time);
    sandbox.load(&component()).expect("the built component loads")
}

/// The built component, connected to a server.
///
/// # Errors
/// What the host refuses.
pub async fn connect(url: &str, token: &str) -> Result<Session, Error> {
    let egress = Egress::new(EgressOptions::default())?;
    Ok(shared_provider().connect(access(settings(url, token), egress)).await?)
}

/// The built component, connected to a server that has a name of its own, as one on another machine has, so that the
/// component asks for compressed answers. The simulator answers as a forward proxy does, which looks the name up.
///
/// # Errors
/// What the host refuses.
pub async fn connect_from_afar(server: &Simulator, token: &str) -> Result<Session, Error> {
    let mut options = EgressOptions::default();
    options.proxy = Some(Proxy::new(&server.origin())?);
    let url = server.url().replacen(&server.origin(), "http://chat.example", 1);
    Ok(shared_provider().connect(access(settings(&url, token), Egress::new(options)?)).await?)
}

/// What a host has at the end of a listing.
#[derive(Debug)]
pub struct Listed {
    /// Each user, by id.
    pub users: BTreeMap<String, User>,
    /// Complete or not.
    pub end: End,
    /// The notices of the last step.
    pub notices: Vec<Notice>,
    /// The errors on the way, after each of which the same step was tried again.
    pub errors: Vec<Error>,
    /// How far it came.
    pub progress: Progress,
    /// Peak memory of the guest in bytes.
    pub memory: usize,
}

/// Lists to the end, trying again after each of at most `patience` errors.
///
/// # Errors
/// The error that was one too many.
pub async fn list(session: Session, options: ListingOptions, patience: usize) -> Result<Listed, Error> {
    let mut listing = session.listing(options);
    let (mut users, mut errors, mut last) = (BTreeMap::new(), Vec::new(), None);
    while let Some(step) = listing.next().await {
        match step {
            Ok(batch) => {
                users.extend(batch.users.into_iter().chain(batch.repeated).map(|user| (user.id.clone(), user)));
                last = batch.end.map(|end| (end, batch.notices));
            }
            Err(error) if errors.len() < patience => errors.push(error.into()),
            Err(error) => return Err(error.into()),
        }
    }
    let (end, notices) = last.unwrap_or((End::Incomplete, Vec::new()));
    let progress = listing.progress();
    let memory = listing.into_session().memory_bytes();
    Ok(Listed { users, end, notices, errors, progress, memory })
}
