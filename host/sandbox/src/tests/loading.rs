//! What is refused before it runs.

use provider_egress::Error as EgressError;
use provider_testing::component::{Bodies, COMPLETE, CONTRACT, provider, provider_of};

use crate::{Error, Pool, Sandbox};

/// Loads the bytes and returns the code and the text of the refusal.
#[track_caller]
fn refusal(sandbox: &Sandbox, bytes: &[u8]) -> (String, String) {
    let error = sandbox.load(bytes).expect_err("refused");
    assert!(error.fix().is_some_and(|fix| !fix.is_empty()), "{error} has no fix");
    assert!(!error.is_retryable(), "{error}");
    (error.code().to_owned(), error.to_string())
}

#[test]
fn a_component_that_is_no_provider_is_refused_with_its_reason() {
    let sandbox = Sandbox::new(Pool::default()).unwrap();
    let cases = [
        ("nothing", String::new(), "not-a-component", "another sort of file"),
        ("a text", "\"hello\"".to_owned(), "not-a-component", "another sort of file"),
        ("a module", "(module)".to_owned(), "not-a-component", "plain WebAssembly module"),
        ("no export", "(component)".to_owned(), "contract-mismatch", "license-management:provider/provider@0.2.0"),
        (
            "another export",
            r#"(component (instance $i) (export "license-management:provider/provider@0.2.0" (instance $i)))"#
                .to_owned(),
            "contract-mismatch",
            "describe",
        ),
        (
            "another shape",
            r#"(component
                (core module $m (func (export "f")))
                (core instance $i (instantiate $m))
                (func $f (canon lift (core func $i "f")))
                (instance $p (export "describe" (func $f)) (export "check" (func $f)) (export "get-licenses" (func $f))
                    (export "list-users" (func $f)))
                (export "license-management:provider/provider@0.2.0" (instance $p)))"#
                .to_owned(),
            "contract-mismatch",
            "license-management:provider/provider@0.2.0",
        ),
        import("wasi:filesystem/preopens@0.2.0"),
        import("wasi:cli/environment@0.2.3"),
        import("wasi:sockets/tcp-create-socket@0.2.0"),
        import("wasi:random/random@0.2.0"),
        import("wasi:http/incoming-handler@0.2.0"),
        import("wasi:io/poll@0.3.0"),
        import("acme:secrets/vault@1.0.0"),
    ];
    for (name, text, code, words) in cases {
        let bytes = match text.strip_prefix('"') {
            Some(text) => text.as_bytes().to_vec(),
            None if text.is_empty() => Vec::new(),
            None => wat::parse_str(&text).unwrap(),
        };
        let (found, message) = refusal(&sandbox, &bytes);
        assert_eq!(found, code, "{name}: {message}");
        assert!(message.contains(words), "{name}: {message}");
    }
}

/// A component that imports an interface beside one that is granted.
fn import(interface: &'static str) -> (&'static str, String, &'static str, &'static str) {
    let text =
        format!(r#"(component (import "wasi:clocks/wall-clock@0.2.0" (instance)) (import "{interface}" (instance)))"#);
    (interface, text, "import-refused", interface)
}

#[test]
fn damaged_bytes_are_refused_and_never_run() {
    let sandbox = Sandbox::new(Pool::default()).unwrap();
    let whole = provider(&Bodies::default());
    sandbox.load(&whole).unwrap();
    for cut in [9, 100, whole.len() / 2, whole.len() - 1] {
        assert_eq!(refusal(&sandbox, &whole[..cut]).0, "not-a-component", "cut at {cut}");
    }
}

#[test]
fn the_changes_interface_is_found_and_refused_if_it_differs() {
    let sandbox = Sandbox::new(Pool::default()).unwrap();
    assert!(!sandbox.load(&provider(&Bodies::default())).unwrap().has_changes());
    let bodies = Bodies { changes: Some(COMPLETE), ..Bodies::default() };
    assert!(sandbox.load(&provider(&bodies)).unwrap().has_changes());
    // As many numbers for the machine, and another meaning.
    let other = CONTRACT.replace("known: list<user>", "known: list<string>");
    assert_ne!(other, CONTRACT);
    let (code, message) = refusal(&sandbox, &provider_of(&bodies, &other));
    assert_eq!(code, "contract-mismatch");
    assert!(
        message.contains("license-management:provider/changes@0.2.0") && message.contains("list-changes"),
        "{message}"
    );
}

#[test]
fn imports_are_told() {
    let sandbox = Sandbox::new(Pool::default()).unwrap();
    let found = sandbox.load(&provider(&Bodies::default())).unwrap();
    assert_eq!(found.inspection().imports, ["wasi:io/poll@0.2.12", "wasi:clocks/monotonic-clock@0.2.12"]);
}

#[test]
fn a_component_that_is_too_large_is_refused() {
    let bytes = provider(&Bodies::default());
    let pool = Pool { component_bytes: bytes.len() - 1, ..Pool::default() };
    assert_eq!(refusal(&Sandbox::new(pool).unwrap(), &bytes).0, "component-too-large");
    let pool = Pool { memory_bytes: 65_536, ..Pool::default() };
    assert_eq!(refusal(&Sandbox::new(pool).unwrap(), &bytes).0, "component-does-not-fit");
}

#[test]
fn a_missing_file_is_named() {
    let sandbox = Sandbox::new(Pool::default()).unwrap();
    let error = sandbox.load_file("no/such/file.wasm".as_ref()).expect_err("refused");
    assert!(matches!(error, Error::Egress(EgressError::Io { .. })), "{error}");
    assert!(error.to_string().contains("no/such/file.wasm"), "{error}");
}
