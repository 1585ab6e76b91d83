//! The contract's generated types, and the way from them into [`provider_model`]. No other file names them.

use provider_egress::{Redactor, Texts};
use provider_model as model;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, ComponentType, Instance, InstancePre, Lift, Lower,
};
use wasmtime::{AsContextMut, Store};

use crate::guest::Guest;

mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "provider-exports",
        exports: { default: async },
    });
}

pub(crate) use generated::exports::license_management::provider::provider as contract;
use generated::{ProviderExports, ProviderExportsIndices};

/// The export that a provider must have.
pub(crate) const EXPORT: &str = "license-management:provider/provider@0.2.0";

/// The export that it may have, and its one function.
pub(crate) const CHANGES: &str = "license-management:provider/changes@0.2.0";
const LIST_CHANGES: &str = "list-changes";

type Answer<T> = (Result<T, contract::Error>,);
type Settings<'a> = &'a [contract::Setting];
type Asked<'a> = (Settings<'a>, &'a Baseline, &'a [contract::User], Option<&'a str>);

/// What a host keeps of a listing: the contract's `baseline`.
#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub struct Baseline {
    /// The watermark of the listing, or of the last changes that were found since.
    pub watermark: Option<String>,
    /// How many users the host keeps.
    pub users: u32,
    /// Whether the kept listing was proven complete.
    pub proven: bool,
    /// Whether the known records were made by another version, other bytes or with other settings.
    pub outdated: bool,
}

/// The contract's `changes-page`: a page of a listing, and who is gone.
#[derive(Clone, Debug)]
pub struct Changes {
    /// What it has as every page does.
    pub page: model::UserPage,
    /// The ids of known users who no longer exist.
    pub gone: Vec<String>,
}

impl Texts for Changes {
    fn redact(&mut self, redactor: &Redactor) {
        let Self { page, gone } = self;
        page.redact(redactor);
        for id in gone {
            redactor.clean(id);
        }
    }
}

/// The same as a component returns it.
#[derive(ComponentType, Lift)]
#[component(record)]
struct ChangesPage {
    users: Vec<contract::User>,
    gone: Vec<String>,
    state: contract::ListingState,
    #[component(name = "expected-total")]
    expected_total: Option<u32>,
    #[component(name = "wait-ms")]
    wait_ms: Option<u32>,
    watermark: Option<String>,
    notices: Vec<contract::Notice>,
    hidden: Vec<contract::HiddenField>,
    attributes: Vec<(String, String)>,
}

/// A provider that can be instantiated at once.
#[derive(Clone)]
pub(crate) struct Prepared {
    instance: InstancePre<Guest>,
    provider: ProviderExportsIndices,
    changes: Option<ComponentExportIndex>,
}

impl Prepared {
    /// # Errors
    /// The provider lacks a function.
    pub(crate) fn new(instance: InstancePre<Guest>, changes: Option<ComponentExportIndex>) -> wasmtime::Result<Self> {
        Ok(Self { provider: ProviderExportsIndices::new(&instance)?, instance, changes })
    }

    /// Whether it can report what changed.
    pub(crate) const fn has_changes(&self) -> bool {
        self.changes.is_some()
    }

    /// A fresh instance.
    pub(crate) async fn instantiate(&self, store: &mut Store<Guest>) -> wasmtime::Result<Exports> {
        let instance = self.instance.instantiate_async(&mut *store).await?;
        Ok(Exports { provider: self.provider.load(store, &instance)?, instance, changes: self.changes })
    }
}

/// The functions of an instance.
pub(crate) struct Exports {
    instance: Instance,
    provider: ProviderExports,
    changes: Option<ComponentExportIndex>,
}

impl Exports {
    /// What every provider has.
    pub(crate) fn provider(&self) -> &contract::Guest {
        self.provider.license_management_provider_provider()
    }

    /// Calls `list-changes`; `None` if the provider does not have it.
    pub(crate) async fn call_list_changes(
        &self,
        mut store: impl AsContextMut<Data = Guest>,
        (settings, since, known, cursor): Asked<'_>,
    ) -> wasmtime::Result<Option<Result<Changes, contract::Error>>> {
        let Some(index) = self.changes else { return Ok(None) };
        let function = self.instance.get_typed_func::<Asked<'_>, Answer<ChangesPage>>(&mut store, index)?;
        let (answer,) = function.call_async(store, (settings, since, known, cursor)).await?;
        Ok(Some(answer.map(Into::into)))
    }
}

