//! The command's output for each server version and each kind of token, in `snapshots/`.
//!
//! After an intended change: `INSTA_UPDATE=always cargo test --release --locked --workspace --test snapshots`, and
//! read the difference before it is committed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::{Command, Stdio};

use mattermost_simulator::{ChangeKind, Config, LicensePreset, Privacy, Simulator, Tokens};

/// The servers' time: 24 November 2026, 15:25:29, in milliseconds since 1970.
const NOW_MS: i64 = 1_795_533_929_000;

const VERSIONS: [&str; 6] = ["5.25.0", "5.37.0", "7.6.0", "9.11.0", "10.11.0", "11.6.0"];

type Token = fn(&Tokens) -> &str;

const TOKENS: [(&str, Token); 5] = [
    ("admin", |tokens| &tokens.admin),
    ("viewer-bot", |tokens| &tokens.viewer_bot),
    ("member", |tokens| &tokens.member),
    ("bot", |tokens| &tokens.bot),
    ("guest", |tokens| &tokens.guest),
];

fn config(version: &str) -> Config {
    Config {
        users: 40,
        version: version.parse().unwrap(),
        license: LicensePreset::Professional,
        privacy: Privacy { show_email: false, show_full_name: true },
        now_ms: Some(NOW_MS),
        ..Config::default()
    }
}

/// The stdout, stderr and exit code of a command.
fn run(server: &Simulator, token: &str, command: &str, more: &[&str]) -> String {
    let url = server.url();
    let output = Command::new(env!("CARGO_BIN_EXE_providerctl"))
        .args([command, "--set", &format!("server_url={url}"), "--secret", "access_token=env:MM_TOKEN"])
        .args(more)
        .env("MM_TOKEN", token)
        .env("PROVIDERCTL_COMPONENT", concat!(env!("CARGO_MANIFEST_DIR"), "/../dist/mattermost-provider.wasm"))
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&url, "http://server");
    let (out, said) = (text(output.stdout), text(output.stderr));
    let code = output.status.code().unwrap();
    format!("$ providerctl {command} {}\n{out}{said}exit {code}\n\n", more.join(" "))
}

/// Removes what depends on the machine's clock, since the server's stands still in these tests: comparisons of the two, and
/// the days left of a licence.
fn without_clock(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.contains("clock") && !line.contains("NTP"));
    let lines = lines.map(|line| match line.rsplit_once(", ") {
        Some((before, left))
            if ["day", "days", "year", "years"].iter().any(|unit| left.ends_with(&format!(" {unit} left"))) =>
        {
            before
        }
        Some(_) | None => line,
    });
    lines.map(|line| format!("{line}\n")).collect()
}

fn check(name: &str, config: Config, ask: impl FnOnce(&Simulator) -> String) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(Simulator::start(config)).unwrap();
    assert_snapshot(name, &ask(&server));
}

fn assert_snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn every_version_answers_every_kind_of_token() {
    for version in VERSIONS {
        for (kind, token) in TOKENS {
            check(&format!("{version}-{kind}"), config(version), |server| {
                let token = token(server.tokens());
                let license = without_clock(&run(server, token, "license", &[]));
                let users = without_clock(&run(server, token, "users", &["--format", "csv"]));
                let check = without_clock(&run(server, token, "check", &[]));
                format!("{check}{license}{users}")
            });
        }
    }
}

#[test]
fn the_report_on_users_has_more_activity() {
    check("report", config("11.6.0"), |server| {
        let more = ["--set", "activity_source=report", "--format", "ndjson"];
        without_clock(&run(server, &server.tokens().admin, "users", &more))
    });
}

#[test]
fn a_sync_prints_every_change() {
    for version in VERSIONS {
        check(&format!("{version}-sync"), config(version), |server| {
            let folder = std::env::temp_dir().join(format!("providerctl-sync-{}-{version}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            let file = folder.join("listing.sqlite").display().to_string();
            let sync = |more: &[&str]| {
                let arguments = [&["--checkpoint", &file], more].concat();
                without_clock(&run(server, &server.tokens().admin, "sync", &arguments)).replace(&file, "FILE")
            };
            // Everybody is added.
            assert_eq!(sync(&["--format", "ndjson"]).lines().filter(|line| line.contains("added")).count(), 40);
            let place = 20;
            for change in [
                ChangeKind::Create { username: "newcomer".into() },
                ChangeKind::Rename { place, username: "renamed".into() },
                ChangeKind::Promote { place: 30 },
                ChangeKind::Deactivate { place: 15 },
            ] {
                server.change(change).unwrap();
            }
            let mut out = sync(&[]);
            out += &sync(&[]);
            server.change(ChangeKind::Delete { place }).unwrap();
            out += &sync(&[]);
            std::fs::remove_dir_all(folder).unwrap();
            out
        });
    }
}

#[test]
fn every_licence_has_its_name() {
    for license in LicensePreset::ALL {
        check(&format!("license-{license}"), Config { license, ..config("11.6.0") }, |server| {
            run(server, &server.tokens().admin, "license", &["--format", "json"])
        });
    }
}

/// The widths of terminals at which the help is looked at.
const COLUMNS: [u32; 4] = [60, 80, 110, 200];

#[test]
fn the_help_fits_each_terminal() {
    for command in ["", "users", "license"] {
        for columns in COLUMNS {
            let words = [command, "--help"].into_iter().filter(|word| !word.is_empty());
            let output = Command::new(env!("CARGO_BIN_EXE_providerctl"))
                .args(words)
                .env("COLUMNS", columns.to_string())
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .output()
                .unwrap();
            let name = if command.is_empty() { "providerctl" } else { command };
            assert_snapshot(&format!("help-{name}-{columns}"), &String::from_utf8(output.stdout).unwrap());
        }
    }
}
