//! A watched folder, and what a hostile writer of it tries.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use provider_sandbox::{Digest, Trust};

use super::*;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("provider-host-watch-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.join(name), bytes).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A registry that watches a folder, and what it reports.
struct Watching {
    registry: Registry,
    events: tokio::sync::broadcast::Receiver<Event>,
    _watch: Watch,
}

impl Watching {
    fn new(folder: &Folder, trust: impl Fn(&str) -> Option<Trust> + Send + Sync + 'static) -> Self {
        Self::with(folder, SwitchOptions::default(), trust)
    }

    fn with(
        folder: &Folder,
        options: SwitchOptions,
        trust: impl Fn(&str) -> Option<Trust> + Send + Sync + 'static,
    ) -> Self {
        Self::of(registry(), folder, options, trust)
    }

    fn of(
        registry: Registry,
        folder: &Folder,
        options: SwitchOptions,
        trust: impl Fn(&str) -> Option<Trust> + Send + Sync + 'static,
    ) -> Self {
        let events = registry.events();
        let _watch = registry.watch(&folder.0, options, trust).unwrap();
        Self { registry, events, _watch }
    }

    async fn next(&mut self) -> Event {
        tokio::time::timeout(Duration::from_secs(120), self.events.recv()).await.expect("something happens").unwrap()
    }

    /// The next event, except that an old version is no longer in use.
    async fn report(&mut self) -> String {
        loop {
            let event = self.next().await;
            if let Event::Refused { file, code, reason } = event {
                return format!("{file} {code} {reason}");
            } else if let Event::Switched { to, .. } = event {
                return format!("switched to {}", to.version);
            } else if !matches!(event, Event::Drained { .. }) {
                return event.to_string();
            }
        }
    }

    #[track_caller]
    fn assert_begins(report: &str, expect: &str) {
        assert!(report.starts_with(expect), "{report} does not begin with {expect}");
    }
}

fn anything(_: &str) -> Option<Trust> {
    Some(Trust::Anything)
}

fn version(id: &str, version: &str) -> Vec<u8> {
    provider(&Bodies { start: describing(id, version, &[]), ..Bodies::default() })
}

#[tokio::test]
async fn a_watched_folder_takes_trusted_files_and_reports_the_others() {
    let folder = Folder::new();
    let (first, second) = (provider(&Bodies::default()), provider(&check("unreachable")));
    folder.write("a.wasm", &first);
    let pins = [Digest::of(&first), Digest::of(&second)];
    let mut watching = Watching::new(&folder, move |file| match file {
        "a.wasm" => Some(Trust::Pinned(pins[0])),
        "b.wasm" => Some(Trust::Pinned(pins[1])),
        _ => None,
    });
    let Event::Switched { from: None, .. } = watching.next().await else { panic!() };
    folder.write("b.wasm", &first);
    Watching::assert_begins(&watching.report().await, "b.wasm digest-differs");
    folder.write("c.wasm", &first);
    Watching::assert_begins(&watching.report().await, "c.wasm component-untrusted");
    folder.write("b.wasm", &second);
    let Event::Switched { from: Some(_), to, .. } = watching.next().await else { panic!() };
    assert_eq!(to.digest, pins[1]);
}

#[cfg(unix)]
#[tokio::test]
async fn irregular_and_oversized_files_are_refused_and_stop_nothing() {
    use rustix::fs::{CWD, Mode, mkfifoat};

    fn put(folder: &Folder, prefix: &str) -> std::os::unix::net::UnixListener {
        let path = |name: &str| folder.0.join(format!("{prefix}-{name}.wasm"));
        mkfifoat(CWD, path("pipe"), Mode::RUSR | Mode::WUSR).unwrap();
        std::fs::create_dir(path("folder")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", path("link")).unwrap();
        std::fs::File::create(path("sparse")).unwrap().set_len(6 << 30).unwrap();
        mkfifoat(CWD, folder.0.join(format!("{prefix}-unsigned.wasm.sig")), Mode::RUSR | Mode::WUSR).unwrap();
        folder.write(&format!("{prefix}-unsigned.wasm"), &version(ID, "9.0.0"));
        mkfifoat(CWD, path("stranger"), Mode::RUSR | Mode::WUSR).unwrap();
        std::os::unix::net::UnixListener::bind(path("socket")).unwrap()
    }

    let folder = Folder::new();
    let _before = put(&folder, "before");
    let trust = |file: &str| (!file.contains("stranger")).then_some(Trust::Anything);
    let mut watching = Watching::new(&folder, trust);
    let mut _after = None;
    for prefix in ["before", "after"] {
        let mut reports = Vec::new();
        while reports.len() < 7 {
            reports.push(watching.report().await);
        }
        reports.sort_unstable();
        for (report, (name, code)) in reports.iter().zip([
            ("folder", "component-not-a-file"),
            ("link", "component-not-a-file"),
            ("pipe", "component-not-a-file"),
            ("socket", "component-not-a-file"),
            ("sparse", "component-too-large"),
            ("stranger", "component-untrusted"),
            ("unsigned", "component-not-a-file"),
        ]) {
            Watching::assert_begins(report, &format!("{prefix}-{name}.wasm {code}"));
        }
        let next = if prefix == "before" { "1.0.0" } else { "1.1.0" };
        folder.write("good.wasm", &version(ID, next));
        assert_eq!(watching.report().await, format!("switched to {next}"));
        if prefix == "before" {
            _after = Some(put(&folder, "after"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_written_all_the_time_hold_up_no_other() {
    let folder = Arc::new(Folder::new());
    let mut watching = Watching::new(&folder, anything);
    let writes = Arc::new(AtomicBool::new(true));
    let writer = std::thread::spawn({
        let (folder, writes) = (Arc::clone(&folder), Arc::clone(&writes));
        move || {
            while writes.load(Ordering::Relaxed) {
                folder.write("notes.log", b"x");
                folder.write("busy.wasm", b"half of one");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    });
    folder.write("good.wasm", &version(ID, "1.0.0"));
    loop {
        let report = watching.report().await;
        if report == "switched to 1.0.0" {
            break;
        }
        // The writer may be held up on a machine that is busy.
        Watching::assert_begins(&report, "busy.wasm not-a-component");
    }
    writes.store(false, Ordering::Relaxed);
    writer.join().unwrap();
}

#[tokio::test]
async fn a_restart_puts_the_latest_version_into_use_whatever_the_files_are_called() {
    let folder = Folder::new();
    folder.write("x.wasm", &version(ID, "1.9.0"));
    folder.write("x-next.wasm", &version(ID, "1.10.0"));
    folder.write("another.wasm", &version("another", "0.1.0"));
    for _ in 0..2 {
        let mut watching = Watching::new(&folder, anything);
        let mut reports = [watching.report().await, watching.report().await, watching.report().await];
        reports.sort_unstable();
        assert_eq!(reports[..2], ["switched to 0.1.0", "switched to 1.10.0"]);
        Watching::assert_begins(&reports[2], "x.wasm preflight-failed");
        assert!(reports[2].contains("its version `1.9.0` is not newer than `1.10.0`"), "{reports:?}");
    }
}

#[tokio::test]
async fn of_equal_versions_the_one_that_was_written_last_is_in_use() {
    let folder = Folder::new();
    let bytes = |path| provider(&Bodies { start: describing(ID, "1.0.0", &[path]), ..Bodies::default() });
    let written = |name: &str, seconds| {
        let file = std::fs::File::options().append(true).open(folder.0.join(name)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    };
    let (early, late) = (bytes("/early"), bytes("/late"));
    folder.write("a.wasm", &late);
    folder.write("b.wasm", &early);
    written("a.wasm", 2_000);
    written("b.wasm", 1_000);
    let in_use = |watching: &Watching| watching.registry.active(ID).unwrap().digest;
    let options = SwitchOptions { grant_more: true, ..SwitchOptions::default() };
    let mut watching = Watching::with(&folder, options, anything);
    assert_eq!(watching.report().await, "switched to 1.0.0");
    Watching::assert_begins(&watching.report().await, "b.wasm preflight-failed");
    assert_eq!(in_use(&watching), Digest::of(&late));
    folder.write("b.wasm", &early);
    assert_eq!(watching.report().await, "switched to 1.0.0");
    assert_eq!(in_use(&watching), Digest::of(&early));
}

#[tokio::test]
async fn an_older_version_is_put_into_use_only_where_that_was_asked_for() {
    let ages = [("1.0.0-rc.1", "older"), ("nonsense", "no version"), ("", "none")];
    for (older, what) in ages {
        for downgrade in [false, true] {
            let folder = Folder::new();
            folder.write("x.wasm", &version(ID, "1.0.0"));
            let mut watching =
                Watching::with(&folder, SwitchOptions { downgrade, ..SwitchOptions::default() }, anything);
            assert_eq!(watching.report().await, "switched to 1.0.0");
            folder.write("x.wasm", &version(ID, older));
            let report = watching.report().await;
            let expect = if downgrade { format!("switched to {older}") } else { "x.wasm preflight-failed".to_owned() };
            Watching::assert_begins(&report, &expect);
            assert_eq!(report.contains("is not newer than"), !downgrade, "{what}: {report}");
        }
    }
}

#[tokio::test]
async fn a_file_does_not_become_another_product() {
    for is_in_use_before in [false, true] {
        let folder = Folder::new();
        let bytes = version("one", "1.0.0");
        folder.write("x.wasm", &bytes);
        folder.write("y.wasm", b"shows that the beginning is over");
        let registry = registry();
        if is_in_use_before {
            let candidate = registry.load(bytes).await.unwrap();
            registry.switch(&candidate, &SwitchOptions::default()).await.unwrap();
        }
        let mut watching = Watching::of(registry, &folder, SwitchOptions::default(), anything);
        Watching::assert_begins(&watching.report().await, "y.wasm not-a-component");
        if !is_in_use_before {
            assert_eq!(watching.report().await, "switched to 1.0.0");
        }
        folder.write("x.wasm", &version("other", "1.0.0"));
        let report = watching.report().await;
        assert!(report.contains("it is a provider of `other`, but `one` is in use"), "{report}");
        assert_eq!(watching.registry.active("other"), None);
    }
}

#[tokio::test]
async fn each_refusal_is_reported_once_for_each_content() {
    let folder = Folder::new();
    folder.write("x.wasm", &version(ID, "1.0.0"));
    let mut watching = Watching::new(&folder, |file| file.starts_with('x').then_some(Trust::Anything));
    assert_eq!(watching.report().await, "switched to 1.0.0");
    for content in ["one", "one", "other", "one", "third"] {
        folder.write("x.wasm", content.as_bytes());
        folder.write("stranger.wasm", content.as_bytes());
        tokio::time::sleep(2 * changes::QUIET).await;
    }
    let mut refused = [0, 0];
    folder.write("x.wasm", &version(ID, "1.1.0"));
    loop {
        let report = watching.report().await;
        if report == "switched to 1.1.0" {
            break;
        }
        refused[usize::from(report.starts_with("stranger.wasm component-untrusted "))] += 1;
    }
    // On a busy machine the folder may have been looked at less often.
    assert!((1..=3).contains(&refused[0]) && refused[1] == 1, "{refused:?}");
}

#[tokio::test]
async fn strangers_without_end_are_not_all_reported() {
    let folder = Folder::new();
    for number in 0..150 {
        folder.write(&format!("stranger-{number}.wasm"), b"x");
    }
    let mut watching = Watching::new(&folder, |file| file.starts_with('x').then_some(Trust::Anything));
    for _ in 0..100 {
        Watching::assert_begins(&watching.report().await, "stranger-");
    }
    folder.write("x.wasm", &version(ID, "1.0.0"));
    assert_eq!(watching.report().await, "switched to 1.0.0", "the other fifty are not reported");
}
