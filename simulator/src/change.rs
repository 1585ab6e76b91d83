//! Changes of accounts during a listing.

use crate::Matcher;

/// A change that comes in the middle of a listing. It is applied once, right before the answer that follows `after`
/// answers to requests that match `on`; answers that a fault replaced do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How many matching requests are answered before.
    pub after: u32,
    /// Which requests count.
    pub on: Matcher,
    /// What changes.
    pub what: ChangeKind,
}

/// What changes. A place is the present one in the list by username, from 0 and modulo the list's length. The owners of
/// the tokens never change, nor does an account to which the change would do nothing: the next one in the list does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A new member, who joins a team. The name is made lower case, and gets a number where it is taken.
    Create {
        /// The username.
        username: String,
    },
    /// A new bot, likewise. Bots join no team.
    CreateBot {
        /// The username.
        username: String,
    },
    /// Another name, and with it another place in the list. The e-mail address stays.
    Rename {
        /// Whose.
        place: u32,
        /// The new username, made lower case and unique.
        username: String,
    },
    /// The account is deactivated and stays in the list.
    Deactivate {
        /// Whose; the first that is active from there.
        place: u32,
    },
    /// The account is active again.
    Reactivate {
        /// Whose; the first that is deactivated from there.
        place: u32,
    },
    /// A member becomes a system administrator, or such a one a member.
    Promote {
        /// Whose; the first that is either from there.
        place: u32,
    },
    /// A member becomes an administrator of the own team, or ceases to be one. The account itself does not change.
    RunTeam {
        /// Whose; the first that is a member from there.
        place: u32,
    },
    /// Somebody works with the server. The account is not changed, but for its status.
    Use {
        /// Whose; the first that is active from there.
        place: u32,
    },
    /// An account joins a team, which the account itself does not show.
    JoinTeam {
        /// Whose; the first that is not in it from there.
        place: u32,
        /// Which, in the order in which they were made and modulo their number.
        team: u32,
    },
    /// An account leaves a team. The membership stays, with the time at which it ended.
    LeaveTeam {
        /// Whose; the first that is in it from there.
        place: u32,
        /// Which, likewise.
        team: u32,
    },
    /// A guest leaves the channel that everybody of the team is in, and shares none with others.
    LeaveChannel {
        /// Whose; the first that is a guest from there.
        place: u32,
    },
    /// A member becomes a guest.
    MakeGuest {
        /// Whose; the first that is a member from there.
        place: u32,
    },
    /// Somebody signs in, which changes the account and does not take its profile out of the server's cache.
    SignIn {
        /// Whose; the first that is active from there.
        place: u32,
    },
    /// The account is deleted for good, and its memberships and its row among the bots remain.
    Orphan {
        /// Whose.
        place: u32,
    },
    /// The account is deleted for good, as an administrator does on the server's command line: no route knows it any
    /// more.
    Delete {
        /// Whose.
        place: u32,
    },
}

/// The changes that are still to come, with how many answers each has waited for.
#[derive(Debug)]
pub(crate) struct Pending(Vec<(Change, u32)>);

impl Pending {
    pub(crate) fn new(changes: Vec<Change>) -> Self {
        Self(changes.into_iter().map(|change| (change, 0)).collect())
    }

    /// What is due before this request is answered. The answer counts for those that are not.
    pub(crate) fn due(&mut self, path_and_query: &str) -> Vec<ChangeKind> {
        let mut due = Vec::new();
        self.0.retain_mut(|(change, waited)| {
            let is_due = change.on.matches(path_and_query) && *waited >= change.after;
            if is_due {
                due.push(change.what.clone());
            } else if change.on.matches(path_and_query) {
                *waited = waited.saturating_add(1);
            }
            !is_due
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_comes_once_and_after_so_many_answers() {
        let delete = |place| ChangeKind::Delete { place };
        let on = || "/users?".into();
        let mut pending = Pending::new(vec![
            Change { after: 2, on: on(), what: delete(1) },
            Change { after: 0, on: on(), what: delete(2) },
            Change { after: 2, on: on(), what: delete(3) },
        ]);
        let paths = ["/teams", "/users?page=0", "/users?page=1", "/users/me", "/users?page=2", "/users?page=3"];
        let due: Vec<_> = paths.iter().map(|path| pending.due(path)).collect();
        assert_eq!(due, [vec![], vec![delete(2)], vec![], vec![], vec![delete(1), delete(3)], vec![]]);
    }
}
