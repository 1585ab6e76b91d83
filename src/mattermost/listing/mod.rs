//! Lists every account, a few pages a call.
//!
//! A listing begins by asking the server for its exact number of accounts; then `/users` is read in pages, several in
//! flight, and the activity of their accounts in batches. `/users` has no snapshot: an account that is created, renamed
//! or deleted meanwhile shifts the rows, so a page may repeat a row or skip one. So the listing counts the distinct
//! accounts that were created before it began, and calls itself complete only when that is the server's number.

mod census;
mod cursor;
mod memory;
mod notices;
mod sweep;
mod team_admins;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

pub use census::Census;
pub use cursor::Cursor;
pub use memory::Memory;
pub use notices::Findings;
pub use team_admins::TeamAdmins;

use super::activity::Activity;
use super::code::{Code, NoticeCode};
use super::failure::Failure;
use super::http::Network;
use super::record::Rules;
use super::seat::SeatRule;
use super::settings::Settings;
use super::time::timestamp;
use crate::contract::{ListingState, SeatUse, User, UserPage};
use sweep::{Sweep, Swept};

/// Pages of 200 users that a call reads where the host leaves the number to the provider: some 1.4 MB of JSON.
const PAGES_BY_DEFAULT: u32 = 10;

/// Pages that a call reads at most, however many users the host asks for: it bounds what is in memory at once.
const PAGES_AT_MOST: u32 = 40;

/// A listing ends with an error after so many pages (ten million users): a server that never ends a list is broken.
const PAGES_IN_ALL: u32 = 50_000;

/// Does one step of a listing.
///
/// # Errors
/// The cursor is stale, or the server gave nothing that the step could return. What `memory` holds is still right then,
/// so the same cursor can be tried again.
pub fn list_users(
    settings: &Settings,
    cursor: Option<&str>,
    limit: u32,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<UserPage, Failure> {
    let (mut at, told) = match cursor {
        None => {
            let census = Census::take(network)?;
            (Cursor::begin(settings.fingerprint(), network.now_ms(), census), Findings::default())
        }
        Some(text) => {
            let at = Cursor::decode(text, settings.fingerprint())?;
            let told = at.findings.clone();
            (at, told)
        }
    };
    if memory.take_up(at.listing, at.seen) == memory::Recall::Lost {
        at.findings.raise(NoticeCode::ListingResumed);
    }
    if at.next_page >= PAGES_IN_ALL {
        return Err(Failure::new(Code::AnswerUnreadable, "the server's list of users does not end"));
    }

    let rules = Rules {
        edition: at.census.edition,
        seats: SeatRule::of(at.census.version, at.census.edition),
        inactive_after: settings.inactive_after,
        include: settings.include,
        now_ms: at.census.server_ms,
    };
    let version = at.census.version;
    if memory.team_admins(|| TeamAdmins::find(version, network))?.is_partial() {
        at.findings.raise(NoticeCode::TeamAdminsHidden);
    }
    let is_hidden = at.findings.has(NoticeCode::LastActivityHidden);
    let statuses = if is_hidden || !settings.include.activity { sweep::Statuses::Off } else { sweep::Statuses::Asked };
    let mut sweep = Sweep::new(at.next_page, pages_of(limit), at.census.total, statuses, &rules);
    network.run(&mut sweep);
    let swept = sweep.finish()?;
    if swept.statuses_hidden {
        at.findings.raise(NoticeCode::LastActivityHidden);
    }
    at.findings.add(NoticeCode::RecordsUnreadable, swept.unreadable);

    let end = swept.end;
    at.next_page = at.next_page.saturating_add(swept.pages);
    let users = settle(swept, &rules, memory, &mut at);
    at.seen = memory.seen();
    let state = match end {
        sweep::End::Open => ListingState::More(at.encode()),
        sweep::End::Reached => close(&mut at),
    };
    let notices = match state {
        ListingState::More(_) => at.findings.since(&told, &at.census),
        ListingState::Complete | ListingState::Incomplete => at.findings.all(&at.census),
    };
    Ok(UserPage {
        users,
        state,
        expected_total: at.census.total,
        wait_ms: None,
        watermark: timestamp(at.census.server_ms),
        notices,
        attributes: Vec::new(),
    })
}

/// How many pages hold about so many users.
fn pages_of(limit: u32) -> u32 {
    if limit == 0 { PAGES_BY_DEFAULT } else { limit.div_ceil(200).clamp(1, PAGES_AT_MOST) }
}

/// Finishes the records, and notes whom the listing has seen.
fn settle(swept: Swept, rules: &Rules, memory: &mut Memory, at: &mut Cursor) -> Vec<User> {
    let mut users = Vec::with_capacity(swept.drafts.len());
    for (draft, activity) in swept.drafts {
        if draft.created_ms() < at.census.server_ms {
            memory.note(draft.id());
        }
        if draft.seat() == SeatUse::Unknown {
            at.findings.add(NoticeCode::SeatsUnknown, 1);
        }
        let runs = memory.runs(draft.id());
        users.push(draft.finish(activity.unwrap_or(Activity::Unknown), runs, rules));
    }
    users
}

/// What the end of the listing is worth.
fn close(at: &mut Cursor) -> ListingState {
    if at.findings.has(NoticeCode::ListingResumed) {
        return ListingState::Incomplete;
    }
    match at.census.total {
        Some(total) if at.seen == total => ListingState::Complete,
        Some(total) if at.seen < total => {
            at.findings.add(NoticeCode::UsersMayBeMissing, total.saturating_sub(at.seen));
            ListingState::Incomplete
        }
        // More accounts than the server counted: then it counted something else.
        Some(_) | None => {
            at.findings.raise(NoticeCode::CompletenessUnproven);
            ListingState::Incomplete
        }
    }
}
