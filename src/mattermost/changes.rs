//! Finds out what changed since a listing, without listing everybody.
//!
//! The server tells which of some accounts were changed after an instant, at a small part of what the accounts
//! themselves cost. It does not tell who was deleted for good; numbers do. People and bots are counted apart: of the
//! people, those known before the baseline and those whom the report on users has as new must be as many as are counted
//! now, so none of the known can be gone. Bots are not in the report; of them the list of bots tells who is new, and the
//! same sum holds. A token that may not see others' bots is told nothing of new ones: then each known bot is asked for,
//! and if all are there and as many as are counted, there are no others.
//!
//! Users who were made while the baseline was listed may be known and are found as new all the same: they count as new,
//! and each is asked for.
//!
//! What a record has beside the account is taken off and made anew: its activity, its seat, the teams that it runs. So the
//! known users with the changes are what a listing would give.

mod asks;
mod baseline;
mod cursor;
mod known;
mod lookup;
mod newcomers;
mod page;
#[cfg(test)]
mod tests;

use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::cell::Cell;

pub use baseline::Baseline;
pub use cursor::{Brought, Cursor, Newcomers, Unverified};
pub use page::of_unusable_baseline;

use provider_sdk::changes::ChangesPage;
use provider_sdk::http::Network;
use provider_sdk::notice::notice;
use provider_sdk::time::timestamp;

use super::advice;
use super::code::{Code, NoticeCode};
use super::failure::{Failure, Meaning as _};
use super::listing::{self, AccountContext, Census, Findings, Named, WAIT_MS};
use super::settings::{ActivitySource, Settings};
use super::version::Version;
use crate::contract::{ListingState, Notice, User};
use asks::{Asks, AtOnce, Verdict};

/// What the calls of one instance remember: what is costly to find again, and nothing that an answer depends on.
#[derive(Debug)]
pub struct Memory {
    /// The calls that it belongs to.
    id: u64,
    context: AccountContext,
    /// What the notices name.
    named: Named,
    /// Whether the server failed at the last question for activity.
    activity_failed: bool,
    /// How many ids go into a question, where more were too many.
    at_once: AtOnce,
}

