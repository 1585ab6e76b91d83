//! The outputs of commands on a terminal, in a file, in a spreadsheet and on a full disk.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/scene.rs"]
mod scene;

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use mattermost_simulator::{ChangeKind, Config, Fault, FaultKind};
use rustix::process::{Pid, Signal, kill_process};
use scene::{PROVIDERCTL, Scene, prepared, stderr, stdout};

/// Whether a text contains characters that control a terminal.
fn drives(text: &str) -> bool {
    text.chars()
        .any(|c| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

const HOSTILE: &str = "=evil\u{1b}[31m\u{9b}2j\u{7f}\u{202e}x";

#[test]
fn a_hostile_name_is_harmless_in_every_format_and_exact_when_asked_for() {
    let scene = Scene::new("hostile", Config { users: 30, ..Config::default() });
    let file = scene.file("listing.sqlite");
    let first = scene.run("sync", &["--checkpoint", &file, "--format", "ndjson"]);
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    scene.simulator.change(ChangeKind::Rename { place: 20, username: HOSTILE.into() }).unwrap();
    for format in ["table", "csv", "json", "ndjson"] {
        let copy = scene.file("copy.sqlite");
        fs::copy(&file, &copy).unwrap();
        for (command, more) in [("users", &[][..]), ("sync", &["--checkpoint", &copy])] {
            let output = scene.run(command, &[&["--format", format], more].concat());
            let text = format!("{}{}", stdout(&output), stderr(&output));
            assert!(text.contains("evil") && !drives(&text), "{command} as {format}: {text}");
        }
    }
    let username = |arguments: &[&str]| {
        let output = stdout(&scene.run("users", arguments));
        let mut rows = csv::Reader::from_reader(output.as_bytes());
        rows.records().map(|row| row.unwrap()[1].to_owned()).find(|name| name.contains("evil")).unwrap()
    };
    assert_eq!(username(&["--format", "csv"]), "'=evil\u{fffd}[31m\u{fffd}2j\u{fffd}\u{fffd}x");
    assert_eq!(username(&["--format", "csv", "--raw"]), HOSTILE);
    assert!(stdout(&scene.run("users", &["--raw"])).contains(HOSTILE));
    let lines = stdout(&scene.run("users", &["--format", "ndjson"]));
    let users = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    assert_eq!(users.filter(|user| user["username"] == HOSTILE).count(), 1, "JSON is exact");
}

/// A server that answers every request with this status and body.
fn answers(status: u16, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: application/json\r\nx-version-id: 11.6.0.11.6.0.h.true\r\n\
         x-request-id: a\tb\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|count| count > 2) {
                line.clear();
            }
            // The client may have gone.
            let _ = stream.get_mut().write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn no_command_prints_control_characters_of_a_hostile_server() {
    let text = r"a\u001b[2J\u009b31m\u007f\u202eb\r\nc";
    let error = format!(r#"{{"id":"{text}","message":"{text}","request_id":"{text}","status_code":400}}"#);
    let data = format!(
        r#"{{"id":"{text}","username":"{text}","IsLicensed":"true","SkuShortName":"{text}","SkuName":"{text}",
            "Company":"{text}","Version":"{text}","status":"{text}"}}"#
    );
    let scene = Scene::new("said", Config { users: 1, ..Config::default() });
    let kept = scene.file("kept.sqlite");
    for (status, body) in [(400, &error), (200, &data), (403, &error)] {
        let url = format!("server_url={}", answers(status, body));
        let given = ["--set", &url, "--secret", "access_token=env:MM_TOKEN", "--timeout", "60"];
        for command in [
            &["check"][..],
            &["check", "--format", "json"],
            &["license"],
            &["license", "--format", "json"],
            &["users"],
            &["sync", "--checkpoint", &kept],
        ] {
            let mut providerctl = Command::new(PROVIDERCTL);
            prepared(providerctl.args(command).args(given), "t");
            let output = providerctl.output().unwrap();
            let all = format!("{}{}", stdout(&output), stderr(&output));
            assert!(!drives(&all) && !all.is_empty(), "{command:?} of {status}: {all:?}");
        }
    }
    let mut typed = Command::new(PROVIDERCTL);
    let output = typed.args(["users", "--format", HOSTILE]).output().unwrap();
    assert!(output.status.code() == Some(2) && stderr(&output).contains("evil") && !drives(&stderr(&output)));
}

#[test]
fn a_piped_table_is_whole_and_a_narrow_terminal_gets_fewer_columns() {
    let scene = Scene::new("table", Config { users: 40, ..Config::default() });
    let long = "maximiliane.von-und-zu-mustermann";
    scene.simulator.change(ChangeKind::Rename { place: 20, username: long.into() }).unwrap();
    let piped = stdout(&scene.run("users", &[]));
    assert!(piped.contains("LAST ACTIVE") && piped.contains("E-MAIL") && !piped.contains('…'), "{piped}");
    assert_eq!(piped.lines().count(), 41);
    for columns in [40, 60, 80, 99] {
        let shown = scene.terminal(columns, "xterm", "@ 2>/dev/null", "users", &[]);
        assert_eq!(shown.lines().count(), 41, "{shown}");
        let widest = shown.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= usize::try_from(columns).unwrap(), "{widest} of {columns}: {shown}");
        assert!(shown.contains(long) && !shown.contains("E-MAIL"), "{columns}: {shown}");
    }
}

