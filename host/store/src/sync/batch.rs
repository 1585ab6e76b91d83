//! How many known users are passed in one call.

use provider_model::User;
use provider_model::weight::user as weight;

/// The most bytes of a batch: each call copies them into the provider's memory. [`USERS_AT_MOST`] users of the usual
/// size take less.
const BYTES_AT_MOST: usize = 6 * 1024 * 1024;

/// The most users of a batch. Providers send their product as many ids at once as the body of a request may hold, and
/// products limit that to some hundred kilobytes: less than ten thousand ids of 26 letters or more. A few users more
/// than one request takes would cost a second request for each batch.
const USERS_AT_MOST: usize = 9_300;

/// Users that are read from the store at a time.
pub(super) const READ_AT_ONCE: u32 = 1_000;

/// A batch that is being filled.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) users: Vec<User>,
    bytes: usize,
}

impl Batch {
    /// Adds a user if there is room; an empty batch takes any user. Returns whether there was room.
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

#[cfg(test)]
mod tests {
    use super::*;
    use provider_testing::samples::bare_user as user;

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
}
