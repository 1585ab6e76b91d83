//! Reads JSON as `serde_json` does, with fewer instructions where it matters: in a wasm component, on lists of accounts
//! of which most fields are skipped (docs/performance.md).
//!
//! It searches text eight bytes at a time, which wasm32 also does in one instruction. It skips unread values without a
//! call for each. Its errors have no message, since other modules explain damaged answers. It leaves rare cases to
//! `serde_json`: escapes, fractions, and numbers with more digits than a date. Property tests compare the two.

mod scan;
#[cfg(test)]
mod tests;

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::{self, Display};

use serde::de::value::BorrowedBytesDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use scan::{digits_until, is_hex, plain_until};

/// The deepest nesting of lists and maps: as many as [`Nesting`] has bits.
const DEPTH_AT_MOST: u32 = 128;

/// Digits of a number that surely fits.
const DIGITS_AT_MOST: usize = 18;

/// The text is not JSON, or not of the expected shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no JSON, or not of this shape")
    }
}

impl core::error::Error for Unreadable {}

impl Error for Unreadable {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// Reads bytes that are one value.
///
/// # Errors
/// The bytes are not one value of this type.
pub fn from_slice<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Unreadable> {
    let mut reader = Reader::new(bytes);
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// A place in a body.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    /// The place of the next byte. No body is long enough for this to overflow.
    at: usize,
    depth: u32,
}

impl<'a> Reader<'a> {
    /// The beginning of a body.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    /// Calls `item` for each value of a list; it must read the value.
    ///
    /// # Errors
    /// The value is not a list, or `item` fails.
    pub fn each(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), Unreadable>) -> Result<(), Unreadable> {
        self.expect(b'[')?;
        let mut is_first = true;
        while self.goes_on(b']', is_first)? {
            is_first = false;
            item(self)?;
        }
        Ok(())
    }

    /// Reads a value. If it is JSON of another shape, skips it and returns its bytes.
    ///
    /// # Errors
    /// The value is not JSON.
    pub fn value_or_pass<T: Deserialize<'a>>(&mut self) -> Result<Result<T, &'a [u8]>, Unreadable> {
        let (at, depth) = (self.at, self.depth);
        T::deserialize(&mut *self).map(Ok).or_else(|Unreadable| {
            (self.at, self.depth) = (at, depth);
            self.pass()?;
            Ok(Err(self.bytes.get(at..self.at).unwrap_or_default()))
        })
    }

    /// Checks that nothing follows.
    ///
    /// # Errors
    /// Something follows.
    pub fn end(&mut self) -> Result<(), Unreadable> {
        if self.peek().is_none() { Ok(()) } else { Err(Unreadable) }
    }

    /// Skips one value, which must be JSON.
    ///
    /// # Errors
    /// The value is not JSON.
    pub fn pass(&mut self) -> Result<(), Unreadable> {
        let mut nesting = Nesting::default();
        loop {
            match self.peek().ok_or(Unreadable)? {
                b'"' => _ = self.raw_text()?,
                b'{' => {
                    self.step();
                    if self.peek() != Some(b'}') {
                        self.pass_key()?;
                        nesting.enter(true)?;
                        continue;
                    }
                    self.step();
                }
                b'[' => {
                    self.step();
                    if self.peek() != Some(b']') {
                        nesting.enter(false)?;
                        continue;
                    }
                    self.step();
                }
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => self.number()?,
            }
            loop {
                let Some(is_map) = nesting.top() else { return Ok(()) };
                match (self.peek(), is_map) {
                    (Some(b','), true) => {
                        self.step();
                        self.pass_key()?;
                        break;
                    }
                    (Some(b','), false) => {
                        self.step();
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.step();
                        nesting.leave();
                    }
                    _ => return Err(Unreadable),
                }
            }
        }
    }

    fn pass_key(&mut self) -> Result<(), Unreadable> {
        self.peek();
        self.raw_text()?;
        self.expect(b':')
    }

