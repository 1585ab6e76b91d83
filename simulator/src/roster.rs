//! The accounts of a server now: those that it started with, and the changes since.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use crate::account::{self, Account, Kind, Status, Traits, places};
use crate::change::ChangeKind;
use crate::ids::{self, Sort};
use crate::lists::{Lists, Row};
use crate::population::{Counts, Population};

/// The accounts of a server at one moment. Each has a number that it keeps: its place at the start, or for those made
/// since the next one. Without changes it costs nothing beside the population; each change costs what changes cost
/// before it, and never what the accounts would.
#[derive(Clone, Debug)]
pub(crate) struct Roster {
    start: Population,
    made: u32,
    counts: Counts,
    /// Accounts that differ from the start.
    changed: BTreeMap<u32, Account>,
    deleted: BTreeSet<u32>,
    /// Members who have become administrators of their team since the start, or are no longer.
    turned: BTreeSet<u32>,
    /// Numbers of accounts that have left the place that they had at the start.
    left: BTreeSet<u32>,
    /// Accounts at places of their own, by how many names at the start were before theirs, and by the name.
    moved: BTreeMap<(u32, String), u32>,
    runs: Vec<Run>,
    /// The teams of accounts that have joined or left one.
    joined: BTreeMap<u32, Vec<u32>>,
    /// When an account left a team, by both.
    former: BTreeMap<(u32, u32), i64>,
    /// Guests who have left the channel that everybody of their team is in.
    apart: BTreeSet<u32>,
    /// The remains of removed accounts: their teams, and whether the account was a bot.
    orphans: BTreeMap<u32, (Vec<u32>, bool)>,
    lists: Arc<OnceLock<Lists>>,
}

/// Accounts with numbers that follow each other, at places that do.
#[derive(Clone, Copy, Debug)]
struct Run {
    place: u32,
    first: u32,
    length: u32,
}

impl Run {
    const fn end(self) -> u32 {
        self.place.saturating_add(self.length)
    }
}

impl Roster {
    pub(crate) fn new(start: Population) -> Self {
        let runs = vec![Run { place: 0, first: 0, length: start.len() }];
        let memberships = start.memberships();
        // Their numbers come from the end, where no account will ever be.
        let all = memberships.orphans.saturating_add(memberships.orphan_bots);
        let orphans = (0..all).map(|number| {
            let is_bot = number >= memberships.orphans;
            let teams = if is_bot { Vec::new() } else { vec![start.own_team(number)] };
            (u32::MAX.saturating_sub(number), (teams, is_bot))
        });
        let orphans = orphans.collect();
        Self {
            made: 0,
            counts: start.counts(),
            changed: BTreeMap::new(),
            deleted: BTreeSet::new(),
            turned: BTreeSet::new(),
            left: BTreeSet::new(),
            moved: BTreeMap::new(),
            runs,
            joined: BTreeMap::new(),
            former: BTreeMap::new(),
            apart: BTreeSet::new(),
            orphans,
            lists: Arc::default(),
            start,
        }
    }

    pub(crate) fn len(&self) -> u32 {
        self.runs.last().map_or(0, |run| run.end())
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.counts
    }

