//! Values in the query of a request.

use alloc::string::String;

use fluent_uri::pct_enc::EString;
use fluent_uri::pct_enc::encoder::{Data, Query};

/// Text as a value in a query.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut value = EString::<Query>::new();
    value.encode_str::<Data>(text);
    value.into_string()
}
