//! What a step of a listing brings, how far the listing is, and how it ends.

use provider_model::{Attributes, HiddenField, Notice, User};
use serde::{Deserialize, Serialize};

/// What a listing ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// It holds every user who existed from its beginning to its end: one who was known and did not come is gone.
    Complete,
    /// It may lack users; a notice says why.
    Incomplete,
}

/// What one step brought.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Users who come for the first time.
    pub users: Vec<User>,
    /// Users who came before: a later record of the same id, which replaces the earlier.
    pub repeated: Vec<User>,
    /// What the provider and this library have to tell. The last batch repeats all.
    pub notices: Vec<Notice>,
    /// The product's own count of all users to come.
    pub expected_total: Option<u32>,
    /// Set in the last batch.
    pub end: Option<End>,
    /// Set in the last batch of an incomplete listing: why it is not complete, a code of the provider.
    pub reason: Option<String>,
    /// What the token cannot see in the whole listing. The last batch repeats all.
    pub hidden: Vec<HiddenField>,
    /// Set in the last batch: how many of those who came belong to the listing no more, since the list was read again and
    /// they were deleted meanwhile. A store has left them out; a host without one cannot tell who they are.
    pub withdrawn: u64,
    /// The instant for which the count is proven, in the product's time.
    pub watermark: Option<String>,
    /// More about this step, documented by the provider.
    pub attributes: Attributes,
}

/// How far a listing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Distinct users so far.
    pub users: u64,
    /// Records of users who had come before.
    pub repeated: u64,
    /// Steps so far.
    pub pages: u64,
    /// The product's own count of all users to come.
    pub expected_total: Option<u32>,
    /// Requests that it took; 0 as well where an earlier version of this library did not count them.
    #[serde(default)]
    pub requests: u64,
}
