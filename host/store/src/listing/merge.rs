//! Merges a record that was read with a token that does not see everything with the kept record.
//!
//! A hidden value is not a change. So a visible value replaces the kept one, and a hidden field keeps the value that
//! was seen last. A field that was never seen stays absent.

use std::collections::HashMap;

use provider_model::{ActivityKnowledge, Attributes, HiddenField, SeatUse, User, UserKind, UserStatus};

/// The fields that are hidden in one listing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hidden {
    /// Each hidden field, with the ids that may be its real value; an empty list means any.
    fields: HashMap<String, Vec<String>>,
    /// The described roles, the highest first.
    roles: Vec<String>,
}

/// Adds hidden fields to a list that has each field once. Returns whether that added anything.
pub(crate) fn learn(known: &mut Vec<HiddenField>, fields: &[HiddenField]) -> bool {
    let mut is_news = false;
    for HiddenField { name, may_be } in fields {
        match known.iter_mut().find(|field| field.name == *name) {
            None => {
                known.push(HiddenField { name: name.clone(), may_be: may_be.clone() });
                is_news = true;
            }
            // An empty list means any value.
            Some(field) if field.may_be.is_empty() => {}
            Some(field) if may_be.is_empty() => {
                field.may_be.clear();
                is_news = true;
            }
            Some(field) => {
                let more = may_be.iter().filter(|id| !field.may_be.contains(id)).cloned().collect::<Vec<_>>();
                is_news |= !more.is_empty();
                field.may_be.extend(more);
            }
        }
    }
    is_news
}

impl Hidden {
    /// Makes it from the hidden fields and the product's roles, the highest first.
    pub(crate) fn new(fields: &[HiddenField], roles: &[String]) -> Self {
        let fields = fields.iter().map(|field| (field.name.clone(), field.may_be.clone())).collect();
        Self { fields, roles: roles.to_vec() }
    }

    /// Whether no field is hidden.
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Merges the records of users with the kept ones, as far as there are any.
    pub(crate) fn merge_all(&self, users: &mut [User], kept: Vec<User>) {
        let kept: HashMap<String, User> = kept.into_iter().map(|user| (user.id.clone(), user)).collect();
        for user in users {
            if let Some(old) = kept.get(&user.id) {
                *user = self.merge(old, user.clone());
            }
        }
    }

    fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Merges a fresh record of a user with the kept one.
    pub(crate) fn merge(&self, kept: &User, fresh: User) -> User {
        if self.fields.is_empty() {
            return fresh;
        }
        let mut user = fresh;
        if self.has("username") && user.username.is_empty() {
            user.username.clone_from(&kept.username);
        }
        for (name, value, old) in [
            ("email", &mut user.email, &kept.email),
            ("first-name", &mut user.first_name, &kept.first_name),
            ("last-name", &mut user.last_name, &kept.last_name),
            ("position", &mut user.position, &kept.position),
            ("created-at", &mut user.created_at, &kept.created_at),
        ] {
            if value.is_none() && self.has(name) {
                value.clone_from(old);
            }
        }
        if self.has("roles") && user.roles.is_empty() {
            user.roles.clone_from(&kept.roles);
        }
        self.role(kept, &mut user);
        self.activity(kept, &mut user);
        self.seat(kept, &mut user);
        self.attributes(&kept.attributes, &mut user.attributes);
        user
    }

    /// If a higher role may be hidden, the visible role is only a lower bound. A guest who became a member, or a member
    /// who became a guest, is a visible change.
    fn role(&self, kept: &User, user: &mut User) {
        let place = |role: &str| self.roles.iter().position(|id| id == role);
        let may_be_kept = self.fields.get("role").is_some_and(|ids| ids.is_empty() || ids.contains(&kept.role));
        let is_lower = match (place(&kept.role), place(&user.role)) {
            (Some(kept), Some(fresh)) => fresh > kept,
            (Some(_) | None, _) => false,
        };
        if may_be_kept && is_lower && is_guest(kept) == is_guest(user) {
            user.role.clone_from(&kept.role);
        }
    }

    /// Whether an account is deactivated is visible; whether it is in use follows from its activity. Hidden activity
    /// cannot be earlier than the one that was seen.
    fn activity(&self, kept: &User, user: &mut User) {
        let is_hidden = self.has("activity") || self.has("last-activity-at");
        let is_later = match (kept.activity, user.activity) {
            (_, ActivityKnowledge::Unknown) => true,
            (ActivityKnowledge::Known, ActivityKnowledge::Never) => true,
            (ActivityKnowledge::Known, ActivityKnowledge::Known) => kept.last_activity_at > user.last_activity_at,
            (ActivityKnowledge::Never | ActivityKnowledge::Unknown, _) => false,
        };
        let keeps = is_hidden && is_later;
        if keeps {
            user.activity = kept.activity;
            user.last_activity_at.clone_from(&kept.last_activity_at);
        }
        match (kept.status, user.status) {
            (UserStatus::Deactivated, UserStatus::Deactivated) => {
                if user.deactivated_at.is_none() && self.has("deactivated-at") {
                    user.deactivated_at.clone_from(&kept.deactivated_at);
                }
            }
            (UserStatus::Deactivated, _) | (_, UserStatus::Deactivated) => {}
            (status, _) if keeps => user.status = status,
            (UserStatus::Active | UserStatus::Inactive, _) => {}
        }
    }

    /// Merges the seat with its licences. A user with a visible licence takes a seat.
    fn seat(&self, kept: &User, user: &mut User) {
        let contradicts = kept.seat == SeatUse::Free && !user.licenses.is_empty();
        if self.has("seat") && user.seat == SeatUse::Unknown && !contradicts {
            user.seat = kept.seat;
        }
        if self.has("licenses") && user.licenses.is_empty() && user.seat != SeatUse::Free {
            user.licenses.clone_from(&kept.licenses);
        }
    }

    fn attributes(&self, kept: &Attributes, fresh: &mut Attributes) {
        let is_kept = |key: &str| self.has("attributes") || self.has(&format!("attributes.{key}"));
        let hidden = kept.iter().filter(|(key, _)| !fresh.contains_key(key) && is_kept(key));
        let hidden: Vec<(String, String)> = hidden.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        if !hidden.is_empty() {
            let mut all = Vec::from(std::mem::take(fresh));
            all.extend(hidden);
            *fresh = Attributes::from(all);
        }
    }
}

fn is_guest(user: &User) -> bool {
    user.kind == UserKind::Guest
}

#[cfg(test)]
mod tests;
