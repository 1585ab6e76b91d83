//! The formats of users. Each converts a page to bytes when it arrives, so that nothing waits for the end.

pub(crate) mod cell;
pub(crate) mod change;
mod csv;
mod exact;
mod field;
mod format;
mod json;
pub(crate) mod prometheus;
#[cfg(test)]
pub(crate) mod samples;
mod table;
mod user_format;
pub(crate) mod words;

pub(crate) use self::exact::json_answer;
pub(crate) use self::field::{Field, Fields};
pub(crate) use self::format::{AnswerFormat, LicenseFormat, ListingFormat, UserFormat, Values, Width};
pub(crate) use self::table::Table;
pub(crate) use self::user_format::user_format;
