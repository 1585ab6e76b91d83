//! Links between the pages of the repository lead somewhere.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a page has more than links and headings")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Folders without pages of ours.
const SKIPPED: [&str; 4] = ["target", "dist", "node_modules", ".git"];

/// The links of a page, and the anchors of its headings.
#[derive(Debug, Default)]
struct Page {
    links: Vec<String>,
    anchors: BTreeSet<String>,
}

impl Page {
    fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut heading: Option<String> = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.to_string())
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => page.anchors.extend(heading.take().map(|heading| anchor(&heading))),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        page
    }
}

/// The anchor of a heading, as code hosts make it: lower case, words joined by hyphens, without punctuation.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>().to_lowercase()
}

/// All pages below a folder.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !SKIPPED.contains(&name.as_str()) {
            pages(&path, found);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// Why a link leads nowhere; `None` if it leads to a page, to a file of the repository, or out of it.
fn fault(page: &Path, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() { page.to_owned() } else { page.parent().unwrap().join(file) };
    if !target.exists() {
        return Some(format!("there is no {file}"));
    }
    let is_there = anchor.is_empty() || Page::read(&fs::read_to_string(&target).unwrap()).anchors.contains(anchor);
    (!is_there).then(|| format!("{file} has no heading #{anchor}"))
}

#[test]
fn links_lead_to_files_and_headings_that_exist() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let mut found = Vec::new();
    pages(&top, &mut found);
    assert!(found.contains(&top.join("README.md")) && found.contains(&top.join("docs/tokens.md")), "{found:?}");
    let (mut links, mut faults) = (0, Vec::new());
    for page in &found {
        for link in Page::read(&fs::read_to_string(page).unwrap()).links {
            links += 1;
            faults.extend(fault(page, &link).map(|fault| format!("{}: {link}: {fault}", page.display())));
        }
    }
    assert!(links > 20, "{links} links");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_dead_link_is_found() {
    let text = "# A page of `links`\n[a](missing.md) [b](#a-page-of-links) [c](#nowhere) [d](https://example.com/x) ![e](no.svg)\n";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let page = folder.join("page.md");
    fs::write(&page, text).unwrap();
    let faults: Vec<bool> = Page::read(text).links.iter().map(|link| fault(&page, link).is_some()).collect();
    assert_eq!(faults, [true, false, true, false, true]);
}
