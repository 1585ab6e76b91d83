//! Tests of what every store must do, with each store.

use std::fmt::Debug;

use provider_model::User;
use provider_testing::samples::{notice, user};

use super::*;
use crate::{End, Error, Progress};

const OLD: &str = "2020-01-01T00:00:00.000Z";

fn key(name: &str) -> ListingKey {
    ListingKey { name: name.into(), product: "example".into(), source: "https://chat.example.com".into() }
}

/// The state of a listing after this many steps.
fn standing(pages: u64, end: Option<End>) -> Standing {
    let mut standing = Standing::begin(None);
    standing.cursor = end.is_none().then(|| format!("cursor {pages}"));
    standing.progress = Progress { users: 3 * pages, repeated: 1, pages, expected_total: Some(70), requests: 9 };
    standing.notices = vec![notice("emails-hidden", &["email"])];
    standing.watermark = Some(OLD.into());
    standing.wait = Some(Wait { until_ms: 1_795_533_929_000, ms: 60_000 });
    standing.end = end;
    standing
}

fn users(ids: &[&str]) -> Vec<User> {
    ids.iter().map(|id| user(id, OLD)).collect()
}

fn save(held: &mut dyn Checkpoint, begins: bool, run: u32, new: &[User], repeated: &[User], standing: &Standing) {
    held.save(&Step { begins, run, users: new, repeated, ..Step::of(standing) }).unwrap();
}

/// A whole listing in one step.
fn list(held: &mut dyn Checkpoint, ids: &[&str], end: Option<End>) {
    save(held, true, 1, &users(ids), &[], &standing(1, end));
}

fn ids(held: &mut dyn Checkpoint, of: Kept) -> Vec<String> {
    held.users(of, None, u32::MAX).unwrap().into_iter().map(|user| user.id).collect()
}

fn found(held: &mut dyn Checkpoint, of: Kept, ids: &[&str]) -> Vec<String> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let mut found: Vec<_> = held.find(of, &ids).unwrap().into_iter().map(|user| user.id).collect();
    found.sort();
    found
}

fn runs(held: &mut dyn Checkpoint) -> Vec<(String, u32)> {
    let mut runs = Vec::new();
    held.ids(&mut |id, run| runs.push((id.to_owned(), run))).unwrap();
    runs.sort();
    runs
}

#[track_caller]
fn check<T: PartialEq + Debug>(got: T, expect: T) {
    assert_eq!(got, expect);
}

/// Everything that a listing relies on.
fn conforms(store: &dyn Checkpoints) {
    goes_on_from_each_step(store);
    tells_who_is_gone(store);
    keeps_who_did_not_come(store);
    has_each_listing_once(store);
}

fn goes_on_from_each_step(store: &dyn Checkpoints) {
    let mut held = store.open(&key("steps")).unwrap();
    let held = held.as_mut();
    check(held.standing().unwrap(), None);
    check(ids(held, Kept::Latest), vec![]);

    let first = standing(1, None);
    save(held, true, 1, &users(&["b", "a"]), &[], &first);
    check(held.standing().unwrap(), Some(first));
    let second = standing(2, None);
    let mut changed = user("a", OLD);
    changed.username = "another name".into();
    save(held, false, 2, &users(&["ü", "c'"]), std::slice::from_ref(&changed), &second);
    check(held.standing().unwrap(), Some(second));
    check(ids(held, Kept::Latest), vec!["a".into(), "b".into(), "c'".into(), "ü".into()]);
    check(runs(held), vec![("a".into(), 2), ("b".into(), 1), ("c'".into(), 2), ("ü".into(), 2)]);
    let all = held.users(Kept::Latest, None, 9).unwrap();
    check(all.first(), Some(&changed));
    check(&all[1..2], &users(&["b"]));
    check(held.users(Kept::Latest, Some("a"), 2).unwrap(), users(&["b", "c'"]));
    check(held.users(Kept::Latest, Some("ü"), 2).unwrap(), vec![]);
    check(found(held, Kept::Latest, &["ü", "nobody", "b"]), vec!["b".into(), "ü".into()]);
    check(found(held, Kept::Latest, &[]), vec![]);
    // A user that only the first reading returned is removed at the end of the second.
    let (third, new) = (standing(3, Some(End::Complete)), users(&["d"]));
    let step = Step { run: 2, withdraws: true, users: &new, ..Step::of(&third) };
    held.save(&step).unwrap();
    check(ids(held, Kept::Latest), vec!["a".into(), "c'".into(), "d".into(), "ü".into()]);
    // So are users that a provider reports as gone, with their step.
    let gone = ["c'", "nobody"].map(str::to_owned);
    held.save(&Step { withdraws: false, gone: &gone, users: &[], ..step }).unwrap();
    check(ids(held, Kept::Latest), vec!["a".into(), "d".into(), "ü".into()]);
    // Neither an incomplete listing nor a running one proves anything.
    save(held, false, 1, &[], &[], &standing(3, Some(End::Incomplete)));
    check((ids(held, Kept::LastComplete), ids(held, Kept::Gone)), (vec![], vec![]));
}

