//! One call of a sync: decides the way to find who is new and who is gone, and makes a page of the result.

use alloc::string::ToString as _;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;

use provider_sdk::changes::ChangesPage;
use provider_sdk::http::Network;
use provider_sdk::notice::notice;
use provider_sdk::time::timestamp;

use super::super::advice;
use super::super::code::{Code, NoticeCode};
use super::super::failure::{Failure, Meaning as _};
use super::super::listing::{self, Census, Findings, Named, WAIT_MS};
use super::super::settings::{ActivitySource, Settings};
use super::asks::{Asks, AtOnce};
use super::baseline::Baseline;
use super::cursor::{Cursor, Lists, Round, Way};
use super::memory::Memory;
use super::step::{End, Step};
use super::{lists, numbers};
use crate::contract::{ListingState, Notice, User};

/// Does one step.
///
/// # Errors
/// The cursor or the baseline is stale, or the server fails. The state then stays unchanged, so the same call can be
/// retried.
pub fn list_changes(
    settings: &Settings,
    since: Baseline,
    known: Vec<User>,
    cursor: Option<&str>,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<ChangesPage, Failure> {
    let fingerprint = settings.fingerprint();
    let (mut at, reported) = match cursor {
        None => {
            let census = Census::take(settings.bots, network)?;
            (Cursor::begin(fingerprint, network.now_ms(), census, since), Findings::default())
        }
        Some(text) => {
            let at = Cursor::decode(text, fingerprint, since)?;
            let reported = at.findings.clone();
            (at, reported)
        }
    };
    // The saved users may be newer than the server, if it was restored from a backup.
    at.reads_all |= since.watermark_ms > Some(at.census.count.server_ms);
    memory.take_up(at.id);
    memory.named.take_up(&at.census);
    if let Some(code) = hindrance(settings, &at) {
        return Ok(page(Step::impossible(code), &at, &reported, &memory.named));
    }
    let before = at.clone();
    let at_once = Cell::new(memory.at_once);
    let stepped = step(settings, (known, cursor.is_none()), &mut at, memory, &at_once, network);
    memory.at_once = at_once.get();
    match stepped {
        Ok(step) => Ok(page(step, &at, &reported, &memory.named)),
        // The census and what the memory has are not lost: the sync continues when the server allows it.
        Err(failure) if failure.code == Code::RateLimited && cursor.is_none() => {
            let page = page(Step::default(), &before, &reported, &memory.named);
            Ok(ChangesPage { wait_ms: Some(failure.retry_after_ms.unwrap_or(WAIT_MS)), ..page })
        }
        Err(failure) => {
            memory.activity_failed = failure.may_pass() && failure.is_about_activity();
            Err(failure.held_by(memory.named.holder()))
        }
    }
}

/// Why changes cannot be found.
fn hindrance(settings: &Settings, at: &Cursor) -> Option<NoticeCode> {
    if at.census.count.total.is_none() {
        let failed = at.findings.has(NoticeCode::CountFailed);
        return Some(if failed { NoticeCode::CountFailed } else { NoticeCode::CompletenessUnproven });
    }
    let wants_report = settings.include.activity && settings.activity_source == ActivitySource::Report;
    wants_report.then_some(NoticeCode::ChangesInReport)
}

/// Decides the way, if that is not decided yet, and continues in it.
fn step(
    settings: &Settings,
    (known, is_first): (Vec<User>, bool),
    at: &mut Cursor,
    memory: &mut Memory,
    at_once: &Cell<AtOnce>,
    network: &mut dyn Network,
) -> Result<Step, Failure> {
    let names_everybody = lists::call(settings, at, memory, network)?;
    let rules = listing::rules(settings, &at.census);
    memory.context.find(at.census.version, at.census.hidden.teams_unsure, rules.seats, &mut at.findings, network)?;
    let asks = Asks {
        activity: settings.include.activity && !at.findings.is_activity_lost(),
        failed_before: memory.activity_failed,
        at_once,
    };
    let step = if !names_everybody {
        numbers::step(settings, known, at, memory, asks, network)?
    } else if is_first && at.since.users > 0 {
        Step::default()
    } else {
        lists::step(settings, known, at, memory, (&rules, asks), network)?
    };
    at.findings.set(NoticeCode::SeatsUnknown, at.seats.unknown);
    if step.end == Some(End::Complete) {
        // The token's account shares a team or channel with everybody.
        at.findings.set(NoticeCode::PartialView, 0);
        if has_seats(at) {
            at.seats.compare(&mut at.findings, network);
        }
    }
    Ok(step)
}

/// Whether the seats of all accounts were added up: a second round does not see the records of known users.
const fn has_seats(at: &Cursor) -> bool {
    !matches!(at.way, Way::Lists(Lists { round: Round::Everybody, .. }))
}

/// The attribute of a page that names the way in which new and deleted users are found.
const CHANGES_BY: &str = "changes-by";

/// The attributes that a page of changes carries.
pub const ATTRIBUTES: [(&str, &str); 1] = [(
    "page.changes-by",
    "the way in which new and deleted users are found: `lists` of the ids of everybody, or `numbers` with the report on new users",
)];

fn page(step: Step, at: &Cursor, reported: &Findings, named: &Named) -> ChangesPage {
    let state = match step.end {
        None => ListingState::More(at.encode()),
        Some(End::Complete) => ListingState::Complete,
        Some(End::Incomplete(code)) => ListingState::Incomplete(code.entry().id.to_string()),
    };
    let (mut notices, hidden) = match step.end {
        None => (at.findings.since(reported, &at.census, named), at.findings.hidden_since(reported)),
        Some(_) => (at.findings.all(&at.census, named), at.findings.hidden()),
    };
    if let Some(End::Incomplete(code)) = step.end
        && !at.findings.has(code)
    {
        let fix = Some(advice::fix(code, named.holder()).to_string());
        notices.push(Notice { fix, ..notice(code, 0, None, &[]) });
    }
    let way = match at.way {
        Way::Open(_) => None,
        Way::Lists(_) => Some("lists"),
        Way::Numbers(_) => Some("numbers"),
    };
    ChangesPage {
        users: step.users,
        gone: step.gone,
        hidden,
        state,
        expected_total: at.census.count.total,
        wait_ms: None,
        // A count that took longer than the one before may have an earlier cutoff. What was certain then stays certain.
        watermark: at.census.count.cutoff_ms.max(at.since.watermark_ms).and_then(timestamp),
        notices,
        attributes: way.map_or_else(Vec::new, |way| vec![(CHANGES_BY.to_string(), way.to_string())]),
    }
}
