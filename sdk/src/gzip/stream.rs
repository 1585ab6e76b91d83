//! Decodes a stream as it comes, with 32 KiB of memory, for answers that are too large to keep in memory.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::container::{MAGIC, TRAILER_BYTES, after_header, crc32_on, trailer};

/// How far back a compressed stream refers (RFC 1951).
const WINDOW_BYTES: usize = 32 * 1024;

/// Bytes of a header at most: its longest part may have 64 KiB.
const HEADER_AT_MOST: usize = 256 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Before a member, or within its header.
    Header,
    /// Within its compressed bytes.
    Body,
    /// Within its checksum and length.
    Trailer,
    /// Behind it.
    Behind,
    /// The bytes are not compressed: a host that has decoded them may leave the header that says so.
    Plain,
}

/// A stream on its way.
pub struct Stream {
    stage: Stage,
    /// The part of a header or a trailer that has come.
    held: Vec<u8>,
    decoder: Box<DecompressorOxide>,
    window: Vec<u8>,
    /// Where in the window the next byte goes.
    at: usize,
    /// Of the member: its checksum, turned over, and its length.
    crc: u32,
    length: usize,
    members: u32,
}

impl core::fmt::Debug for Stream {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Stream").field("stage", &self.stage).field("members", &self.members).finish_non_exhaustive()
    }
}

impl Default for Stream {
    fn default() -> Self {
        Self::new()
    }
}

impl Stream {
    /// The beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self {
            stage: Stage::Header,
            held: Vec::new(),
            decoder: Box::default(),
            window: vec![0; WINDOW_BYTES],
            at: 0,
            crc: !0,
            length: 0,
            members: 0,
        }
    }

    /// Decodes what has come, and passes it to `take`. Returns whether the stream is sound so far and `take` accepts
    /// more.
    pub fn read(&mut self, bytes: &[u8], take: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let mut rest = bytes;
        loop {
            match self.stage {
                Stage::Header => {
                    self.held.extend_from_slice(rest);
                    let held = core::mem::take(&mut self.held);
                    if self.members == 0 && !held.starts_with(MAGIC.get(..held.len().min(3)).unwrap_or_default()) {
                        self.stage = Stage::Plain;
                        return take(&held);
                    }
                    let Some(body) = after_header(&held) else {
                        let is_possible = held.len() < HEADER_AT_MOST;
                        self.held = held;
                        return is_possible;
                    };
                    self.stage = Stage::Body;
                    self.decoder.init();
                    (self.crc, self.length) = (!0, 0);
                    return self.read(body, take);
                }
                Stage::Body => match self.inflate(rest, take) {
                    Some(behind) => rest = behind,
                    None => return false,
                },
                Stage::Trailer => {
                    let (part, behind) = rest.split_at(rest.len().min(TRAILER_BYTES.saturating_sub(self.held.len())));
                    self.held.extend_from_slice(part);
                    rest = behind;
                    if self.held.len() == TRAILER_BYTES {
                        if trailer(&self.held) != Some((!self.crc, self.length)) {
                            return false;
                        }
                        self.held.clear();
                        self.members = self.members.saturating_add(1);
                        self.stage = Stage::Behind;
                    }
                }
                // Zeros behind a member are padding.
                Stage::Behind => match rest.iter().position(|byte| *byte != 0) {
                    None => return true,
                    Some(place) => {
                        rest = rest.get(place..).unwrap_or_default();
                        self.stage = Stage::Header;
                        if !MAGIC.starts_with(rest.get(..rest.len().min(3)).unwrap_or_default()) {
                            return false;
                        }
                    }
                },
                Stage::Plain => return take(rest),
            }
            if rest.is_empty() {
                return true;
            }
        }
    }

    /// Decodes bytes of a member. Returns what follows them.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other statuses are failures")]
    fn inflate<'a>(&mut self, bytes: &'a [u8], take: &mut dyn FnMut(&[u8]) -> bool) -> Option<&'a [u8]> {
        let mut rest = bytes;
        loop {
            let (status, read, written) =
                decompress(&mut self.decoder, rest, &mut self.window, self.at, TINFL_FLAG_HAS_MORE_INPUT);
            rest = rest.get(read..).unwrap_or_default();
            let text = self.window.get(self.at..self.at.saturating_add(written)).unwrap_or_default();
            self.crc = crc32_on(self.crc, text);
            self.length = self.length.wrapping_add(written);
            if !take(text) {
                return None;
            }
            self.at = self.at.saturating_add(written) % WINDOW_BYTES;
            match status {
                TINFLStatus::Done => {
                    self.stage = Stage::Trailer;
                    return Some(rest);
                }
                TINFLStatus::NeedsMoreInput => return Some(rest),
                TINFLStatus::HasMoreOutput => {}
                _ => return None,
            }
        }
    }

    /// Whether the stream has ended where a stream ends.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.stage, Stage::Behind | Stage::Plain)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::gzip;
    use super::*;
    use proptest::prelude::*;

    /// Decodes a stream in parts. Returns the bytes and whether it is whole; `None` if it is refused.
    fn read(stream: &[u8], part: usize) -> Option<(Vec<u8>, bool)> {
        let (mut text, mut decoder) = (Vec::new(), Stream::new());
        for part in stream.chunks(part) {
            let is_well = decoder.read(part, &mut |bytes| {
                text.extend_from_slice(bytes);
                true
            });
            if !is_well {
                return None;
            }
        }
        Some((text, decoder.is_whole()))
    }

    #[test]
    fn streams_come_in_parts_of_any_size() {
        let text: Vec<u8> =
            (0..200_000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 20).to_le_bytes()).collect();
        let one = gzip(&text, 8, b"n\0");
        let (two, empty) = (gzip(b"[]", 0, b""), gzip(b"", 0, b""));
        for part in [1, 7, 1_000, 100_000, 10_000_000] {
            assert_eq!(read(&one, part), Some((text.clone(), true)), "{part}");
            let members = [two.clone(), empty.clone(), two.clone(), vec![0; 9]].concat();
            assert_eq!(read(&members, part), Some((b"[][]".to_vec(), true)), "{part}");
            assert_eq!(read(b"[\"a\"]", part), Some((b"[\"a\"]".to_vec(), true)), "{part}");
            assert_eq!(read(&[two.clone(), b"[]".to_vec()].concat(), part), None, "{part}");
        }
    }

    #[test]
    fn a_damaged_stream_is_refused_and_a_cut_one_is_not_whole() {
        let whole = gzip(&b"[{\"id\":\"a\"},{\"id\":\"b\"}]".repeat(50), 0, b"");
        for end in 3..whole.len() {
            assert!(!read(&whole[..end], 5).is_some_and(|(_, is_whole)| is_whole), "cut at {end}");
        }
        for place in 1..=8 {
            let mut stream = whole.clone();
            let at = stream.len() - place;
            stream[at] ^= 0x10;
            assert_eq!(read(&stream, 100), None, "{place} from the end");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes in proptest::collection::vec(any::<u8>(), 0..200), part in 1_usize..50) {
            let _ = read(&[&MAGIC[..], &bytes].concat(), part);
        }
    }
}
