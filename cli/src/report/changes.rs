//! What changed between two complete listings.

use std::collections::BTreeMap;

use provider_host::ChangedUser;
use provider_host::model::{SeatUse, User};

/// What changed since an earlier listing.
pub(crate) struct Changes<'a> {
    /// Who is new, by username.
    pub(crate) added: Vec<&'a User>,
    /// Who is gone, by username.
    pub(crate) gone: Vec<&'a User>,
    /// Whose role is another: the earlier record and the present one, by username.
    pub(crate) roles: Vec<(&'a User, &'a User)>,
    /// How many took a seat, new accounts included.
    pub(crate) seats_taken: u64,
    /// How many left a seat, accounts that are gone included.
    pub(crate) seats_freed: u64,
    /// How many accounts differ in each field, the most first.
    pub(crate) fields: Vec<(String, u64)>,
}

impl<'a> Changes<'a> {
    /// What changed between the two.
    pub(crate) fn between(earlier: &'a [User], now: &'a [User]) -> Self {
        let by_id = |users: &'a [User]| users.iter().map(|user| (user.id.as_str(), user)).collect::<BTreeMap<_, _>>();
        let (old, new) = (by_id(earlier), by_id(now));
        let mut changes = Self {
            added: new.iter().filter(|(id, _)| !old.contains_key(*id)).map(|(_, user)| *user).collect(),
            gone: old.iter().filter(|(id, _)| !new.contains_key(*id)).map(|(_, user)| *user).collect(),
            roles: Vec::new(),
            seats_taken: 0,
            seats_freed: 0,
            fields: Vec::new(),
        };
        let holds = |user: Option<&&User>| user.is_some_and(|user| user.seat == SeatUse::Occupied);
        let mut fields: BTreeMap<String, u64> = BTreeMap::new();
        for (id, user) in &new {
            let before = old.get(id);
            changes.seats_taken += u64::from(holds(Some(user)) && !holds(before));
            changes.seats_freed += u64::from(!holds(Some(user)) && holds(before));
            let Some(before) = before.filter(|before| before != &user) else { continue };
            if before.role != user.role {
                changes.roles.push((before, user));
            }
            let pair = ChangedUser { old: (*before).clone(), new: (*user).clone() };
            for change in pair.fields() {
                let accounts = fields.entry(change.field).or_default();
                *accounts = accounts.saturating_add(1);
            }
        }
        changes.seats_freed += u64::try_from(changes.gone.iter().filter(|user| holds(Some(user))).count()).unwrap_or(0);
        changes.fields = fields.into_iter().collect();
        changes.fields.sort_by(|(a, most), (b, other)| other.cmp(most).then_with(|| a.cmp(b)));
        let by_name = |users: &mut Vec<&User>| users.sort_by(|a, b| (&a.username, &a.id).cmp(&(&b.username, &b.id)));
        by_name(&mut changes.added);
        by_name(&mut changes.gone);
        changes.roles.sort_by(|(_, a), (_, b)| (&a.username, &a.id).cmp(&(&b.username, &b.id)));
        changes
    }

    /// Whether nothing changed at all.
    pub(crate) const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.gone.is_empty() && self.fields.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{days_ago, member};
    use super::*;

    #[test]
    fn changes_name_who_came_left_and_changed() {
        let free = |user: User| User { seat: SeatUse::Free, ..user };
        let earlier = [
            member("anna"),
            member("bob"),
            free(member("carl")),
            member("dora"),
            days_ago("emil", 9),
            free(member("left-free")),
        ];
        let now = [
            member("anna"),
            User { role: "team-admin".into(), ..member("bob") },
            member("carl"),
            days_ago("emil", 2),
            member("new"),
            free(member("new-bot")),
        ];
        let changes = Changes::between(&earlier, &now);
        let names = |users: &[&User]| users.iter().map(|user| user.username.clone()).collect::<Vec<_>>();
        assert_eq!(names(&changes.added), ["new", "new-bot"]);
        assert_eq!(names(&changes.gone), ["dora", "left-free"]);
        let roles: Vec<_> = changes.roles.iter().map(|(old, new)| (old.role.as_str(), new.role.as_str())).collect();
        assert_eq!(roles, [("member", "team-admin")]);
        assert_eq!((changes.seats_taken, changes.seats_freed), (2, 1));
        let fields: Vec<_> = changes.fields.iter().map(|(field, accounts)| (field.as_str(), *accounts)).collect();
        assert_eq!(fields, [("last_activity_at", 1), ("role", 1), ("seat", 1)]);
        assert!(!changes.is_empty());
        assert!(Changes::between(&now, &now).is_empty());
    }
}
