//! How a sync is asked for, and what a step of it brings.

use provider_model::{FieldChange, HiddenField, Notice, User, difference};

use crate::End;

/// How to bring a listing up to date.
#[derive(Clone, Debug, Default)]
pub struct SyncOptions {
    /// About how many users a step brings where everybody is listed; 0 leaves it to the provider.
    pub limit: u32,
    /// Whether everybody is listed even where the provider could tell what changed.
    pub full: bool,
}

/// What one step found.
#[derive(Clone, Debug, Default)]
pub struct SyncStep {
    /// Users whom the store did not have.
    pub added: Vec<User>,
    /// Users whose records differ from those in the store.
    pub changed: Vec<ChangedUser>,
    /// Users who exist no more, with their last records: where the provider names them, and after a complete listing.
    pub gone: Vec<User>,
    /// What the provider and this library have to tell. The last step repeats all.
    pub notices: Vec<Notice>,
    /// What the token cannot see. The last step of the provider's answers has all.
    pub hidden: Vec<HiddenField>,
    /// Set in the last step, which brings no users.
    pub end: Option<End>,
}

/// A user with two records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedUser {
    /// As the store had it.
    pub old: User,
    /// As it is now.
    pub new: User,
}

impl ChangedUser {
    /// The fields that differ, with both values, by name.
    #[must_use]
    pub fn fields(&self) -> Vec<FieldChange> {
        difference::differences(&self.old, &self.new)
    }
}
