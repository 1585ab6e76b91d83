//! The contract's world without changes, as wit-bindgen reads it.
//!
//! The types and traits of a provider are those of `provider-sdk`, which are made from the larger world. Only `export`
//! of this crate is used: it writes the section of a component that names the world it exports. A crate cannot have
//! both, since the macros of the interface that the two worlds share have one name.
#![no_std]
#![expect(missing_docs, reason = "generated items that the WIT does not name")]

wit_bindgen::generate!({
    path: "../../wit",
    world: "provider-exports",
    pub_export_macro: true,
});
