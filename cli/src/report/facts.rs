//! What was read of a server: all that a report is made from.

use chrono::{DateTime, Utc};
use provider_host::model::{HiddenField, License, Notice, Term, User};

use crate::exit::Complaint;

/// What was read of a server.
pub(crate) struct Facts {
    /// Which server it was, and what read it.
    pub(crate) about: About,
    /// The time for which the report is right: the listing's own, if it has one.
    pub(crate) as_of: DateTime<Utc>,
    /// Every account, each once.
    pub(crate) users: Vec<User>,
    /// Whether somebody may be missing.
    pub(crate) completeness: Completeness,
    /// The licences.
    pub(crate) licenses: Licenses,
    /// What the provider reported about the listing.
    pub(crate) notices: Vec<Notice>,
    /// The fields that the token cannot see in the whole listing.
    pub(crate) hidden: Vec<HiddenField>,
    /// The complete listing before this one; `None` if there is none to compare with.
    pub(crate) earlier: Option<Earlier>,
}

/// Which server it was, and what read it.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// The product's name.
    pub(crate) product: String,
    /// The version that the server reports; `None` if it was not found out.
    pub(crate) product_version: Option<String>,
    /// The server's address.
    pub(crate) server: String,
    /// The provider's id and version.
    pub(crate) provider: String,
    /// The roles that accounts may have, the highest first.
    pub(crate) roles: Vec<Term>,
}

/// Whether somebody may be missing from a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Completeness {
    /// Whether nobody is missing, which the provider has proven.
    pub(crate) is_complete: bool,
    /// The code of the reason if somebody may be missing.
    pub(crate) reason: Option<String>,
    /// The server's own count of accounts.
    pub(crate) counted: Option<u32>,
}

/// The licences, or why they could not be read.
pub(crate) enum Licenses {
    /// They were read; empty if there is none.
    Read(Vec<License>),
    /// They were not.
    Failed(Complaint),
}

/// An earlier listing to compare with.
pub(crate) struct Earlier {
    /// Its accounts.
    pub(crate) users: Vec<User>,
    /// Its time, as the product wrote it.
    pub(crate) as_of: Option<String>,
}
