//! Which crate of the host may know which, and what none of them may name.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The top folder of the repository.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn manifest(folder: &Path) -> toml::Table {
    fs::read_to_string(folder.join("Cargo.toml")).unwrap().parse().unwrap()
}

/// The names of the repository's own crates: those that the workspace knows by a path.
fn own_crates(top: &Path) -> BTreeSet<String> {
    let workspace = manifest(top);
    let known = workspace.get("workspace").unwrap().get("dependencies").unwrap().as_table().unwrap();
    known.iter().filter(|(_, spec)| spec.get("path").is_some()).map(|(name, _)| name.clone()).collect()
}

/// The repository's own crates that a manifest names in tables of this name, for all systems or for some.
fn named(manifest: &toml::Table, table: &str, own: &BTreeSet<String>) -> BTreeSet<String> {
    let targets =
        manifest.get("target").and_then(toml::Value::as_table).into_iter().flatten().map(|(_, of)| of.get(table));
    let tables = targets.chain([manifest.get(table)]).flatten().filter_map(toml::Value::as_table);
    tables.flat_map(toml::Table::keys).filter(|name| own.contains(*name)).cloned().collect()
}

#[test]
fn each_crate_of_the_host_knows_those_below_it_alone() {
    let top = top();
    let own = own_crates(&top);
    let mut below: Vec<String> = Vec::new();
    for name in ["model", "egress", "sandbox", "store", "registry"] {
        let found = manifest(&top.join("host").join(name));
        let (package, allowed) = (format!("provider-{name}"), BTreeSet::from_iter(below.iter().cloned()));
        assert!(own.contains(&package), "{package} is not among the crates of the workspace");
        for table in ["dependencies", "build-dependencies"] {
            let above: Vec<_> = named(&found, table, &own).difference(&allowed).cloned().collect();
            assert!(above.is_empty(), "{package} may know {allowed:?}, and its {table} name {above:?}");
        }
        let for_tests: Vec<_> = named(&found, "dev-dependencies", &own).into_iter().collect();
        assert!(for_tests.iter().all(|name| name == "provider-testing"), "the tests of {package} know {for_tests:?}");
        below.push(package);
    }
    let facade = named(&manifest(&top.join("host")), "dependencies", &own);
    assert_eq!(facade, below.into_iter().collect(), "what the facade knows");
    let testing = named(&manifest(&top.join("host/testing")), "dependencies", &own);
    assert_eq!(testing, BTreeSet::from(["provider-model".to_owned()]), "what is shared by tests");
}

/// All files below a folder; empty if there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn what_is_for_every_provider_names_no_product_and_no_command() {
    let (top, mut read) = (top(), 0);
    let mut report = String::new();
    for path in ["host", "sdk"].iter().flat_map(|folder| files(&top.join(folder))) {
        // Certificates and the like hold no words.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        read += 1;
        for (number, line) in text.lines().enumerate() {
            let lower = line.to_lowercase();
            if ["mattermost", "providerctl"].iter().any(|name| lower.contains(name)) {
                report += &format!("{}:{}: {}\n", path.strip_prefix(&top).unwrap().display(), number + 1, line.trim());
            }
        }
    }
    assert!(read > 100, "only {read} files were found");
    assert!(report.is_empty(), "a product or a command is named:\n{report}");
}
