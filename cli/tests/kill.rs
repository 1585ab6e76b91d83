//! `providerctl users --checkpoint` and `providerctl sync`, killed at random points by a signal that no process can catch,
//! and run again until they end.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use mattermost_simulator::{ChangeKind, Config, Simulator};
use provider_host::checkpoint::{Checkpoint, Checkpoints as _, Kept, ListingKey, SqliteCheckpoints};

/// How long a test waits for a child that makes no progress.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server that runs on threads of its own, and a file of checkpoints.
struct Scene {
    simulator: Simulator,
    _runtime: tokio::runtime::Runtime,
    folder: PathBuf,
}

impl Drop for Scene {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Where a child is killed.
#[derive(Clone, Copy, Debug)]
enum Point {
    /// When the server has answered this many of its requests.
    Requests(u64),
    /// When it has printed this many lines.
    Lines(usize),
    /// When it cannot print since nobody reads: it has saved a page or, in a resumed run, prints the earlier ones.
    Unread,
    /// Never.
    End,
}

/// What became of a child.
struct Run {
    /// The ids on the whole lines that it printed.
    ids: Vec<String>,
    /// Those lines.
    lines: Vec<serde_json::Value>,
    stderr: String,
    /// `None` if it was killed.
    exit: Option<i32>,
}

impl Scene {
    fn new(name: &str, users: u32) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let config = Config { users, latency: Duration::from_millis(4), ..Config::default() };
        let simulator = runtime.block_on(Simulator::start(config)).unwrap();
        let folder = std::env::temp_dir().join(format!("providerctl-kill-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { simulator, _runtime: runtime, folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.join("listing.sqlite")
    }

    fn spawn(&self, command: &str, more: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_providerctl"))
            .args([
                command,
                "--format",
                "ndjson",
                "--page-size",
                "200",
                "--secret",
                "access_token=env:MM_TOKEN",
                "--set",
            ])
            .arg(format!("server_url={}", self.simulator.url()))
            .arg("--checkpoint")
            .arg(self.file())
            .args(more)
            .env("MM_TOKEN", &self.simulator.tokens().admin)
            .env("PROVIDERCTL_COMPONENT", concat!(env!("CARGO_MANIFEST_DIR"), "/../dist/mattermost-provider.wasm"))
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn run(&self, point: Point, more: &[&str]) -> Run {
        self.run_as("users", point, more)
    }

    fn run_as(&self, command: &str, point: Point, more: &[&str]) -> Run {
        let before = self.simulator.requests();
        let mut child = self.spawn(command, more);
        let printed = Arc::new(AtomicUsize::new(0));
        let mut stdout = child.stdout.take();
        let reader = match point {
            Point::Unread => None,
            Point::Requests(_) | Point::Lines(_) | Point::End => Some(read(stdout.take().unwrap(), &printed)),
        };
        let began = Instant::now();
        let is_reached = || match point {
            Point::Requests(requests) => self.simulator.requests() >= before + requests,
            Point::Lines(lines) => printed.load(Ordering::Relaxed) >= lines,
            Point::Unread => self.is_at_rest(before) || began.elapsed() > Duration::from_secs(3),
            Point::End => false,
        };
        let mut killed = false;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if is_reached() {
                child.kill().unwrap();
                killed = true;
                break child.wait().unwrap();
            }
            assert!(began.elapsed() < PATIENCE, "{point:?} is never reached");
            sleep(Duration::from_millis(1));
        };
        drop(stdout);
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let lines = reader.map(|reader| reader.join().unwrap()).unwrap_or_default();
        let ids =
            lines.iter().map(|line| user_of(line).get("id").and_then(|id| id.as_str()).unwrap().to_owned()).collect();
        // A process that ended before the signal keeps its own exit code.
        assert!(killed || status.code().is_some(), "{status}: {stderr}");
        Run { ids, lines, stderr, exit: status.code() }
    }

    /// Whether a child has sent requests and sends no more.
    fn is_at_rest(&self, before: u64) -> bool {
        let now = self.simulator.requests();
        sleep(Duration::from_millis(200));
        now > before && self.simulator.requests() == now
    }

    fn ids(&self) -> BTreeSet<String> {
        self.simulator.roster().into_iter().map(|account| account.id).collect()
    }

    /// What the file holds.
    fn kept(&self) -> Box<dyn Checkpoint> {
        let source = self.simulator.url();
        let key = ListingKey { name: "providerctl".into(), product: "mattermost".into(), source };
        SqliteCheckpoints::open(self.file()).unwrap().open(&key).unwrap()
    }
}

/// The user on a line of a listing or of a sync.
fn user_of(line: &serde_json::Value) -> &serde_json::Value {
    line.get("user").unwrap_or(line)
}

/// Reads lines until there are no more, and returns those that are whole.
fn read(stdout: ChildStdout, printed: &Arc<AtomicUsize>) -> JoinHandle<Vec<serde_json::Value>> {
    let printed = Arc::clone(printed);
    thread::spawn(move || {
        let (mut lines, mut line, mut whole) = (BufReader::new(stdout), String::new(), Vec::new());
        while lines.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
            if line.ends_with('\n') {
                whole.push(serde_json::from_str(&line).unwrap());
                printed.fetch_add(1, Ordering::Relaxed);
            }
            line.clear();
        }
        whole
    })
}

/// Numbers that look random and are the same in every run (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn point(&mut self) -> Point {
        match self.below(8) {
            0..4 => Point::Requests(self.below(60)),
            4..7 => Point::Lines(usize::try_from(self.below(1_500)).unwrap()),
            _ => Point::Unread,
        }
    }
}

