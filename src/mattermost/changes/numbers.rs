//! Finds who is new and who is gone by numbers, if no lists name everybody.
//!
//! The report on users shows who is new, and the server counts people and bots separately: the people known before the
//! baseline and the new people must add up to the count. Bots are not in the report; the list of bots shows the new
//! ones, and their numbers must add up in the same way. A token that may not see others' bots sees no new ones: then
//! each known bot is requested, and if all exist and their number equals the count, there are no others. If the count
//! says at the beginning that somebody is gone, every known account is requested; those without a profile are gone, if
//! the numbers then add up.
//!
//! A user who was created while the baseline was listed may be known and also be found as new. Such users count as new,
//! and each of them is requested.

use alloc::string::String;
use alloc::vec::Vec;

use provider_sdk::http::Network;
use provider_sdk::time::timestamp_ms;

use super::super::code::{Code, NoticeCode};
use super::super::failure::Failure;
use super::super::listing::{self, latest_ms};
use super::super::record::Rules;
use super::super::settings::Settings;
use super::super::version::Version;
use super::asks::{Asks, Verdict};
use super::cursor::{Cursor, Numbers, Unverified, Way};
use super::known::{self, Beside, Gone, Here};
use super::lookup::Found;
use super::memory::Memory;
use super::newcomers;
use super::step::{Book, End, Step};
use crate::contract::{User, UserKind};

/// How many accounts may be left for a later call to check: each takes 27 bytes of the cursor.
const UNVERIFIED_AT_MOST: usize = 100;

/// Does one step.
///
/// # Errors
/// The baseline is stale, or the server cannot be reached or does not answer as Mattermost does.
pub(super) fn step(
    settings: &Settings,
    known: Vec<User>,
    at: &mut Cursor,
    memory: &mut Memory,
    asks: Asks<'_>,
    network: &mut dyn Network,
) -> Result<Step, Failure> {
    let mut step = Step::default();
    if !matches!(at.way, Way::Numbers(_)) {
        step = begin(settings, at, memory, asks, network)?;
        if step.end.is_some() {
            return Ok(step);
        }
    }
    let Way::Numbers(mut numbers) = at.way.clone() else { return Ok(Step::impossible(NoticeCode::UsersDoNotAddUp)) };
    // Meanwhile another count may have been requested, with a new time.
    let rules = listing::rules(settings, &at.census);
    if let Some(code) = bring(known, &mut numbers, &mut step, at, memory, (&rules, asks), network)? {
        return Ok(Step { end: Some(End::Incomplete(code)), ..step });
    }
    step.end = conclude(&numbers, at);
    at.way = Way::Numbers(numbers);
    Ok(step)
}

/// Finds out who is new.
fn begin(
    settings: &Settings,
    at: &mut Cursor,
    memory: &mut Memory,
    asks: Asks<'_>,
    network: &mut dyn Network,
) -> Result<Step, Failure> {
    let Some(watermark_ms) = at.since.watermark_ms.filter(|_| at.since.proven) else {
        return Ok(Step::impossible(NoticeCode::BaselineUnusable));
    };
    if !at.census.version.is_none_or(Version::has_user_report) {
        return Ok(Step::impossible(NoticeCode::ChangesHidden));
    }
    if watermark_ms > at.census.count.server_ms {
        let what = "the saved users are dated later than the server's clock";
        return Err(Failure::new(Code::CursorStale, what));
    }
    let found = match newcomers::find(at, &listing::rules(settings, &at.census), asks, network)? {
        Verdict::Impossible(code) => return Ok(Step::impossible(code)),
        Verdict::Well(found) => found,
    };
    let rules = listing::rules(settings, &at.census);
    let latest_ms = latest_ms(network.now_ms().max(rules.now_ms));
    at.way = Way::Numbers(Numbers { newcomers: found.newcomers, ..Numbers::default() });
    let (named, found_of) = (&mut memory.named, &found.found);
    let mut book = Book { at, named, found: found_of, asks_activity: asks.activity, latest_ms };
    let mut step = Step::default();
    for draft in found.drafts {
        let created_ms = draft.created_ms();
        let last_use = found_of.activity(draft.id()).into();
        let facts = memory.context.of(draft.id());
        let user = draft.finish(last_use, facts, &rules);
        book.note(&user, created_ms);
        step.users.push(user);
    }
    Ok(step)
}

