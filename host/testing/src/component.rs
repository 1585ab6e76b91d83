//! Components from a few lines of text.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The packages of WASI that the contract's worlds name.
const PACKAGES: [(&str, &str); 3] = [
    ("io.wit", include_str!("../../../wit/deps/io.wit")),
    ("clocks.wit", include_str!("../../../wit/deps/clocks.wit")),
    ("http.wit", include_str!("../../../wit/deps/http.wit")),
];

/// The contract.
pub const CONTRACT: &str = include_str!("../../../wit/provider.wit");

/// A provider of the contract whose functions have these bodies.
#[must_use]
pub fn provider(bodies: &Bodies) -> Vec<u8> {
    provider_of(bodies, CONTRACT)
}

/// A core module of a provider whose functions have these bodies. The first page of memory is zero but for a role `x` of
/// the description, so that the number of an address in it is an answer of empty texts, empty lists and first cases.
#[must_use]
pub fn provider_of(bodies: &Bodies, contract: &str) -> Vec<u8> {
    let Bodies { check, licenses, users, changes, start } = bodies;
    let (export, function) = match changes {
        Some(body) => ("export license-management:provider/changes@0.2.0;", list_changes(body)),
        None => ("", String::new()),
    };
    let world = format!(
        "package test:test;
         world test {{
             import wasi:io/poll@0.2.12;
             import wasi:clocks/monotonic-clock@0.2.12;
             export license-management:provider/provider@0.2.0;
             {export}
         }}"
    );
    let module = format!(
        r#"(module
            (import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration" (func $after (param i64) (result i32)))
            (import "wasi:io/poll@0.2.12" "[method]pollable.block" (func $block (param i32)))
            (memory (export "memory") 2)
            (data (i32.const 1080) "\00\08\00\00\01\00\00\00")
            (data (i32.const 2048) "\34\08\00\00\01\00\00\00")
            (data (i32.const 2100) "x")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 65536)
            (func $sleep (call $block (call $after (i64.const 3600000000000))))
            (func $spin (loop $again (br $again)))
            (func $start {start})
            (start $start)
            (func (export "license-management:provider/provider@0.2.0#describe") (result i32) i32.const 1024)
            (func (export "license-management:provider/provider@0.2.0#check") (param i32 i32) (result i32) {check})
            (func (export "license-management:provider/provider@0.2.0#get-licenses") (param i32 i32) (result i32)
                {licenses})
            (func (export "license-management:provider/provider@0.2.0#list-users")
                (param i32 i32 i32 i32 i32) (param $limit i32) (result i32) {users})
            {function})"#
    );
    let mut resolve = Resolve::default();
    let mut last = None;
    for (path, text) in PACKAGES.into_iter().chain([("provider.wit", contract), ("test.wit", world.as_str())]) {
        last = Some(resolve.push_source(path, text).unwrap());
    }
    let world = resolve.select_world(&[last.unwrap()], Some("test")).unwrap();
    let mut module = wat::parse_str(&module).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

fn list_changes(body: &str) -> String {
    format!(
        r#"(func (export "license-management:provider/changes@0.2.0#list-changes")
            (param i32 i32) (param i32 i32 i32 i32 i32 i32) (param i32 i32) (param i32 i32 i32) (result i32) {body})"#
    )
}

/// What the functions do, as WebAssembly text.
pub struct Bodies {
    /// Of `check`.
    pub check: &'static str,
    /// Of `get-licenses`.
    pub licenses: &'static str,
    /// Of `list-users`.
    pub users: &'static str,
    /// Of `list-changes`; `None` for a provider that cannot report what changed.
    pub changes: Option<&'static str>,
    /// What runs when an instance starts.
    pub start: &'static str,
}

impl Default for Bodies {
    fn default() -> Self {
        Self { check: "i32.const 1024", licenses: "i32.const 1024", users: COMPLETE, changes: None, start: "" }
    }
}

/// A page without users that ends the listing: the result's payload is at 4, and the state follows the list.
pub const COMPLETE: &str = "(i32.store8 (i32.const 3084) (i32.const 1)) (i32.const 3072)";

/// A page without users, and with an empty cursor to go on from.
pub const MORE: &str = "(i32.store8 (i32.const 3084) (i32.const 0)) (i32.const 3072)";

/// A page of 100 users with the id and the role `x`, which ends the listing. A user has 144 bytes, with
/// the role at 56 and what is known of its activity at 120: nothing.
pub const HUNDRED_USERS: &str = "
    (local $user i32)
    (local.set $user (i32.const 8192))
    (loop $again
        (i32.store (local.get $user) (i32.const 2100))
        (i32.store offset=4 (local.get $user) (i32.const 1))
        (i32.store offset=56 (local.get $user) (i32.const 2100))
        (i32.store offset=60 (local.get $user) (i32.const 1))
        (i32.store8 offset=120 (local.get $user) (i32.const 2))
        (local.set $user (i32.add (local.get $user) (i32.const 144)))
        (br_if $again (i32.lt_u (local.get $user) (i32.const 22592))))
    (i32.store (i32.const 3076) (i32.const 8192))
    (i32.store (i32.const 3080) (i32.const 100))
    (i32.store8 (i32.const 3084) (i32.const 1))
    (i32.const 3072)";
