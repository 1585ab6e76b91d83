//! Reads the users and the licence of a Mattermost server and returns them as the records of `wit/provider.wit`.
//!
//! It stands on [`provider_sdk`], which has what any provider needs. Here is what is Mattermost's alone:
//!
//! * [`mattermost`] is the pure core. It turns settings and answers into requests and records. It never waits, never
//!   sends and never reads a clock; what it needs of the world is the trait [`Network`](provider_sdk::http::Network).
//! * [`Component`] is the provider as the contract's five functions. The crate `mattermost-component` exports it.
//!
//! What it is not: it does not write to the server, follow redirects, keep files, retry for ever, or cache.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod exports;
pub mod mattermost;

pub use exports::Component;
pub use provider_sdk::contract;
