//! How users are printed. Each format turns pages into bytes as they come, so that nothing waits for the end.

pub(crate) mod cell;
pub(crate) mod change;
mod csv;
mod json;
mod table;
pub(crate) mod words;

use std::io;

use clap::ValueEnum;
use provider_host::model::User;

pub(crate) use self::json::json_answer;
pub(crate) use self::table::Table;

/// The formats of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListingFormat {
    /// Columns, as wide as the terminal
    Table,
    /// One array of all users
    Json,
    /// One user per line, as JSON
    Ndjson,
    /// A header row and one row per user
    Csv,
}

/// The formats of a single answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerFormat {
    /// For a person
    Table,
    /// For a program
    Json,
}

/// A listing on its way out. The parts are appended to `out`, which the caller writes and flushes.
pub(crate) trait UserFormat {
    /// What comes before the first user.
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()>;
    /// One page of users.
    fn page(&mut self, users: &[User], out: &mut Vec<u8>) -> io::Result<()>;
    /// What comes after the last user, also when the listing broke off.
    fn end(&mut self, out: &mut Vec<u8>) -> io::Result<()>;
}

/// How the values of a listing are written as rows of a table or of CSV. JSON is always exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    /// Nothing in them drives a terminal or is run by a spreadsheet.
    Harmless,
    /// As the provider gave them: `--raw`.
    Raw,
}

/// How wide a table may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// A terminal of so many columns.
    Columns(usize),
    /// As wide as its values: it is read by a program, or later.
    Unbounded,
}

/// The format for a listing on an output of this width.
pub(crate) fn user_format(format: ListingFormat, width: Width, values: Values) -> Box<dyn UserFormat> {
    match format {
        ListingFormat::Table => Box::new(Table::new(width, values)),
        ListingFormat::Json => Box::new(json::Array::default()),
        ListingFormat::Ndjson => Box::new(json::Lines),
        ListingFormat::Csv => Box::new(csv::Rows::new(values)),
    }
}

impl Values {
    /// As `--raw` says.
    pub(crate) const fn of(is_raw: bool) -> Self {
        if is_raw { Self::Raw } else { Self::Harmless }
    }
}

#[cfg(test)]
pub(crate) mod samples {
    //! Users to print.
    use super::User;
    use provider_host::model::{ActivityKnowledge, Assignment, SeatUse, UserKind, UserStatus};

    /// An account with every field set.
    pub(crate) fn anna() -> User {
        User {
            id: "id1".into(),
            username: "anna".into(),
            email: Some("anna@example.com".into()),
            first_name: Some("Anna".into()),
            last_name: Some("Berg".into()),
            status: UserStatus::Active,
            kind: UserKind::Member,
            role: "system-admin".into(),
            roles: vec!["system_user".into(), "system_admin".into()],
            seat: SeatUse::Occupied,
            licenses: vec![Assignment { license_type: "enterprise".into(), assigned_at: None }],
            position: Some("Head of \"Everything\", Inc.".into()),
            created_at: Some("2024-01-02T03:04:05.000Z".into()),
            deactivated_at: None,
            activity: ActivityKnowledge::Known,
            last_activity_at: Some("2026-11-23T22:00:00.000Z".into()),
            attributes: [("auth".to_owned(), "ldap".to_owned())].into_iter().collect(),
        }
    }

    /// An account of which hardly anything is known.
    pub(crate) fn bare() -> User {
        User {
            id: "id2".into(),
            username: "bot".into(),
            email: None,
            first_name: None,
            last_name: None,
            status: UserStatus::Deactivated,
            kind: UserKind::Bot,
            role: "member".into(),
            roles: Vec::new(),
            seat: SeatUse::Free,
            licenses: Vec::new(),
            position: None,
            created_at: None,
            deactivated_at: Some("2026-01-01T00:00:00.000Z".into()),
            activity: ActivityKnowledge::Never,
            last_activity_at: None,
            attributes: Default::default(),
        }
    }
}
