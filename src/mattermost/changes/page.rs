//! What a step of finding out what changed returns.

use alloc::string::String;
use alloc::vec::Vec;

use crate::contract::{HiddenField, ListingState, Notice, User};

/// The contract's `changes-page`. Only a world with that interface has a generated type for it.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangesPage {
    /// Users who are new, and known ones whose records differ.
    pub users: Vec<User>,
    /// The ids of known users who no longer exist.
    pub gone: Vec<String>,
    /// Whether to go on.
    pub state: ListingState,
    /// The server's count of all users.
    pub expected_total: Option<u32>,
    /// How long to wait before the next call, in milliseconds.
    pub wait_ms: Option<u32>,
    /// The instant of the next baseline.
    pub watermark: Option<String>,
    /// New ones; the last page has all.
    pub notices: Vec<Notice>,
    /// What the token cannot see. New ones; the last page has all.
    pub hidden: Vec<HiddenField>,
    /// More about this step.
    pub attributes: Vec<(String, String)>,
}
