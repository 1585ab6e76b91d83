//! The command as a person runs it: what it prints where, and how it exits.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use mattermost_simulator::{ChangeKind, Config, Fault, FaultKind, LicensePreset, Privacy, Simulator, Statuses};

/// A server that runs while the command does, on threads of its own.
struct Server {
    simulator: Simulator,
    _runtime: tokio::runtime::Runtime,
}

fn server(config: Config) -> Server {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let simulator = runtime.block_on(Simulator::start(config)).unwrap();
    Server { simulator, _runtime: runtime }
}

impl Server {
    fn url(&self) -> String {
        self.simulator.url()
    }

    fn admin(&self) -> &str {
        &self.simulator.tokens().admin
    }
}

fn providerctl(arguments: &[&str], token: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_providerctl"))
        .args(arguments)
        .env("MM_TOKEN", token)
        .env("PROVIDERCTL_COMPONENT", built())
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs a subcommand against a server.
fn against(url: &str, token: &str, command: &str, more: &[&str]) -> Output {
    let url = format!("server_url={url}");
    let mut arguments = vec![command, "--set", &url, "--secret", "access_token=env:MM_TOKEN"];
    arguments.extend(more);
    providerctl(&arguments, token)
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn check_exit(output: &Output, expect: i32) {
    assert_eq!(output.status.code(), Some(expect), "{}\n{}", stdout(output), stderr(output));
}

#[test]
fn every_format_has_every_user() {
    let server = server(Config { users: 1_234, ..Config::default() });
    let run = |format: &str| {
        let output = against(&server.url(), server.admin(), "users", &["--format", format]);
        check_exit(&output, 0);
        assert_eq!(stderr(&output), "", "{format}: stderr is empty when it is piped");
        stdout(&output)
    };
    let lines = run("ndjson");
    assert_eq!(lines.lines().count(), 1_234);
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    for (key, value) in [("role", "system-admin"), ("seat", "occupied"), ("status", "active"), ("kind", "member")] {
        assert_eq!(first.get(key).and_then(serde_json::Value::as_str), Some(value));
    }
    for key in [
        "id",
        "username",
        "email",
        "first_name",
        "last_name",
        "roles",
        "licenses",
        "position",
        "created_at",
        "deactivated_at",
        "activity",
        "last_activity_at",
        "attributes",
    ] {
        assert!(first.get(key).is_some(), "{key}");
    }
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&run("json")).unwrap().len(), 1_234);
    let mut csv = csv::Reader::from_reader(run("csv").as_bytes().to_vec().leak() as &[u8]);
    assert_eq!(csv.records().filter_map(Result::ok).count(), 1_234);
    assert_eq!(run("table").lines().count(), 1_235);
}

#[test]
fn each_outcome_has_its_exit_code() {
    let server = server(Config::default());
    let tokens = server.simulator.tokens();
    let url = server.url();
    let free = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let cases: &[(&str, &str, &str, &[&str], i32, &str)] = &[
        ("users", &url, server.admin(), &[], 0, ""),
        ("users", &url, &tokens.member, &[], 3, "completeness-unproven"),
        ("users", &url, &tokens.revoked, &[], 1, "token-refused"),
        ("users", &free, "t", &[], 1, "connection-refused"),
        ("check", &url, server.admin(), &[], 0, ""),
        ("check", &url, &tokens.member, &[], 0, ""),
        ("check", &url, &tokens.revoked, &[], 1, ""),
        ("check", &free, "t", &[], 1, ""),
        ("license", &url, server.admin(), &[], 0, ""),
        ("license", &url, &tokens.revoked, &[], 1, "token-refused"),
        ("users", "chat.example.com", "t", &[], 2, "setting-unusable"),
        ("users", &url, "", &[], 2, "secret-"),
        ("users", &url, "t", &["--set", "nonsense=1"], 2, "setting-unknown"),
        ("users", &url, "t", &["--set", "inactive_after_days=x"], 2, "inactive-after-days-invalid"),
        ("users", &url, "t", &["--format", "xml"], 2, "xml"),
        ("users", &url, "t", &["--component", "/nonexistent.wasm"], 1, "nonexistent"),
        ("users", &url, "t", &["--ca-file", "/nonexistent.pem"], 1, "nonexistent"),
    ];
    for (command, url, token, more, exit, shown) in cases {
        let output = against(url, token, command, more);
        check_exit(&output, *exit);
        assert!(stderr(&output).contains(shown), "{command} {more:?}: {}", stderr(&output));
        assert!(token.len() < 20 || !format!("{output:?}").contains(*token), "{command} shows the token");
    }
}

