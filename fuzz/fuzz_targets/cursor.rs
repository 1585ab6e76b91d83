//! Cursors: any text, and cursors that the provider itself has made.
//!
//! The first byte of the input decides: a text as it is, a text with its checksum put right, or the fields of a cursor.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use mattermost_provider::mattermost::code::{Code, NoticeCode};
use mattermost_provider::mattermost::edition::Edition;
use mattermost_provider::mattermost::listing::{
    Census, Count, Cursor, Memory, PASSES_AT_MOST, Seats, Tally, list_users,
};
use mattermost_provider::mattermost::version::Version;
use mattermost_provider_fuzz::claims;
use mattermost_provider_fuzz::script::Script;
use provider_sdk::hash::fnv1a;

/// The fields of a cursor.
#[derive(Arbitrary, Debug)]
struct Fields {
    fingerprint: u64,
    now_ms: i64,
    next_page: u32,
    idle_pages: u32,
    tally: (u8, u32, u32),
    count: (i64, Option<u32>),
    pass: Option<(i64, Option<u32>)>,
    seats: (u32, u32, u32),
    edition: usize,
    version: Option<(u16, u16, u16)>,
    hidden: u8,
    raised: Vec<(u8, u32)>,
    bit: u8,
}

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    match first {
        b'f' => {
            if let Ok(fields) = Fields::arbitrary(&mut Unstructured::new(rest)) {
                made(&fields);
            }
        }
        b'c' => {
            let Script { settings, .. } = Script::of(rest);
            let text = String::from_utf8_lossy(rest);
            let body = format!("m2_{:x}_{text}", settings.fingerprint());
            anybodys(&format!("{body}_{:x}", fnv1a(body.as_bytes())));
        }
        _ => anybodys(&String::from_utf8_lossy(rest)),
    }
});

/// A cursor that may be anything: it continues, or is refused before any request.
fn anybodys(text: &str) {
    // No answers of its own, only those of a small healthy server.
    let Script { settings, token, mut server, .. } = Script::of(&[4]);
    let read = Cursor::decode(text, settings.fingerprint());
    match &read {
        Ok(cursor) => {
            let again = Cursor::decode(&cursor.encode(), settings.fingerprint());
            assert_eq!(again.as_ref(), Ok(cursor));
        }
        Err(failure) => {
            assert_eq!(failure.code, Code::CursorStale);
            claims::is_failure(failure);
        }
    }
    match server.paced(&settings, |network| list_users(&settings, Some(text), 0, &mut Memory::new(), network)) {
        Ok(page) => {
            assert!(read.is_ok());
            claims::hides(&token, &page);
            // A fresh instance continues the listing where the cursor says.
            claims::Listed::default().take(&page, &settings);
        }
        Err(failure) => {
            claims::is_failure(&failure);
            assert!(read.is_ok() || (failure.code == Code::CursorStale && server.sent.is_empty()));
        }
    }
}

fn count((server_ms, total): (i64, Option<u32>)) -> Count {
    Count { server_ms, cutoff_ms: Some(server_ms.saturating_sub(1_000)), total }
}

/// A cursor that the provider made is read as it was written, and refused if a bit of it differs.
fn made(fields: &Fields) {
    let mut census = Census {
        count: count(fields.count),
        edition: Edition::ALL[fields.edition % Edition::ALL.len()],
        version: fields.version.map(|(major, minor, patch)| Version { major, minor, patch }),
        hidden: Default::default(),
        count_failure: None,
        clock: Default::default(),
        holder: Default::default(),
        me: String::new(),
    };
    census.hidden.emails = fields.hidden & 1 != 0;
    census.hidden.names = fields.hidden & 2 != 0;
    census.hidden.activity = fields.hidden & 4 != 0;
    census.hidden.teams = fields.hidden & 8 != 0;
    census.hidden.others = fields.hidden & 16 != 0;
    let mut cursor = Cursor::begin(fields.fingerprint, fields.now_ms, census);
    (cursor.next_page, cursor.idle_pages) = (fields.next_page, fields.idle_pages);
    let (pass, seen, in_pass) = fields.tally;
    cursor.tally = Tally { pass: 1 + pass % PASSES_AT_MOST, seen, in_pass, later: 0 };
    cursor.pass = fields.pass.map(count);
    let (occupied, apart, unknown) = fields.seats;
    cursor.seats = Seats { occupied, apart, unknown };
    for (code, records) in &fields.raised {
        cursor.findings.add(NoticeCode::ALL[usize::from(*code) % NoticeCode::ALL.len()], *records);
    }

    let text = cursor.encode();
    assert!(text.len() < 4_096 && text.bytes().all(|b| b.is_ascii_graphic()), "{text}");
    let read = Cursor::decode(&text, fields.fingerprint).expect("a cursor that was just made is read");
    // What was hidden is among the findings.
    cursor.census.hidden = Default::default();
    assert_eq!(read, cursor);
    let other = Cursor::decode(&text, fields.fingerprint.wrapping_add(1));
    assert_eq!(other.map_err(|failure| failure.code), Err(Code::CursorStale));

    for place in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[place] ^= 1 << (fields.bit % 7);
        let damaged = String::from_utf8(bytes).expect("ASCII stays ASCII");
        assert!(Cursor::decode(&damaged, fields.fingerprint).is_err(), "{text} is read as {damaged}");
    }
}
