//! Compares the documentation with the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use end_to_end::{connect, list, simulator};
use mattermost_provider::mattermost::code::{Code, NoticeCode};
use mattermost_simulator::{Config, Privacy};
use provider_host::model::Notice;
use provider_host::{ComponentBound, ListingOptions};
use provider_sdk::code::Entry;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The plugin's codes.
fn entries() -> impl Iterator<Item = Entry> {
    Code::ALL.iter().map(|code| code.entry()).chain(NoticeCode::ALL.iter().map(|code| code.entry()))
}

#[test]
fn troubleshooting_has_every_code_of_the_plugin_with_its_fix() {
    let page = page("docs/troubleshooting.md");
    let section = |entry: Entry| format!("### `{}`\n\n{}. {}\n", entry.id, entry.label, entry.fix);
    let differing: Vec<_> = entries().map(section).filter(|section| !page.contains(section)).collect();
    assert!(differing.is_empty(), "docs/troubleshooting.md lacks or has another text for:\n\n{}", differing.join("\n"));
}

/// Where the host's sources stand.
const HOST: [&str; 6] =
    ["host/src", "host/model/src", "host/egress/src", "host/sandbox/src", "host/store/src", "host/registry/src"];

/// The host and the command have no table of their codes: the codes are in functions called `code` or `facts`, in
/// complaints and among notices. So this searches for them there.
fn codes_in_sources() -> BTreeSet<String> {
    let mut codes: BTreeSet<_> = ComponentBound::ALL.iter().map(|bound| bound.code().to_owned()).collect();
    for folder in HOST.into_iter().chain(["cli/src"]) {
        for file in sources(&root().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
            codes.extend(given_by_functions(text));
            codes.extend(given_to_complaints(text));
            if file.ends_with("notices.rs") {
                codes.extend(text.lines().filter(|line| line.contains("const ")).flat_map(words));
            }
        }
    }
    codes
}

/// The source files of a folder, without those that hold tests alone.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if name.ends_with("tests") {
            continue;
        }
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The texts in a piece of source that look like a code.
fn words(source: &str) -> Vec<String> {
    let is_code = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    source.split('"').skip(1).step_by(2).filter(is_code).map(ToOwned::to_owned).collect()
}

/// What functions called `code` or `facts` return.
fn given_by_functions(text: &str) -> Vec<String> {
    let mut codes = Vec::new();
    for head in ["fn code(&self) -> &", "fn code(self) -> &", "fn facts(&self) -> ", "fn facts(self) -> "] {
        for (at, _) in text.match_indices(head) {
            let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let indent: String = text[line..].chars().take_while(|c| *c == ' ').collect();
            let body = text[at..].split(&format!("\n{indent}}}\n")).next().unwrap();
            codes.extend(words(body));
        }
    }
    codes
}

/// The first arguments of complaints: texts, or constants of the same file.
fn given_to_complaints(text: &str) -> Vec<String> {
    let mut codes = Vec::new();
    for argument in text.split("Complaint::new(").skip(1).filter_map(|rest| rest.split(',').next()) {
        codes.extend(words(argument));
        let constant = format!("const {}: &str = ", argument.trim());
        codes.extend(text.split(&constant).skip(1).filter_map(|rest| words(rest.lines().next()?).into_iter().next()));
    }
    codes
}

/// What a page says of each code: the text below its heading, or the row of a table.
fn explained(page: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for section in page.split("\n### `").skip(1) {
        let (code, text) = section.split_once("`\n\n").unwrap();
        all.insert(code.to_owned(), text.split("\n\n").next().unwrap().trim().to_owned());
    }
    for row in page.lines().filter_map(|line| line.strip_prefix("| `")) {
        let (code, text) = row.split_once("` | ").unwrap();
        all.insert(code.to_owned(), text.trim_end_matches(" |").to_owned());
    }
    all
}

#[test]
fn troubleshooting_explains_every_code_and_no_other() {
    let given = codes_in_sources();
    // One of each kind, so that a source that is written otherwise does not go unseen.
    for code in ["digest-differs", "limit-cpu-time", "address-private", "unroutable", "whole-asked-for"] {
        assert!(given.contains(code), "{code} is not found in the sources");
    }
    for code in ["component-bound-locals", "listing-proven", "output-failed", "interrupted", "secret-exposed"] {
        assert!(given.contains(code), "{code} is not found in the sources");
    }
    let page = page("docs/troubleshooting.md");
    let explained = explained(&page);
    let missing: Vec<_> = given.iter().filter(|code| !explained.contains_key(*code)).collect();
    assert!(missing.is_empty(), "docs/troubleshooting.md does not explain {missing:?}");
    let known: BTreeSet<_> = entries().map(|entry| entry.id.to_owned()).chain(given).collect();
    let stale: Vec<_> = explained.keys().filter(|code| !known.contains(*code)).collect();
    assert!(stale.is_empty(), "docs/troubleshooting.md explains codes that nobody gives: {stale:?}");
    for (code, text) in &explained {
        let is_row = page.contains(&format!("| `{code}` |"));
        assert!(is_row || text.split(". ").count() > 1, "`{code}` has no cause and fix: {text}");
    }
}

#[test]
fn the_front_page_and_the_map_stay_short() {
    for (name, most) in [("README.md", 100), ("ARCHITECTURE.md", 200)] {
        let lines = page(name).lines().count();
        assert!(lines <= most, "{name} has {lines} lines");
    }
}

/// The codes in a cell, as `a`, `b`; empty for the word "none".
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
        let codes_of = |notices: Vec<Notice>| notices.into_iter().map(|notice| notice.code).collect::<Vec<_>>();
        assert_eq!(codes_of(session.licenses().await.unwrap().remove(0).notices), codes(license), "{kind}");
        let listed = list(session, ListingOptions::default(), 0).await.unwrap();
        assert_eq!((listed.users.len() == 1_000), (accounts.trim() == "all"), "{kind}");
        assert_eq!(codes_of(listed.notices), codes(users), "{kind}");
    }
}

#[test]
fn every_code_that_the_pages_name_exists() {
    let known: BTreeSet<_> = entries().map(|entry| entry.id.to_owned()).chain(codes_in_sources()).collect();
    let looks_like_one =
        |word: &&str| word.contains("-hidden") || word.contains("-unproven") || word.ends_with("-refused");
    for name in ["README.md", "docs/mapping.md", "docs/tokens.md", "docs/troubleshooting.md"] {
        let page = page(name);
        for word in page.split('`').skip(1).step_by(2).filter(looks_like_one) {
            assert!(known.contains(word), "{name} names {word}");
        }
    }
}
