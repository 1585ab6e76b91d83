//! What is returned where nothing can be found out.

use alloc::string::ToString as _;
use alloc::vec;
use alloc::vec::Vec;

use provider_sdk::changes::ChangesPage;
use provider_sdk::notice::notice;

use super::super::code::NoticeCode;
use crate::contract::ListingState;

/// The answer to a baseline that nothing can be found out for. It takes no request.
#[must_use]
pub fn of_unusable_baseline() -> ChangesPage {
    let code = NoticeCode::BaselineUnusable;
    ChangesPage {
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
