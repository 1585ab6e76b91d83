//! Does one step of a listing by ids.

use alloc::boxed::Box;
use alloc::vec::Vec;

use provider_sdk::http::Network;
use provider_sdk::pace::FAR_MS;

use super::super::super::code::{Code, NoticeCode};
use super::super::super::failure::{Failure, Meaning as _};
use super::super::super::record::Rules;
use super::super::super::settings::{Settings, Way};
use super::super::call::{
    Finisher, Reported, activity_lookup, complete, finish_apart, ids_at_once, latest_ms, note_faults, note_hidden,
    page, rules, statuses_at_once, sweep,
};
use super::super::cursor::Cursor as PagesCursor;
use super::super::joined::Interrupted;
use super::super::memory::{Memory, Tally};
use super::super::sweep::{AccountSource, Plan, Swept};
use super::called::{Called, count};
use super::cost::PROFILES_AT_ONCE;
use super::cursor::{Cursor, PASSES_AT_MOST};
use super::kept::Kept;
use super::proof::{Evidence, Verdict};
use super::roll_call::{RollCallOutcome, call};
use super::{lists, mutation};
use crate::contract::{ListingState, User, UserPage};

/// Profiles that a call reads if the host sets no limit, and the most that it reads, which is also the number for a
/// high-latency server.
const PROFILES_BY_DEFAULT: usize = 4_000;
const PROFILES_AT_MOST: usize = 8_000;

/// The result of a step.
#[derive(Debug)]
pub enum Stepped {
    /// A page.
    Page(UserPage),
    /// No page yet: pages of `/users` are to be read from the beginning.
    Pages(Box<PagesCursor>),
}

