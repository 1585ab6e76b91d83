//! Where a listing is kept, so that it goes on after whatever happened to the process that read it.
//!
//! A store keeps, for each [`ListingKey`], the latest listing and, where a complete one came before it, that one too: a
//! host can read the last complete one while the next is on its way, and tell who is gone. A finished listing makes room
//! when the first step of the next one is saved, and not before. A sync changes the latest complete listing in its place: each
//! record that it saves is right by then, and the listing's watermark moves on when the sync has come to its end.
//!
//! Stores are called from threads on which blocking is allowed; one for a database with an asynchronous client waits for
//! it there.

mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
#[cfg(test)]
mod tests;

pub use memory::MemoryCheckpoints;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteCheckpoints;
pub use store::{Checkpoint, Checkpoints, Kept, ListingKey, Standing, Step, Wait};
