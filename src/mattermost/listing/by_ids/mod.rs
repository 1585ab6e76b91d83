//! Lists every account by its id: at a cost that grows with the accounts, where that of pages grows with their square.
//!
//! Few lists name everybody (`cover.rs`). They are read, then the server counts, then they are read again; the profiles of the
//! ids that both readings named are asked for in the order of the ids, and where as many come as were counted, nobody is
//! missing (`proof.rs`). The cursor is the last id. Where the lists do not name everybody, or the numbers never agree, `/users`
//! is read in pages.
//!
//! The list is kept in the instance. A fresh one reads it anew, and goes on behind the cursor's id where what follows there is
//! what the instance before had found: then the count and the ids before hold as they were. Where it is not, everybody is
//! listed once more (docs/decisions/0001-listing-by-ids.md).

mod cost;
mod cover;
mod cursor;
mod id;
mod id_list;
mod lists;
mod mutation;
mod outlook;
mod proof;
mod roll;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

pub use cost::is_worth;
pub use cursor::{Called, Cursor};
pub use id::Id;
pub use outlook::{Outlook, Size, count_known, may_go_by_ids};

use super::super::api::{self, ids_in};
use super::super::code::{Code, NoticeCode};
use super::super::failure::Failure;
use super::super::http::{Network, exchange};
use super::super::pace::FAR_MS;
use super::super::settings::{Settings, Way};
use super::super::version::Version;
use super::both::Cut;
use super::cursor::Cursor as PagesCursor;
use super::memory::Memory;
use super::sweep::{Origin, Plan, Swept};
use super::{Told, asking, finish, note_faults, note_hidden, page, rules, sweep};
use crate::contract::{ListingState, User, UserPage};
use cover::Cover;
use cursor::PASSES_AT_MOST;
use lists::{Reading, Unread};
use proof::{Evidence, Verdict};
use roll::Roll;

/// Profiles that are asked for at once: four such requests in flight are what a server of two cores answers fastest.
const PROFILES_AT_ONCE: usize = 1_000;

/// Profiles that a call reads where the host leaves the number to the provider, of a server nearby and of one that is far
/// away, and at most.
const PROFILES_BY_DEFAULT: usize = 4_000;
const PROFILES_AT_MOST: usize = 8_000;

/// How often the three steps are made before pages are read.
const TRIES: u32 = 3;

/// The ids of a pass, kept for as long as the instance lives.
#[derive(Debug, Default)]
pub struct Kept {
    pass: u8,
    ids: Vec<Id>,
}

impl Kept {
    /// Nothing is kept yet.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { pass: 0, ids: Vec::new() }
    }
}

/// What came of a step.
#[derive(Debug)]
pub enum Stepped {
    /// A page.
    Page(UserPage),
    /// Nothing: pages of `/users` are to be read from the beginning.
    Pages(PagesCursor),
}

