//! Users and a licence to print.

use provider_host::model::{ActivityKnowledge, Assignment, License, Quantity, SeatUse, User, UserKind, UserStatus};

/// A licence of which 188 seats are left, until the end of November 2026.
pub(crate) fn license() -> License {
    License {
        license_type: "enterprise".into(),
        name: "Enterprise".into(),
        trial: false,
        seats_purchased: Quantity::Limited(1000),
        seats_used: Quantity::Limited(812),
        licensee: None,
        starts_at: None,
        expires_at: Some("2026-12-01T00:00:00.000Z".into()),
        attributes: Default::default(),
        notices: Vec::new(),
    }
}

/// An account with every field set.
pub(crate) fn anna() -> User {
    User {
        id: "id1".into(),
        username: "anna".into(),
        email: Some("anna@example.com".into()),
        first_name: Some("Anna".into()),
        last_name: Some("Berg".into()),
        status: UserStatus::Active,
        kind: UserKind::Member,
        role: "system-admin".into(),
        roles: vec!["system_user".into(), "system_admin".into()],
        seat: SeatUse::Occupied,
        licenses: vec![Assignment { license_type: "enterprise".into(), assigned_at: None }],
        position: Some("Head of \"Everything\", Inc.".into()),
        created_at: Some("2024-01-02T03:04:05.000Z".into()),
        deactivated_at: None,
        activity: ActivityKnowledge::Known,
        last_activity_at: Some("2026-11-23T22:00:00.000Z".into()),
        attributes: [("auth".to_owned(), "ldap".to_owned())].into_iter().collect(),
    }
}

/// An account with hardly any field set.
pub(crate) fn bare() -> User {
    User {
        id: "id2".into(),
        username: "bot".into(),
        email: None,
        first_name: None,
        last_name: None,
        status: UserStatus::Deactivated,
        kind: UserKind::Bot,
        role: "member".into(),
        roles: Vec::new(),
        seat: SeatUse::Free,
        licenses: Vec::new(),
        position: None,
        created_at: None,
        deactivated_at: Some("2026-01-01T00:00:00.000Z".into()),
        activity: ActivityKnowledge::Never,
        last_activity_at: None,
        attributes: Default::default(),
    }
}
