//! Finds who is new and who is gone by lists of the ids of everybody (docs/decisions/0009-sync-by-lists.md).
//!
//! Reading the lists, requesting the count and reading the lists again gives the ids of all accounts, and perhaps ids
//! of accounts that were deleted for good. The host passes the users that it keeps in the order of their ids, so that
//! each call compares two sorted lists. A user who is listed but not kept is new, if the server returns the profile; a
//! user who is kept but not listed is gone. If their number then equals the count, that is everybody.
//!
//! If it does not, the lists have an id whose account was deleted but left a membership behind, or they lack an
//! account, or somebody was deleted meanwhile. Then the lists are read again, with room for such ids, and every profile
//! that they name is requested, as in a listing by ids; the result is proven in the same way.

use alloc::string::String;
use alloc::vec::Vec;

use provider_sdk::http::Network;

use super::super::code::{Code, NoticeCode};
use super::super::failure::Failure;
use super::super::listing::by_ids::mutation::{self, Mutation};
use super::super::listing::by_ids::{self, Called, Id, Kept, Present, Purpose, Since, Wanted, place_behind};
use super::super::listing::latest_ms;
use super::super::record::{Draft, Rules};
use super::super::settings::Settings;
use super::super::version::Version;
use super::asks::{Asks, body_bytes};
use super::cursor::{Cursor, Lists, Round, Way};
use super::known::{self, Beside, Gone, Here};
use super::lookup::{self, About, Lookup};
use super::memory::Memory;
use super::step::{Book, End, Step};
use crate::contract::{User, UserKind};

/// This many new accounts are always looked up one by one. If there are more, and more than known ones, a listing costs
/// less.
const NEW_AT_LEAST: u32 = 2_000;

/// How many profiles a call of the second round requests.
const CONFIRMED_AT_ONCE: usize = 16_000;

