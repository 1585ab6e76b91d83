//! Reads a JSON list of ids as it comes, without keeping it in memory: that of a million accounts has 29 MB.

use super::id::Id;

/// Where the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the list.
    Start,
    /// Before an id or the end of an empty list.
    First,
    /// Before an id.
    Next,
    /// Within an id.
    Within,
    /// Behind an id.
    Behind,
    /// Behind the list.
    End,
    /// Within the word `null`, as which Go writes an empty list.
    Null(usize),
}

/// The text is not a list of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoIds;

/// A place in a list of ids.
#[derive(Clone, Debug)]
pub(super) struct IdList {
    place: Place,
    id: [u8; 26],
    length: usize,
}

impl IdList {
    /// The beginning of a list.
    #[must_use]
    pub(super) const fn new() -> Self {
        Self { place: Place::Start, id: [0; 26], length: 0 }
    }

    /// Reads on, and passes each id to `take`.
    ///
    /// # Errors
    /// The text is not a list of ids, or `take` fails.
    pub(super) fn read(&mut self, bytes: &[u8], mut take: impl FnMut(Id) -> Result<(), NoIds>) -> Result<(), NoIds> {
        let mut rest = bytes;
        while let Some((byte, behind)) = rest.split_first() {
            rest = behind;
            self.place = match (self.place, byte) {
                (Place::Within, b'"') => {
                    take(self.id.get(..self.length).and_then(Id::parse).ok_or(NoIds)?)?;
                    Place::Behind
                }
                (Place::Within, letter) => {
                    *self.id.get_mut(self.length).ok_or(NoIds)? = *letter;
                    self.length = self.length.saturating_add(1);
                    Place::Within
                }
                (place, b' ' | b'\n' | b'\r' | b'\t') if !matches!(place, Place::Null(1..=3)) => place,
                (Place::Start, b'[') => Place::First,
                (Place::Start, b'n') => Place::Null(1),
                (Place::Null(at), letter) if b"null".get(at) == Some(letter) => Place::Null(at.saturating_add(1)),
                (Place::First | Place::Next, b'"') => {
                    self.length = 0;
                    // Most ids come whole.
                    if let Some((id, [b'"', behind @ ..])) = rest.split_at_checked(self.id.len()) {
                        take(Id::parse(id).ok_or(NoIds)?)?;
                        rest = behind;
                        Place::Behind
                    } else {
                        Place::Within
                    }
                }
                (Place::Behind, b',') => Place::Next,
                (Place::First | Place::Behind, b']') => Place::End,
                _ => return Err(NoIds),
            };
        }
        Ok(())
    }

    /// Whether the list has ended.
    #[must_use]
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.place, Place::End | Place::Null(4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    fn read(text: &str, part: usize) -> Result<(Vec<String>, bool), NoIds> {
        let (mut list, mut ids) = (IdList::new(), Vec::new());
        for part in text.as_bytes().chunks(part) {
            list.read(part, |id| {
                ids.push(id.text());
                Ok(())
            })?;
        }
        Ok((ids, list.is_whole()))
    }

    #[test]
    fn lists_are_read_in_parts_of_any_size() {
        let ids: Vec<_> = (0..5).map(|n| format!("{n:026}")).collect();
        let text = format!(" [ \"{}\"\n]\n", ids.join("\", \""));
        for part in 1..text.len() {
            assert_eq!(read(&text, part), Ok((ids.clone(), true)), "{part}");
        }
        for (text, expect) in [
            ("[]", Ok((Vec::new(), true))),
            ("null\n", Ok((Vec::new(), true))),
            ("nul", Ok((Vec::new(), false))),
            ("nu ll", Err(NoIds)),
            ("nulll", Err(NoIds)),
            ("", Ok((Vec::new(), false))),
            ("[\"a\"]", Err(NoIds)),
            ("[\"00000000000000000000000000", Ok((Vec::new(), false))),
            ("[\"000000000000000000000000000\"]", Err(NoIds)),
            ("[\"00000000000000000000000000\",]", Err(NoIds)),
            ("[,]", Err(NoIds)),
            ("[7]", Err(NoIds)),
            ("{}", Err(NoIds)),
            ("[]]", Err(NoIds)),
            ("<html>", Err(NoIds)),
        ] {
            for part in [1, 100] {
                assert_eq!(read(text, part), expect, "{text}");
            }
        }
    }
}
