//! Versions of providers, the tenants that use them, and the way from one version to the next.
//!
//! A **tenant** is a named configuration: settings, secrets, grants, limits, a client of its own. It belongs to no file:
//! the version in use serves it. A call or a listing holds a **lease** on the version that it began in. A new version is
//! compiled in the background, compared with the one in use, and then switched to at once. Running listings finish in
//! their own version or, if they are hurried, continue from their cursor in the new one.
//!
//! Invariants: the version in use is the one that was decided on; a rollback restores a version that passed its probation,
//! with the grants it had (`versions.rs` decides without locks or clocks, `deployment.rs` carries it out under one lock); a
//! switch does not disturb a running listing; a later version gets only grants that somebody gave.

mod across;
mod age;
mod call;
mod canary;
mod candidate;
mod changes;
mod config;
mod deployment;
mod enrolled;
mod error;
mod event;
mod grants;
mod health;
mod listing;
mod objection;
mod preflight;
mod probation;
mod registry;
mod switch;
mod sync;
mod telemetry;
mod tenant;
mod tenant_access;
#[cfg(test)]
mod tests;
mod version;
mod version_name;
mod versions;
mod watch;

pub use canary::{CanaryReport, FieldDifference, canary};
pub use candidate::Candidate;
pub use config::{Config, SecretSource, read_secret_file};
pub use error::{Error, Result};
pub use event::Event;
pub use health::HealthPolicy;
pub use listing::TenantListing;
pub use objection::Objection;
pub use registry::Registry;
pub use switch::{SwitchOptions, Switched};
pub use sync::TenantSync;
pub use tenant::Tenant;
pub use version_name::VersionName;
pub use watch::Watch;
