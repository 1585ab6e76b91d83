//! No two files of a crate import each other, directly or by way of others, and all modules are named in one way.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use structure::{Crate, circles, imports};

/// Where roots of crates stand in a package, beside `src/lib.rs` and `src/main.rs`.
const FOLDERS: [&str; 5] = ["src/bin", "tests", "examples", "benches", "fuzz_targets"];

/// The top folder of the repository.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// What stands in the folder; nothing where there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

/// The roots of all crates of the repository, tests, examples and fuzz targets among them.
fn roots() -> Vec<PathBuf> {
    let mut roots = Vec::new();
    let mut folders = vec![top()];
    while let Some(folder) = folders.pop() {
        if folder.join("Cargo.toml").exists() {
            roots.extend(["src/lib.rs", "src/main.rs"].map(|root| folder.join(root)));
            for entry in FOLDERS.iter().flat_map(|within| entries(&folder.join(within))) {
                let is_file = entry.extension().is_some_and(|ending| ending == "rs");
                roots.push(if is_file { entry } else { entry.join("main.rs") });
            }
        }
        folders.extend(entries(&folder).into_iter().filter(|entry| {
            let name = entry.file_name().unwrap_or_default().to_string_lossy();
            entry.is_dir() && !name.starts_with('.') && !["src", "target", "dist"].contains(&&*name)
        }));
    }
    roots.retain(|root| root.exists());
    roots.sort();
    roots
}

#[test]
fn no_files_import_each_other_and_parents_stand_beside_their_folders() {
    let (top, roots) = (top(), roots());
    for named in [
        "src/lib.rs",
        "sdk/src/lib.rs",
        "host/src/lib.rs",
        "host/egress/src/lib.rs",
        "cli/src/main.rs",
        "tests/tests/e2e/main.rs",
        "fuzz/src/lib.rs",
    ] {
        assert!(roots.contains(&top.join(named)), "{named} is not among {roots:?}");
    }
    let mut report = String::new();
    for root in &roots {
        let source = root.parent().unwrap();
        let imports = imports(&Crate::read(root).unwrap());
        for file in imports.keys().filter(|file| file.ends_with("mod.rs")) {
            report += &format!("{}: stands beside its folder by the folder's name\n", file.display());
        }
        for circle in circles(&imports) {
            let names: Vec<_> =
                circle.iter().map(|file| file.strip_prefix(source).unwrap_or(file).display().to_string()).collect();
            let root = root.strip_prefix(&top).unwrap_or(root).display();
            report += &format!("{root}: {} -> {}\n", names.join(" -> "), names[0]);
        }
    }
    assert!(report.is_empty(), "files that import each other, or have the name `mod.rs`:\n{report}");
}

/// Writes a crate of these files, and returns each circle's files.
fn circles_of(name: &str, files: &[(&str, &str)]) -> Vec<BTreeSet<String>> {
    let folder = std::env::temp_dir().join(format!("structure-{}-{name}", std::process::id()));
    for (file, text) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let imports = imports(&Crate::read(&folder.join("lib.rs")).unwrap());
    let found = circles(&imports);
    fs::remove_dir_all(&folder).unwrap();
    let name = |file: &PathBuf| file.strip_prefix(&folder).unwrap().display().to_string();
    found.iter().map(|circle| circle.iter().map(name).collect()).collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_circle_is_found_however_it_is_written() {
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);
    let cases: [Case; 14] = [
        (
            "a mod line imports nothing",
            &[("lib.rs", "mod a; pub struct Top;"), ("a.rs", "use crate::Top; fn f(_: Top) {}")],
            &[],
        ),
        (
            "by use lines",
            &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "use crate::b::B; pub struct A;"),
                ("b.rs", "use super::a::A; pub struct B;"),
            ],
            &["a.rs", "b.rs"],
        ),
        (
            "by paths",
            &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "pub fn f() { crate::b::g() }"),
                ("b.rs", "pub fn g() { super::a::f() }"),
            ],
            &["a.rs", "b.rs"],
        ),
        (
            "by way of a third",
            &[
                ("lib.rs", "mod a; mod b; mod c;"),
                ("a.rs", "use crate::b::B; pub struct A;"),
                ("b.rs", "use crate::c::C; pub struct B;"),
                ("c.rs", "use crate::a::A; pub struct C;"),
            ],
            &["a.rs", "b.rs", "c.rs"],
        ),
        (
            "by re-exports of the root, which are followed to the file",
            &[
                ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
                ("a.rs", "use crate::B; pub struct A;"),
                ("b.rs", "use crate::A; pub struct B;"),
            ],
            &["a.rs", "b.rs"],
        ),
        (
            "a re-export of something else is no circle",
            &[
                ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
                ("a.rs", "use crate::B; pub struct A;"),
                ("b.rs", "pub struct B;"),
            ],
            &[],
        ),
        (
            "a parent that uses its child, which uses what the parent defines",
            &[
                ("lib.rs", "mod a; pub struct Top; fn f() { a::g() }"),
                ("a.rs", "use super::Top; pub fn g() { let _ = Top; }"),
            ],
            &["lib.rs", "a.rs"],
        ),
        (
            "by globs",
            &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "use crate::b::*; pub struct A(B);"),
                ("b.rs", "use crate::a::*; pub struct B(A);"),
            ],
            &["a.rs", "b.rs"],
        ),
        (
            "by another name",
            &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "use crate::b as other; pub struct A(other::B);"),
                ("b.rs", "use crate::a::{self as x}; pub struct B(x::A);"),
            ],
            &["a.rs", "b.rs"],
        ),
        (
            "in the arguments of a macro",
            &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "pub const X: u8 = 1; pub fn f() { println!(\"{}\", crate::b::g()) }"),
                ("b.rs", "pub fn g() -> u8 { vec![crate::a::X][0] }"),
            ],
            &["a.rs", "b.rs"],
        ),
        (
            "in attributes",
            &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "struct A { #[arg(value_parser = crate::b::parse)] a: u8 } pub fn write() {}"),
                ("b.rs", "struct B { #[serde(serialize_with = \"crate::a::write\")] b: u8 } pub fn parse() {}"),
            ],
            &["a.rs", "b.rs"],
        ),
        (
            "by `super` of `super`, in a folder's files",
            &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "mod c; pub(crate) use c::C;"),
                ("a/c.rs", "use super::super::b; pub(crate) struct C(b::B);"),
                ("b.rs", "mod inner { pub struct D(super::super::a::C); } pub struct B;"),
            ],
            &["a/c.rs", "b.rs"],
        ),
        (
            "tests may import what they like",
            &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "use crate::b::B; pub struct A;"),
                ("b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }"),
            ],
            &[],
        ),
        (
            "who may see an item says nothing of imports",
            &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "use crate::b::B; pub struct A;"),
                ("b.rs", "pub(in crate::a) struct B;"),
            ],
            &[],
        ),
    ];
    for (at, (what, files, expected)) in cases.iter().enumerate() {
        let found = circles_of(&at.to_string(), files);
        let expected: Vec<BTreeSet<String>> =
            if expected.is_empty() { Vec::new() } else { vec![expected.iter().map(|&file| file.to_owned()).collect()] };
        assert_eq!(found, expected, "{what}");
    }
}
