//! Finds out what changed since a listing, without listing everybody.
//!
//! The server reports which of some accounts were changed after an instant, at a small part of what the accounts
//! themselves cost. Who is new and who is gone is found by lists of the ids of everybody (`lists.rs`), where the token's account
//! can have them; otherwise by the report on new users and by numbers (`numbers.rs`).
//!
//! What a record has beside the account is taken off and made anew: its activity, its seat, the teams that it runs. So the
//! known users with the changes are what a listing would give.

#[cfg(test)]
mod ages;
mod asks;
mod baseline;
mod call;
mod cursor;
#[cfg(test)]
mod fake_host;
mod known;
mod lists;
mod lookup;
mod memory;
mod newcomers;
mod numbers;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod sequences;
mod step;
#[cfg(test)]
mod tests;

pub use baseline::Baseline;
pub use call::{ATTRIBUTES, list_changes};
pub use cursor::{Cursor, Lists, Newcomers, Numbers, Round, Teams, Unverified, Way};
pub use memory::Memory;
