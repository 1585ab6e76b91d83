//! Every command ends, whatever the server does, and keeps what was read.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use mattermost_simulator::{ChangeKind, Config, Fault, FaultKind, Simulator};

/// Starts a server that sends `first`, and then `drop` every hundred milliseconds without end. Returns its URL.
fn drips(first: &'static str, drop: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || drip(stream, first, drop));
        }
    });
    url
}

fn drip(mut stream: TcpStream, first: &str, drop: &str) {
    let mut request = [0; 4096];
    let mut goes_on = stream.read(&mut request).is_ok() && stream.write_all(first.as_bytes()).is_ok();
    while goes_on {
        thread::sleep(Duration::from_millis(100));
        goes_on = stream.write_all(drop.as_bytes()).is_ok();
    }
}

fn file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.sqlite", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

/// Runs a command with this `--stall-timeout`.
fn run(command: &str, url: &str, token: &str, seconds: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_providerctl"))
        .args([command, "--set", &format!("server_url={url}"), "--secret", "access_token=env:MM_TOKEN"])
        .args(["--stall-timeout", seconds])
        .args(more)
        .env("MM_TOKEN", token)
        .env_remove("PROVIDERCTL_COMPONENT")
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn a_command_ends_whatever_a_server_does() {
    let servers = [
        ("says nothing", "", ""),
        ("drips a head", "HTTP/1.1 200 OK\r\nx: ", "y"),
        ("drips a body", "HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n", " "),
        ("sends 1xx for ever", "", "HTTP/1.1 103 Early Hints\r\n\r\n"),
    ];
    let mut running = Vec::new();
    for (server, (name, first, drop)) in servers.into_iter().enumerate() {
        for (command, code) in [
            ("users", "listing-stalled"),
            ("sync", "listing-stalled"),
            ("check", "limit-call-time"),
            ("license", "limit-call-time"),
        ] {
            let case = thread::spawn(move || {
                let kept = file(&format!("stall-{server}"));
                let more = ["--checkpoint", kept.to_str().unwrap()];
                run(command, &drips(first, drop), "t", "2", if command == "sync" { &more } else { &[] })
            });
            running.push((format!("{command} on a server that {name}"), code, case));
        }
    }
    for (name, code, case) in running {
        // The test is that the command ends: without its deadline it would run for many minutes.
        let output = case.join().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{name}: {text}");
        assert!(text.contains(code), "{name}: {text}");
    }
}

#[test]
fn a_stalled_listing_keeps_what_was_read_and_resumes_later() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let stuck = FaultKind::Slow(Duration::from_secs(600));
    let faults = vec![Fault { on: "/users?".into(), after: 60, times: None, what: stuck }];
    let config = Config { users: 20_000, faults, ..Config::default() };
    let server = runtime.block_on(Simulator::start(config)).unwrap();
    let kept = file("stall-kept");
    let more = ["--format", "ndjson", "--page-size", "400", "--checkpoint", kept.to_str().unwrap()];
    let output = run("users", &server.url(), &server.tokens().admin, "10", &more);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines = output.stdout.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("listing-stalled") && text.contains("--stall-timeout"), "{text}");
    assert!((1..20_000).contains(&lines), "{lines} users");

    // A user who was already read is deleted for good, so the rest proves nothing and the list is read again: the listing is
    // then only the users of the second reading.
    let gone = server.change(ChangeKind::Delete { place: 3 }).unwrap().id;
    assert!(String::from_utf8_lossy(&output.stdout).contains(&gone));
    server.set_faults(Vec::new());
    let output = run("users", &server.url(), &server.tokens().admin, "120", &more);
    let lines = output.stdout.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!((output.status.code(), lines), (Some(0), 19_999), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!String::from_utf8_lossy(&output.stdout).contains(&gone));
}
