//! Stores for listings, so that a listing resumes whatever happened to the process that read it.
//!
//! For each [`ListingKey`] a store keeps the latest listing and the finished one before it, if there is one. So a host
//! can read the earlier listing while the next one runs, and report who is gone. The store drops the earlier listing
//! when the first step of the next one is saved. A sync changes the latest finished listing in place: each record that
//! it saves is right by then, and the listing's watermark moves on at the end of the sync.
//!
//! A finished listing may be proven complete or not. If it is not, it still has everything that is known: users that it
//! did not see are copied from the listing before, and so are values that its token did not see.
//!
//! Stores are called from threads on which blocking is allowed; a store for a database with an asynchronous client
//! waits for it there.

#[cfg(feature = "sqlite")]
mod checksum;
mod memory;
#[cfg(feature = "sqlite")]
mod schema;
mod seen_at;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
#[cfg(feature = "sqlite")]
mod stored;
#[cfg(test)]
mod tests;
mod undelivered;

pub use memory::MemoryCheckpoints;
pub use seen_at::SeenAt;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteCheckpoints;
pub use store::{Checkpoint, Checkpoints, Kept, ListingKey, Standing, Step, Verified, Wait};
#[cfg(feature = "sqlite")]
pub use stored::{StoredListing, StoredListings};
pub(crate) use undelivered::Undelivered;
