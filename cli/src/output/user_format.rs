//! The format of a listing, by its name.

use super::field::Field;
use super::format::{ListingFormat, UserFormat, Values, Width};
use super::table::Table;
use super::{csv, json};

/// The format for a listing on an output of this width, with these fields; with the usual ones if there are none.
pub(crate) fn user_format(
    format: ListingFormat,
    width: Width,
    values: Values,
    fields: Vec<Field>,
) -> Box<dyn UserFormat> {
    match format {
        ListingFormat::Table => Box::new(Table::new(width, values).of_columns(fields)),
        ListingFormat::Json => Box::new(json::Array::new(fields)),
        ListingFormat::Ndjson => Box::new(json::Lines::new(fields)),
        ListingFormat::Csv => Box::new(csv::Rows::new(values, fields)),
    }
}
