//! Listings kept in an SQLite file.
//!
//! One file holds as many listings as one likes. It is in WAL mode, so that readers do not wait; `synchronous=FULL` makes a
//! step last when the power fails, not only when the process does, at the price of one flush a step, which is little beside
//! the requests that the step took. What is deleted is overwritten (`secure_delete`), since it is personal data.
//!
//! Beside the file lies an empty one for each listing, `FILE-N.lock`. Whoever reads the listing holds a lock on it, which
//! the system takes away when the process ends, however that happens.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use provider_egress::Cause;
use provider_egress::io_cause;
use provider_model::User;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::store::{Checkpoint, Checkpoints, Kept, ListingKey, Standing, Step, busy};
use crate::listing::End;
use crate::{Error, Result};

/// Tells a file of checkpoints from other SQLite files: `lchk` in ASCII.
const APPLICATION_ID: i32 = 0x6c63_686b;

/// The tables as [`SCHEMA`] makes them.
const VERSION: i32 = 1;

/// Records lie in the order in which they come, with an index of their ids beside them: ids come in no order, and a table
/// that is sorted by them would be rewritten all over at each step.
const SCHEMA: &str = "
    CREATE TABLE subject (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        product TEXT NOT NULL,
        source TEXT NOT NULL,
        UNIQUE (name, product, source)
    ) STRICT;
    CREATE TABLE listing (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        subject INTEGER NOT NULL REFERENCES subject ON DELETE CASCADE,
        place TEXT NOT NULL CHECK (place IN ('latest', 'earlier')),
        is_complete INTEGER NOT NULL,
        saved_ms INTEGER NOT NULL,
        standing TEXT NOT NULL,
        UNIQUE (subject, place)
    ) STRICT;
    CREATE TABLE user (
        number INTEGER PRIMARY KEY,
        listing INTEGER NOT NULL REFERENCES listing ON DELETE CASCADE,
        id TEXT NOT NULL,
        run INTEGER NOT NULL,
        record TEXT NOT NULL,
        UNIQUE (listing, id)
    ) STRICT;
";

/// Memory for pages of the file, in KiB, as SQLite writes it: the index of a large listing is touched all over.
const CACHE: i32 = -16_000;

/// After so many pages of 4 KiB the log of changes is moved into the file: a page that several steps touch is moved once.
const LOG_PAGES: i32 = 4_000;

/// How long another process may write before a step gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A store in a file. Clones share it, and any number of listings may run in it at once.
#[derive(Clone, Debug)]
pub struct SqliteCheckpoints {
    file: Arc<Database>,
}

#[derive(Debug)]
struct Database {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl SqliteCheckpoints {
    /// Opens the file, and makes it where there is none: readable and writable by this user alone, since it holds personal
    /// data. Blocks while it looks.
    ///
    /// # Errors
    /// [`Error::CheckpointUnusable`]: it cannot be made or opened, or is another sort of file.
    /// [`Error::CheckpointNewer`]: a later version of this library made it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        // SQLite takes some names, such as `:memory:`, for something else than a file.
        let path = std::path::absolute(path).map_err(|error| unusable(path, io_cause(error)))?;
        match private().write(true).create_new(true).open(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unusable(&path, io_cause(error))),
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(|error| unusable(&path, error))?;
        let file = Database { path, connection: Mutex::new(connection) };
        file.prepare()?;
        Ok(Self { file: Arc::new(file) })
    }

