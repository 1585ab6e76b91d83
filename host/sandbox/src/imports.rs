//! A component's imports, read from its bytes before it is compiled.

use wasmparser::{Parser, Payload};

use crate::Error;

/// The interfaces that a provider may import, of any 0.2 version of WASI.
const GRANTED: [&str; 7] = [
    "wasi:http/types",
    "wasi:http/outgoing-handler",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:clocks/wall-clock",
    "wasi:clocks/monotonic-clock",
];

/// Reads the names of a component's imports and exports.
///
/// # Errors
/// The bytes are not a component.
pub(crate) fn read(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), Error> {
    let unreadable = |reason: String| Error::NotAComponent { reason };
    if !Parser::is_component(bytes) {
        let reason =
            if Parser::is_core_wasm(bytes) { "it is a plain WebAssembly module" } else { "it is another sort of file" };
        return Err(unreadable(reason.to_owned()));
    }
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| unreadable(error.message().to_owned()))?;
        if matches!(payload, Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) {
            depth = depth.saturating_add(1);
        } else if matches!(payload, Payload::End(_)) {
            depth = depth.saturating_sub(1);
        } else if let (Payload::ComponentImportSection(section), 0) = (&payload, depth) {
            for import in section.clone() {
                let import = import.map_err(|error| unreadable(error.message().to_owned()))?;
                imports.push(import.name.name.to_owned());
            }
        } else if let (Payload::ComponentExportSection(section), 0) = (payload, depth) {
            for export in section {
                let export = export.map_err(|error| unreadable(error.message().to_owned()))?;
                exports.push(export.name.name.to_owned());
            }
        }
    }
    Ok((imports, exports))
}

/// Whether a provider is given an interface of this full name.
#[must_use]
pub fn is_granted(import: &str) -> bool {
    import.split_once('@').is_some_and(|(name, version)| GRANTED.contains(&name) && version.starts_with("0.2."))
}

/// Refuses imports that are not granted.
///
/// # Errors
/// The first import that is not.
pub(crate) fn check(imports: &[String]) -> Result<(), Error> {
    match imports.iter().find(|import| !is_granted(import)) {
        Some(import) => Err(Error::ImportRefused { import: import.clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_granted_is_what_the_contracts_world_imports() {
        let contract = include_str!("../../../wit/provider.wit").lines();
        let imports = contract.filter_map(|line| line.trim().strip_prefix("import ")?.strip_suffix(';'));
        let mut named: Vec<_> =
            imports.filter(|import| is_granted(import)).filter_map(|it| it.split('@').next()).collect();
        named.sort_unstable();
        let mut granted = GRANTED;
        granted.sort_unstable();
        assert_eq!(named, granted);
    }

    #[test]
    fn only_http_io_and_clocks_are_granted() {
        let cases = [
            ("wasi:http/types@0.2.12", true),
            ("wasi:http/outgoing-handler@0.2.0", true),
            ("wasi:clocks/wall-clock@0.2.6", true),
            ("wasi:http/incoming-handler@0.2.0", false),
            ("wasi:http/types@0.3.0", false),
            ("wasi:http/types", false),
            ("wasi:filesystem/preopens@0.2.0", false),
            ("wasi:cli/environment@0.2.0", false),
            ("wasi:sockets/tcp@0.2.0", false),
            ("license-management:provider/types@0.1.0", false),
        ];
        for (import, expect) in cases {
            assert_eq!(check(&[import.to_owned()]).is_ok(), expect, "{import}");
        }
    }
}
