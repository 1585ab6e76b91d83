//! Everybody on a server, made when asked for.

use crate::account::{self, Account, Kind, Traits, places};
use crate::chance::Chance;
use crate::ids::{self, Sort};
use crate::membership::{self, Memberships};
use crate::team::{self, Team};

/// The accounts and teams that a server starts with. It holds none of them: each follows from the seed and its place.
#[derive(Clone, Debug)]
pub struct Population {
    seed: u64,
    accounts: u32,
    teams: u32,
    memberships: Memberships,
    now_ms: i64,
    counts: Counts,
}

/// How many there are of each sort, deactivated accounts included where nothing else is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Deactivated accounts.
    pub deactivated: u32,
    /// Guests.
    pub guests: u32,
    /// Bots.
    pub bots: u32,
    /// Accounts of connected servers.
    pub remote: u32,
    /// System administrators.
    pub system_admins: u32,
    /// Active accounts that are neither bots nor of connected servers.
    pub seats: u32,
    /// Active accounts, bots included, those of connected servers not.
    pub active: u32,
    /// Active accounts of connected servers.
    pub active_remote: u32,
    /// Active bots.
    pub active_bots: u32,
    /// Active guests in one channel alone. They are among the seats.
    pub single_channel_guests: u32,
}

impl Counts {
    /// Deactivated bots.
    #[must_use]
    pub const fn deactivated_bots(&self) -> u32 {
        self.bots.saturating_sub(self.active_bots)
    }
}

impl Population {
    pub(crate) fn new(seed: u64, accounts: u32, now_ms: i64, memberships: Memberships) -> Self {
        let accounts = accounts.max(places::COUNT);
        let mut counts = Counts::default();
        for index in 0..accounts {
            counts.add(account::traits(seed, index, accounts));
        }
        let teams = memberships.teams.unwrap_or_else(|| team::count(accounts)).max(1);
        Self { seed, accounts, teams, memberships, now_ms, counts }
    }

    /// How many accounts there are: what `GET /users` lists to an administrator.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.accounts
    }

    /// Never: every server has an administrator.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.accounts == 0
    }

    /// How many there are of each sort.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// How many teams there are.
    #[must_use]
    pub const fn teams(&self) -> u32 {
        self.teams
    }

    /// The account at this place of the list by username.
    #[must_use]
    pub fn account(&self, index: u32) -> Account {
        account::make(self.seed, index, self.accounts, self.now_ms)
    }

    /// Every account, by username.
    pub fn all(&self) -> impl Iterator<Item = Account> + '_ {
        (0..self.accounts).map(|index| self.account(index))
    }

    /// The ids of the accounts that run a team that is not archived.
    #[must_use]
    pub fn team_admins(&self) -> Vec<String> {
        let is_archived = |team: u32| self.teams > 1 && team.saturating_add(1) == self.teams;
        (0..self.accounts)
            .filter(|index| {
                let own = self.own_team(*index);
                !is_archived(own)
                    && self.is_team_admin(*index)
                    && self.teams_of(*index, self.traits(*index).kind).contains(&own)
            })
            .map(|index| ids::id(self.seed, Sort::User, index))
            .collect()
    }

    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) const fn memberships(&self) -> &Memberships {
        &self.memberships
    }

    pub(crate) const fn now_ms(&self) -> i64 {
        self.now_ms
    }

    pub(crate) fn username(&self, index: u32) -> String {
        account::username(index, self.traits(index).kind)
    }

    pub(crate) fn traits(&self, index: u32) -> Traits {
        account::traits(self.seed, index, self.accounts)
    }

    pub(crate) fn team(&self, index: u32) -> Team {
        team::make(self.seed, index, self.teams, self.now_ms)
    }

    pub(crate) fn find_team(&self, id: &str) -> Option<Team> {
        ids::index(self.seed, Sort::Team, id).filter(|index| *index < self.teams).map(|index| self.team(index))
    }

    /// The teams that an account is in.
    pub(crate) fn teams_of(&self, account: u32, kind: Kind) -> Vec<u32> {
        self.memberships.of(self.seed, self.teams, account, kind)
    }

    /// The one of them that it may run.
    pub(crate) const fn own_team(&self, account: u32) -> u32 {
        membership::own_team(self.teams, account)
    }

    /// Whether an account runs its own team: one in some thirty does, and never a guest.
    pub(crate) fn is_team_admin(&self, account: u32) -> bool {
        let rank = account.checked_div(self.teams).unwrap_or_default();
        matches!(self.traits(account).kind, Kind::Member)
            && (rank == 1 || Chance::of(self.seed, 3, u64::from(account)).below(30) == 0)
    }
}

