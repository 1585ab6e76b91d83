//! The options of a sync, and what one of its steps returns.

use provider_model::{FieldChange, HiddenField, Notice, User, difference};

use crate::End;

/// How to bring a listing up to date.
#[derive(Clone, Debug, Default)]
pub struct SyncOptions {
    /// About how many users a step reads if everybody is listed; 0 lets the provider choose.
    pub limit: u32,
    /// Whether to read every record again, even if the provider could report only what changed.
    pub full: bool,
}

/// What one step found.
#[derive(Clone, Debug, Default)]
pub struct SyncStep {
    /// Users whom the store did not have.
    pub added: Vec<User>,
    /// Users whose records differ from those in the store.
    pub changed: Vec<ChangedUser>,
    /// Users who no longer exist, with their last records: those that the provider reports as gone, or that a complete
    /// listing lacks.
    pub gone: Vec<User>,
    /// What the provider and this library report. The last step repeats all notices.
    pub notices: Vec<Notice>,
    /// The fields that the token cannot see. The last step with an answer of the provider has all of them.
    pub hidden: Vec<HiddenField>,
    /// Set in the last step, which has no users.
    pub end: Option<End>,
}

/// A user with two records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedUser {
    /// The record that the store had.
    pub old: User,
    /// The record as it is now.
    pub new: User,
}

impl ChangedUser {
    /// The fields that differ, with both values, by name.
    #[must_use]
    pub fn fields(&self) -> Vec<FieldChange> {
        difference::differences(&self.old, &self.new)
    }
}
