//! The simulated server over HTTP.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod changes;
mod http;
mod recorded;
