//! Users as a table. Its columns are set before the first user comes, since a page is printed when it arrives.

use std::io;

use provider_host::model::User;

use super::UserFormat;
use super::cell::{cut, fit};
use super::words::{full_name, last_use};

/// What lies between two columns.
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

    /// What goes first where the output is too narrow for all.
    const DROPPED_FIRST: [Self; 5] = [Self::Name, Self::Seat, Self::Email, Self::Role, Self::LastUse];

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

    /// The least and the most columns that it may take. The fixed ones hold their longest value.
    fn widths(self) -> (usize, usize) {
        match self {
            Self::Username => (8, 26),
            Self::Name => (8, 28),
            Self::Email => (10, 40),
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
    columns: Vec<(Field, usize)>,
    head: Head,
}

/// Whether the row of titles is out: it comes with the first user, so that an error is not below an empty table.
#[derive(PartialEq, Eq)]
enum Head {
    Due,
    Printed,
}

impl Table {
    /// For an output of so many columns.
    pub(crate) fn new(width: usize) -> Self {
        Self { columns: layout(width), head: Head::Due }
    }

    fn line(&self, value: impl Fn(Field) -> String, out: &mut Vec<u8>) {
        let mut line = String::new();
        for (place, (field, width)) in self.columns.iter().enumerate() {
            if place > 0 {
                line.push_str(GAP);
            }
            let last = place + 1 == self.columns.len();
            let text = value(*field);
            line.push_str(&if last { cut(&text, *width) } else { fit(&text, *width) });
        }
        out.extend_from_slice(line.trim_end().as_bytes());
        out.push(b'\n');
    }
}

impl UserFormat for Table {
    fn begin(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }

    fn page(&mut self, users: &[User], out: &mut Vec<u8>) -> io::Result<()> {
        if self.head == Head::Due && !users.is_empty() {
            self.head = Head::Printed;
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

/// The columns that fit, with their widths. Room that is left goes to the three that vary, in turns: addresses are
/// longer than names, so that theirs is twice as much.
fn layout(width: usize) -> Vec<(Field, usize)> {
    let mut columns: Vec<(Field, usize)> = Field::ALL.into_iter().map(|field| (field, field.widths().0)).collect();
    for dropped in Field::DROPPED_FIRST {
        if total(&columns) <= width {
            break;
        }
        columns.retain(|(field, _)| *field != dropped);
    }
    let mut room = width.saturating_sub(total(&columns));
    loop {
        let before = room;
        for (field, columns) in &mut columns {
            let share = if *field == Field::Email { 2 } else { 1 };
            let more = share.min(room).min(field.widths().1 - *columns);
            *columns += more;
            room -= more;
        }
        if room == before {
            return columns;
        }
    }
}

fn total(columns: &[(Field, usize)]) -> usize {
    columns.iter().map(|(_, width)| width).sum::<usize>() + GAP.len() * columns.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{anna, bare};
    use super::*;
    use unicode_width::UnicodeWidthStr;

    fn print(width: usize, users: &[User]) -> String {
        let mut out = Vec::new();
        let mut table = Table::new(width);
        table.begin(&mut out).unwrap();
        table.page(users, &mut out).unwrap();
        table.end(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_terminal_of_eighty_columns_shows_every_column() {
        let expect = "\
USERNAME  NAME      E-MAIL      ROLE          STATUS       SEAT      LAST ACTIVE
anna      Anna Be…  anna@exam…  system-admin  active       occupied  2026-11-23
bot                             member        deactivated  free      never
";
        assert_eq!(print(80, &[anna(), bare()]), expect);
    }

    #[test]
    fn no_line_is_wider_than_the_output() {
        let mut hostile = anna();
        hostile.username = "山".repeat(90);
        hostile.first_name = Some("e\u{301}".repeat(90));
        hostile.email = Some("\u{1b}[31m".repeat(20));
        for width in [30, 40, 60, 79, 80, 81, 100, 140, 400] {
            for line in print(width, &[hostile.clone()]).lines() {
                assert!(line.width() <= width, "{} > {width}: {line}", line.width());
                assert!(!line.contains('\u{1b}'));
            }
        }
    }

    #[test]
    fn a_narrow_output_drops_columns_in_order() {
        let shown = |width| layout(width).into_iter().map(|(field, _)| field).collect::<Vec<_>>();
        assert!(!shown(79).contains(&Field::Name));
        assert!(shown(79).contains(&Field::Seat));
        assert_eq!(shown(1), [Field::Username, Field::Status]);
    }

    #[test]
    fn nobody_prints_nothing() {
        assert_eq!(print(80, &[]), "");
    }
}
