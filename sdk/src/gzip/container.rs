//! The parts around the compressed bytes of a gzip stream: header, checksum and length (RFC 1952).

/// The first bytes of every gzip stream (RFC 1952): its mark, and the only method.
pub(super) const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

/// The fixed part of the header, and the checksum and length at the end.
const HEADER_BYTES: usize = 10;
pub(super) const TRAILER_BYTES: usize = 8;

/// Parts of the header that may follow, in this order.
pub(super) const HEADER_CRC: u8 = 2;
pub(super) const EXTRA: u8 = 4;
pub(super) const NAME: u8 = 8;
pub(super) const COMMENT: u8 = 16;

/// The checksum and the length of a member's text, which stand behind its compressed bytes. The length is
/// modulo 2^32, which is far above the limit.
pub(super) fn trailer(bytes: &[u8]) -> Option<(u32, usize)> {
    let word = |place: usize| bytes.get(place..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    Some((word(0)?, usize::try_from(word(4)?).ok()?))
}

/// What each byte adds to the checksum from eight places away: the polynomial 0xedb88320 of RFC 1952, 8.
static CRC: [[u32; 256]; 8] = crc_tables();

#[expect(clippy::indexing_slicing, reason = "worked out while it is compiled")]
const fn crc_tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u32, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        byte = 0;
        while byte < 256 {
            let crc = tables[table - 1][byte];
            tables[table][byte] = (crc >> 8) ^ tables[0][(crc & 0xff) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

/// The checksum of gzip.
pub(crate) fn crc32(text: &[u8]) -> u32 {
    !crc32_on(!0, text)
}

/// The checksum of gzip, turned over, with more text: eight bytes at a time.
pub(super) fn crc32_on(crc: u32, text: &[u8]) -> u32 {
    let entry = |table: usize, byte: u8| CRC.get(table).and_then(|table| table.get(usize::from(byte))).copied();
    let of = |table, byte| entry(table, byte).unwrap_or_default();
    let (blocks, rest) = text.as_chunks::<8>();
    let crc = blocks.iter().fold(crc, |crc, [a, b, c, d, e, f, g, h]| {
        let [w, x, y, z] = crc.to_le_bytes();
        of(7, a ^ w) ^ of(6, b ^ x) ^ of(5, c ^ y) ^ of(4, d ^ z) ^ of(3, *e) ^ of(2, *f) ^ of(1, *g) ^ of(0, *h)
    });
    rest.iter().fold(crc, |crc, byte| {
        let [low, ..] = crc.to_le_bytes();
        (crc >> 8) ^ of(0, low ^ byte)
    })
}

/// What follows the header of a gzip stream.
pub(super) fn after_header(body: &[u8]) -> Option<&[u8]> {
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
