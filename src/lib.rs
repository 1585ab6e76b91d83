//! Reads the users and the licence of a Mattermost server and returns them as the records of `wit/provider.wit`.
//!
//! Built for wasm32-wasip2 this crate is a component that any host of the Component Model can load. It imports
//! `wasi:http/outgoing-handler`, `wasi:clocks` and the `wasi:io` that they use, and nothing else: no files, no
//! environment, no arguments, no random numbers, no sockets.
//!
//! Built natively it is an ordinary library, so that its core is tested and fuzzed without a sandbox:
//!
//! * [`mattermost`] is the pure core. It turns settings and answers into requests and records. It never waits, never
//!   sends and never reads a clock; what it needs of the world is the trait [`mattermost::http::Network`].
//! * [`transport`] is that trait on wasi:http, and the only I/O.
//! * [`contract`] is the contract as Rust types, generated from the WIT.
//! * [`Component`] is the provider as the contract's four functions.
//!
//! The feature `component`, which is on by default, makes those four the export of a component. A crate that depends on
//! this one to export a provider of its own switches it off, and uses [`bindings::export`](mod@bindings).
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
