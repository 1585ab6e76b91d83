//! Compressed answers: compressed data comes out again, damage is an error, and nothing grows without bound.
//!
//! The first byte of the input decides: a stream of the input's own, or the input compressed by flate2.
#![no_main]

use std::io::{Cursor, Read, Write};
use std::sync::OnceLock;

use arbitrary::{Arbitrary, Unstructured};
use flate2::{Compression, GzBuilder, bufread::GzDecoder};
use libfuzzer_sys::fuzz_target;
use provider_sdk::gzip::{DECODED_BYTES, decoded};
use provider_sdk::http::{Lost, Response};

/// How a stream is made from the input.
#[derive(Arbitrary, Debug)]
struct Header {
    name: Option<Vec<u8>>,
    comment: Option<Vec<u8>>,
    extra: Option<Vec<u8>>,
    time: u32,
    level: u8,
    cut: u16,
    repeat: u8,
}

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    match first {
        // Eight megabytes take long, so only this one input makes them.
        b'b' if rest.is_empty() => bomb(),
        b'r' => any_stream([&[0x1f, 0x8b, 8], rest].concat()),
        b'p' => as_it_is(rest),
        _ => round_trip(rest),
    }
});

fn response(body: Vec<u8>, coding: &str) -> Response {
    Response { status: 200, headers: vec![("content-encoding", coding.to_string())], body, took_ms: 1, redirect: None }
}

/// Any stream. If flate2 reads it whole, the result is the same.
fn any_stream(body: Vec<u8>) {
    let response = response(body, "GZip ");
    let got = decoded(&response);
    if let Ok(bytes) = &got {
        assert!(bytes.len() <= DECODED_BYTES);
    }
    let mut rest = Cursor::new(&response.body);
    let mut expect = Vec::new();
    let bound = u64::try_from(DECODED_BYTES).unwrap_or(u64::MAX);
    let mut decoder = GzDecoder::new(&mut rest);
    let read = decoder.by_ref().take(bound + 1).read_to_end(&mut expect);
    let is_at_end = rest.position() == u64::try_from(response.body.len()).unwrap_or_default();
    if read.is_ok() && is_at_end && expect.len() <= DECODED_BYTES {
        assert_eq!(got.as_deref(), Ok(expect.as_slice()));
    }
}

/// Bytes without a header or a mark of compression. A coding that was not requested is an error unless the bytes are
/// JSON even so.
fn as_it_is(body: &[u8]) {
    for coding in ["gzip", "br", "identity", ""] {
        let response = response(body.to_vec(), coding);
        if coding == "gzip" && body.starts_with(&[0x1f, 0x8b, 8]) {
            continue;
        }
        match decoded(&response) {
            Err(Lost::Encoded(named)) => assert!(coding == "br" && named == "br", "{coding}: {named}"),
            got => assert_eq!(got.as_deref(), Ok(body), "{coding}"),
        }
    }
}

fn round_trip(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(header) = Header::arbitrary(&mut input) else { return };
    let plain = input.take_rest().repeat(usize::from(header.repeat).max(1));
    // A name and a comment end with a zero.
    let text = |bytes: &[u8]| bytes.iter().copied().filter(|byte| *byte != 0).collect::<Vec<_>>();
    let mut builder = GzBuilder::new().mtime(header.time);
    if let Some(name) = &header.name {
        builder = builder.filename(text(name));
    }
    if let Some(comment) = &header.comment {
        builder = builder.comment(text(comment));
    }
    if let Some(extra) = &header.extra {
        builder = builder.extra(extra.iter().copied().take(usize::from(u16::MAX)).collect::<Vec<_>>());
    }
    let mut encoder = builder.write(Vec::new(), Compression::new(u32::from(header.level % 10)));
    let body = encoder.write_all(&plain).and_then(|()| encoder.finish()).expect("a vector takes everything");

    let whole = response(body.clone(), "gzip");
    assert_eq!(decoded(&whole).as_deref(), Ok(plain.as_slice()));

    // A cut stream is an error, or was cut behind its data, or is too short to look like one.
    let kept = usize::from(header.cut) % body.len();
    let cut = response(body.iter().copied().take(kept).collect(), "gzip");
    match decoded(&cut) {
        Ok(bytes) if kept < 3 => assert_eq!(*bytes, *cut.body),
        Ok(bytes) => assert_eq!(*bytes, *plain),
        Err(lost) => assert_eq!(lost, Lost::Truncated),
    }
}

/// One byte more than the limit.
fn bomb() {
    static BOMB: OnceLock<[Response; 2]> = OnceLock::new();
    let [most, more] = BOMB.get_or_init(|| {
        [0, 1].map(|more| response(mattermost_provider_fuzz::script::gzip(&vec![b' '; DECODED_BYTES + more]), "gzip"))
    });
    assert_eq!(decoded(most).map(|bytes| bytes.len()), Ok(DECODED_BYTES));
    assert!(matches!(decoded(more), Err(Lost::TooLarge(_))));
}
