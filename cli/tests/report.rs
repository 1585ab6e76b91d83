//! `providerctl report` against a simulated server: what it writes, what it leaves, and how it exits.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/scene.rs"]
mod scene;

use std::fs;
use std::path::Path;

use mattermost_simulator::{ChangeKind, Config, Fault, FaultKind, Statuses};
use scene::{Scene, stderr};

/// 24 November 2026, 15:25:29, in milliseconds since 1970.
const NOW_MS: i64 = 1_795_533_929_000;

/// A scene at that time.
fn scene(name: &str, config: Config) -> Scene {
    Scene::new(name, Config { now_ms: Some(NOW_MS), ..config })
}

/// Writes a report, and returns what was said.
#[track_caller]
fn exits(scene: &Scene, code: i32, more: &[&str]) -> String {
    let output = scene.run("report", more);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(output.stdout.is_empty());
    said
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names
}

/// The number in the row of the table of idle seats for so many days.
fn saving(page: &str, days: u32) -> usize {
    let row = page.split(&format!("<th scope=\"row\">{days} days</th>")).nth(1).unwrap();
    let cell = row.split("<strong>").nth(1).unwrap().split('<').next().unwrap();
    cell.replace(',', "").parse().unwrap()
}

#[test]
fn a_report_is_one_page_or_a_folder_with_tables() {
    let scene = scene("folder", Config { users: 500, ..Config::default() });
    exits(&scene, 0, &["--out", &scene.file("page.html")]);
    let page = scene.text("page.html");
    assert!(page.contains("Complete: 500 accounts listed, and the server counts 500.") && !page.contains("users.csv"));
    assert!(page.contains("as of <time datetime=\"2026-11-24T15:25:"), "the server's time, not this machine's");
    assert!(page.contains(&scene.simulator.url()));
    assert_eq!(names(&scene.folder), ["page.html"]);

    // A folder that is new, and one that is there.
    for out in ["new/folder/", "new/folder"] {
        exits(&scene, 0, &["--out", &scene.file(out)]);
        let folder = scene.folder.join("new/folder");
        assert_eq!(names(&folder), ["idle-seats.csv", "report.html", "users.csv", "users.ndjson"]);
        let page = scene.text("new/folder/report.html");
        assert!(page.contains("href=\"users.csv\""));
        assert_eq!(scene.text("new/folder/users.ndjson").lines().count(), 500);
        let rows = |name: &str| {
            let mut reader = csv::Reader::from_reader(scene.text(name).into_bytes().leak() as &[u8]);
            let seat = reader.headers().unwrap().iter().position(|title| title == "seat").unwrap();
            reader.records().map(|row| row.unwrap()[seat].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(rows("new/folder/users.csv").len(), 500);
        let idle = rows("new/folder/idle-seats.csv");
        assert!(idle.iter().all(|seat| seat == "occupied"));
        // The table also has who was made lately and has not used the seat yet.
        assert!(idle.len() >= saving(&page, 30) && saving(&page, 30) > saving(&page, 180) && saving(&page, 180) > 0);
    }
}

/// The figures of the page are those of the records.
#[test]
fn idle_seats_are_those_that_the_records_call_inactive() {
    let scene = scene("idle", Config { users: 800, ..Config::default() });
    exits(&scene, 0, &["--out", &scene.file("report/")]);
    let users = scene.text("report/users.ndjson");
    let users = users.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let inactive = users.filter(|user| user["seat"] == "occupied" && user["status"] == "inactive").count();
    assert_eq!(saving(&scene.text("report/report.html"), 90), inactive);
}

#[test]
fn hidden_activity_is_said_and_never_idle() {
    let config = Config { users: 300, statuses: Statuses::Disabled, ..Config::default() };
    let scene = scene("hidden", config);
    exits(&scene, 0, &["--out", &scene.file("report/")]);
    let page = scene.text("report/report.html");
    for days in [30, 60, 90, 180] {
        assert_eq!(saving(&page, days), 0);
    }
    assert_eq!(scene.text("report/idle-seats.csv").lines().count(), 1, "only the titles");
    assert!(page.contains("no figure of this section counts them"));
    assert!(page.contains("last-activity-hidden") || page.contains("statuses-disabled"), "{page}");
}

#[test]
fn names_of_a_server_are_text() {
    let scene = scene("hostile", Config { users: 60, ..Config::default() });
    // Every account that the page names has a hostile name.
    for (place, name) in
        (0..60).zip(["<script>alert(1)</script>", "\"onload=\"x", "x\u{202e}gpj\u{1b}[2J"].iter().cycle())
    {
        let username = format!("{name}{place}");
        scene.simulator.change(ChangeKind::Rename { place, username }).unwrap();
    }
    exits(&scene, 0, &["--out", &scene.file("page.html")]);
    let page = scene.text("page.html");
    assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "{page}");
    assert!(!page.contains("<script") && !page.contains("\"onload") && !page.contains(['\u{202e}', '\u{1b}']));
}

#[test]
fn a_checkpoint_shows_what_changed_since_the_last_report() {
    let scene = scene("changes", Config { users: 200, ..Config::default() });
    let (file, out) = (scene.file("listing.sqlite"), scene.file("page.html"));
    let arguments = ["--out", &out, "--checkpoint", &file];
    exits(&scene, 0, &arguments);
    assert!(!scene.text("page.html").contains("Changes since"));
    exits(&scene, 0, &arguments);
    assert!(scene.text("page.html").contains("Nothing changed."));
    scene.simulator.change(ChangeKind::Create { username: "newcomer".into() }).unwrap();
    scene.simulator.change(ChangeKind::Promote { place: 30 }).unwrap();
    exits(&scene, 0, &arguments);
    let page = scene.text("page.html");
    assert!(
        page.contains("Changes since 2026-11-24") && page.contains("1 new, 0 gone, 1 with another role."),
        "{page}"
    );
    assert!(page.contains("<bdi>newcomer</bdi>"));
}

#[test]
fn a_listing_that_breaks_off_leaves_an_earlier_report() {
    let broken = Fault { on: "/users?page=1".into(), after: 0, times: None, what: FaultKind::Status(403) };
    let config = Config { users: 9_000, faults: vec![broken], ..Config::default() };
    let scene = scene("broken", config);
    fs::write(scene.file("page.html"), "the earlier one").unwrap();
    for (out, code) in [("page.html", 3), ("new/", 3)] {
        let said = exits(&scene, code, &["--out", &scene.file(out), "--page-size", "200"]);
        assert!(said.contains("no report was written"), "{said}");
        assert_eq!(scene.text("page.html"), "the earlier one");
        assert_eq!(names(&scene.folder), ["page.html"], "nothing is left over");
    }
}

#[test]
fn a_token_that_cannot_prove_the_listing_makes_an_incomplete_report() {
    let scene = scene("member", Config { users: 200, ..Config::default() });
    let guest = &scene.simulator.tokens().guest;
    let output = scene.command_of(guest, "report", &["--out", &scene.file("page.html")]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(scene.text("page.html").contains("Incomplete: accounts may be missing"));
}

#[test]
fn a_place_that_takes_no_report_is_refused_before_anything_is_sent() {
    let scene = scene("place", Config { users: 20, ..Config::default() });
    let missing = scene.file("no/such/page.html");
    for (out, code, said) in [("/dev/null", 2, "out-unusable"), (missing.as_str(), 1, "file-unwritable")] {
        assert!(exits(&scene, code, &["--out", out]).contains(said), "{out}");
        assert_eq!(scene.simulator.requests(), 0);
    }
}
