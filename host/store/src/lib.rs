//! Listings that are kept: each user once, proven complete or not called so, and brought up to date for little.
//!
//! A [`Listing`] keys by id and goes on where it stopped; with a store of [checkpoint]s it does so after the process has died.
//! A step is returned after it is saved. A [`ListingSync`] brings a kept listing up to date: by asking the provider what
//! changed, or by listing everybody and comparing.
//!
//! Invariants: what may lack a user is not called complete; a store is a complete listing at any moment, the one before or
//! the one after; a step that failed can be taken again, and nothing is lost.

pub mod checkpoint;
mod error;
mod listing;
mod listings;
mod sync;

pub use error::{Error, Result, Stall};
pub use listing::{Batch, End, Listing, ListingOptions, Progress};
pub use listings::Listings;
pub use sync::{ChangedUser, FullSyncReason, ListingSync, SyncOptions, SyncProgress, SyncStep};
