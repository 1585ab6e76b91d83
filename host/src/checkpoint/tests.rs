//! What every store must do, tried with each.

use std::fmt::Debug;

use super::*;
use crate::model::User;
use crate::model::samples::{notice, user};
use crate::{End, Error, Progress};

const OLD: &str = "2020-01-01T00:00:00.000Z";

fn key(name: &str) -> ListingKey {
    ListingKey { name: name.into(), product: "mattermost".into(), source: "https://chat.example.com".into() }
}

/// How far a listing is after so many steps.
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
    // Whom only the first reading has brought goes with the end of the second.
    let (third, new) = (standing(3, Some(End::Complete)), users(&["d"]));
    let step = Step { run: 2, withdraws: true, users: &new, ..Step::of(&third) };
    held.save(&step).unwrap();
    check(ids(held, Kept::Latest), vec!["a".into(), "c'".into(), "d".into(), "ü".into()]);
    // Neither an end that is not complete nor a listing on its way proves anything.
    save(held, false, 1, &[], &[], &standing(3, Some(End::Incomplete)));
    check((ids(held, Kept::LastComplete), ids(held, Kept::Gone)), (vec![], vec![]));
}

fn tells_who_is_gone(store: &dyn Checkpoints) {
    let mut held = store.open(&key("gone")).unwrap();
    let held = held.as_mut();
    let complete = Some(End::Complete);
    let texts = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    // Each listing with what is kept after it: of the last complete one, of the one before, and who is gone.
    type Ids = &'static [&'static str];
    let cases: &[(Ids, Option<End>, Ids, Ids, Ids)] = &[
        (&["a", "b", "c"], complete, &["a", "b", "c"], &[], &[]),
        (&["b"], None, &["a", "b", "c"], &["a", "b", "c"], &[]),
        (&["b", "d"], Some(End::Incomplete), &["a", "b", "c"], &["a", "b", "c"], &[]),
        (&["b", "e"], complete, &["b", "e"], &["a", "b", "c"], &["a", "c"]),
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

fn has_each_listing_once(store: &dyn Checkpoints) {
    let held = store.open(&key("one")).unwrap();
    let refused = store.open(&key("one")).err().unwrap();
    check((refused.code(), refused.retryable()), ("checkpoint-busy", true));
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
fn what_an_earlier_version_kept_is_read() {
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

    /// A folder of a test's own, which goes with it.
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
        // As after a crash, neither was closed: another connection reads what was saved, and the lock is still held.
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
    fn a_damaged_record_is_told_without_repeating_it() {
        let folder = Folder::new("damaged");
        let store = SqliteCheckpoints::open(folder.file()).unwrap();
        let mut held = store.open(&key("t")).unwrap();
        list(held.as_mut(), &["a"], None);
        let connection = Connection::open(folder.file()).unwrap();
        connection.execute("UPDATE user SET record = '{\"id\":\"a\",\"status\":\"zoe\"}'", ()).unwrap();
        connection.execute("UPDATE listing SET standing = '{\"cursor\":\"zoe\"'", ()).unwrap();
        let errors = [held.users(Kept::Latest, None, 1).err().unwrap(), held.standing().err().unwrap()];
        for error in errors {
            assert_eq!(error.code(), "checkpoint-unusable");
            assert!(!error.to_string().contains("zoe"), "{error}");
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
        assert_eq!(locks, 0, "of what is forgotten no file is left");
    }

    #[test]
    fn many_listings_share_a_file() {
        let folder = Folder::new("many");
        let store = SqliteCheckpoints::open(folder.file()).unwrap();
        std::thread::scope(|scope| {
            for n in 0..8 {
                // Half of them as other processes do, with a connection of their own.
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
