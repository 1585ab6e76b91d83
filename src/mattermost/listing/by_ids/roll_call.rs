//! Collects the ids of everybody: reads the lists, requests the count, reads the lists again.

use alloc::string::String;
use alloc::vec::Vec;

use provider_sdk::http::{Network, exchange};

use super::super::super::api::{self, Answer};
use super::super::super::failure::Failure;
use super::super::super::settings::Settings;
use super::super::super::wire::{Ids, User};
use super::super::census::{Count, Counting};
use super::super::newest::Newest;
use super::called::Called;
use super::cover::{Cover, Source};
use super::cursor::{Cursor, PASSES_AT_MOST};
use super::id::Id;
use super::kept::Kept;
use super::lists::{Reading, Unread, is_about_the_token};
use super::{mutation, proof, roll};
use roll::{Roll, place_behind};

/// How often these three steps are tried before pages are read.
const TRIES: u32 = 3;

/// The purpose for which the ids are collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To list everybody.
    Listing,
    /// To find who is new and who is gone. With a date, the report on users is asked for accounts created since as
    /// well: it finds an account that no list names, even if an id without an account hides it from the count.
    Changes(Option<Since>),
}

/// What is known already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// Accounts created before this time, in milliseconds since 1970, are known.
    pub floor_ms: i64,
    /// How many accounts are known.
    pub known: u32,
}

/// What a roll call needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'s> {
    /// The settings.
    pub settings: &'s Settings,
    /// The id of the token's account, which no list names.
    pub me: Id,
    /// Ids that are known to have no account.
    pub orphans: u32,
    /// Why the ids are collected.
    pub purpose: Purpose,
}

impl Wanted<'_> {
    fn cover(&self, counted: u32) -> Cover {
        match self.purpose {
            Purpose::Listing => Cover::new(counted, self.orphans, self.settings),
            Purpose::Changes(None) => Cover::of_changes(counted, self.orphans, self.settings),
            // The report on new users shows that the changes can be found by numbers as well.
            Purpose::Changes(Some(_)) => Cover::of_changes(counted, self.orphans, self.settings).sparing_teams(),
        }
    }
}

/// The ids of everybody, as both readings of the lists named them.
#[derive(Clone, Debug)]
pub struct Present {
    /// In both lists, in ascending order; some may have no account.
    pub ids: Vec<Id>,
    /// The count between the lists.
    pub count: Count,
    /// How many were counted.
    pub counted: u32,
    /// How many of them are not bots, if that is requested and the server counts them.
    pub people: Option<u32>,
    /// How many accounts that are new by the report on users, or that were in the first list, are not in both lists;
    /// `None` if the report was not read.
    pub unlisted: Option<u32>,
    /// The accounts that are new by the report, in ascending order.
    pub newest: Vec<Id>,
    /// Whether the list of bots was read.
    pub names_bots: bool,
}

/// Finds the ids of everybody, given the last count; `None` if the lists do not name everybody.
///
/// # Errors
/// The server fails.
pub fn present(wanted: Wanted<'_>, counted: u32, network: &mut dyn Network) -> Result<Option<Present>, Failure> {
    let mut cover = wanted.cover(counted);
    match name_all(&mut cover, wanted.me, network)? {
        Some(ids) => prove(wanted, None, (cover, ids), network),
        None => Ok(None),
    }
}

/// The ids that the lists name now, read once, for an instance that continues after another one has counted; `None` if
/// the lists do not name everybody.
///
/// # Errors
/// The server fails.
pub fn named(wanted: Wanted<'_>, counted: u32, network: &mut dyn Network) -> Result<Option<Vec<Id>>, Failure> {
    name_all(&mut wanted.cover(counted), wanted.me, network)
}

/// The result of a roll call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RollCallOutcome {
    /// The ids that are still to be read are known.
    Named,
    /// The lists do not name everybody: pages have to be read.
    Insufficient,
    /// `listed` accounts were read and still exist, but the server again counts fewer: no reading can prove that
    /// number.
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
    let wanted = Wanted { settings, me: at.me, orphans: at.orphans, purpose: Purpose::Listing };
    let mut cover = wanted.cover(counted);
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
    let Some(Present { ids, counted, .. }) = prove(wanted, at.census.count.total, (cover, ids), network)? else {
        return Ok(RollCallOutcome::Insufficient);
    };
    // After another list it is not known which of the accounts that were read still exist: a deleted account may leave
    // its memberships behind, and would be mistaken for one that was counted now.
    if at.called.is_some() {
        if at.pass >= PASSES_AT_MOST {
            return Ok(RollCallOutcome::Insufficient);
        }
        at.begin_another_pass();
    }
    let called = Called::of(&ids, counted);
    // The profiles of the same ids add up to the same number, unless one that was missing before exists now.
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

