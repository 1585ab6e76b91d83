//! The simulated server over HTTP.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod changes;
mod costs;
mod faults;
mod http;
mod membership;
mod tokens;
mod versions;
