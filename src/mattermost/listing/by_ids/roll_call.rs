//! Collects the ids of everybody: list, count, list.

use alloc::string::String;
use alloc::vec::Vec;

use provider_sdk::http::{Network, exchange};

use super::super::super::api::{self, Answer};
use super::super::super::failure::Failure;
use super::super::super::settings::Settings;
use super::super::super::wire::{Ids, User};
use super::super::census::{Count, Counting};
use super::called::Called;
use super::cover::Cover;
use super::cursor::{Cursor, PASSES_AT_MOST};
use super::id::Id;
use super::kept::Kept;
use super::lists::{Reading, Unread};
use super::{mutation, proof, roll};
use roll::{Roll, place_behind};

/// How often the three steps are tried before pages are read.
const TRIES: u32 = 3;

/// The result of a roll call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RollCallOutcome {
    /// The ids that are still to be read are known.
    Named,
    /// The lists do not name everybody: pages have to be read.
    Insufficient,
    /// `listed` accounts have come and still exist, and the server again counts fewer: no reading proves that number.
    Miscounted { listed: u32, counted: u32 },
}

/// Collects the ids that are still to be read.
pub(super) fn call(
    settings: &Settings,
    at: &mut Cursor,
    kept: &mut Kept,
    network: &mut dyn Network,
) -> Result<RollCallOutcome, Failure> {
    if at.called.is_some_and(|called| kept.are_of(at.pass, called, at.last)) {
        return Ok(RollCallOutcome::Named);
    }
    let before = core::mem::take(kept).of_before(at.pass);
    let Some(counted) = at.called.map(|called| called.counted).or(at.census.count.total) else {
        return Ok(RollCallOutcome::Insufficient);
    };
    let mut cover = Cover::new(counted, at.orphans, settings);
    let Some(mut ids) = name_all(&mut cover, at.me, network)? else { return Ok(RollCallOutcome::Insufficient) };
    if let Some(called) = at.called
        && let place = place_behind(&ids, at.last)
        && called.is_of(ids.get(place..).unwrap_or_default())
    {
        ids.drain(..if skips_one(at.last) { place.saturating_add(1).min(ids.len()) } else { place });
        let called = called.with_behind(&ids);
        at.called = Some(called);
        *kept = Kept::of(at.pass, called, ids);
        return Ok(RollCallOutcome::Named);
    }
    let Some((ids, counted)) = prove(settings, at, (cover, ids), network)? else {
        return Ok(RollCallOutcome::Insufficient);
    };
    // With another list it is not known which of the accounts that have come still exist: a deleted account may leave
    // its memberships, and would be taken for one that was counted now.
    if at.called.is_some() {
        if at.pass >= PASSES_AT_MOST {
            return Ok(RollCallOutcome::Insufficient);
        }
        at.begin_another_pass();
    }
    let called = Called::of(&ids, counted);
    // The profiles of the same ids add up to the same number, unless one that did not come before comes now.
    if let Some((before, absent)) = before
        && before.is_of_same_list(called)
        && !some_come(&absent, settings, network)?
    {
        let listed = before.listed.saturating_sub(at.orphans);
        let is_less = counted < listed;
        return Ok(if is_less {
            RollCallOutcome::Miscounted { listed, counted }
        } else {
            RollCallOutcome::Insufficient
        });
    }
    at.called = Some(called);
    *kept = Kept::of(at.pass, called, ids);
    Ok(RollCallOutcome::Named)
}

/// Whether the server has a profile to list for one of these ids.
fn some_come(ids: &[Id], settings: &Settings, network: &mut dyn Network) -> Result<bool, Failure> {
    if ids.is_empty() {
        return Ok(false);
    }
    let texts: Vec<_> = ids.iter().map(|id| id.text()).collect();
    let [answered] = exchange(network, [api::accounts(&Ids(texts.iter().map(String::as_str).collect()))?]);
    let answer = Answer::of(&answered)?;
    let rows = answer.rows::<User<'_>>(ids.len().saturating_mul(2))?;
    Ok(rows.rows.iter().any(|account| settings.bots || !account.is_bot.0))
}

/// Counts, and reads the lists again, until both readings name as many ids as were counted, or more. Returns the ids
/// and the count; `None` if the lists do not name everybody.
fn prove(
    settings: &Settings,
    at: &Cursor,
    (mut cover, mut ids): (Cover, Vec<Id>),
    network: &mut dyn Network,
) -> Result<Option<(Vec<Id>, u32)>, Failure> {
    for tries in 1..=TRIES {
        let Some(counted) = count(settings.bots, at, network)? else { return Ok(None) };
        // An account was created between the list and the count, or is in none of the lists.
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

/// The ids that the lists name, and the caller's, in ascending order; `None` if the lists cost too much.
pub(super) fn name_all(cover: &mut Cover, me: Id, network: &mut dyn Network) -> Result<Option<Vec<Id>>, Failure> {
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

/// Keeps the ids that the lists name again. Returns how many others they name.
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
    match Count::take(bots, network)? {
        Counting::Counted(count) => Ok(count.total),
        Counting::Refused | Counting::Failed(_) => Ok(None),
    }
}

/// Whether a test makes this skip the first id behind the cursor.
fn skips_one(last: Option<Id>) -> bool {
    last.is_some() && mutation::is(mutation::Mutation::SkipsBehindCursor)
}