#[test]
fn a_check_names_the_cause_and_the_fix() {
    let server = server(Config::default());
    let tokens = server.simulator.tokens();
    let wrong = format!("{}/team1", server.url());
    let cases = [
        (server.url(), tokens.revoked.as_str(), "token-refused", "Enable Personal Access Tokens"),
        (server.url(), &tokens.member, "completeness-unproven", "system administrator"),
        (wrong, &tokens.admin, "not-mattermost", "Open the server's URL in a browser"),
        ("http://127.0.0.1:9".to_owned(), "t", "connection-refused", "no firewall stands between"),
    ];
    for (url, token, cause, fix) in cases {
        let output = against(&url, token, "check", &[]);
        let text = stdout(&output);
        assert!(text.contains(cause) && text.contains(fix), "{text}");
        let json = against(&url, token, "check", &["--format", "json"]);
        let report: serde_json::Value = serde_json::from_str(&stdout(&json)).unwrap();
        assert_eq!(report.get("steps").and_then(|steps| steps.as_array()).map(Vec::len), Some(13));
    }
}

#[test]
fn secrets_on_the_command_line_are_refused_with_the_reason() {
    for arguments in [
        ["users", "--set", "server_url=http://127.0.0.1:9", "--set", "access_token=sekret123"],
        ["users", "--set", "server_url=http://127.0.0.1:9", "--secret", "access_token=sekret123"],
    ] {
        let output = providerctl(&arguments, "t");
        check_exit(&output, 2);
        let shown = stderr(&output);
        assert!(shown.contains("process list") && shown.contains("env:") && !shown.contains("sekret123"), "{shown}");
    }
}

#[test]
fn a_secret_is_read_from_a_file() {
    let server = server(Config::default());
    let path = std::env::temp_dir().join(format!("providerctl-token-{}", std::process::id()));
    std::fs::write(&path, format!("{}\n", server.admin())).unwrap();
    let (url, secret) = (format!("server_url={}", server.url()), format!("access_token=file:{}", path.display()));
    let output = providerctl(&["license", "--set", &url, "--secret", &secret, "--format", "json"], "");
    std::fs::remove_file(&path).unwrap();
    check_exit(&output, 0);
    assert!(stdout(&output).contains("\"license_type\": \"enterprise\""));
}

#[test]
fn an_error_after_users_is_incomplete_and_leaves_valid_json() {
    let gone = Fault { on: "/users?page=1".into(), after: 0, times: None, what: FaultKind::Status(403) };
    let server = server(Config { users: 9_000, faults: vec![gone], ..Config::default() });
    let output = against(&server.url(), server.admin(), "users", &["--format", "json", "--page-size", "200"]);
    check_exit(&output, 3);
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&stdout(&output)).unwrap().len(), 200);
    assert!(stderr(&output).contains("permission-missing"), "{}", stderr(&output));
}

#[test]
fn temporary_errors_are_retried() {
    let fault = Fault {
        on: "/users?page=3&".into(),
        after: 0,
        times: Some(2),
        what: FaultKind::RateLimited { retry_after_s: 1 },
    };
    let server = server(Config { users: 2_000, faults: vec![fault], ..Config::default() });
    let output = against(&server.url(), server.admin(), "users", &["--format", "ndjson"]);
    check_exit(&output, 0);
    assert_eq!(stdout(&output).lines().count(), 2_000);
}