/// Does one step.
///
/// # Errors
/// The server gave nothing that the step could return. The same cursor can be tried again.
pub fn step(
    settings: &Settings,
    mut at: Cursor,
    told: &Told,
    limit: u32,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<Stepped, Failure> {
    memory.take_up(at.listing, super::Tally::default());
    let mut kept = core::mem::take(&mut memory.kept);
    let stepped = match call(settings, &mut at, &mut kept, network) {
        Ok(true) => read(settings, at, told, limit, &kept, memory, network),
        Ok(false) => {
            kept = Kept::nothing();
            Ok(Stepped::Pages(at.turn_to_pages()))
        }
        Err(failure) => Err(failure),
    };
    memory.kept = kept;
    stepped
}

/// Brings about the ids that are still to be read. Returns whether they are there; if not, pages have to be read.
fn call(settings: &Settings, at: &mut Cursor, kept: &mut Kept, network: &mut dyn Network) -> Result<bool, Failure> {
    if kept.pass == at.pass && at.called.is_some() {
        return Ok(true);
    }
    *kept = Kept::nothing();
    let Some(counted) = at.called.map(|called| called.counted).or(at.census.count.total) else { return Ok(false) };
    let mut cover = Cover::new(counted, at.orphans, settings);
    let Some(mut ids) = name_all(&mut cover, at.me, network)? else { return Ok(false) };
    if let Some(called) = at.called
        && let Some(behind) = ids.get(place_behind(&ids, at.last)..)
        && called.is_of(behind)
    {
        ids.drain(..place_behind(&ids, at.last));
        *kept = Kept { pass: at.pass, ids };
        return Ok(true);
    }
    let Some((mut ids, counted)) = prove(settings, at, (cover, ids), network)? else { return Ok(false) };
    let called = Called::of(&ids, counted);
    at.called = match at.called {
        // The lists of both instances hold as many ids without an account, if any: those are the same.
        Some(before) if before.excess() == called.excess() => {
            ids.drain(..place_behind(&ids, at.last));
            Some(called.with_behind(&ids))
        }
        Some(_) if at.pass >= PASSES_AT_MOST => return Ok(false),
        Some(_) => {
            at.begin_another_pass();
            Some(called)
        }
        None => Some(called),
    };
    *kept = Kept { pass: at.pass, ids };
    Ok(true)
}

/// Counts, and reads the lists that were read once more: until whoever is named in both is as many as were counted, or more.
/// Returns the ids and the count; none where the lists do not name everybody.
fn prove(
    settings: &Settings,
    at: &Cursor,
    (mut cover, mut ids): (Cover, Vec<Id>),
    network: &mut dyn Network,
) -> Result<Option<(Vec<Id>, u32)>, Failure> {
    for tries in 1..=TRIES {
        let Some(counted) = count(settings.bots, at, network)? else { return Ok(None) };
        // Somebody was made between the list and the count, or is in none of the lists.
        if proof::is_promising(ids.len(), counted, 0) {
            let strays = name_again(&mut cover, &mut ids, at.me, network)?;
            let strays = if tries < TRIES { strays } else { 0 };
            if proof::is_promising(ids.len(), counted, strays) {
                return Ok(Some((ids, counted)));
            }
        } else if !cover.suffices(ids.len()) {
            return Ok(None);
        }
        if tries < TRIES {
            cover = Cover::new(counted, at.orphans, settings);
            match name_all(&mut cover, at.me, network)? {
                Some(named) => ids = named,
                None => return Ok(None),
            }
        }
    }
    Ok(None)
}

/// The ids that the lists name, and the caller's, in ascending order; none where the lists cost too much.
fn name_all(cover: &mut Cover, me: Id, network: &mut dyn Network) -> Result<Option<Vec<Id>>, Failure> {
    let mut roll = Roll::with_room_for(cover.room());
    if roll.push(me).is_err() {
        return Ok(None);
    }
    let mut reading = Reading::first(cover, roll);
    network.run(&mut reading);
    match reading.into_ids() {
        Ok(ids) => Ok(Some(ids)),
        Err(Unread::Insufficient) => Ok(None),
        Err(Unread::Failed(failure)) => Err(failure),
    }
}

/// Keeps of the ids those that the lists name once more. Returns how many others they name.
fn name_again(cover: &mut Cover, ids: &mut Vec<Id>, me: Id, network: &mut dyn Network) -> Result<usize, Failure> {
    if mutation::is(mutation::Mutation::NoSecondList) {
        return Ok(0);
    }
    let mut reading = Reading::again(cover, ids, me);
    network.run(&mut reading);
    let (bits, strays) = match reading.into_marks() {
        Ok(marked) => marked,
        Err(Unread::Insufficient) => return Ok(usize::MAX),
        Err(Unread::Failed(failure)) => return Err(failure),
    };
    roll::keep(ids, &bits);
    Ok(strays)
}

fn count(bots: bool, at: &Cursor, network: &mut dyn Network) -> Result<Option<u32>, Failure> {
    if mutation::is(mutation::Mutation::CountBesideList) {
        return Ok(at.census.count.total);
    }
    let [answered] = exchange(network, [api::count_listed(bots)]);
    match api::read_count(&answered) {
        Err(failure) if failure.is_of_server() || failure.is_refusal() => Ok(None),
        counted => counted.map(Some),
    }
}

fn place_behind(ids: &[Id], last: Option<Id>) -> usize {
    let place = last.map_or(0, |last| ids.partition_point(|id| *id <= last));
    if last.is_some() && mutation::is(mutation::Mutation::SkipsBehindCursor) {
        return place.saturating_add(1).min(ids.len());
    }
    place
}

/// Reads the profiles of the next ids.
fn read(
    settings: &Settings,
    mut at: Cursor,
    told: &Told,
    limit: u32,
    kept: &Kept,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<Stepped, Failure> {
    let rules = rules(settings, &at.census);
    let place = at.last.map_or(0, |last| kept.ids.partition_point(|id| *id <= last));
    let behind = kept.ids.get(place..).unwrap_or_default();
    let key = at.called.map_or(0, |called| called.behind);
    let is_far = network.latency_ms() >= FAR_MS;
    let body_bytes = at.census.version.unwrap_or(Version::new(0, 0)).body_bytes();
    loop {
        let carried = memory.carried(at.pass, key);
        let carried_before = carried.len();
        let wanted = wanted(limit, is_far);
        let at_once = memory.profiles_at_once.unwrap_or(PROFILES_AT_ONCE).min(ids_in(body_bytes)).min(wanted).max(1);
        let most = u32::try_from(wanted.div_ceil(at_once)).unwrap_or(u32::MAX);
        let plan = Plan {
            origin: Origin::Ids(behind, at_once),
            most,
            ahead: if is_far { most } else { 0 },
            total: None,
            asking: asking(settings, at.census.version, &mut at.findings),
            body_bytes,
            statuses_failed_before: memory.statuses_failed,
        };
        let swept = sweep(plan, &rules, false, carried, (&mut at.findings, at.census.version), memory, network);
        let mut swept = match swept {
            Ok(swept) => swept,
            Err(cut) => {
                let Cut { failure, pages, .. } = *cut;
                memory.carry(at.pass, key, pages);
                return waits_or_fails(failure, at, told, memory);
            }
        };
        let failure = swept.failure.take();
        let has_got_on = swept.asked > 0 || swept.carried.len() > carried_before;
        if !has_got_on && at_once > 1 && failure.as_ref().is_some_and(is_too_much) {
            memory.carry(at.pass, key, core::mem::take(&mut swept.carried));
            memory.profiles_at_once = Some(at_once / 2);
            continue;
        }
        let asked = behind.get(..swept.asked).unwrap_or_default();
        at.go_behind(asked);
        let carried = core::mem::take(&mut swept.carried);
        note_faults(&swept, &carried, failure.as_ref(), memory);
        memory.carry(at.pass, at.called.map_or(0, |called| called.behind), carried);
        if let Some(failure) = &failure
            && (!has_got_on || (asked.is_empty() && failure.code != Code::RateLimited))
        {
            return waits_or_fails(failure.clone(), at, told, memory);
        }
        let users = settle(swept, &rules, memory, &mut at);
        let state = conclude(&mut at, network);
        return Ok(Stepped::Page(page(users, state, failure.as_ref(), (&at.findings, &at.census), told, Way::Ids)));
    }
}

/// A listing that has its ids has begun, and goes on when the server lets it. Where profiles are kept back, or do not come
/// twice, pages are read, which do not need them.
fn waits_or_fails(failure: Failure, at: Cursor, told: &Told, memory: &mut Memory) -> Result<Stepped, Failure> {
    if failure.code == Code::RateLimited && told.is_first {
        let state = ListingState::More(at.encode());
        return Ok(Stepped::Page(page(Vec::new(), state, Some(&failure), (&at.findings, &at.census), told, Way::Ids)));
    }
    let is_of_profiles = failure.request.as_deref() == Some("POST /api/v4/users/ids");
    if !is_of_profiles || lists::is_about_the_token(&failure) {
        return Err(failure);
    }
    let is_final = failure.is_refusal() || failure.is_of_gateway() || failure.code == Code::EgressDenied;
    if is_final || core::mem::replace(&mut memory.profiles_failed, true) {
        return Ok(Stepped::Pages(at.turn_to_pages()));
    }
    Err(failure)
}

/// Whether fewer profiles at once may help: the server or something in front of it takes no body as large, or the answer is
/// larger than is read.
fn is_too_much(failure: &Failure) -> bool {
    failure.status == Some(413) || failure.code == Code::AnswerTooLarge
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
fn settle(swept: Swept, rules: &super::super::record::Rules, memory: &Memory, at: &mut Cursor) -> Vec<User> {
    note_hidden(&swept, &mut at.findings);
    at.absent = at.absent.saturating_add(swept.absent);
    let mut users = Vec::with_capacity(swept.drafts.len());
    for (draft, last_use) in swept.drafts {
        let user = finish(draft, last_use, rules, memory);
        at.seats.add(&user);
        users.push(user);
    }
    at.findings.set(NoticeCode::SeatsUnknown, at.seats.unknown);
    users
}

/// What comes after this step.
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
            at.seats.compare(&mut at.findings, network);
            return ListingState::Complete;
        }
        // What cannot be read is no more readable the next time.
        Verdict::Missing(missing) if missing <= at.findings.count(NoticeCode::RecordsUnreadable) => {
            at.findings.add(NoticeCode::UsersMayBeMissing, missing);
            return ListingState::Incomplete;
        }
        Verdict::Missing(_) | Verdict::More(_) => {}
    }
    if at.pass < PASSES_AT_MOST {
        at.begin_another_pass();
        return ListingState::More(at.encode());
    }
    ListingState::More(at.clone().turn_to_pages().encode())
}
