//! Changes that a sync has saved and that its caller may not have received.

use provider_model::User;
use serde::{Deserialize, Serialize};

/// The changes of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Undelivered {
    /// The ids of users who are new.
    pub(crate) added: Vec<String>,
    /// The earlier records of those who have changed.
    pub(crate) changed: Vec<User>,
    /// The last records of those who are gone.
    pub(crate) gone: Vec<User>,
}
