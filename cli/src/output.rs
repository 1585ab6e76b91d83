//! The formats of users. Each converts a page to bytes when it arrives, so that nothing waits for the end.

pub(crate) mod cell;
pub(crate) mod change;
mod csv;
mod format;
mod json;
#[cfg(test)]
pub(crate) mod samples;
mod table;
mod user_format;
pub(crate) mod words;

pub(crate) use self::format::{AnswerFormat, ListingFormat, UserFormat, Values, Width};
pub(crate) use self::json::json_answer;
pub(crate) use self::table::Table;
pub(crate) use self::user_format::user_format;
