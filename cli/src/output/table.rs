//! Users as a table. Its columns are set by the first page, since a page is printed when it arrives.

use std::io;

use provider_host::model::User;

use super::cell::{self, fit, pad, printable};
use super::format::{UserFormat, Values, Width};
use super::words::{full_name, last_use};

/// The gap between two columns.
const GAP: &str = "  ";

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Username,
    Name,
    Email,
    Role,
    Status,
    Seat,
    LastUse,
}

impl Field {
    /// From left to right.
    const ALL: [Self; 7] =
        [Self::Username, Self::Name, Self::Email, Self::Role, Self::Status, Self::Seat, Self::LastUse];

    /// By importance: a narrow output keeps the first ones.
    const BY_WEIGHT: [Self; 7] =
        [Self::Username, Self::Status, Self::LastUse, Self::Role, Self::Email, Self::Seat, Self::Name];

    fn title(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Name => "name",
            Self::Email => "e-mail",
            Self::Role => "role",
            Self::Status => "status",
            Self::Seat => "seat",
            Self::LastUse => "last active",
        }
    }

    /// The width that it gets, if its values need it, before another column is dropped, and the most that is reserved for it.
    /// Fixed columns fit their longest value.
    fn widths(self) -> (usize, usize) {
        match self {
            Self::Username => (32, 64),
            Self::Name => (24, 48),
            Self::Email => (32, 64),
            Self::Role => (12, 12),
            Self::Status => (11, 11),
            Self::Seat => (8, 8),
            Self::LastUse => (11, 11),
        }
    }

    fn value(self, user: &User) -> String {
        match self {
            Self::Username => user.username.clone(),
            Self::Name => full_name(user),
            Self::Email => user.email.clone().unwrap_or_default(),
            Self::Role => user.role.clone(),
            Self::Status => user.status.as_str().to_owned(),
            Self::Seat => user.seat.as_str().to_owned(),
            Self::LastUse => last_use(user),
        }
    }
}

/// A table as wide as the output allows.
pub(crate) struct Table {
    width: Width,
    values: Values,
    /// Its columns, from left to right; empty before the first user. The titles are printed with the first user, so that an
    /// error does not follow an empty table.
    columns: Vec<Column>,
}

/// A column and its width. Values of an unbounded table may be longer.
struct Column {
    field: Field,
    columns: usize,
}

impl Table {
    /// A table for an output of this width.
    pub(crate) const fn new(width: Width, values: Values) -> Self {
        Self { width, values, columns: Vec::new() }
    }

    fn line(&self, value: impl Fn(Field) -> String, out: &mut Vec<u8>) {
        let mut line = String::new();
        for (place, Column { field, columns }) in self.columns.iter().enumerate() {
            if place > 0 {
                line.push_str(GAP);
            }
            let text = value(*field);
            line.push_str(&match (self.width, self.values) {
                (Width::Columns(_), _) => fit(&text, *columns),
                (Width::Unbounded, Values::Harmless) => pad(&printable(&text), *columns),
                (Width::Unbounded, Values::Raw) => pad(&text, *columns),
            });
        }
        out.extend_from_slice(line.trim_end_matches(' ').as_bytes());
        out.push(b'\n');
    }
}

impl UserFormat for Table {
    fn begin(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }

    fn page(&mut self, users: &[User], out: &mut Vec<u8>) -> io::Result<()> {
        if self.columns.is_empty() && !users.is_empty() {
            self.columns = layout(self.width, users);
            self.line(|field| field.title().to_uppercase(), out);
        }
        for user in users {
            self.line(|field| field.value(user), out);
        }
        Ok(())
    }

    fn end(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }
}

/// The columns, as wide as the values of the first page. If the output is too narrow, whole columns are dropped, the least
/// important first, and only then values are cut.
fn layout(width: Width, first: &[User]) -> Vec<Column> {
    let needed = |field: Field| {
        let (least, most) = field.widths();
        if least == most {
            return most;
        }
        let values = first.iter().map(|user| cell::width(&field.value(user)));
        values.max().unwrap_or_default().clamp(field.title().len(), most)
    };
    let all = Field::ALL.map(|field| Column { field, columns: needed(field) });
    let Width::Columns(width) = width else { return all.into() };
    let (mut kept, mut room) = (Vec::new(), width);
    for field in Field::BY_WEIGHT {
        let least = needed(field).min(field.widths().0);
        let gap = if kept.is_empty() { 0 } else { GAP.len() };
        match room.checked_sub(least + gap) {
            Some(rest) => {
                kept.push(Column { field, columns: least });
                room = rest;
            }
            // Even the narrowest output names the users.
            None if kept.is_empty() => {
                kept.push(Column { field, columns: room });
                room = 0;
            }
            None => {}
        }
    }
    for column in &mut kept {
        let more = room.min(needed(column.field).saturating_sub(column.columns));
        column.columns += more;
        room -= more;
    }
    kept.sort_by_key(|column| Field::ALL.iter().position(|field| *field == column.field));
    kept
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
}
