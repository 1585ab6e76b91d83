//! Formats the changes that a sync found.

use std::io;

use provider_host::SyncStep;
use provider_host::model::{FieldChange, User};
use serde::Serialize;
use serde_json::Value;

use super::cell::{cut, fit, pad, printable, width};
use super::csv::{HEADER, Writer, row, write_titles};
use super::exact;
use super::format::{ListingFormat, Values, Width};
use super::words::day;
use crate::screen::{Colour, Tone};

/// What became of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    Added,
    Changed,
    Gone,
}

impl What {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Gone => "gone",
        }
    }

    const fn tone(self) -> Tone {
        match self {
            Self::Added => Tone::Good,
            Self::Changed => Tone::Warning,
            Self::Gone => Tone::Bad,
        }
    }
}

/// A user that a sync found.
#[derive(Serialize)]
struct Found<'a> {
    change: What,
    user: &'a User,
    /// The fields that differ, in the contract's order; empty for a user who is added or gone.
    fields: Vec<FieldChange>,
}

/// The users that a step found, those who are gone last.
fn found(step: &SyncStep) -> impl Iterator<Item = Found<'_>> {
    let whole = |change, user| Found { change, user, fields: Vec::new() };
    let added = step.added.iter().map(move |user| whole(What::Added, user));
    let changed = step.changed.iter().map(|changed| {
        let mut fields = changed.fields();
        fields.sort_by_key(|change| HEADER.iter().position(|name| *name == change.field).unwrap_or(HEADER.len()));
        Found { change: What::Changed, user: &changed.new, fields }
    });
    let gone = step.gone.iter().map(move |user| whole(What::Gone, user));
    added.chain(changed).chain(gone)
}

/// Formats a sync. Each method appends to `out`, which the caller writes and flushes.
pub(crate) trait ChangeFormat {
    /// Appends what precedes the first user.
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()>;
    /// Appends what one step found.
    fn step(&mut self, step: &SyncStep, out: &mut Vec<u8>) -> io::Result<()>;
    /// Appends what follows the last user, also if the sync broke off.
    fn end(&mut self, out: &mut Vec<u8>) -> io::Result<()>;
}

/// The format for an output of this width.
pub(crate) fn change_format(
    format: ListingFormat,
    width: Width,
    colour: Colour,
    values: Values,
) -> Box<dyn ChangeFormat> {
    match format {
        ListingFormat::Table => Box::new(Table { width, colour, values, username: None }),
        ListingFormat::Json => Box::new(Array { is_begun: false }),
        ListingFormat::Ndjson => Box::new(Lines),
        ListingFormat::Csv => Box::new(Rows { values }),
    }
}

/// One line per user: the change, the username and, for a changed user, the fields.
struct Table {
    width: Width,
    colour: Colour,
    values: Values,
    /// The columns of the username, set by the first step that finds a user.
    username: Option<usize>,
}

/// The columns of the change.
const WHAT: usize = 7;

/// The most columns that are reserved for a username: the longest that products allow.
const USERNAME: usize = 64;

/// The fewest columns in which details are useful.
const DETAILS: usize = 10;

/// The text between two columns.
const GAP: &str = "  ";

impl Table {
    fn line(&self, what: &str, tone: Option<Tone>, username: &str, details: &str) -> String {
        let what = pad(what, WHAT);
        let what = tone.map_or_else(|| what.clone(), |tone| self.colour.paint(tone, &what));
        let name = self.username.unwrap_or_default();
        let mut line = match (self.width, self.values) {
            (Width::Unbounded, Values::Raw) => [what, pad(username, name), details.to_owned()].join(GAP),
            (Width::Unbounded, Values::Harmless) => {
                [what, pad(&printable(username), name), printable(details).into_owned()].join(GAP)
            }
            (Width::Columns(columns), _) => {
                let most = columns.saturating_sub(WHAT + GAP.len());
                let (name, room) = (name.min(most), most.saturating_sub(name + GAP.len()));
                let details = if room < DETAILS { String::new() } else { cut(details, room) };
                [what, fit(username, name), details].join(GAP)
            }
        };
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    }
}