/// Checks that the export has the contract's functions with the contract's types. The generated code looks at the names
/// when a component is loaded, and at the types no earlier than in an instance.
///
/// # Errors
/// What is missing or differs.
pub(crate) fn check(component: &Component) -> Result<(), String> {
    let export = Export::find(component, EXPORT).ok_or("there is no such interface")?;
    export.check::<(), (contract::Description,)>("describe")?;
    export.check::<(Settings<'_>,), Answer<contract::CheckReport>>("check")?;
    export.check::<(Settings<'_>,), Answer<Vec<contract::License>>>("get-licenses")?;
    export.check::<(Settings<'_>, Option<&str>, u32), Answer<contract::UserPage>>("list-users").map(drop)
}

/// Looks for the function that reports what changed; `None` if the component does not have the interface.
///
/// # Errors
/// The interface is there, and its function is missing or differs.
pub(crate) fn find_changes(component: &Component) -> Result<Option<ComponentExportIndex>, String> {
    let Some(export) = Export::find(component, CHANGES) else { return Ok(None) };
    export.check::<Asked<'_>, Answer<ChangesPage>>(LIST_CHANGES).map(Some)
}

/// An interface that a component exports.
struct Export<'a> {
    component: &'a Component,
    index: ComponentExportIndex,
}

impl<'a> Export<'a> {
    fn find(component: &'a Component, name: &str) -> Option<Self> {
        match component.get_export(None, name)? {
            (ComponentItem::ComponentInstance(_), index) => Some(Self { component, index }),
            _ => None,
        }
    }

    /// Where a function is, if it has these types.
    fn check<P, R>(&self, name: &str) -> Result<ComponentExportIndex, String>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let Some((ComponentItem::ComponentFunc(function), index)) = self.component.get_export(Some(&self.index), name)
        else {
            return Err(format!("the function `{name}` is missing"));
        };
        let whole = self.component.component_type();
        match function.typecheck::<P, R>(&whole.instance_type()) {
            Ok(()) => Ok(index),
            Err(error) => Err(format!("the function `{name}` differs: {error:#}")),
        }
    }
}

/// Converts enums whose cases have the same names.
macro_rules! cases {
    ($from:ident -> $to:ident: $($name:ident { $($case:ident),+ })+) => {$(
        impl From<$from::$name> for $to::$name {
            fn from(value: $from::$name) -> Self {
                match value { $($from::$name::$case => Self::$case,)+ }
            }
        }
    )+};
}

cases! {
    contract -> model:
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

cases! {
    model -> contract:
    UserStatus { Active, Inactive, Deactivated }
    UserKind { Member, Guest, Bot, Remote }
    SeatUse { Occupied, Free, Unknown }
    ActivityKnowledge { Known, Never, Unknown }
}

/// Converts records field by field: `=` moves a field as it is, `~` converts it, `*` converts each of a list.
macro_rules! fields {
    ($from:ident -> $to:ident: $($name:ident { $($kind:tt $field:ident),+ })+) => {$(
        impl From<$from::$name> for $to::$name {
            fn from(value: $from::$name) -> Self {
                Self { $($field: fields!(@ $kind value.$field),)+ }
            }
        }
    )+};
    (@ = $value:expr) => { $value };
    (@ ~ $value:expr) => { $value.into() };
    (@ * $value:expr) => { $value.into_iter().map(Into::into).collect() };
}

fields! {
    contract -> model:
    SettingSpec { =key, =label, ~kind, =required, =default, =help, ~attributes }
    RequestSpec { =url, =method, =path, =query, =headers, =purpose }
    Term { =id, =label, =help }
    Description {
        =id, =name, =version, =documentation_url, *settings, *requests, *license_types, *roles, *codes, ~attributes
    }
    SecretUse { =url, =header }
    HiddenField { =name, =may_be }
    Notice { =code, ~severity, =message, =fix, =fields, =count, =subjects, ~params }
    CheckStep { =id, ~outcome, =code, =summary, =fix, ~params }
    CheckReport { *steps, =product_version, =product_instance, ~attributes }
    Assignment { =license_type, =assigned_at }
    User {
        =id, =username, =email, =first_name, =last_name, ~status, ~kind, =role, =roles, ~seat, *licenses, =position,
        =created_at, =deactivated_at, ~activity, =last_activity_at, ~attributes
    }
    UserPage { *users, ~state, =expected_total, =wait_ms, =watermark, *notices, *hidden, ~attributes }
    License {
        =license_type, =name, =trial, ~seats_purchased, ~seats_used, =licensee, =starts_at, =expires_at, ~attributes,
        *notices
    }
}

fields! {
    model -> contract:
    Assignment { =license_type, =assigned_at }
    User {
        =id, =username, =email, =first_name, =last_name, ~status, ~kind, =role, =roles, ~seat, *licenses, =position,
        =created_at, =deactivated_at, ~activity, =last_activity_at, ~attributes
    }
}

impl From<contract::SettingKind> for model::SettingKind {
    fn from(kind: contract::SettingKind) -> Self {
        match kind {
            contract::SettingKind::Text => Self::Text,
            contract::SettingKind::Url => Self::Url,
            contract::SettingKind::Secret(at) => Self::Secret(at.into()),
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
            contract::ListingState::Resumed => Self::Resumed,
            contract::ListingState::Incomplete(reason) => Self::Incomplete(reason),
        }
    }
}

impl From<ChangesPage> for Changes {
    fn from(page: ChangesPage) -> Self {
        let ChangesPage { users, gone, state, expected_total, wait_ms, watermark, notices, hidden, attributes } = page;
        let page = contract::UserPage { users, state, expected_total, wait_ms, watermark, notices, hidden, attributes };
        Self { page: page.into(), gone }
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