    /// Deletes every listing of this name, finished or not, with the name and the addresses themselves, and overwrites them.
    /// Returns how many listings there were.
    ///
    /// # Errors
    /// [`Error::CheckpointBusy`] while one of them is being read, and then all are left; [`Error::CheckpointUnusable`].
    pub fn forget(&self, name: &str) -> Result<u64> {
        let subjects = self.file.with(|connection| {
            let mut found = connection.prepare("SELECT id, name, product, source FROM subject WHERE name = ?1")?;
            found.query_map([name], subject)?.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let held = subjects.iter().map(|(id, key)| self.file.lock(*id, key)).collect::<Result<Vec<_>>>()?;
        let count = self.file.change(|change| {
            let mut count = 0;
            for (id, _) in &subjects {
                count += change.execute("DELETE FROM listing WHERE subject = ?1", [id])?;
                change.execute("DELETE FROM subject WHERE id = ?1", [id])?;
            }
            Ok(count)
        })?;
        subjects.iter().for_each(|(id, _)| self.file.drop_lock(*id));
        drop(held);
        self.file.wipe(count)
    }

    /// Deletes the listings to which nothing was added since then, finished or not, and overwrites them; one that is being
    /// read is left. A name of which no listing is left goes as well. Returns how many listings there were.
    ///
    /// # Errors
    /// [`Error::CheckpointUnusable`].
    pub fn forget_before(&self, time: SystemTime) -> Result<u64> {
        let before = unix_ms(time);
        let subjects = self.file.with(|connection| {
            let mut found = connection.prepare(
                "SELECT DISTINCT subject.id, name, product, source FROM subject LEFT JOIN listing ON subject = subject.id
                 WHERE saved_ms < ?1 OR saved_ms IS NULL",
            )?;
            found.query_map([before], subject)?.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let mut count = 0;
        for (id, key) in &subjects {
            let _held = match self.file.lock(*id, key) {
                Ok(held) => held,
                Err(error) if error.code() == "checkpoint-busy" => continue,
                Err(error) => return Err(error),
            };
            let (listings, names) = self.file.change(|change| {
                let sql = "DELETE FROM listing WHERE subject = ?1 AND saved_ms < ?2";
                let listings = change.execute(sql, params![id, before])?;
                let sql = "DELETE FROM subject WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM listing WHERE subject = ?1)";
                Ok((listings, change.execute(sql, [id])?))
            })?;
            count += listings;
            if names > 0 {
                self.file.drop_lock(*id);
            }
        }
        self.file.wipe(count)
    }
}

impl Checkpoints for SqliteCheckpoints {
    fn open(&self, key: &ListingKey) -> Result<Box<dyn Checkpoint>> {
        let parts = [&key.name, &key.product, &key.source];
        let find = "SELECT id FROM subject WHERE name = ?1 AND product = ?2 AND source = ?3";
        loop {
            let subject = self.file.change(|change| {
                change.execute("INSERT OR IGNORE INTO subject (name, product, source) VALUES (?1, ?2, ?3)", parts)?;
                change.query_row(find, parts, |row| row.get::<_, i64>(0))
            })?;
            let lock = self.file.lock(subject, key)?;
            // Until it was locked, another process may have forgotten it.
            let now = self.file.with(|connection| connection.query_row(find, parts, |row| row.get(0)).optional())?;
            if now == Some(subject) {
                return Ok(Box::new(Held { file: Arc::clone(&self.file), subject, _lock: lock }));
            }
        }
    }
}

impl Database {
    /// Makes the tables, or sees that they are those that this version knows. Another program's file stays as it is.
    fn prepare(&self) -> Result<()> {
        let version = self.with(|connection| {
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "secure_delete", true)?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "cache_size", CACHE)?;
            connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_PAGES, |_| Ok(()))?;
            let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let number = |name| begun.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
            let tables: i64 = begun.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            match (number("application_id")?, number("user_version")?) {
                (0, 0) if tables == 0 => {
                    begun.execute_batch(SCHEMA)?;
                    begun.pragma_update(None, "application_id", APPLICATION_ID)?;
                    begun.pragma_update(None, "user_version", VERSION)?;
                    begun.commit()?;
                    Ok(Some(VERSION))
                }
                (APPLICATION_ID, version) => Ok(Some(version)),
                _ => Ok(None),
            }
        })?;
        match version {
            Some(VERSION) => self.with(|connection| {
                connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)).map(drop)
            }),
            Some(version) if version > VERSION => {
                Err(Error::CheckpointNewer { store: self.path.display().to_string(), version, known: VERSION })
            }
            Some(_) | None => Err(unusable(&self.path, "it belongs to another program")),
        }
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A thread that panicked has rolled its transaction back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T> {
        work(&mut self.connection()).map_err(|error| unusable(&self.path, error))
    }

