//! Listings saved in an SQLite file.
//!
//! One file holds any number of listings. It is in WAL mode, so that readers do not wait. `synchronous=FULL` makes a
//! step survive a power failure, not only the end of the process; that costs one flush per step, little compared with
//! the step's requests. Deleted data is overwritten (`secure_delete`), since it is personal.
//!
//! Beside the file there is an empty file for each listing, `FILE-N.lock`. A process that has the listing open holds a
//! lock on it, which the system releases when the process ends, however that happens.
//!
//! Each row has a checksum, which is checked whenever the row is read. A user's record with a wrong checksum counts as
//! not kept. If a listing's own row has a wrong checksum, the file is unusable.

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

use super::checksum;
use super::schema::{self, VERSION};
use super::store::{Checkpoint, Checkpoints, Kept, ListingKey, Standing, Step, Verified, busy};
use crate::listing::End;
use crate::{Error, Result};

/// The page cache in KiB, as a negative number, which is SQLite's notation: each step changes the index of a large
/// listing in many places.
const CACHE: i32 = -16_000;

/// The write-ahead log is moved into the file after this many pages of 4 KiB: a page that several steps change is moved
/// once.
const LOG_PAGES: i32 = 4_000;

/// How long a step waits while another process writes.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

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
    /// Opens the file, or creates it if it does not exist: readable and writable by this user alone, since it holds
    /// personal data. Blocks.
    ///
    /// # Errors
    /// [`Error::CheckpointUnusable`]: the file cannot be created or opened, or it is something else.
    /// [`Error::CheckpointNewer`]: a later version of this library wrote it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        // SQLite gives some names, such as `:memory:`, a special meaning.
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
    /// [`Error::CheckpointBusy`] while one of them is open; then none is deleted. [`Error::CheckpointUnusable`].
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

    /// Deletes the listings that were last saved before `time`, finished or not, and overwrites them. Skips a listing
    /// that is open. Also deletes names that have no listing left. Returns how many listings it deleted.
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
            // Another process may have deleted it before it was locked.
            let now = self.file.with(|connection| connection.query_row(find, parts, |row| row.get(0)).optional())?;
            if now == Some(subject) {
                return Ok(Box::new(Held { file: Arc::clone(&self.file), subject, _lock: lock }));
            }
        }
    }
}

impl Database {
    /// Creates the tables, or checks that they are those that this version knows. Leaves another program's file
    /// unchanged.
    fn prepare(&self) -> Result<()> {
        let version = self.with(|connection| {
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "secure_delete", true)?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "cache_size", CACHE)?;
            connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_PAGES, |_| Ok(()))?;
            schema::prepare(connection)
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

    /// Runs a transaction: all of it takes effect, or nothing.
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

    /// Deletes the file of a lock that is held. Its number is never used again, so no process waits for a lock of the
    /// same name.
    fn drop_lock(&self, subject: i64) {
        // A file that stays is empty and harmless.
        drop(std::fs::remove_file(self.lock_path(subject)));
    }

    /// Truncates the write-ahead log, which could still contain deleted pages. Returns how many listings were deleted.
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

    /// The listings of this subject by their places, after checking their checksums. There is never an earlier listing
    /// without a latest one.
    fn standings(&self) -> Result<Vec<(String, String)>> {
        let listings = self.file.with(|connection| {
            let sql = "SELECT place, is_complete, standing, sum FROM listing WHERE subject = ?1 ORDER BY place DESC";
            let mut found = connection.prepare(sql)?;
            let mut rows = found.query([self.subject])?;
            let mut listings = Vec::new();
            while let Some(row) = rows.next()? {
                let (place, standing): (String, String) = (row.get(0)?, row.get(2)?);
                let sum: i64 = row.get(3)?;
                let is_intact = checksum::of_listing(self.subject, &place, row.get(1)?, &standing) == sum;
                listings.push((place, standing, is_intact));
            }
            Ok(listings)
        })?;
        let is_alone = listings.first().is_some_and(|(place, ..)| place != "latest");
        if is_alone || listings.iter().any(|(.., is_intact)| !is_intact) {
            return Err(unusable(&self.file.path, "its data is damaged"));
        }
        Ok(listings.into_iter().map(|(place, standing, _)| (place, standing)).collect())
    }

    fn standing_of(&self, place: &str) -> Result<Option<Standing>> {
        let text = self.standings()?.into_iter().find_map(|(at, text)| (at == place).then_some(text));
        text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| self.damaged(&error))
    }

    /// The error's own text could repeat a part of a record, so only its place is used.
    fn damaged(&self, error: &serde_json::Error) -> Error {
        let (line, column) = (error.line(), error.column());
        unusable(&self.file.path, format!("its data cannot be read ({line}:{column})"))
    }
}

