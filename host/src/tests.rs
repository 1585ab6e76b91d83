//! What a component must be, and what happens to one that misbehaves: tried with small components that are made here.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one case and reports all others")]

pub(crate) mod component;
mod limits;
mod loading;
mod names;

/// A user with little more than an id.
pub(crate) fn user(id: &str) -> crate::model::User {
    use crate::model::{ActivityKnowledge, SeatUse, User, UserKind, UserStatus};

    User {
        id: id.to_owned(),
        username: id.to_owned(),
        email: None,
        first_name: None,
        last_name: None,
        status: UserStatus::Active,
        kind: UserKind::Member,
        role: "member".to_owned(),
        roles: Vec::new(),
        seat: SeatUse::Occupied,
        licenses: Vec::new(),
        position: None,
        created_at: None,
        deactivated_at: None,
        activity: ActivityKnowledge::Unknown,
        last_activity_at: None,
        attributes: Default::default(),
    }
}
