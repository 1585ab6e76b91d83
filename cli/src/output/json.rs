//! JSON: an answer, or users as one array or one line each. The keys are the contract's names in snake_case.

use std::io;

use provider_host::model::User;

use super::exact::push;
use super::field::{Field, Picked};
use super::format::UserFormat;

/// One array with one user per line. [`UserFormat::end`] always closes it, so that it is valid JSON.
#[derive(Default)]
pub(crate) struct Array {
    record: Record,
    printed: bool,
}

impl Array {
    /// An array of these fields; of whole records if there are none.
    pub(crate) const fn new(fields: Vec<Field>) -> Self {
        Self { record: Record(fields), printed: false }
    }
}

/// The fields of a user that are printed; all if there are none.
#[derive(Default)]
struct Record(Vec<Field>);

impl Record {
    fn push(&self, user: &User, out: &mut Vec<u8>) -> io::Result<()> {
        let Self(fields) = self;
        if fields.is_empty() { push(user, out) } else { push(&Picked { user, fields }, out) }
    }
}

impl UserFormat for Array {
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        out.push(b'[');
        Ok(())
    }

    fn page(&mut self, users: &[User], out: &mut Vec<u8>) -> io::Result<()> {
        for user in users {
            out.extend_from_slice(if self.printed { b",\n" } else { b"\n" });
            self.record.push(user, out)?;
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
#[derive(Default)]
pub(crate) struct Lines(Record);

impl Lines {
    /// Lines of these fields; of whole records if there are none.
    pub(crate) const fn new(fields: Vec<Field>) -> Self {
        Self(Record(fields))
    }
}

impl UserFormat for Lines {
    fn begin(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }

    fn page(&mut self, users: &[User], out: &mut Vec<u8>) -> io::Result<()> {
        for user in users {
            self.0.push(user, out)?;
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
    use super::super::cell::drives_terminal;
    use super::super::exact::json_answer;
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
        Lines::default().page(&[user.clone()], &mut line).unwrap();
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
        Lines::default().page(&[anna(), bare()], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["seat"], "occupied");
        assert_eq!(lines[0]["role"], "system-admin");
        assert_eq!(lines[0]["attributes"]["auth"], "ldap");
        assert_eq!(lines[1]["email"], Value::Null);
        assert_eq!(lines[1]["last_activity_at"], Value::Null);
        assert_eq!(lines[0].as_object().unwrap().len(), lines[1].as_object().unwrap().len());
    }

    #[test]
    fn chosen_fields_are_printed_in_their_order() {
        let fields = || ["username", "attributes.auth"].map(|name| name.parse().unwrap()).to_vec();
        let (mut array, mut lines) = (Vec::new(), Vec::new());
        let mut format = Array::new(fields());
        format.begin(&mut array).unwrap();
        format.page(&[anna(), bare()], &mut array).unwrap();
        format.end(&mut array).unwrap();
        Lines::new(fields()).page(&[anna()], &mut lines).unwrap();
        let anna = r#"{"username":"anna","attributes.auth":"ldap"}"#;
        let bare = r#"{"username":"bot","attributes.auth":null}"#;
        assert_eq!(String::from_utf8(array).unwrap(), format!("[\n{anna},\n{bare}\n]\n"));
        assert_eq!(String::from_utf8(lines).unwrap(), format!("{anna}\n"));
    }
}
