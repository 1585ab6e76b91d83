//! The simulated server over HTTP.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod changes;
mod faults;
mod http;
mod recorded;
mod tokens;
mod versions;
