//! Loads provider components and runs them within grants and limits.
//!
//! A provider is a WebAssembly component that exports `license-management:provider/provider`
//! (`wit/provider.wit`). Here it gets an HTTP client that makes the requests that it describes to the servers of its url
//! settings, two clocks, and nothing else: no files, no environment, no sockets, no random numbers. Secrets it never
//! sees: it holds a placeholder, and the value is put into the headers of those requests on the way out.
//!
//! ```no_run
//! use provider_host::{Access, Egress, EgressOptions, ListingOptions, Pool, Sandbox, Settings};
//!
//! # async fn example(token: secrecy::SecretString) -> Result<(), provider_host::Error> {
//! let sandbox = Sandbox::new(Pool::default())?;
//! let provider = sandbox.load_file("dist/mattermost-provider.wasm".as_ref())?;
//! let mut settings = Settings::new();
//! settings.set("server_url", "https://chat.example.com").set_secret("access_token", token);
//! let session = provider.connect(Access::new(settings, Egress::new(EgressOptions::default())?)).await?;
//! let mut listing = session.listing(ListingOptions::default());
//! while let Some(batch) = listing.next().await {
//!     for user in batch?.users {
//!         println!("{} {}", user.id, user.status);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A listing that is given a store of [checkpoint]s goes on where it stopped, whatever happened to the process:
//! [`Session::resume`]. Where the provider tells what changed, [`Session::sync`] brings it up to date for a small part of what
//! a listing costs.
//!
//! What it is not: without such a store it keeps no records; it retries nothing but a wait that the product asked for, and
//! knows nothing of any product.

/// The example of docs/embedding.md, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
mod embedding {}

mod access;
mod answers;
pub mod audit;
mod bindings;
mod bounds;
mod cache;
pub mod checkpoint;
mod clock;
mod compiler;
mod component_bounds;
mod component_file;
mod config;
mod connect;
mod demands;
mod denial;
mod egress;
mod error;
mod flight;
mod grant;
mod guest;
mod handed;
mod http;
mod identity;
mod imports;
mod limits;
mod listing;
mod meter;
pub mod model;
mod origin;
mod outlet;
mod policy;
mod provider;
mod redact;
mod registry;
mod sandbox;
mod session;
mod settings;
mod slots;
mod store;
mod sync;
mod telemetry;
#[cfg(test)]
mod tests;
mod unaskable;
mod vault;
mod wall;
mod words;

pub use access::Access;
pub use cache::Cache;
pub use compiler::{CompilerProcess, run_compiler};
pub use component_bounds::{ComponentBound, ComponentBounds};
pub use component_file::read_component;
pub use config::{Config, SecretSource, read_secret_file};
pub use denial::{Denial, DenialReason};
pub use egress::{ClientIdentity, Egress, EgressOptions, ExtraHeader, Proxy};
pub use error::{Bound, Error, LimitHit, Result, Stall};
pub use identity::{Digest, Inspection, Metadata, Provenance, PublicKey, Trust, seal, unseal};
pub use imports::is_granted as grants_import;
pub use limits::{Limits, ListingLimits, Pool};
pub use listing::{Batch, End, Listing, ListingOptions, Progress};
pub use origin::Origin;
pub use outlet::Outlet;
pub use policy::Policy;
pub use provider::Provider;
pub use registry::{
    CanaryReport, Candidate, Event, FieldDifference, Objection, Patience, Registry, SwitchOptions, Switched, Tenant,
    TenantListing, TenantSync, VersionName, Watch, canary,
};
pub use sandbox::Sandbox;
pub use secrecy;
pub use session::Session;
pub use settings::Settings;
pub use sync::{ChangedUser, ListingSync, SyncOptions, SyncProgress, SyncStep, Whole};
pub use words::{in_words, io_reason};
