//! The contract's records as plain types, each as `wit/provider.wit` documents it.
//!
//! They are what an embedder keeps, prints and tests with; only `bindings.rs` knows the generated types behind them. As JSON, keys are
//! the WIT names in snake_case, enum values the WIT names as they are, absent options `null`, and attributes an object.

mod attributes;
mod description;
pub mod difference;
mod license;
mod named_enum;
mod report;
mod user;
pub mod weight;

pub use attributes::Attributes;
pub use description::{Description, RequestSpec, SecretUse, SettingKind, SettingSpec, Term};
pub use difference::FieldChange;
pub use license::{License, Quantity};
pub use report::{CheckOutcome, CheckReport, CheckStep, ErrorKind, Notice, ProviderError, Severity};
pub use user::{
    ActivityKnowledge, Assignment, HiddenField, ListingState, SeatUse, User, UserKind, UserPage, UserStatus,
};
