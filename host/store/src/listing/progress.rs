//! The types of a listing's steps: what a step returns, the progress, and the end.

use provider_model::{Attributes, HiddenField, Notice, User};
use serde::{Deserialize, Serialize};

/// How a listing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// It has every user who existed from its beginning to its end: a known user who was not returned is gone.
    Complete,
    /// It may lack users; a notice says why.
    Incomplete,
}

/// What one step returned.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Users who are returned for the first time.
    pub users: Vec<User>,
    /// Users who were returned before: a later record of the same id, which replaces the earlier one.
    pub repeated: Vec<User>,
    /// What the provider and this library report. The last batch repeats all notices.
    pub notices: Vec<Notice>,
    /// The product's own count of all users to come.
    pub expected_total: Option<u32>,
    /// Set in the last batch.
    pub end: Option<End>,
    /// Set in the last batch of an incomplete listing: the provider's code for why it is not complete.
    pub reason: Option<String>,
    /// The fields that the token cannot see in the whole listing. The last batch repeats all of them.
    pub hidden: Vec<HiddenField>,
    /// Set in the last batch: how many returned users no longer belong to the listing, because they were deleted before
    /// the list was read again. A store has removed them; a host without a store does not know who they are.
    pub withdrawn: u64,
    /// The instant for which the count is proven, in the product's time.
    pub watermark: Option<String>,
    /// More facts about this step, documented by the provider.
    pub attributes: Attributes,
}

/// The progress of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Distinct users so far.
    pub users: u64,
    /// Records of users who had been returned before.
    pub repeated: u64,
    /// Steps so far.
    pub pages: u64,
    /// The product's own count of all users to come.
    pub expected_total: Option<u32>,
    /// Requests so far; 0 also if an earlier version of this library did not count them.
    #[serde(default)]
    pub requests: u64,
}
