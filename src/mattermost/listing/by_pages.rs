//! Lists accounts in the pages of `/users`.
//!
//! Several pages are in flight at once, and the activity of their accounts is read in batches. `/users` has no
//! snapshot: an account that is created, renamed or deleted meanwhile shifts the rows, so a page may repeat a row or
//! skip one. So the listing counts the distinct accounts that were created before it began, and is complete only if
//! that is the server's number.
//!
//! If it is not, the list is read again, up to three times in all, each time with a new count. A pass that has seen
//! everybody of its count proves that everybody who existed then was returned in one pass or another. Accounts of the
//! first count that no pass has seen were deleted for good before they could be read.
//!
//! The proof rests on three things. An account that is listed after the count and dated before the count's *cutoff* was
//! counted: the cutoff is the `Date` of the count's answer, less the time that the request took, less ten seconds for
//! the delay between an account's date and its row and for clocks that differ. The count and the pages come from the
//! same data; a lagging replica would break that. And an account's date never changes.
//!
//! An account of a later date only costs another pass: an account that was seen in one pass and again in the next was
//! there when the next was counted, whatever its date. So accounts that are dated in the future, a server's clock that
//! is behind, and answers without a `Date` make a listing longer, not less certain.

use alloc::vec::Vec;

use provider_sdk::http::Network;
use provider_sdk::pace::FAR_MS;

use super::super::code::{Code, NoticeCode};
use super::super::failure::Failure;
use super::super::record::Rules;
use super::super::settings::{Settings, Way};
use super::call::{
    Finisher, Reported, activity_lookup, complete, finish_apart, latest_ms, note_faults, note_hidden, page, rules,
    statuses_at_once, sweep,
};
use super::census::{Count, Counting};
use super::cursor::Cursor;
use super::joined::Interrupted;
use super::mark::fingerprint;
use super::memory::{Memory, PASSES_AT_MOST, Recall, Tally};
use super::sweep::{AccountSource, End, Plan, Swept};
use crate::contract::{ListingState, User, UserPage};

/// Pages of 200 users that a call reads if the host sets no limit: some 1.4 MB of JSON.
const PAGES_BY_DEFAULT: u32 = 10;

/// The most pages that a call reads, however many users the host asks for. This bounds the memory.
const PAGES_AT_MOST: u32 = 40;

/// So many pages that were read ahead are enough for a call.
const KEPT_ENOUGH: u32 = 16;

/// A pass ends with an error after so many pages (ten million users): a server that never ends a list is broken.
const PAGES_IN_ALL: u32 = 50_000;

/// After so many pages in a row without a new account, the list counts as one that repeats itself. Accounts that are
/// created while the list is read cause fewer: each moves one row to the next page.
const IDLE_PAGES_AT_MOST: u32 = 100;