    /// The numbers of all accounts by username, from this place on.
    pub(crate) fn from(&self, place: u32) -> impl Iterator<Item = u32> + '_ {
        let at = self.runs.partition_point(|run| run.end() <= place);
        self.runs.iter().skip(at).flat_map(move |run| {
            let passed = place.saturating_sub(run.place);
            run.first.saturating_add(passed)..run.first.saturating_add(run.length)
        })
    }

    /// The numbers of all accounts by username.
    pub(crate) fn all(&self) -> impl Iterator<Item = u32> + '_ {
        self.from(0)
    }

    /// The place of the first account that comes after this name, or has it and comes after this id.
    pub(crate) fn place_after(&self, username: &str, id: &str) -> u32 {
        let before = self.start_place(username);
        let left = self.left.range(..before).count();
        let moved = self.moved.range(..(before, username.to_owned())).count();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let place = before.saturating_sub(number(left)).saturating_add(number(moved));
        let is_passed = self
            .from(place)
            .next()
            .map(|number| self.account(number))
            .is_some_and(|account| account.username == username && account.id.as_str() <= id);
        place.saturating_add(u32::from(is_passed))
    }

    /// The number of the account with this id.
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        let end = self.start.len().saturating_add(self.made);
        ids::index(self.start.seed(), Sort::User, id).filter(|number| *number < end && !self.deleted.contains(number))
    }

    pub(crate) fn account(&self, number: u32) -> Account {
        self.changed.get(&number).cloned().unwrap_or_else(|| self.start.account(number))
    }

    pub(crate) fn traits(&self, number: u32) -> Traits {
        self.changed.get(&number).map_or_else(|| self.start.traits(number), Account::traits)
    }

    /// The id of an account, or of one that was removed.
    pub(crate) fn id(&self, number: u32) -> String {
        ids::id(self.start.seed(), Sort::User, number)
    }

    /// The teams that an account is in.
    pub(crate) fn teams_of(&self, number: u32) -> Vec<u32> {
        self.joined.get(&number).cloned().unwrap_or_else(|| self.start.teams_of(number, self.traits(number).kind))
    }

    /// The teams that an account has left, and when.
    pub(crate) fn former_teams(&self, number: u32) -> impl Iterator<Item = (u32, i64)> + '_ {
        self.former.range((number, 0)..=(number, u32::MAX)).map(|((_, team), at)| (*team, *at))
    }

    /// The lists of teams and bots.
    pub(crate) fn lists(&self) -> &Lists {
        self.lists.get_or_init(|| {
            let rows = self.all().map(|number| Row {
                number,
                teams: self.teams_of(number),
                bot_since: (self.traits(number).kind == Kind::Bot).then(|| self.create_at(number)),
            });
            let orphans = self.orphans.iter().map(|(number, (teams, is_bot))| Row {
                number: *number,
                teams: teams.clone(),
                bot_since: is_bot.then_some(i64::MAX),
            });
            Lists::of(self.start.teams(), rows, orphans)
        })
    }

    /// The memberships of a team by id, those included whose account was removed.
    pub(crate) fn memberships(&self, team: u32) -> &[u32] {
        self.lists().by_id(team, |number| self.id(number))
    }

    /// Whether an account was removed and only references to it remain.
    pub(crate) fn is_orphan(&self, number: u32) -> bool {
        self.orphans.contains_key(&number)
    }

    /// The numbers of all who share a channel with an account, which is not among them: the accounts of a team are all in
    /// its Town Square, which guests alone may leave. What is left of removed accounts is among them.
    pub(crate) fn known_to(&self, own: u32) -> Vec<u32> {
        if self.is_apart(own) {
            return Vec::new();
        }
        let teams = self.teams_of(own);
        let orphans = self.orphans.iter().filter(|(_, (of, _))| of.iter().any(|team| teams.contains(team)));
        let mut known: Vec<u32> = teams.iter().flat_map(|team| self.lists().members(*team).iter().copied()).collect();
        known.retain(|number| *number != own && !self.is_apart(*number));
        known.extend(orphans.map(|(number, _)| *number));
        known.sort_unstable();
        known.dedup();
        known
    }

    /// Whether a guest is in none of the channels that others are in.
    fn is_apart(&self, number: u32) -> bool {
        let traits = self.traits(number);
        traits.kind == Kind::Guest
            && (self.apart.contains(&number)
                || (traits.is_single_channel_guest && self.start.memberships().guests_apart))
    }

    /// When an account was made, in milliseconds since 1970.
    pub(crate) fn create_at(&self, number: u32) -> i64 {
        let at_start = || account::create_at(self.start.seed(), number, self.start.now_ms());
        self.changed.get(&number).map_or_else(at_start, |account| account.create_at)
    }

    /// Whether an account runs this team, of which it is a member. Of system administrators the server does not say so.
    pub(crate) fn runs(&self, number: u32, team: u32) -> bool {
        let did = number < self.start.len() && self.start.is_team_admin(number);
        team == self.start.own_team(number)
            && self.traits(number).kind == Kind::Member
            && did != self.turned.contains(&number)
    }

    /// Applies a change, and returns the account after it, or the last state of a deleted one. `None` if no account can
    /// change in this way.
    pub(crate) fn change(&mut self, kind: ChangeKind, now_ms: i64) -> Option<Account> {
        match kind {
            ChangeKind::Create { username } => Some(self.make(&username, Kind::Member, now_ms)),
            ChangeKind::CreateBot { username } => Some(self.make(&username, Kind::Bot, now_ms)),
            ChangeKind::Rename { place, username } => {
                let account = self.account(self.pick(place, |_| true)?);
                Some(self.rename(account, &username, now_ms))
            }
            ChangeKind::Deactivate { place } => {
                let number = self.pick(place, |traits| !traits.is_deactivated)?;
                Some(self.switch(number, now_ms, now_ms))
            }
            ChangeKind::Reactivate { place } => {
                let number = self.pick(place, |traits| traits.is_deactivated)?;
                Some(self.switch(number, 0, now_ms))
            }
            ChangeKind::Promote { place } => {
                let is_either = |traits: Traits| matches!(traits.kind, Kind::Member | Kind::SystemAdmin);
                let mut account = self.account(self.pick(place, is_either)?);
                (account.kind, account.roles) = if account.kind == Kind::Member {
                    (Kind::SystemAdmin, "system_admin system_user")
                } else {
                    (Kind::Member, "system_user")
                };
                account.update_at = now_ms;
                Some(self.replace(account))
            }
            ChangeKind::RunTeam { place } => {
                let number = self.pick(place, |traits| traits.kind == Kind::Member)?;
                if !self.turned.remove(&number) {
                    self.turned.insert(number);
                }
                Some(self.account(number))
            }
            ChangeKind::Use { place } => {
                let mut account = self.account(self.pick(place, |traits| !traits.is_deactivated)?);
                account.status = Some(Status { status: "online", manual: false, last_activity_at: now_ms });
                Some(self.replace(account))
            }
            ChangeKind::Delete { place } => Some(self.delete(self.pick(place, |_| true)?)),
            ChangeKind::Orphan { place } => {
                let number = self.pick(place, |_| true)?;
                let (teams, is_bot) = (self.teams_of(number), self.traits(number).kind == Kind::Bot);
                self.orphans.insert(number, (teams, is_bot));
                Some(self.delete(number))
            }
            ChangeKind::MakeGuest { place } => {
                let mut account = self.account(self.pick(place, |traits| traits.kind == Kind::Member)?);
                (account.kind, account.roles, account.update_at) = (Kind::Guest, "system_guest", now_ms);
                Some(self.replace(account))
            }
            ChangeKind::SignIn { place } => {
                let mut account = self.account(self.pick(place, |traits| !traits.is_deactivated)?);
                (account.last_login, account.update_at) = (now_ms, now_ms);
                Some(self.replace(account))
            }
            ChangeKind::JoinTeam { .. } | ChangeKind::LeaveTeam { .. } | ChangeKind::LeaveChannel { .. } => {
                self.move_about(kind, now_ms)
            }
        }
    }

    fn rename(&mut self, mut account: Account, username: &str, now_ms: i64) -> Account {
        self.leave(&account);
        let name = std::mem::replace(&mut account.username, self.unique(username));
        account.mailbox.get_or_insert(name);
        account.update_at = now_ms;
        self.settle(account.username.clone(), account.index);
        self.changed.insert(account.index, account.clone());
        account
    }

    /// Changes who is in a team or a channel, of which the account itself shows nothing.
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other change is of an account itself")]
    fn move_about(&mut self, kind: ChangeKind, now_ms: i64) -> Option<Account> {
        let team = |team: u32| team.checked_rem(self.start.teams()).unwrap_or_default();
        let number = match kind {
            ChangeKind::JoinTeam { place, team: wanted } => {
                let team = team(wanted);
                let number = self.find_from(place, |number| !self.teams_of(number).contains(&team))?;
                let mut teams = self.teams_of(number);
                teams.push(team);
                teams.sort_unstable();
                self.joined.insert(number, teams);
                self.former.remove(&(number, team));
                number
            }
            ChangeKind::LeaveTeam { place, team: left } => {
                let team = team(left);
                let number = self.find_from(place, |number| self.teams_of(number).contains(&team))?;
                let mut teams = self.teams_of(number);
                teams.retain(|other| *other != team);
                self.joined.insert(number, teams);
                self.former.insert((number, team), now_ms);
                number
            }
            ChangeKind::LeaveChannel { place } => {
                let number = self.pick(place, |traits| traits.kind == Kind::Guest)?;
                self.apart.insert(number);
                number
            }
            _ => return None,
        };
        self.lists = Arc::default();
        Some(self.account(number))
    }

    /// Takes an account away, and returns it as it last was.
    fn delete(&mut self, number: u32) -> Account {
        let account = self.account(number);
        self.counts.remove(account.traits());
        self.leave(&account);
        self.arrange();
        self.changed.remove(&account.index);
        self.deleted.insert(account.index);
        account
    }

    /// Adds an account.
    fn make(&mut self, username: &str, kind: Kind, now_ms: i64) -> Account {
        let number = self.start.len().saturating_add(self.made);
        self.made = self.made.saturating_add(1);
        let account = account::made(self.start.seed(), number, self.unique(username), kind, now_ms);
        self.counts.add(account.traits());
        self.settle(account.username.clone(), number);
        self.changed.insert(number, account.clone());
        account
    }

    /// Puts an account in the place of what it was.
    fn replace(&mut self, account: Account) -> Account {
        self.counts.remove(self.traits(account.index));
        self.counts.add(account.traits());
        self.changed.insert(account.index, account.clone());
        account
    }

    /// The number of the first account from this place on that may change and matches.
    fn pick(&self, place: u32, is_wanted: impl Fn(Traits) -> bool) -> Option<u32> {
        self.find_from(place, |number| is_wanted(self.traits(number)))
    }

    /// The same, of what is not the account's own.
    fn find_from(&self, place: u32, is_wanted: impl Fn(u32) -> bool) -> Option<u32> {
        let from = place.checked_rem(self.len())?;
        let before = usize::try_from(from).unwrap_or(usize::MAX);
        self.from(from).chain(self.all().take(before)).find(|number| *number >= places::OWNERS && is_wanted(*number))
    }

    /// Sets when an account was deactivated.
    fn switch(&mut self, number: u32, delete_at: i64, now_ms: i64) -> Account {
        let mut account = self.account(number);
        account.delete_at = delete_at;
        account.update_at = now_ms;
        self.replace(account)
    }

    /// Takes an account out of the order.
    fn leave(&mut self, account: &Account) {
        let place = self.start_place(&account.username);
        if self.moved.remove(&(place, account.username.clone())).is_none() {
            self.left.insert(account.index);
        }
    }

    /// Puts an account into the order.
    fn settle(&mut self, username: String, number: u32) {
        self.moved.insert((self.start_place(&username), username), number);
        self.arrange();
    }

    /// A name that nobody has.
    fn unique(&self, wanted: &str) -> String {
        let wanted = wanted.to_lowercase();
        let mut name = wanted.clone();
        let mut number = 2_u32;
        while self.is_taken(&name) {
            name = format!("{wanted}-{number}");
            number = number.saturating_add(1);
        }
        name
    }

    fn is_taken(&self, name: &str) -> bool {
        let place = self.start_place(name);
        let at_start = place < self.start.len() && self.start.username(place) == name && !self.left.contains(&place);
        at_start || self.moved.contains_key(&(place, name.to_owned()))
    }

    /// How many names were before this one at the start.
    fn start_place(&self, name: &str) -> u32 {
        let (mut from, mut to) = (0, self.start.len());
        while from < to {
            let middle = from.midpoint(to);
            if self.start.username(middle).as_str() < name {
                from = middle.saturating_add(1);
            } else {
                to = middle;
            }
        }
        from
    }

    /// Computes the order again: the accounts that are where they were, and between them those that moved.
    fn arrange(&mut self) {
        let mut runs: Vec<Run> = Vec::with_capacity(self.runs.len().saturating_add(2));
        let mut push = |first: u32, end: u32| {
            let place = runs.last().map_or(0, |run| run.end());
            if first < end {
                runs.push(Run { place, first, length: end.saturating_sub(first) });
            }
        };
        let mut at = 0;
        let end = (self.start.len(), None);
        let moved = self.moved.iter().map(|((place, _), number)| (*place, Some(*number)));
        for (place, number) in moved.chain([end]) {
            for left in self.left.range(at..place) {
                push(at, *left);
                at = left.saturating_add(1);
            }
            push(at, place);
            at = at.max(place);
            if let Some(number) = number {
                push(number, number.saturating_add(1));
            }
        }
        self.runs = runs;
        self.lists = Arc::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;
    use crate::membership::Memberships;

    const NOW: i64 = 1_795_533_929_000;

    fn roster(accounts: u32) -> Roster {
        Roster::new(Population::new(7, accounts, NOW, Memberships::default()))
    }

    /// Checks a roster against a simple computation.
    fn check(roster: &Roster) {
        let numbers: Vec<u32> = roster.all().collect();
        let accounts: Vec<Account> = numbers.iter().map(|number| roster.account(*number)).collect();
        assert_eq!(u32::try_from(accounts.len()).unwrap(), roster.len());
        assert!(accounts.is_sorted_by(|a, b| a.username < b.username));
        let mut counts = Counts::default();
        for (place, (number, account)) in (0..).zip(numbers.iter().zip(&accounts)) {
            assert_eq!((account.index, account.traits()), (*number, roster.traits(*number)));
            assert_eq!(account.create_at, roster.create_at(*number));
            assert_eq!(roster.find(&account.id), Some(*number));
            assert_eq!(roster.from(place).next(), Some(*number));
            assert_eq!(roster.place_after(&account.username, ""), place);
            assert_eq!(roster.place_after(&account.username, &account.id), place + 1);
            counts.add(account.traits());
        }
        assert_eq!(counts, roster.counts());
        assert_eq!(roster.from(roster.len()).next(), None);
        for team in 0..roster.start.teams() {
            let expect: Vec<u32> = roster.all().filter(|number| roster.teams_of(*number).contains(&team)).collect();
            assert_eq!(roster.lists().members(team), expect);
        }
        let teamless: Vec<u32> = roster.all().filter(|number| roster.teams_of(*number).is_empty()).collect();
        assert_eq!(roster.lists().teamless(), teamless);
        let bots = roster.all().filter(|number| roster.traits(*number).kind == Kind::Bot).count();
        let removed = roster.orphans.values().filter(|(_, is_bot)| *is_bot).count();
        assert_eq!(roster.lists().bots().iter().collect::<BTreeSet<_>>().len(), bots + removed);
        for owner in 0..places::OWNERS {
            assert_eq!(roster.account(owner), roster.start.account(owner));
        }
    }

    #[test]
    fn a_roster_stays_right_through_many_changes() {
        for accounts in [7, 300] {
            let mut roster = roster(accounts);
            let mut chance = Chance::of(accounts.into(), 0, 0);
            check(&roster);
            for step in 0..300 {
                let place = u32::try_from(chance.below(1_000)).unwrap();
                // Few names, so that many are taken; and one that an account had at the start.
                let username = match chance.below(4) {
                    0 => roster.start.username(place % accounts),
                    1 => format!("Name{}", place % 10),
                    _ => format!("{}{}", char::from(b'a' + u8::try_from(place % 26).unwrap()), place),
                };
                let team = place % 7;
                let kind = match chance.below(15) {
                    0 => ChangeKind::Create { username },
                    1 => ChangeKind::Rename { place, username },
                    2 => ChangeKind::Deactivate { place },
                    3 => ChangeKind::Reactivate { place },
                    4 => ChangeKind::CreateBot { username },
                    5 => ChangeKind::Promote { place },
                    6 => ChangeKind::RunTeam { place },
                    7 => ChangeKind::Use { place },
                    8 => ChangeKind::JoinTeam { place, team },
                    9 => ChangeKind::LeaveTeam { place, team },
                    10 => ChangeKind::LeaveChannel { place },
                    11 => ChangeKind::MakeGuest { place },
                    12 => ChangeKind::SignIn { place },
                    13 => ChangeKind::Orphan { place },
                    _ => ChangeKind::Delete { place },
                };
                let changed = roster.change(kind.clone(), NOW + step);
                if let Some(account) = changed {
                    let is_gone = matches!(kind, ChangeKind::Delete { .. } | ChangeKind::Orphan { .. });
                    assert_eq!(roster.find(&account.id).is_none(), is_gone);
                    let is_beside = matches!(
                        kind,
                        ChangeKind::RunTeam { .. }
                            | ChangeKind::Use { .. }
                            | ChangeKind::JoinTeam { .. }
                            | ChangeKind::LeaveTeam { .. }
                            | ChangeKind::LeaveChannel { .. }
                    );
                    assert_eq!(account.update_at == NOW + step, !is_gone && !is_beside, "{kind:?}");
                }
                check(&roster);
            }
        }
    }

    #[test]
    fn the_place_is_the_present_one_and_owners_of_tokens_are_passed_over() {
        let mut roster = roster(100);
        let first = roster.change(ChangeKind::Delete { place: 0 }, NOW).unwrap();
        assert_eq!(first.index, places::OWNERS);
        let made = roster.change(ChangeKind::Create { username: "AAA".into() }, NOW).unwrap();
        assert_eq!((made.username.as_str(), made.kind, made.create_at), ("aaa", Kind::Member, NOW));
        let renamed = roster.change(ChangeKind::Rename { place: 100, username: "aaa".into() }, NOW).unwrap();
        assert_eq!((renamed.index, renamed.username.as_str()), (made.index, "aaa"), "its own name is free to it");
        let again = roster.change(ChangeKind::Rename { place: 99, username: "aaa".into() }, NOW).unwrap();
        assert_eq!((again.index, again.username.as_str()), (99, "aaa-2"));
        assert_eq!(
            again.email(),
            Population::new(7, 100, NOW, Memberships::default()).account(99).email(),
            "the address stays"
        );
    }

    #[test]
    fn a_server_of_a_million_pays_for_its_changes_alone() {
        let mut roster = roster(1_000_000);
        for place in 0..2_000 {
            roster.change(ChangeKind::Rename { place: place * 400, username: format!("m{place}") }, NOW);
        }
        assert_eq!(roster.len(), 1_000_000);
        assert!(roster.runs.len() <= 4_001, "{} runs", roster.runs.len());
        assert_eq!(roster.from(999_999).count(), 1);
    }
}
