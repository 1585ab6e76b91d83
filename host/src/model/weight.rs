//! How many bytes a record has.

use super::attributes::Attributes;
use super::report::Notice;
use super::user::User;

/// Bytes of a user without its texts, as the canonical ABI lays it out.
const USER_BYTES: usize = 144;

/// Bytes of a notice without its texts, and of a text without its letters, in the memory of this process.
const NOTICE_BYTES: usize = 160;
const TEXT_BYTES: usize = 24;

/// Bytes of a user in the memory of a provider.
pub(crate) fn user(user: &User) -> usize {
    let User {
        id,
        username,
        email,
        first_name,
        last_name,
        status: _,
        kind: _,
        role,
        roles,
        seat: _,
        licenses,
        position,
        created_at,
        deactivated_at,
        activity: _,
        last_activity_at,
        attributes,
    } = user;
    let optional = [email, first_name, last_name, position, created_at, deactivated_at, last_activity_at];
    let mut bytes = USER_BYTES + id.len() + username.len() + role.len();
    for text in optional.into_iter().flatten() {
        bytes += text.len();
    }
    for role in roles {
        bytes += 8 + role.len();
    }
    for held in licenses {
        bytes += 20 + held.license_type.len() + held.assigned_at.as_ref().map_or(0, String::len);
    }
    for (key, value) in attributes.iter() {
        bytes += 16 + key.len() + value.len();
    }
    bytes
}

/// Bytes of a notice in the memory of this process.
pub(crate) fn notice(notice: &Notice) -> usize {
    let Notice { code, severity: _, message, fix, fields, count: _, subjects, params } = notice;
    let texts =
        [code, message].into_iter().chain(fix).chain(fields).chain(subjects).map(|text| TEXT_BYTES + text.len());
    NOTICE_BYTES + texts.sum::<usize>() + attributes(params)
}

/// Bytes of named texts in the memory of this process.
pub(crate) fn attributes(attributes: &Attributes) -> usize {
    attributes.iter().map(|(key, value)| 2 * TEXT_BYTES + key.len() + value.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Assignment;
    use crate::model::samples;

    #[test]
    fn every_text_of_a_user_counts() {
        let bare = crate::tests::user("a");
        let full = User {
            email: Some("e".repeat(100)),
            roles: vec!["r".repeat(100)],
            licenses: vec![Assignment { license_type: "l".repeat(100), assigned_at: Some("a".repeat(100)) }],
            attributes: [("k".repeat(100), "v".repeat(100))].into_iter().collect(),
            ..bare.clone()
        };
        assert_eq!(user(&full) - user(&bare), 600 + 8 + 20 + 16);
    }

    #[test]
    fn every_text_of_a_notice_counts() {
        let bare = samples::notice("", &[]);
        let full = Notice {
            code: "c".repeat(100),
            message: bare.message.clone() + &"m".repeat(100),
            fix: Some("f".repeat(100)),
            fields: vec!["f".repeat(100)],
            subjects: vec!["s".repeat(100)],
            params: [("k".repeat(100), "v".repeat(100))].into_iter().collect(),
            ..bare.clone()
        };
        assert_eq!(notice(&full) - notice(&bare), 700 + 5 * TEXT_BYTES);
    }
}
