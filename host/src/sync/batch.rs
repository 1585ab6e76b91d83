//! How many known users go into one call.

use crate::model::User;

/// Bytes of a batch in the memory of a provider: each call copies them there. More than so many users of the usual length take.
const BYTES_AT_MOST: usize = 6 * 1024 * 1024;

/// Users of a batch. Providers ask their product for as many ids at once as it takes, of which batches should be a multiple
/// or a little less: Mattermost takes some 9,310, and 3,103 before 9.5.4 (`ServiceSettings.MaximumPayloadSizeBytes`).
const USERS_AT_MOST: usize = 9_300;

/// Users that are read from the store at a time.
pub(super) const READ_AT_ONCE: u32 = 1_000;

/// Bytes of a record without its texts, as the canonical ABI lays it out.
const RECORD_BYTES: usize = 144;

/// A batch that is filled.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) users: Vec<User>,
    bytes: usize,
}

impl Batch {
    /// Takes a user, if there is room: for one there always is. Returns whether there was.
    pub(super) fn push(&mut self, user: User) -> bool {
        let bytes = self.bytes.saturating_add(weight(&user));
        if !self.users.is_empty() && (bytes > BYTES_AT_MOST || self.users.len() >= USERS_AT_MOST) {
            return false;
        }
        self.bytes = bytes;
        self.users.push(user);
        true
    }
}

/// Bytes of a user in the memory of a provider.
fn weight(user: &User) -> usize {
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
    let optional =
        [email, first_name, last_name, position, created_at, deactivated_at, last_activity_at].into_iter().flatten();
    let listed = roles.iter().map(|role| 8 + role.len());
    let held =
        licenses.iter().map(|held| 20 + held.license_type.len() + held.assigned_at.as_ref().map_or(0, String::len));
    let more = attributes.iter().map(|(key, value)| 16 + key.len() + value.len());
    let texts = [id, username, role].into_iter().chain(optional).map(String::len);
    RECORD_BYTES + texts.chain(listed).chain(held).chain(more).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::user;

    fn filled(users: impl Iterator<Item = User>) -> usize {
        let mut batch = Batch::default();
        users.take_while(|user| batch.push(user.clone())).count()
    }

    #[test]
    fn a_batch_is_bounded_in_users_and_in_bytes() {
        assert_eq!(filled((0..20_000).map(|n| user(&n.to_string()))), USERS_AT_MOST);
        let long = |n: u32| User { position: Some("x".repeat(100_000)), ..user(&n.to_string()) };
        assert_eq!(filled((0..1_000).map(long)), BYTES_AT_MOST / (weight(&long(10))));
        // Somebody who is larger than that goes alone.
        let huge = |n: u32| User { position: Some("x".repeat(2 * BYTES_AT_MOST)), ..user(&n.to_string()) };
        assert_eq!(filled((0..3).map(huge)), 1);
    }

    #[test]
    fn every_text_counts() {
        let bare = user("a");
        let full = User {
            email: Some("e".repeat(100)),
            roles: vec!["r".repeat(100)],
            licenses: vec![crate::model::Assignment {
                license_type: "l".repeat(100),
                assigned_at: Some("a".repeat(100)),
            }],
            attributes: [("k".repeat(100), "v".repeat(100))].into_iter().collect(),
            ..bare.clone()
        };
        assert_eq!(weight(&full) - weight(&bare), 600 + 8 + 20 + 16);
    }
}
