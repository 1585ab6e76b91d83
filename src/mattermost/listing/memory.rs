//! Whom a listing has seen, for as long as the instance lives.

use alloc::string::String;

use hashbrown::HashSet;

use super::super::failure::Failure;
use super::super::settings::fnv1a;
use super::team_admins::TeamAdmins;

/// Whether the memory belongs to the listing that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recall {
    /// It does, or the listing has seen nobody yet.
    Whole,
    /// The listing went on in another instance, and whom it saw there is not known.
    Lost,
}

/// The distinct accounts that one listing has seen and that were created before it began, as 64-bit fingerprints of
/// their ids: 9 bytes each, with room to grow at most 40 MB for a million. Two ids with the same fingerprint count as
/// one, which can make a listing incomplete and never complete.
#[derive(Debug, Default)]
pub struct Memory {
    listing: u64,
    seen: Option<HashSet<u64>>,
    /// Who runs a team, once that was asked.
    team_admins: Option<TeamAdmins>,
}

impl Memory {
    /// An empty memory.
    #[must_use]
    pub const fn new() -> Self {
        Self { listing: 0, seen: None, team_admins: None }
    }

    /// Turns to a listing that has seen so many accounts. Another listing's memory is forgotten. A memory that holds
    /// more than the cursor says is right too: the same cursor is tried again.
    pub fn take_up(&mut self, listing: u64, seen: u32) -> Recall {
        if self.listing != listing {
            self.listing = listing;
            self.seen = None;
            self.team_admins = None;
        }
        if self.seen() >= seen { Recall::Whole } else { Recall::Lost }
    }

    /// Who runs a team, as `find` tells it where it is not known yet.
    ///
    /// # Errors
    /// What `find` fails with.
    pub fn team_admins(&mut self, find: impl FnOnce() -> Result<TeamAdmins, Failure>) -> Result<&TeamAdmins, Failure> {
        let known = match self.team_admins.take() {
            Some(known) => known,
            None => find()?,
        };
        Ok(self.team_admins.insert(known))
    }

    /// The names of the teams that an account runs.
    #[must_use]
    pub fn runs(&self, id: &str) -> &[String] {
        self.team_admins.as_ref().map_or(&[], |admins| admins.of(id))
    }

    /// Notes an account.
    pub fn note(&mut self, id: &str) {
        self.seen.get_or_insert_default().insert(fnv1a(id.as_bytes()));
    }

    /// How many distinct accounts were seen.
    #[must_use]
    pub fn seen(&self) -> u32 {
        self.seen.as_ref().map_or(0, |seen| u32::try_from(seen.len()).unwrap_or(u32::MAX))
    }
}
