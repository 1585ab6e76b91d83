//! What accounts' records need beside the list: who runs a team, and which guests are in a single channel.

use alloc::vec::Vec;

use provider_sdk::http::{Answered, Network, Request, Ticket, Work};

use super::super::code::NoticeCode;
use super::super::due::Due;
use super::super::failure::Failure;
use super::super::record::{AccountFacts, Rules};
use super::super::seat::SeatRule;
use super::super::version::Version;
use super::notices::Findings;
use super::single_channel::SingleChannelGuests;
use super::team_admins::{Question, TeamAdmins};
use crate::contract::User;

/// The name under which the guests of a single channel are due.
const GUESTS: &str = "single-channel-guests";

/// What the server says about accounts outside the list of users. An instance reads it once, and keeps it for as long
/// as it goes on with the same listing.
#[derive(Clone, Debug, Default)]
pub struct AccountContext {
    team_admins: TeamAdmins,
    guests: SingleChannelGuests,
    /// Whether the token's rights leave open if it sees all teams. It does if a team comes that not everybody may join.
    is_unsure: bool,
    /// Which teams are asked about.
    teams: Due,
    /// Whether the guests are asked about.
    guests_due: Due,
    /// Whether it matters which guests are in a single channel.
    has_guests: bool,
}

/// What records need that is not read, since it is not due, and that no known record says either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lacks {
    /// Who runs the teams that are not due.
    pub teams: bool,
    /// Which guests are in a single channel.
    pub guests: bool,
}

impl AccountContext {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            team_admins: TeamAdmins::new(),
            guests: SingleChannelGuests::new(),
            is_unsure: false,
            teams: Due::Everything,
            guests_due: Due::Everything,
            has_guests: false,
        }
    }

    /// Begins with the answer to the request for the first page of teams.
    #[must_use]
    pub fn with_teams(version: Option<Version>, answered: &Answered) -> Self {
        let mut context = Self::new();
        context.team_admins.begin_with(version, answered);
        context
    }

    /// Limits what is read from now on to what is due. What was read stays.
    pub const fn read_only(&mut self, due: Due) {
        (self.teams, self.guests_due) = (due, due);
    }

    /// Lets what records lack be read, due or not. Returns whether there is anything to read.
    pub fn read_also(&mut self, lacks: Lacks) -> bool {
        let (teams, guests) = (lacks.teams, lacks.guests && self.has_guests && !self.guests.is_asked());
        if teams {
            self.teams = Due::Everything;
        }
        if guests {
            self.guests_due = Due::Everything;
        }
        (teams && self.team_admins.known_since_ms().is_some()) || guests
    }

    /// Reads what is not known yet, and raises a notice if something is hidden.
    ///
    /// # Errors
    /// The server fails; what was found is kept.
    pub fn find(
        &mut self,
        version: Option<Version>,
        teams_unsure: bool,
        seats: SeatRule,
        findings: &mut Findings,
        network: &mut dyn Network,
    ) -> Result<(), Failure> {
        let mut search = self.search(version, teams_unsure, seats);
        network.run(&mut search);
        search.finish(findings)
    }

    /// The same, as work that can run beside other work. `teams_unsure`: the token's rights leave open if it sees all
    /// teams.
    pub fn search(&mut self, version: Option<Version>, teams_unsure: bool, seats: SeatRule) -> Search<'_> {
        self.has_guests = seats.asks_for_single_channel_guests();
        let asks_for_guests = self.has_guests && self.guests_due.has(GUESTS);
        self.team_admins.ask_about(self.teams, version);
        self.is_unsure |= teams_unsure;
        Search { found: self, version, asks_for_guests, asked: Vec::new(), in_flight: 0, failed: None }
    }

    /// Returns what is known of an account.
    #[must_use]
    pub fn of(&self, id: &str) -> AccountFacts<'_> {
        AccountFacts { runs: self.team_admins.of(id), is_in_one_channel: self.guests.has(id) }
    }

    /// Returns what is known of the account of a known record: the record says what was not asked.
    #[must_use]
    pub fn of_known(&self, user: &User, rules: &Rules) -> AccountFacts<'_> {
        let mut facts = self.of(&user.id);
        facts.runs.extend(AccountFacts::known_runs(user).filter_map(|name| self.team_admins.unasked(name)));
        facts.runs.sort_unstable();
        facts.runs.dedup();
        if !self.guests.is_asked() {
            facts.is_in_one_channel = AccountFacts::known_is_in_one_channel(user, rules);
        }
        facts
    }

    /// As of when, at the earliest, the facts are known that were not asked, in milliseconds since 1970; `None` if all
    /// were asked.
    #[must_use]
    pub fn known_since_ms(&self) -> Option<i64> {
        let guests = self.guests_due.known_since_ms(GUESTS).filter(|_| self.has_guests && !self.guests.is_asked());
        self.team_admins.known_since_ms().into_iter().chain(guests).min()
    }
}

/// The search as work for the network. Each answer is read when it comes, so that no answer is kept in memory.
#[derive(Debug)]
pub struct Search<'a> {
    found: &'a mut AccountContext,
    version: Option<Version>,
    /// Whether guests of a single channel are still to be requested, and no such request is in flight.
    asks_for_guests: bool,
    asked: Vec<Option<Asked>>,
    in_flight: usize,
    failed: Option<Failure>,
}

#[derive(Clone, Copy, Debug)]
enum Asked {
    Guests,
    Teams(Question),
}

impl Search<'_> {
    /// Whether the server fails, so that nothing more is requested.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Whether a request is in flight.
    #[must_use]
    pub const fn waits(&self) -> bool {
        self.in_flight > 0
    }

    /// Ends the search, and raises a notice if something is hidden.
    ///
    /// # Errors
    /// The server failed; what was found is kept.
    pub fn finish(self, findings: &mut Findings) -> Result<(), Failure> {
        self.found.team_admins.sort();
        let AccountContext { team_admins, is_unsure, .. } = &*self.found;
        if team_admins.is_partial() || (*is_unsure && !team_admins.has_private()) {
            findings.raise(NoticeCode::TeamAdminsHidden);
        }
        self.failed.map_or(Ok(()), Err)
    }

    fn note(&mut self, asked: Asked) -> Ticket {
        let ticket = self.asked.len();
        self.asked.push(Some(asked));
        self.in_flight = self.in_flight.saturating_add(1);
        ticket
    }
}

impl Work for Search<'_> {
    fn next(&mut self) -> Option<(Ticket, Request)> {
        if self.has_failed() {
            return None;
        }
        // Each page of guests depends on the one before, so these come first.
        if self.asks_for_guests
            && let Some(request) = self.found.guests.ask()
        {
            self.asks_for_guests = false;
            return Some((self.note(Asked::Guests), request));
        }
        let (question, request) = self.found.team_admins.ask()?;
        Some((self.note(Asked::Teams(question)), request))
    }

    fn arrived(&mut self, ticket: Ticket, answered: Answered) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let taken = match self.asked.get_mut(ticket).and_then(Option::take) {
            Some(Asked::Guests) => {
                self.asks_for_guests = true;
                self.found.guests.take(&answered)
            }
            Some(Asked::Teams(question)) => self.found.team_admins.take(question, self.version, &answered),
            None => Ok(()),
        };
        if let Err(failure) = taken {
            self.failed.get_or_insert(failure);
        }
    }
}
