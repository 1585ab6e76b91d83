//! Compressed answers: a page of 200 users is 139 KB plain and 10 KB compressed, and most hosts leave the decoding to the
//! component.

use alloc::borrow::Cow;

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};

use super::http::{Lost, Response};

/// The most that an answer may grow to: twice the largest plain body that a transport reads.
pub const DECODED_BYTES: usize = 4 * 1024 * 1024;

/// The first bytes of every gzip stream (RFC 1952): its mark, and the one method that there is.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

/// The fixed part of the header, and the checksum and length at the end.
const HEADER_BYTES: usize = 10;
const TRAILER_BYTES: usize = 8;

/// Parts of the header that may follow, in this order.
const HEADER_CRC: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;

/// The body as the server meant it. A host that has decoded it already may leave the header that says it is compressed,
/// so the bytes decide.
///
/// # Errors
/// The stream is damaged, cut short, or grows beyond [`DECODED_BYTES`].
pub fn decoded(response: &Response) -> Result<Cow<'_, [u8]>, Lost> {
    let says_gzip = response.header("content-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"));
    if !says_gzip || !response.body.starts_with(&MAGIC) {
        return Ok(Cow::Borrowed(&response.body));
    }
    inflate(&response.body).map(Cow::Owned)
}

fn inflate(body: &[u8]) -> Result<alloc::vec::Vec<u8>, Lost> {
    let stream = after_header(body).ok_or(Lost::Truncated)?;
    let decoded = decompress_to_vec_with_limit(stream, DECODED_BYTES).map_err(|error| {
        if error.status == TINFLStatus::HasMoreOutput {
            Lost::TooLarge(u64::try_from(DECODED_BYTES).unwrap_or(u64::MAX))
        } else {
            Lost::Truncated
        }
    })?;
    // The length at the end shows a stream that was cut between two blocks.
    let end = body.len().saturating_sub(4);
    let told: Option<[u8; 4]> = body.get(end..).and_then(|bytes| bytes.try_into().ok());
    let is_whole = told.is_some_and(|told| usize::try_from(u32::from_le_bytes(told)) == Ok(decoded.len()));
    if is_whole { Ok(decoded) } else { Err(Lost::Truncated) }
}

/// What follows the header of a gzip stream.
fn after_header(body: &[u8]) -> Option<&[u8]> {
    let flags = *body.get(3)?;
    let mut rest = body.get(HEADER_BYTES..)?;
    if flags & EXTRA != 0 {
        let length: [u8; 2] = rest.get(..2)?.try_into().ok()?;
        rest = rest.get(2_usize.checked_add(usize::from(u16::from_le_bytes(length)))?..)?;
    }
    for part in [NAME, COMMENT] {
        if flags & part != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end.checked_add(1)?..)?;
        }
    }
    if flags & HEADER_CRC != 0 {
        rest = rest.get(2..)?;
    }
    (rest.len() > TRAILER_BYTES).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;
    use alloc::vec::Vec;

    use miniz_oxide::deflate::compress_to_vec;
    use proptest::prelude::*;

    /// A gzip stream with these flags and the optional parts that they stand for.
    fn gzip(text: &[u8], flags: u8, parts: &[u8]) -> Vec<u8> {
        let mut stream = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255];
        stream.extend(parts);
        stream.extend(compress_to_vec(text, 6));
        stream.extend([0; 4]);
        stream.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        stream
    }

    fn response(body: Vec<u8>, coding: &str) -> Response {
        let headers = vec![("content-encoding", coding.to_string())];
        Response { status: 200, headers, body, took_ms: 0 }
    }

    #[test]
    fn streams_are_decoded_whatever_their_header_holds() {
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
    fn what_is_not_compressed_is_taken_as_it_is() {
        for (body, coding) in [("[]", "gzip"), ("[]", "identity"), ("[]", ""), ("", "gzip")] {
            let response = response(body.as_bytes().to_vec(), coding);
            assert_eq!(decoded(&response).as_deref(), Ok(body.as_bytes()), "{body} {coding}");
        }
        let unsaid = Response { headers: Vec::new(), ..response(gzip(b"[]", 0, b""), "") };
        assert_eq!(decoded(&unsaid).as_deref(), Ok(unsaid.body.as_slice()));
    }

    #[test]
    fn a_stream_cut_anywhere_is_told() {
        let whole = gzip(&b"[{\"id\":\"a\"},{\"id\":\"b\"}]".repeat(50), NAME, b"n\0");
        for end in 3..whole.len() {
            let cut = response(whole.iter().take(end).copied().collect(), "gzip");
            assert_eq!(decoded(&cut), Err(Lost::Truncated), "cut at {end}");
        }
    }

    #[test]
    fn a_bomb_is_stopped() {
        let bomb = response(gzip(&vec![b' '; DECODED_BYTES + 1], 0, b""), "gzip");
        assert!(bomb.body.len() < 20_000);
        assert!(matches!(decoded(&bomb), Err(Lost::TooLarge(_))));
    }

    proptest! {
        /// No stream, however made, does anything but decode or fail.
        #[test]
        fn any_bytes_are_safe(bytes in proptest::collection::vec(any::<u8>(), 0..200), flags in any::<u8>()) {
            let mut body = vec![0x1f, 0x8b, 8, flags];
            body.extend(bytes);
            let _ = decoded(&response(body, "gzip"));
        }
    }
}
