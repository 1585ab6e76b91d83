//! Where a listing is kept, so that it goes on after whatever happened to the process that read it.
//!
//! A store keeps, for each [`ListingKey`], the latest listing and, where a finished one came before it, that one too: a
//! host can read the earlier one while the next is on its way, and say who is gone. A finished listing makes room
//! when the first step of the next one is saved, and not before. A sync changes the latest finished listing in its place: each
//! record that it saves is right by then, and the listing's watermark moves on when the sync has come to its end.
//!
//! A finished listing is proven complete or not. One that is not still is what is known: users who did not come in it are kept from
//! the one before, and so are values that its token did not see.
//!
//! Stores are called from threads on which blocking is allowed; one for a database with an asynchronous client waits for
//! it there.

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
mod untold;

pub use memory::MemoryCheckpoints;
pub use seen_at::SeenAt;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteCheckpoints;
pub use store::{Checkpoint, Checkpoints, Kept, ListingKey, Standing, Step, Verified, Wait};
#[cfg(feature = "sqlite")]
pub use stored::{StoredListing, StoredListings};
pub(crate) use untold::Untold;
