//! Users as rows for a spreadsheet: flat columns, the attributes as one JSON object in the last.

use std::io;

use provider_host::model::User;

use super::UserFormat;

/// The columns, named as in the contract.
pub(super) const HEADER: [&str; 17] = [
    "id",
    "username",
    "email",
    "first_name",
    "last_name",
    "status",
    "kind",
    "role",
    "roles",
    "seat",
    "licenses",
    "position",
    "created_at",
    "deactivated_at",
    "activity",
    "last_activity_at",
    "attributes",
];

/// A header row, then one row per user. Values are as the provider gave them: a program that opens the file should take
/// them as text, since a name may begin with `=`.
pub(crate) struct Rows;

impl UserFormat for Rows {
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(HEADER)?;
        writer.flush()
    }

    fn page(&mut self, users: &[User], out: &mut Vec<u8>) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        for user in users {
            writer.write_record(row(user)?)?;
        }
        writer.flush()
    }

    fn end(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }
}

/// One row, in the order of [`HEADER`]. What is unknown is empty; lists are separated by spaces.
pub(super) fn row(user: &User) -> io::Result<[String; HEADER.len()]> {
    let optional = |value: &Option<String>| value.clone().unwrap_or_default();
    let licenses: Vec<&str> = user.licenses.iter().map(|held| held.license_type.as_str()).collect();
    Ok([
        user.id.clone(),
        user.username.clone(),
        optional(&user.email),
        optional(&user.first_name),
        optional(&user.last_name),
        user.status.as_str().to_owned(),
        user.kind.as_str().to_owned(),
        user.role.clone(),
        user.roles.join(" "),
        user.seat.as_str().to_owned(),
        licenses.join(" "),
        optional(&user.position),
        optional(&user.created_at),
        optional(&user.deactivated_at),
        user.activity.as_str().to_owned(),
        optional(&user.last_activity_at),
        serde_json::to_string(&user.attributes)?,
    ])
}

#[cfg(test)]
mod tests {
    use super::super::samples::{anna, bare};
    use super::*;

    #[test]
    fn rows_are_flat_and_quoted_where_needed() {
        let mut out = Vec::new();
        Rows.begin(&mut out).unwrap();
        Rows.page(&[anna()], &mut out).unwrap();
        Rows.page(&[bare()], &mut out).unwrap();
        Rows.end(&mut out).unwrap();
        let expect = concat!(
            "id,username,email,first_name,last_name,status,kind,role,roles,seat,licenses,position,created_at,",
            "deactivated_at,activity,last_activity_at,attributes\n",
            "id1,anna,anna@example.com,Anna,Berg,active,member,system-admin,system_user system_admin,occupied,",
            "enterprise,\"Head of \"\"Everything\"\", Inc.\",2024-01-02T03:04:05.000Z,,known,",
            "2026-11-23T22:00:00.000Z,\"{\"\"auth\"\":\"\"ldap\"\"}\"\n",
            "id2,bot,,,,deactivated,bot,member,,free,,,,2026-01-01T00:00:00.000Z,never,,{}\n",
        );
        assert_eq!(String::from_utf8(out).unwrap(), expect);
    }

    #[test]
    fn a_value_with_line_breaks_stays_one_field() {
        let mut user = bare();
        user.position = Some("a\nb,\"c\"".into());
        let mut out = Vec::new();
        Rows.page(&[user], &mut out).unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_slice());
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), 1);
        assert_eq!(&records[0][11], "a\nb,\"c\"");
    }
}
