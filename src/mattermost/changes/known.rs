//! Brings known users up to date.

use alloc::string::ToString;
use alloc::vec::Vec;

use hashbrown::HashSet;
use provider_sdk::http::Network;

use super::super::code::NoticeCode;
use super::super::failure::Failure;
use super::super::listing::AccountContext;
use super::super::record::{Dates, Draft, Rules};
use super::asks::{Asks, Verdict, body_bytes};
use super::cursor::{Cursor, Unverified};
use super::lookup::{About, Found, Lookup};
use crate::contract::{User, UserKind};

/// How many accounts may be left to be looked for by a later call: each takes 27 bytes of the cursor.
const UNVERIFIED_AT_MOST: usize = 100;

/// Of how many users of the first batch everything is asked, whether they changed or not. Where the token's roles or the
/// server's privacy settings were changed, records differ that no date tells of.
const SAMPLE: usize = 200;

/// Returns those of the known users whose records differ now, and notes the numbers in the cursor.
///
/// # Errors
/// The server cannot be reached or does not answer as Mattermost does.
pub(super) fn bring(
    known: Vec<User>,
    at: &mut Cursor,
    rules: &Rules,
    asks: Asks<'_>,
    context: &AccountContext,
    network: &mut dyn Network,
) -> Result<Verdict<Vec<User>>, Failure> {
    let Answers { found, dates, is_due, is_somebody_gone } = ask(&known, at, rules, asks, network)?;
    if found.is_refused {
        return Ok(Verdict::Impossible(NoticeCode::ChangesHidden));
    }
    found.note_activity(&mut at.findings);
    let activity_came = asks.activity && !found.is_activity_lost();
    if found.unreadable > 0 {
        at.findings.add(NoticeCode::RecordsUnreadable, found.unreadable);
        return Ok(Verdict::Impossible(NoticeCode::RecordsUnreadable));
    }
    if is_somebody_gone {
        return Ok(Verdict::Impossible(NoticeCode::UsersDoNotAddUp));
    }
    at.brought.users = at.brought.users.saturating_add(u32::try_from(known.len()).unwrap_or(u32::MAX));

    let verifies_bots = verifies_bots(at);
    let mut unverified = core::mem::take(&mut at.unverified);
    let mut users = Vec::new();
    for (user, dates) in known.into_iter().zip(dates) {
        let (was_bot, was_recent) = (user.kind == UserKind::Bot, is_recent(dates, at));
        let renewed = match renew(user, dates, &found, context, rules) {
            Verdict::Well(renewed) => renewed,
            Verdict::Impossible(code) => return Ok(Verdict::Impossible(code)),
        };
        let (record, is_bot) = (renewed.user, renewed.is_bot);
        if activity_came {
            at.findings.note_activity(found.activity(&record.id).into(), &record);
        }
        if was_recent || (was_bot && verifies_bots) {
            unverified.push(Unverified { id: record.id.to_string(), is_bot });
        }
        if !at.since.is_recent(renewed.created_ms) {
            let slot = if is_bot { &mut at.brought.bots } else { &mut at.brought.people };
            *slot = slot.saturating_add(1);
            at.seats.add(&record);
        }
        if renewed.differs {
            users.push(record);
        }
    }
    if is_due {
        let is_there =
            |account: &Unverified| found.whole.get(&account.id).is_some_and(|draft| draft.is_bot() == account.is_bot);
        if !unverified.iter().all(is_there) {
            return Ok(Verdict::Impossible(NoticeCode::UsersDoNotAddUp));
        }
    } else {
        at.unverified = unverified;
    }
    Ok(Verdict::Well(users))
}

/// What the server told about a batch of known users.
struct Answers {
    found: Found,
    /// The dates of each user, where the record tells all that it was made of.
    dates: Vec<Option<Dates>>,
    /// Whether those who are unverified were asked for.
    is_due: bool,
    /// Whether any of those of whom everything was asked is not there.
    is_somebody_gone: bool,
}