#[track_caller]
fn distinct(ids: &[String]) -> BTreeSet<String> {
    let set: BTreeSet<_> = ids.iter().cloned().collect();
    let mut times = BTreeMap::<&str, u32>::new();
    ids.iter().for_each(|id| *times.entry(id).or_default() += 1);
    times.retain(|_, times| *times > 1);
    assert!(times.is_empty(), "printed more than once: {times:?}");
    set
}

/// Kills children until so many were killed, lets the last one end, and changes accounts meanwhile if asked to. Whenever a
/// listing ends, it was complete, and everybody who was there all the time is in the output of its last run.
fn kill(name: &str, seed: u64, kills: u32, changes: fn(&mut Dice) -> Option<ChangeKind>) {
    let scene = Scene::new(name, 1_700);
    let mut dice = Dice(seed);
    let (mut killed, mut ended, mut resumed) = (0, 0, 0);
    let (mut all_the_time, mut ever) = (scene.ids(), scene.ids());
    while ended == 0 || killed < kills {
        let point = if killed < kills { dice.point() } else { Point::End };
        let run = scene.run(point, &[]);
        let printed = distinct(&run.ids);
        resumed += u32::from(run.stderr.contains("resuming an interrupted listing"));
        ever.extend(scene.ids());
        assert!(printed.is_subset(&ever), "{point:?}");
        let now = scene.ids();
        all_the_time.retain(|id| now.contains(id));
        match run.exit {
            None => killed += 1,
            Some(0) => {
                let missing: Vec<_> = all_the_time.difference(&printed).collect();
                assert!(missing.is_empty(), "{point:?}: {missing:?}");
                ended += 1;
                // The next run begins a new listing.
                (all_the_time, ever) = (scene.ids(), scene.ids());
            }
            Some(code) => panic!("{point:?}: exit {code}: {}", run.stderr),
        }
        if let Some(change) = changes(&mut dice) {
            scene.simulator.change(change);
            let now = scene.ids();
            ever.extend(now.iter().cloned());
            if run.exit == Some(0) {
                all_the_time = now;
            } else {
                all_the_time.retain(|id| now.contains(id));
            }
        }
    }
    assert!(resumed * 3 >= killed, "{resumed} of {killed} runs resumed after a kill");
}

#[test]
fn a_listing_that_is_killed_again_and_again_prints_each_user_once() {
    kill("still", 0x5eed, 16, |_| None);
}

#[test]
fn a_listing_that_is_killed_while_accounts_change_misses_nobody() {
    kill("changing", 0xfeed, 16, |dice| {
        let place = u32::try_from(dice.below(1_700)).unwrap();
        let username = format!("{}{place}", if place % 2 == 0 { "aa" } else { "zz" });
        match dice.below(5) {
            0 => Some(ChangeKind::Create { username }),
            1 => Some(ChangeKind::Rename { place, username }),
            2 => Some(ChangeKind::Delete { place }),
            3 => Some(ChangeKind::Deactivate { place }),
            _ => None,
        }
    });
}

