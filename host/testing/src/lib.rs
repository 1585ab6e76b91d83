//! What the tests of several of the host's crates share: records, components from a few lines of text, and what was counted.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub mod component;
pub mod counters;
pub mod samples;
