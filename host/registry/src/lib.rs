//! Versions of providers, the tenants that use them, and the way from one version to the next.
//!
//! A **tenant** is a named configuration: settings, secrets, grants, limits, a client of its own. It belongs to no file:
//! whatever version is in use serves it. A call or a listing holds a **lease** on the version that it began in. A new
//! version is compiled aside, held against what is in use, and then switched to at once; listings that run finish in
//! their own version or, where they are hurried, go on from their cursor in the new one.
//!
//! Invariants: the version in use is the one that was decided on, and what comes back is a version that stood its probation,
//! with the grants it had (`versions.rs` decides without locks or clocks, `line.rs` carries it out under one lock); a switch
//! touches no running listing; a later version gets no grant that nobody gave.

mod across;
mod age;
mod call;
mod canary;
mod candidate;
mod changes;
mod config;
mod deployments;
mod enrolled;
mod error;
mod event;
mod grants;
mod health;
mod line;
mod listing;
mod objection;
mod preflight;
mod probation;
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
pub use deployments::Registry;
pub use error::{Error, Result};
pub use event::Event;
pub use health::Patience;
pub use listing::TenantListing;
pub use objection::Objection;
pub use switch::{SwitchOptions, Switched};
pub use sync::TenantSync;
pub use tenant::Tenant;
pub use version_name::VersionName;
pub use watch::Watch;