/// Syncs and listings over one file are killed while accounts change, and each that ends is followed by a change: a
/// consumer that applies what the syncs print has what the file has.
#[test]
fn a_consumer_has_the_same_table_as_the_file_wherever_syncs_are_killed() {
    let scene = Scene::new("sync", 1_700);
    let mut dice = Dice(0xbeef);
    let (mut killed, mut ended) = (0, 0);
    let mut table = BTreeMap::<String, serde_json::Value>::new();
    while ended < 6 || killed < 14 {
        let command = if ended > 0 && dice.below(5) == 0 { "users" } else { "sync" };
        let point = match dice.below(3) {
            0 => Point::End,
            1 => Point::Requests(dice.below(40)),
            _ => Point::Lines(usize::try_from(dice.below(if ended == 0 { 1_500 } else { 4 })).unwrap()),
        };
        // A listing that is printed only in part does not show who is gone.
        let point = if command == "users" { Point::Requests(dice.below(30)) } else { point };
        let run = scene.run_as(command, point, &[]);
        for line in run.lines.iter().filter(|_| command == "sync" || run.exit == Some(0)) {
            let user = user_of(line);
            let id = user.get("id").and_then(|id| id.as_str()).unwrap();
            match line.get("change").and_then(|change| change.as_str()) {
                Some("gone") => drop(table.remove(id)),
                Some(_) | None => drop(table.insert(id.to_owned(), user.clone())),
            }
        }
        match run.exit {
            None => killed += 1,
            Some(0) => {
                ended += 1;
                if command == "users" {
                    table.retain(|id, _| run.ids.contains(id));
                }
                let kept = scene.kept().users(Kept::Latest, None, u32::MAX).unwrap();
                let kept: BTreeMap<_, _> =
                    kept.into_iter().map(|user| (user.id.clone(), serde_json::to_value(user).unwrap())).collect();
                let differing: Vec<_> = kept.iter().filter(|(id, user)| table.get(*id) != Some(user)).take(2).collect();
                assert!(differing.is_empty() && kept.len() == table.len(), "{command} {point:?}: {differing:?}");
            }
            Some(code) => panic!("{command} {point:?}: exit {code}: {}", run.stderr),
        }
        let place = u32::try_from(dice.below(1_700)).unwrap();
        let username = format!("zz{place}{killed}{ended}");
        for change in [
            ChangeKind::Create { username: format!("a{username}") },
            ChangeKind::Rename { place, username },
            ChangeKind::Delete { place: place / 2 },
            ChangeKind::Promote { place: place / 3 },
        ] {
            if dice.below(2) == 0 {
                scene.simulator.change(change);
            }
        }
    }
}

#[test]
fn every_page_may_be_the_last_one_before_a_kill() {
    // Each run is killed soon after its first new page: the listing takes as many processes as it has pages.
    let scene = Scene::new("each", 1_700);
    let mut before = 0;
    let last = loop {
        let run = scene.run(Point::Lines(before + 1), &[]);
        distinct(&run.ids);
        if run.exit.is_some() {
            break run;
        }
        let kept = scene.kept().users(Kept::Latest, None, u32::MAX).unwrap().len();
        assert!(kept > before && run.ids.len() <= kept, "{kept} are saved, and {} were printed", run.ids.len());
        before = kept;
    };
    assert_eq!((last.exit, distinct(&last.ids)), (Some(0), scene.ids()), "{}", last.stderr);
}

#[test]
fn users_that_were_saved_but_not_printed_are_printed_by_the_next_run() {
    let scene = Scene::new("unread", 1_700);
    let run = scene.run(Point::Unread, &[]);
    assert_eq!((run.exit, run.ids.len()), (None, 0));
    let kept = scene.kept().users(Kept::Latest, None, u32::MAX).unwrap();
    assert!((200..1_700).contains(&kept.len()), "{}", kept.len());
    let last = scene.run(Point::End, &[]);
    assert_eq!((last.exit, distinct(&last.ids)), (Some(0), scene.ids()), "{}", last.stderr);
    assert!(last.stderr.contains(&format!("{} users already read", kept.len())), "{}", last.stderr);
}

#[test]
fn a_listing_starts_over_on_request_and_after_the_last_one_ended() {
    let scene = Scene::new("anew", 900);
    let pages = || scene.simulator.log().iter().filter(|exchange| exchange.path.contains("/users?page=0&per")).count();
    assert_eq!(scene.run(Point::Lines(300), &[]).exit, None);
    for (n, more) in [(2, &["--restart"][..]), (3, &[])] {
        let run = scene.run(Point::End, more);
        assert_eq!((run.exit, distinct(&run.ids)), (Some(0), scene.ids()), "{}", run.stderr);
        assert_eq!((run.stderr.as_str(), pages()), ("", n));
    }
}

#[test]
fn two_processes_do_not_read_one_listing() {
    let scene = Scene::new("busy", 900);
    let mut first = scene.spawn("users", &[]);
    // It cannot print and so cannot end.
    while !scene.is_at_rest(0) {
        assert!(first.try_wait().unwrap().is_none());
    }
    let second = scene.run(Point::End, &[]);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!((second.exit, second.ids.len()), (Some(1), 0));
    assert!(second.stderr.contains("error[checkpoint-busy]"), "{}", second.stderr);
    assert_eq!(scene.run(Point::End, &[]).exit, Some(0));
}

#[test]
fn a_checkpoint_holds_no_secret() {
    let scene = Scene::new("secret", 300);
    assert_eq!(scene.run(Point::End, &[]).exit, Some(0));
    let token = scene.simulator.tokens().admin.as_bytes();
    for file in std::fs::read_dir(&scene.folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(token.len()).any(|window| window == token));
    }
}
