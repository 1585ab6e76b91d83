//! What a roll call gave, and how much of it is still to be read.

use alloc::format;
use alloc::string::String;

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

    /// The numbers as a cursor writes them.
    #[must_use]
    pub fn encode(self) -> String {
        let Self { listed, counted, behind, digest, whole } = self;
        format!("{listed}:{counted}:{behind}:{digest:x}:{whole:x}")
    }

    /// Reads what [`encode`](Self::encode) wrote.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let mut number = || parts.next()?.parse().ok();
        let (listed, counted, behind) = (number()?, number()?, number()?);
        let mut hash = || u64::from_str_radix(parts.next()?, 16).ok();
        let (digest, whole) = (hash()?, hash()?);
        Some(Self { listed, counted, behind, digest, whole }).filter(|_| parts.next().is_none())
    }

    /// Whether these are all the ids that were in both lists.
    #[must_use]
    pub fn is_all_of(&self, ids: &[Id]) -> bool {
        (self.listed, self.whole) == (count(ids), digest(ids))
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
