//! Accounts for the tests of a report.

use chrono::{DateTime, Duration, TimeZone as _, Utc};
use provider_host::model::{ActivityKnowledge, SeatUse, Term, User, UserKind, UserStatus};

/// The time of the reports.
pub(crate) fn as_of() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 24, 15, 25, 0).unwrap()
}

/// A member who holds a seat and used it just now.
pub(crate) fn member(name: &str) -> User {
    User {
        id: format!("id-{name}"),
        username: name.to_owned(),
        email: Some(format!("{name}@example.com")),
        status: UserStatus::Active,
        kind: UserKind::Member,
        role: "member".to_owned(),
        seat: SeatUse::Occupied,
        created_at: Some("2010-01-02T03:04:05.000Z".to_owned()),
        activity: ActivityKnowledge::Known,
        last_activity_at: Some(as_of().to_rfc3339()),
        ..User::nameless("")
    }
}

/// A member who used the seat so many days ago.
pub(crate) fn days_ago(name: &str, days: i64) -> User {
    User { last_activity_at: Some((as_of() - Duration::days(days)).to_rfc3339()), ..member(name) }
}

/// A member who never used the seat, made so many days ago.
pub(crate) fn never(name: &str, days: i64) -> User {
    User {
        activity: ActivityKnowledge::Never,
        last_activity_at: None,
        created_at: Some((as_of() - Duration::days(days)).to_rfc3339()),
        ..member(name)
    }
}

/// The roles of a product.
pub(crate) fn roles() -> Vec<Term> {
    let term = |(id, label): (&str, &str)| Term { id: id.into(), label: label.into(), help: String::new() };
    [("system-admin", "System Admin"), ("team-admin", "Team Admin"), ("member", "Member"), ("guest", "Guest")]
        .map(term)
        .to_vec()
}
