//! What every format has: its name, how it takes users, and how wide and how exact it is.

use std::io;

use clap::ValueEnum;
use provider_host::model::User;

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

impl Values {
    /// As `--raw` says.
    pub(crate) const fn of(is_raw: bool) -> Self {
        if is_raw { Self::Raw } else { Self::Harmless }
    }
}
