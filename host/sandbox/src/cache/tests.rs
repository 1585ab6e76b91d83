//! What a cache takes for its own, and what it costs when something is wrong with it.
#![cfg(unix)]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use provider_testing::component::{Bodies, provider};
use provider_testing::counters::counters;

use super::*;
use crate::{Pool, Sandbox};

/// A folder for a test, and what lies in it.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        let mut random = [0; 8];
        getrandom::fill(&mut random).unwrap();
        let path = std::env::temp_dir().join(format!("provider-host-cache-{:016x}", u64::from_ne_bytes(random)));
        fs::DirBuilder::new().create(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        Self(path)
    }

    /// Where the cache is. It makes the folder itself.
    fn folder(&self) -> PathBuf {
        self.0.join("compiled")
    }

    fn sandbox(&self) -> Sandbox {
        Sandbox::new(Pool::default()).unwrap().cached_in(Cache::open(&self.folder()).unwrap())
    }

    fn entries(&self) -> Vec<PathBuf> {
        let names = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.file_name().unwrap() != KEY).collect()
    }

    fn entry(&self) -> PathBuf {
        let entries = self.entries();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries[0].clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// How many components were compiled and how many were taken from a cache meanwhile, on this thread.
fn counted(work: impl FnOnce()) -> (u64, u64) {
    let mut counted = (0, 0);
    for (name, labels, count) in counters(work) {
        match (name.as_str(), labels.as_str()) {
            ("provider_components_loaded_total", "compiler") => counted.0 += count,
            ("provider_components_loaded_total", "cache") => counted.1 += count,
            _ => {}
        }
    }
    counted
}

const COMPILED: (u64, u64) = (1, 0);
const TAKEN: (u64, u64) = (0, 1);

fn load(sandbox: &Sandbox, bytes: &[u8]) -> (u64, u64) {
    counted(|| drop(sandbox.load(bytes).unwrap()))
}

fn other() -> Vec<u8> {
    provider(&Bodies { check: "i32.const 2048", ..Bodies::default() })
}

#[test]
fn a_component_is_compiled_once() {
    let (place, bytes) = (Place::new(), provider(&Bodies::default()));
    let sandbox = place.sandbox();
    assert_eq!(load(&sandbox, &bytes), COMPILED);
    assert_eq!(load(&sandbox, &bytes), TAKEN);
    assert_eq!(load(&place.sandbox(), &bytes), TAKEN, "in another engine of the same settings");
    assert_eq!(load(&sandbox, &other()), COMPILED);
    let larger = Pool { memory_bytes: 1 << 25, instances: 3, ..Pool::default() };
    let sandbox = Sandbox::new(larger).unwrap().cached_in(Cache::open(&place.folder()).unwrap());
    assert_eq!(load(&sandbox, &bytes), TAKEN, "in another pool");
    assert_eq!(place.entries().len(), 2);
    assert_eq!(load(&Sandbox::new(Pool::default()).unwrap(), &bytes), COMPILED, "without a cache");
}

#[tokio::test]
async fn a_component_from_the_cache_answers_like_the_compiled_one() {
    let (place, bytes) = (Place::new(), provider(&Bodies::default()));
    let compiled = place.sandbox().load(&bytes).unwrap();
    let taken = place.sandbox().load(&bytes).unwrap();
    assert_eq!(taken.describe().await.unwrap(), compiled.describe().await.unwrap());
}

#[test]
fn a_cache_does_not_change_what_is_refused() {
    let (place, bytes) = (Place::new(), provider(&Bodies::default()));
    let sandbox = place.sandbox();
    sandbox.load(&bytes).unwrap();
    let small = |pool: Pool| Sandbox::new(pool).unwrap().cached_in(Cache::open(&place.folder()).unwrap());
    let importing = wat::parse_str(r#"(component (import "wasi:random/random@0.2.0" (instance)))"#).unwrap();
    let cases = [
        (sandbox.load(&bytes[..bytes.len() - 1]), "not-a-component"),
        (sandbox.load(&importing), "import-refused"),
        (small(Pool { component_bytes: 10, ..Pool::default() }).load(&bytes), "component-too-large"),
        (small(Pool { memory_bytes: 65_536, ..Pool::default() }).load(&bytes), "component-does-not-fit"),
    ];
    for (loaded, code) in cases {
        assert_eq!(loaded.unwrap_err().code(), code);
    }
}

#[test]
fn an_entry_that_is_not_as_it_was_written_is_replaced() {
    let cases: &[(&str, &dyn Fn(&Place, &Path))] = &[
        ("a bit of the checksum", &|_, entry| flip(entry, 0)),
        ("a bit of the name", &|_, entry| flip(entry, 40)),
        ("the first bit of the code", &|_, entry| flip(entry, 64)),
        ("the last bit of the code", &|_, entry| flip(entry, fs::read(entry).unwrap().len() - 1)),
        ("cut off at the end", &|_, entry| cut(entry, |len| len - 1)),
        ("cut in the middle", &|_, entry| cut(entry, |len| len / 2)),
        ("a checksum alone", &|_, entry| cut(entry, |_| 32)),
        ("less than a checksum", &|_, entry| cut(entry, |_| 31)),
        ("empty", &|_, entry| cut(entry, |_| 0)),
        ("longer than it was", &|_, entry| fs::write(entry, [fs::read(entry).unwrap(), vec![0]].concat()).unwrap()),
        ("larger than any entry", &|_, entry| {
            File::options().write(true).open(entry).unwrap().set_len(1 << 40).unwrap()
        }),
        ("readable for others", &|_, entry| fs::set_permissions(entry, Permissions::from_mode(0o640)).unwrap()),
        ("writable for others", &|_, entry| fs::set_permissions(entry, Permissions::from_mode(0o602)).unwrap()),
        ("a link to the same bytes", &|place, entry| {
            let elsewhere = place.0.join("elsewhere");
            fs::rename(entry, &elsewhere).unwrap();
            symlink(elsewhere, entry).unwrap();
        }),
        ("gone", &|_, entry| fs::remove_file(entry).unwrap()),
        ("another component's", &|place, entry| {
            let sandbox = place.sandbox();
            sandbox.load(&other()).unwrap();
            let others = place.entries().into_iter().find(|path| path != entry).unwrap();
            fs::rename(others, entry).unwrap();
        }),
        ("under another key", &|place, entry| {
            let elsewhere = Place::new();
            elsewhere.sandbox().load(&provider(&Bodies::default())).unwrap();
            assert_eq!(elsewhere.entry().file_name(), entry.file_name());
            fs::copy(elsewhere.entry(), entry).unwrap();
            assert!(place.folder().join(KEY).exists());
        }),
        ("without its key", &|place, _| fs::remove_file(place.folder().join(KEY)).unwrap()),
        ("with half a key", &|place, _| cut(&place.folder().join(KEY), |len| len / 2)),
        ("with a key that others may read", &|place, _| {
            fs::set_permissions(place.folder().join(KEY), Permissions::from_mode(0o644)).unwrap();
        }),
        ("of an engine with other settings", &|place, entry| {
            let engine = Engine::new(wasmtime::Config::new().epoch_interruption(false)).unwrap();
            let code = Component::from_binary(&engine, &provider(&Bodies::default())).unwrap().serialize().unwrap();
            let name: Digest = entry.file_name().unwrap().to_str().unwrap().parse().unwrap();
            let cache = Cache::open(&place.folder()).unwrap();
            cache.folder.write(&name.to_string(), &cache.key.seal(&name, &code)).unwrap();
        }),
    ];
    let bytes = provider(&Bodies::default());
    for (what, damage) in cases {
        let place = Place::new();
        assert_eq!(load(&place.sandbox(), &bytes), COMPILED, "{what}");
        let entry = place.entry();
        damage(&place, &entry);
        assert_eq!(load(&place.sandbox(), &bytes), COMPILED, "{what}: is not used");
        assert_eq!(load(&place.sandbox(), &bytes), TAKEN, "{what}: is replaced");
        let mode = fs::symlink_metadata(place.entry()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{what}");
    }
}

fn flip(file: &Path, place: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[place] ^= 1;
    fs::write(file, bytes).unwrap();
}

fn cut(file: &Path, len: impl Fn(u64) -> u64) {
    let file = File::options().write(true).open(file).unwrap();
    file.set_len(len(file.metadata().unwrap().len())).unwrap();
}

#[test]
fn engines_with_other_settings_have_entries_of_their_own() {
    let engine = |epochs| Engine::new(wasmtime::Config::new().epoch_interruption(epochs)).unwrap();
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    let name = entry(&engine(true), &one);
    assert_eq!(entry(&engine(true), &one), name);
    assert_ne!(entry(&engine(false), &one), name);
    assert_ne!(entry(&engine(true), &two), name);
}

#[test]
fn a_folder_that_others_may_use_is_refused() {
    let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let own = |path: &Path| drop(Cache::open(path).unwrap());
    let chown = |path: &Path| std::os::unix::fs::chown(path, Some(12_345), None).is_ok();
    let cases: &[(&str, &str, &dyn Fn(&Place) -> bool)] = &[
        ("readable for the group", "others may use it (mode 740)", &|place| {
            own(&place.folder());
            mode(&place.folder(), 0o740);
            true
        }),
        ("writable for everybody", "others may use it (mode 707)", &|place| {
            own(&place.folder());
            mode(&place.folder(), 0o707);
            true
        }),
        ("a link", "it is a link or a file", &|place| {
            own(&place.0.join("elsewhere"));
            symlink(place.0.join("elsewhere"), place.folder()).unwrap();
            true
        }),
        ("a link to nowhere", "", &|place| {
            symlink(place.0.join("elsewhere"), place.folder()).unwrap();
            true
        }),
        ("a file", "it is a link or a file", &|place| {
            fs::write(place.folder(), "").unwrap();
            true
        }),
        ("in a folder that the group may change", "others may change what lies in ", &|place| {
            mode(&place.0, 0o770);
            true
        }),
        ("in a folder that everybody may change", "others may change what lies in ", &|place| {
            mode(&place.0, 0o707);
            true
        }),
        ("with a folder in place of its key", "no key can be kept there", &|place| {
            own(&place.folder());
            fs::remove_file(place.folder().join(KEY)).unwrap();
            fs::create_dir(place.folder().join(KEY)).unwrap();
            true
        }),
        // Only root may give folders away.
        ("another user's", "it belongs to another user", &|place| {
            own(&place.folder());
            chown(&place.folder())
        }),
        ("in another user's folder", "others may change what lies in ", &|place| chown(&place.0)),
    ];
    for (what, reason, set) in cases {
        let place = Place::new();
        if !set(&place) {
            continue;
        }
        let error = Cache::open(&place.folder()).unwrap_err();
        assert_eq!(error.code(), "cache-unusable", "{what}");
        assert!(error.to_string().contains(reason), "{what}: {error}");
    }
}

#[test]
fn a_folder_that_is_made_is_closed_to_others() {
    let place = Place::new();
    let folder = place.folder().join("deep/down");
    drop(Cache::open(&folder).unwrap());
    for path in [&folder, &place.folder()] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700, "{}", path.display());
    }
    // Where everybody may make folders, but not touch each other's, as in /tmp.
    fs::set_permissions(&place.0, Permissions::from_mode(0o1777)).unwrap();
    drop(Cache::open(&folder).unwrap());
}

#[test]
fn another_users_entry_is_not_used() {
    let (place, bytes) = (Place::new(), provider(&Bodies::default()));
    load(&place.sandbox(), &bytes);
    // Only root may give files away.
    if std::os::unix::fs::chown(place.entry(), Some(12_345), None).is_ok() {
        assert_eq!(load(&place.sandbox(), &bytes), COMPILED);
        assert_eq!(load(&place.sandbox(), &bytes), TAKEN);
    }
}

#[test]
fn a_folder_that_cannot_be_written_costs_time_and_nothing_else() {
    let (place, bytes) = (Place::new(), provider(&Bodies::default()));
    let sandbox = place.sandbox();
    fs::remove_dir_all(place.folder()).unwrap();
    assert_eq!(load(&sandbox, &bytes), COMPILED);
    assert_eq!(load(&sandbox, &bytes), COMPILED);
    assert!(!place.folder().exists());
}

#[test]
fn processes_that_write_at_once_all_load_and_leave_one_entry() {
    let (place, bytes) = (Place::new(), provider(&Bodies::default()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // Each has opened the folder by itself, as processes do: all of them make a key, or find one.
                let sandbox = place.sandbox();
                for _ in 0..20 {
                    sandbox.load(&bytes).unwrap();
                    fs::remove_file(place.folder().join(entry(sandbox.engine(), &Digest::of(&bytes)).to_string())).ok();
                }
                sandbox.load(&bytes).unwrap();
            });
        }
    });
    assert_eq!(load(&place.sandbox(), &bytes), TAKEN);
    // `entry` refuses what was left unfinished.
    assert!(place.entry().is_file());
}

