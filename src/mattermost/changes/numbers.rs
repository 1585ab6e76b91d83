//! Who is new and who is gone, by numbers, where no lists name everybody.
//!
//! The report on users shows who is new, and the server counts people and bots apart: those known before the baseline and the
//! new ones must be as many. Bots are not in the report; of them the list of bots shows who is new, and the same sum holds. A
//! token that may not see others' bots is shown no new ones: then each known bot is asked for, and if all are there and as many
//! as are counted, there are no others. Where the count says at the beginning that somebody is gone, every known account is
//! asked for; those whose profile does not come are gone, if the numbers add up with that.
//!
//! Users who were made while the baseline was listed may be known and are found as new all the same: they count as new,
//! and each is asked for.

use alloc::vec::Vec;

use super::super::code::{Code, NoticeCode};
use super::super::failure::Failure;
use super::super::http::Network;
use super::super::listing::{self, latest_ms};
use super::super::record::Rules;
use super::super::settings::Settings;
use super::super::time::timestamp_ms;
use super::super::version::Version;
use super::asks::{Asks, Verdict};
use super::cursor::{Cursor, Numbers, Unverified, Way};
use super::known::{self, Again, Beside};
use super::memory::Memory;
use super::newcomers;
use super::step::{Book, End, Step};
use crate::contract::{User, UserKind};

/// How many accounts may be left to be looked for by a later call: each takes 27 bytes of the cursor.
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
    asks: Asks,
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
    // Another count may have been taken meanwhile, and with it the time.
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
    asks: Asks,
    network: &mut dyn Network,
) -> Result<Step, Failure> {
    let Some(watermark_ms) = at.since.watermark_ms.filter(|_| at.since.proven) else {
        return Ok(Step::impossible(NoticeCode::BaselineUnusable));
    };
    if !at.census.version.is_none_or(Version::has_user_report) {
        return Ok(Step::impossible(NoticeCode::ChangesHidden));
    }
    if watermark_ms > at.census.count.server_ms {
        let what = "the kept users are dated later than the server's clock says it is";
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
        let around = memory.surroundings.of(draft.id());
        let user = draft.finish(last_use, around, &rules);
        book.note(&user, created_ms);
        step.users.push(user);
    }
    Ok(step)
}

/// Brings known users up to date. Returns why that says nothing, where it does not.
fn bring(
    known: Vec<User>,
    numbers: &mut Numbers,
    step: &mut Step,
    at: &mut Cursor,
    memory: &mut Memory,
    (rules, asks): (&Rules, Asks),
    network: &mut dyn Network,
) -> Result<Option<NoticeCode>, Failure> {
    let is_first = at.brought == 0;
    let brought = at.brought.saturating_add(u32::try_from(known.len()).unwrap_or(u32::MAX));
    let verifies_bots = numbers.newcomers.bots.is_none();
    let is_recent = |user: &User| {
        let created_ms = user.created_at.as_deref().and_then(timestamp_ms);
        created_ms.is_some_and(|created_ms| at.since.is_recent(created_ms))
    };
    let to_verify: Vec<_> = known
        .iter()
        .filter(|user| is_recent(user) || (user.kind == UserKind::Bot && verifies_bots))
        .map(|user| user.id.clone())
        .collect();
    let unverified = to_verify.len().saturating_add(numbers.unverified.len());
    let is_due = brought >= at.since.users || unverified > UNVERIFIED_AT_MOST;
    let mut doubted: Vec<&str> = Vec::new();
    if is_due {
        doubted.extend(to_verify.iter().map(alloc::string::String::as_str));
        doubted.extend(numbers.unverified.iter().map(|account| account.id.as_str()));
    }
    let beside = Beside { new: &[], doubted: &doubted };
    let answers = known::ask(&known, beside, at, rules, asks, is_first, network)?;
    let found = &answers.found;
    if found.is_refused {
        return Ok(Some(NoticeCode::ChangesHidden));
    }
    found.note_activity(&mut at.findings);
    if found.unreadable > 0 {
        at.findings.add(NoticeCode::RecordsUnreadable, found.unreadable);
        return Ok(Some(NoticeCode::RecordsUnreadable));
    }
    at.brought = brought;
    let hidden = at.findings.hidden();
    let again = answers.renew(known, rules, &memory.surroundings, &hidden);
    let earlier = core::mem::take(&mut numbers.unverified);
    if is_due {
        for account in earlier {
            match found.whole.get(&account.id) {
                Some(draft) if draft.is_bot() != account.is_bot => return Ok(Some(NoticeCode::UsersDoNotAddUp)),
                Some(_) => {}
                None => {
                    if account.is_counted {
                        let slot = if account.is_bot { &mut numbers.bots } else { &mut numbers.people };
                        *slot = slot.saturating_sub(1);
                    }
                    step.gone.push(account.id);
                }
            }
        }
    } else {
        numbers.unverified = earlier;
    }
    let (since, is_verified) = (at.since, is_due || at.reads_all);
    let latest_ms = i64::MAX;
    let mut book = Book { at, named: &mut memory.named, found, asks_activity: asks.activity, latest_ms };
    for again in again {
        let (user, is_bot, created_ms, differs) = match again {
            Again::Gone(id) => {
                step.gone.push(id);
                continue;
            }
            Again::Here { user, is_bot, created_ms, differs } => (user, is_bot, created_ms, differs),
        };
        // A recent one is among the newcomers.
        let is_counted = !since.is_recent(created_ms);
        if is_counted {
            let slot = if is_bot { &mut numbers.bots } else { &mut numbers.people };
            *slot = slot.saturating_add(1);
            book.note(&user, created_ms);
        } else {
            book.note_activity(&user);
        }
        if !is_verified && (!is_counted || (verifies_bots && (is_bot || to_verify.contains(&user.id)))) {
            numbers.unverified.push(Unverified { id: user.id.clone(), is_bot, is_counted });
        }
        if differs {
            step.users.push(user);
        }
    }
    Ok(None)
}

/// Whether everybody was brought, and whether the numbers add up.
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
