//! Runs untrusted components: within limits, with an HTTP client and two clocks, and nothing else.
//!
//! A [`Sandbox`] counts what compiling a component would cost, checks its imports and its signature, and compiles it, in a
//! separate process if one is configured ([`CompilerProcess`]). The result is a [`Provider`]; a [`Session`] is a provider
//! with settings and grants ([`Access`]).
//!
//! What it refuses: imports other than wasi:http, wasi:io and wasi:clocks; bytes that are not the pinned or signed ones; a
//! description that changes; answers that break a rule of the contract, as a whole. A failed call costs only its instance.
//! Only `cache/sealed.rs` holds unsafe code, and only `bindings.rs` names generated types.

mod access;
pub mod answers;
mod bindings;
pub mod bounds;
mod cache;
mod clock;
mod compiler;
mod component_bounds;
mod component_file;
mod connect;
mod demands;
mod error;
mod flight;
mod guest;
mod guest_clock;
mod handed;
mod http;
mod identity;
mod imports;
mod limits;
mod meter;
mod outlet;
#[cfg(test)]
mod outlet_tests;
mod provider;
mod record_source;
mod sandbox;
mod session;
mod settings;
mod slots;
mod store;
mod telemetry;
#[cfg(test)]
mod tests;
mod words;

pub use access::Access;
pub use bindings::{Baseline, Changes};
pub use cache::Cache;
pub use compiler::{CompilerProcess, run_compiler};
pub use component_bounds::{ComponentBound, ComponentBounds};
pub use component_file::{read_component, read_signature};
pub use error::{Bound, Error, LimitHit, Result};
pub use identity::{Digest, Inspection, Metadata, Provenance, PublicKey, Trust, seal, unseal};
pub use imports::is_granted;
pub use limits::{Limits, ListingLimits, Pool};
pub use outlet::Outlet;
pub use provider::Provider;
pub use record_source::RecordSource;
pub use sandbox::Sandbox;
pub use session::Session;
pub use settings::{Settings, sealed};
pub use slots::Slots;
pub use words::in_words;