#[test]
fn a_terminal_shows_the_summary_even_if_the_data_goes_to_a_file() {
    let scene = Scene::new("summary", Config { users: 40, ..Config::default() });
    let file = scene.file("users.csv");
    let shown = scene.terminal(80, "xterm", &format!("@ > '{file}'"), "users", &["--format", "csv"]);
    assert!(shown.contains("40 users in") && shown.contains(": complete"), "{shown}");
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 41);
    // Stderr is piped, so there is no summary.
    let silent = scene.terminal(80, "xterm", &format!("@ 2> '{file}'"), "users", &["--format", "csv"]);
    assert_eq!((silent.lines().count(), fs::read_to_string(&file).unwrap().as_str()), (41, ""));
}

#[test]
fn colours_go_to_terminals_that_show_them_alone() {
    let scene = Scene::new("colours", Config { users: 10, ..Config::default() });
    let cases = [("xterm", "", true), ("dumb", "", false), ("xterm", "NO_COLOR=1 ", false), ("xterm", "TERM= ", false)];
    for (term, variable, is_coloured) in cases {
        for command in ["check", "users"] {
            let shown = scene.terminal(100, term, &format!("{variable}@"), command, &[]);
            // A progress bar moves the cursor and has no colour; a dumb terminal has no bar.
            let colour = ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"];
            let found = colour.iter().any(|code| shown.contains(code));
            assert_eq!(found, is_coloured && command == "check", "{command} with {variable}{term}: {shown:?}");
            assert!(term != "dumb" || !shown.contains('\u{1b}'), "{command}: {shown:?}");
            assert!(command == "check" || shown.contains("10 users in"), "{shown:?}");
        }
    }
}

#[test]
fn every_signal_to_stop_saves_the_progress() {
    for (name, signal) in [("INT", Signal::INT), ("TERM", Signal::TERM), ("HUP", Signal::HUP)] {
        // The fourth page never arrives, so the command is still running when the signal arrives.
        let stuck = FaultKind::Slow(std::time::Duration::from_secs(3_600));
        let faults = vec![Fault { on: "/users?page=3&".into(), after: 0, times: None, what: stuck }];
        let scene = Scene::new(name, Config { users: 1_000, faults, ..Config::default() });
        let file = scene.file("listing.sqlite");
        let more = ["--format", "ndjson", "--page-size", "200", "--set", "max_in_flight=1", "--checkpoint", &file];
        // This test may itself run under nohup, which its children would inherit.
        let mut command = scene.shell("exec env --default-signal=HUP,INT,TERM @", "users", &more);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let came = lines.by_ref().take(200).map(Result::unwrap).count();
        assert_eq!(came, 200);
        kill_process(Pid::from_child(&child), signal).unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(3), "{name}: {said}");
        assert!(
            said.contains("error[interrupted]") && said.contains("run the same command to resume"),
            "{name}: {said}"
        );

        scene.simulator.set_faults(Vec::new());
        let output = scene.run("users", &more);
        assert_eq!((output.status.code(), stdout(&output).lines().count()), (Some(0), 1_000), "{}", stderr(&output));
        assert!(stderr(&output).contains("resuming an interrupted listing"), "{}", stderr(&output));
    }
}

