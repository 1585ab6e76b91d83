//! Lists every account, some thousand a call.
//!
//! A listing begins by asking the server for its exact number of accounts. If the server names the ids of everybody,
//! the listing requests their profiles by id (`by_ids`). If it does not, or there are few accounts, the listing reads
//! `/users` in pages (`by_pages.rs`). Each way has its own proof that nobody is missing, and only with that proof is a
//! listing complete.

mod account_context;
pub mod by_ids;
mod by_pages;
mod call;
mod census;
pub(super) mod cursor;
mod joined;
mod list;
mod mark;
mod memory;
mod newest;
mod notices;
mod page;
mod single_channel;
mod sweep;
mod team_admins;

#[cfg(test)]
pub(super) mod fake_server;
#[cfg(test)]
mod tests;

pub use account_context::{AccountContext, Lacks};
pub use call::ATTRIBUTES;
pub(super) use call::{WAIT_MS, latest_ms, rules};
pub use census::{Census, Clock, Count, Counting, Hidden};
pub use cursor::{Cursor, Seats};
pub use list::{list_users, list_users_paced};
pub use mark::Mark;
pub use memory::{Memory, PASSES_AT_MOST, Recall, Tally};
pub use newest::Newest;
pub use notices::{Findings, Named};
pub use single_channel::SingleChannelGuests;
pub use team_admins::TeamAdmins;