fn ask(
    known: &[User],
    at: &Cursor,
    rules: &Rules,
    asks: Asks<'_>,
    network: &mut dyn Network,
) -> Result<Answers, Failure> {
    let dates: Vec<Option<Dates>> = known.iter().map(Dates::of).collect();
    let (mut ids, mut dated) = (Vec::with_capacity(known.len()), Vec::with_capacity(known.len()));
    let (mut whole, mut to_verify) = (HashSet::new(), Vec::new());
    for (user, dates) in known.iter().zip(&dates) {
        let id = user.id.as_str();
        ids.push(id);
        if dates.is_some() {
            dated.push(id);
        } else {
            whole.insert(id);
        }
        if is_recent(*dates, at) || (user.kind == UserKind::Bot && verifies_bots(at)) {
            to_verify.push(id);
        }
    }
    if at.brought.users == 0 {
        whole.extend(ids.iter().step_by(ids.len().div_ceil(SAMPLE).max(1)));
    }
    let brought = u32::try_from(ids.len()).unwrap_or(u32::MAX).saturating_add(at.brought.users);
    let is_due = brought >= at.since.users || to_verify.len().saturating_add(at.unverified.len()) > UNVERIFIED_AT_MOST;
    if is_due {
        whole.extend(to_verify);
        whole.extend(at.unverified.iter().map(|account| account.id.as_str()));
    }
    let whole: Vec<&str> = whole.into_iter().collect();

    let mut lookup = Lookup::new(rules, body_bytes(&at.census), asks);
    lookup.ask(About::Changes(at.since.recent_from_ms()), &dated);
    lookup.ask(About::Everything, &whole);
    if asks.activity {
        lookup.ask(About::Activity, &ids);
    }
    let found = lookup.run(network)?;
    let is_somebody_gone = whole.iter().any(|id| !found.whole.contains_key(*id));
    Ok(Answers { found, dates, is_due, is_somebody_gone })
}

/// Whether known bots are looked for one by one, since their number proves nothing where new ones are not told.
fn verifies_bots(at: &Cursor) -> bool {
    at.newcomers.is_none_or(|newcomers| newcomers.bots.is_none())
}

fn is_recent(dates: Option<Dates>, at: &Cursor) -> bool {
    dates.is_some_and(|dates| at.since.is_recent(dates.created_ms))
}

/// A record as a listing would give it now.
struct Renewed {
    user: User,
    is_bot: bool,
    created_ms: i64,
    /// Whether it is another than the known one.
    differs: bool,
}

/// Renews a record. It cannot be where the account is told in another way than it was, without having been changed.
fn renew(user: User, dates: Option<Dates>, found: &Found, context: &AccountContext, rules: &Rules) -> Verdict<Renewed> {
    let last_use = found.activity(&user.id).into();
    let finish = |draft: Draft| {
        let (is_bot, created_ms) = (draft.is_bot(), draft.created_ms());
        let facts = context.of(draft.id());
        Renewed { user: draft.finish(last_use, facts, rules), is_bot, created_ms, differs: true }
    };
    let fresh = found.whole.get(&user.id);
    let renewed = |draft: &Draft| {
        let renewed = finish(draft.clone());
        Renewed { differs: renewed.user != user, ..renewed }
    };
    match (found.changed.get(&user.id), dates, fresh) {
        (Some(draft), _, _) | (None, None, Some(draft)) => Verdict::Well(renewed(draft)),
        (None, None, None) => Verdict::Impossible(NoticeCode::UsersDoNotAddUp),
        (None, Some(dates), fresh) => {
            let (draft, later) = Draft::of_known(user, dates);
            match fresh {
                // Whoever becomes a bot is not changed by that.
                Some(fresh) if fresh.is_bot() != draft.is_bot() => Verdict::Impossible(NoticeCode::UsersDoNotAddUp),
                Some(fresh) if *fresh != draft && fresh.updated_at() == draft.updated_at() => {
                    Verdict::Impossible(NoticeCode::ViewChanged)
                }
                Some(fresh) if *fresh != draft => Verdict::Well(finish(fresh.clone())),
                Some(_) | None => {
                    let renewed = finish(draft);
                    Verdict::Well(Renewed { differs: !later.is_of(&renewed.user), ..renewed })
                }
            }
        }
    }
}
