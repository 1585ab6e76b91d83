//! How many accounts there are of which sort, and when they were last used.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use provider_host::model::{SeatUse, Term, User, UserKind, UserStatus};

use super::seats::count;
use crate::last_use::LastUse;

/// How many accounts have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// The value, for a person.
    pub(crate) label: String,
    /// How many accounts.
    pub(crate) accounts: u64,
}

/// By whether they are in use.
pub(crate) fn by_status(users: &[User]) -> Vec<Share> {
    let labels =
        [(UserStatus::Active, "Active"), (UserStatus::Inactive, "Inactive"), (UserStatus::Deactivated, "Deactivated")];
    labels.map(|(status, label)| share(label, users, |user| user.status == status)).to_vec()
}

/// By what they stand for.
pub(crate) fn by_kind(users: &[User]) -> Vec<Share> {
    let labels = [
        (UserKind::Member, "Members"),
        (UserKind::Guest, "Guests"),
        (UserKind::Bot, "Bots"),
        (UserKind::Remote, "Of connected servers"),
    ];
    labels.map(|(kind, label)| share(label, users, |user| user.kind == kind)).to_vec()
}

/// By role, the highest first. A role that the provider does not describe comes last, by its id.
pub(crate) fn by_role(users: &[User], roles: &[Term]) -> Vec<Share> {
    let mut others: BTreeMap<&str, u64> = BTreeMap::new();
    for user in users.iter().filter(|user| !roles.iter().any(|role| role.id == user.role)) {
        let accounts = others.entry(&user.role).or_default();
        *accounts = accounts.saturating_add(1);
    }
    let described = roles.iter().map(|role| share(&role.label, users, |user| user.role == role.id));
    let others = others.into_iter().map(|(id, accounts)| Share { label: id.to_owned(), accounts });
    described.chain(others).collect()
}

/// By whether they hold a seat.
pub(crate) fn by_seat(users: &[User]) -> Vec<Share> {
    let labels = [(SeatUse::Occupied, "Hold a seat"), (SeatUse::Free, "Hold none"), (SeatUse::Unknown, "Not known")];
    labels.map(|(seat, label)| share(label, users, |user| user.seat == seat)).to_vec()
}

fn share(label: &str, users: &[User], has: impl Fn(&User) -> bool) -> Share {
    Share { label: label.to_owned(), accounts: count(users.iter().filter(|user| has(user))) }
}

/// The accounts whose last use was some days ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bin {
    /// The days: `30–59`, `never` or `unknown`.
    pub(crate) label: String,
    /// Those that hold a seat.
    pub(crate) with_seat: u64,
    /// Those that hold none, or of which that is not known.
    pub(crate) others: u64,
}

/// The first day of each bin.
const EDGES: [i64; 8] = [0, 30, 60, 90, 120, 150, 180, 365];

/// The accounts that are not deactivated, by when they were last used.
pub(crate) fn histogram(users: &[User], as_of: DateTime<Utc>) -> Vec<Bin> {
    let next = EDGES.iter().skip(1).map(Some).chain([None]);
    let days = EDGES.iter().zip(next).map(|(from, next)| match next {
        Some(next) => format!("{from}–{}", next - 1),
        None => format!("{from}+"),
    });
    let labels = days.chain(["never".to_owned(), "unknown".to_owned()]);
    let mut bins: Vec<Bin> = labels.map(|label| Bin { label, with_seat: 0, others: 0 }).collect();
    for user in users.iter().filter(|user| user.status != UserStatus::Deactivated) {
        let place = match LastUse::of(user, as_of) {
            // The first edge is 0, so that at least one lies below.
            LastUse::Ago(time) => EDGES.iter().filter(|edge| time.num_days() >= **edge).count().saturating_sub(1),
            LastUse::Never(_) => EDGES.len(),
            LastUse::Unknown => EDGES.len() + 1,
        };
        let Some(bin) = bins.get_mut(place) else { continue };
        let accounts = if user.seat == SeatUse::Occupied { &mut bin.with_seat } else { &mut bin.others };
        *accounts = accounts.saturating_add(1);
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::super::samples::{as_of, days_ago, member, never, roles};
    use super::*;
    use provider_host::model::ActivityKnowledge;

    fn numbers(shares: &[Share]) -> Vec<(&str, u64)> {
        shares.iter().map(|share| (share.label.as_str(), share.accounts)).collect()
    }

    #[test]
    fn every_account_counts_once_in_each_table() {
        let users = [
            User { role: "system-admin".into(), ..member("root") },
            User { kind: UserKind::Guest, role: "guest".into(), seat: SeatUse::Unknown, ..member("guest") },
            User { kind: UserKind::Bot, status: UserStatus::Inactive, seat: SeatUse::Free, ..member("bot") },
            User { kind: UserKind::Remote, status: UserStatus::Deactivated, role: "<b>new</b>".into(), ..member("x") },
        ];
        assert_eq!(numbers(&by_status(&users)), [("Active", 2), ("Inactive", 1), ("Deactivated", 1)]);
        let kinds = [("Members", 1), ("Guests", 1), ("Bots", 1), ("Of connected servers", 1)];
        assert_eq!(numbers(&by_kind(&users)), kinds);
        let by_role = by_role(&users, &roles());
        let expect = [("System Admin", 1), ("Team Admin", 0), ("Member", 1), ("Guest", 1), ("<b>new</b>", 1)];
        assert_eq!(numbers(&by_role), expect);
        assert_eq!(numbers(&by_seat(&users)), [("Hold a seat", 2), ("Hold none", 1), ("Not known", 1)]);
    }

    #[test]
    fn bins_begin_at_their_first_day() {
        let cases = [
            (0, "0–29"),
            (29, "0–29"),
            (30, "30–59"),
            (59, "30–59"),
            (60, "60–89"),
            (90, "90–119"),
            (179, "150–179"),
            (180, "180–364"),
            (364, "180–364"),
            (365, "365+"),
            (4_000, "365+"),
        ];
        for (days, label) in cases {
            let bins = histogram(&[days_ago("anna", days)], as_of());
            let full: Vec<_> = bins.iter().filter(|bin| bin.with_seat == 1).map(|bin| bin.label.as_str()).collect();
            assert_eq!(full, [label], "{days}");
        }
    }

    #[test]
    fn the_histogram_leaves_out_deactivated_accounts_alone() {
        let users = [
            days_ago("anna", 3),
            User { seat: SeatUse::Free, ..days_ago("bot", 3) },
            never("new", 1),
            User { activity: ActivityKnowledge::Unknown, ..member("hidden") },
            User { status: UserStatus::Deactivated, ..days_ago("gone", 3) },
        ];
        let bins = histogram(&users, as_of());
        let full: Vec<_> = bins.iter().map(|bin| (bin.label.as_str(), bin.with_seat, bin.others)).collect();
        assert_eq!(full.first(), Some(&("0–29", 1, 1)));
        assert_eq!(full.get(8..), Some(&[("never", 1, 0), ("unknown", 1, 0)][..]));
        assert_eq!(bins.iter().map(|bin| bin.with_seat + bin.others).sum::<u64>(), 4);
    }
}
