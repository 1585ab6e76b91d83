//! Who holds a seat, and who holds one without using it.

use std::cmp::Reverse;

use chrono::{DateTime, Duration, Utc};
use provider_host::model::{SeatUse, User};

use crate::last_use::LastUse;

/// After how many days without use a report counts seats.
pub(crate) const DAYS: [i64; 4] = [30, 60, 90, 180];

/// The days after which a seat counts as idle in the report's summary.
pub(crate) const IDLE_DAYS: i64 = 90;

/// The seats of a listing.
pub(crate) struct Seats<'a> {
    /// How many accounts hold a seat.
    pub(crate) occupied: u64,
    /// Of how many that is not known.
    pub(crate) unknown: u64,
    /// How those that are held are used.
    pub(crate) by_use: ByUse,
    /// How many are idle after each of [`DAYS`].
    pub(crate) idle: Vec<Idle>,
    /// Who holds a seat and has not used it for longer than the first of [`DAYS`], or never: who was idle longest first.
    pub(crate) idle_holders: Vec<Holder<'a>>,
    /// Who holds a seat and whose last use is hidden or not recorded, by username.
    pub(crate) unknown_holders: Vec<&'a User>,
}

/// How the seats that are held are used. Each is in one of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ByUse {
    /// Within [`IDLE_DAYS`].
    pub(crate) used: u64,
    /// Not within [`IDLE_DAYS`], but before.
    pub(crate) idle: u64,
    /// Never.
    pub(crate) never: u64,
    /// Nobody knows.
    pub(crate) unknown: u64,
}

/// The seats that nobody used for longer than some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Idle {
    /// The days.
    pub(crate) days: i64,
    /// Those that were used before.
    pub(crate) used_before: u64,
    /// Those that were never used, of accounts that are older than the days.
    pub(crate) never_used: u64,
}

impl Idle {
    /// How many seats deactivating these accounts would free.
    pub(crate) const fn saving(&self) -> u64 {
        self.used_before.saturating_add(self.never_used)
    }
}

/// Who holds a seat without using it.
pub(crate) struct Holder<'a> {
    /// The account.
    pub(crate) user: &'a User,
    /// What is known of its last use.
    pub(crate) last_use: LastUse,
}

impl<'a> Seats<'a> {
    /// The seats of these accounts.
    pub(crate) fn of(users: &'a [User], as_of: DateTime<Utc>) -> Self {
        let with = |seat: SeatUse| count(users.iter().filter(|user| user.seat == seat));
        let holders = users.iter().filter(|user| user.seat == SeatUse::Occupied);
        let holders: Vec<Holder<'_>> =
            holders.map(|user| Holder { user, last_use: LastUse::of(user, as_of) }).collect();
        let mut by_use = ByUse::default();
        holders.iter().for_each(|holder| by_use.take(holder.last_use));
        let idle = DAYS.map(|days| idle(&holders, days)).to_vec();
        let mut unknown_holders: Vec<&User> =
            holders.iter().filter(|holder| holder.last_use == LastUse::Unknown).map(|holder| holder.user).collect();
        unknown_holders.sort_by(|a, b| (&a.username, &a.id).cmp(&(&b.username, &b.id)));
        Self {
            occupied: with(SeatUse::Occupied),
            unknown: with(SeatUse::Unknown),
            by_use,
            idle,
            idle_holders: listed(holders),
            unknown_holders,
        }
    }

    /// How many seats are idle after so many days; 0 for days that are not among [`DAYS`].
    pub(crate) fn idle_for(&self, days: i64) -> u64 {
        self.idle.iter().find(|idle| idle.days == days).map_or(0, Idle::saving)
    }
}

impl ByUse {
    fn take(&mut self, last_use: LastUse) {
        let count = match last_use {
            LastUse::Ago(_) if last_use.is_idle_for(IDLE_DAYS) => &mut self.idle,
            LastUse::Ago(_) => &mut self.used,
            LastUse::Never(_) => &mut self.never,
            LastUse::Unknown => &mut self.unknown,
        };
        *count = count.saturating_add(1);
    }
}

fn idle(holders: &[Holder<'_>], days: i64) -> Idle {
    let idle = || holders.iter().filter(|holder| holder.last_use.is_idle_for(days));
    let is_never = |holder: &&Holder<'_>| matches!(holder.last_use, LastUse::Never(_));
    let never_used = count(idle().filter(is_never));
    Idle { days, used_before: count(idle()).saturating_sub(never_used), never_used }
}

/// Who is idle long enough to be listed, or has never used the seat. An account of unknown age comes last.
fn listed(holders: Vec<Holder<'_>>) -> Vec<Holder<'_>> {
    let [first, ..] = DAYS;
    let is_listed =
        |holder: &Holder<'_>| matches!(holder.last_use, LastUse::Never(_)) || holder.last_use.is_idle_for(first);
    let mut idle: Vec<Holder<'_>> = holders.into_iter().filter(is_listed).collect();
    idle.sort_by(|a, b| {
        let key = |holder: &Holder<'_>| Reverse(holder.last_use.idle().unwrap_or(Duration::MIN));
        key(a).cmp(&key(b)).then_with(|| (&a.user.username, &a.user.id).cmp(&(&b.user.username, &b.user.id)))
    });
    idle
}

/// How many there are.
pub(crate) fn count<T>(of: impl Iterator<Item = T>) -> u64 {
    of.fold(0, |count: u64, _| count.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{as_of, days_ago, member, never};
    use super::*;
    use provider_host::model::ActivityKnowledge;

    fn unknown(name: &str) -> User {
        User { activity: ActivityKnowledge::Unknown, last_activity_at: None, ..member(name) }
    }

    fn without_seat(user: User) -> User {
        User { seat: SeatUse::Free, ..user }
    }

    #[test]
    fn every_seat_counts_in_one_place_and_savings_add_up() {
        let users = [
            days_ago("today", 0),
            days_ago("a-month", 31),
            days_ago("a-quarter", 100),
            days_ago("a-year", 365),
            never("old-never", 200),
            never("new-never", 3),
            User { created_at: None, ..never("ageless-never", 1) },
            unknown("hidden"),
            without_seat(days_ago("gone", 900)),
            without_seat(never("bot", 900)),
            User { seat: SeatUse::Unknown, ..days_ago("guest", 900) },
        ];
        let seats = Seats::of(&users, as_of());
        assert_eq!((seats.occupied, seats.unknown), (8, 1));
        assert_eq!(seats.by_use, ByUse { used: 2, idle: 2, never: 3, unknown: 1 });
        let rows: Vec<_> = seats.idle.iter().map(|row| (row.days, row.used_before, row.never_used)).collect();
        assert_eq!(rows, [(30, 3, 1), (60, 2, 1), (90, 2, 1), (180, 1, 1)]);
        assert_eq!((seats.idle_for(90), seats.idle_for(7)), (3, 0));
        let names: Vec<_> = seats.idle_holders.iter().map(|holder| holder.user.username.as_str()).collect();
        assert_eq!(names, ["a-year", "old-never", "a-quarter", "a-month", "new-never", "ageless-never"]);
        let names: Vec<_> = seats.unknown_holders.iter().map(|user| user.username.as_str()).collect();
        assert_eq!(names, ["hidden"]);
    }
}