    /// All of it, or nothing.
    fn change<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        self.with(|connection| {
            let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&change)?;
            change.commit()?;
            Ok(done)
        })
    }

    /// The lock of a listing, held until it is dropped.
    fn lock(&self, subject: i64, key: &ListingKey) -> Result<File> {
        let path = self.lock_path(subject);
        let file =
            private().write(true).create(true).truncate(false).open(&path).map_err(|e| unusable(&path, io_cause(e)))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(busy(key)),
            Err(TryLockError::Error(error)) => Err(unusable(&path, io_cause(error))),
        }
    }

    fn lock_path(&self, subject: i64) -> PathBuf {
        let mut name = OsString::from(self.path.as_os_str());
        name.push(format!("-{subject}.lock"));
        name.into()
    }

    /// Deletes the file of a lock that is held. Its number is never given again, so nobody waits for another one of that name.
    fn drop_lock(&self, subject: i64) {
        // One that stays is empty, and in nobody's way.
        drop(std::fs::remove_file(self.lock_path(subject)));
    }

    /// Empties the log of changes, in which deleted pages would stand otherwise. Returns how many listings were deleted.
    fn wipe(&self, deleted: usize) -> Result<u64> {
        self.with(|connection| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())))?;
        Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
    }
}

/// One listing, with its lock.
struct Held {
    file: Arc<Database>,
    subject: i64,
    _lock: File,
}

impl Held {
    fn read(&self, records: &[String]) -> Result<Vec<User>> {
        let users = records.iter().map(|record| serde_json::from_str(record)).collect::<serde_json::Result<_>>();
        users.map_err(|error| self.damaged(&error))
    }

    /// The error's own words may repeat what a record holds.
    fn damaged(&self, error: &serde_json::Error) -> Error {
        let (line, column) = (error.line(), error.column());
        unusable(&self.file.path, format!("what it holds cannot be read ({line}:{column})"))
    }
}

/// What `Kept` means in tables; `?1` is the subject, and the rows are the listings whose users are meant.
const fn listings(of: Kept) -> &'static str {
    match of {
        Kept::Latest => "SELECT id FROM listing WHERE subject = ?1 AND place = 'latest'",
        // `latest` sorts behind `earlier`, and an earlier one is always complete.
        Kept::LastComplete => "SELECT id FROM listing WHERE subject = ?1 AND is_complete ORDER BY place DESC LIMIT 1",
        Kept::Before => "SELECT id FROM listing WHERE subject = ?1 AND place = 'earlier'",
        Kept::Gone => {
            "SELECT earlier.id FROM listing AS earlier JOIN listing AS latest USING (subject)
             WHERE subject = ?1 AND earlier.place = 'earlier' AND latest.place = 'latest' AND latest.is_complete"
        }
    }
}

/// Leaves out who is in the latest listing.
const NOT_IN_LATEST: &str = "AND NOT EXISTS (
    SELECT 1 FROM user AS other JOIN listing ON listing.id = other.listing
    WHERE subject = ?1 AND place = 'latest' AND other.id = user.id)";

