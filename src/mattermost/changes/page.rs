//! What a step of finding out what changed returns.

use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;

use super::super::code::NoticeCode;
use super::super::notice::notice;
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

impl ChangesPage {
    /// The answer to a baseline that nothing can be found out for. It takes no request.
    #[must_use]
    pub fn of_unusable_baseline() -> Self {
        let code = NoticeCode::BaselineUnusable;
        Self {
            users: Vec::new(),
            gone: Vec::new(),
            state: ListingState::Incomplete(code.entry().id.to_string()),
            expected_total: None,
            wait_ms: None,
            watermark: None,
            notices: vec![notice(code, 0, None, &[])],
            hidden: Vec::new(),
            attributes: Vec::new(),
        }
    }
}
