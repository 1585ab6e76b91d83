//! Users as rows for a spreadsheet: flat columns, the attributes as one JSON object in the last.

use std::borrow::Cow;
use std::io;

use provider_host::model::User;

use super::cell::{drives_terminal, printable};
use super::field::Field;
use super::format::{UserFormat, Values};

/// The columns, named as in the contract.
pub(super) const HEADER: [&str; 17] = User::FIELDS;

/// A header row, then one row per user.
pub(crate) struct Rows {
    values: Values,
    columns: Vec<Field>,
}

impl Rows {
    /// Writes values in this way, in these columns; in all of the contract's if there are none.
    pub(crate) fn new(values: Values, columns: Vec<Field>) -> Self {
        Self { values, columns: if columns.is_empty() { Field::OF_CONTRACT.to_vec() } else { columns } }
    }
}

impl UserFormat for Rows {
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let titles: Vec<String> = self.columns.iter().map(Field::name).collect();
        write_titles(titles.iter().map(String::as_str), out)
    }

    fn page(&mut self, users: &[User], out: &mut Vec<u8>) -> io::Result<()> {
        let mut writer = Writer::new(self.values, out);
        users.iter().try_for_each(|user| writer.row(cells(&self.columns, user)?))?;
        writer.finish()
    }

    fn end(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }
}

/// The row of titles.
pub(super) fn write_titles<'a>(titles: impl IntoIterator<Item = &'a str>, out: &mut Vec<u8>) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(titles)?;
    writer.flush()
}

/// Appends rows of values to `out`.
pub(super) struct Writer<'a> {
    writer: csv::Writer<&'a mut Vec<u8>>,
    values: Values,
}

impl<'a> Writer<'a> {
    /// All harmless values are quoted, so that a separator within a value never starts a cell.
    pub(super) fn new(values: Values, out: &'a mut Vec<u8>) -> Self {
        let style = match values {
            Values::Raw => csv::QuoteStyle::Necessary,
            Values::Harmless => csv::QuoteStyle::Always,
        };
        Self { writer: csv::WriterBuilder::new().quote_style(style).from_writer(out), values }
    }

    /// Appends a row.
    pub(super) fn row(&mut self, row: impl IntoIterator<Item = String>) -> io::Result<()> {
        for value in row {
            match self.values {
                Values::Raw => self.writer.write_field(value)?,
                Values::Harmless => self.writer.write_field(harmless(&value).as_ref())?,
            }
        }
        Ok(self.writer.write_record(None::<&[u8]>)?)
    }

    /// Ends after the last row.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// The characters with which a formula may begin, as OWASP lists them: the four signs, and their full-width forms, which some
/// spreadsheets treat alike.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// Makes a value harmless for spreadsheets and terminals: adds a single quote if it begins like a formula, also after spaces or
/// invisible characters, which spreadsheets may drop, and if it begins with a tab or a line end.
fn harmless(value: &str) -> Cow<'_, str> {
    let begins_a_cell = value.starts_with(['\t', '\r', '\n', '\0']);
    let is_skipped =
        |c: char| c.is_whitespace() || drives_terminal(c) || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}');
    let shown = printable(value);
    if begins_a_cell || value.trim_start_matches(is_skipped).starts_with(FORMULA) {
        Cow::Owned(format!("'{shown}"))
    } else {
        shown
    }
}

/// One row, in the order of [`HEADER`]. Unknown values are empty; lists are separated by spaces.
pub(super) fn row(user: &User) -> io::Result<Vec<String>> {
    cells(&Field::OF_CONTRACT, user)
}

