//! Pages, and what must be known of their accounts before records are made of them.

use alloc::boxed::Box;
use alloc::vec::Vec;

use provider_sdk::http::{Answered, Request, Ticket, Work};

use super::super::failure::Failure;
use super::notices::Findings;
use super::page::Page;
use super::surroundings::Search;
use super::sweep::{Sweep, Swept};

/// A sweep and the search for what must be known of its accounts before their records are made. Beside each other they
/// spare a far server's turns; one after the other they leave a near one the time to say how much it bears.
pub(super) struct Both<'s, 'a> {
    search: Search<'s>,
    sweep: Sweep<'a>,
    is_far: bool,
    /// What failed first.
    failed: Option<Failure>,
}

impl<'s, 'a> Both<'s, 'a> {
    pub(super) const fn new(search: Search<'s>, sweep: Sweep<'a>, is_far: bool) -> Self {
        Self { search, sweep, is_far, failed: None }
    }

    /// What the sweep brought in.
    ///
    /// # Errors
    /// The search failed, so that no record can be made.
    pub(super) fn finish(self, findings: &mut Findings) -> Result<Swept, Box<Cut>> {
        match self.search.finish(findings) {
            Ok(()) => Ok(self.sweep.finish()),
            Err(failure) => Err(Box::new(Cut {
                is_in_search: self.failed.is_none(),
                failure: self.failed.unwrap_or(failure),
                pages: self.sweep.keep(),
            })),
        }
    }
}

/// A sweep that was cut off before its records could be made.
pub(super) struct Cut {
    pub(super) failure: Failure,
    /// Whether the search failed first.
    pub(super) is_in_search: bool,
    /// The pages that were read.
    pub(super) pages: Vec<Page>,
}

impl Work for Both<'_, '_> {
    fn next(&mut self) -> Option<(Ticket, Request)> {
        // The search first: some of its questions wait for the answers to others.
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
        // A server that wants to be left alone is asked for nothing more, and whoever asks is told so: what counts is
        // who was told by the server.
        if self.failed.is_none() {
            self.failed = self.sweep.failed().filter(|_| !self.search.has_failed()).cloned();
        }
    }
}
