//! Users as a table. Its columns are set by the first page, since a page is printed when it arrives.

use std::io;

use provider_host::model::User;

use super::cell::{self, fit, pad, printable};
use super::field::Field;
use super::format::{UserFormat, Values, Width};

/// The gap between two columns.
const GAP: &str = "  ";

/// The columns if none are chosen, from left to right.
const COLUMNS: [Field; 7] =
    [Field::Username, Field::Name, Field::Email, Field::Role, Field::Status, Field::Seat, Field::LastActivityAt];

/// The same by importance: a narrow output keeps the first ones.
const BY_WEIGHT: [Field; 7] =
    [Field::Username, Field::Status, Field::LastActivityAt, Field::Role, Field::Email, Field::Seat, Field::Name];

/// A table as wide as the output allows.
pub(crate) struct Table {
    width: Width,
    values: Values,
    /// The chosen columns, from left to right; empty for [`COLUMNS`].
    chosen: Vec<Field>,
    /// Its columns, from left to right; empty before the first user. The titles are printed with the first user, so that an
    /// error does not follow an empty table.
    columns: Vec<Column>,
}

/// A column and its width. Values of an unbounded table may be longer.
struct Column {
    field: Field,
    columns: usize,
    /// What its values need.
    needed: usize,
}

impl Table {
    /// A table for an output of this width.
    pub(crate) const fn new(width: Width, values: Values) -> Self {
        Self { width, values, chosen: Vec::new(), columns: Vec::new() }
    }

    /// Shows these columns; the usual ones if there are none.
    pub(crate) fn of_columns(self, chosen: Vec<Field>) -> Self {
        Self { chosen, ..self }
    }

    fn line(&self, value: impl Fn(&Field) -> io::Result<String>, out: &mut Vec<u8>) -> io::Result<()> {
        let mut line = String::new();
        for (place, Column { field, columns, .. }) in self.columns.iter().enumerate() {
            if place > 0 {
                line.push_str(GAP);
            }
            let text = value(field)?;
            line.push_str(&match (self.width, self.values) {
                (Width::Columns(_), _) => fit(&text, *columns),
                (Width::Unbounded, Values::Harmless) => pad(&printable(&text), *columns),
                (Width::Unbounded, Values::Raw) => pad(&text, *columns),
            });
        }
        out.extend_from_slice(line.trim_end_matches(' ').as_bytes());
        out.push(b'\n');
        Ok(())
    }
}

impl UserFormat for Table {
    fn begin(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }

    fn page(&mut self, users: &[User], out: &mut Vec<u8>) -> io::Result<()> {
        if self.columns.is_empty() && !users.is_empty() {
            let is_usual = self.chosen.is_empty();
            let (shown, by_weight): (&[_], &[_]) =
                if is_usual { (&COLUMNS, &BY_WEIGHT) } else { (&self.chosen, &self.chosen) };
            self.columns = layout(self.width, shown, by_weight, users)?;
            self.line(|field| Ok(field.title().to_uppercase()), out)?;
        }
        users.iter().try_for_each(|user| self.line(|field| field.cell(user), out))
    }

    fn end(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }
}

/// The columns, as wide as the values of the first page. If the output is too narrow, whole columns are dropped, the least
/// important first, and only then values are cut.
fn layout(width: Width, shown: &[Field], by_weight: &[Field], first: &[User]) -> io::Result<Vec<Column>> {
    let mut all = shown.iter().map(|field| needed(field, first)).collect::<io::Result<Vec<_>>>()?;
    let Width::Columns(width) = width else { return Ok(all) };
    let (mut kept, mut room): (Vec<Column>, _) = (Vec::new(), width);
    for field in by_weight {
        // The same column may be chosen twice.
        let Some(at) = all.iter().position(|column| column.field == *field) else { continue };
        let column = all.swap_remove(at);
        let least = column.columns.min(field.widths().0);
        let gap = if kept.is_empty() { 0 } else { GAP.len() };
        let (columns, rest) = match room.checked_sub(least + gap) {
            Some(rest) => (least, rest),
            // Even the narrowest output names the users.
            None if kept.is_empty() => (room, 0),
            None => continue,
        };
        room = rest;
        kept.push(Column { columns, ..column });
    }
    for column in &mut kept {
        let more = room.min(column.needed.saturating_sub(column.columns));
        column.columns += more;
        room -= more;
    }
    kept.sort_by_key(|column| shown.iter().position(|field| *field == column.field));
    Ok(kept)
}

