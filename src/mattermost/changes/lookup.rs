//! Requests accounts by their ids: as many ids in a request as the server accepts, with all requests in flight
//! together.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use hashbrown::HashMap;
use provider_sdk::http::{Answered, Network, Request, Ticket, Work};

use super::super::activity::Activity;
use super::super::api::{self, Answer};
use super::super::code::NoticeCode;
use super::super::failure::{Failure, Meaning as _};
use super::super::listing::{AccountContext, Census, Findings};
use super::super::record::{Draft, Rules};
use super::super::wire::{Ids, Status, User};
use super::asks::{Asks, body_bytes};
use crate::contract::User as Record;

/// How many accounts go into one request whose answer has each of them: some 1.4 MB, and an answer may have 4 MiB.
const WHOLE_AT_ONCE: usize = 2_000;

/// What to request about accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// The accounts that changed after this instant, in milliseconds since 1970.
    Changes(i64),
    /// Everything about them, and so whether they exist.
    Everything,
    /// When they were last active.
    Activity,
}

/// A request about some accounts.
#[derive(Clone, Debug)]
struct Question<'a> {
    about: About,
    ids: Vec<&'a str>,
}

impl Question<'_> {
    fn request(&self) -> Result<Request, Failure> {
        let ids = Ids(self.ids.clone());
        match self.about {
            About::Changes(since_ms) => api::accounts_since(&ids, since_ms),
            About::Everything => api::accounts(&ids),
            About::Activity => api::statuses(&ids),
        }
    }
}

/// The contents of the answers.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The accounts that changed, by id.
    pub(super) changed: HashMap<String, Draft>,
    /// The accounts of which everything was requested, by id; accounts that are missing here do not exist.
    pub(super) whole: HashMap<String, Draft>,
    activity: HashMap<String, Activity>,
    /// The server answered a request for activity with nothing.
    pub(super) statuses_hidden: bool,
    /// The status with which the server, or something in front of it, refuses requests for activity or fails at them.
    pub(super) statuses_failed: Option<u16>,
    /// The server refuses requests for accounts by id.
    pub(super) is_refused: bool,
    /// Accounts that could not be read.
    pub(super) unreadable: u32,
}

impl Found {
    /// Whether the server does not report the activity of accounts.
    pub(super) const fn is_activity_lost(&self) -> bool {
        self.statuses_hidden || self.statuses_failed.is_some()
    }

    /// Adds hidden or failed activity to the notices.
    pub(super) fn note_activity(&self, findings: &mut Findings) {
        if self.statuses_hidden {
            findings.raise(NoticeCode::LastActivityHidden);
        }
        if self.statuses_failed.is_some() {
            findings.activity_failed(self.statuses_failed);
        }
    }

    /// Why nothing can be concluded from the answers.
    pub(super) fn hindrance(&self, findings: &mut Findings) -> Option<NoticeCode> {
        self.note_activity(findings);
        if self.is_refused {
            return Some(NoticeCode::ChangesHidden);
        }
        findings.add(NoticeCode::RecordsUnreadable, self.unreadable);
        (self.unreadable > 0).then_some(NoticeCode::RecordsUnreadable)
    }

    /// The record of an account of which everything was requested, if it exists and is to be listed.
    pub(super) fn finish(&self, id: &str, rules: &Rules, context: &AccountContext) -> Option<Record> {
        let draft = self.whole.get(id).filter(|draft| rules.bots || !draft.is_bot())?;
        Some(draft.clone().finish(self.activity(id).into(), context.of(id), rules))
    }

    /// When an account was last active.
    pub(super) fn activity(&self, id: &str) -> Activity {
        self.activity.get(id).copied().unwrap_or(Activity::Unknown)
    }
}

/// The requests as work for the network.
#[derive(Debug)]
pub(super) struct Lookup<'a> {
    rules: &'a Rules,
    /// How many ids go into one request's body.
    ids_at_once: usize,
    asks: Asks<'a>,
    open: VecDeque<Question<'a>>,
    asked: Vec<Option<Question<'a>>>,
    found: Found,
    failure: Option<Failure>,
}

impl<'a> Lookup<'a> {
    /// Without any request yet, for a server that accepts bodies of `body_bytes` bytes.
    pub(super) fn new(rules: &'a Rules, body_bytes: usize, asks: Asks<'a>) -> Self {
        let ids_at_once = api::ids_in(body_bytes).max(1);
        let (open, asked) = (VecDeque::new(), Vec::new());
        Self { rules, ids_at_once, asks, open, asked, found: Found::default(), failure: None }
    }

