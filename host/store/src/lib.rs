//! Saved listings: each user once, reported as complete only if that is proven, and brought up to date with few
//! requests.
//!
//! A [`Listing`] keys users by id and resumes where it stopped; with a store of [checkpoint]s it does so even after the
//! process died. A step is saved before it is returned. A [`ListingSync`] brings a kept listing up to date: it asks the
//! provider what changed, or lists everybody and compares.
//!
//! Invariants: a listing that may lack a user is never reported as complete; at any moment a store has a whole listing,
//! the one before or the one after a step; a step that failed can be retried, and nothing is lost.

pub mod checkpoint;
mod error;
mod listing;
mod listings;
mod sync;

pub use error::{Error, Result, Stall};
pub use listing::{Batch, End, Listing, ListingOptions, Progress};
pub use listings::Listings;
pub use sync::{ChangedUser, FullSyncReason, ListingSync, SyncOptions, SyncProgress, SyncStep};