/// A column with all the width that its values need.
fn needed(field: &Field, first: &[User]) -> io::Result<Column> {
    let (least, most) = field.widths();
    let title = cell::width(&field.title());
    let mut columns = most.max(title);
    if least != most {
        let values = first.iter().map(|user| Ok(cell::width(&field.cell(user)?))).collect::<io::Result<Vec<_>>>()?;
        columns = values.into_iter().max().unwrap_or_default().clamp(title.min(most), most);
    }
    Ok(Column { field: field.clone(), columns, needed: columns })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{anna, bare};
    use super::*;
    use unicode_width::UnicodeWidthStr;

    fn print(width: Width, users: &[User]) -> String {
        let mut out = Vec::new();
        let mut table = Table::new(width, Values::Harmless);
        table.begin(&mut out).unwrap();
        table.page(users, &mut out).unwrap();
        table.end(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn long() -> User {
        User {
            username: "maximiliane.von-und-zu-mustermann".into(),
            email: Some("maximiliane.von-und-zu-mustermann@subsidiary.example.com".into()),
            first_name: Some("Maximiliane Anna Katharina".into()),
            last_name: Some("von und zu Mustermann".into()),
            ..anna()
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_values() {
        let expect = "\
USERNAME  NAME       E-MAIL            ROLE          STATUS       SEAT      LAST ACTIVE
anna      Anna Berg  anna@example.com  system-admin  active       occupied  2026-11-23
bot                                    member        deactivated  free      never
";
        for width in [Width::Columns(100), Width::Columns(87), Width::Unbounded] {
            assert_eq!(print(width, &[anna(), bare()]), expect);
        }
    }

    #[test]
    fn a_narrow_output_drops_columns_before_it_cuts_values() {
        let cases = [
            (160, "USERNAME NAME E-MAIL ROLE STATUS SEAT LAST ACTIVE"),
            (120, "USERNAME E-MAIL ROLE STATUS SEAT LAST ACTIVE"),
            (100, "USERNAME ROLE STATUS SEAT LAST ACTIVE"),
            (80, "USERNAME ROLE STATUS LAST ACTIVE"),
            (60, "USERNAME STATUS LAST ACTIVE"),
            (50, "USERNAME STATUS"),
            (40, "USERNAME"),
        ];
        for (width, titles) in cases {
            let table = print(Width::Columns(width), &[anna(), long()]);
            let mut lines = table.lines();
            let words: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
            assert_eq!(words.join(" "), titles, "{width}");
            assert!(table.contains(&long().username), "{width}: {table}");
        }
    }

    #[test]
    fn a_table_that_is_piped_is_not_cut() {
        let mut far = long();
        far.username = "u".repeat(200);
        far.email = Some(format!("{}@example.com", "e".repeat(300)));
        let table = print(Width::Unbounded, &[anna(), far.clone()]);
        assert!(table.contains(&far.username) && table.contains(far.email.as_deref().unwrap()), "{table}");
        assert!(!table.contains('…'));
    }

    #[test]
    fn no_line_is_wider_than_the_output_or_has_control_characters() {
        let mut hostile = anna();
        hostile.username = "山".repeat(90);
        hostile.first_name = Some("e\u{301}".repeat(90));
        hostile.email = Some("\u{1b}[31m\u{9b}\u{202e}".repeat(20));
        for width in [1, 8, 30, 40, 60, 79, 80, 81, 100, 140, 400] {
            for line in print(Width::Columns(width), &[hostile.clone()]).lines() {
                assert!(line.width() <= width, "{} > {width}: {line}", line.width());
            }
        }
        for width in [Width::Columns(400), Width::Unbounded] {
            let table = print(width, &[hostile.clone()]);
            assert!(!table.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{table}");
        }
    }

    #[test]
    fn raw_values_are_written_as_they_are() {
        let (mut table, mut out) = (Table::new(Width::Unbounded, Values::Raw), Vec::new());
        table.page(&[User { username: "a\u{202e}b".into(), ..anna() }], &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("a\u{202e}b"));
    }

    #[test]
    fn an_empty_page_prints_nothing() {
        assert_eq!(print(Width::Columns(80), &[]), "");
    }

    #[test]
    fn chosen_columns_stand_in_their_order_and_the_last_ones_go_first() {
        let columns =
            ["created_at", "username", "kind", "attributes.auth", "activity"].map(|name| name.parse().unwrap());
        let print = |width| {
            let (mut table, mut out) = (Table::new(width, Values::Harmless).of_columns(columns.to_vec()), Vec::new());
            table.page(&[anna(), bare()], &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let expect = "\
CREATED     USERNAME  KIND    AUTH  ACTIVITY
2024-01-02  anna      member  ldap  known
            bot       bot           never
";
        assert_eq!((print(Width::Unbounded), print(Width::Columns(44))), (expect.to_owned(), expect.to_owned()));
        let narrow = print(Width::Columns(34));
        assert_eq!(narrow.lines().next(), Some("CREATED     USERNAME  KIND    AUTH"));
        assert_eq!(print(Width::Columns(12)).lines().next(), Some("CREATED"));
    }
}
