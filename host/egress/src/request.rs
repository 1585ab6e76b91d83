//! A request as the log has it.

use crate::Origin;

/// A request in words that may be kept.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) origin: Option<Origin>,
    /// The path without a query, and with `{}` for whatever is not known to be a word of the product's.
    pub(crate) path: String,
    /// The same for the person whose session it is, with more words of the provider's own.
    pub(crate) asked: String,
    /// The header or the query key for which it is denied.
    pub(crate) name: Option<String>,
    /// The described request with it.
    pub(crate) line: Option<String>,
}
