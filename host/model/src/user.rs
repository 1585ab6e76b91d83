//! Users, and the pages of a listing.

use serde::{Deserialize, Serialize};

use crate::attributes::Attributes;
use crate::named_enum::named_enum;
use crate::report::Notice;

named_enum! {
    /// Whether an account is in use.
    UserStatus {
        /// Enabled, and used within the configured number of days or of unknown activity.
        Active = "active",
        /// Enabled, but without activity for the configured number of days.
        Inactive = "inactive",
        /// Disabled by an administrator.
        Deactivated = "deactivated",
    }
}

named_enum! {
    /// What sort of account it is.
    UserKind {
        /// A person of the organisation.
        Member = "member",
        /// A person from outside, with limited access.
        Guest = "guest",
        /// A program.
        Bot = "bot",
        /// A stand-in for an account of another, connected server.
        Remote = "remote",
    }
}

named_enum! {
    /// Whether an account uses one of the purchased seats, by the product's own rule.
    SeatUse {
        /// It uses a seat.
        Occupied = "occupied",
        /// It uses no seat.
        Free = "free",
        /// The rule depends on something that this token cannot see.
        Unknown = "unknown",
    }
}

named_enum! {
    /// What is known of an account's last use.
    ActivityKnowledge {
        /// `last_activity_at` is set.
        Known = "known",
        /// The product says that the account was never used.
        Never = "never",
        /// Hidden from this token, or not recorded: says nothing about the account.
        Unknown = "unknown",
    }
}

/// A licence that an account holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// One of the description's `license_types`.
    pub license_type: String,
    /// Since when, if the product records it: RFC 3339 in UTC with milliseconds.
    pub assigned_at: Option<String>,
}

/// One account in normalised form. An absent field is unknown or hidden; [`UserPage::hidden`] says which fields are hidden.
///
/// Every instant is RFC 3339 text in UTC with milliseconds: `2026-11-24T09:30:00.000Z`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The product's own id of the account: stable, unique, the key of the record.
    pub id: String,
    /// The name that the person signs in with or is addressed by.
    pub username: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// Whether the account is in use.
    pub status: UserStatus,
    /// What sort of account it is.
    pub kind: UserKind,
    /// The highest of the account's roles: one of the description's `roles`.
    pub role: String,
    /// The product's role names, verbatim.
    pub roles: Vec<String>,
    /// Whether it uses a seat.
    pub seat: SeatUse,
    /// The licences that the account holds; empty if it uses no seat.
    pub licenses: Vec<Assignment>,
    /// The job title.
    pub position: Option<String>,
    /// When the account was made.
    pub created_at: Option<String>,
    /// When it was deactivated; absent if it is not.
    pub deactivated_at: Option<String>,
    /// What is known of its last use.
    pub activity: ActivityKnowledge,
    /// When it was last used; set if `activity` is known.
    pub last_activity_at: Option<String>,
    /// What the product has beyond this record.
    pub attributes: Attributes,
}

impl User {
    /// The names of its fields in JSON, in their order.
    pub const FIELDS: [&str; 17] = [
        "id",
        "username",
        "email",
        "first_name",
        "last_name",
        "status",
        "kind",
        "role",
        "roles",
        "seat",
        "licenses",
        "position",
        "created_at",
        "deactivated_at",
        "activity",
        "last_activity_at",
        "attributes",
    ];

    /// An account of which only the id is known.
    #[must_use]
    pub fn nameless(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            username: String::new(),
            email: None,
            first_name: None,
            last_name: None,
            status: UserStatus::Active,
            kind: UserKind::Member,
            role: String::new(),
            roles: Vec::new(),
            seat: SeatUse::Unknown,
            licenses: Vec::new(),
            position: None,
            created_at: None,
            deactivated_at: None,
            activity: ActivityKnowledge::Unknown,
            last_activity_at: None,
            attributes: Attributes::default(),
        }
    }
}

/// Whether a listing goes on, and if it has ended, whether it is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListingState {
    /// There are more users: call again with this cursor.
    More(String),
    /// The end of a complete listing: it is proven to hold every user who existed from its beginning to its end.
    Complete,
    /// The end of a listing that was resumed in an instance that has not seen all of it.
    Resumed,
    /// The end of a listing in which users may be missing, with the reason: the code of one of its notices.
    Incomplete(String),
}

impl ListingState {
    /// The contract's name of the state.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::More(_) => "more",
            Self::Complete => "complete",
            Self::Resumed => "resumed",
            Self::Incomplete(_) => "incomplete",
        }
    }
}

/// A field that the product hides from a token, for a whole listing. A value that became hidden has not changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HiddenField {
    /// A field of [`User`] by its name in the WIT, or `attributes.` and the key of an attribute.
    pub name: String,
    /// The ids that the field may have instead of the visible one; empty if its value is absent or unknown.
    pub may_be: Vec<String>,
}

/// One step of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPage {
    /// In no particular order.
    pub users: Vec<User>,
    /// Whether to go on.
    pub state: ListingState,
    /// The product's own count of all users in this listing, if it reports one.
    pub expected_total: Option<u32>,
    /// The wait that the product asks for: do not call again before this many milliseconds have passed.
    pub wait_ms: Option<u32>,
    /// The instant for which the count is proven, in the product's time.
    pub watermark: Option<String>,
    /// New ones on every page; the last page repeats all.
    pub notices: Vec<Notice>,
    /// What this token cannot see in this whole listing. New ones on every page; the last page repeats all.
    pub hidden: Vec<HiddenField>,
    /// More about this step, documented by the provider.
    pub attributes: Attributes,
}
