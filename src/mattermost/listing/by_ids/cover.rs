//! Chooses the lists that name everybody: the accounts that the caller knows, bots, accounts without a team, and the
//! members of teams that the caller is not in. Reads the cheapest first, and no more than needed.

use alloc::string::String;
use alloc::vec::Vec;

use provider_sdk::http::Request;

use super::super::super::api::{self, USERS_PER_PAGE};
use super::super::super::settings::{Settings, Way};
use super::cost;

/// A list that names accounts, or the teams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The accounts that share a channel with the caller.
    Known,
    /// Bots, deactivated ones among them.
    Bots,
    /// Accounts in no team.
    WithoutTeam,
    /// The teams, archived ones among them, which have members too.
    Teams,
    /// The members of a team, by its place.
    Team(usize),
}

/// A page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// The list.
    pub(super) source: Source,
    /// The page's number, from 0.
    pub(super) page: u32,
}

/// Pages that are read of teams whose first page names nobody new: the few missing accounts are probably not in them.
pub(super) const OWN_PAGES: usize = 20;

/// The same for a sync, which takes fewer requests in all.
const OWN_PAGES_OF_CHANGES: usize = 4;

/// How many accounts a sync requests at once, and how many pages of members any sync may read.
const ACCOUNTS_A_BATCH: usize = 9_300;
const SPARE_PAGES: usize = 5;

/// How many pages a list may have more than the counted accounts fill, for ids without an account.
const PAGES_MORE: usize = 20;

/// The turn of a query. All queries of a turn are answered before the next turn begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Known,
    /// Lists of one request or a few.
    Few,
    /// The teams: a list that names nobody.
    Teams,
    /// The first page of each team.
    FirstOfTeam,
    /// Further pages, the cheapest first.
    Further(u64),
    /// Further pages of teams whose first page named nobody new: the caller is probably in them.
    Last(u64),
}

/// The lists to read, and when they suffice.
#[derive(Clone, Debug)]
pub(super) struct Cover {
    /// How many ids suffice: the server's count, plus those known to have no account.
    wanted: usize,
    accounts: u32,
    teams: Vec<String>,
    open: Vec<(Turn, Query)>,
    in_flight: Vec<(Turn, Query)>,
    /// The queries that were answered.
    read: Vec<Query>,
    /// The most pages that may still be read, so that reading stops if a list does not end.
    left: usize,
    /// The same for teams that the caller is probably in.
    left_of_own: usize,
    /// Whether the lists are read at any cost.
    is_forced: bool,
    /// Whether the lists of a few requests are read although fewer suffice.
    is_thorough: bool,
    /// The most accounts that may be left for the lists of teams.
    most_unknown: usize,
    is_given_up: bool,
}

impl Cover {
    /// The cover of a server that counts `accounts` accounts; `orphans` more ids are known to have no account.
    #[must_use]
    pub(super) fn new(accounts: u32, orphans: u32, settings: &Settings) -> Self {
        let query = |source| Query { source, page: 0 };
        let mut open = alloc::vec![(Turn::Known, query(Source::Known))];
        if settings.bots {
            open.push((Turn::Few, query(Source::Bots)));
        }
        open.push((Turn::Few, query(Source::WithoutTeam)));
        open.push((Turn::Teams, query(Source::Teams)));
        let wanted = usize::try_from(accounts.saturating_add(orphans)).unwrap_or(usize::MAX);
        let is_forced = settings.way == Way::Ids;
        Self {
            wanted,
            accounts,
            teams: Vec::new(),
            open,
            in_flight: Vec::new(),
            read: Vec::new(),
            left: if is_forced { usize::MAX } else { (wanted / USERS_PER_PAGE).saturating_mul(3) / 2 + 20 },
            left_of_own: OWN_PAGES,
            is_forced,
            is_thorough: false,
            most_unknown: usize::MAX,
            is_given_up: false,
        }
    }

    /// The cover for a sync. It reads the lists of a few requests in any case, and the lists of teams even on small
    /// servers, where a listing reads pages.
    #[must_use]
    pub(super) fn of_changes(accounts: u32, orphans: u32, settings: &Settings) -> Self {
        Self { is_thorough: true, left_of_own: OWN_PAGES_OF_CHANGES, ..Self::new(accounts, orphans, settings) }
    }

    /// The same if there is another way to sync. The lists of teams are read twice; if that takes many more requests
    /// than the rest of the sync, which takes two for each batch of accounts, this gives up.
    #[must_use]
    pub(super) fn sparing_teams(mut self) -> Self {
        self.most_unknown =
            self.wanted.saturating_mul(USERS_PER_PAGE) / ACCOUNTS_A_BATCH + SPARE_PAGES * USERS_PER_PAGE;
        self
    }

    /// Only the list of the accounts that the caller knows.
    #[must_use]
    pub(super) fn of_known(accounts: u32) -> Self {
        let wanted = usize::try_from(accounts).unwrap_or(usize::MAX);
        Self {
            wanted,
            accounts,
            teams: Vec::new(),
            open: alloc::vec![(Turn::Known, Query { source: Source::Known, page: 0 })],
            in_flight: Vec::new(),
            read: Vec::new(),
            left: 1,
            left_of_own: 0,
            is_forced: true,
            is_thorough: false,
            most_unknown: usize::MAX,
            is_given_up: false,
        }
    }

