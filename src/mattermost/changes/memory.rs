//! What an instance remembers between two calls.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use provider_sdk::http::Network;

use super::super::failure::Failure;
use super::super::listing::by_ids::{Id, Kept};
use super::super::listing::{AccountContext, Lacks, Named};
use super::super::record::Rules;
use super::asks::AtOnce;
use super::cursor::Cursor;

/// What the calls of one instance remember: data that is costly to read again. No answer depends on it.
#[derive(Debug)]
pub struct Memory {
    /// The id of the calls that it belongs to.
    id: u64,
    pub(super) context: AccountContext,
    /// As of when, at the earliest, the records know what was not due, in milliseconds since 1970; `None` if all was.
    /// What is read beside it later does not make earlier records newer.
    pub(super) known_since_ms: Option<i64>,
    /// The names that notices mention.
    pub(super) named: Named,
    /// Whether the server failed at the last request for activity.
    pub(super) activity_failed: bool,
    /// How many ids go into a request, if more were too many.
    pub(super) at_once: AtOnce,
    /// The ids that the lists gave.
    pub(super) kept: Kept,
    /// Those of them that have no profile.
    pub(super) absent: BTreeSet<Id>,
    /// The ids of the newest accounts, in ascending order.
    pub(super) newest: Vec<Id>,
}

impl Memory {
    /// An empty memory.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            id: 0,
            context: AccountContext::new(),
            known_since_ms: None,
            named: Named::nothing(),
            activity_failed: false,
            at_once: AtOnce::unknown(),
            kept: Kept::nothing(),
            absent: BTreeSet::new(),
            newest: Vec::new(),
        }
    }

    /// Switches to the calls with this id, and forgets what it remembered for other calls.
    pub(super) fn take_up(&mut self, id: u64) {
        if self.id != id {
            *self = Self { id, activity_failed: self.activity_failed, at_once: self.at_once, ..Self::new() };
        }
    }
}

/// Reads what records lack beside the accounts, if it was not read yet.
///
/// # Errors
/// The server fails.
pub(super) fn supply(
    context: &mut AccountContext,
    lacks: Lacks,
    at: &mut Cursor,
    rules: &Rules,
    network: &mut dyn Network,
) -> Result<(), Failure> {
    if !context.read_also(lacks) {
        return Ok(());
    }
    let census = &at.census;
    context.find(census.version, census.hidden.teams_unsure, rules.seats, &mut at.findings, network)
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}
