//! What a component must be, and what happens to one that misbehaves: tried with small components that are made here.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one case and reports all others")]

mod limits;
mod loading;
