//! Users as JSON: one array, or one line each. The keys are the contract's names in snake_case.

use std::io;

use provider_host::model::User;

use super::UserFormat;

/// One array with one user per line. [`UserFormat::end`] closes it whatever happened, so that it is always valid.
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
            serde_json::to_writer(&mut *out, user)?;
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
            serde_json::to_writer(&mut *out, user)?;
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
    fn an_array_is_valid_however_many_pages_came() {
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
