//! Lists every account, some thousand a call.
//!
//! A listing begins by asking the server for its exact number of accounts. Where the server names the ids of everybody, their
//! profiles are asked for by these (`by_ids`); where it does not, or there are few, `/users` is read in pages (`by_pages.rs`).
//! Each way has a proof of its own that nobody is missing, and a listing calls itself complete only with that.

mod both;
pub mod by_ids;
mod by_pages;
mod call;
mod census;
pub(super) mod cursor;
mod list;
mod mark;
mod memory;
mod notices;
mod page;
mod single_channel;
mod surroundings;
mod sweep;
mod team_admins;

#[cfg(test)]
pub(super) mod fake_server;
#[cfg(test)]
mod tests;

pub use call::ATTRIBUTES;
pub(super) use call::{WAIT_MS, latest_ms, rules};
pub use census::{Census, Clock, Count, Counting, Hidden};
pub use cursor::{Cursor, Seats};
pub use list::{list_users, list_users_paced};
pub use mark::Mark;
pub use memory::{Memory, PASSES_AT_MOST, Recall, Tally};
pub use notices::{Findings, Named};
pub use single_channel::SingleChannelGuests;
pub use surroundings::Surroundings;
pub use team_admins::TeamAdmins;