fn cells(columns: &[Field], user: &User) -> io::Result<Vec<String>> {
    columns.iter().map(|field| field.text(user)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{anna, bare};
    use super::*;

    fn print(values: Values, users: &[User]) -> String {
        let (mut rows, mut out) = (Rows::new(values, Vec::new()), Vec::new());
        rows.begin(&mut out).unwrap();
        users.iter().for_each(|user| rows.page(std::slice::from_ref(user), &mut out).unwrap());
        rows.end(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// The cells below this title, as a CSV parser reads them.
    fn column(csv: &str, title: &str) -> Vec<String> {
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let place = reader.headers().unwrap().iter().position(|name| name == title).unwrap();
        reader.records().map(|record| record.unwrap()[place].to_owned()).collect()
    }

    #[test]
    fn rows_are_flat_and_every_value_is_in_quotes() {
        let expect = concat!(
            "id,username,email,first_name,last_name,status,kind,role,roles,seat,licenses,position,created_at,",
            "deactivated_at,activity,last_activity_at,attributes\n",
            r#""id1","anna","anna@example.com","Anna","Berg","active","member","system-admin","#,
            r#""system_user system_admin","occupied","enterprise","Head of ""Everything"", Inc.","#,
            r#""2024-01-02T03:04:05.000Z","","known","2026-11-23T22:00:00.000Z","{""auth"":""ldap""}""#,
            "\n",
            r#""id2","bot","","","","deactivated","bot","member","","free","","","","2026-01-01T00:00:00.000Z","#,
            r#""never","","{}""#,
            "\n",
        );
        assert_eq!(print(Values::Harmless, &[anna(), bare()]), expect);
    }

    #[test]
    fn no_cell_is_a_formula_or_contains_control_characters() {
        let cases = [
            ("=1+1", "'=1+1"),
            ("+1-1", "'+1-1"),
            ("-2+3@x.example", "'-2+3@x.example"),
            ("@SUM(1)", "'@SUM(1)"),
            ("＝1+1", "'＝1+1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠x", "'＠x"),
            ("\t=1", "' =1"),
            ("\rx", "' x"),
            ("\nx", "' x"),
            ("\0x", "'\u{fffd}x"),
            ("  =1", "'  =1"),
            ("\u{a0}\u{3000}=1", "'\u{a0}\u{3000}=1"),
            ("\u{feff}=1", "'\u{fffd}=1"),
            ("\u{200b}=1", "'\u{200b}=1"),
            ("\u{202e}\u{1b}-1", "'\u{fffd}\u{fffd}-1"),
            ("a\u{1b}[2J\u{7f}\u{9b}m\u{202e}b\r\nc", "a\u{fffd}[2J\u{fffd}\u{fffd}m\u{fffd}b  c"),
            ("a;=1", "a;=1"),
            ("'=1", "'=1"),
            ("1-1=0", "1-1=0"),
            ("", ""),
        ];
        for (value, expect) in cases {
            let user = User {
                id: value.into(),
                username: value.into(),
                email: Some(value.into()),
                first_name: Some(value.into()),
                last_name: Some(value.into()),
                role: value.into(),
                roles: vec![value.into()],
                position: Some(value.into()),
                created_at: Some(value.into()),
                ..bare()
            };
            let csv = print(Values::Harmless, std::slice::from_ref(&user));
            let raw = print(Values::Raw, &[user]);
            for title in
                ["id", "username", "email", "first_name", "last_name", "role", "roles", "position", "created_at"]
            {
                assert_eq!(column(&csv, title), [expect], "{value:?} as {title}");
                assert_eq!(column(&raw, title), [value], "raw {value:?} as {title}");
            }
        }
    }

    #[test]
    fn attributes_stay_valid_json() {
        let mut user = bare();
        user.attributes = [("k\u{9b}".to_owned(), "=\u{202e}\u{7f}\n".to_owned())].into_iter().collect();
        let csv = print(Values::Harmless, &[user.clone()]);
        assert!(!csv.chars().any(|c| c != '\n' && drives_terminal(c)), "{csv}");
        let attributes: Vec<String> = column(&csv, "attributes");
        assert_eq!(serde_json::from_str::<provider_host::model::Attributes>(&attributes[0]).unwrap(), user.attributes);
    }

    #[test]
    fn chosen_columns_are_written_in_their_order() {
        let columns = ["last_activity_at", "name", "attributes.auth"].map(|name| name.parse().unwrap());
        let (mut rows, mut out) = (Rows::new(Values::Harmless, columns.to_vec()), Vec::new());
        rows.begin(&mut out).unwrap();
        rows.page(&[anna(), bare()], &mut out).unwrap();
        let expect = concat!(
            "last_activity_at,name,attributes.auth\n",
            r#""2026-11-23T22:00:00.000Z","Anna Berg","ldap""#,
            "\n",
            r#""","","""#,
            "\n",
        );
        assert_eq!(String::from_utf8(out).unwrap(), expect);
    }
}
