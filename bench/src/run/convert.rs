//! The core's records as the host's, field by field, as the host converts what a component returns.

use mattermost_provider::contract;
use provider_host::model;

macro_rules! cases {
    ($($function:ident $name:ident { $($case:ident),+ })+) => {$(
        const fn $function(value: contract::$name) -> model::$name {
            match value { $(contract::$name::$case => model::$name::$case,)+ }
        }
    )+};
}

cases! {
    status UserStatus { Active, Inactive, Deactivated }
    kind UserKind { Member, Guest, Bot, Remote }
    seat SeatUse { Occupied, Free, Unknown }
    activity ActivityKnowledge { Known, Never, Unknown }
}

fn assignment(of: contract::Assignment) -> model::Assignment {
    model::Assignment { license_type: of.license_type, assigned_at: of.assigned_at }
}

pub(super) fn user(of: contract::User) -> model::User {
    model::User {
        id: of.id,
        username: of.username,
        email: of.email,
        first_name: of.first_name,
        last_name: of.last_name,
        status: status(of.status),
        kind: kind(of.kind),
        role: of.role,
        roles: of.roles,
        seat: seat(of.seat),
        licenses: of.licenses.into_iter().map(assignment).collect(),
        position: of.position,
        created_at: of.created_at,
        deactivated_at: of.deactivated_at,
        activity: activity(of.activity),
        last_activity_at: of.last_activity_at,
        attributes: of.attributes.into(),
    }
}
