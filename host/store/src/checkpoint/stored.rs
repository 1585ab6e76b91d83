//! Reads what a file of checkpoints holds, without asking any product and without changing a listing.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use provider_egress::io_cause;
use provider_model::User;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::checksum;
use super::schema::{self, VERSION};
use super::sqlite::{PATIENCE, Row, SqliteCheckpoints, unusable};
use super::store::{ListingKey, Standing};
use crate::{Error, Result};

#[cfg(test)]
mod tests;

/// The listings in a file of checkpoints, to be read while other processes may write there: no lock is taken, and nobody waits.
#[derive(Debug)]
pub struct StoredListings {
    path: PathBuf,
    connection: Connection,
}

impl StoredListings {
    /// Opens a file that exists. One of an earlier version of this library is converted first. Blocks while it looks.
    ///
    /// # Errors
    /// [`Error::CheckpointUnusable`]: there is no such file, it cannot be read, or it is another sort of file.
    /// [`Error::CheckpointNewer`]: a later version of this library made it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        // SQLite takes some names, such as `:memory:`, for something else than a file.
        let path = std::path::absolute(path).map_err(|error| unusable(path, io_cause(error)))?;
        std::fs::File::open(&path).map_err(|error| unusable(&path, io_cause(error)))?;
        match Self::opened(&path)? {
            (file, Some(VERSION)) => Ok(file),
            (file, Some(_)) => {
                // Converts an earlier version, and refuses a later one.
                drop(file);
                drop(SqliteCheckpoints::open(&path)?);
                Ok(Self::opened(&path)?.0)
            }
            (_, None) => Err(unusable(&path, "it is no file of checkpoints")),
        }
    }

    /// The file with its version; `None` if it is not a file of checkpoints.
    ///
    /// A connection that may write removes SQLite's own files beside this one when it is closed; `query_only` keeps it from
    /// changing anything else.
    /// Where it cannot make these files, as in a folder that may only be read, nobody else writes either, and the file is read as it is.
    fn opened(path: &Path) -> Result<(Self, Option<i32>)> {
        let shared = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "query_only", true)?;
            let version = schema::version(&connection)?;
            Ok((connection, version))
        };
        let found = shared().or_else(|error: rusqlite::Error| {
            let is_shut = matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly));
            if is_shut && !has_log(path) { alone(path) } else { Err(error) }
        });
        let (connection, version) = found.map_err(|error| unusable(path, error))?;
        Ok((Self { path: path.to_owned(), connection }, version))
    }

    /// Which listings there are, by name, product and source.
    ///
    /// # Errors
    /// [`Error::CheckpointUnusable`]: the file cannot be read.
    pub fn keys(&self) -> Result<Vec<ListingKey>> {
        let read = || {
            let sql = "SELECT name, product, source FROM subject
                       WHERE EXISTS (SELECT 1 FROM listing WHERE subject = subject.id) ORDER BY name, product, source";
            let mut found = self.connection.prepare(sql)?;
            let keys = found
                .query_map([], |row| Ok(ListingKey { name: row.get(0)?, product: row.get(1)?, source: row.get(2)? }))?;
            keys.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| unusable(&self.path, error))
    }

    /// The last finished listing of this key or, where there is none, the unfinished one, as it is now: what other processes write
    /// later is not seen. `None` if nothing was saved.
    ///
    /// # Errors
    /// [`Error::CheckpointUnusable`]: the file cannot be read, or its own rows are damaged.
    pub fn listing(&mut self, key: &ListingKey) -> Result<Option<StoredListing<'_>>> {
        let path = self.path.clone();
        let damaged = |reason: &str| unusable(&path, reason);
        let begun = Transaction::new(&mut self.connection, TransactionBehavior::Deferred);
        let snapshot = begun.map_err(|error| unusable(&path, error))?;
        let rows = rows(&snapshot, key).map_err(|error| unusable(&path, error))?;
        if rows.iter().any(|row| !row.is_intact) {
            return Err(damaged("what it holds is damaged"));
        }
        let mut found: Option<Found> = None;
        for row in rows {
            // The error's own words may repeat what the file holds.
            let standing: Standing =
                serde_json::from_str(&row.standing).map_err(|_| damaged("what it holds cannot be read"))?;
            // The latest comes first; the one before it counts where the latest is on its way.
            if found.is_none() || standing.is_finished() {
                let is_last = standing.is_finished();
                found = Some(Found { listing: row.listing, standing, saved_ms: row.saved_ms });
                if is_last {
                    break;
                }
            }
        }
        Ok(found.map(|Found { listing, standing, saved_ms }| StoredListing {
            path,
            snapshot,
            listing,
            standing,
            saved_at: UNIX_EPOCH + Duration::from_millis(saved_ms.try_into().unwrap_or_default()),
        }))
    }
}

