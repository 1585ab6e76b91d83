//! The contract's records with only the required fields, to complete as needed: `User { email, ..records::user(id,
//! name) }`.

use alloc::borrow::ToOwned as _;
use alloc::vec::Vec;

use super::contract::{
    ActivityKnowledge, ListingState, RequestSpec, SeatUse, SettingKind, SettingSpec, Term, User, UserKind, UserPage,
    UserStatus,
};

/// An id that explains itself to a person.
#[must_use]
pub fn term(id: &str, label: &str, help: &str) -> Term {
    Term { id: id.to_owned(), label: label.to_owned(), help: help.to_owned() }
}

/// An optional setting.
#[must_use]
pub fn setting(key: &str, label: &str, kind: SettingKind, help: &str) -> SettingSpec {
    SettingSpec {
        key: key.to_owned(),
        label: label.to_owned(),
        kind,
        required: false,
        default: None,
        help: help.to_owned(),
        attributes: Vec::new(),
    }
}

/// A request below the URL of the setting with the key `url`, with these keys in its query and ordinary headers.
#[must_use]
pub fn request(url: &str, method: &str, path: &str, query: &[&str], purpose: &str) -> RequestSpec {
    RequestSpec {
        url: url.to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.iter().map(|key| (*key).to_owned()).collect(),
        headers: Vec::new(),
        purpose: purpose.to_owned(),
    }
}

/// An active account of a person, with the role `member`. Whether it takes a seat and when it was used is unknown.
#[must_use]
pub fn user(id: &str, username: &str) -> User {
    User {
        id: id.to_owned(),
        username: username.to_owned(),
        email: None,
        first_name: None,
        last_name: None,
        status: UserStatus::Active,
        kind: UserKind::Member,
        role: "member".to_owned(),
        roles: Vec::new(),
        seat: SeatUse::Unknown,
        licenses: Vec::new(),
        position: None,
        created_at: None,
        deactivated_at: None,
        activity: ActivityKnowledge::Unknown,
        last_activity_at: None,
        attributes: Vec::new(),
    }
}

/// A step of a listing, without a number of users and a time.
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
        attributes: Vec::new(),
    }
}

/// The value of a setting; the last one if the key comes twice, and empty if there is none.
#[must_use]
pub fn value<'a>(settings: &'a [super::contract::Setting], key: &str) -> &'a str {
    settings.iter().rfind(|setting| setting.key == key).map_or("", |setting| &setting.value)
}
