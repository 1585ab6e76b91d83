//! What comes of a step, and what is noted of each user.

use alloc::string::String;
use alloc::vec::Vec;

use super::super::code::NoticeCode;
use super::super::listing::Named;
use super::cursor::Cursor;
use super::lookup::Found;
use crate::contract::User;

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    Incomplete(NoticeCode),
}

/// What comes of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    /// Users who are new, and known ones whose records differ.
    pub(super) users: Vec<User>,
    /// Who is gone.
    pub(super) gone: Vec<String>,
    /// How it ends; `None` if it goes on.
    pub(super) end: Option<End>,
}

impl Step {
    /// An end without users, for this reason.
    pub(super) const fn impossible(code: NoticeCode) -> Self {
        Self { users: Vec::new(), gone: Vec::new(), end: Some(End::Incomplete(code)) }
    }
}

/// Where it is noted what the users of a step are.
pub(super) struct Book<'b> {
    pub(super) at: &'b mut Cursor,
    pub(super) named: &'b mut Named,
    /// What the server reported.
    pub(super) found: &'b Found,
    /// Whether activity was asked for.
    pub(super) asks_activity: bool,
    /// An account that is dated later than this cannot have been made yet.
    pub(super) latest_ms: i64,
}

impl Book<'_> {
    /// Notes whether the activity of a user came.
    pub(super) fn note_activity(&mut self, user: &User) {
        if self.asks_activity && !self.found.is_activity_lost() {
            self.at.findings.note_activity(self.found.activity(&user.id).into(), user);
        }
    }

    /// Notes all of a user who is counted.
    pub(super) fn note(&mut self, user: &User, created_ms: i64) {
        self.note_activity(user);
        self.at.seats.add(user);
        if created_ms > self.latest_ms {
            self.at.findings.add(NoticeCode::AccountsDatedAhead, 1);
            self.named.dated_ahead(user);
        }
    }
}
