//! The tables of a file of checkpoints, and the conversion of those of an earlier version.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::checksum;

/// Marks a file of checkpoints among SQLite files: `lchk` in ASCII.
const APPLICATION_ID: i32 = 0x6c63_686b;

/// The version of the tables that [`SCHEMA`] creates.
pub(super) const VERSION: i32 = 2;

/// The version of the tables without checksums. There, an unfinished or incomplete listing was dropped when the next
/// one began.
const WITHOUT_CHECKSUMS: i32 = 1;

/// Records are stored in the order in which they arrive, with a separate index of their ids: ids arrive in no order, so
/// each step would rewrite a table that is sorted by id in many places.
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
        sum INTEGER NOT NULL DEFAULT 0,
        UNIQUE (subject, place)
    ) STRICT;
    CREATE TABLE user (
        number INTEGER PRIMARY KEY,
        listing INTEGER NOT NULL REFERENCES listing ON DELETE CASCADE,
        id TEXT NOT NULL,
        run INTEGER NOT NULL,
        record TEXT NOT NULL,
        sum INTEGER NOT NULL DEFAULT 0,
        UNIQUE (listing, id)
    ) STRICT;
";

/// From now on, a finished listing is brought up to date even if it is incomplete. An incomplete listing that an
/// earlier version left beside a complete one lacks users that the complete one has, so the complete one replaces it.
const LEAVE_COMPLETE: &str = "
    DELETE FROM listing WHERE place = 'latest' AND NOT is_complete AND json_extract(standing, '$.end') IS NOT NULL
        AND EXISTS (SELECT 1 FROM listing AS other WHERE other.subject = listing.subject AND other.place = 'earlier');
    UPDATE listing SET place = 'latest' WHERE place = 'earlier'
        AND NOT EXISTS (SELECT 1 FROM listing AS other WHERE other.subject = listing.subject AND other.place = 'latest');
";

/// Creates the tables in an empty file, or converts those of an earlier version, all or nothing. Returns the resulting
/// version; `None` for another program's file, which stays unchanged.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<Option<i32>> {
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = |name| begun.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let tables: i64 = begun.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (number("application_id")?, number("user_version")?) {
        (0, 0) if tables == 0 => {
            begun.execute_batch(SCHEMA)?;
            begun.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        (APPLICATION_ID, WITHOUT_CHECKSUMS) => {
            begun.execute_batch(
                "ALTER TABLE listing ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
                 ALTER TABLE user ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;",
            )?;
            begun.execute_batch(LEAVE_COMPLETE)?;
            sum_up(&begun)?;
        }
        (APPLICATION_ID, version) => return Ok(Some(version)),
        _ => return Ok(None),
    }
    begun.pragma_update(None, "user_version", VERSION)?;
    begun.commit()?;
    Ok(Some(VERSION))
}

/// The version of the tables in a file; `None` for another program's file.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<Option<i32>> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    Ok(if number("application_id")? == APPLICATION_ID { Some(number("user_version")?) } else { None })
}

/// Adds a checksum to every row.
fn sum_up(change: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut read =
        change.prepare("SELECT number, id, run, record FROM user WHERE number > ?1 ORDER BY number LIMIT 1")?;
    let mut write = change.prepare("UPDATE user SET sum = ?2 WHERE number = ?1")?;
    let mut after = i64::MIN;
    loop {
        let mut rows = read.query([after])?;
        let Some(row) = rows.next()? else { break };
        after = row.get(0)?;
        let sum = checksum::of_user(row.get_ref(1)?.as_bytes()?, row.get(2)?, row.get_ref(3)?.as_bytes()?);
        write.execute(params![after, sum])?;
    }
    let mut read = change.prepare("SELECT DISTINCT subject FROM listing")?;
    let subjects = read.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    subjects.into_iter().try_for_each(|subject| seal(change, subject))
}

/// Updates the checksums of a subject's listings.
pub(super) fn seal(change: &Transaction<'_>, subject: i64) -> rusqlite::Result<()> {
    let mut read = change.prepare("SELECT id, place, is_complete, standing FROM listing WHERE subject = ?1")?;
    let mut write = change.prepare("UPDATE listing SET sum = ?2 WHERE id = ?1")?;
    let mut rows = read.query([subject])?;
    let mut sums = Vec::new();
    while let Some(row) = rows.next()? {
        let (place, standing) = (row.get_ref(1)?.as_str()?, row.get_ref(3)?.as_str()?);
        sums.push((row.get::<_, i64>(0)?, checksum::of_listing(subject, place, row.get(2)?, standing)));
    }
    for (listing, sum) in sums {
        write.execute(params![listing, sum])?;
    }
    Ok(())
}
