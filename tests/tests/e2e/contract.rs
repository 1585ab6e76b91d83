//! What the built component is, before it is used.

use std::path::Path;

use end_to_end::components::bytes;
use end_to_end::{component, shared_provider};
use provider_host::{Pool, Sandbox, SandboxError};
use wit_component::DecodedWasm;
use wit_parser::{Docs, InterfaceId, PackageId, Resolve, Type, TypeDefKind, TypeOwner};

#[test]
fn the_component_imports_http_io_and_clocks_alone() {
    let provider = shared_provider();
    let imports = &provider.inspection().imports;
    assert!(!imports.is_empty());
    for import in imports {
        let package = import.split('/').next().unwrap();
        assert!(["wasi:http", "wasi:io", "wasi:clocks"].contains(&package), "{import}");
    }
}

#[test]
fn a_component_exports_the_interfaces_that_its_line_of_export_names() {
    for (name, expect) in [
        ("mattermost", &["changes", "provider"][..]),
        ("liar", &["changes", "provider"]),
        ("next", &["provider"]),
        ("loop", &["provider"]),
    ] {
        let Ok(DecodedWasm::Component(resolve, world)) = wit_component::decode(&bytes(name)) else { panic!("{name}") };
        let exports = resolve.worlds[world].exports.keys().map(|key| resolve.name_world_key(key));
        let interface = |name: String| name.split(['/', '@']).nth(1).map(str::to_owned);
        let mut interfaces: Vec<_> = exports.filter_map(interface).collect();
        interfaces.sort_unstable();
        assert_eq!(interfaces, expect, "{name}");
    }
}

#[tokio::test]
async fn the_description_is_that_of_the_source() {
    let description = shared_provider().describe().await.unwrap();
    let source = mattermost_provider::mattermost::describe::describe();
    assert_eq!((description.id, description.version), (source.id, source.version));
    let ids: Vec<_> = description.codes.into_iter().map(|term| term.id).collect();
    assert_eq!(ids, source.codes.into_iter().map(|term| term.id).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_built_component_says_of_itself_what_it_answers() {
    let provider = shared_provider();
    let described = provider.describe().await.unwrap();
    let inspection = provider.inspection();
    assert_eq!(inspection.description.as_ref(), Some(&described), "not sealed: run make component");
    assert_eq!(inspection.metadata.name.as_deref(), Some("mattermost"));
    assert_eq!(inspection.metadata.version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    assert!(inspection.metadata.licenses.is_some() && inspection.metadata.revision.is_some());
}

/// A component without any code that imports `import`.
fn importing(import: &str) -> Vec<u8> {
    wat::parse_str(format!(r#"(component (import "{import}" (instance)))"#)).unwrap()
}

#[test]
fn a_component_that_is_not_a_provider_is_refused_with_the_reason() {
    let sandbox = Sandbox::new(Pool::default()).unwrap();
    let code = |bytes: &[u8]| sandbox.load(bytes).err().map(|error| error.code().to_owned()).unwrap_or_default();
    let core = wat::parse_str("(module)").unwrap();
    let empty = wat::parse_str("(component)").unwrap();
    let other_version = wat::parse_str(
        r#"(component (instance $i) (export "license-management:provider/provider@0.3.0" (instance $i)))"#,
    )
    .unwrap();
    let whole = component();
    let cases: &[(&str, &[u8], &str)] = &[
        ("nothing", b"", "not-a-component"),
        ("text", b"#!/bin/sh\n", "not-a-component"),
        ("a plain module", &core, "not-a-component"),
        ("half of a component", &whole[..whole.len() / 2], "not-a-component"),
        ("files", &importing("wasi:filesystem/preopens@0.2.0"), "import-refused"),
        ("sockets", &importing("wasi:sockets/tcp@0.2.0"), "import-refused"),
        ("the environment", &importing("wasi:cli/environment@0.2.0"), "import-refused"),
        ("random numbers", &importing("wasi:random/random@0.2.0"), "import-refused"),
        ("another WASI", &importing("wasi:http/types@0.3.0"), "import-refused"),
        ("no export", &empty, "contract-mismatch"),
        ("another contract", &other_version, "contract-mismatch"),
    ];
    for (what, bytes, expect) in cases {
        assert_eq!(code(bytes), *expect, "{what}");
    }
    let Err(error) = sandbox.load(&importing("wasi:filesystem/preopens@0.2.0")) else { panic!() };
    assert!(
        matches!(&error, SandboxError::ImportRefused { import } if import == "wasi:filesystem/preopens@0.2.0"),
        "{error}"
    );
}

/// Notes an item that has no documentation.
fn note(missing: &mut Vec<String>, item: String, docs: &Docs) {
    if docs.contents.as_deref().unwrap_or_default().trim().is_empty() {
        missing.push(item);
    }
}

#[test]
fn every_item_of_the_contract_is_documented() {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    resolve.push_path(wit).unwrap();
    let mut missing = Vec::new();
    // The packages of WASI are documented where they come from.
    let is_ours = |package: Option<PackageId>| {
        package.is_some_and(|package| {
            resolve.packages.get(package).is_some_and(|it| it.name.namespace == "license-management")
        })
    };
    for (_, world) in resolve.worlds.iter().filter(|(_, world)| is_ours(world.package)) {
        note(&mut missing, world.name.clone(), &world.docs);
    }
    let is_of_ours = |id: InterfaceId| resolve.interfaces.get(id).is_some_and(|it| is_ours(it.package));
    for (_, interface) in resolve.interfaces.iter().filter(|(_, interface)| is_ours(interface.package)) {
        let name = interface.name.clone().unwrap_or_default();
        note(&mut missing, name, &interface.docs);
        for (name, function) in &interface.functions {
            note(&mut missing, name.clone(), &function.docs);
        }
    }
    for (_, def) in &resolve.types {
        let Some(name) = &def.name else { continue };
        if !matches!(def.owner, TypeOwner::Interface(id) if is_of_ours(id)) {
            continue;
        }
        // What one interface uses of another is documented there.
        if !matches!(def.kind, TypeDefKind::Type(Type::Id(_))) {
            note(&mut missing, name.clone(), &def.docs);
        }
        match &def.kind {
            TypeDefKind::Record(record) => {
                record
                    .fields
                    .iter()
                    .for_each(|field| note(&mut missing, format!("{name}.{}", field.name), &field.docs));
            }
            TypeDefKind::Variant(variant) => {
                variant.cases.iter().for_each(|case| note(&mut missing, format!("{name}.{}", case.name), &case.docs));
            }
            TypeDefKind::Enum(cases) => {
                cases.cases.iter().for_each(|case| note(&mut missing, format!("{name}.{}", case.name), &case.docs));
            }
            // A u64 arrives in JavaScript as a BigInt, which JSON does not take.
            TypeDefKind::Type(kind) => assert!(!matches!(kind, Type::U64 | Type::S64), "{name}"),
            _ => {}
        }
    }
    assert!(missing.is_empty(), "without documentation: {missing:?}");
}
