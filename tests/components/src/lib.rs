//! Shared by the components in `examples/`: a description, an error that reports what happened, and an HTTP client.
//!
//! Those that misbehave only use the SDK, and describe themselves as the Mattermost provider: the worst case for a host
//! is a version of a provider that it already trusts. The others are [versions] of that provider.
#![no_std]

extern crate alloc;

pub mod http;
pub mod versions;

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

pub use alloc::vec;
pub use provider_sdk::contract::{
    ActivityKnowledge, Assignment, CheckOutcome, CheckReport, CheckStep, Description, Error, ErrorKind, Guest,
    HiddenField, License, ListingState, Notice, Quantity, RequestSpec, SeatUse, SecretUse, Setting, SettingKind,
    SettingSpec, Severity, Term, User, UserKind, UserPage, UserStatus,
};
pub use provider_sdk::records::value;
pub use provider_sdk::{changes, export, records};
pub use wasi;

/// The key of a setting that the Mattermost provider does not have: the address of a server that is not granted.
pub const ELSEWHERE: &str = "elsewhere";

/// A setting that needs no explanation.
#[must_use]
pub fn setting(key: &str, kind: SettingKind) -> SettingSpec {
    records::setting(key, key, kind, key)
}

/// A description under the name of the Mattermost provider, with the requests that are tried here.
#[must_use]
pub fn description(version: &str) -> Description {
    let secret = SecretUse { url: "server_url".to_owned(), header: "authorization".to_owned() };
    Description {
        id: "mattermost".to_owned(),
        name: "Mattermost".to_owned(),
        version: version.to_owned(),
        documentation_url: String::new(),
        settings: vec![
            setting("server_url", SettingKind::Url),
            setting("access_token", SettingKind::Secret(secret)),
            setting(ELSEWHERE, SettingKind::Text),
        ],
        requests: vec![
            request("GET", "/api/v4/users/me", &[]),
            request("GET", "/api/v4/users", &["page", "per_page"]),
            request("GET", "/api/v4/teams/{}/members", &["page", "per_page"]),
            request("POST", "/api/v4/users/status/ids", &[]),
        ],
        license_types: vec![term("free")],
        roles: vec![term("member")],
        codes: vec![term("observed")],
        attributes: Vec::new(),
    }
}

/// An id that needs no explanation.
#[must_use]
pub fn term(id: &str) -> Term {
    records::term(id, id, id)
}

/// A request below the URL of the server, with these keys in its query.
#[must_use]
pub fn request(method: &str, path: &str, query: &[&str]) -> RequestSpec {
    records::request("server_url", method, path, query, "lists the accounts")
}

/// An error that reports to a test what the component saw.
#[must_use]
pub fn observed(params: Vec<(String, String)>) -> Error {
    Error {
        kind: ErrorKind::Other,
        code: "observed".to_owned(),
        message: "What the component saw is in the parameters.".to_owned(),
        fix: None,
        retryable: false,
        retry_after_ms: None,
        request: None,
        http_status: None,
        request_id: None,
        params,
    }
}

/// Exports a component with a valid description that runs the function in every other call.
#[macro_export]
macro_rules! misbehave {
    ($act:ident) => {
        fn describe() -> $crate::Description {
            $crate::description("0.1.1")
        }

        $crate::misbehave!($act, describe);
    };
    // The same with its own description, which a function makes.
    ($act:ident, $describe:ident) => {
        struct Component;

        impl $crate::Guest for Component {
            fn describe() -> $crate::Description {
                $describe()
            }

            fn check(settings: Vec<$crate::Setting>) -> Result<$crate::CheckReport, $crate::Error> {
                Err($act(&settings))
            }

            fn get_licenses(settings: Vec<$crate::Setting>) -> Result<Vec<$crate::License>, $crate::Error> {
                Err($act(&settings))
            }

            fn list_users(
                settings: Vec<$crate::Setting>,
                _: Option<String>,
                _: u32,
            ) -> Result<$crate::UserPage, $crate::Error> {
                Err($act(&settings))
            }
        }

        $crate::export!(Component);
    };
}
