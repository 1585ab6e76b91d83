//! What a reader of a file sees while others write there.

use std::collections::BTreeSet;

use provider_testing::samples::user;

use super::*;
use crate::End;
use crate::checkpoint::{Checkpoint, Checkpoints as _, Step};

const OLD: &str = "2020-01-01T00:00:00.000Z";

/// A folder that is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("provider-stored-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("users #1 at 100%?.sqlite")
    }

    /// How many files it has.
    fn files(&self) -> usize {
        std::fs::read_dir(&self.0).unwrap().count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn key(source: &str) -> ListingKey {
    ListingKey { name: "t".into(), product: "example".into(), source: source.into() }
}

/// Saves a step with these users, the first or a later one, at the end of which the listing ended so.
fn save(held: &mut dyn Checkpoint, begins: bool, ids: &[&str], end: Option<End>) {
    let users: Vec<User> = ids.iter().map(|id| user(id, OLD)).collect();
    let mut standing = Standing::begin(None);
    standing.progress.users = u64::try_from(ids.len()).unwrap();
    standing.end = end;
    held.save(&Step { begins, users: &users, ..Step::of(&standing) }).unwrap();
}

fn ids(listing: &StoredListing<'_>) -> String {
    let (mut ids, mut after) = (String::new(), None);
    loop {
        let users = listing.users(after.as_deref(), 2).unwrap();
        let Some(last) = users.last() else { return ids };
        after = Some(last.id.clone());
        ids.extend(users.iter().map(|user| user.id.as_str()));
    }
}

#[test]
fn the_last_finished_listing_is_read_and_an_unfinished_one_if_there_is_no_other() {
    let folder = Folder::new("finished");
    let store = SqliteCheckpoints::open(folder.file()).unwrap();
    let mut held = store.open(&key("a")).unwrap();
    // Each listing, and what is read after it: who, and how that listing ended.
    type Read = (&'static str, Option<End>);
    let cases: [(&[&str], Option<End>, Read); 5] = [
        (&["a", "b", "c"], None, ("abc", None)),
        (&["a", "b"], None, ("ab", None)),
        (&["a", "b", "d"], Some(End::Complete), ("abd", Some(End::Complete))),
        (&["e"], None, ("abd", Some(End::Complete))),
        (&["f"], Some(End::Incomplete), ("f", Some(End::Incomplete))),
    ];
    for (users, end, (expect, ended)) in cases {
        save(held.as_mut(), true, users, end);
        let mut stored = StoredListings::open(folder.file()).unwrap();
        let listing = stored.listing(&key("a")).unwrap().unwrap();
        assert_eq!((ids(&listing).as_str(), listing.standing().end), (expect, ended), "{users:?}");
        let age = SystemTime::now().duration_since(listing.saved_at()).unwrap_or_default();
        assert!(age < Duration::from_secs(86_400), "{age:?}");
    }
}

#[test]
fn a_reader_takes_no_lock_and_sees_nothing_of_what_is_written_meanwhile() {
    let folder = Folder::new("meanwhile");
    let store = SqliteCheckpoints::open(folder.file()).unwrap();
    let mut held = store.open(&key("a")).unwrap();
    save(held.as_mut(), true, &["a", "b", "c"], Some(End::Complete));
    let mut stored = StoredListings::open(folder.file()).unwrap();
    let listing = stored.listing(&key("a")).unwrap().unwrap();
    let first: Vec<String> = listing.users(None, 1).unwrap().into_iter().map(|user| user.id).collect();
    save(held.as_mut(), true, &["x"], Some(End::Complete));
    assert_eq!((first, ids(&listing).as_str()), (vec!["a".to_owned()], "abc"));
    drop(listing);
    assert_eq!(ids(&stored.listing(&key("a")).unwrap().unwrap()), "x");
}

#[test]
fn the_listings_of_a_file_are_named_and_the_file_stays_as_it_is() {
    let folder = Folder::new("keys");
    let store = SqliteCheckpoints::open(folder.file()).unwrap();
    for source in ["b", "a"] {
        save(store.open(&key(source)).unwrap().as_mut(), true, &["x"], Some(End::Complete));
    }
    // A listing that was opened and never saved is none.
    drop(store.open(&key("c")).unwrap());
    drop(store);
    let (before, files) = (std::fs::read(folder.file()).unwrap(), folder.files());
    let mut stored = StoredListings::open(folder.file()).unwrap();
    assert_eq!(stored.keys().unwrap(), [key("a"), key("b")]);
    assert!(stored.listing(&key("c")).unwrap().is_none() && stored.listing(&key("d")).unwrap().is_none());
    assert_eq!(ids(&stored.listing(&key("b")).unwrap().unwrap()), "x");
    assert!(stored.connection.execute("DELETE FROM user", ()).is_err(), "nothing can be written");
    drop(stored);
    assert_eq!((std::fs::read(folder.file()).unwrap(), folder.files()), (before, files));
}

#[test]
fn a_file_in_a_folder_that_may_only_be_read_is_read_as_it_is() {
    let folder = Folder::new("alone");
    let store = SqliteCheckpoints::open(folder.file()).unwrap();
    save(store.open(&key("a")).unwrap().as_mut(), true, &["a", "b"], Some(End::Complete));
    drop(store);
    assert!(!has_log(&folder.file()));
    let files = folder.files();
    let (connection, version) = alone(&folder.file()).unwrap();
    let mut stored = StoredListings { path: folder.file(), connection };
    assert_eq!((version, ids(&stored.listing(&key("a")).unwrap().unwrap()).as_str()), (Some(VERSION), "ab"));
    assert_eq!(folder.files(), files, "no file is made beside it");
}

#[test]
fn damaged_records_are_left_out_and_a_damaged_listing_is_refused() {
    let folder = Folder::new("damaged");
    let store = SqliteCheckpoints::open(folder.file()).unwrap();
    save(store.open(&key("a")).unwrap().as_mut(), true, &["a", "b", "c"], Some(End::Complete));
    let connection = Connection::open(folder.file()).unwrap();
    connection.execute("UPDATE user SET record = replace(record, 'zo', 'xo') WHERE id = 'b'", ()).unwrap();
    let mut stored = StoredListings::open(folder.file()).unwrap();
    let listing = stored.listing(&key("a")).unwrap().unwrap();
    assert_eq!((ids(&listing).as_str(), listing.standing().progress.users), ("ac", 3));
    drop(listing);
    connection.execute("UPDATE listing SET is_complete = 0", ()).unwrap();
    assert_eq!(stored.listing(&key("a")).err().unwrap().code(), "checkpoint-unusable");
}

#[test]
fn other_files_are_refused_and_none_is_made() {
    let folder = Folder::new("others");
    let newer = folder.0.join("newer");
    drop(SqliteCheckpoints::open(&newer).unwrap());
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", VERSION + 1).unwrap();
    let foreign = folder.0.join("foreign");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE song (name TEXT)").unwrap();
    let text = folder.0.join("text");
    std::fs::write(&text, "not a database, whatever its name says ".repeat(200)).unwrap();
    let empty = folder.0.join("empty");
    std::fs::write(&empty, "").unwrap();
    for (path, code) in [
        (empty, "checkpoint-unusable"),
        (newer, "checkpoint-newer"),
        (foreign, "checkpoint-unusable"),
        (text, "checkpoint-unusable"),
        (folder.0.clone(), "checkpoint-unusable"),
        (folder.0.join("missing"), "checkpoint-unusable"),
    ] {
        let files =
            || std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().path()).collect::<BTreeSet<_>>();
        let before = (files(), std::fs::read(&path).ok());
        let error = StoredListings::open(&path).err().unwrap();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        assert_eq!((files(), std::fs::read(&path).ok()), before, "{}", path.display());
    }
}