/// Counts, and reads the lists again, until both readings name at least as many ids as were counted. `before` is a
/// count from before the first list; only a test uses it in place of the one between the lists. Returns `None` if the
/// lists do not name everybody.
fn prove(
    wanted: Wanted<'_>,
    before: Option<u32>,
    (mut cover, mut ids): (Cover, Vec<Id>),
    network: &mut dyn Network,
) -> Result<Option<Present>, Failure> {
    for tries in 1..=TRIES {
        let Some((count, counted)) = count(wanted.settings.bots, before, network)? else { return Ok(None) };
        // An account was created between the list and the count, or is in none of the lists.
        if proof::is_promising(ids.len(), counted, 0) {
            let people = people(wanted, network)?;
            let newest = newest(wanted, network)?;
            let named = ids.len();
            let strays = name_again(&mut cover, &mut ids, wanted.me, network)?;
            // A user who was deleted after the count leaves a gap that an id without an account could fill. A listing
            // finds that in another way.
            let left = if wanted.purpose == Purpose::Listing { 0 } else { named.saturating_sub(ids.len()) };
            let strays = if tries < TRIES { strays.saturating_add(left) } else { 0 };
            if proof::is_promising(ids.len(), counted, strays) {
                let is_listed = |id: &&Id| ids.binary_search(id).is_ok();
                let unlisted =
                    newest.as_ref().map(|new| new.len().saturating_sub(new.iter().filter(is_listed).count()));
                let unlisted = unlisted.and_then(|number| u32::try_from(number.saturating_add(left)).ok());
                let mut newest = newest.unwrap_or_default();
                newest.sort_unstable();
                let names_bots = cover.has_read(Source::Bots);
                return Ok(Some(Present { ids, count, counted, people, unlisted, newest, names_bots }));
            }
        } else if !cover.suffices(ids.len()) {
            return Ok(None);
        }
        if tries < TRIES {
            cover = wanted.cover(counted);
            match name_all(&mut cover, wanted.me, network)? {
                Some(named) => ids = named,
                None => return Ok(None),
            }
        }
    }
    Ok(None)
}

/// The ids of the newest accounts, if they are wanted and the report shows them.
fn newest(wanted: Wanted<'_>, network: &mut dyn Network) -> Result<Option<Vec<Id>>, Failure> {
    let Purpose::Changes(Some(since)) = wanted.purpose else { return Ok(None) };
    match Newest::since(since.floor_ms, since.known, network) {
        Ok(Newest::Since(ids)) => Ok(Some(ids.iter().filter_map(|id| Id::parse(id.as_bytes())).collect())),
        Ok(Newest::Refused | Newest::TooMany) => Ok(None),
        Err(failure) if is_about_the_token(&failure) => Err(failure),
        // Large servers run into a time limit there.
        Err(_) => Ok(None),
    }
}

/// How many accounts are not bots. Becoming a bot does not change an account's date, so only this number shows it.
fn people(wanted: Wanted<'_>, network: &mut dyn Network) -> Result<Option<u32>, Failure> {
    if wanted.purpose == Purpose::Listing || !wanted.settings.bots {
        return Ok(None);
    }
    match Count::of_people(network)? {
        Counting::Counted(count) => Ok(count.total),
        Counting::Refused | Counting::Failed(_) => Ok(None),
    }
}

/// The ids that the lists name, and that of the token's account, in ascending order; `None` if the lists cost too much.
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

/// Keeps the ids that the lists name again. Returns how many other ids they name.
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

fn count(bots: bool, before: Option<u32>, network: &mut dyn Network) -> Result<Option<(Count, u32)>, Failure> {
    if mutation::is(mutation::Mutation::CountBesideList)
        && let Some(counted) = before
    {
        return Ok(Some((Count::none(0), counted)));
    }
    match Count::take(bots, network)? {
        Counting::Counted(count) => Ok(count.total.map(|counted| (count, counted))),
        Counting::Refused | Counting::Failed(_) => Ok(None),
    }
}

/// Whether a test makes this skip the first id behind the cursor.
fn skips_one(last: Option<Id>) -> bool {
    last.is_some() && mutation::is(mutation::Mutation::SkipsBehindCursor)
}