/// Reads a file that nobody changes meanwhile, without making any other file.
fn alone(path: &Path) -> rusqlite::Result<(Connection, Option<i32>)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(unchanging(path)?, flags)?;
    let version = schema::version(&connection)?;
    Ok((connection, version))
}

/// The file's address for SQLite, with the promise that nobody changes it meanwhile.
fn unchanging(path: &Path) -> rusqlite::Result<String> {
    let path = path.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(path.to_owned()))?;
    let escaped = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(format!("file:{escaped}?immutable=1"))
}

/// Whether changes stand beside the file that are not yet in it.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

struct Found {
    listing: i64,
    standing: Standing,
    saved_ms: i64,
}

/// A listing's own row.
struct ListingRow {
    listing: i64,
    standing: String,
    saved_ms: i64,
    is_intact: bool,
}

/// The listings of a key, the latest first.
fn rows(snapshot: &Transaction<'_>, key: &ListingKey) -> rusqlite::Result<Vec<ListingRow>> {
    let find = "SELECT id FROM subject WHERE name = ?1 AND product = ?2 AND source = ?3";
    let parts = [&key.name, &key.product, &key.source];
    let subject: Option<i64> = snapshot.query_row(find, parts, |row| row.get(0)).optional()?;
    let Some(subject) = subject else { return Ok(Vec::new()) };
    let sql =
        "SELECT id, place, is_complete, saved_ms, standing, sum FROM listing WHERE subject = ?1 ORDER BY place DESC";
    let mut found = snapshot.prepare(sql)?;
    let rows = found.query_map([subject], |row| {
        let (place, standing): (String, String) = (row.get(1)?, row.get(4)?);
        let is_intact = checksum::of_listing(subject, &place, row.get(2)?, &standing) == row.get::<_, i64>(5)?;
        Ok(ListingRow { listing: row.get(0)?, saved_ms: row.get(3)?, standing, is_intact })
    })?;
    rows.collect()
}

/// A listing in a file, as it was when it was opened.
#[derive(Debug)]
pub struct StoredListing<'a> {
    path: PathBuf,
    snapshot: Transaction<'a>,
    listing: i64,
    standing: Standing,
    saved_at: SystemTime,
}

impl StoredListing<'_> {
    /// How far it is, and how it ended.
    #[must_use]
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// When something was saved in it last, by the clock of the machine that did so.
    #[must_use]
    pub const fn saved_at(&self) -> SystemTime {
        self.saved_at
    }

    /// At most so many users, by the bytes of their ids, whose ids come after `after`. A record that is damaged is left out: the
    /// listing then has fewer users than [`Progress::users`](crate::Progress) of its standing says.
    ///
    /// # Errors
    /// [`Error::CheckpointUnusable`]: the file cannot be read.
    pub fn users(&self, after: Option<&str>, limit: u32) -> Result<Vec<User>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let records = self.records(after, limit).map_err(|error| unusable(&self.path, error))?;
        let users = records.iter().map(|record| serde_json::from_str(record)).collect::<serde_json::Result<_>>();
        users.map_err(|_| self.unreadable())
    }

    fn records(&self, after: Option<&str>, limit: usize) -> rusqlite::Result<Vec<String>> {
        let sql = "SELECT id, run, record, sum FROM user WHERE listing = ?1 AND id > ?2 ORDER BY id";
        let first = "SELECT id, run, record, sum FROM user WHERE listing = ?1 AND id >= ?2 ORDER BY id";
        let mut found = self.snapshot.prepare(if after.is_some() { sql } else { first })?;
        let mut rows = found.query(params![self.listing, after.unwrap_or_default()])?;
        let mut records: Vec<(String, String)> = Vec::new();
        while records.len() < limit
            && let Some(row) = rows.next()?
        {
            // In an index that is damaged ids may be out of their order.
            if let Row::Intact(id, record) = Row::read(row)
                && records.last().is_none_or(|(last, _)| *last < id)
            {
                records.push((id, record));
            }
        }
        Ok(records.into_iter().map(|(_, record)| record).collect())
    }

    fn unreadable(&self) -> Error {
        unusable(&self.path, "what it holds cannot be read")
    }
}
