//! The built component in the built host, against the simulator over HTTP on loopback.
#![expect(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a test that cannot go on fails")]

mod changes;
mod checkpoints;
mod compiling;
mod contract;
mod documentation;
mod egress;
mod failures;
mod hostile;
mod licenses;
mod limits;
mod listing;
mod nginx;
mod swaps;
mod sync;
mod tenants;
mod tls;
mod versions;