impl Counts {
    pub(crate) fn add(&mut self, traits: Traits) {
        self.tally(traits, |number| *number = number.saturating_add(1));
    }

    pub(crate) fn remove(&mut self, traits: Traits) {
        self.tally(traits, |number| *number = number.saturating_sub(1));
    }

    fn tally(&mut self, traits: Traits, step: impl Fn(&mut u32)) {
        let (kind, is_active) = (traits.kind, !traits.is_deactivated);
        for (number, counts) in [
            (&mut self.deactivated, !is_active),
            (&mut self.guests, kind == Kind::Guest),
            (&mut self.bots, kind == Kind::Bot),
            (&mut self.remote, kind == Kind::Remote),
            (&mut self.system_admins, kind == Kind::SystemAdmin),
            (&mut self.seats, traits.takes_a_seat()),
            (&mut self.active, is_active && kind != Kind::Remote),
            (&mut self.active_remote, is_active && kind == Kind::Remote),
            (&mut self.active_bots, is_active && kind == Kind::Bot),
            (&mut self.single_channel_guests, is_active && traits.is_single_channel_guest),
        ] {
            if counts {
                step(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_population_is_sorted_unique_and_of_every_sort() {
        for total in [7, 100, 1_000, 12_345] {
            let population = Population::new(5, total, 1_795_533_929_000, Memberships::default());
            let accounts: Vec<_> = population.all().collect();
            assert_eq!(accounts.len(), usize::try_from(total).unwrap());
            assert!(accounts.is_sorted_by(|a, b| a.username < b.username));
            assert_eq!(accounts.iter().map(|account| &account.id).collect::<HashSet<_>>().len(), accounts.len());
            assert!(accounts.iter().zip(0..).all(|(account, place)| account.index == place));
        }
        let counts = Population::new(5, 1_000, 1_795_533_929_000, Memberships::default()).counts();
        for (what, n, from, to) in [
            ("deactivated", counts.deactivated, 40, 130),
            ("guests", counts.guests, 30, 90),
            ("bots", counts.bots, 15, 70),
            ("remote", counts.remote, 10, 60),
            ("system admins", counts.system_admins, 2, 12),
        ] {
            assert!((from..to).contains(&n), "{n} {what}");
        }
    }

    #[test]
    fn counts_are_those_of_the_accounts() {
        let population = Population::new(9, 2_000, 1_795_533_929_000, Memberships::default());
        let seats = population.all().filter(|account| account.takes_a_seat()).count();
        assert_eq!(usize::try_from(population.counts().seats).unwrap(), seats);
        assert_eq!(
            population.counts().bots,
            u32::try_from(population.all().filter(|a| a.kind == Kind::Bot).count()).unwrap()
        );
        assert!(!population.team_admins().is_empty());
    }

    #[test]
    fn times_are_in_order() {
        let population = Population::new(3, 3_000, 1_795_533_929_000, Memberships::default());
        for account in population.all() {
            assert!(account.create_at < population.now_ms() && account.update_at >= account.create_at);
            assert!(account.delete_at == 0 || account.delete_at > account.create_at);
            let last = account.status.map_or(0, |status| status.last_activity_at);
            assert!(last == 0 || (last >= account.create_at && last <= population.now_ms()), "{account:?}");
        }
    }
}
