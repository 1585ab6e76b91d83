//! The pages for people, held against the code.

use std::fs;
use std::path::Path;

use end_to_end::{connect, list, simulator};
use mattermost_provider::mattermost::code::{Code, NoticeCode};
use mattermost_simulator::{Config, Privacy};
use provider_host::ListingOptions;
use provider_host::model::Notice;

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

/// The codes in a cell, as `a`, `b`; none for the word "none".
fn codes(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn the_page_on_tokens_says_what_each_token_sees() {
    let hides = Privacy { show_email: false, show_full_name: false };
    let server = simulator(Config { privacy: hides, ..Config::default() }).await;
    let tokens = server.tokens();
    let page = page("docs/tokens.md");
    for (kind, token) in [
        ("system administrator", &tokens.admin),
        ("bot, Viewer", &tokens.viewer_bot),
        ("ordinary account", &tokens.member),
        ("bot, Member", &tokens.bot),
        ("guest", &tokens.guest),
    ] {
        let row = page.lines().find(|line| line.starts_with(&format!("| **{kind}** |"))).unwrap();
        let cells: Vec<_> = row.split('|').collect();
        let [_, _, accounts, users, license, _] = cells.as_slice() else { panic!("{row}") };
        let mut session = connect(&server.url(), token).await.unwrap();
        let told = |notices: Vec<Notice>| notices.into_iter().map(|notice| notice.code).collect::<Vec<_>>();
        assert_eq!(told(session.licenses().await.unwrap().remove(0).notices), codes(license), "{kind}");
        let listed = list(session, ListingOptions::default(), 0).await.unwrap();
        assert_eq!((listed.users.len() == 1_000), (accounts.trim() == "all"), "{kind}");
        assert_eq!(told(listed.notices), codes(users), "{kind}");
    }
}

#[test]
fn every_code_that_the_pages_name_exists() {
    let entries = Code::ALL.iter().map(|code| code.entry()).chain(NoticeCode::ALL.iter().map(|code| code.entry()));
    let known: Vec<_> = entries.map(|entry| entry.id).collect();
    let looks_like_one =
        |word: &&str| word.contains("-hidden") || word.contains("-unproven") || word.ends_with("-refused");
    for name in ["README.md", "docs/mapping.md", "docs/tokens.md", "docs/troubleshooting.md"] {
        let page = page(name);
        for word in page.split('`').skip(1).step_by(2).filter(looks_like_one) {
            assert!(known.contains(&word), "{name} names {word}");
        }
    }
}