impl Checkpoint for Held {
    fn standing(&mut self) -> Result<Option<Standing>> {
        let text = self.file.with(|connection| {
            let sql = "SELECT standing FROM listing WHERE subject = ?1 AND place = 'latest'";
            connection.query_row(sql, [self.subject], |row| row.get::<_, String>(0)).optional()
        })?;
        text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| self.damaged(&error))
    }

    fn save(&mut self, step: &Step<'_>) -> Result<()> {
        let json = |error| unusable(&self.file.path, error);
        let standing = serde_json::to_string(step.standing).map_err(json)?;
        let users = step.users.iter().chain(step.repeated);
        let records: Vec<(&str, String)> = users
            .map(|user| Ok((user.id.as_str(), serde_json::to_string(user)?)))
            .collect::<serde_json::Result<_>>()
            .map_err(json)?;
        let is_complete = step.standing.end == Some(End::Complete);
        self.file.change(|change| {
            if step.begins {
                make_room(change, self.subject)?;
            }
            let sql = "INSERT INTO listing (subject, place, is_complete, saved_ms, standing)
                       VALUES (?1, 'latest', ?2, ?3, ?4)
                       ON CONFLICT (subject, place) DO UPDATE SET
                           is_complete = excluded.is_complete, saved_ms = excluded.saved_ms, standing = excluded.standing
                       RETURNING id";
            let now = unix_ms(SystemTime::now());
            let listing: i64 =
                change.query_row(sql, params![self.subject, is_complete, now, standing], |row| row.get(0))?;
            let mut put = change.prepare(
                "INSERT INTO user (listing, id, run, record) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (listing, id) DO UPDATE SET run = excluded.run, record = excluded.record",
            )?;
            for (id, record) in &records {
                put.execute(params![listing, id, step.run, record])?;
            }
            if step.withdraws {
                change.execute("DELETE FROM user WHERE listing = ?1 AND run <> ?2", params![listing, step.run])?;
            }
            let mut remove = change.prepare("DELETE FROM user WHERE listing = ?1 AND id = ?2")?;
            for id in step.gone {
                remove.execute(params![listing, id])?;
            }
            Ok(())
        })
    }

    fn ids(&mut self, each: &mut dyn FnMut(&str, u32)) -> Result<()> {
        self.file.with(|connection| {
            let sql = format!("SELECT id, run FROM user WHERE listing = ({})", listings(Kept::Latest));
            let mut found = connection.prepare(&sql)?;
            let mut rows = found.query([self.subject])?;
            while let Some(row) = rows.next()? {
                each(row.get_ref(0)?.as_str()?, row.get(1)?);
            }
            Ok(())
        })
    }

    fn users(&mut self, of: Kept, after: Option<&str>, limit: u32) -> Result<Vec<User>> {
        let without = if of == Kept::Gone { NOT_IN_LATEST } else { "" };
        let (from, after) = after.map_or((">=", ""), |after| (">", after));
        let sql = format!(
            "SELECT record FROM user WHERE listing = ({}) AND id {from} ?2 {without} ORDER BY id LIMIT ?3",
            listings(of)
        );
        let records = self.file.with(|connection| {
            let mut found = connection.prepare(&sql)?;
            let rows = found.query_map(params![self.subject, after, limit], |row| row.get::<_, String>(0))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        self.read(&records)
    }

    fn find(&mut self, of: Kept, ids: &[String]) -> Result<Vec<User>> {
        let without = if of == Kept::Gone { NOT_IN_LATEST } else { "" };
        let sql = format!("SELECT record FROM user WHERE listing = ({}) AND id = ?2 {without}", listings(of));
        let records = self.file.with(|connection| {
            let mut found = connection.prepare(&sql)?;
            let mut record = |id| found.query_row(params![self.subject, id], |row| row.get::<_, String>(0)).optional();
            ids.iter().filter_map(|id| record(id).transpose()).collect::<rusqlite::Result<Vec<_>>>()
        })?;
        self.read(&records)
    }
}

/// The latest listing takes the place of the earlier one where it is complete, and goes otherwise.
fn make_room(change: &Transaction<'_>, subject: i64) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM listing WHERE subject = ?1 AND place = 'latest' AND NOT is_complete",
        "DELETE FROM listing WHERE subject = ?1 AND place = 'earlier'
             AND EXISTS (SELECT 1 FROM listing WHERE subject = ?1 AND place = 'latest')",
        "UPDATE listing SET place = 'earlier' WHERE subject = ?1 AND place = 'latest'",
    ] {
        change.execute(sql, [subject])?;
    }
    Ok(())
}

fn subject(row: &rusqlite::Row<'_>) -> rusqlite::Result<(i64, ListingKey)> {
    Ok((row.get(0)?, ListingKey { name: row.get(1)?, product: row.get(2)?, source: row.get(3)? }))
}

/// How files are made: for this user alone, where the system can say so.
fn private() -> OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn unix_ms(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn unusable(path: &Path, reason: impl Into<Cause>) -> Error {
    Error::CheckpointUnusable { store: path.display().to_string(), reason: reason.into() }
}
