//! Compressed answers: a page of 200 users of one product is 139 KB plain and 10 KB compressed, and most hosts leave the
//! decoding to the component.

mod container;
mod stream;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use serde::de::IgnoredAny;

pub use stream::Stream;

use super::http::{Lost, Response};
use super::json;
pub(crate) use container::crc32;
use container::{MAGIC, TRAILER_BYTES, after_header, trailer};

/// The largest decoded answer: twice the largest plain body that a transport reads.
pub const DECODED_BYTES: usize = 4 * 1024 * 1024;

/// The least room for an answer.
const LEAST_BYTES: usize = 1024;

/// An answer with more codings than this is an attack.
const CODINGS_AT_MOST: usize = 4;

/// Decodes a body, from its last coding on (RFC 9110, 8.4). A host that has decoded it already may leave the header
/// that says it is compressed, so the bytes decide.
///
/// # Errors
/// The stream is damaged, cut short, or grows beyond [`DECODED_BYTES`], or its coding is not gzip.
pub fn decoded(response: &Response) -> Result<Cow<'_, [u8]>, Lost> {
    let mut body = Cow::Borrowed(response.body.as_slice());
    let is = |coding: &str, names: &[&str]| names.iter().any(|name| coding.eq_ignore_ascii_case(name));
    let codings = response.header("content-encoding").unwrap_or_default().rsplit(',').map(str::trim);
    for (nth, coding) in codings.filter(|coding| !is(coding, &["", "identity"])).enumerate() {
        if is(coding, &["gzip", "x-gzip"]) && nth < CODINGS_AT_MOST {
            if !body.starts_with(&MAGIC) {
                return Ok(body);
            }
            body = Cow::Owned(inflate(&body)?);
        } else if json::from_slice::<IgnoredAny>(&body).is_err() {
            return Err(Lost::Encoded(coding.chars().filter(char::is_ascii_graphic).take(20).collect()));
        }
    }
    Ok(body)
}

/// Decodes the members of a stream one after another (RFC 1952, 2.2), and checks the checksum and length of each.
fn inflate(body: &[u8]) -> Result<Vec<u8>, Lost> {
    // If there is one member, as nearly always, the length at the end is that of the whole.
    let last = trailer(body.get(body.len().saturating_sub(TRAILER_BYTES)..).unwrap_or_default());
    let mut out = vec![0; last.map_or(0, |(_, length)| length).clamp(LEAST_BYTES, DECODED_BYTES)];
    let (mut rest, mut end) = (body, 0);
    let mut decoder = Box::<DecompressorOxide>::default();
    loop {
        let begin = end;
        rest = after_header(rest).ok_or(Lost::Truncated)?;
        decoder.init();
        (rest, end) = member(&mut decoder, rest, &mut out, begin)?;
        let decoded = out.get(begin..end).unwrap_or_default();
        let (checksum, length) = trailer(rest).ok_or(Lost::Truncated)?;
        if (crc32(decoded), decoded.len()) != (checksum, length) {
            return Err(Lost::Truncated);
        }
        rest = rest.get(TRAILER_BYTES..).unwrap_or_default();
        // Zeros behind the last member are padding, as of a block on a tape; anything else is damage.
        if rest.iter().all(|byte| *byte == 0) {
            out.truncate(end);
            return Ok(out);
        }
        if !rest.starts_with(&MAGIC) {
            return Err(Lost::Truncated);
        }
    }
}

