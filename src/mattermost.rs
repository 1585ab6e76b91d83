//! The pure core: requests to make, answers to read, records to return.

pub mod activity;
pub mod advice;
pub mod api;
pub mod changes;
pub mod check;
pub mod code;
pub mod describe;
pub mod due;
pub mod edition;
pub mod failure;
pub mod license;
pub mod listing;
pub mod record;
pub mod rights;
pub mod role;
pub mod seat;
pub mod settings;
pub mod site;
pub mod terms;
pub mod version;
pub mod wire;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod recorded;