    /// Skips spaces, and returns the next byte without consuming it.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.step();
        }
    }

    /// Consumes one byte.
    const fn step(&mut self) {
        self.at = self.at.wrapping_add(1);
    }

    fn expect(&mut self, byte: u8) -> Result<(), Unreadable> {
        if self.peek() != Some(byte) {
            return Err(Unreadable);
        }
        self.step();
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), Unreadable> {
        let end = self.at.wrapping_add(word.len());
        if self.bytes.get(self.at..end) != Some(word.as_bytes()) {
            return Err(Unreadable);
        }
        self.at = end;
        Ok(())
    }

    /// Whether a list or a map that ends with this byte has another value or key. Consumes the comma or the end.
    fn goes_on(&mut self, end: u8, is_first: bool) -> Result<bool, Unreadable> {
        match self.peek() {
            Some(byte) if byte == end => {
                self.step();
                Ok(false)
            }
            Some(_) if is_first => Ok(true),
            Some(b',') => {
                self.step();
                Ok(true)
            }
            _ => Err(Unreadable),
        }
    }

    /// Skips a text. Returns its beginning and end between the quotes, and whether it has escapes.
    #[inline]
    fn raw_text(&mut self) -> Result<(usize, usize, bool), Unreadable> {
        let bytes = self.bytes;
        if bytes.get(self.at) != Some(&b'"') {
            return Err(Unreadable);
        }
        let start = self.at.wrapping_add(1);
        let end = plain_until(bytes, start);
        if bytes.get(end) == Some(&b'"') {
            self.at = end.wrapping_add(1);
            return Ok((start, end, false));
        }
        let end = self.escaped_until(end)?;
        Ok((start, end, true))
    }

    /// Skips the rest of a text from its first escape on. Returns where it ends.
    #[cold]
    fn escaped_until(&mut self, from: usize) -> Result<usize, Unreadable> {
        let (bytes, mut at) = (self.bytes, from);
        while bytes.get(at) == Some(&b'\\') {
            let length = match bytes.get(at.wrapping_add(1)) {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                Some(b'u') if is_hex(bytes, at.wrapping_add(2)) => 6,
                _ => return Err(Unreadable),
            };
            at = plain_until(bytes, at.wrapping_add(length));
        }
        if bytes.get(at) != Some(&b'"') {
            return Err(Unreadable);
        }
        self.at = at.wrapping_add(1);
        Ok(at)
    }

    /// Reads a text. Replaces invalid Unicode: bytes that are not UTF-8, and halves of surrogate pairs.
    fn text(&mut self) -> Result<Cow<'a, str>, Unreadable> {
        let before = self.at;
        let (start, end, is_escaped) = self.raw_text()?;
        if is_escaped {
            return self.rarely::<Replaced>(before).map(|text| Cow::Owned(text.0));
        }
        let bytes = self.bytes.get(start..end).ok_or(Unreadable)?;
        Ok(str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed))
    }

    /// Skips a number.
    fn number(&mut self) -> Result<(), Unreadable> {
        let (bytes, mut at) = (self.bytes, self.at);
        if bytes.get(at) == Some(&b'-') {
            at = at.wrapping_add(1);
        }
        let whole = digits_until(bytes, at);
        if whole == at || (bytes.get(at) == Some(&b'0') && whole > at.wrapping_add(1)) {
            return Err(Unreadable);
        }
        at = whole;
        if bytes.get(at) == Some(&b'.') {
            let from = at.wrapping_add(1);
            at = digits_until(bytes, from);
            if at == from {
                return Err(Unreadable);
            }
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            let sign = at.wrapping_add(1);
            let from = if matches!(bytes.get(sign), Some(b'+' | b'-')) { sign.wrapping_add(1) } else { sign };
            at = digits_until(bytes, from);
            if at == from {
                return Err(Unreadable);
            }
        }
        self.at = at;
        Ok(())
    }

    /// Reads a whole number without a sign, such as a date; `None` if the number is of another sort.
    fn plain_number(&mut self) -> Option<u64> {
        let (mut at, mut number) = (self.at, 0_u64);
        while let Some(byte @ b'0'..=b'9') = self.bytes.get(at) {
            number = number.wrapping_mul(10).wrapping_add(u64::from(byte & 0x0f));
            at = at.wrapping_add(1);
        }
        let digits = at.wrapping_sub(self.at);
        let is_plain = !matches!(self.bytes.get(at), Some(b'.' | b'e' | b'E'))
            && (1..=DIGITS_AT_MOST).contains(&digits)
            && (digits == 1 || self.bytes.get(self.at) != Some(&b'0'));
        is_plain.then(|| {
            self.at = at;
            number
        })
    }

    fn visit_number<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, Unreadable> {
        if let Some(number) = self.plain_number() {
            return visitor.visit_u64(number);
        }
        let before = self.at;
        self.number()?;
        let number: Option<serde_json::Number> = self.rarely(before).ok();
        let number = number.as_ref();
        let whole = number.and_then(serde_json::Number::as_u64);
        match (whole, number.and_then(serde_json::Number::as_i64), number.and_then(serde_json::Number::as_f64)) {
            (Some(number), _, _) => visitor.visit_u64(number),
            (None, Some(number), _) => visitor.visit_i64(number),
            (None, None, Some(number)) => visitor.visit_f64(number),
            // It is JSON, and larger than any number of the machine.
            (None, None, None) if self.bytes.get(before) == Some(&b'-') => visitor.visit_f64(f64::NEG_INFINITY),
            (None, None, None) => visitor.visit_f64(f64::INFINITY),
        }
    }

    /// Reads the skipped value that began at `from` with `serde_json`.
    #[cold]
    fn rarely<T: DeserializeOwned>(&self, from: usize) -> Result<T, Unreadable> {
        let text = String::from_utf8_lossy(self.bytes.get(from..self.at).ok_or(Unreadable)?);
        serde_json::from_str(&text).map_err(|_| Unreadable)
    }

    fn visit_map<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, Unreadable> {
        self.within(|reader| {
            let mut inside = Inside { reader, end: b'}', is_first: true, is_over: false };
            let value = visitor.visit_map(&mut inside)?;
            if inside.goes_on()? { Err(Unreadable) } else { Ok(value) }
        })
    }

    fn visit_list<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, Unreadable> {
        self.within(|reader| {
            let mut inside = Inside { reader, end: b']', is_first: true, is_over: false };
            let value = visitor.visit_seq(&mut inside)?;
            if inside.goes_on()? { Err(Unreadable) } else { Ok(value) }
        })
    }

    /// Enters a list or a map.
    fn within<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Unreadable>) -> Result<T, Unreadable> {
        self.step();
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_AT_MOST {
            return Err(Unreadable);
        }
        let value = read(self)?;
        self.depth = self.depth.saturating_sub(1);
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.peek().ok_or(Unreadable)? {
            b'"' => match self.text()? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
            b't' => self.word("true").and_then(|()| visitor.visit_bool(true)),
            b'f' => self.word("false").and_then(|()| visitor.visit_bool(false)),
            b'n' => self.word("null").and_then(|()| visitor.visit_unit()),
            b'{' => self.visit_map(visitor),
            b'[' => self.visit_list(visitor),
            _ => self.visit_number(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.peek() {
            Some(b'n') => self.word("null").and_then(|()| visitor.visit_none()),
            _ => visitor.visit_some(self),
        }
    }

    /// A record is a map here, never a list.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        if self.peek() == Some(b'{') { self.visit_map(visitor) } else { Err(Unreadable) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.pass()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map enum identifier
    }
}

