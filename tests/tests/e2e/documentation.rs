//! The pages for people, held against the code.

use std::fs;
use std::path::Path;

use mattermost_provider::mattermost::code::{Code, NoticeCode};

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)).unwrap()
}

#[test]
fn troubleshooting_has_every_code_with_its_fix() {
    let page = page("docs/troubleshooting.md");
    let errors = Code::ALL.iter().map(|code| code.entry());
    let notices = NoticeCode::ALL.iter().map(|code| code.entry());
    let mut count = 0;
    for entry in errors.chain(notices) {
        let section = format!("### `{}`\n\n{}. {}\n", entry.id, entry.label, entry.fix);
        assert!(page.contains(&section), "docs/troubleshooting.md lacks or has another text for:\n{section}");
        count += 1;
    }
    assert_eq!(page.matches("\n### `").count(), count, "docs/troubleshooting.md has a code that is not in the code");
}

#[test]
fn the_front_page_and_the_map_stay_short() {
    for (name, most) in [("README.md", 100), ("ARCHITECTURE.md", 200)] {
        let lines = page(name).lines().count();
        assert!(lines <= most, "{name} has {lines} lines");
    }
}
