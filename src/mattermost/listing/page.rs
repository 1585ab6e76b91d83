//! A page of accounts that was read, and whose activity may be known.

use alloc::string::String;
use alloc::vec::Vec;

use super::super::activity::LastUse;
use super::super::failure::Failure;
use super::super::record::Draft;
use super::by_ids::Id;
use super::mark::Mark;

/// A page of accounts.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) drafts: Vec<(Draft, Option<LastUse>)>,
    pub(super) marks: Vec<Mark>,
    pub(super) unreadable: u32,
    pub(super) unreadable_names: Vec<String>,
    pub(super) server_ms: i64,
    /// How many records it has, unreadable ones among them.
    pub(super) sent: u32,
    /// How many ids were requested, and which of them have no account to list.
    pub(super) asked: usize,
    pub(super) absent: Vec<Id>,
    /// Set if its activity was requested and did not come.
    pub(super) failure: Option<Failure>,
}

impl Page {
    /// The page without its failure, so that its activity is requested again.
    pub(super) fn renewed(self) -> Self {
        Self { failure: None, ..self }
    }

    /// All of the accounts on the page that stands at this slot.
    pub(super) fn whole(&self, slot: usize) -> Part {
        Part { slot, from: 0, to: self.drafts.len() }
    }

    pub(super) fn unasked(&self) -> impl Iterator<Item = &Draft> {
        self.unasked_in(0, self.drafts.len()).map(|(_, draft)| draft)
    }

    /// The accounts from one place up to another whose activity is not known, with their places.
    pub(super) fn unasked_in(&self, from: usize, to: usize) -> impl Iterator<Item = (usize, &Draft)> {
        let drafts = self.drafts.iter().enumerate().take(to).skip(from);
        drafts.filter(|(_, (_, last_use))| last_use.is_none()).map(|(place, (draft, _))| (place, draft))
    }
}

/// Some of the accounts on a page: those from one place up to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) slot: usize,
    pub(super) from: usize,
    pub(super) to: usize,
}
