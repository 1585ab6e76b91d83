//! What a roll call gave, and how much of it is still to be read.

use super::id::Id;
use super::roll::digest;

/// What list, count, list gave, and how much of it is still to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Called {
    /// Ids in both lists.
    pub listed: u32,
    /// Accounts that the server counted between them.
    pub counted: u32,
    /// Ids behind the last one read.
    pub behind: u32,
    /// The digest of those: an instance that finds the same ids there can go on with this list.
    pub digest: u64,
    /// The digest of all ids in both lists.
    pub whole: u64,
}

impl Called {
    /// What these ids and the count give, before any of them is read.
    #[must_use]
    pub fn of(ids: &[Id], counted: u32) -> Self {
        let (listed, digest) = (count(ids), digest(ids));
        Self { listed, counted, behind: listed, digest, whole: digest }
    }

    /// The same where these ids are still to be read.
    #[must_use]
    pub fn with_behind(self, behind: &[Id]) -> Self {
        Self { behind: count(behind), digest: digest(behind), ..self }
    }

    /// Whether both are of the same list and count, however far each is read.
    #[must_use]
    pub fn is_of_same_list(self, other: Self) -> bool {
        (self.listed, self.counted, self.whole) == (other.listed, other.counted, other.whole)
    }

    /// Whether these are the ids that are still to be read.
    #[must_use]
    pub fn is_of(&self, behind: &[Id]) -> bool {
        (self.behind, self.digest) == (count(behind), digest(behind))
    }
}

/// How many.
pub(super) fn count(ids: &[Id]) -> u32 {
    u32::try_from(ids.len()).unwrap_or(u32::MAX)
}