/// The query for a `Kept`: selects the listings whose users it means; `?1` is the subject.
const fn listings(of: Kept) -> &'static str {
    match of {
        Kept::Latest => "SELECT id FROM listing WHERE subject = ?1 AND place = 'latest'",
        // `latest` sorts after `earlier`.
        Kept::LastComplete => "SELECT id FROM listing WHERE subject = ?1 AND is_complete ORDER BY place DESC LIMIT 1",
        Kept::Before | Kept::Unseen => "SELECT id FROM listing WHERE subject = ?1 AND place = 'earlier'",
        Kept::Gone => {
            "SELECT earlier.id FROM listing AS earlier JOIN listing AS latest USING (subject)
             WHERE subject = ?1 AND earlier.place = 'earlier' AND latest.place = 'latest' AND latest.is_complete"
        }
    }
}

/// Excludes users who are in the latest listing.
const NOT_IN_LATEST: &str = "AND NOT EXISTS (
    SELECT 1 FROM user AS other JOIN listing ON listing.id = other.listing
    WHERE subject = ?1 AND place = 'latest' AND other.id = user.id)";

impl Checkpoint for Held {
    fn standing(&mut self) -> Result<Option<Standing>> {
        self.standing_of("latest")
    }

    fn before(&mut self) -> Result<Option<Standing>> {
        self.standing_of("earlier")
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
        let makes_room =
            if step.begins { Some(self.standing()?.is_some_and(|latest| latest.is_finished())) } else { None };
        self.file.change(|change| {
            if let Some(is_finished) = makes_room {
                make_room(change, self.subject, is_finished)?;
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
                "INSERT INTO user (listing, id, run, record, sum) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (listing, id) DO UPDATE SET run = excluded.run, record = excluded.record, sum = excluded.sum",
            )?;
            for (id, record) in &records {
                let sum = checksum::of_user(id.as_bytes(), step.run, record.as_bytes());
                put.execute(params![listing, id, step.run, record, sum])?;
            }
            if step.withdraws {
                change.execute("DELETE FROM user WHERE listing = ?1 AND run <> ?2", params![listing, step.run])?;
            }
            let mut remove = change.prepare("DELETE FROM user WHERE listing = ?1 AND id = ?2")?;
            for id in step.gone {
                remove.execute(params![listing, id])?;
            }
            if step.adopts {
                change.execute(ADOPT, [self.subject])?;
            }
            if step.mends {
                mend(change, listing)?;
            }
            schema::seal(change, self.subject)
        })
    }

    fn verify(&mut self) -> Result<Verified> {
        self.file.with(|connection| {
            // Reads every row, not only those that the index leads to.
            let sql = "SELECT id, run, record, sum FROM user NOT INDEXED WHERE listing = (
                SELECT id FROM listing WHERE subject = ?1 AND place = 'latest')";
            let mut found = connection.prepare(sql)?;
            let mut rows = found.query([self.subject])?;
            let mut verified = Verified::default();
            while let Some(row) = rows.next()? {
                match Row::read(row) {
                    Row::Intact(..) => verified.intact += 1,
                    Row::Damaged(id) => verified.damaged.push(id),
                    Row::Nameless => verified.nameless += 1,
                }
            }
            Ok(verified)
        })
    }

    fn count(&mut self, of: Kept) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM user WHERE listing = ({}) {}", listings(of), without(of));
        let count =
            self.file.with(|connection| connection.query_row(&sql, [self.subject], |row| row.get::<_, i64>(0)))?;
        Ok(u64::try_from(count).unwrap_or_default())
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
        let (from, after) = after.map_or((">=", ""), |after| (">", after));
        let sql = format!(
            "SELECT id, run, record, sum FROM user WHERE listing = ({}) AND id {from} ?2 {} ORDER BY id",
            listings(of),
            without(of)
        );
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let records = self.file.with(|connection| {
            let mut found = connection.prepare(&sql)?;
            let mut rows = found.query(params![self.subject, after])?;
            let mut records: Vec<(String, String)> = Vec::new();
            while records.len() < limit
                && let Some(row) = rows.next()?
            {
                // In a damaged index, ids may be out of order.
                if let Row::Intact(id, record) = Row::read(row)
                    && records.last().is_none_or(|(last, _)| *last < id)
                    && (from == ">=" || id.as_str() > after)
                {
                    records.push((id, record));
                }
            }
            Ok(records.into_iter().map(|(_, record)| record).collect::<Vec<_>>())
        })?;
        self.read(&records)
    }

    fn find(&mut self, of: Kept, ids: &[String]) -> Result<Vec<User>> {
        let sql = format!(
            "SELECT id, run, record, sum FROM user WHERE listing = ({}) AND id = ?2 {}",
            listings(of),
            without(of)
        );
        let records = self.file.with(|connection| {
            let mut found = connection.prepare(&sql)?;
            let mut records = Vec::new();
            for wanted in ids {
                let row = found.query_row(params![self.subject, wanted], |row| Ok(Row::read(row))).optional()?;
                match row {
                    Some(Row::Intact(id, record)) if id == *wanted => records.push(record),
                    Some(Row::Intact(..) | Row::Damaged(_) | Row::Nameless) | None => {}
                }
            }
            Ok(records)
        })?;
        self.read(&records)
    }
}