    /// Adds a request.
    pub(super) fn ask(&mut self, about: About, ids: &[&'a str]) {
        let at_once = self.at_once(about);
        self.open.extend(ids.chunks(at_once).map(|ids| Question { about, ids: ids.to_vec() }));
    }

    fn at_once(&self, about: About) -> usize {
        let known = self.asks.at_once.get();
        let (usual, known) = match about {
            About::Changes(_) => (self.ids_at_once, known.accounts),
            About::Everything => (self.ids_at_once.min(WHOLE_AT_ONCE), known.accounts),
            About::Activity => (self.ids_at_once, known.activity),
        };
        known.map_or(usual, |known| known.min(usual)).max(1)
    }

    /// Limits the number of ids in a request.
    fn ask_for_fewer(&self, about: About, ids: usize) {
        let mut known = self.asks.at_once.get();
        let slot = match about {
            About::Changes(_) | About::Everything => &mut known.accounts,
            About::Activity => &mut known.activity,
        };
        *slot = Some(slot.map_or(ids, |before| before.min(ids)));
        self.asks.at_once.set(known);
    }

    /// Gets the answers.
    ///
    /// # Errors
    /// The server cannot be reached or does not answer as Mattermost does.
    pub(super) fn run(mut self, network: &mut dyn Network) -> Result<Found, Failure> {
        network.run(&mut self);
        self.failure.map_or(Ok(self.found), Err)
    }

    fn goes_on_without(&self, failure: &Failure) -> bool {
        failure.is_refusal() || failure.is_of_gateway() || (failure.may_pass() && self.asks.failed_before)
    }

    fn take(&mut self, question: Question<'a>, answered: &Answered) -> Result<(), Failure> {
        let fewer = |failure: &Failure| {
            let is_worth_it = question.about == About::Activity || !failure.is_of_server();
            failure.fewer(question.ids.len()).filter(|_| is_worth_it)
        };
        let answer = match Answer::of(answered).map_err(|failure| (fewer(&failure), failure)) {
            Ok(answer) => answer,
            // If many accounts changed, an answer is larger than the limit for reading it.
            Err((Some(fewer), _)) => {
                self.ask_for_fewer(question.about, fewer);
                self.open.push_back(question);
                return Ok(());
            }
            Err((None, failure)) if question.about == About::Activity && self.goes_on_without(&failure) => {
                self.found.statuses_failed = failure.status;
                return Ok(());
            }
            Err((None, failure)) if failure.is_refusal() => {
                self.found.is_refused = true;
                return Ok(());
            }
            Err((None, failure)) => return Err(failure),
        };
        if question.about == About::Activity {
            let rows = match answer.rows::<Status<'_>>(question.ids.len()) {
                Err(failure) if self.goes_on_without(&failure) => {
                    self.found.statuses_failed = failure.status;
                    return Ok(());
                }
                rows => rows?,
            };
            self.found.statuses_hidden |= rows.rows.is_empty();
            let rows_of_activity = rows.rows.iter().map(|row| (row.user_id.as_str().to_string(), Activity::of(row)));
            self.found.activity.extend(rows_of_activity);
            return Ok(());
        }
        let rows = answer.rows::<User<'_>>(question.ids.len())?;
        let drafts: Vec<Draft> = rows.rows.iter().filter_map(|account| Draft::of(account, self.rules)).collect();
        let unreadable = u32::try_from(rows.sent().saturating_sub(drafts.len())).unwrap_or(u32::MAX);
        self.found.unreadable = self.found.unreadable.saturating_add(unreadable);
        let place = match question.about {
            About::Changes(_) => &mut self.found.changed,
            About::Everything | About::Activity => &mut self.found.whole,
        };
        place.extend(drafts.into_iter().map(|draft| (draft.id().to_string(), draft)));
        Ok(())
    }
}

/// Requests everything about some accounts, and their activity if wanted.
///
/// # Errors
/// The server cannot be reached or does not answer as Mattermost does.
pub(super) fn all_of(
    ids: &[&str],
    census: &Census,
    rules: &Rules,
    asks: Asks<'_>,
    network: &mut dyn Network,
) -> Result<Found, Failure> {
    let mut lookup = Lookup::new(rules, body_bytes(census), asks);
    lookup.ask(About::Everything, ids);
    if asks.activity {
        lookup.ask(About::Activity, ids);
    }
    lookup.run(network)
}

impl Work for Lookup<'_> {
    fn next(&mut self) -> Option<(Ticket, Request)> {
        while self.failure.is_none() {
            let mut question = self.open.pop_front()?;
            // A refusal applies to all other requests of the same kind.
            if question.about == About::Activity && self.found.is_activity_lost() {
                continue;
            }
            let at_once = self.at_once(question.about);
            if question.ids.len() > at_once {
                let rest = question.ids.split_off(at_once);
                self.open.push_front(Question { ids: rest, ..question });
            }
            match question.request() {
                Ok(request) => {
                    self.asked.push(Some(question));
                    return Some((self.asked.len().saturating_sub(1), request));
                }
                Err(failure) => self.failure = Some(failure),
            }
        }
        None
    }

    fn arrived(&mut self, ticket: Ticket, answered: Answered) {
        let Some(question) = self.asked.get_mut(ticket).and_then(Option::take) else { return };
        if let Err(failure) = self.take(question, &answered) {
            self.failure.get_or_insert(failure);
        }
    }
}