/// Reads the ids of everybody, if this instance does not have them. Returns whether the lists name everybody.
///
/// # Errors
/// The server fails, or the lists differ from those that an earlier instance read.
pub(super) fn call(
    settings: &Settings,
    at: &mut Cursor,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<bool, Failure> {
    match at.way {
        Way::Numbers(_) => Ok(false),
        Way::Open(me) => {
            let (Some(me), Some(counted)) = (me, at.census.count.total) else { return Ok(false) };
            if !by_ids::may_go_by_ids(settings) {
                return Ok(false);
            }
            let wanted = Wanted { settings, me, orphans: 0, purpose: purpose(at) };
            let Some(present) = by_ids::present(wanted, counted, network)? else { return Ok(false) };
            at.census.count = present.count;
            at.reads_all |= present.unlisted.is_none();
            take(Round::Known, (me, 0), present, at, memory);
            Ok(true)
        }
        Way::Lists(lists) => {
            if memory.kept.are_of(pass(lists.round), lists.called, lists.last) {
                return Ok(true);
            }
            let wanted = Wanted { settings, me: lists.me, orphans: lists.room, purpose: Purpose::Changes(None) };
            let ids = by_ids::named(wanted, lists.called.counted, network)?.unwrap_or_default();
            if !lists.called.is_of(ids.get(place_behind(&ids, lists.last)..).unwrap_or_default()) {
                return Err(Failure::new(Code::CursorStale, "the accounts are not the same as when the calls began"));
            }
            memory.kept = Kept::of(pass(lists.round), lists.called, ids);
            Ok(true)
        }
    }
}

/// Begins a round over the ids of the lists.
fn take(round: Round, (me, room): (Id, u32), present: Present, at: &mut Cursor, memory: &mut Memory) {
    let mut lists = Lists::begin(round, me, room, &present);
    if round == Round::Everybody {
        // Every profile is asked for.
        lists.unlisted = 0;
    }
    memory.kept = Kept::of(pass(round), lists.called, present.ids);
    memory.newest = present.newest;
    memory.absent.clear();
    at.way = Way::Lists(lists);
}

/// The number under which an instance keeps the ids of a round.
const fn pass(round: Round) -> u8 {
    match round {
        Round::Known | Round::Recount => 1,
        Round::Everybody => 2,
    }
}

/// Does one step, once the ids are there.
///
/// # Errors
/// The server cannot be reached or does not answer as Mattermost does.
pub(super) fn step(
    settings: &Settings,
    known: Vec<User>,
    at: &mut Cursor,
    memory: &mut Memory,
    (rules, asks): (&Rules, Asks<'_>),
    network: &mut dyn Network,
) -> Result<Step, Failure> {
    let Way::Lists(lists) = at.way else { return Ok(Step::impossible(NoticeCode::UsersDoNotAddUp)) };
    match lists.round {
        Round::Known => bring(lists, known, at, memory, (rules, asks), network),
        Round::Recount => recount(settings, lists, at, memory, (rules, asks), network),
        Round::Everybody => confirm(lists, at, memory, (rules, asks), network),
    }
}

/// The known users of a call, compared with the listed ids in the same range.
struct Range {
    /// Known users that the lists name, and known bots if the list of bots is hidden.
    named: Vec<User>,
    /// The ids of the other known users.
    unnamed: Vec<String>,
    /// Listed ids that are not known.
    new: Vec<Id>,
    /// How many users the host has passed, including these.
    brought: u32,
    /// The position in the lists after these.
    lists: Lists,
}

impl Range {
    /// Compares known users with the ids of the lists up to the last known id, or up to the end if all users were
    /// passed. `None` unless the known ids ascend.
    fn of(known: Vec<User>, mut lists: Lists, at: &Cursor, kept: &Kept) -> Option<Self> {
        let brought = at.brought.saturating_add(number(known.len()));
        let is_last = brought >= at.since.users;
        let ids = ascending(&known, lists.last).filter(|ids| is_last || !ids.is_empty())?;
        let behind = kept.behind(lists.last);
        let end = if is_last { behind.len() } else { behind.partition_point(|id| Some(id) <= ids.last()) };
        let (range, rest) = behind.split_at_checked(end).unwrap_or((behind, &[]));
        let (is_named, new) = compare(&ids, range);
        let (mut named, mut unnamed) = (Vec::with_capacity(known.len()), Vec::new());
        for (user, is_named) in known.into_iter().zip(is_named) {
            // If the list of bots is hidden, their profiles show whether they exist.
            let is_hidden = lists.asks_for_bots && user.kind == UserKind::Bot;
            if is_named || is_hidden { named.push(user) } else { unnamed.push(user.id) }
        }
        lists.last = range.last().copied().max(ids.last().copied()).or(lists.last);
        lists.called = lists.called.with_behind(rest);
        Some(Self { named, unnamed, new, brought, lists })
    }
}

/// Updates the known users of a call, and finds the new users between them.
fn bring(
    lists: Lists,
    known: Vec<User>,
    at: &mut Cursor,
    memory: &mut Memory,
    (rules, asks): (&Rules, Asks<'_>),
    network: &mut dyn Network,
) -> Result<Step, Failure> {
    if lists.called.listed.saturating_sub(at.since.users) > at.since.users.max(NEW_AT_LEAST) {
        return Ok(Step::impossible(NoticeCode::ChangesTooMany));
    }
    let Some(Range { named, unnamed, new, brought, mut lists }) = Range::of(known, lists, at, &memory.kept) else {
        return Ok(Step::impossible(NoticeCode::UsersDoNotAddUp));
    };
    let new_ids: Vec<String> = new.iter().map(|id| id.text()).collect();
    let new_texts: Vec<&str> = new_ids.iter().map(String::as_str).collect();
    let bots = named.iter().filter(|user| lists.asks_for_bots && user.kind == UserKind::Bot);
    let doubted: Vec<&str> = bots.map(|user| &user.id).chain(&unnamed).map(String::as_str).collect();
    let beside = Beside { new: &new_texts, doubted: &doubted };
    let answers = known::ask(&named, beside, at, rules, asks, at.brought == 0, network)?;
    let found = &answers.found;
    if let Some(code) = found.hindrance(&mut at.findings) {
        return Ok(Step::impossible(code));
    }
    let hidden = at.findings.hidden();
    let again = answers.renew(named, rules, &memory.context, &hidden);

    let is_there = |id: &&String| found.whole.get(*id).is_some_and(|draft| rules.bots || !draft.is_bot());
    lists.doubtful = lists.doubtful.saturating_add(number(unnamed.iter().filter(is_there).count()));
    let mut step = Step { gone: unnamed, ..Step::default() };
    let mut absent = Vec::new();
    let latest_ms = latest_ms(network.now_ms().max(rules.now_ms));
    let mut book = Book { at, named: &mut memory.named, found, asks_activity: asks.activity, latest_ms };
    for again in again {
        match again {
            Ok(Here { user, is_bot, created_ms, differs }) if rules.bots || !is_bot => {
                book.note(&user, created_ms);
                lists.count(is_bot);
                step.users.extend(differs.then_some(user));
            }
            Ok(Here { user: User { id, .. }, .. }) | Err(Gone(id)) => {
                let named = Id::parse(id.as_bytes()).filter(|id| memory.kept.behind(None).binary_search(id).is_ok());
                lists.doubtful = lists.doubtful.saturating_add(u32::from(named.is_some() && !book.at.reads_all));
                absent.extend(named);
                step.gone.push(id);
            }
        }
    }
    for (id, text) in new.iter().zip(&new_ids) {
        let Some(user) = found.finish(text, rules, &memory.context) else {
            absent.push(*id);
            let existed = memory.newest.binary_search(id).is_ok();
            lists.doubtful = lists.doubtful.saturating_add(u32::from(existed));
            continue;
        };
        book.note(&user, found.whole.get(text).map_or(0, Draft::created_ms));
        lists.count(user.kind == UserKind::Bot);
        step.users.push(user);
    }
    lists.absent = lists.absent.saturating_add(number(absent.len()));
    memory.absent.extend(absent);
    at.brought = brought;
    if at.has_everybody() {
        step.end = lists.verdict();
        lists.round = if step.end.is_none() { Round::Recount } else { lists.round };
    }
    at.way = Way::Lists(lists);
    Ok(step)
}

/// Reads the lists again, with room for ids without an account, and requests the profiles that only the new lists name.
/// If these were all that was missing, no other profile is requested.
fn recount(
    settings: &Settings,
    lists: Lists,
    at: &mut Cursor,
    memory: &mut Memory,
    (rules, asks): (&Rules, Asks<'_>),
    network: &mut dyn Network,
) -> Result<Step, Failure> {
    let before = memory.kept.behind(None);
    // An instance that has not seen all of the round does not know who was new to it.
    if !lists.called.is_all_of(before) || number(memory.absent.len()) != lists.absent {
        return Ok(Step::impossible(NoticeCode::UsersDoNotAddUp));
    }
    let more = lists.here.saturating_sub(lists.called.counted);
    let room = lists.absent.saturating_add(lists.doubtful).saturating_add(lists.unlisted).saturating_add(more);
    let wanted = Wanted { settings, me: lists.me, orphans: room, purpose: purpose(at) };
    let Some(present) = by_ids::present(wanted, lists.called.counted, network)? else {
        return Ok(Step::impossible(NoticeCode::UsersDoNotAddUp));
    };
    let (is_still_named, mut strange) = compare(before, &present.ids);
    strange.extend(memory.absent.iter().filter(|id| present.ids.binary_search(id).is_ok()));
    if number(strange.len()) > NEW_AT_LEAST {
        return Ok(Step::impossible(NoticeCode::ChangesTooMany));
    }
    let texts: Vec<String> = strange.iter().map(|id| id.text()).collect();
    let ids: Vec<&str> = texts.iter().map(String::as_str).collect();
    let found = lookup::all_of(&ids, &at.census, rules, asks, network)?;
    if let Some(code) = found.hindrance(&mut at.findings) {
        return Ok(Step::impossible(code));
    }
    let mut step = Step::default();
    let mut all = Lists { called: Called::of(&present.ids, present.counted), ..lists };
    (all.counted_people, all.unlisted) = (present.people, present.unlisted.unwrap_or(1));
    for (id, text) in strange.iter().zip(&texts) {
        if let Some(user) = found.finish(text, rules, &memory.context) {
            all.count(user.kind == UserKind::Bot);
            step.users.push(user);
        } else if present.newest.binary_search(id).is_ok() {
            all.doubtful = all.doubtful.saturating_add(1);
        }
    }
    let unnamed = before.iter().zip(&is_still_named).filter(|(_, is_named)| !**is_named);
    step.gone.extend(unnamed.map(|(id, _)| id.text()));
    if step.gone.is_empty() && all.verdict() == Some(End::Complete) {
        step.users.iter().for_each(|user| at.seats.add(user));
        step.end = Some(End::Complete);
        return Ok(step);
    }
    take(Round::Everybody, (lists.me, room), present, at, memory);
    Ok(step)
}

/// The purpose for which the lists are read. If every profile is read, an id without an account cannot hide an account
/// that no list names, so the report is not needed.
fn purpose(at: &Cursor) -> Purpose {
    let since = Since { floor_ms: at.since.recent_from_ms(), known: at.since.users };
    let has_report = at.census.version.is_none_or(Version::has_user_report);
    Purpose::Changes((!at.reads_all && has_report).then_some(since))
}

/// Requests the profiles of the next ids of the second round. Bots are returned again, since becoming a bot does not
/// change the account's date.
fn confirm(
    mut lists: Lists,
    at: &mut Cursor,
    memory: &Memory,
    (rules, asks): (&Rules, Asks<'_>),
    network: &mut dyn Network,
) -> Result<Step, Failure> {
    let behind = memory.kept.behind(lists.last);
    let (range, rest) = behind.split_at_checked(CONFIRMED_AT_ONCE).unwrap_or((behind, &[]));
    let texts: Vec<String> = range.iter().map(|id| id.text()).collect();
    let ids: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut lookup = Lookup::new(rules, body_bytes(&at.census), asks);
    lookup.ask(About::Everything, &ids);
    let found = lookup.run(network)?;
    if let Some(code) = found.hindrance(&mut at.findings) {
        return Ok(Step::impossible(code));
    }
    let mut step = Step::default();
    let mut bots = Vec::new();
    for id in &ids {
        match found.whole.get(*id).filter(|draft| rules.bots || !draft.is_bot()) {
            Some(draft) => {
                lists.count(draft.is_bot());
                bots.extend(draft.is_bot().then_some(*id));
            }
            None => {
                lists.absent = lists.absent.saturating_add(1);
                step.gone.push((*id).into());
            }
        }
    }
    if !bots.is_empty() {
        let found = lookup::all_of(&bots, &at.census, rules, asks, network)?;
        if let Some(code) = found.hindrance(&mut at.findings) {
            return Ok(Step::impossible(code));
        }
        step.users.extend(bots.iter().filter_map(|id| found.finish(id, rules, &memory.context)));
    }
    lists.last = range.last().copied().or(lists.last);
    lists.called = lists.called.with_behind(rest);
    if rest.is_empty() {
        step.end = Some(lists.verdict().unwrap_or(End::Incomplete(NoticeCode::UsersDoNotAddUp)));
    }
    at.way = Way::Lists(lists);
    Ok(step)
}

impl Lists {
    fn count(&mut self, is_bot: bool) {
        self.here = self.here.saturating_add(1);
        self.bots = self.bots.saturating_add(u32::from(is_bot));
    }

    /// How a round ends; `None` if the number of accounts differs from the count.
    fn verdict(&self) -> Option<End> {
        let unlisted = if mutation::is(Mutation::IgnoresUnlisted) { 0 } else { self.unlisted };
        if self.here != self.called.counted || self.doubtful > 0 || unlisted > 0 {
            return None;
        }
        let agrees = self.counted_people.is_none_or(|people| people.saturating_add(self.bots) == self.here);
        Some(if agrees { End::Complete } else { End::Incomplete(NoticeCode::UsersDoNotAddUp) })
    }
}

/// The ids of known users; `None` unless they ascend and all come after the last one.
fn ascending(known: &[User], last: Option<Id>) -> Option<Vec<Id>> {
    let mut before = last;
    let mut ids = Vec::with_capacity(known.len());
    for user in known {
        let id = Id::parse(user.id.as_bytes()).filter(|id| Some(*id) > before)?;
        before = Some(id);
        ids.push(id);
    }
    Some(ids)
}

/// Compares two ascending lists: which ids of the first are in the second, and which are in the second alone.
fn compare(ids: &[Id], with: &[Id]) -> (Vec<bool>, Vec<Id>) {
    let mut rest = with.iter().copied().peekable();
    let (mut is_in, mut others) = (Vec::with_capacity(ids.len()), Vec::new());
    for id in ids {
        while let Some(other) = rest.next_if(|other| other < id) {
            others.push(other);
        }
        is_in.push(rest.next_if_eq(id).is_some());
    }
    others.extend(rest);
    (is_in, others)
}

fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}
