//! A request as it is written down.

use crate::Origin;

/// A request in words that may be kept.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) origin: Option<Origin>,
    /// The path without a query, and with `{}` for whatever is not known to be a word of the product's.
    pub(super) path: String,
    /// The same for the person whose session it is, with more words of the provider's own.
    pub(super) asked: String,
    /// The header or the query key for which it is denied.
    pub(super) name: Option<String>,
    /// The described request with it.
    pub(super) line: Option<String>,
}
