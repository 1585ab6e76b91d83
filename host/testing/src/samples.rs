//! Records to test with.

use provider_model::{
    ActivityKnowledge, Assignment, ListingState, Notice, RequestSpec, SeatUse, SecretUse, SettingKind, Severity, User,
    UserKind, UserPage, UserStatus,
};

/// A request without a query below the setting `url`.
#[must_use]
pub fn request(method: &str, path: &str) -> RequestSpec {
    RequestSpec {
        url: "url".into(),
        method: method.into(),
        path: path.into(),
        query: Vec::new(),
        headers: Vec::new(),
        purpose: "Because.".into(),
    }
}

/// A secret for the setting `url`.
#[must_use]
pub fn secret() -> SettingKind {
    SettingKind::Secret(SecretUse { url: "url".into(), header: "authorization".into() })
}

/// A user of this id whose account was created then.
#[must_use]
pub fn user(id: &str, created_at: &str) -> User {
    User {
        id: id.into(),
        username: format!("name of {id}"),
        email: Some("zoë@example.com".into()),
        first_name: None,
        last_name: None,
        status: UserStatus::Active,
        kind: UserKind::Member,
        role: "member".into(),
        roles: vec!["system_user".into()],
        seat: SeatUse::Occupied,
        licenses: vec![Assignment { license_type: "enterprise".into(), assigned_at: None }],
        position: None,
        created_at: Some(created_at.into()),
        deactivated_at: None,
        activity: ActivityKnowledge::Never,
        last_activity_at: None,
        attributes: [("locale", "de")].into_iter().collect(),
    }
}

/// A user with little more than an id.
#[must_use]
pub fn bare_user(id: &str) -> User {
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

/// A warning.
#[must_use]
pub fn notice(code: &str, fields: &[&str]) -> Notice {
    Notice {
        code: code.into(),
        severity: Severity::Warning,
        message: "Something is hidden".into(),
        fix: None,
        fields: fields.iter().map(ToString::to_string).collect(),
        count: None,
        subjects: Vec::new(),
        params: Default::default(),
    }
}

/// A page with these users.
#[must_use]
pub fn page(users: Vec<User>, state: ListingState) -> UserPage {
    UserPage {
        users,
        state,
        expected_total: None,
        wait_ms: None,
        watermark: None,
        notices: Vec::new(),
        hidden: Vec::new(),
        attributes: Default::default(),
    }
}
