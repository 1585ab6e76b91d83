//! Compares records, and the latest listing in a store with the finished one before it.

use std::collections::HashMap;

use provider_model::User;

use super::batch::READ_AT_ONCE;
use super::step::{ChangedUser, SyncStep};
use crate::Result;
use crate::checkpoint::Kept;
use crate::listing::{Hidden, Keeper};

/// The position in a comparison of two listings, in the order of ids.
#[derive(Debug, Default)]
pub(super) struct DiffCursor {
    after: Option<String>,
    /// Whether all users of the latest listing were compared, so that only those who are gone are left.
    is_at_the_gone: bool,
}

impl DiffCursor {
    /// The next users that differ; `None` when all were returned.
    pub(super) async fn next(&mut self, keeper: &Keeper) -> Result<Option<SyncStep>> {
        loop {
            let of = if self.is_at_the_gone { Kept::Gone } else { Kept::Latest };
            let users = keeper.users(of, self.after.clone(), READ_AT_ONCE).await?;
            let Some(last) = users.last().map(|user| user.id.clone()) else {
                if self.is_at_the_gone {
                    return Ok(None);
                }
                *self = Self { after: None, is_at_the_gone: true };
                continue;
            };
            let step = if self.is_at_the_gone {
                SyncStep { gone: users, ..SyncStep::default() }
            } else {
                let ids = users.iter().map(|user| user.id.clone()).collect();
                // Hidden values were merged when the records arrived.
                compare(users, keeper.find(Kept::Before, ids).await?, &Hidden::default())
            };
            self.after = Some(last);
            if !step.added.is_empty() || !step.changed.is_empty() || !step.gone.is_empty() {
                return Ok(Some(step));
            }
        }
    }
}

/// Compares users with the known ones: returns who is new, and whose record differs. A hidden field keeps its known
/// value. If a user comes twice, the last record counts.
pub(super) fn compare(users: Vec<User>, known: Vec<User>, hidden: &Hidden) -> SyncStep {
    let mut known: HashMap<String, User> = known.into_iter().map(|user| (user.id.clone(), user)).collect();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, user) in users.iter().enumerate() {
        places.insert(user.id.clone(), place);
    }
    let mut step = SyncStep::default();
    for (place, new) in users.into_iter().enumerate() {
        if places.get(&new.id) != Some(&place) {
            continue;
        }
        match known.remove(&new.id) {
            None => step.added.push(new),
            Some(old) => {
                let new = hidden.merge(&old, new);
                if old != new {
                    step.changed.push(ChangedUser { old, new });
                }
            }
        }
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_testing::samples::bare_user as user;

    #[test]
    fn users_are_reported_once_and_only_if_they_differ() {
        let named = |id: &str, name: &str| User { username: name.into(), ..user(id) };
        let step = compare(
            vec![named("a", "new"), user("b"), named("c", "first"), user("d"), named("c", "last")],
            vec![user("a"), user("b"), user("c")],
            &Hidden::default(),
        );
        assert_eq!(step.added, [user("d")]);
        let changed =
            [("a", "new"), ("c", "last")].map(|(id, name)| ChangedUser { old: user(id), new: named(id, name) });
        assert_eq!(step.changed, changed);
    }
}
