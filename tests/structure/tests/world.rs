//! The built component is what the contract's world says: it imports nothing else, and exports all of it.

use std::path::{Path, PathBuf};

use wit_component::targets;
use wit_parser::Resolve;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Whether a component has the types of a world.
fn is_of(world: &str, component: &[u8]) -> Result<(), String> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(root().join("wit")).map_err(|error| format!("{error:#}"))?;
    let world = resolve.select_world(&[package], Some(world)).map_err(|error| format!("{error:#}"))?;
    targets(&resolve, world, component).map_err(|error| format!("{error:#}"))
}

#[test]
fn the_built_component_targets_the_contracts_world() {
    let file = root().join("dist/mattermost-provider.wasm");
    let component =
        std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; run make component", file.display()));
    assert_eq!(is_of("license-provider-with-changes", &component), Ok(()));
    assert_eq!(is_of("license-provider", &component), Ok(()), "it exports more than that one asks for");
    let refused = is_of("provider-exports-with-changes", &component).unwrap_err();
    assert!(refused.contains("wasi:"), "without the imports it would not run: {refused}");
    assert!(is_of("license-provider", b"\0asm\x0d\0\x01\0").is_err(), "an empty component exports nothing");
}
