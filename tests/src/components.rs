//! The components of `tests/components`, and a sandbox for several of them at once.

use std::fs;
use std::path::Path;

use provider_host::{
    Access, Egress, EgressOptions, Error, HealthPolicy, Limits, Pool, Provider, Registry, Sandbox, Session, Settings,
};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve, WorldId};

use crate::component;

/// The packages of WASI that its worlds name.
const WASI: [(&str, &str); 3] = [
    ("io.wit", include_str!("../../wit/deps/io.wit")),
    ("clocks.wit", include_str!("../../wit/deps/clocks.wit")),
    ("http.wit", include_str!("../../wit/deps/http.wit")),
];

const CONTRACT: &str = include_str!("../../wit/provider.wit");
const GARBAGE: &str = include_str!("../components/garbage.wat");

/// A sandbox for several components, and a client and limits for all of them.
#[derive(Debug)]
pub struct Host {
    sandbox: Sandbox,
    egress: Egress,
    limits: Limits,
}

impl Host {
    /// An empty sandbox.
    ///
    /// # Panics
    /// The system does not give the address space.
    #[must_use]
    #[expect(clippy::expect_used, reason = "for tests, which cannot go on without it")]
    pub fn new(limits: Limits) -> Self {
        let egress = Egress::new(EgressOptions::default()).expect("a client");
        Self { sandbox: Sandbox::new(Pool::default()).expect("a sandbox"), egress, limits }
    }

    /// A registry over the same sandbox.
    #[must_use]
    pub fn registry(&self) -> Registry {
        Registry::new(self.sandbox.clone(), HealthPolicy::default())
    }

    /// What components are connected with.
    #[must_use]
    pub fn access(&self, settings: Settings) -> Access {
        Access::new(settings, self.egress.clone()).limits(self.limits.clone())
    }

    /// Loads a component by its name; see [`bytes`].
    ///
    /// # Errors
    /// The host refuses it.
    pub fn load(&self, name: &str) -> Result<Provider, Error> {
        self.load_bytes(&bytes(name))
    }

    /// Loads a component.
    ///
    /// # Errors
    /// The host refuses it.
    pub fn load_bytes(&self, bytes: &[u8]) -> Result<Provider, Error> {
        Ok(self.sandbox.load(bytes)?)
    }

    /// Connects a loaded component.
    ///
    /// # Errors
    /// What the host refuses.
    pub async fn connect(&self, provider: &Provider, settings: Settings) -> Result<Session, Error> {
        Ok(provider.connect(self.access(settings)).await?)
    }

    /// Loads a component that is not refused, and connects it.
    ///
    /// # Panics
    /// It is refused.
    #[expect(clippy::expect_used, reason = "for tests, which cannot go on without it")]
    pub async fn session(&self, name: &str, settings: Settings) -> Session {
        self.connect(&self.load(name).expect(name), settings).await.expect(name)
    }
}

/// A component: `mattermost` is the built one, and the others are those of `tests/components`.
///
/// # Panics
/// It was not built.
#[must_use]
#[expect(clippy::panic, reason = "for tests, which cannot go on without it")]
pub fn bytes(name: &str) -> Vec<u8> {
    match name {
        "mattermost" => component(),
        "older" => of_version("0.1.0"),
        "newer" => of_version("0.3.0"),
        "garbage" => garbage(),
        _ => {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/tests").join(name).with_extension("wasm");
            fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run make components", path.display()))
        }
    }
}

/// A component that has all that the contract asks for, under another version of it.
fn of_version(version: &str) -> Vec<u8> {
    let (resolve, world) = contract(version);
    encode(dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync)), &resolve, world)
}

#[expect(clippy::expect_used, reason = "for tests, which cannot go on without it")]
fn garbage() -> Vec<u8> {
    let (resolve, world) = contract("0.2.0");
    encode(wat::parse_str(GARBAGE).expect("a module"), &resolve, world)
}

#[expect(clippy::expect_used, reason = "for tests, which cannot go on without it")]
fn contract(version: &str) -> (Resolve, WorldId) {
    let text = CONTRACT.replace("provider@0.2.0;", &format!("provider@{version};"));
    let mut resolve = Resolve::default();
    for (name, text) in WASI {
        resolve.push_source(name, text).expect("a package of WASI");
    }
    let package = resolve.push_source("provider.wit", &text).expect("the contract");
    let world = resolve.select_world(&[package], Some("provider-exports")).expect("its world");
    (resolve, world)
}

#[expect(clippy::expect_used, reason = "for tests, which cannot go on without it")]
fn encode(mut module: Vec<u8>, resolve: &Resolve, world: WorldId) -> Vec<u8> {
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).expect("room for the types");
    ComponentEncoder::default().module(&module).expect("a module").validate(true).encode().expect("a component")
}