/// Decodes one member from a place in `out` on. Returns what follows its compressed bytes, and where its text ends.
fn member<'a>(
    decoder: &mut DecompressorOxide,
    mut stream: &'a [u8],
    out: &mut Vec<u8>,
    mut end: usize,
) -> Result<(&'a [u8], usize), Lost> {
    loop {
        let (status, read, written) = decompress(decoder, stream, out, end, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF);
        end = end.saturating_add(written);
        stream = stream.get(read..).unwrap_or_default();
        if status == TINFLStatus::Done {
            return Ok((stream, end));
        }
        if status != TINFLStatus::HasMoreOutput {
            return Err(Lost::Truncated);
        }
        if out.len() >= DECODED_BYTES {
            return Err(Lost::TooLarge(u64::try_from(DECODED_BYTES).unwrap_or(u64::MAX)));
        }
        out.resize(out.len().saturating_mul(2).min(DECODED_BYTES), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::container::{COMMENT, EXTRA, HEADER_CRC, NAME};
    use super::*;
    use alloc::string::ToString;

    use miniz_oxide::deflate::compress_to_vec;
    use proptest::prelude::*;

    /// A gzip stream with these flags and the optional parts that they stand for.
    pub(super) fn gzip(text: &[u8], flags: u8, parts: &[u8]) -> Vec<u8> {
        let mut stream = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255];
        stream.extend(parts);
        stream.extend(compress_to_vec(text, 6));
        stream.extend(crc32(text).to_le_bytes());
        stream.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        stream
    }

    fn response(body: Vec<u8>, coding: &str) -> Response {
        let headers = vec![("content-encoding", coding.to_string())];
        Response { status: 200, headers, body, took_ms: 0, redirect: None }
    }

    #[test]
    fn streams_are_decoded_with_any_header() {
        let text = b"[{\"id\":\"a\"}]".repeat(100);
        let cases: &[(u8, &[u8])] = &[
            (0, b""),
            (NAME, b"users.json\0"),
            (COMMENT, b"\0"),
            (EXTRA, b"\x03\0abc"),
            (HEADER_CRC, b"xy"),
            (EXTRA | NAME | COMMENT | HEADER_CRC, b"\x01\0zname\0comment\0xy"),
        ];
        for (flags, parts) in cases {
            let response = response(gzip(&text, *flags, parts), "gzip");
            assert_eq!(decoded(&response).as_deref(), Ok(text.as_slice()), "{flags}");
        }
    }

    #[test]
    fn codings_are_undone_from_the_last_on_and_unknown_ones_are_named() {
        let (text, damaged) = (b"[{\"id\":\"a\"}]".as_slice(), b"\x1b\x0c\xe2\x80".to_vec());
        let once = || gzip(text, 0, b"");
        let twice = || gzip(&once(), 0, b"");
        let unknown = |coding: &str| Err(Lost::Encoded(coding.into()));
        for (body, coding, expect) in [
            (once(), "gzip", Ok(text)),
            (once(), "x-gzip", Ok(text)),
            (once(), "X-GZip", Ok(text)),
            (once(), "gzip, identity", Ok(text)),
            (once(), "identity,gzip", Ok(text)),
            (once(), " gzip ,, ", Ok(text)),
            (text.to_vec(), "identity", Ok(text)),
            (text.to_vec(), "identity, identity", Ok(text)),
            (twice(), "gzip, gzip", Ok(text)),
            (twice(), "x-gzip, gzip", Ok(text)),
            // The host has undone one of them, or all.
            (once(), "gzip, gzip", Ok(text)),
            (text.to_vec(), "br", Ok(text)),
            (text.to_vec(), "gzip, br", Ok(text)),
            (damaged.clone(), "br", unknown("br")),
            (damaged.clone(), "zstd", unknown("zstd")),
            (damaged.clone(), "gzip, br", unknown("br")),
            (damaged.clone(), "de flate\u{7}\u{fc}", unknown("deflate")),
            (once(), "deflate, gzip", Ok(text)),
            (gzip(&damaged, 0, b""), "deflate, gzip", unknown("deflate")),
        ] {
            assert_eq!(decoded(&response(body, coding)).as_deref(), expect.as_ref().copied(), "{coding}");
        }
        let often = (0..6).fold(text.to_vec(), |body, _| gzip(&body, 0, b""));
        assert_eq!(
            decoded(&response(often, "gzip,gzip,gzip,gzip,gzip,gzip")).as_deref(),
            unknown("gzip").as_ref().copied()
        );
    }

    #[test]
    fn a_plain_body_is_returned_as_it_is() {
        for (body, coding) in [("[]", "gzip"), ("[]", "identity"), ("[]", ""), ("", "gzip")] {
            let response = response(body.as_bytes().to_vec(), coding);
            assert_eq!(decoded(&response).as_deref(), Ok(body.as_bytes()), "{body} {coding}");
        }
        let unsaid = Response { headers: Vec::new(), ..response(gzip(b"[]", 0, b""), "") };
        assert_eq!(decoded(&unsaid).as_deref(), Ok(unsaid.body.as_slice()));
    }

    #[test]
    fn a_stream_cut_anywhere_is_an_error() {
        let whole = gzip(&b"[{\"id\":\"a\"},{\"id\":\"b\"}]".repeat(50), NAME, b"n\0");
        for end in 3..whole.len() {
            let cut = response(whole.iter().take(end).copied().collect(), "gzip");
            assert_eq!(decoded(&cut), Err(Lost::Truncated), "cut at {end}");
        }
    }

    #[test]
    fn checksums_are_those_of_gzip() {
        // The check values of the usual catalogues, and every length around a block.
        assert_eq!((crc32(b"123456789"), crc32(b"")), (0xcbf4_3926, 0));
        let text: Vec<u8> = (0..=255).collect();
        for end in 0..40 {
            let slow = text[..end].iter().fold(!0_u32, |crc, byte| {
                (0..8).fold(
                    crc ^ u32::from(*byte),
                    |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 },
                )
            });
            assert_eq!(crc32(&text[..end]), !slow, "{end}");
        }
    }

    #[test]
    fn members_are_decoded_one_after_another() {
        let (one, two) = (gzip(b"[{\"id\":", 0, b""), gzip(b"\"a\"}]", NAME, b"n\0"));
        let empty = gzip(b"", 0, b"");
        for (name, stream, expect) in [
            ("two", [one.clone(), two.clone()].concat(), Ok(&b"[{\"id\":\"a\"}]"[..])),
            ("with an empty one between", [one.clone(), empty.clone(), two.clone()].concat(), Ok(b"[{\"id\":\"a\"}]")),
            ("an empty one", empty, Ok(b"")),
            ("with padding", [one.clone(), two.clone(), vec![0; 20]].concat(), Ok(b"[{\"id\":\"a\"}]")),
            ("with something else behind", [one.clone(), b"[]".to_vec()].concat(), Err(Lost::Truncated)),
            ("with half a second", [one.clone(), two[..two.len() - 9].to_vec()].concat(), Err(Lost::Truncated)),
            ("with a header alone", [one, MAGIC.to_vec()].concat(), Err(Lost::Truncated)),
        ] {
            assert_eq!(decoded(&response(stream, "gzip")).as_deref(), expect.as_ref().copied(), "{name}");
        }
        let half = vec![b' '; DECODED_BYTES / 2 + 1];
        let bomb = response([gzip(&half, 0, b""), gzip(&half, 0, b"")].concat(), "gzip");
        assert!(matches!(decoded(&bomb), Err(Lost::TooLarge(_))), "the limit is for all members together");
    }

    #[test]
    fn a_stream_with_a_wrong_checksum_or_length_is_refused() {
        let whole = gzip(b"[{\"id\":\"a\"}]", 0, b"");
        for place in 1..=TRAILER_BYTES {
            let mut stream = whole.clone();
            let at = stream.len() - place;
            stream[at] ^= 0x10;
            assert_eq!(decoded(&response(stream, "gzip")), Err(Lost::Truncated), "{place} from the end");
        }
    }

    #[test]
    fn a_bomb_is_stopped() {
        let bomb = response(gzip(&vec![b' '; DECODED_BYTES + 1], 0, b""), "gzip");
        assert!(bomb.body.len() < 20_000);
        assert!(matches!(decoded(&bomb), Err(Lost::TooLarge(_))));
    }

    proptest! {
        /// Any stream either decodes or fails.
        #[test]
        fn any_bytes_are_safe(bytes in proptest::collection::vec(any::<u8>(), 0..200), flags in any::<u8>()) {
            let mut body = vec![0x1f, 0x8b, 8, flags];
            body.extend(bytes);
            let _ = decoded(&response(body, "gzip"));
        }
    }
}