/// Updates known users. If nothing can be concluded from the answers, returns why.
fn bring(
    known: Vec<User>,
    numbers: &mut Numbers,
    step: &mut Step,
    at: &mut Cursor,
    memory: &mut Memory,
    (rules, asks): (&Rules, Asks<'_>),
    network: &mut dyn Network,
) -> Result<Option<NoticeCode>, Failure> {
    let brought = at.brought.saturating_add(u32::try_from(known.len()).unwrap_or(u32::MAX));
    let to_verify = numbers.to_verify(&known, at);
    let unverified = to_verify.len().saturating_add(numbers.unverified.len());
    let is_due = brought >= at.since.users || unverified > UNVERIFIED_AT_MOST;
    let earlier = numbers.unverified.iter().map(|account| account.id.as_str());
    let doubted: Vec<&str> = to_verify.iter().map(String::as_str).chain(earlier).filter(|_| is_due).collect();
    let beside = Beside { new: &[], doubted: &doubted };
    let answers = known::ask(&known, beside, at, rules, asks, at.brought == 0, network)?;
    let found = &answers.found;
    if let Some(code) = found.hindrance(&mut at.findings) {
        return Ok(Some(code));
    }
    if is_due && !numbers.verify(found, step) {
        return Ok(Some(NoticeCode::UsersDoNotAddUp));
    }
    at.brought = brought;
    let hidden = at.findings.hidden();
    let again = answers.renew(known, rules, &memory.context, &hidden);
    let (since, is_verified) = (at.since, is_due || at.reads_all);
    // Users dated in the future are among the newcomers and were noted.
    let latest_ms = i64::MAX;
    let mut book = Book { at, named: &mut memory.named, found, asks_activity: asks.activity, latest_ms };
    for again in again {
        let Here { user, is_bot, created_ms, differs } = match again {
            Ok(here) => here,
            Err(Gone(id)) => {
                step.gone.push(id);
                continue;
            }
        };
        let is_counted = !since.is_recent(created_ms);
        if is_counted {
            *numbers.slot(is_bot) = numbers.slot(is_bot).saturating_add(1);
            book.note(&user, created_ms);
        } else {
            book.note_activity(&user);
        }
        if !is_verified && (!is_counted || to_verify.binary_search(&user.id).is_ok()) {
            numbers.unverified.push(Unverified { id: user.id.clone(), is_bot, is_counted });
        }
        step.users.extend(differs.then_some(user));
    }
    Ok(None)
}

impl Numbers {
    /// The ids of known users whose existence no count proves, in ascending order: users who were created while the
    /// baseline was listed, or since, are among the newcomers; and the number of bots proves nothing if new bots are
    /// hidden.
    fn to_verify(&self, known: &[User], at: &Cursor) -> Vec<String> {
        let asks_for_bots = self.newcomers.bots.is_none();
        let created_ms = |user: &User| user.created_at.as_deref().and_then(timestamp_ms);
        let is_recent = |user: &User| created_ms(user).is_some_and(|ms| at.since.is_recent(ms));
        let unsure = known.iter().filter(|user| is_recent(user) || (asks_for_bots && user.kind == UserKind::Bot));
        let mut ids: Vec<String> = unsure.map(|user| user.id.clone()).collect();
        ids.sort_unstable();
        ids
    }

    /// Checks whether the accounts that earlier calls left to be checked exist. Returns whether they still are what
    /// they were.
    fn verify(&mut self, found: &Found, step: &mut Step) -> bool {
        for account in core::mem::take(&mut self.unverified) {
            match found.whole.get(&account.id) {
                Some(draft) if draft.is_bot() != account.is_bot => return false,
                Some(_) => {}
                None => {
                    if account.is_counted {
                        *self.slot(account.is_bot) = self.slot(account.is_bot).saturating_sub(1);
                    }
                    step.gone.push(account.id);
                }
            }
        }
        true
    }

    /// The number of known people, or of known bots.
    const fn slot(&mut self, is_bot: bool) -> &mut u32 {
        if is_bot { &mut self.bots } else { &mut self.people }
    }
}

/// Whether everybody was passed, and whether the numbers add up.
fn conclude(numbers: &Numbers, at: &Cursor) -> Option<End> {
    if !at.has_everybody() {
        return None;
    }
    let (new, everyone) = (numbers.newcomers, at.census.count.total?);
    let bots = numbers.bots.saturating_add(new.bots.unwrap_or_default());
    let counted_bots = everyone.checked_sub(new.counted_people);
    let end = if at.brought != at.since.users || numbers.people.saturating_add(new.people) != new.counted_people {
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