#[test]
fn a_signal_that_was_ignored_from_the_start_stays_ignored() {
    let scene = Scene::new("nohup", Config { users: 1_000, ..Config::default() });
    // The command runs to its end although the shell sends SIGHUP as soon as it begins to print.
    let line = "trap '' HUP; @ | { read -r line; kill -HUP 0; printf '%s\\n' \"$line\"; cat; }";
    let mut shell = scene.shell(line, "users", &["--format", "ndjson", "--page-size", "200"]);
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    let output = shell.output().unwrap();
    assert_eq!(stdout(&output).lines().count(), 1_000, "{}", stderr(&output));
}

#[test]
fn a_full_disk_makes_a_listing_incomplete_and_is_named() {
    let scene = Scene::new("full", Config { users: 3_000, ..Config::default() });
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for (command, more) in [
        ("users", &["--format", "csv"][..]),
        ("users", &["--format", "json"]),
        ("users", &["--format", "ndjson"]),
        ("users", &[]),
        ("sync", &["--checkpoint", &scene.file("sync.sqlite"), "--format", "ndjson"]),
    ] {
        let output = scene.command(command, more).stdout(full()).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{command} {more:?}: {said}");
        assert!(said.contains("error[output-failed]") && said.contains("the disk is full"), "{said}");
    }
    for command in ["check", "license"] {
        let output = scene.command(command, &[]).stdout(full()).output().unwrap();
        assert!(output.status.code() == Some(1) && stderr(&output).contains("output-failed"), "{}", stderr(&output));
    }

    let logged = scene.run("users", &["--format", "ndjson", "--audit", "/dev/full"]);
    assert_eq!((logged.status.code(), stdout(&logged).lines().count()), (Some(3), 3_000), "{}", stderr(&logged));
    assert!(stderr(&logged).contains("error[audit-incomplete]"), "{}", stderr(&logged));
    assert_eq!(scene.run("check", &["--audit", "/dev/full"]).status.code(), Some(1));

    let kept = scene.run("users", &["--checkpoint", "/dev/full"]);
    assert!(kept.status.code() == Some(1) && stderr(&kept).contains("checkpoint-unusable"), "{}", stderr(&kept));
}

#[test]
fn a_limit_on_file_sizes_is_reported_like_a_full_disk() {
    let scene = Scene::new("limit", Config { users: 8_000, ..Config::default() });
    let (list, kept) = (scene.file("list"), scene.file("kept.sqlite"));
    let more = ["--format", "ndjson", "--page-size", "400"];
    let output = scene.shell(&format!("ulimit -f 200; @ > '{list}'"), "users", &more).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("error[output-failed]") && stderr(&output).contains("ulimit -f"),
        "{}",
        stderr(&output)
    );
    assert!(fs::metadata(&list).unwrap().len() > 0);

    let more = [&more[..], &["--checkpoint", &kept]].concat();
    let output = scene.shell("ulimit -f 2000; @", "users", &more).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("error[checkpoint-unusable]"), "{}", stderr(&output));
    let lines = stdout(&output).lines().count();
    assert!((1..8_000).contains(&lines), "{lines} users");
    // Once there is room, it resumes.
    let output = scene.run("users", &more);
    assert_eq!((output.status.code(), stdout(&output).lines().count()), (Some(0), 8_000), "{}", stderr(&output));
}