#[test]
fn a_licence_is_printed_as_a_block() {
    let server =
        server(Config { license: LicensePreset::Professional, now_ms: Some(1_795_533_929_000), ..Config::default() });
    let output = against(&server.url(), server.admin(), "license", &[]);
    check_exit(&output, 0);
    let text = stdout(&output);
    for part in ["Mattermost Professional", "professional", " of ", "Corp Example", "2027-08-16"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// A server with a fault of one route for ever.
fn faulty(on: &str, what: FaultKind) -> Server {
    let fault = Fault { on: on.into(), after: 0, times: None, what };
    server(Config { users: 600, license: LicensePreset::Enterprise, faults: vec![fault], ..Config::default() })
}

#[test]
fn missing_values_of_a_licence_are_unknown_and_never_free() {
    let full = r#"{"IsLicensed":true,"SkuShortName":"enterprise","Users":100,"StartsAt":1700000000000,"ExpiresAt":1900000000000,"IsTrial":false}"#;
    let cases = [
        (full.to_owned(), "enterprise", serde_json::json!(100), ""),
        ("{}".to_owned(), "unknown", serde_json::json!("unknown"), "IsLicensed"),
        ("null".to_owned(), "unknown", serde_json::json!("unknown"), "IsLicensed"),
        (full.replace("100,", "-100,"), "enterprise", serde_json::json!("unknown"), "Users"),
        (full.replace("1900000000000", "\"soon\""), "enterprise", serde_json::json!(100), "ExpiresAt"),
    ];
    for (body, kind, seats, named) in cases {
        let server = faulty("/license/client", FaultKind::Body(body.clone()));
        let output = against(&server.url(), server.admin(), "license", &["--format", "json"]);
        check_exit(&output, 0);
        let licenses: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        let license = licenses.get(0).unwrap();
        assert_eq!((license.get("license_type"), license.get("seats_purchased")), (Some(&kind.into()), Some(&seats)));
        let shown = stderr(&output);
        assert_eq!(shown.contains("license-unreadable"), !named.is_empty(), "{body}: {shown}");
        assert!(shown.contains(named) && !shown.contains("token"), "{body}: {shown}");
        let users = against(&server.url(), server.admin(), "users", &["--format", "ndjson"]);
        check_exit(&users, 0);
        assert!(!stdout(&users).contains("\"license_type\":\"free\""), "{body}");
        assert_eq!(stderr(&users).contains("license-unreadable"), kind == "unknown", "{body}: {}", stderr(&users));
    }
}

#[test]
fn seats_that_could_not_be_counted_name_the_request_that_failed() {
    let server = faulty("/users/stats/filtered", FaultKind::Status(504));
    let output = against(&server.url(), server.admin(), "license", &[]);
    check_exit(&output, 0);
    for part in ["seats-used-failed", "GET /api/v4/users/stats/filtered answered 504", "unknown of"] {
        assert!(stdout(&output).contains(part), "{part}: {}", stdout(&output));
    }
}

#[test]
fn a_wait_of_an_hour_is_reported_and_ends_the_command() {
    let cases: [(&str, &str, &[&str], i32); 3] = [
        ("users", "/users?page=0", &[], 1),
        ("users", "/users?page=1", &["--page-size", "200", "--format", "ndjson"], 3),
        ("check", "/api/v4/users", &[], 1),
    ];
    for (command, on, more, exit) in cases {
        let server = faulty(on, FaultKind::RateLimited { retry_after_s: 3_600 });
        let output = against(&server.url(), server.admin(), command, more);
        check_exit(&output, exit);
        let shown = format!("{}{}", stdout(&output), stderr(&output));
        assert!(shown.contains("rate-limited") && shown.contains("1 hour"), "{command}: {shown}");
        assert!(!shown.contains("trying again"), "{command}: {shown}");
    }
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let server = server(Config { users: 5_000, ..Config::default() });
    let url = format!("server_url={}", server.url());
    let mut child = Command::new(env!("CARGO_BIN_EXE_providerctl"))
        .args(["users", "--set", &url, "--secret", "access_token=env:MM_TOKEN", "--format", "ndjson"])
        .env("MM_TOKEN", server.admin())
        .env("PROVIDERCTL_COMPONENT", built())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
}

#[test]
fn the_demo_shows_everything() {
    let output = providerctl(&["demo", "--users", "300"], "");
    check_exit(&output, 0);
    let text = stdout(&output);
    for part in ["Mattermost Enterprise", "token-accepted", "USERNAME", "sysadmin", "complete"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn help_names_the_exit_codes() {
    let text = stdout(&providerctl(&["--help"], ""));
    for part in ["describe", "check", "license", "users", "sync", "simulate", "demo", "incomplete"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// The built component, and a folder to put files into.
fn built() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../dist/mattermost-provider.wasm")
}

fn other(name: &str) -> String {
    format!("{}/../dist/tests/{name}.wasm", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn inspect_prints_a_component_and_its_grants_without_running_it() {
    let output = providerctl(&["inspect", built()], "");
    check_exit(&output, 0);
    let shown = stdout(&output);
    for expect in [
        "name       mattermost",
        "licence    MIT OR Apache-2.0",
        "wasi:http/outgoing-handler@0.2.12  (granted)",
        "license-management:provider/provider@0.2.0",
        "GET {server_url}/api/v4/users?in_team&page&per_page&team_roles&without_team\n",
        "access_token: a placeholder",
    ] {
        assert!(shown.contains(expect), "{expect:?} is missing in\n{shown}");
    }
    assert!(!shown.contains("DELETE"), "{shown}");
    let files = stdout(&providerctl(&["inspect", &other("files")], ""));
    assert!(files.contains("wasi:filesystem") && files.contains("refused"), "{files}");
}

#[test]
fn a_file_of_providers_runs_what_is_pinned_and_refuses_the_rest_with_the_line_to_write() {
    let server = server(Config { users: 30, ..Config::default() });
    let folder = std::env::temp_dir().join(format!("providerctl-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("providers.toml");
    let write = |pin: &str| {
        let text = format!(
            "[providers.mattermost]\nfile = \"{}\"\nsha256 = \"{pin}\"\n[tenants.acme]\nprovider = \"mattermost\"\n\
             settings = {{ server_url = \"{}\" }}\nsecrets = {{ access_token = \"env:MM_TOKEN\" }}\n",
            built(),
            server.url(),
        );
        std::fs::write(&config, text).unwrap();
    };
    let users = |tenant: &str| {
        let arguments = ["users", "--format", "csv", "--config", config.to_str().unwrap(), "--tenant", tenant];
        providerctl(&arguments, server.admin())
    };
    write(&"0".repeat(64));
    let refused = users("acme");
    check_exit(&refused, 1);
    let said = stderr(&refused);
    assert!(said.contains("digest-differs"), "{said}");
    let pin = said.split("sha256 = \"").nth(1).unwrap().split('"').next().unwrap();
    write(pin);
    let listed = users("acme");
    check_exit(&listed, 0);
    assert_eq!(stdout(&listed).lines().count(), 31);
    let unknown = users("zoe");
    check_exit(&unknown, 2);
    assert!(stderr(&unknown).contains("use one of acme"), "{}", stderr(&unknown));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn canary_prints_which_fields_differ_and_exits_with_1_if_any_does() {
    let server = server(Config { users: 60, ..Config::default() });
    let url = format!("server_url={}", server.url());
    let canary = |new: &str| {
        let arguments = ["canary", built(), new, "--set", &url, "--secret", "access_token=env:MM_TOKEN"];
        providerctl(&arguments, server.admin())
    };
    let same = canary(built());
    check_exit(&same, 0);
    assert!(stdout(&same).contains("60 users compared: no record differs"), "{}", stdout(&same));
    let next = canary(&other("next"));
    check_exit(&next, 1);
    assert!(stdout(&next).contains("position differs in"), "{}", stdout(&next));
}

/// A folder for one test, removed when dropped.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("providerctl-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// On the same disk as the command.
    #[cfg(unix)]
    fn beside_the_command(name: &str) -> Self {
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Incomplete data looks like complete data, so warnings are printed even if the output is piped.
#[test]
fn every_warning_reaches_standard_error_in_every_mode() {
    let server = server(Config {
        users: 40,
        privacy: Privacy { show_email: false, show_full_name: true },
        statuses: Statuses::Disabled,
        withheld: vec![("system_read_only_admin", "list_private_teams"), ("system_admin", "list_private_teams")],
        ..Config::default()
    });
    let tokens = server.simulator.tokens();
    let folder = Folder::new("warnings");
    let shown = |token: &str, command: &str, more: &[&str], expect: i32| {
        let output = against(&server.url(), token, command, more);
        check_exit(&output, expect);
        let lines = stderr(&output);
        let codes = lines.lines().filter_map(|line| line.strip_prefix("warning[")?.split_once(']'));
        codes.map(|(code, _)| code.to_owned()).collect::<Vec<_>>()
    };
    let expect = ["emails-hidden", "last-activity-hidden", "team-admins-hidden"];
    for format in ["table", "csv", "json", "ndjson"] {
        let file = folder.file(&format!("{format}.sqlite"));
        let kept: &[&str] = &["--format", format, "--checkpoint", &file];
        assert_eq!(shown(&tokens.viewer_bot, "users", &["--format", format], 0), expect, "{format}");
        assert_eq!(shown(&tokens.viewer_bot, "users", kept, 0), expect, "{format}, kept");
        assert_eq!(shown(&tokens.viewer_bot, "sync", kept, 0), expect, "{format}, the same again");
    }
    for format in ["table", "json"] {
        let licence = shown(&tokens.member, "license", &["--format", format], 0);
        assert_eq!(licence, ["seats-used-hidden", "license-details-hidden"], "{format}");
    }
}

#[test]
fn a_sync_prints_what_changed_and_costs_a_part_of_a_listing() {
    let server = server(Config { users: 3_000, ..Config::default() });
    let folder = Folder::new("sync");
    let file = folder.file("listing.sqlite");
    let sync = |more: &[&str]| {
        let before = server.simulator.requests();
        let arguments = [&["--checkpoint", &file, "--format", "ndjson"], more].concat();
        let output = against(&server.url(), server.admin(), "sync", &arguments);
        check_exit(&output, 0);
        assert_eq!(stderr(&output), "", "stderr is empty when it is piped");
        let mut shown: Vec<String> = stdout(&output)
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|found| format!("{} {}", found["change"].as_str().unwrap(), found["user"]["id"].as_str().unwrap()))
            .collect();
        shown.sort();
        (shown, server.simulator.requests() - before)
    };
    // It continues from the listing of `users`, which has printed everybody.
    check_exit(&against(&server.url(), server.admin(), "users", &["--checkpoint", &file]), 0);
    assert_eq!(sync(&[]).0, [""; 0]);

    let created = server.simulator.change(ChangeKind::Create { username: "new".into() }).unwrap().id;
    let renamed = server.simulator.change(ChangeKind::Rename { place: 99, username: "zoe".into() }).unwrap().id;
    let (shown, asked) = sync(&[]);
    assert_eq!(shown, [format!("added {created}"), format!("changed {renamed}")]);
    let (shown, listed) = sync(&["--full"]);
    assert_eq!(shown, [""; 0]);
    // A full sync reads everybody by id, so for few users it takes no more requests, but larger answers.
    assert!(asked <= listed, "{asked} requests, and {listed} for everybody");
    let gone = server.simulator.change(ChangeKind::Delete { place: 700 }).unwrap().id;
    assert_eq!(sync(&[]).0, [format!("gone {gone}")]);
    assert_eq!(sync(&[]).0, [""; 0]);
}

#[test]
fn a_sync_ends_as_other_commands_do() {
    let server = server(Config { users: 400, ..Config::default() });
    let (url, tokens, folder) = (server.url(), server.simulator.tokens(), Folder::new("sync-exits"));
    let file = folder.file("listing.sqlite");
    let cases: &[(&str, &str, &[&str], i32, &str)] = &[
        (&url, &tokens.admin, &[], 2, "--checkpoint"),
        (&url, &tokens.admin, &["--checkpoint", "/no/such/folder/file"], 1, "checkpoint-unusable"),
        (&url, &tokens.revoked, &["--checkpoint", &file], 1, "token-refused"),
        ("chat.example.com", "t", &["--checkpoint", &file], 2, "setting-unusable"),
        (&url, "t", &["--checkpoint", &file, "--set", "nonsense=1"], 2, "setting-unknown"),
        (&url, &tokens.member, &["--checkpoint", &file], 3, "completeness-unproven"),
        (&url, &tokens.admin, &["--checkpoint", &file], 0, ""),
        (&url, &tokens.admin, &["--checkpoint", &file, "--format", "json"], 0, ""),
    ];
    for (url, token, more, exit, shown) in cases {
        let output = against(url, token, "sync", more);
        check_exit(&output, *exit);
        assert!(stderr(&output).contains(shown), "{more:?}: {}", stderr(&output));
    }
    // The output is valid, even if the listing broke off.
    let refused = Fault { on: "/users/ids".into(), after: 0, times: None, what: FaultKind::Status(401) };
    server.simulator.set_faults(vec![refused]);
    let arguments = ["--checkpoint", &file, "--format", "json", "--full", "--page-size", "200"];
    let output = against(&url, &tokens.admin, "sync", &arguments);
    check_exit(&output, 1);
    assert_eq!(stdout(&output), "[]\n");
    assert!(stderr(&output).contains("token-refused"), "{}", stderr(&output));
}

#[test]
fn the_demo_swaps_versions_in_the_middle_of_its_listing() {
    let output = providerctl(&["demo", "--rows", "1"], "");
    check_exit(&output, 0);
    let shown = stdout(&output);
    assert!(shown.contains("was replaced by") && shown.contains("continued from its cursor"), "{shown}");
    assert!(shown.contains("1,000 users in") && shown.contains(", complete"), "{shown}");
}

/// A server that gives every request this answer, with the received credentials instead of `TOKEN`.
fn echo(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = std::io::BufReader::new(stream.unwrap());
            let (mut token, mut line) = (String::new(), String::new());
            while stream.read_line(&mut line).is_ok_and(|count| count > 2) {
                if let Some(value) = line.trim().strip_prefix("authorization: Bearer ") {
                    value.clone_into(&mut token);
                }
                line.clear();
            }
            let (head, body) = answer.split_once("\n\n").unwrap();
            let (head, body) = (head.replace('\n', "\r\n").replace("TOKEN", &token), body.replace("TOKEN", &token));
            let whole = format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            // The client may have gone.
            let _ = stream.get_mut().write_all(whole.as_bytes());
        }
    });
    url
}

#[test]
fn a_token_that_a_server_answers_with_is_shown_nowhere() {
    // It looks like an id of Mattermost's, as tokens do.
    const TOKEN: &str = "qk7zx4wv9ybj3h8tmpn6rdc5sf";
    let json = "content-type: application/json\nx-version-id: 11.6.0.11.6.0.h.true";
    for answer in [
        "500 Oops\nx-request-id: TOKEN\n\n",
        "403 No\nx-request-id: TOKEN\ncontent-type: application/json\n\n{\"id\":\"TOKEN\",\"message\":\"TOKEN\",\"request_id\":\"TOKEN\",\"status_code\":403}",
        "401 No\ncontent-type: application/json\n\n{\"id\":\"api.TOKEN\",\"message\":\"the token TOKEN is wrong\",\"request_id\":\"TOKEN\"}",
        "302 Found\nlocation: https://login.example/?token=TOKEN\n\n",
        "302 Found\nlocation: https://TOKEN.example/\n\n",
        "200 OK\ncontent-type: text/html\n\n<title>TOKEN</title>",
        "200 OK\ncontent-type: TOKEN\nx-version-id: TOKEN\nserver: TOKEN\n\n{\"status\":\"TOKEN\"}",
        "429 Slow\nretry-after: TOKEN\nx-request-id: TOKEN\n\nTOKEN",
        "200 OK\ncontent-type: application/json\n\n[{\"id\":\"TOKEN\",\"username\":\"TOKEN\"}]",
    ] {
        let answer: &'static str = Box::leak(answer.replace("content-type: application/json", json).into_boxed_str());
        let url = echo(answer);
        std::thread::scope(|scope| {
            for (command, format) in [("check", "table"), ("check", "json"), ("users", "json"), ("license", "json")] {
                let url = &url;
                scope.spawn(move || {
                    let output = against(url, TOKEN, command, &["--format", format, "--timeout", "2"]);
                    let all = format!("{}{}", stdout(&output), stderr(&output));
                    assert!(!all.to_ascii_lowercase().contains(&TOKEN[..10]), "{command} of {answer:?}: {all}");
                });
            }
        });
    }
}

#[cfg(unix)]
#[test]
fn a_process_that_may_have_too_little_says_so() {
    let url = "server_url=http://127.0.0.1:9";
    for (limit, command, code) in [
        ("-n 32", "check", "open-files-limited"),
        ("-n 10", "users", "open-files-limited"),
        ("-v 200000", "check", "address-space-limited"),
        ("-v 900000", "users", "address-space-limited"),
        // Enough for the command, but not for the sandbox.
        ("-v 1100000", "check", "runtime-failed"),
        ("-v 8000000", "users", "runtime-failed"),
    ] {
        let script = format!("ulimit {limit}; exec \"$@\"");
        let program = env!("CARGO_BIN_EXE_providerctl");
        let arguments = [program, command, "--set", url, "--secret", "access_token=env:MM_TOKEN"];
        let output = Command::new("sh")
            .args(["-c", &script, "sh"])
            .args(arguments)
            .env("MM_TOKEN", "t")
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        check_exit(&output, 1);
        let shown = stderr(&output);
        assert!(shown.starts_with(&format!("error[{code}]: ")) && shown.contains("fix: "), "{limit}: {shown}");
        assert!(!shown.contains("panicked") && !shown.contains("memory allocation"), "{limit}: {shown}");
    }
}
/// A component may describe the token as anything. No command passes a secret to a component that would see it, and nothing
/// is sent.
#[test]
fn a_secret_is_handed_to_no_component_that_calls_it_a_text() {
    let server = server(Config::default());
    let folder = Folder::new("plaintext");
    let (url, plaintext) = (format!("server_url={}", server.url()), other("plaintext"));
    let (token, checkpoint) = (folder.file("token"), folder.file("listing.sqlite"));
    std::fs::write(&token, server.admin()).unwrap();
    let pin = provider_host::Digest::of(&std::fs::read(&plaintext).unwrap());
    let config = folder.file("providers.toml");
    let text = format!(
        "[providers.mattermost]\nfile = \"{plaintext}\"\nsha256 = \"{pin}\"\n[tenants.acme]\nprovider = \"mattermost\"\n\
         settings = {{ server_url = \"{}\" }}\nsecrets = {{ access_token = \"file:token\" }}\n",
        server.url(),
    );
    std::fs::write(&config, text).unwrap();
    let from_file = format!("access_token=file:{token}");
    let named: &[&str] = &["--component", &plaintext, "--set", &url];
    let as_tenant: &[&str] = &["--config", &config, "--tenant", "acme"];
    let in_env: &[&str] = &["--secret", "access_token=env:MM_TOKEN"];
    let in_file: &[&str] = &["--secret", &from_file];
    for command in [&["users"][..], &["check"], &["license"], &["sync", "--checkpoint", &checkpoint]] {
        for given in [[named, in_env].concat(), [named, in_file].concat(), as_tenant.to_vec()] {
            refused(&[command, &given].concat(), &server);
        }
    }
    for versions in [[built(), &plaintext], [&plaintext, built()]] {
        for secret in [in_env, in_file] {
            refused(&[&["canary"][..], &versions, &["--set", &url], secret].concat(), &server);
        }
    }
    assert_eq!(server.simulator.requests(), 0, "nothing was sent");

    let demo = providerctl(&["demo", "--component", &plaintext, "--users", "10"], "");
    check_exit(&demo, 2);
    assert!(stderr(&demo).contains("secret-unusable"), "{}", stderr(&demo));

    // The component does send a value that is given as a text.
    let shown = providerctl(&[&["check", "--set", "access_token=plain"], named].concat(), "");
    check_exit(&shown, 1);
    let log = server.simulator.log();
    assert!(log.iter().any(|exchange| exchange.path.contains("page=plain")), "{log:?}");
}

/// The command refuses to pass the token, and does not repeat it.
#[track_caller]
fn refused(arguments: &[&str], server: &Server) {
    let output = providerctl(arguments, server.admin());
    check_exit(&output, 2);
    let shown = stderr(&output);
    assert!(shown.contains("secret-unusable") && shown.contains("access_token"), "{arguments:?}: {shown}");
    assert!(!format!("{output:?}").contains(server.admin()), "{arguments:?} shows the token");
}

/// Runs the command in a folder where somebody else has put a component, with and without a component beside the command.
#[cfg(unix)]
#[test]
fn what_lies_where_the_person_stands_is_not_run() {
    let server = server(Config { users: 30, ..Config::default() });
    let (bin, links, here) = (Folder::beside_the_command("bin"), Folder::new("links"), Folder::new("here"));
    std::fs::create_dir_all(here.0.join("dist")).unwrap();
    for planted in ["dist/mattermost-provider.wasm", "mattermost-provider.wasm"] {
        std::fs::copy(other("plaintext"), here.0.join(planted)).unwrap();
    }
    std::fs::copy(other("plaintext"), links.file("mattermost-provider.wasm")).unwrap();
    let (command, link, linked) = (bin.file("providerctl"), links.file("providerctl"), here.file("providerctl"));
    // A file that was just written may not be run while another test's process still has it open.
    std::fs::hard_link(env!("CARGO_BIN_EXE_providerctl"), &command).unwrap();
    for link in [&link, &linked] {
        std::os::unix::fs::symlink(&command, link).unwrap();
    }
    let url = format!("server_url={}", server.url());
    let run = |command: &str| {
        Command::new(command)
            .args(["users", "--no-cache", "--set", &url, "--secret", "access_token=env:MM_TOKEN", "--format", "csv"])
            .env("MM_TOKEN", server.admin())
            .env_remove("PROVIDERCTL_COMPONENT")
            .current_dir(&here.0)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    for command in [&command, &link, &linked] {
        let none = run(command);
        check_exit(&none, 1);
        assert!(stderr(&none).contains("component-missing"), "{command}: {}", stderr(&none));
    }
    assert_eq!(server.simulator.requests(), 0);

    std::fs::copy(built(), bin.file("mattermost-provider.wasm")).unwrap();
    for command in [&command, &link, &linked] {
        let beside = run(command);
        check_exit(&beside, 0);
        assert_eq!(stdout(&beside).lines().count(), 31, "{command}");
    }
}

#[test]
fn it_says_which_component_ran() {
    let server = server(Config { users: 3, ..Config::default() });
    let digest = provider_host::Digest::of(&std::fs::read(built()).unwrap()).to_string();
    let version = format!("mattermost {}", env!("CARGO_PKG_VERSION"));
    let table = stdout(&providerctl(&["describe"], ""));
    assert!([built(), &digest, env!("CARGO_PKG_VERSION")].iter().all(|part| table.contains(part)), "{table}");
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&providerctl(&["describe", "--format", "json"], ""))).unwrap();
    assert_eq!(json["component"], serde_json::json!({ "file": built(), "sha256": digest }));
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    for command in ["users", "check", "license"] {
        let output = against(&server.url(), server.admin(), command, &["-v"]);
        check_exit(&output, 0);
        let shown = stderr(&output);
        assert!([built(), &digest, &version].iter().all(|part| shown.contains(part)), "{command}: {shown}");
    }
}

/// A token among a file's settings, as a text or a number, is refused and not repeated.
#[test]
fn a_token_that_stands_in_a_file_of_providers_is_refused_and_not_repeated() {
    let server = server(Config::default());
    let folder = Folder::new("written");
    let config = folder.file("providers.toml");
    let pin = provider_host::Digest::of(&std::fs::read(built()).unwrap());
    for (token, code) in [
        ("\"sekret123\"", "secret-unusable"),
        ("4711081511", "config-unusable"),
        ("sekret123", "config-unusable"),
        ("[\"sekret123\"]", "config-unusable"),
    ] {
        let text = format!(
            "[providers.mattermost]\nfile = \"{}\"\nsha256 = \"{pin}\"\n[tenants.acme]\nprovider = \"mattermost\"\n\
             settings = {{ server_url = \"{}\", access_token = {token} }}\n",
            built(),
            server.url(),
        );
        std::fs::write(&config, text).unwrap();
        let output = providerctl(&["users", "--config", &config, "--tenant", "acme"], "");
        check_exit(&output, 2);
        let shown = format!("{output:?}");
        assert!(shown.contains(code) && !shown.contains("sekret123") && !shown.contains("4711"), "{token}: {shown}");
    }
    assert_eq!(server.simulator.requests(), 0);
}

#[test]
fn a_tenant_without_its_configuration_is_refused_whatever_else_is_given() {
    for more in [&[][..], &["--component", "x.wasm"], &["--set", "server_url=http://127.0.0.1:9"], &["--timeout", "5"]]
    {
        let output = providerctl(&[&["users", "--tenant", "acme"], more].concat(), "");
        check_exit(&output, 2);
        assert!(String::from_utf8_lossy(&output.stderr).contains("--tenant"), "{more:?}: {output:?}");
    }
}

#[test]
fn every_command_has_a_manual_page_and_completions() {
    let folder = std::env::temp_dir().join(format!("providerctl-man-{}", std::process::id()));
    check_exit(&providerctl(&["man", folder.join("man1").to_str().unwrap()], ""), 0);
    for (page, part) in [
        ("providerctl.1", "providerctl\\-users"),
        ("providerctl-users.1", "\\-\\-inactive\\-for"),
        ("providerctl-report.1", "\\-\\-out"),
        ("providerctl-license.1", "\\-\\-warn\\-days"),
    ] {
        let text = std::fs::read_to_string(folder.join("man1").join(page)).unwrap();
        assert!(text.contains(part), "{page} lacks {part}:\n{text}");
    }
    std::fs::remove_dir_all(folder).unwrap();
    let refused = providerctl(&["man", "/proc/no-such-folder"], "");
    check_exit(&refused, 1);
    assert!(stderr(&refused).contains("file-unwritable"), "{}", stderr(&refused));
    for shell in ["bash", "zsh", "fish"] {
        let output = providerctl(&["completions", shell], "");
        check_exit(&output, 0);
        assert!(stdout(&output).contains("inactive-for"), "{shell}");
    }
}