    /// The next query, with `have` distinct ids read so far; `None` if they suffice, or if the rest waits for answers.
    pub(super) fn next(&mut self, have: usize) -> Option<Query> {
        if self.suffices(have) || self.is_given_up {
            return None;
        }
        let (place, turn) =
            self.open.iter().enumerate().map(|(place, (turn, _))| (place, *turn)).min_by_key(|it| it.1)?;
        if self.in_flight.iter().any(|(flying, _)| flying.kind() < turn.kind()) {
            return None;
        }
        let left = if turn.kind() == Turn::Last(0).kind() { &mut self.left_of_own } else { &mut self.left };
        *left = left.checked_sub(1)?;
        let (turn, query) = self.open.swap_remove(place);
        self.in_flight.push((turn, query));
        Some(query)
    }

    /// Whether `have` ids are enough: exactly as many as were counted, or, once the short lists are read, more than
    /// that. Some ids have no account, so a larger number may hide a missing account.
    #[must_use]
    pub(super) fn suffices(&self, have: usize) -> bool {
        let earliest = self.open.iter().chain(&self.in_flight).map(|(turn, _)| *turn).min();
        match earliest {
            Some(Turn::Known) => false,
            Some(Turn::Few) => !self.is_thorough && have == self.wanted,
            Some(Turn::Teams | Turn::FirstOfTeam | Turn::Further(_) | Turn::Last(_)) | None => have >= self.wanted,
        }
    }

    /// How many ids to make room for: more than were counted, for ids without an account and for new accounts.
    #[must_use]
    pub(super) fn room(&self) -> usize {
        self.wanted.saturating_add(self.wanted / 32).saturating_add(4_096)
    }

    /// Whether the remaining lists would cost more than they save.
    #[must_use]
    pub(super) const fn is_given_up(&self) -> bool {
        self.is_given_up
    }

    /// Records an answer with `sent` entries, `new` of them new; there are `have` ids now.
    pub(super) fn took(&mut self, query: Query, sent: usize, new: usize, have: usize) {
        self.landed(query);
        self.read.push(query);
        if query.source == Source::Known {
            return self.weigh(have);
        }
        if sent < USERS_PER_PAGE {
            if query.source == Source::Teams {
                self.weigh_teams(have);
            }
            return;
        }
        let next = Query { page: query.page.saturating_add(1), ..query };
        // A list with more pages than the accounts fill repeats itself.
        if usize::try_from(next.page).unwrap_or(usize::MAX) > self.wanted / USERS_PER_PAGE + PAGES_MORE {
            return;
        }
        let price = cost::of_page(query.source == Source::WithoutTeam, next.page, self.accounts);
        let turn = match query.source {
            Source::Known | Source::Bots => Turn::Few,
            Source::Teams => Turn::Teams,
            Source::Team(_) if new == 0 => Turn::Last(price),
            Source::WithoutTeam | Source::Team(_) => Turn::Further(price),
        };
        self.open.push((turn, next));
    }

    /// Records a team.
    pub(super) fn found_team(&mut self, id: &str) {
        let query = Query { source: Source::Team(self.teams.len()), page: 0 };
        self.teams.push(id.into());
        self.open.push((Turn::FirstOfTeam, query));
    }

    /// Records that the server does not answer the query: the cover does without that list.
    pub(super) fn refused(&mut self, query: Query) {
        self.landed(query);
        if query.source == Source::Known {
            self.weigh(0);
        }
    }

    /// Gives up if `have` ids are too few and reading the members of teams costs too much.
    fn weigh(&mut self, have: usize) {
        let unknown = u32::try_from(self.wanted.saturating_sub(have)).unwrap_or(u32::MAX);
        let is_small = self.is_thorough && self.accounts < cost::ACCOUNTS_WORTH;
        let is_worth = is_small || cost::is_worth(self.accounts, unknown);
        let is_too_much = usize::try_from(unknown).unwrap_or(usize::MAX) > self.most_unknown;
        self.is_given_up = !self.is_forced && (!is_worth || is_too_much);
    }

    /// Gives up if there are so many teams that reading their members takes more requests than are left.
    fn weigh_teams(&mut self, have: usize) {
        let unknown = self.wanted.saturating_sub(have);
        let requests = self.teams.len().saturating_add(unknown / USERS_PER_PAGE);
        self.is_given_up |= unknown > 0 && !self.is_forced && requests > self.left;
    }

    fn landed(&mut self, query: Query) {
        self.in_flight.retain(|(_, flying)| *flying != query);
    }

    /// The queries that named accounts, to be sent once more.
    #[must_use]
    pub(super) fn read(&self) -> Vec<Query> {
        self.read.iter().copied().filter(|query| query.source != Source::Teams).collect()
    }

    /// Whether a list was read.
    #[must_use]
    pub(super) fn has_read(&self, source: Source) -> bool {
        self.read.iter().any(|query| query.source == source)
    }

    /// The request for a page.
    #[must_use]
    pub(super) fn request(&self, query: Query) -> Request {
        let request = match query.source {
            Source::Known => api::known_users(),
            Source::Bots => api::bots(query.page),
            Source::WithoutTeam => api::users_without_team(query.page),
            Source::Teams => api::teams(query.page),
            Source::Team(place) => api::team_members(self.teams.get(place).map_or("", String::as_str), query.page),
        };
        // A listing by pages does not need these lists.
        request.spare()
    }
}

impl Turn {
    /// The turn without the order within it.
    const fn kind(self) -> u8 {
        match self {
            Self::Known => 0,
            Self::Few => 1,
            Self::Teams => 2,
            Self::FirstOfTeam => 3,
            Self::Further(_) => 4,
            Self::Last(_) => 5,
        }
    }
}