fn tells_who_is_gone(store: &dyn Checkpoints) {
    let mut held = store.open(&key("gone")).unwrap();
    let held = held.as_mut();
    let complete = Some(End::Complete);
    let texts = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    // Each listing with the users that are kept after it: of the last complete one, of the one before, and those who
    // are gone.
    type Ids = &'static [&'static str];
    let cases: &[(Ids, Option<End>, Ids, Ids, Ids)] = &[
        (&["a", "b", "c"], complete, &["a", "b", "c"], &[], &[]),
        (&["b"], None, &["a", "b", "c"], &["a", "b", "c"], &[]),
        (&["b", "d"], Some(End::Incomplete), &["a", "b", "c"], &["a", "b", "c"], &[]),
        (&["b", "e"], complete, &["b", "e"], &["b", "d"], &["d"]),
        (&["b", "e"], complete, &["b", "e"], &["b", "e"], &[]),
        (&["f"], complete, &["f"], &["b", "e"], &["b", "e"]),
    ];
    for (listed, end, last_complete, before, gone) in cases {
        list(held, listed, *end);
        check(ids(held, Kept::Latest), texts(listed));
        check(ids(held, Kept::LastComplete), texts(last_complete));
        check(ids(held, Kept::Before), texts(before));
        check(ids(held, Kept::Gone), texts(gone));
        for of in [Kept::Latest, Kept::LastComplete, Kept::Before, Kept::Gone] {
            check(found(held, of, &["f", "e", "d", "c", "b", "a"]), ids(held, of));
        }
    }
    check(held.users(Kept::Gone, Some("b"), 1).unwrap(), users(&["e"]));
}

/// What a listing that is not proven leaves unchanged.
fn keeps_who_did_not_come(store: &dyn Checkpoints) {
    let mut held = store.open(&key("unseen")).unwrap();
    let held = held.as_mut();
    let (known, run) = (standing(1, Some(End::Complete)), standing(2, Some(End::Incomplete)));
    save(held, true, 1, &users(&["a", "b", "c"]), &[], &known);
    check(held.before().unwrap(), None);
    let mut changed = user("b", OLD);
    changed.username = "another name".into();
    save(held, true, 1, &[changed.clone(), user("d", OLD)], &[], &run);
    check(held.before().unwrap(), Some(known));
    check((held.count(Kept::Latest).unwrap(), held.count(Kept::Unseen).unwrap()), (2, 2));
    check(ids(held, Kept::Unseen), vec!["a".into(), "c".into()]);
    check(ids(held, Kept::Gone), vec![]);
    held.save(&Step { adopts: true, ..Step::of(&run) }).unwrap();
    check(ids(held, Kept::Latest), ["a", "b", "c", "d"].map(str::to_owned).into());
    check(held.find(Kept::Latest, &["b".into()]).unwrap(), vec![changed]);
    let verified = Verified { intact: 4, ..Verified::default() };
    check((held.verify().unwrap(), held.count(Kept::Unseen).unwrap()), (verified, 0));
    // A listing that is not settled does not replace the one before.
    let unsettled = Standing { is_unsettled: true, ..standing(3, Some(End::Complete)) };
    save(held, true, 1, &users(&["x"]), &[], &unsettled);
    save(held, true, 1, &users(&["y"]), &[], &unsettled);
    check(ids(held, Kept::Before), ["a", "b", "c", "d"].map(str::to_owned).into());
    // Users who are gone are removed.
    held.save(&Step { gone: &["y".into(), "z".into()], mends: true, ..Step::of(&unsettled) }).unwrap();
    check(ids(held, Kept::Latest), vec![]);
}

