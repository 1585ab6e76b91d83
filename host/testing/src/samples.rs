//! Records to test with.

use provider_model::{
    ActivityKnowledge, Assignment, Description, ListingState, Notice, RequestSpec, SeatUse, SecretUse, SettingKind,
    SettingSpec, Severity, User, UserKind, UserPage, UserStatus,
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
    User { username: id.to_owned(), role: "member".to_owned(), seat: SeatUse::Occupied, ..User::nameless(id) }
}

/// A setting of this kind, without any text.
#[must_use]
pub fn setting(key: &str, kind: SettingKind) -> SettingSpec {
    SettingSpec {
        key: key.to_owned(),
        label: String::new(),
        kind,
        required: false,
        default: None,
        help: String::new(),
        attributes: Default::default(),
    }
}

/// A description of the product `example` that demands nothing.
#[must_use]
pub fn description() -> Description {
    Description {
        id: "example".into(),
        name: "Example".into(),
        version: "1.0.0".into(),
        documentation_url: String::new(),
        settings: Vec::new(),
        requests: Vec::new(),
        license_types: Vec::new(),
        roles: Vec::new(),
        codes: Vec::new(),
        attributes: Default::default(),
    }
}

/// The same with settings of these kinds.
#[must_use]
pub fn description_with<const N: usize>(settings: [(&str, SettingKind); N]) -> Description {
    Description { settings: settings.map(|(key, kind)| setting(key, kind)).into(), ..description() }
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