#[test]
fn processes_that_make_a_key_at_once_have_the_same_one() {
    for _ in 0..20 {
        let place = Place::new();
        let caches: Vec<_> = thread::scope(|scope| {
            let opening: Vec<_> = (0..4).map(|_| scope.spawn(|| Cache::open(&place.folder()).unwrap())).collect();
            opening.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let name = Digest::of(b"component");
        for (one, other) in caches.iter().zip(caches.iter().rev()) {
            assert!(other.key.open(&name, &one.key.seal(&name, b"code")).is_some());
        }
    }
}

#[test]
fn the_least_recently_used_entries_are_removed() {
    let name = |n: u32| Digest::of(&n.to_le_bytes()).to_string();
    let found =
        |n: u32, bytes| Found { name: name(n), bytes, used: SystemTime::UNIX_EPOCH + Duration::from_secs(n.into()) };
    let many = (0..40).map(|n| found(n, 1)).collect();
    assert_eq!(superfluous(many), (0..8).rev().map(name).collect::<Vec<_>>());
    let large = vec![found(3, MOST_BYTES / 2), found(1, 1), found(2, MOST_BYTES / 2 + 1)];
    assert_eq!(superfluous(large), [name(2), name(1)]);
    let key = Found { name: KEY.to_owned(), ..found(0, MOST_BYTES) };
    assert_eq!(superfluous(vec![key, found(1, MOST_BYTES)]), Vec::<String>::new());
}

#[test]
fn entries_beyond_the_bound_and_files_that_were_never_finished_are_removed() {
    let (place, bytes) = (Place::new(), provider(&Bodies::default()));
    let sandbox = place.sandbox();
    let old = SystemTime::now() - Duration::from_secs(24 * 60 * 60);
    let file = |name: &str, used| {
        let path = place.folder().join(name);
        fs::write(&path, name).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        File::open(&path).unwrap().set_modified(used).unwrap();
        path
    };
    let oldest = file(&Digest::of(b"oldest").to_string(), old);
    for n in 0..MOST_ENTRIES {
        file(&Digest::of(&n.to_le_bytes()).to_string(), SystemTime::now());
    }
    let (dead, alive) = (file("new-dead", old), file("new-alive", SystemTime::now()));
    assert_eq!(load(&sandbox, &bytes), COMPILED);
    assert!(!oldest.exists() && !dead.exists() && alive.exists());
    assert_eq!(place.entries().len(), MOST_ENTRIES + 1, "with the one that is being written");
    assert_eq!(load(&sandbox, &bytes), TAKEN);
}

#[test]
fn fifty_first_uses_at_once_compile_once() {
    let (place, bytes) = (Place::new(), provider(&Bodies::default()));
    // Half of them share a sandbox, as a platform's tenants do; the others have one each, as processes do.
    let shared = place.sandbox();
    let compiled: u64 = thread::scope(|scope| {
        let uses: Vec<_> = (0..50)
            .map(|n| {
                let sandbox = if n % 2 == 0 { shared.clone() } else { place.sandbox() };
                let bytes = &bytes;
                scope.spawn(move || load(&sandbox, bytes).0)
            })
            .collect();
        uses.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(compiled, 1);
    assert_eq!(place.entries().len(), 1, "and no lock is left");
}

#[test]
fn a_process_goes_on_when_the_one_that_compiles_dies() {
    let (place, bytes) = (Place::new(), provider(&Bodies::default()));
    let (sandbox, other) = (place.sandbox(), Cache::open(&place.folder()).unwrap());
    let digest = Digest::of(&bytes);
    let held = other.lock(sandbox.engine(), &digest, Duration::ZERO).unwrap();
    assert!(other.lock(sandbox.engine(), &digest, Duration::ZERO).is_none(), "it is held");
    let lock = place.entry();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| load(&sandbox, &bytes));
        // The system closes its files; the name stays, as a killed process leaves it.
        fs::hard_link(&lock, place.0.join("left")).unwrap();
        drop(held);
        fs::rename(place.0.join("left"), &lock).unwrap();
        assert_eq!(waiting.join().unwrap(), COMPILED);
    });
    assert_eq!(load(&place.sandbox(), &bytes), TAKEN);
}

#[test]
fn a_lock_that_cannot_be_had_costs_time_and_nothing_else() {
    let (place, bytes) = (Place::new(), provider(&Bodies::default()));
    let sandbox = place.sandbox();
    let name = format!("lock-{}", entry(sandbox.engine(), &Digest::of(&bytes)));
    fs::create_dir(place.folder().join(name)).unwrap();
    assert_eq!(load(&sandbox, &bytes), COMPILED);
    assert_eq!(load(&sandbox, &bytes), TAKEN);
}
