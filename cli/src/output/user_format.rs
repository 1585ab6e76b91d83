//! The format of a listing, by its name.

use super::format::{ListingFormat, UserFormat, Values, Width};
use super::table::Table;
use super::{csv, json};

/// The format for a listing on an output of this width.
pub(crate) fn user_format(format: ListingFormat, width: Width, values: Values) -> Box<dyn UserFormat> {
    match format {
        ListingFormat::Table => Box::new(Table::new(width, values)),
        ListingFormat::Json => Box::new(json::Array::default()),
        ListingFormat::Ndjson => Box::new(json::Lines),
        ListingFormat::Csv => Box::new(csv::Rows::new(values)),
    }
}
