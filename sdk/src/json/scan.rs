//! Where texts and numbers end.

/// The place of the next quote, backslash or control character, which ends plain text; the end of the text if there is
/// none.
#[inline]
pub(super) fn plain_until(bytes: &[u8], from: usize) -> usize {
    // Most texts are short, and a loop has a price of its own in a component that can be stopped in any.
    let Some(chunk) = bytes.get(from..).and_then(<[u8]>::first_chunk) else { return plain_until_end(bytes, from) };
    match first_special(*chunk) {
        Some(place) => from.wrapping_add(place),
        None => long_plain_until(bytes, from.wrapping_add(8)),
    }
}

#[inline(never)]
fn long_plain_until(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        if let Some(place) = first_special(*chunk) {
            return at.wrapping_add(place);
        }
        at = at.wrapping_add(8);
    }
    plain_until_end(bytes, at)
}

#[cold]
fn plain_until_end(bytes: &[u8], at: usize) -> usize {
    let is_plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | 0..0x20);
    at.wrapping_add(bytes.get(at..).map_or(0, |rest| rest.iter().take_while(|byte| is_plain(byte)).count()))
}

/// The place of the first quote, backslash or control character among eight bytes.
#[inline(always)]
fn first_special(bytes: [u8; 8]) -> Option<usize> {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    let word = u64::from_le_bytes(bytes);
    let control = word.wrapping_sub(EACH * 0x20);
    let quote = (word ^ (EACH * 0x22)).wrapping_sub(EACH);
    let backslash = (word ^ (EACH * 0x5c)).wrapping_sub(EACH);
    // A byte's highest bit is set here if the byte is one of them. Bytes above the first match may be marked wrongly;
    // bytes beyond ASCII are excluded by their own highest bit.
    let found = (control | quote | backslash) & !word & EACH << 7;
    (found != 0).then(|| (found.trailing_zeros() / 8) as usize)
}

pub(super) fn digits_until(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from.wrapping_add(rest.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

pub(super) fn is_hex(bytes: &[u8], from: usize) -> bool {
    let digits = bytes.get(from..).and_then(<[u8]>::first_chunk::<4>);
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}