/// A text with escapes, as `serde_json` decodes them.
struct Replaced(String);

impl<'de> Deserialize<'de> for Replaced {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Replaced;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_bytes<E: Error>(self, text: &[u8]) -> Result<Replaced, E> {
                Ok(Replaced(String::from_utf8_lossy(text).into_owned()))
            }
        }
        // As bytes, since half a pair of surrogates would make it an error as text.
        deserializer.deserialize_bytes(Bytes)
    }
}

/// The values of a list or a map, one after another.
struct Inside<'r, 'a> {
    reader: &'r mut Reader<'a>,
    end: u8,
    is_first: bool,
    is_over: bool,
}

impl Inside<'_, '_> {
    fn goes_on(&mut self) -> Result<bool, Unreadable> {
        if !self.is_over {
            self.is_over = !self.reader.goes_on(self.end, self.is_first)?;
            self.is_first = false;
        }
        Ok(!self.is_over)
    }
}

impl<'de> SeqAccess<'de> for &mut Inside<'_, 'de> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unreadable> {
        if self.goes_on()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for &mut Inside<'_, 'de> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unreadable> {
        if !self.goes_on()? {
            return Ok(None);
        }
        self.reader.peek();
        let before = self.reader.at;
        let (start, end, is_escaped) = self.reader.raw_text()?;
        if is_escaped {
            return seed.deserialize(self.reader.rarely::<Replaced>(before)?.0.into_deserializer()).map(Some);
        }
        // All expected keys are ASCII, so other keys need no check for UTF-8.
        let key = self.reader.bytes.get(start..end).ok_or(Unreadable)?;
        seed.deserialize(BorrowedBytesDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unreadable> {
        self.reader.expect(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// The lists and maps around a place, the innermost in the lowest bit, which is set for a map.
#[derive(Default)]
struct Nesting {
    maps: u128,
    depth: u32,
}

impl Nesting {
    fn enter(&mut self, is_map: bool) -> Result<(), Unreadable> {
        if self.depth >= DEPTH_AT_MOST {
            return Err(Unreadable);
        }
        self.depth = self.depth.saturating_add(1);
        self.maps = self.maps << 1 | u128::from(is_map);
        Ok(())
    }

    const fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.maps >>= 1;
    }

    const fn top(&self) -> Option<bool> {
        if self.depth == 0 { None } else { Some(self.maps & 1 == 1) }
    }
}