impl Memory {
    /// An empty memory.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            id: 0,
            context: AccountContext::new(),
            named: Named::nothing(),
            activity_failed: false,
            at_once: AtOnce::unknown(),
        }
    }

    fn take_up(&mut self, id: u64) {
        if self.id != id {
            *self = Self { id, activity_failed: self.activity_failed, at_once: self.at_once, ..Self::new() };
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

/// Does one step.
///
/// # Errors
/// The cursor or the baseline is stale, or the server fails. Nothing is noted then, so the same call can be made again.
pub fn list_changes(
    settings: &Settings,
    since: Baseline,
    known: Vec<User>,
    cursor: Option<&str>,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<ChangesPage, Failure> {
    let fingerprint = settings.fingerprint();
    let (mut at, told) = match cursor {
        None => (
            Cursor::begin(fingerprint, network.now_ms(), Census::take(settings.bots, network)?, since),
            Findings::default(),
        ),
        Some(text) => {
            let at = Cursor::decode(text, fingerprint, since)?;
            let told = at.findings.clone();
            (at, told)
        }
    };
    if since.watermark_ms > at.census.count.server_ms {
        return Err(Failure::new(
            Code::CursorStale,
            "the kept users are dated later than the server's clock says it is",
        ));
    }
    memory.take_up(at.id);
    memory.named.take_up(&at.census);
    if let Some(code) = hindrance(settings, &at) {
        return Ok(end(Vec::new(), Some(code), &at, &memory.named));
    }
    let before = at.clone();
    let at_once = Cell::new(memory.at_once);
    let stepped = step(settings, known, &mut at, memory, &at_once, network);
    memory.at_once = at_once.get();
    match stepped {
        Ok((users, None)) => Ok(page(users, ListingState::More(at.encode()), &at, &told, &memory.named)),
        Ok((users, Some(End::Complete))) => {
            at.seats.compare(&mut at.findings, network);
            Ok(end(users, None, &at, &memory.named))
        }
        Ok((users, Some(End::Incomplete(code)))) => Ok(end(users, Some(code), &at, &memory.named)),
        // The census is not lost, nor what the memory has found already: it goes on when the server lets it.
        Err(failure) if failure.code == Code::RateLimited && cursor.is_none() => {
            let mut page = page(Vec::new(), ListingState::More(before.encode()), &before, &told, &memory.named);
            page.wait_ms = Some(failure.retry_after_ms.unwrap_or(WAIT_MS));
            Ok(page)
        }
        Err(failure) => {
            memory.activity_failed = failure.may_pass() && failure.is_about_activity();
            Err(failure.held_by(memory.named.holder()))
        }
    }
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Complete,
    Incomplete(NoticeCode),
}

/// Why what changed cannot be told at all.
fn hindrance(settings: &Settings, at: &Cursor) -> Option<NoticeCode> {
    let everyone = match at.census.count.total {
        None if at.findings.has(NoticeCode::CountFailed) => return Some(NoticeCode::CountFailed),
        None => return Some(NoticeCode::CompletenessUnproven),
        Some(everyone) => everyone,
    };
    if settings.include.activity && settings.activity_source == ActivitySource::Report {
        Some(NoticeCode::ChangesInReport)
    } else if !at.census.version.is_none_or(Version::has_user_report) {
        Some(NoticeCode::ChangesHidden)
    } else if everyone < at.since.users {
        Some(NoticeCode::UsersDoNotAddUp)
    } else {
        None
    }
}

/// Finds out who is new, where that is not known yet, and brings the known users up to date.
fn step(
    settings: &Settings,
    known: Vec<User>,
    at: &mut Cursor,
    memory: &mut Memory,
    at_once: &Cell<AtOnce>,
    network: &mut dyn Network,
) -> Result<(Vec<User>, Option<End>), Failure> {
    let rules = listing::rules(settings, &at.census);
    memory.context.find(at.census.version, at.census.hidden.teams_unsure, rules.seats, &mut at.findings, network)?;
    let asks = Asks {
        activity: settings.include.activity && !at.findings.is_activity_lost(),
        failed_before: memory.activity_failed,
        at_once,
    };

    let mut users = Vec::new();
    if at.newcomers.is_none() {
        match newcomers::find(at, &rules, asks, network)? {
            Verdict::Impossible(code) => return Ok((users, Some(End::Incomplete(code)))),
            Verdict::Well(new) => {
                // Another count may have been taken meanwhile, and with it the time.
                let rules = listing::rules(settings, &at.census);
                let latest_ms = listing::latest_ms(network.now_ms().max(at.census.count.server_ms));
                for (draft, last_use) in new {
                    if draft.created_ms() > latest_ms {
                        at.findings.add(NoticeCode::AccountsDatedAhead, 1);
                        memory.named.dated_ahead(&draft);
                    }
                    let facts = memory.context.of(draft.id());
                    let user = draft.finish(last_use, facts, &rules);
                    at.seats.add(&user);
                    if asks.activity && !at.findings.is_activity_lost() {
                        at.findings.note_activity(last_use, &user);
                    }
                    users.push(user);
                }
            }
        }
    }
    let rules = listing::rules(settings, &at.census);
    let verdict = known::bring(known, at, &rules, asks, &memory.context, network)?;
    at.findings.set(NoticeCode::SeatsUnknown, at.seats.unknown);
    match verdict {
        Verdict::Well(changed) => users.extend(changed),
        Verdict::Impossible(code) => return Ok((users, Some(End::Incomplete(code)))),
    }
    Ok((users, conclude(at)))
}

/// Whether everybody was brought, and whether the numbers add up.
fn conclude(at: &Cursor) -> Option<End> {
    if at.brought.users < at.since.users {
        return None;
    }
    let (Some(new), Some(everyone)) = (at.newcomers, at.census.count.total) else { return None };
    let bots = at.brought.bots.saturating_add(new.bots.unwrap_or_default());
    let counted_bots = everyone.checked_sub(new.counted_people);
    let end =
        if at.brought.users != at.since.users || at.brought.people.saturating_add(new.people) != new.counted_people {
            End::Incomplete(NoticeCode::UsersDoNotAddUp)
        } else if counted_bots == Some(bots) {
            End::Complete
        } else if counted_bots > Some(bots) {
            End::Incomplete(NoticeCode::ChangesHidden)
        } else {
            End::Incomplete(NoticeCode::UsersDoNotAddUp)
        };
    Some(end)
}

fn end(users: Vec<User>, code: Option<NoticeCode>, at: &Cursor, named: &Named) -> ChangesPage {
    let state = code.map_or(ListingState::Complete, |code| ListingState::Incomplete(code.entry().id.to_string()));
    let mut page = page(users, state, at, &Findings::default(), named);
    let untold = code.filter(|code| !at.findings.has(*code));
    let fix = |code| Some(advice::fix(code, named.holder()).to_string());
    page.notices.extend(untold.map(|code| Notice { fix: fix(code), ..notice(code, 0, None, &[]) }));
    page
}

fn page(users: Vec<User>, state: ListingState, at: &Cursor, told: &Findings, named: &Named) -> ChangesPage {
    let (hidden, has_ended) = (&at.findings, !matches!(state, ListingState::More(_)));
    ChangesPage {
        users,
        gone: Vec::new(),
        hidden: if has_ended { hidden.hidden() } else { hidden.hidden_since(told) },
        state,
        expected_total: at.census.count.total,
        wait_ms: None,
        // A count that took longer than the one before may have an earlier cutoff. What was sure then is sure.
        watermark: timestamp(at.census.count.cutoff_ms.unwrap_or_default().max(at.since.watermark_ms)),
        notices: at.findings.since(told, &at.census, named),
        attributes: Vec::new(),
    }
}
