//! JSON: an answer, or users as one array or one line each. The keys are the contract's names in snake_case.

use std::io;

use provider_host::model::User;
use serde::Serialize;

use super::cell::drives_terminal;
use super::format::UserFormat;

/// Appends a value exactly: a parser gets what the provider returned. The library escapes only C0. DEL, C1 and characters that
/// change the reading direction are escaped here as well, since people read JSON on terminals.
pub(super) fn push(value: &impl Serialize, out: &mut Vec<u8>) -> io::Result<()> {
    escape(&serde_json::to_string(value)?, out);
    Ok(())
}

/// Formats an answer, indented, with a line end.
pub(crate) fn json_answer(answer: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    escape(&serde_json::to_string_pretty(answer)?, &mut out);
    out.push(b'\n');
    Ok(out)
}

/// Outside of strings JSON has only printable ASCII and line ends, so every other character can be escaped.
fn escape(json: &str, out: &mut Vec<u8>) {
    let mut rest = json;
    while let Some((at, hidden)) = rest.char_indices().find(|(_, c)| *c != '\n' && drives_terminal(*c)) {
        let (plain, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.extend_from_slice(plain.as_bytes());
        for unit in hidden.encode_utf16(&mut [0; 2]) {
            out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
        }
        rest = behind.strip_prefix(hidden).unwrap_or_default();
    }
    out.extend_from_slice(rest.as_bytes());
}

/// One array with one user per line. [`UserFormat::end`] always closes it, so that it is valid JSON.
#[derive(Default)]
pub(crate) struct Array {
    printed: bool,
}

impl UserFormat for Array {
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        out.push(b'[');
        Ok(())
    }

    fn page(&mut self, users: &[User], out: &mut Vec<u8>) -> io::Result<()> {
        for user in users {
            out.extend_from_slice(if self.printed { b",\n" } else { b"\n" });
            push(user, out)?;
            self.printed = true;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        out.extend_from_slice(if self.printed { b"\n]\n" } else { b"]\n" });
        Ok(())
    }
}

/// One user per line.
pub(crate) struct Lines;

impl UserFormat for Lines {
    fn begin(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }

    fn page(&mut self, users: &[User], out: &mut Vec<u8>) -> io::Result<()> {
        for user in users {
            push(user, out)?;
            out.push(b'\n');
        }
        Ok(())
    }

    fn end(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{anna, bare};
    use super::*;
    use serde_json::Value;

    #[test]
    fn an_array_is_valid_after_any_number_of_pages() {
        let cases: [&[usize]; 5] = [&[], &[0], &[1], &[2, 1], &[0, 3, 0]];
        for pages in cases {
            let mut out = Vec::new();
            let mut array = Array::default();
            array.begin(&mut out).unwrap();
            for size in pages {
                array.page(&vec![anna(); *size], &mut out).unwrap();
            }
            array.end(&mut out).unwrap();
            let users: Vec<Value> = serde_json::from_slice(&out).unwrap();
            assert_eq!(users.len(), pages.iter().sum::<usize>());
        }
    }

    #[test]
    fn json_is_exact_and_has_no_control_characters() {
        let hostile = "\u{1b}[31m \n \u{7f} \u{9b}2J \u{85} \u{202e}gpj \u{2066} \u{e0041} =1+1 Zoë 👩\u{200d}👧";
        let mut user = anna();
        user.position = Some(hostile.into());
        user.attributes = [(hostile.to_owned(), hostile.to_owned())].into_iter().collect();
        let mut line = Vec::new();
        Lines.page(&[user.clone()], &mut line).unwrap();
        for written in [line, json_answer(&user).unwrap()] {
            assert_eq!(serde_json::from_slice::<User>(&written).unwrap(), user);
            let text = String::from_utf8(written).unwrap();
            assert!(!text.chars().any(|c| c != '\n' && drives_terminal(c)), "{text}");
            assert!(text.contains("Zoë 👩\u{200d}👧"), "what is harmless stays readable: {text}");
        }
    }

    #[test]
    fn a_line_holds_every_key_of_the_contract() {
        let mut out = Vec::new();
        Lines.page(&[anna(), bare()], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["seat"], "occupied");
        assert_eq!(lines[0]["role"], "system-admin");
        assert_eq!(lines[0]["attributes"]["auth"], "ldap");
        assert_eq!(lines[1]["email"], Value::Null);
        assert_eq!(lines[1]["last_activity_at"], Value::Null);
        assert_eq!(lines[0].as_object().unwrap().len(), lines[1].as_object().unwrap().len());
    }
}
