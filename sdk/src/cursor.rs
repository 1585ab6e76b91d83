//! Cursors, from which a listing continues: a line of text that a host keeps and passes back.
//!
//! A cursor is `form_fingerprint_state_checksum`. The form names a version of the encoding, so that a provider
//! recognises the cursors of its earlier versions. The fingerprint stands for the server and the settings. The checksum
//! finds damage; it does not protect against forged cursors, so a provider must read the state like any untrusted
//! input.

use alloc::format;
use alloc::string::{String, ToString};
use core::str::Split;

use super::hash::fnv1a;

/// Why a cursor cannot be used. The contract's answer to each is `cursor-stale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// It has another form.
    Form,
    /// It differs from what was sealed.
    Damaged,
    /// It was written for another server or other settings.
    Foreign,
}

impl Stale {
    /// What is wrong, for a person.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Form => "the cursor is of a form that this version does not read",
            Self::Damaged => "the cursor is damaged",
            Self::Foreign => "the cursor belongs to another server or to other settings",
        }
    }
}

/// The parts of a state, which underscores separate.
pub type Parts<'a> = Split<'a, char>;

/// What a state holds instead of a part that it does not have.
const NOTHING: &str = "-";

/// Writes a part that may be missing.
#[must_use]
pub fn write_optional<T: ToString>(part: Option<T>) -> String {
    part.map_or_else(|| NOTHING.into(), |part| part.to_string())
}

/// Reads what [`write_optional`] wrote; `None` if `read` cannot read the part.
pub fn read_optional<T>(part: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if part == NOTHING { Some(None) } else { read(part).map(Some) }
}

/// Writes a cursor. Underscores separate the parts of the state.
#[must_use]
pub fn seal(form: &str, fingerprint: u64, state: &str) -> String {
    let body = format!("{form}_{fingerprint:x}_{state}");
    format!("{body}_{:x}", fnv1a(body.as_bytes()))
}

/// Whether text is a cursor of this form, or begins like one.
#[must_use]
pub fn has_form(text: &str, form: &str) -> bool {
    text.strip_prefix(form).is_some_and(|rest| rest.starts_with('_'))
}

/// Reads a cursor that was sealed for this fingerprint. `read` makes a state of the fingerprint and all the parts. A
/// number can be written in more than one way, and only one is valid, so the state is sealed again by `seal` and
/// compared with the text.
///
/// # Errors
/// The cursor has another form, is damaged, or is for another server or other settings.
pub fn unseal<'a, T>(
    text: &'a str,
    form: &str,
    fingerprint: u64,
    read: impl FnOnce(u64, &mut Parts<'a>) -> Option<T>,
    seal: impl FnOnce(&T) -> String,
) -> Result<T, Stale> {
    if !has_form(text, form) {
        return Err(Stale::Form);
    }
    let (body, check) = text.rsplit_once('_').ok_or(Stale::Damaged)?;
    if u64::from_str_radix(check, 16) != Ok(fnv1a(body.as_bytes())) {
        return Err(Stale::Damaged);
    }
    let mut parts = body.split('_');
    let _form = parts.next();
    let found = parts.next().and_then(|found| u64::from_str_radix(found, 16).ok()).ok_or(Stale::Damaged)?;
    let state = read(found, &mut parts);
    let state = state.filter(|state| parts.next().is_none() && seal(state) == text).ok_or(Stale::Damaged)?;
    if found == fingerprint { Ok(state) } else { Err(Stale::Foreign) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state of two numbers, for the server with this fingerprint.
    type State = (u64, u32, u32);

    fn write(state: &State) -> String {
        seal("a1", state.0, &format!("{}_{}", state.1, state.2))
    }

    fn read(text: &str, fingerprint: u64) -> Result<State, Stale> {
        let read =
            |found, parts: &mut Parts<'_>| Some((found, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?));
        unseal(text, "a1", fingerprint, read, write)
    }

    /// Text with the right checksum, whatever its content.
    fn checked(body: &str) -> String {
        format!("{body}_{:x}", fnv1a(body.as_bytes()))
    }

    #[test]
    fn a_part_may_be_missing() {
        let read = |part: &str| read_optional(part, |part| part.parse::<u8>().ok());
        for (part, text) in [(Some(7), "7"), (None, "-")] {
            assert_eq!((write_optional(part).as_str(), read(text)), (text, Some(part)));
        }
        assert_eq!((read(""), read("x")), (None, None));
    }

    #[test]
    fn a_sealed_cursor_is_read() {
        let text = write(&(0xab, 1, 2));
        assert!(text.starts_with("a1_ab_1_2_"), "{text}");
        assert_eq!(read(&text, 0xab), Ok((0xab, 1, 2)));
    }

    #[test]
    fn another_form_damage_and_another_server_are_each_named() {
        let text = write(&(0xab, 1, 2));
        assert_eq!(read(&text, 0xac), Err(Stale::Foreign));
        for other in ["", "a1", "a2_ab_1_2_0", "b1_ab_1_2_0", " a1_ab_1_2"] {
            assert_eq!(read(other, 0xab), Err(Stale::Form), "{other}");
        }
        let too_few = checked("a1_ab_1");
        let bodies = ["a1", "a1_", "a1_x_1_2", "a1_ab_1_2_3", "a1_ab_01_2", "a1_ab_+1_2", "a1_AB_1_2", "a1_ab_1_"];
        for damaged in bodies.into_iter().map(checked).chain([too_few, text.replace("_1_", "_7_")]) {
            assert_eq!(read(&damaged, 0xab), Err(Stale::Damaged), "{damaged}");
        }
        for end in 3..text.len() {
            assert_eq!(read(text.get(..end).unwrap(), 0xab), Err(Stale::Damaged), "cut at {end}");
        }
    }
}
