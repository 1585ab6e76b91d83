//! Passes two mebibytes to the host in each way that a guest can before it returns: 14 in all, most of which the host
//! would keep as long as the call lasts.
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use components::wasi::http::types::{Fields, Method, OutgoingRequest, Scheme};
use components::{Error, Setting, observed};

/// What is passed at once, and how often.
const BYTES: usize = 8 * 1024;
const TIMES: usize = 256;

fn act(_: &[Setting]) -> Error {
    let text = "x".repeat(BYTES);
    let bytes = text.as_bytes();
    let mut kept = Vec::new();
    for _ in 0..TIMES {
        let fields = Fields::new();
        let _ = fields.append("x", bytes);
        let _ = Fields::new().set("x", &[bytes.to_vec()]);
        let _ = Fields::from_list(&[("x".to_string(), bytes.to_vec())]);
        let request = OutgoingRequest::new(fields);
        let _ = request.set_method(&Method::Other(text.clone()));
        let _ = request.set_path_with_query(Some(&text));
        let _ = request.set_authority(Some(&text));
        let _ = request.set_scheme(Some(&Scheme::Other(text.clone())));
        kept.push(request);
    }
    observed(Vec::new())
}

components::misbehave!(act);
