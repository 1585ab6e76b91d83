//! A listing by any client.

use provider_host::model::User;

use crate::Result;

/// A listing that is ready to begin.
pub(super) trait Lister {
    /// The users that come for the first time with the next step; none after the last step.
    fn next(&mut self) -> Result<Option<Vec<User>>>;
    /// Whether it came to a proven end.
    fn is_complete(&self) -> bool;
    fn requests(&self) -> u64;
    fn guest_bytes(&self) -> Option<usize>;
}
