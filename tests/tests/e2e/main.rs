//! The built component in the built host, against the simulator over HTTP on loopback.

mod contract;
mod documentation;
mod failures;
mod licenses;
mod limits;
mod listing;
mod tls;