impl ChangeFormat for Table {
    fn begin(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, step: &SyncStep, out: &mut Vec<u8>) -> io::Result<()> {
        // The titles are printed with the first user, so that no error is below an empty table.
        let longest = found(step).map(|found| width(&found.user.username)).max();
        if let (None, Some(longest)) = (self.username, longest) {
            self.username = Some(longest.clamp("USERNAME".len(), USERNAME));
            out.extend_from_slice(self.line("CHANGE", None, "USERNAME", "DETAILS").as_bytes());
        }
        for found in found(step) {
            let details = match found.change {
                What::Added | What::Gone => portrait(found.user),
                What::Changed => found.fields.iter().map(how).collect::<Vec<_>>().join("; "),
            };
            let line = self.line(found.change.as_str(), Some(found.change.tone()), &found.user.username, &details);
            out.extend_from_slice(line.as_bytes());
        }
        Ok(())
    }

    fn end(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }
}

/// `anna@example.com, member, active, seat occupied`.
fn portrait(user: &User) -> String {
    let seat = format!("seat {}", user.seat);
    let known = [user.email.as_deref(), Some(&user.role), Some(user.status.as_str()), Some(&seat)];
    known.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `position: Editor -> Head`.
fn how(change: &FieldChange) -> String {
    let FieldChange { field, old, new } = change;
    let (was, is) = (shown(old), shown(new));
    // If two instants are on different days, the days are enough.
    let (was_on, is_on) = (day(&was), day(&is));
    let (was, is) = if was_on == is_on { (was, is) } else { (was_on, is_on) };
    format!("{}: {} -> {}", printable(field), printable(&was), printable(&is))
}

/// A value on one line: the items of a list, or the license type of an assignment.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(" "),
        Value::Object(fields) => {
            let known = fields.get("license_type").and_then(Value::as_str);
            known.map_or_else(|| value.to_string(), str::to_owned)
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// One array with one user per line, which is always closed.
struct Array {
    is_begun: bool,
}

impl ChangeFormat for Array {
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        out.push(b'[');
        Ok(())
    }

    fn step(&mut self, step: &SyncStep, out: &mut Vec<u8>) -> io::Result<()> {
        for found in found(step) {
            out.extend_from_slice(if self.is_begun { b",\n" } else { b"\n" });
            exact::push(&found, out)?;
            self.is_begun = true;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        out.extend_from_slice(if self.is_begun { b"\n]\n" } else { b"]\n" });
        Ok(())
    }
}

/// One user per line.
struct Lines;

impl ChangeFormat for Lines {
    fn begin(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, step: &SyncStep, out: &mut Vec<u8>) -> io::Result<()> {
        for found in found(step) {
            exact::push(&found, out)?;
            out.push(b'\n');
        }
        Ok(())
    }

    fn end(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }
}

/// The change, the columns of a user, and the changed fields as one JSON array.
struct Rows {
    values: Values,
}

impl ChangeFormat for Rows {
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        write_titles(["change"].into_iter().chain(HEADER).chain(["fields"]), out)
    }

    fn step(&mut self, step: &SyncStep, out: &mut Vec<u8>) -> io::Result<()> {
        let mut writer = Writer::new(self.values, out);
        for found in found(step) {
            let mut fields = Vec::new();
            if !found.fields.is_empty() {
                exact::push(&found.fields, &mut fields)?;
            }
            let fields = String::from_utf8(fields).map_err(io::Error::other)?;
            let columns = [found.change.as_str().to_owned()].into_iter().chain(row(found.user)?).chain([fields]);
            writer.row(columns)?;
        }
        writer.finish()
    }

    fn end(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{anna, bare};
    use super::*;
    use provider_host::ChangedUser;

    fn step() -> SyncStep {
        let mut new = anna();
        new.position = None;
        new.roles.pop();
        new.role = "member".into();
        new.licenses.clear();
        new.last_activity_at = Some("2026-11-24T07:00:00.000Z".into());
        new.attributes = Default::default();
        let changed = vec![ChangedUser { old: anna(), new }];
        SyncStep { added: vec![anna()], changed, gone: vec![bare()], ..SyncStep::default() }
    }

    fn print(format: ListingFormat, width: Width, steps: &[SyncStep]) -> String {
        let (mut format, mut out) = (change_format(format, width, Colour::Off, Values::Harmless), Vec::new());
        format.begin(&mut out).unwrap();
        steps.iter().for_each(|step| format.step(step, &mut out).unwrap());
        format.end(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_has_a_line_for_each_user_and_the_fields_in_the_contracts_order() {
        let table = print(ListingFormat::Table, Width::Unbounded, &[SyncStep::default(), step(), SyncStep::default()]);
        let expect = "\
CHANGE   USERNAME  DETAILS
added    anna      anna@example.com, system-admin, active, seat occupied
changed  anna      role: system-admin -> member; roles: system_user system_admin -> system_user; licenses: enterprise -> none; position: Head of \"Everything\", Inc. -> none; last_activity_at: 2026-11-23 -> 2026-11-24; attributes.auth: ldap -> none
gone     bot       member, deactivated, seat free
";
        assert_eq!(table, expect);
        assert_eq!(print(ListingFormat::Table, Width::Columns(80), &[SyncStep::default()]), "");
    }

    #[test]
    fn a_username_is_not_cut_and_a_line_fits_the_output_and_does_not_control_it() {
        let mut long = step();
        long.added[0].username = "maximiliane.von-und-zu-mustermann".into();
        assert!(print(ListingFormat::Table, Width::Columns(60), &[long]).contains("maximiliane.von-und-zu-mustermann"));
        let mut step = step();
        step.added[0].username = "\u{1b}[31m山".repeat(40);
        step.changed[0].new.position = Some("\u{1b}[2J\n".repeat(60));
        for columns in [20, 40, 80, 120] {
            for line in print(ListingFormat::Table, Width::Columns(columns), std::slice::from_ref(&step)).lines() {
                assert!(unicode_width::UnicodeWidthStr::width(line) <= columns && !line.contains('\u{1b}'), "{line}");
            }
        }
    }

    #[test]
    fn instants_are_shown_as_days_if_the_days_differ() {
        let at = |text: &str| Value::from(text);
        let cases = [
            (at("2026-11-23T22:00:00.000Z"), at("2026-11-24T07:00:00.000Z"), "a: 2026-11-23 -> 2026-11-24"),
            (
                at("2026-11-23T22:00:00.000Z"),
                at("2026-11-23T23:00:00.000Z"),
                "a: 2026-11-23T22:00:00.000Z -> 2026-11-23T23:00:00.000Z",
            ),
            (Value::Null, at("2026-11-23T23:00:00.000Z"), "a: none -> 2026-11-23"),
            (at("x"), Value::Bool(true), "a: x -> true"),
        ];
        for (old, new, expect) in cases {
            assert_eq!(how(&FieldChange { field: "a".into(), old, new }), expect);
        }
    }

    #[test]
    fn programs_get_the_user_and_both_values_of_each_field() {
        let steps = [step(), SyncStep::default(), step()];
        let lines = print(ListingFormat::Ndjson, Width::Columns(80), &steps);
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let array: Vec<Value> = serde_json::from_str(&print(ListingFormat::Json, Width::Columns(80), &steps)).unwrap();
        assert_eq!((lines.len(), &lines), (6, &array));
        assert_eq!(
            lines.iter().map(|line| line["change"].as_str().unwrap()).collect::<Vec<_>>()[..3],
            ["added", "changed", "gone"]
        );
        assert_eq!(lines[1]["user"]["role"], "member");
        assert_eq!(lines[1]["fields"][0], serde_json::json!({"field": "role", "old": "system-admin", "new": "member"}));
        assert_eq!(print(ListingFormat::Json, Width::Columns(80), &[]), "[]\n");

        let csv = print(ListingFormat::Csv, Width::Columns(80), &steps[..1]);
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        assert_eq!(reader.headers().unwrap().iter().next_back(), Some("fields"));
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(
            rows.iter().map(|row| (&row[0], &row[2])).collect::<Vec<_>>(),
            [("added", "anna"), ("changed", "anna"), ("gone", "bot")]
        );
        assert!(rows[1][18].contains("\"system-admin\"") && rows[0][18].is_empty());
    }
}
