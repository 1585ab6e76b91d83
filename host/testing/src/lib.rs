//! What the tests of several of the host's crates share: records, and components from a few lines of text.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub mod component;
pub mod samples;
