//! The interface of all formats of users, their names, and the width and exactness of values.

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

/// The formats of licences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LicenseFormat {
    /// For a person
    Table,
    /// For a program
    Json,
    /// Metrics in the text format of Prometheus
    Prometheus,
}

/// Formats a listing. Each method appends to `out`, which the caller writes and flushes.
pub(crate) trait UserFormat {
    /// Appends what precedes the first user.
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()>;
    /// Appends a page of users.
    fn page(&mut self, users: &[User], out: &mut Vec<u8>) -> io::Result<()>;
    /// Appends what follows the last user, also if the listing broke off.
    fn end(&mut self, out: &mut Vec<u8>) -> io::Result<()>;
}

/// How the values of a listing are written as rows of a table or of CSV. JSON is always exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    /// Without control characters and formulas.
    Harmless,
    /// Exactly as the provider returned them: `--raw`.
    Raw,
}

/// How wide a table may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// A terminal with this many columns.
    Columns(usize),
    /// As wide as its values, for a pipe or a file.
    Unbounded,
}

impl Values {
    /// Converts the flag `--raw`.
    pub(crate) const fn of(is_raw: bool) -> Self {
        if is_raw { Self::Raw } else { Self::Harmless }
    }
}
