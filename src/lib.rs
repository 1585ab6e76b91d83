//! Reads the users and the licence of a Mattermost server and returns them as the records of `wit/provider.wit`.
//!
//! It builds on [`provider_sdk`], which has what any provider needs. This crate has only what is specific to
//! Mattermost:
//!
//! * [`mattermost`] is the pure core. It turns settings and answers into requests and records. It never waits, sends,
//!   or reads a clock itself; the trait [`Network`](provider_sdk::http::Network) does that.
//! * [`Component`] is the provider as the contract's five functions. The crate `mattermost-component` exports it.
//!
//! It never writes to the server, follows redirects, keeps files, retries without end, or caches.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod exports;
pub mod mattermost;

pub use exports::Component;
pub use provider_sdk::contract;