/// A user's row, compared with its checksum.
pub(super) enum Row {
    /// The id and the record.
    Intact(String, String),
    /// The record is damaged, the id is not.
    Damaged(String),
    /// Both are damaged.
    Nameless,
}

impl Row {
    /// Reads the columns id, run, record and sum. A column of an unexpected type is damaged too.
    pub(super) fn read(row: &rusqlite::Row<'_>) -> Self {
        let (id, run, record) = (row.get::<_, String>(0), row.get::<_, u32>(1), row.get::<_, String>(2));
        let (Ok(id), Ok(sum)) = (id, row.get::<_, i64>(3)) else { return Self::Nameless };
        match (run, record) {
            (Ok(run), Ok(record)) if checksum::of_user(id.as_bytes(), run, record.as_bytes()) == sum => {
                Self::Intact(id, record)
            }
            _ if checksum::holds_for_id(sum, id.as_bytes()) => Self::Damaged(id),
            _ => Self::Nameless,
        }
    }
}

/// Copies users that the latest listing has not returned from the one before, with the run that returned them there.
const ADOPT: &str = "
    INSERT INTO user (listing, id, run, record, sum)
    SELECT latest.id, user.id, user.run, user.record, user.sum
    FROM user JOIN listing AS earlier ON earlier.id = user.listing JOIN listing AS latest USING (subject)
    WHERE subject = ?1 AND earlier.place = 'earlier' AND latest.place = 'latest'
        AND NOT EXISTS (SELECT 1 FROM user AS other WHERE other.listing = latest.id AND other.id = user.id)";

/// Deletes the rows of a listing whose checksums are wrong.
fn mend(change: &Transaction<'_>, listing: i64) -> rusqlite::Result<()> {
    let mut read = change.prepare("SELECT id, run, record, sum, number FROM user NOT INDEXED WHERE listing = ?1")?;
    let mut rows = read.query([listing])?;
    let mut damaged: Vec<i64> = Vec::new();
    while let Some(row) = rows.next()? {
        if !matches!(Row::read(row), Row::Intact(..)) {
            damaged.push(row.get(4)?);
        }
    }
    let mut remove = change.prepare("DELETE FROM user WHERE number = ?1")?;
    damaged.iter().try_for_each(|number| remove.execute([number]).map(drop))
}

/// The condition that excludes users who are in the latest listing; empty if the `Kept` does not need it.
const fn without(of: Kept) -> &'static str {
    match of {
        Kept::Gone | Kept::Unseen => NOT_IN_LATEST,
        Kept::Latest | Kept::LastComplete | Kept::Before => "",
    }
}

/// Moves the latest listing to the place of the earlier one if it is finished, and deletes it otherwise.
fn make_room(change: &Transaction<'_>, subject: i64, is_finished: bool) -> rusqlite::Result<()> {
    if is_finished {
        change.execute("DELETE FROM listing WHERE subject = ?1 AND place = 'earlier'", [subject])?;
        change.execute("UPDATE listing SET place = 'earlier' WHERE subject = ?1 AND place = 'latest'", [subject])?;
    } else {
        change.execute("DELETE FROM listing WHERE subject = ?1 AND place = 'latest'", [subject])?;
    }
    Ok(())
}

fn subject(row: &rusqlite::Row<'_>) -> rusqlite::Result<(i64, ListingKey)> {
    Ok((row.get(0)?, ListingKey { name: row.get(1)?, product: row.get(2)?, source: row.get(3)? }))
}

/// How files are created: for this user alone, if the system supports that.
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

pub(super) fn unusable(path: &Path, reason: impl Into<Cause>) -> Error {
    Error::CheckpointUnusable { store: path.display().to_string(), reason: reason.into() }
}
