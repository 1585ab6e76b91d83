//! Whose requests they are.

/// Who sends, for the log.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    /// The label of the tenant.
    pub tenant: String,
    /// The provider's id.
    pub provider: String,
    /// The provider's version.
    pub version: String,
}