fn has_each_listing_once(store: &dyn Checkpoints) {
    let held = store.open(&key("one")).unwrap();
    let refused = store.open(&key("one")).err().unwrap();
    check((refused.code(), refused.is_retryable()), ("checkpoint-busy", true));
    // Another name, product or server is another listing.
    for other in [
        key("two"),
        ListingKey { product: "other".into(), ..key("one") },
        ListingKey { source: "https://chat2.example.com".into(), ..key("one") },
    ] {
        let mut other = store.open(&other).unwrap();
        list(other.as_mut(), &["x"], None);
    }
    drop(held);
    let mut held = store.open(&key("one")).unwrap();
    check(held.standing().unwrap(), None);
    list(held.as_mut(), &["y"], None);
    check(ids(held.as_mut(), Kept::Latest), vec!["y".into()]);
}

#[test]
fn memory_keeps_what_a_listing_needs() {
    conforms(&MemoryCheckpoints::new());
}

#[test]
fn a_listing_of_an_earlier_version_is_read() {
    let mut kept = serde_json::to_value(standing(2, Some(End::Complete))).unwrap();
    let fields = kept.as_object_mut().unwrap();
    assert!(fields.remove("maker").is_some() && fields.remove("is_untold").is_some());
    assert!(fields["progress"].as_object_mut().unwrap().remove("requests").is_some());
    let read: Standing = serde_json::from_value(kept).unwrap();
    let progress = Progress { requests: 0, ..standing(2, None).progress };
    assert_eq!(read, Standing { progress, ..standing(2, Some(End::Complete)) });
}

