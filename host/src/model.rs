//! The contract's records as plain types, each as `wit/provider.wit` documents it.
//!
//! They are what an embedder keeps, prints and tests with; only `bindings.rs` knows the generated types behind them. As JSON, keys are
//! the WIT names in snake_case, enum values the WIT names as they are, absent options `null`, and attributes an object.

mod attributes;
mod description;
pub(crate) mod difference;
mod license;
mod report;
#[cfg(test)]
pub(crate) mod samples;
mod user;
pub(crate) mod weight;

pub use attributes::Attributes;
pub use description::{Description, RequestSpec, SettingKind, SettingSpec, Term};
pub use difference::FieldChange;
pub use license::{License, Quantity};
pub use report::{CheckOutcome, CheckReport, CheckStep, ErrorKind, Notice, ProviderError, Severity};
pub use user::{ActivityKnowledge, Assignment, ListingState, SeatUse, User, UserKind, UserPage, UserStatus};

/// Defines an enum whose values have the contract's names, in JSON too.
macro_rules! named_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$case_doc])* #[serde(rename = $text)] $case,)+
        }

        impl $name {
            /// Every value, in the contract's order.
            pub const ALL: &'static [Self] = &[$(Self::$case),+];

            /// The contract's name of the value.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$case => $text,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
use named_enum;