/// Does one step of a listing by pages.
///
/// # Errors
/// The server sent nothing that the step could return. The same cursor can be tried again.
pub(super) fn step(
    settings: &Settings,
    mut at: Cursor,
    reported: &Reported,
    limit: u32,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<UserPage, Failure> {
    if memory.take_up(at.listing, at.tally) == Recall::Lost {
        at.findings.raise(NoticeCode::ListingResumed);
    }
    memory.named.take_up(&at.census);
    if at.next_page >= PAGES_IN_ALL {
        return Err(Failure::new(Code::AnswerUnreadable, "the server's list of users does not end"));
    }
    let rules = rules(settings, &at.census);
    // Pages that were kept from before this pass's count do not belong to it.
    let kept = if at.pass.is_some() { memory.carried(at.tally.pass, at.next_page) } else { Vec::new() };
    let pass = count_pass(settings, &mut at, memory, network)?;
    let kept_before = kept.len();
    let is_far = network.latency_ms() >= FAR_MS;
    let plan = plan(settings, pages_of(limit, is_far, kept_before), memory, &mut at, pass);
    // The census has been answered right before.
    let plan = Plan { is_answering: reported.is_first, ..plan };
    let is_later = at.tally.pass > 1;
    let swept = sweep(plan, &rules, is_later, kept, (&mut at.findings, &at.census), memory, network);
    let mut swept = match swept {
        Ok(swept) => swept,
        Err(interrupted) => {
            let Interrupted { failure, is_in_search, pages } = *interrupted;
            // A listing that has made progress has begun, and continues when the server allows it.
            let has_begun = is_in_search || !pages.is_empty();
            memory.carry(at.tally.pass, at.next_page, pages);
            if failure.code == Code::RateLimited && reported.is_first && has_begun {
                let state = ListingState::More(at.encode());
                return Ok(handed(Vec::new(), state, Some(&failure), &at, reported, memory));
            }
            return Err(failure);
        }
    };
    let failure = swept.failure.take();
    let apart = memory.hand_apart(core::mem::take(&mut swept.apart));
    let carried = core::mem::take(&mut swept.carried);
    note_faults(&swept, &carried, failure.as_ref(), memory);
    let has_got_on = !swept.pages.is_empty() || carried.len() > kept_before;
    let returned = u32::try_from(swept.pages.len()).unwrap_or(u32::MAX);
    memory.carry(at.tally.pass, at.next_page.saturating_add(returned), carried);
    match &failure {
        Some(failure) if apart.is_empty() && (!has_got_on || (returned == 0 && failure.code != Code::RateLimited)) => {
            return Err(failure.clone());
        }
        Some(_) | None => {}
    }
    let end = swept.end;
    let mut users = settle(swept, &rules, memory, &mut at, pass, network.now_ms());
    users.extend(finish_apart(apart, &rules, memory));
    let state = match conclude(&mut at, end, pass) {
        None => ListingState::More(at.encode()),
        Some(state) => {
            // An incomplete listing has already reported why it differs.
            if matches!(state, ListingState::Complete) {
                complete(&mut at.findings, at.seats, network);
            }
            state
        }
    };
    Ok(handed(users, state, failure.as_ref(), &at, reported, memory))
}

fn handed(
    users: Vec<User>,
    state: ListingState,
    failure: Option<&Failure>,
    at: &Cursor,
    reported: &Reported,
    memory: &Memory,
) -> UserPage {
    page(users, state, failure, (&at.findings, &at.census), (reported, &memory.named), Way::Pages)
}

/// Asks for the count of a new pass.
fn count_pass(
    settings: &Settings,
    at: &mut Cursor,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<Count, Failure> {
    let pass = match at.pass {
        Some(count) => count,
        None => match Count::take(settings.bots, network)? {
            Counting::Counted(count) => count,
            Counting::Refused => Count::none(network.now_ms()),
            Counting::Failed(failure) => {
                at.findings.raise(NoticeCode::CountFailed);
                memory.named.count_failed(&failure);
                Count::none(network.now_ms())
            }
        },
    };
    at.pass = Some(pass);
    Ok(pass)
}

/// What the sweep is to do.
fn plan(
    settings: &Settings,
    (most, ahead): (u32, u32),
    memory: &Memory,
    at: &mut Cursor,
    pass: Count,
) -> Plan<'static> {
    Plan {
        source: AccountSource::Pages { first: at.next_page, page_size: at.page_size },
        most,
        ahead,
        // The server's list has bots, whether or not they are to be listed and counted.
        total: pass.total.filter(|_| settings.bots),
        is_partial: at.findings.has(NoticeCode::PartialView),
        activity: activity_lookup(settings, at.census.version, &mut at.findings),
        ids_at_once: statuses_at_once(at.census.version, memory),
        activity_failures: memory.activity_failures,
        is_answering: false,
    }
}

/// How many pages a call for so many users returns, and how many it reads ahead. At its end a call waits for its last
/// requests. With a high-latency server, that time is used to read pages for the next call, which then only requests
/// their activity and reads ahead in turn.
fn pages_of(limit: u32, is_far: bool, kept: usize) -> (u32, u32) {
    let kept = u32::try_from(kept).unwrap_or(u32::MAX);
    let most = match limit {
        0 if is_far && kept >= KEPT_ENOUGH => kept.min(PAGES_AT_MOST),
        0 if is_far => PAGES_AT_MOST,
        0 => PAGES_BY_DEFAULT,
        _ => limit.div_ceil(200).clamp(1, PAGES_AT_MOST),
    };
    (most, if is_far { most.clamp(KEPT_ENOUGH, PAGES_AT_MOST) } else { 0 })
}

/// Finishes the records, and notes the accounts that the listing has seen.
fn settle(
    mut swept: Swept,
    rules: &Rules,
    memory: &mut Memory,
    at: &mut Cursor,
    pass: Count,
    now_ms: i64,
) -> Vec<User> {
    note_hidden(&mut swept, &mut at.findings, &mut memory.named);
    at.page_size = swept.cut_to.unwrap_or(at.page_size);

    let begin = at.census.count;
    for marks in &swept.pages {
        let is_full = marks.len() >= usize::try_from(at.page_size).unwrap_or(usize::MAX);
        let news = marks.iter().filter(|mark| memory.note(**mark, &begin, &pass)).count();
        at.idle_pages = if news == 0 && is_full { at.idle_pages.saturating_add(1) } else { 0 };
        if memory.repeats(at.next_page, marks) || at.idle_pages > IDLE_PAGES_AT_MOST {
            at.findings.raise(NoticeCode::PagesRepeat);
        }
        at.next_page = at.next_page.saturating_add(1);
    }
    let repeats = at.findings.has(NoticeCode::PagesRepeat);

    let mut users = Vec::with_capacity(swept.drafts.len());
    // The accounts that no page had before are among the drafts, in the same order.
    let first: Vec<_> = memory.first_seen().collect();
    let mut first = first.into_iter().peekable();
    let latest_ms = latest_ms(swept.server_ms.max(now_ms));
    let mut finisher = Finisher { rules, latest_ms, seats: &mut at.seats, findings: &mut at.findings };
    for (draft, last_use) in swept.drafts {
        let is_first = first.next_if_eq(&fingerprint(draft.id())).is_some();
        let user = finisher.finish(draft, last_use, is_first, memory);
        if is_first || !repeats {
            users.push(user);
        }
    }
    at.findings.set(NoticeCode::SeatsUnknown, at.seats.unknown);
    at.tally = memory.tally();
    users
}

/// How the listing ends; `None` if it continues, with another pass if needed.
fn conclude(at: &mut Cursor, end: End, pass: Count) -> Option<ListingState> {
    if at.findings.has(NoticeCode::PagesRepeat) {
        return Some(at.findings.unproven());
    }
    let is_whole = !at.findings.has(NoticeCode::ListingResumed);
    let Tally { pass: number, seen, in_pass, later } = at.tally;
    let total = at.census.count.total;
    // A later pass ends as soon as it has found all missing accounts.
    if is_whole && number > 1 && Some(seen) == total {
        return Some(ListingState::Complete);
    }
    if end == End::Open {
        return None;
    }
    if is_whole && pass.total == Some(in_pass) {
        return Some(ListingState::Complete);
    }
    // Without a count, the census has already reported why; a resumed listing has reported that it was interrupted.
    let Some(counted) = pass.total.or(total).filter(|_| is_whole) else { return Some(at.findings.unproven()) };
    // Another pass would not see more.
    if at.findings.has(NoticeCode::PartialView) {
        if pass.cutoff_ms.is_some() {
            at.findings.add(NoticeCode::PartialView, counted.saturating_sub(in_pass));
        }
        return Some(at.findings.unproven());
    }
    // A record that cannot be read now cannot be read the next time either.
    if at.findings.count(NoticeCode::RecordsUnreadable) >= counted.abs_diff(in_pass) {
        return Some(at.findings.unproven());
    }
    // The list and the count stay the same: a third reading would show the same again.
    let stays = number > 1 && later == 0 && in_pass == seen && pass.total == total && at.tally.seen != 0;
    if number < PASSES_AT_MOST && !stays {
        at.begin_another_pass();
        return None;
    }
    match total {
        // Changes of the list hid an account that another pass has found, so they may have hidden others.
        Some(total) if later > 0 && seen < total => {
            at.findings.add(NoticeCode::UsersMayBeMissing, total.saturating_sub(seen));
        }
        Some(_) | None => at.findings.count_differs(in_pass, counted),
    }
    Some(at.findings.unproven())
}