#[test]
fn a_wait_is_never_longer_than_it_was_asked_for() {
    let wait = Wait { until_ms: 10_000, ms: 4_000 };
    for (now, left) in [(6_000, 4_000), (9_000, 1_000), (10_000, 0), (20_000, 0), (0, 4_000)] {
        assert_eq!(wait.left_ms(now), left, "{now}");
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::*;
    use rusqlite::Connection;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, SystemTime};

    /// A folder of its own for a test, deleted at the end of the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("checkpoints-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("listings.sqlite")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    #[track_caller]
    fn refused(path: &Path) -> Error {
        SqliteCheckpoints::open(path).expect_err("refused")
    }

    #[test]
    fn a_file_keeps_what_a_listing_needs() {
        let folder = Folder::new("conforms");
        conforms(&SqliteCheckpoints::open(folder.file()).unwrap());
    }

    #[test]
    fn a_listing_is_there_when_the_file_is_opened_again() {
        let folder = Folder::new("again");
        let store = SqliteCheckpoints::open(folder.file()).unwrap();
        let mut held = store.open(&key("t")).unwrap();
        list(held.as_mut(), &["a", "b"], None);
        // As after a crash, nothing was closed: another connection reads what was saved, and the lock is still held.
        let other = SqliteCheckpoints::open(folder.file()).unwrap();
        assert_eq!(other.open(&key("t")).err().unwrap().code(), "checkpoint-busy");
        drop((held, store));
        let mut held = other.open(&key("t")).unwrap();
        assert_eq!(held.standing().unwrap(), Some(standing(1, None)));
        assert_eq!(ids(held.as_mut(), Kept::Latest), ["a", "b"]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_the_files() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = Folder::new("mode");
        let store = SqliteCheckpoints::open(folder.file()).unwrap();
        let mut held = store.open(&key("t")).unwrap();
        list(held.as_mut(), &["a"], None);
        let files: Vec<_> = std::fs::read_dir(&folder.0).unwrap().map(Result::unwrap).collect();
        assert!(files.len() >= 3, "the file, its log and a lock: {files:?}");
        for file in files {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        }
    }

    #[test]
    fn other_files_are_refused_and_stay_as_they_are() {
        let folder = Folder::new("others");
        let newer = folder.0.join("newer");
        drop(SqliteCheckpoints::open(&newer).unwrap());
        Connection::open(&newer).unwrap().pragma_update(None, "user_version", 3).unwrap();
        let foreign = folder.0.join("foreign");
        Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE song (name TEXT)").unwrap();
        let text = folder.0.join("text");
        std::fs::write(&text, "not a database, whatever its name says ".repeat(200)).unwrap();
        let cases = [
            (newer, "checkpoint-newer"),
            (foreign, "checkpoint-unusable"),
            (text, "checkpoint-unusable"),
            (folder.0.clone(), "checkpoint-unusable"),
            (folder.0.join("no/such/folder"), "checkpoint-unusable"),
        ];
        for (path, code) in cases {
            let before = std::fs::read(&path).ok();
            let error = refused(&path);
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains(&path.display().to_string()) && error.fix().is_some(), "{error}");
            assert_eq!(std::fs::read(&path).ok(), before, "{}", path.display());
        }
    }

    #[test]
    fn a_damaged_record_counts_as_not_kept_and_goes_when_nobody_has_replaced_it() {
        let folder = Folder::new("damaged");
        let store = SqliteCheckpoints::open(folder.file()).unwrap();
        let mut held = store.open(&key("t")).unwrap();
        let held = held.as_mut();
        list(held, &["a", "b", "c", "d", "e", "f"], Some(End::Complete));
        let connection = Connection::open(folder.file()).unwrap();
        for sql in [
            "UPDATE user SET record = replace(record, 'zo', 'xo') WHERE id = 'a'",
            "UPDATE user SET id = 'bb' WHERE id = 'b'",
            "UPDATE user SET sum = sum + 1 WHERE id = 'c'",
            "UPDATE user SET run = 7 WHERE id = 'd'",
        ] {
            assert_eq!(connection.execute(sql, ()).unwrap(), 1, "{sql}");
        }
        let verified = held.verify().unwrap();
        let expect = Verified { intact: 2, damaged: ["a", "c", "d"].map(str::to_owned).into(), nameless: 1 };
        assert_eq!(verified, expect);
        assert_eq!(
            (ids(held, Kept::Latest), found(held, Kept::Latest, &["a", "b", "bb", "f"])),
            (vec!["e".to_owned(), "f".to_owned()], vec!["f".to_owned()],)
        );
        // One page with one user does not end the listing.
        assert_eq!(held.users(Kept::Latest, None, 1).unwrap().first().map(|user| user.id.as_str()), Some("e"));
        save(held, false, 1, &users(&["a"]), &[], &standing(1, Some(End::Complete)));
        held.save(&Step { mends: true, ..Step::of(&standing(1, Some(End::Complete))) }).unwrap();
        assert_eq!(held.verify().unwrap(), Verified { intact: 3, ..Verified::default() });
        assert_eq!(
            (ids(held, Kept::Latest), held.count(Kept::Latest).unwrap()),
            (["a", "e", "f"].map(str::to_owned).into(), 3)
        );
    }

    #[test]
    fn a_listing_that_is_damaged_makes_the_file_unusable_and_is_not_repeated() {
        let folder = Folder::new("damaged-listing");
        let store = SqliteCheckpoints::open(folder.file()).unwrap();
        let connection = Connection::open(folder.file()).unwrap();
        for sql in [
            "UPDATE listing SET standing = replace(standing, 'cursor', 'zoesor') WHERE place = 'latest'",
            "UPDATE listing SET is_complete = 0 WHERE place = 'latest'",
            "UPDATE listing SET place = 'earlier' WHERE place = 'latest'",
            "UPDATE listing SET sum = 0 WHERE place = 'latest'",
        ] {
            let mut held = store.open(&key("t")).unwrap();
            connection.execute("DELETE FROM listing", ()).unwrap();
            list(held.as_mut(), &["a"], Some(End::Complete));
            assert!(held.standing().unwrap().is_some());
            assert_eq!(connection.execute(sql, ()).unwrap(), 1, "{sql}");
            let error = held.standing().err().unwrap();
            assert_eq!(error.code(), "checkpoint-unusable", "{sql}");
            assert!(!error.to_string().contains("zoe"), "{error}");
        }
    }

    /// A file as version 1 wrote it.
    fn of_version_1(path: &Path, listings: &[(&str, End, &[&str])]) {
        let connection = Connection::open(path).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE subject (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, product TEXT NOT NULL,
                     source TEXT NOT NULL, UNIQUE (name, product, source)) STRICT;
                 CREATE TABLE listing (id INTEGER PRIMARY KEY AUTOINCREMENT,
                     subject INTEGER NOT NULL REFERENCES subject ON DELETE CASCADE,
                     place TEXT NOT NULL CHECK (place IN ('latest', 'earlier')), is_complete INTEGER NOT NULL,
                     saved_ms INTEGER NOT NULL, standing TEXT NOT NULL, UNIQUE (subject, place)) STRICT;
                 CREATE TABLE user (number INTEGER PRIMARY KEY,
                     listing INTEGER NOT NULL REFERENCES listing ON DELETE CASCADE, id TEXT NOT NULL,
                     run INTEGER NOT NULL, record TEXT NOT NULL, UNIQUE (listing, id)) STRICT;
                 PRAGMA application_id = 1818454123; PRAGMA user_version = 1;",
            )
            .unwrap();
        let ListingKey { name, product, source } = key("t");
        connection.execute("INSERT INTO subject VALUES (1, ?1, ?2, ?3)", [name, product, source]).unwrap();
        for (n, (place, end, ids)) in (1..).zip(listings) {
            let mut kept = serde_json::to_value(standing(1, Some(*end))).unwrap();
            for field in ["hidden", "hides_late", "seen_at"] {
                kept.as_object_mut().unwrap().remove(field);
            }
            let is_complete = *end == End::Complete;
            let row = rusqlite::params![n, place, is_complete, kept.to_string()];
            connection.execute("INSERT INTO listing VALUES (?1, 1, ?2, ?3, 5, ?4)", row).unwrap();
            for id in *ids {
                let record = serde_json::to_string(&user(id, OLD)).unwrap();
                let row = rusqlite::params![n, id, record];
                connection.execute("INSERT INTO user (listing, id, run, record) VALUES (?1, ?2, 1, ?3)", row).unwrap();
            }
        }
    }

    #[test]
    fn a_file_without_checksums_gets_them_and_keeps_what_is_complete() {
        let (complete, incomplete) = (End::Complete, End::Incomplete);
        // What an earlier version left, and then the latest listing and the one before.
        type Listings<'a> = &'a [(&'a str, End, &'a [&'a str])];
        let cases: [(Listings<'_>, End, &[&str], &[&str]); 3] = [
            (&[("latest", complete, &["a", "b"])], complete, &["a", "b"], &[]),
            (
                &[("latest", complete, &["a", "b"]), ("earlier", complete, &["b", "c"])],
                complete,
                &["a", "b"],
                &["b", "c"],
            ),
            (&[("latest", incomplete, &["a"]), ("earlier", complete, &["a", "b"])], complete, &["a", "b"], &[]),
        ];
        for (n, (listings, end, known, before)) in cases.into_iter().enumerate() {
            let folder = Folder::new(&format!("version-1-{n}"));
            of_version_1(&folder.file(), listings);
            for _ in 0..2 {
                let store = SqliteCheckpoints::open(folder.file()).unwrap();
                let mut held = store.open(&key("t")).unwrap();
                let held = held.as_mut();
                assert_eq!(held.standing().unwrap().and_then(|standing| standing.end), Some(end), "{listings:?}");
                assert_eq!(
                    (ids(held, Kept::Latest), ids(held, Kept::Before)),
                    (known.iter().map(ToString::to_string).collect(), before.iter().map(ToString::to_string).collect(),)
                );
                assert_eq!(held.verify().unwrap().intact, u64::try_from(known.len()).unwrap());
            }
        }
    }

    #[test]
    fn a_step_that_fails_leaves_nothing_behind() {
        let folder = Folder::new("atomic");
        let store = SqliteCheckpoints::open(folder.file()).unwrap();
        let mut held = store.open(&key("t")).unwrap();
        list(held.as_mut(), &["a"], None);
        let connection = Connection::open(folder.file()).unwrap();
        let trigger =
            "CREATE TRIGGER full BEFORE INSERT ON user WHEN new.id = 'c' BEGIN SELECT RAISE(ABORT, 'full'); END";
        connection.execute_batch(trigger).unwrap();
        let (next, new) = (standing(2, None), users(&["b", "c"]));
        let step = Step { users: &new, ..Step::of(&next) };
        assert_eq!(held.save(&step).err().unwrap().code(), "checkpoint-unusable");
        assert_eq!(held.standing().unwrap(), Some(standing(1, None)));
        assert_eq!(ids(held.as_mut(), Kept::Latest), ["a"]);
        connection.execute_batch("DROP TRIGGER full").unwrap();
        held.save(&step).unwrap();
        assert_eq!(ids(held.as_mut(), Kept::Latest), ["a", "b", "c"]);
    }

    #[test]
    fn what_is_forgotten_is_overwritten() {
        let folder = Folder::new("forget");
        let store = SqliteCheckpoints::open(folder.file()).unwrap();
        let key = |name: &str| ListingKey { source: format!("https://tenant-{name}.example"), ..key(name) };
        let fill = |name: &str| {
            let mut held = store.open(&key(name)).unwrap();
            list(held.as_mut(), &[&format!("person-{name}")], Some(End::Complete));
            held
        };
        let held = fill("busy");
        for name in ["one", "two", "three"] {
            drop(fill(name));
        }
        let holds = |text: &str| {
            let files = std::fs::read_dir(&folder.0).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
            files.into_iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
        };
        assert!(["one", "two", "three", "busy"].iter().all(|name| holds(&format!("person-{name}"))));

        assert_eq!(store.forget("busy").err().unwrap().code(), "checkpoint-busy");
        assert_eq!(
            (store.forget("one").unwrap(), store.forget("one").unwrap(), store.forget("nobody").unwrap()),
            (1, 0, 0)
        );
        assert!(!holds("person-one") && holds("person-two"));
        assert!(!holds("tenant-one") && holds("tenant-two"), "the tenant's name and its address go too");
        drop(store.open(&key("opened")).unwrap());
        assert!(holds("tenant-opened"));

        let (past, future) = (Duration::from_secs(3_600), Duration::from_secs(3_600));
        assert_eq!(store.forget_before(SystemTime::now() - past).unwrap(), 0);
        assert_eq!(store.forget_before(SystemTime::now() + future).unwrap(), 2, "all but the one that is held");
        assert!(!holds("person-two") && !holds("person-three") && holds("person-busy"));
        assert!(["two", "three", "opened"].iter().all(|name| !holds(&format!("tenant-{name}"))));
        assert!(holds("tenant-busy"));
        drop(held);
        assert_eq!(store.forget("busy").unwrap(), 1);
        assert!(!holds("tenant-"));
        let files = std::fs::read_dir(&folder.0).unwrap().map(|file| file.unwrap().file_name());
        let locks = files.filter(|name| name.to_string_lossy().ends_with(".lock")).count();
        assert_eq!(locks, 0, "no file is left of a deleted listing");
    }

    #[test]
    fn many_listings_share_a_file() {
        let folder = Folder::new("many");
        let store = SqliteCheckpoints::open(folder.file()).unwrap();
        std::thread::scope(|scope| {
            for n in 0..8 {
                // Half of them with a connection of their own, as other processes have.
                let store = if n % 2 == 0 { store.clone() } else { SqliteCheckpoints::open(folder.file()).unwrap() };
                scope.spawn(move || {
                    let mut held = store.open(&key(&format!("tenant {n}"))).unwrap();
                    for page in 1..=20_u64 {
                        let new = users(&[&format!("{n}-{page:02}")]);
                        save(held.as_mut(), page == 1, 1, &new, &[], &standing(page, None));
                    }
                    assert_eq!(ids(held.as_mut(), Kept::Latest).len(), 20);
                });
            }
        });
    }
}
