//! Codes of errors and notices, each with its meaning and what to do about it. One table is their single source.

use super::contract::{ErrorKind, Severity};
use super::http::Lost;

/// The table's entry for a code.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Stable and kebab-case.
    pub id: &'static str,
    /// A few words.
    pub label: &'static str,
    /// What an administrator can do.
    pub fix: &'static str,
}

/// A code of a table that [`codes`](crate::codes) declares.
pub trait Listed: Copy + 'static {
    /// The table's entry.
    fn entry(self) -> Entry;
}

/// A provider's codes of errors.
pub trait Code: Listed {
    /// The code `cursor-stale`, which the contract requires.
    const CURSOR_STALE: Self;
    /// The broad class.
    fn kind(self) -> ErrorKind;
    /// Whether the same call may succeed later without anybody changing anything.
    fn retryable(self) -> bool;
    /// The code for a request that got no complete response.
    fn of_lost(lost: &Lost) -> Self;
}

/// A provider's codes of notices.
pub trait NoticeCode: Listed {
    /// How much it matters.
    fn severity(self) -> Severity;
    /// The fields of the contract that it concerns; empty if it concerns the whole answer.
    fn fields(self) -> &'static [&'static str];
}

/// Declares an enum of codes together with its table: a code's name, id, label and fix.
///
/// ```
/// provider_sdk::codes! {
///     /// Why a call failed.
///     Code {
///         TimedOut = "timed-out", "The server does not answer in time", "Try again later.";
///         CursorStale = "cursor-stale", "The listing cannot continue from its cursor", "List again from the beginning.";
///     }
/// }
/// assert_eq!(Code::ALL.len(), 2);
/// assert_eq!(Code::TimedOut.entry().id, "timed-out");
/// ```
#[macro_export]
macro_rules! codes {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $id:literal, $label:literal, $fix:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $(#[doc = $label] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The table's entry.
            #[must_use]
            pub const fn entry(self) -> $crate::code::Entry {
                match self {
                    $(Self::$variant => $crate::code::Entry { id: $id, label: $label, fix: $fix },)*
                }
            }
        }

        impl $crate::code::Listed for $name {
            fn entry(self) -> $crate::code::Entry {
                $name::entry(self)
            }
        }
    };
}
