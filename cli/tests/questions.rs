//! Questions to a server and to a file: which users are printed, where they go, and how the command exits.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/scene.rs"]
mod scene;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use mattermost_simulator::{Config, Fault, FaultKind, LicensePreset, Statuses};
use scene::{PROVIDERCTL, Scene, prepared, stdout};
use serde_json::Value;

/// The servers' time: 24 November 2026, 15:25:29, in milliseconds since 1970.
const NOW_MS: i64 = 1_795_533_929_000;

/// The same, as the command gets it.
const NOW: &str = "2026-11-24T15:25:29Z";

/// A scene at the servers' time.
fn scene(name: &str, config: Config) -> Scene {
    Scene::new(name, Config { now_ms: Some(NOW_MS), ..config }).at(NOW)
}

/// A complete listing in a file, whose path is returned.
fn listed(scene: &Scene) -> String {
    let file = scene.file("listing.sqlite");
    let output = scene.run("users", &["--checkpoint", &file, "--count"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    file
}

/// The command at the server's time, without a server.
fn serverless() -> Command {
    let mut command = Command::new(PROVIDERCTL);
    prepared(&mut command, "").env("PROVIDERCTL_NOW", NOW);
    command
}

/// Asks a file: no server, no token, and no component to ask one with.
fn from(file: &str, more: &[&str]) -> Output {
    serverless()
        .env("PROVIDERCTL_COMPONENT", "/nonexistent.wasm")
        .args(["users", "--from", file])
        .args(more)
        .output()
        .unwrap()
}

/// What was printed to stderr, without what compares the machine's clock with the server's, which stands still here.
fn stderr(output: &Output) -> String {
    let text = scene::stderr(output);
    let lines = text.lines().filter(|line| !line.contains("clock-differs") && !line.contains("NTP"));
    lines.map(|line| format!("{line}\n")).collect()
}

#[track_caller]
fn check_exit(output: &Output, expect: i32) {
    assert_eq!(output.status.code(), Some(expect), "{}\n{}", stdout(output), stderr(output));
}

fn records(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ids(records: &[Value]) -> BTreeSet<String> {
    records.iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
}

fn words(flags: &str) -> Vec<&str> {
    flags.split_whitespace().collect()
}

/// The last use of an account, or its creation if it was never used; `None` if that is unknown.
fn last(user: &Value) -> Option<&str> {
    match user["activity"].as_str().unwrap() {
        "known" => user["last_activity_at"].as_str().max(user["created_at"].as_str()),
        "never" => user["created_at"].as_str(),
        _ => None,
    }
}

#[test]
fn a_question_has_the_same_answer_from_the_server_and_from_a_file() {
    let scene = scene("answers", Config { users: 2_000, ..Config::default() });
    let file = listed(&scene);
    let everybody = records(&from(&file, &["--format", "ndjson"]));
    assert_eq!(everybody.len(), 2_000);
    let is = |field: &'static str, values: &'static [&'static str]| {
        move |user: &Value| values.contains(&user[field].as_str().unwrap())
    };
    type Expect = Box<dyn Fn(&Value) -> bool>;
    let cases: Vec<(&str, Expect)> = vec![
        ("--status active", Box::new(is("status", &["active"]))),
        ("--status inactive,deactivated", Box::new(is("status", &["inactive", "deactivated"]))),
        ("--kind bot --kind guest", Box::new(is("kind", &["bot", "guest"]))),
        ("--role system-admin,team-admin", Box::new(is("role", &["system-admin", "team-admin"]))),
        ("--role system_guest", Box::new(is("role", &["guest"]))),
        ("--seat free", Box::new(is("seat", &["free"]))),
        ("--never-used", Box::new(is("activity", &["never"]))),
        ("--inactive-for 90d", Box::new(|user| last(user).is_some_and(|last| last < "2026-08-26T15:25:29.000Z"))),
        ("--inactive-for 1y", Box::new(|user| last(user).is_some_and(|last| last < "2025-11-24T15:25:29.000Z"))),
        ("--created-since 2026-10-01", Box::new(|user| *user["created_at"].as_str().unwrap() >= *"2026-10-01")),
        ("--created-since 26w", Box::new(|user| *user["created_at"].as_str().unwrap() >= *"2026-05-26T15:25:29.000Z")),
        ("--attribute locale=de", Box::new(|user| user["attributes"]["locale"] == "de")),
        ("--attribute runs-teams", Box::new(|user| user["attributes"].get("runs-teams").is_some())),
        (
            "--seat occupied --inactive-for 90d --kind member",
            Box::new(|user| {
                user["seat"] == "occupied"
                    && user["kind"] == "member"
                    && last(user).is_some_and(|last| last < "2026-08-26T15:25:29.000Z")
            }),
        ),
    ];
    for (flags, expect) in cases {
        let expect = ids(&everybody.iter().filter(|user| expect(user)).cloned().collect::<Vec<_>>());
        assert!(!expect.is_empty() && expect.len() < 2_000, "{flags} selects {}", expect.len());
        let flags = [words(flags), words("--format ndjson")].concat();
        let before = scene.simulator.requests();
        let (live, stored) = (scene.run("users", &flags), from(&file, &flags));
        assert!(scene.simulator.requests() > before);
        for output in [&live, &stored] {
            check_exit(output, 0);
            assert_eq!(ids(&records(output)), expect, "{flags:?}");
            assert_eq!(stderr(output), "", "{flags:?}");
        }
    }
    let before = scene.simulator.requests();
    check_exit(&from(&file, &["--count"]), 0);
    assert_eq!(scene.simulator.requests(), before, "a file is read without the server");
}

#[test]
fn time_passes_for_a_server_and_stands_still_in_a_file() {
    let scene = scene("weeks", Config { users: 500, ..Config::default() });
    let file = listed(&scene);
    let count = |mut command: Command, now: &str| -> u64 {
        let output = command.env("PROVIDERCTL_NOW", now).args(["--count", "--inactive-for", "90d"]).output().unwrap();
        check_exit(&output, 0);
        stdout(&output).trim().parse().unwrap()
    };
    let stored = |now| {
        let mut command = serverless();
        command.args(["users", "--from", &file]);
        count(command, now)
    };
    let [soon, later] = [NOW, "2027-01-24"].map(|now| count(scene.command("users", &[]), now));
    assert!(soon < later, "{soon} of 500 now, {later} after two months");
    assert_eq!([NOW, "2027-01-24"].map(stored), [soon, soon]);
    let malformed = serverless().env("PROVIDERCTL_NOW", "soon").args(["users", "--from", &file]).output().unwrap();
    check_exit(&malformed, 2);
    assert!(stderr(&malformed).contains("time-malformed"), "{}", stderr(&malformed));
}

#[test]
fn nobody_is_idle_where_the_activity_is_hidden() {
    let scene = scene("hidden", Config { users: 300, statuses: Statuses::Disabled, ..Config::default() });
    let file = listed(&scene);
    for more in [&["--inactive-for", "90d"][..], &["--never-used"]] {
        let live = scene.run("users", &[more, &["--count", "-v"]].concat());
        for output in [live, from(&file, &[more, &["--count", "-v"]].concat())] {
            check_exit(&output, 0);
            assert_eq!(stdout(&output), "0\n", "{more:?}");
            let said = stderr(&output);
            assert!(said.contains("300 could not be decided") && said.contains("last-activity-"), "{said}");
            assert!(said.contains("not known for"), "{said}");
        }
    }
}

#[test]
fn a_listing_is_sorted_limited_counted_and_reduced_to_columns() {
    let scene = scene("shapes", Config { users: 1_000, ..Config::default() });
    let file = listed(&scene);
    let column = |output: &Output, at: usize| -> Vec<String> {
        check_exit(output, 0);
        let text = stdout(output);
        csv::Reader::from_reader(text.as_bytes()).records().map(|row| row.unwrap()[at].to_owned()).collect()
    };
    let flags = words("--sort created_at:desc --limit 7 --format csv --columns username,created_at,attributes.locale");
    let (live, stored) = (scene.run("users", &flags), from(&file, &flags));
    assert_eq!(stdout(&live), stdout(&stored));
    assert!(stdout(&live).starts_with("username,created_at,attributes.locale\n"), "{}", stdout(&live));
    let dates = column(&live, 1);
    assert!(dates.len() == 7 && dates.is_sorted_by(|one, two| one >= two), "{dates:?}");
    let all = column(&from(&file, &words("--sort created_at:desc --format csv --columns created_at")), 0);
    assert_eq!((all.len(), &all[..7]), (1_000, &dates[..]));

    let table = stdout(&from(&file, &words("--sort username --limit 2 --columns username,kind")));
    let rows: Vec<_> = table.lines().map(words).collect();
    assert_eq!(rows, [["USERNAME", "KIND"], ["babababa.sysadmin", "member"], ["babababe", "member"]]);
    let array: Value = serde_json::from_str(&stdout(&from(&file, &words("--json username,roles --limit 3")))).unwrap();
    assert_eq!(array.as_array().unwrap().len(), 3);
    assert_eq!(array[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["roles", "username"]);
    let lines = from(&file, &words("--json username --format ndjson --status active"));
    assert!(records(&lines).iter().all(|user| user.as_object().unwrap().len() == 1));
    let counted = from(&file, &words("--status active --count"));
    assert_eq!(stdout(&counted), format!("{}\n", records(&lines).len()));
    // An empty answer is an answer.
    assert_eq!(stdout(&from(&file, &words("--json id --created-since 1h"))), "[]\n");
    check_exit(&from(&file, &words("--created-since 1h")), 0);
}

#[test]
fn a_limit_ends_the_reading_early_and_a_page_is_printed_before_the_next_is_read() {
    // The fourth page never arrives.
    let stuck = FaultKind::Slow(Duration::from_secs(3_600));
    let faults = vec![Fault { on: "/users?page=3&".into(), after: 0, times: None, what: stuck }];
    let scene = scene("limit", Config { users: 1_000, faults, ..Config::default() });
    let pages = words("--format ndjson --page-size 200 --set max_in_flight=1 --status active");
    let limited = scene.run("users", &[&pages[..], &["--limit", "5", "-v"]].concat());
    check_exit(&limited, 0);
    assert_eq!(stdout(&limited).lines().count(), 5);
    assert!(stderr(&limited).contains("all that --limit asks for"), "{}", stderr(&limited));

    let mut child = scene.command("users", &pages).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(first["status"], "active");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_file_is_replaced_by_a_whole_listing_alone() {
    let scene = scene("output", Config { users: 3_000, ..Config::default() });
    let stored = listed(&scene);
    let out = scene.file("users.csv");
    fs::write(&out, "old").unwrap();
    let files = scene.files();
    let refused = Fault { on: "/users?page=1".into(), after: 0, times: None, what: FaultKind::Status(403) };
    let flags = ["--format", "csv", "--page-size", "200", "-o", &out];
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -f 100; exec \"$@\"", "sh", PROVIDERCTL, "users", "--from", &stored])
        .args(flags.iter().filter(|flag| !["--page-size", "200"].contains(flag)));
    let full = limited.env("PROVIDERCTL_NOW", NOW).output().unwrap();
    check_exit(&full, 3);
    assert!(stderr(&full).contains("output-failed") && stderr(&full).contains("ulimit -f"), "{}", stderr(&full));
    assert_eq!((fs::read_to_string(&out).unwrap().as_str(), scene.files()), ("old", files.clone()));

    scene.simulator.set_faults(vec![refused]);
    let broken = scene.run("users", &flags);
    check_exit(&broken, 3);
    assert_eq!((fs::read_to_string(&out).unwrap().as_str(), scene.files()), ("old", files.clone()));
    scene.simulator.set_faults(Vec::new());
    let unproven = scene.command_of(&scene.simulator.tokens().member, "users", &flags).output().unwrap();
    check_exit(&unproven, 3);
    assert!(stderr(&unproven).contains("is left as it was"), "{}", stderr(&unproven));
    assert_eq!((fs::read_to_string(&out).unwrap().as_str(), scene.files()), ("old", files.clone()));

    let whole = scene.run("users", &flags);
    check_exit(&whole, 0);
    assert_eq!((stdout(&whole).as_str(), stderr(&whole).as_str()), ("", ""));
    assert_eq!((fs::read_to_string(&out).unwrap().lines().count(), scene.files()), (3_001, files));
    for (target, code) in [("/dev/full", "not a regular file"), ("/no/such/folder/x.csv", "no such file or folder")] {
        let before = scene.simulator.requests();
        let output = scene.run("users", &["-o", target]);
        check_exit(&output, 1);
        assert!(stderr(&output).contains("file-unwritable") && stderr(&output).contains(code), "{}", stderr(&output));
        assert_eq!(scene.simulator.requests(), before, "nothing is read for a file that cannot be written");
    }
}

#[test]
fn a_wrong_question_is_refused_with_what_to_do() {
    let scene = scene("refused", Config { users: 20, ..Config::default() });
    let file = listed(&scene);
    let cases = [
        ("--status gone", 2, "deactivated"),
        ("--inactive-for 90", 2, "90d"),
        ("--team sales", 2, "runs-teams=NAME"),
        ("--columns mail", 2, "the fields are id"),
        ("--json", 2, "the fields are id"),
        ("--sort username:up", 2, "FIELD:desc"),
        ("--json id --format csv", 2, "format-unsuited"),
        ("--columns id --format json", 2, "format-unsuited"),
        ("--count --limit 3", 2, "--limit"),
        ("--limit 0", 2, "--limit"),
        ("--set a=b", 2, "--set"),
        ("--checkpoint x", 2, "--checkpoint"),
        ("--source https://other.example", 2, "source-unknown"),
        ("-q -v", 2, "--quiet"),
        ("--role amdin", 0, "role-unseen"),
    ];
    for (flags, exit, part) in cases {
        let output = from(&file, &words(flags));
        check_exit(&output, exit);
        assert!(stderr(&output).contains(part), "{flags}: {}", stderr(&output));
    }
    let missing = from(&scene.file("none.sqlite"), &[]);
    check_exit(&missing, 1);
    assert!(stderr(&missing).contains("checkpoint-unusable") && !scene.files().contains("none.sqlite"));
    // A file that was made for a listing which did not begin.
    let begun = scene.file("begun.sqlite");
    let revoked = &scene.simulator.tokens().revoked;
    check_exit(&scene.command_of(revoked, "users", &["--checkpoint", &begun]).output().unwrap(), 1);
    let nothing = from(&begun, &[]);
    check_exit(&nothing, 1);
    assert!(stderr(&nothing).contains("checkpoint-empty"), "{}", stderr(&nothing));
    for (name, content) in [("text.sqlite", "no database"), ("empty.sqlite", "")] {
        fs::write(scene.file(name), content).unwrap();
        let output = from(&scene.file(name), &[]);
        check_exit(&output, 1);
        assert!(stderr(&output).contains("checkpoint-unusable"), "{}", stderr(&output));
    }
}

#[test]
fn a_file_is_as_complete_as_its_listing() {
    let scene = scene("stored", Config { users: 1_000, ..Config::default() });
    // An interrupted listing.
    let cut = Fault { on: "/users?page=3&".into(), after: 0, times: None, what: FaultKind::Status(403) };
    scene.simulator.set_faults(vec![cut.clone()]);
    let file = scene.file("cut.sqlite");
    let more = ["--checkpoint", &file, "--page-size", "200", "--set", "max_in_flight=1", "--count"];
    check_exit(&scene.run("users", &more), 3);
    let unfinished = from(&file, &["--count"]);
    check_exit(&unfinished, 3);
    assert!(stderr(&unfinished).contains("checkpoint-unfinished"), "{}", stderr(&unfinished));
    let some: u64 = stdout(&unfinished).trim().parse().unwrap();
    assert!((200..1_000).contains(&some), "{some}");
    // Finished, and interrupted again: the finished one counts.
    scene.simulator.set_faults(Vec::new());
    check_exit(&scene.run("users", &more), 0);
    scene.simulator.set_faults(vec![cut]);
    check_exit(&scene.run("users", &more), 3);
    let finished = from(&file, &["--count"]);
    check_exit(&finished, 0);
    assert_eq!((stdout(&finished).as_str(), stderr(&finished).as_str()), ("1000\n", ""));
    // A token that cannot prove the listing.
    scene.simulator.set_faults(Vec::new());
    let unproven = scene.file("unproven.sqlite");
    let member = &scene.simulator.tokens().member;
    let output = scene.command_of(member, "users", &["--checkpoint", &unproven, "--count"]).output().unwrap();
    check_exit(&output, 3);
    let output = from(&unproven, &["--count"]);
    check_exit(&output, 3);
    assert!(stderr(&output).contains("completeness-unproven"), "{}", stderr(&output));
}

#[test]
fn a_summary_is_printed_when_it_is_asked_for() {
    let scene = scene("summary", Config { users: 200, ..Config::default() });
    let file = listed(&scene);
    let parts = ["200 users", "complete", "status   ", "seat     ", "occupied seats not used for 90 days"];
    for output in [scene.run("users", &["-v", "--count"]), from(&file, &["-v", "--count"])] {
        assert!(parts.iter().all(|part| stderr(&output).contains(part)), "{}", stderr(&output));
        assert!(!stderr(&output).contains("selected"), "{}", stderr(&output));
    }
    let asked = stderr(&from(&file, &words("-v --count --kind member --inactive-for 30d")));
    assert!(asked.contains("selected ") && asked.contains("not used for 30 days"), "{asked}");
    for more in [&[][..], &["-q"]] {
        assert_eq!(stderr(&from(&file, more)), "", "{more:?}");
    }
    let coloured = scene.run("check", &["--color", "always"]);
    assert!(stdout(&coloured).contains("\u{1b}[32m"), "{}", stdout(&coloured));
    assert!(!stdout(&scene.run("check", &["--color", "never"])).contains('\u{1b}'));
}

#[test]
fn a_licence_at_a_threshold_has_an_exit_code_of_its_own() {
    // 265 days and 69 of 100 seats are left.
    let licensed = Config { users: 40, license: LicensePreset::Professional, ..Config::default() };
    let scene = scene("license", licensed);
    let cases = [
        ("", 0, ""),
        ("--warn-days 264", 0, ""),
        ("--warn-days 265", 4, "license-ends-soon"),
        ("--warn-seats 68", 0, ""),
        ("--warn-seats 69", 4, "69 seats left of 100"),
        ("--warn-seats 68%", 0, ""),
        ("--warn-seats 69%", 4, "license-seats-few"),
        ("--warn-days 30 --warn-seats 5%", 0, ""),
        ("--warn-days 400 --warn-seats 99% -q", 4, "license-seats-few"),
        ("--warn-seats 101%", 2, "5%"),
        ("--warn-days soon", 2, "--warn-days"),
    ];
    for (flags, exit, part) in cases {
        for format in ["table", "json", "prometheus"] {
            let output = scene.run("license", &[words(flags), vec!["--format", format]].concat());
            check_exit(&output, exit);
            assert!(stderr(&output).contains(part), "{flags}: {}", stderr(&output));
            assert!(exit == 2 || !stdout(&output).is_empty(), "the data is printed in any case");
            assert!(!part.is_empty() || stderr(&output).is_empty(), "{flags}: {}", stderr(&output));
        }
    }
    let mut late = scene.command("license", &["--warn-days", "0"]);
    check_exit(&late.env("PROVIDERCTL_NOW", "2027-08-17").output().unwrap(), 4);

    let uncounted = Fault { on: "/users/stats/filtered".into(), after: 0, times: None, what: FaultKind::Status(504) };
    scene.simulator.set_faults(vec![uncounted]);
    let output = scene.run("license", &["--warn-seats", "5%"]);
    check_exit(&output, 1);
    assert!(stderr(&output).contains("license-seats-unknown"), "{}", stderr(&output));
    check_exit(&scene.run("license", &["--warn-seats", "5%", "--warn-days", "400"]), 4);
    check_exit(&scene.run("license", &["--warn-days", "30"]), 0);
}

#[test]
fn metrics_are_written_for_a_collector() {
    let licensed = Config { users: 40, license: LicensePreset::Professional, ..Config::default() };
    let scene = scene("metrics", licensed);
    let out = scene.file("license.prom");
    let output = scene.run("license", &["--format", "prometheus", "-o", &out, "--warn-seats", "100%"]);
    check_exit(&output, 4);
    assert_eq!(stdout(&output), "");
    let text = fs::read_to_string(&out).unwrap();
    let labels = format!(
        "provider=\"mattermost\",source=\"{}\",license_type=\"professional\",name=\"Mattermost Professional\"",
        scene.simulator.url()
    );
    for (name, value) in [
        ("license_info", "1"),
        ("license_seats_purchased", "100"),
        ("license_seats_used", "31"),
        ("license_expires_timestamp_seconds", "1818429929"),
    ] {
        let expect = format!("# TYPE {name} gauge\n{name}{{{labels}}} {value}\n");
        assert!(text.contains(&expect), "{expect} is missing in\n{text}");
    }
    let revoked = &scene.simulator.tokens().revoked;
    let more = ["--format", "prometheus", "-o", &out];
    check_exit(&scene.command_of(revoked, "license", &more).output().unwrap(), 1);
    assert_eq!(fs::read_to_string(&out).unwrap(), text, "an error leaves the file");
}
