//! Reads accounts and what their records need beside the list, over one network.

use alloc::boxed::Box;
use alloc::vec::Vec;

use provider_sdk::http::{Answered, Request, Ticket, Work};

use super::super::failure::Failure;
use super::account_context::Search;
use super::notices::Findings;
use super::page::Page;
use super::sweep::{Sweep, Swept};

/// A sweep joined with the search for what its records need. On a high-latency server both run at the same time, which
/// saves round trips. On a near server the search runs first, which leaves time to learn how much load the server
/// takes.
pub(super) struct Joined<'s, 'a> {
    search: Search<'s>,
    sweep: Sweep<'a>,
    is_far: bool,
    /// The first failure.
    failed: Option<Failure>,
}

impl<'s, 'a> Joined<'s, 'a> {
    pub(super) const fn new(search: Search<'s>, sweep: Sweep<'a>, is_far: bool) -> Self {
        Self { search, sweep, is_far, failed: None }
    }

    /// Returns what the sweep read.
    ///
    /// # Errors
    /// The search failed, so that no record can be made.
    pub(super) fn finish(self, findings: &mut Findings) -> Result<Swept, Box<Interrupted>> {
        match self.search.finish(findings) {
            Ok(()) => Ok(self.sweep.finish()),
            Err(failure) => Err(Box::new(Interrupted {
                is_in_search: self.failed.is_none(),
                failure: self.failed.unwrap_or(failure),
                pages: self.sweep.keep(),
            })),
        }
    }
}

/// A sweep that was interrupted before its records could be made.
pub(super) struct Interrupted {
    pub(super) failure: Failure,
    /// Whether the search failed first.
    pub(super) is_in_search: bool,
    /// The pages that were read.
    pub(super) pages: Vec<Page>,
}

impl Work for Joined<'_, '_> {
    fn next(&mut self) -> Option<(Ticket, Request)> {
        // The search first: some of its requests depend on the answers to others.
        if let Some((ticket, request)) = self.search.next() {
            return Some((ticket.saturating_mul(2), request));
        }
        if self.search.has_failed() || (self.search.waits() && !self.is_far) {
            return None;
        }
        let (ticket, request) = self.sweep.next()?;
        Some((ticket.saturating_mul(2).saturating_add(1), request))
    }

    fn arrived(&mut self, ticket: Ticket, answered: Answered) {
        if ticket.is_multiple_of(2) {
            self.search.arrived(ticket / 2, answered);
        } else {
            self.sweep.arrived(ticket / 2, answered);
        }
        // If the sweep failed before the search, its failure is the one to return, such as a request to slow down.
        if self.failed.is_none() {
            self.failed = self.sweep.failed().filter(|_| !self.search.has_failed()).cloned();
        }
    }
}
