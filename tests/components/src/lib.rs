//! What the components in `examples/` share: a description, an error that tells what happened, and an HTTP client.
//!
//! Each is the Mattermost provider in everything but the one thing that its file is named for. So a host meets it where it
//! hurts most: as a version of a provider that it trusts already.
#![no_std]

extern crate alloc;

pub mod http;

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

pub use alloc::vec;
pub use mattermost_provider::contract::{
    ActivityKnowledge, CheckReport, Description, Error, ErrorKind, Guest, License, ListingState, Notice, RequestSpec,
    SeatUse, SecretUse, Setting, SettingKind, SettingSpec, Severity, Term, User, UserKind, UserPage, UserStatus,
};
pub use mattermost_provider::{Component as Mattermost, bindings};
pub use wasi;

/// The key of a setting that the Mattermost provider does not have: the address of a server that is not granted.
pub const ELSEWHERE: &str = "elsewhere";

/// The Mattermost provider's description with another version, and one setting more.
#[must_use]
pub fn description(version: &str) -> Description {
    let mut description = Description { version: version.to_owned(), ..Mattermost::describe() };
    description.settings.push(SettingSpec {
        key: ELSEWHERE.to_owned(),
        label: "Elsewhere".to_owned(),
        kind: SettingKind::Text,
        required: false,
        default: None,
        help: "The address of a server that is not granted.".to_owned(),
        attributes: Vec::new(),
    });
    description
}

/// A request below the URL of the server, with these keys in its query.
#[must_use]
pub fn request(method: &str, path: &str, query: &[&str]) -> RequestSpec {
    RequestSpec {
        url: "server_url".to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.iter().map(|key| (*key).to_owned()).collect(),
        headers: Vec::new(),
        purpose: "lists the accounts".to_owned(),
    }
}

/// The value of a setting; empty where there is none.
#[must_use]
pub fn value<'a>(settings: &'a [Setting], key: &str) -> &'a str {
    settings.iter().find(|setting| setting.key == key).map_or("", |setting| &setting.value)
}

/// An error that tells a test what the component saw.
#[must_use]
pub fn told(params: Vec<(String, String)>) -> Error {
    Error {
        kind: ErrorKind::Other,
        code: "told".to_owned(),
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

/// Exports what implements [`Guest`].
#[macro_export]
macro_rules! export {
    ($component:ident) => {
        $crate::bindings::export!($component with_types_in $crate::bindings);
    };
}

/// Exports a component that describes itself well and, in place of every other call, does what the function does.
#[macro_export]
macro_rules! misbehave {
    ($act:ident) => {
        fn describe() -> $crate::Description {
            $crate::description("0.1.1")
        }

        $crate::misbehave!($act, describe);
    };
    // The same with a description of its own, which a function makes.
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

/// Exports the Mattermost provider with the description that the function makes.
#[macro_export]
macro_rules! describe_as {
    ($describe:ident) => {
        struct Component;

        impl $crate::Guest for Component {
            fn describe() -> $crate::Description {
                $describe()
            }

            fn check(settings: Vec<$crate::Setting>) -> Result<$crate::CheckReport, $crate::Error> {
                $crate::Mattermost::check(settings)
            }

            fn get_licenses(settings: Vec<$crate::Setting>) -> Result<Vec<$crate::License>, $crate::Error> {
                $crate::Mattermost::get_licenses(settings)
            }

            fn list_users(
                settings: Vec<$crate::Setting>,
                cursor: Option<String>,
                limit: u32,
            ) -> Result<$crate::UserPage, $crate::Error> {
                $crate::Mattermost::list_users(settings, cursor, limit)
            }
        }

        $crate::export!(Component);
    };
}
