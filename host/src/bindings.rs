//! The contract's generated types, and the way from them into [`crate::model`]. No other file names them.

use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::model;

mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "license-provider",
        exports: { default: async },
    });
}

pub(crate) use generated::exports::license_management::provider::provider as contract;
pub(crate) use generated::{LicenseProvider, LicenseProviderPre};

/// The export that a provider must have.
pub(crate) const EXPORT: &str = "license-management:provider/provider@0.1.0";

/// Checks that the export has the contract's functions with the contract's types. The generated code looks at the names
/// when a component is loaded, and at the types no earlier than in an instance.
///
/// # Errors
/// What is missing or differs.
pub(crate) fn check(component: &Component) -> Result<(), String> {
    type Answer<T> = (Result<T, contract::Error>,);
    type Settings<'a> = &'a [contract::Setting];

    let Some((ComponentItem::ComponentInstance(export), _)) = component.get_export(None, EXPORT) else {
        return Err("there is no such interface".to_owned());
    };
    let whole = component.component_type();
    let types = whole.instance_type();
    let function = |name: &str| match export.get_export(component.engine(), name).map(|export| export.ty) {
        Some(ComponentItem::ComponentFunc(function)) => Ok(function),
        _ => Err(format!("the function `{name}` is missing")),
    };
    let differs =
        |name: &'static str| move |error: wasmtime::Error| format!("the function `{name}` differs: {error:#}");
    function("describe")?.typecheck::<(), (contract::Description,)>(&types).map_err(differs("describe"))?;
    function("check")?.typecheck::<(Settings<'_>,), Answer<contract::CheckReport>>(&types).map_err(differs("check"))?;
    function("get-licenses")?
        .typecheck::<(Settings<'_>,), Answer<Vec<contract::License>>>(&types)
        .map_err(differs("get-licenses"))?;
    function("list-users")?
        .typecheck::<(Settings<'_>, Option<&str>, u32), Answer<contract::UserPage>>(&types)
        .map_err(differs("list-users"))
}

/// Converts enums whose cases have the same names.
macro_rules! cases {
    ($($name:ident { $($case:ident),+ })+) => {$(
        impl From<contract::$name> for model::$name {
            fn from(value: contract::$name) -> Self {
                match value { $(contract::$name::$case => Self::$case,)+ }
            }
        }
    )+};
}

cases! {
    Severity { Info, Warning }
    CheckOutcome { Passed, Warning, Failed, Skipped }
    UserStatus { Active, Inactive, Deactivated }
    UserKind { Member, Guest, Bot, Remote }
    SeatUse { Occupied, Free, Unknown }
    ActivityKnowledge { Known, Never, Unknown }
    ErrorKind {
        InvalidSettings, Unreachable, Unauthorized, Forbidden, RateLimited, ServerError, UnexpectedResponse, CursorStale,
        Denied, Other
    }
}

/// Converts records field by field: `=` moves a field as it is, `~` converts it, `*` converts each of a list.
macro_rules! fields {
    ($($name:ident { $($kind:tt $field:ident),+ })+) => {$(
        impl From<contract::$name> for model::$name {
            fn from(value: contract::$name) -> Self {
                Self { $($field: fields!(@ $kind value.$field),)+ }
            }
        }
    )+};
    (@ = $value:expr) => { $value };
    (@ ~ $value:expr) => { $value.into() };
    (@ * $value:expr) => { $value.into_iter().map(Into::into).collect() };
}

fields! {
    SettingSpec { =key, =label, ~kind, =required, =default, =help, ~attributes }
    RequestSpec { =method, =path, =purpose }
    Term { =id, =label, =help }
    Description {
        =id, =name, =version, =documentation_url, *settings, *requests, *license_types, *roles, *codes, ~attributes
    }
    Notice { =code, ~severity, =message, =fix, =fields, =count, =subjects, ~params }
    CheckStep { =id, ~outcome, =code, =summary, =fix, ~params }
    CheckReport { *steps, =product_version, =product_instance, ~attributes }
    Assignment { =license_type, =assigned_at }
    User {
        =id, =username, =email, =first_name, =last_name, ~status, ~kind, =role, =roles, ~seat, *licenses, =position,
        =created_at, =deactivated_at, ~activity, =last_activity_at, ~attributes
    }
    UserPage { *users, ~state, =expected_total, =wait_ms, =watermark, *notices, ~attributes }
    License {
        =license_type, =name, =trial, ~seats_purchased, ~seats_used, =licensee, =starts_at, =expires_at, ~attributes,
        *notices
    }
}

impl From<contract::SettingKind> for model::SettingKind {
    fn from(kind: contract::SettingKind) -> Self {
        match kind {
            contract::SettingKind::Text => Self::Text,
            contract::SettingKind::Url => Self::Url,
            contract::SettingKind::Secret => Self::Secret,
            contract::SettingKind::SecretValue => Self::SecretValue,
            contract::SettingKind::Integer => Self::Integer,
            contract::SettingKind::Flag => Self::Flag,
            contract::SettingKind::Choice(choices) => Self::Choice(choices),
        }
    }
}

impl From<contract::ListingState> for model::ListingState {
    fn from(state: contract::ListingState) -> Self {
        match state {
            contract::ListingState::More(cursor) => Self::More(cursor),
            contract::ListingState::Complete => Self::Complete,
            contract::ListingState::Incomplete => Self::Incomplete,
        }
    }
}

impl From<contract::Quantity> for model::Quantity {
    fn from(quantity: contract::Quantity) -> Self {
        match quantity {
            contract::Quantity::Limited(seats) => Self::Limited(seats),
            contract::Quantity::Unlimited => Self::Unlimited,
            contract::Quantity::Unknown => Self::Unknown,
        }
    }
}

impl From<contract::Error> for model::ProviderError {
    fn from(error: contract::Error) -> Self {
        Self {
            kind: error.kind.into(),
            code: error.code,
            message: error.message,
            fix: error.fix,
            retryable: error.retryable,
            retry_after_ms: error.retry_after_ms,
            request: error.request,
            http_status: error.http_status,
            request_id: error.request_id,
            params: error.params.into(),
        }
    }
}