/// Does one step.
///
/// # Errors
/// The server sent nothing that the step could return. The same cursor can be tried again.
pub fn step(
    settings: &Settings,
    mut at: Cursor,
    reported: &Reported,
    limit: u32,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<Stepped, Failure> {
    memory.take_up(at.listing, Tally::default());
    memory.named.take_up(&at.census);
    let mut kept = core::mem::take(&mut memory.kept);
    let (pass, had_been_called) = (at.pass, at.called.is_some());
    let stepped = match call(settings, &mut at, &mut kept, network) {
        Ok(RollCallOutcome::Named) => {
            // Profiles that a failed step read before this count prove nothing about it: their account may be gone since,
            // and its membership left in the lists.
            if !had_been_called || at.pass != pass {
                memory.forget_carried();
            }
            read(settings, at, reported, limit, &mut kept, memory, network)
        }
        Ok(RollCallOutcome::Insufficient) => {
            kept = Kept::nothing();
            Ok(Stepped::Pages(Box::new(at.turn_to_pages())))
        }
        Ok(RollCallOutcome::Miscounted { listed, counted }) => {
            at.findings.count_differs(listed, counted);
            let state = at.findings.unproven();
            Ok(handed(Vec::new(), state, None, &at, reported, memory))
        }
        Err(failure) => Err(failure),
    };
    memory.kept = kept;
    stepped
}

/// Reads the profiles of the next ids.
fn read(
    settings: &Settings,
    mut at: Cursor,
    reported: &Reported,
    limit: u32,
    kept: &mut Kept,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<Stepped, Failure> {
    let rules = rules(settings, &at.census);
    let behind = kept.behind(at.last);
    let key = at.called.map_or(0, |called| called.behind);
    let is_far = network.latency_ms() >= FAR_MS;
    let ids_at_once = ids_at_once(at.census.version);
    loop {
        let carried = memory.carried(at.pass, key);
        let carried_before = carried.len();
        let wanted = wanted(limit, is_far);
        let at_once = memory.profiles_at_once.unwrap_or(PROFILES_AT_ONCE).min(ids_at_once).min(wanted).max(1);
        let most = u32::try_from(wanted.div_ceil(at_once)).unwrap_or(u32::MAX);
        let plan = Plan {
            source: AccountSource::Ids { ids: behind, at_once },
            most,
            ahead: if is_far { most } else { 0 },
            total: None,
            is_partial: false,
            activity: activity_lookup(settings, at.census.version, &mut at.findings),
            ids_at_once: statuses_at_once(at.census.version, memory),
            activity_failures: memory.activity_failures,
            // The lists, or earlier profiles, have just come.
            is_answering: true,
        };
        let swept = sweep(plan, &rules, false, carried, (&mut at.findings, &at.census), memory, network);
        let mut swept = match swept {
            Ok(swept) => swept,
            Err(interrupted) => {
                let Interrupted { failure, pages, .. } = *interrupted;
                memory.carry(at.pass, key, pages);
                return waits_or_fails(failure, at, reported, memory);
            }
        };
        let failure = swept.failure.take();
        let apart = memory.hand_apart(core::mem::take(&mut swept.apart));
        let has_got_on = swept.asked > 0 || swept.carried.len() > carried_before;
        // A server that fails at a request for profiles fails at a smaller one too; only requests for activity can be
        // too large.
        let fewer = failure.as_ref().filter(|failure| !failure.is_of_server()).and_then(|it| it.fewer(at_once));
        if !has_got_on && let Some(fewer) = fewer {
            memory.carry(at.pass, key, core::mem::take(&mut swept.carried));
            memory.profiles_at_once = Some(fewer);
            continue;
        }
        let asked = behind.get(..swept.asked).unwrap_or_default();
        at.go_behind(asked);
        let carried = core::mem::take(&mut swept.carried);
        note_faults(&swept, &carried, failure.as_ref(), memory);
        memory.carry(at.pass, at.called.map_or(0, |called| called.behind), carried);
        if let Some(failure) = &failure
            && apart.is_empty()
            && (!has_got_on || (asked.is_empty() && failure.code != Code::RateLimited))
        {
            return waits_or_fails(failure.clone(), at, reported, memory);
        }
        kept.note_absent(&swept.absent);
        let mut users = settle(swept, &rules, memory, &mut at, network.now_ms());
        users.extend(finish_apart(apart, &rules, memory));
        let state = conclude(&mut at, network);
        return Ok(handed(users, state, failure.as_ref(), &at, reported, memory));
    }
}

fn handed(
    users: Vec<User>,
    state: ListingState,
    failure: Option<&Failure>,
    at: &Cursor,
    reported: &Reported,
    memory: &Memory,
) -> Stepped {
    Stepped::Page(page(users, state, failure, (&at.findings, &at.census), (reported, &memory.named), Way::Ids))
}

/// A listing that has its ids has begun, and continues when the server allows it. If the server refuses profiles, or
/// they fail twice, pages are read instead.
fn waits_or_fails(failure: Failure, at: Cursor, reported: &Reported, memory: &mut Memory) -> Result<Stepped, Failure> {
    if failure.code == Code::RateLimited && reported.is_first {
        let state = ListingState::More(at.encode());
        return Ok(handed(Vec::new(), state, Some(&failure), &at, reported, memory));
    }
    let is_of_profiles = failure.request.as_deref() == Some("POST /api/v4/users/ids");
    if !is_of_profiles || lists::is_about_the_token(&failure) {
        return Err(failure);
    }
    let is_final = failure.is_refusal() || failure.is_of_gateway() || !failure.is_retryable();
    if is_final || core::mem::replace(&mut memory.profiles_failed, true) {
        return Ok(Stepped::Pages(Box::new(at.turn_to_pages())));
    }
    Err(failure)
}

/// Profiles that a call reads.
fn wanted(limit: u32, is_far: bool) -> usize {
    match usize::try_from(limit).unwrap_or(usize::MAX) {
        0 if is_far => PROFILES_AT_MOST,
        0 => PROFILES_BY_DEFAULT,
        limit => limit.min(PROFILES_AT_MOST),
    }
}

/// Finishes the records.
fn settle(mut swept: Swept, rules: &Rules, memory: &mut Memory, at: &mut Cursor, now_ms: i64) -> Vec<User> {
    note_hidden(&mut swept, &mut at.findings, &mut memory.named);
    at.absent = at.absent.saturating_add(count(&swept.absent));
    let latest_ms = latest_ms(swept.server_ms.max(now_ms));
    let mut finisher = Finisher { rules, latest_ms, seats: &mut at.seats, findings: &mut at.findings };
    let users =
        swept.drafts.into_iter().map(|(draft, last_use)| finisher.finish(draft, last_use, true, memory)).collect();
    at.findings.set(NoticeCode::SeatsUnknown, at.seats.unknown);
    users
}

/// Decides what comes after this step.
fn conclude(at: &mut Cursor, network: &mut dyn Network) -> ListingState {
    let evidence = match at.called {
        Some(Called { listed, counted, behind: 0, .. }) => {
            let absent = if mutation::is(mutation::Mutation::CountsOrphans) { 0 } else { at.absent };
            Evidence { listed, counted, absent }
        }
        _ => return ListingState::More(at.encode()),
    };
    match evidence.verdict() {
        Verdict::Proven => {
            complete(&mut at.findings, at.seats, network);
            return ListingState::Complete;
        }
        // A record that cannot be read now cannot be read the next time either.
        Verdict::Missing(missing) if missing <= at.findings.count(NoticeCode::RecordsUnreadable) => {
            return at.findings.unproven();
        }
        Verdict::Missing(_) | Verdict::More(_) => {}
    }
    if at.pass < PASSES_AT_MOST {
        at.begin_another_pass();
        return ListingState::More(at.encode());
    }
    ListingState::More(at.clone().turn_to_pages().encode())
}
