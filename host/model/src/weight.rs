//! How many bytes a record has.

use crate::attributes::Attributes;
use crate::report::Notice;
use crate::user::User;

/// Bytes of a user without its texts, as the canonical ABI lays it out.
const USER_BYTES: usize = 144;

/// Bytes of a notice without its texts, and of a text without its letters, in the memory of this process.
const NOTICE_BYTES: usize = 160;
const TEXT_BYTES: usize = 24;

/// Bytes of a user in the memory of a provider.
pub fn user(user: &User) -> usize {
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
pub fn notice(notice: &Notice) -> usize {
    let Notice { code, severity: _, message, fix, fields, count: _, subjects, params } = notice;
    let texts =
        [code, message].into_iter().chain(fix).chain(fields).chain(subjects).map(|text| TEXT_BYTES + text.len());
    NOTICE_BYTES + texts.sum::<usize>() + attributes(params)
}

/// Bytes of named texts in the memory of this process.
pub fn attributes(attributes: &Attributes) -> usize {
    attributes.iter().map(|(key, value)| 2 * TEXT_BYTES + key.len() + value.len()).sum()
}
