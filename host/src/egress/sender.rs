//! Whose requests they are.

/// Who sends, for the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sender {
    /// The label of the tenant.
    pub(crate) tenant: String,
    /// The provider's id.
    pub(crate) provider: String,
    /// The provider's version.
    pub(crate) version: String,
}
