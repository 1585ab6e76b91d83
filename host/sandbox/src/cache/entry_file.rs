//! A file in the folder of a cache.

use std::time::SystemTime;

/// What lies in the folder.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// When it was written or last read.
    pub(super) used: SystemTime,
}
