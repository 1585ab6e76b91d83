//! Why a listing by ids holds everybody: list, count, list.
//!
//! An account that is named before the count is requested, and again after its answer, existed at the count, unless the
//! id has no account at all: accounts that were deleted for good may leave memberships and bots behind. Such an id has
//! no profile, and never gets one again. So the ids in both lists, less those whose profile did not come, belong to
//! counted accounts. If they are as many as the count, they are all of the counted accounts, and each of them has come.
//!
//! The proof needs no clock and no date. Any instance may read a profile, so long as its id is of the same list and it
//! is read after the count.

/// What the three steps gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Evidence {
    /// Ids in both lists.
    pub(super) listed: u32,
    /// Accounts that the server counted between them.
    pub(super) counted: u32,
    /// Ids in both lists whose profile was requested and did not come.
    pub(super) absent: u32,
}

/// What the evidence proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Everybody has come.
    Proven,
    /// So many are missing.
    Missing(u32),
    /// So many more have come than were counted, so the count means something else.
    More(u32),
}

impl Evidence {
    /// The verdict, once the profiles of all ids in both lists were requested.
    #[must_use]
    pub(super) const fn verdict(self) -> Verdict {
        let came = self.listed.saturating_sub(self.absent);
        if came == self.counted {
            Verdict::Proven
        } else if came < self.counted {
            Verdict::Missing(self.counted.saturating_sub(came))
        } else {
            Verdict::More(came.saturating_sub(self.counted))
        }
    }
}

/// Whether to read profiles after two lists and a count. The lists may hold ids without an account, but not fewer ids
/// than accounts; and an account that only the second list names may have been counted.
#[must_use]
pub(super) const fn is_promising(listed: usize, counted: u32, strays: usize) -> bool {
    strays == 0 && listed as u64 >= counted as u64
}
