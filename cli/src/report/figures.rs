//! The figures of a report.

use provider_host::model::{Quantity, SeatUse, User, UserKind, UserStatus};

use super::accounts::{Bin, Share, by_kind, by_role, by_seat, by_status, histogram};
use super::administrators::Administrators;
use super::changes::Changes;
use super::facts::{Facts, Licenses};
use super::seats::{Seats, count};
use crate::licences;

/// The figures of a report.
pub(crate) struct Figures<'a> {
    /// How many accounts there are.
    pub(crate) accounts: u64,
    /// By the licences: how many seats are used and purchased.
    pub(crate) licensed: (Quantity, Quantity),
    /// By the accounts: who holds a seat.
    pub(crate) seats: Seats<'a>,
    /// Accounts by status, kind, role and seat.
    pub(crate) shares: Shares,
    /// When accounts were last used.
    pub(crate) histogram: Vec<Bin>,
    /// Who administers what.
    pub(crate) administrators: Administrators<'a>,
    /// The guests.
    pub(crate) guests: Guests<'a>,
    /// What changed since the earlier listing, if there is one to compare with.
    pub(crate) changes: Option<Changes<'a>>,
}

/// How many accounts there are of which sort.
pub(crate) struct Shares {
    /// By whether they are in use.
    pub(crate) status: Vec<Share>,
    /// By what they stand for.
    pub(crate) kind: Vec<Share>,
    /// By role.
    pub(crate) role: Vec<Share>,
    /// By whether they hold a seat.
    pub(crate) seat: Vec<Share>,
}

/// The guests that are not deactivated. A product that lets guests of a single channel in for free shows them as guests
/// without a seat.
pub(crate) struct Guests<'a> {
    /// All, by username.
    pub(crate) all: Vec<&'a User>,
    /// How many hold a seat.
    pub(crate) with_seat: u64,
    /// How many hold none.
    pub(crate) without_seat: u64,
    /// Of how many that is not known.
    pub(crate) unknown: u64,
}

impl<'a> Figures<'a> {
    /// The figures of what was read.
    pub(crate) fn of(facts: &'a Facts) -> Self {
        let users = &facts.users;
        let licensed = match &facts.licenses {
            Licenses::Read(licenses) => licences::seats(licenses),
            Licenses::Failed(_) => (Quantity::Unknown, Quantity::Unknown),
        };
        let is_comparable = facts.completeness.is_complete;
        Self {
            accounts: count(users.iter()),
            licensed,
            seats: Seats::of(users, facts.as_of),
            shares: Shares {
                status: by_status(users),
                kind: by_kind(users),
                role: by_role(users, &facts.about.roles),
                seat: by_seat(users),
            },
            histogram: histogram(users, facts.as_of),
            administrators: Administrators::of(users, &facts.about.roles),
            guests: Guests::of(users),
            // Who is missing from an incomplete listing is not gone.
            changes: facts
                .earlier
                .as_ref()
                .filter(|_| is_comparable)
                .map(|earlier| Changes::between(&earlier.users, users)),
        }
    }
}

impl<'a> Guests<'a> {
    fn of(users: &'a [User]) -> Self {
        let is_guest = |user: &&User| user.kind == UserKind::Guest && user.status != UserStatus::Deactivated;
        let mut all: Vec<&User> = users.iter().filter(is_guest).collect();
        all.sort_by(|a, b| (&a.username, &a.id).cmp(&(&b.username, &b.id)));
        let with = |seat: SeatUse| count(all.iter().filter(|user| user.seat == seat));
        let (with_seat, without_seat) = (with(SeatUse::Occupied), with(SeatUse::Free));
        Self { unknown: with(SeatUse::Unknown), with_seat, without_seat, all }
    }
}
