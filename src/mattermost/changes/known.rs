//! Brings known users up to date.

use alloc::string::ToString;
use alloc::vec::Vec;

use hashbrown::HashSet;

use super::super::code::NoticeCode;
use super::super::failure::Failure;
use super::super::http::Network;
use super::super::listing::Surroundings;
use super::super::record::{Draft, Rules};
use super::cursor::{Cursor, Unverified};
use super::lookup::{About, Lookup};
use super::{Verdict, body_bytes};
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
    known: &[User],
    at: &mut Cursor,
    rules: &Rules,
    asks_for_activity: bool,
    surroundings: &Surroundings,
    network: &mut dyn Network,
) -> Result<Verdict<Vec<User>>, Failure> {
    let drafts: Vec<Option<Draft>> = known.iter().map(Draft::of_known).collect();
    let is_recent = |draft: &Option<Draft>| draft.as_ref().is_some_and(|draft| at.since.is_recent(draft));
    let is_first = at.brought.users == 0;
    at.brought.users = at.brought.users.saturating_add(u32::try_from(known.len()).unwrap_or(u32::MAX));

    let to_verify: HashSet<&str> = known
        .iter()
        .zip(&drafts)
        .filter(|(user, draft)| user.kind == UserKind::Bot || is_recent(draft))
        .map(|(user, _)| user.id.as_str())
        .collect();
    let earlier = core::mem::take(&mut at.unverified);
    let is_due =
        at.brought.users >= at.since.users || to_verify.len().saturating_add(earlier.len()) > UNVERIFIED_AT_MOST;

    let (mut with_draft, mut whole) = (Vec::with_capacity(known.len()), HashSet::new());
    for (user, draft) in known.iter().zip(&drafts) {
        if draft.is_some() {
            with_draft.push(user.id.as_str());
        } else {
            whole.insert(user.id.as_str());
        }
    }
    if is_first {
        whole.extend(known.iter().step_by(known.len().div_ceil(SAMPLE).max(1)).map(|user| user.id.as_str()));
    }
    if is_due {
        whole.extend(&to_verify);
        whole.extend(earlier.iter().map(|account| account.id.as_str()));
    }
    let whole: Vec<&str> = whole.into_iter().collect();

    let mut lookup = Lookup::new(rules, body_bytes(&at.census));
    lookup.ask(About::Changes(at.since.recent_from_ms()), &with_draft);
    lookup.ask(About::Everything, &whole);
    let everyone: Vec<&str> = known.iter().map(|user| user.id.as_str()).collect();
    if asks_for_activity {
        lookup.ask(About::Activity, &everyone);
    }
    let mut found = lookup.run(network)?;
    if found.is_refused {
        return Ok(Verdict::Impossible(NoticeCode::ChangesHidden));
    }
    if found.statuses_hidden {
        at.findings.raise(NoticeCode::LastActivityHidden);
    }
    if found.unreadable > 0 {
        at.findings.add(NoticeCode::RecordsUnreadable, found.unreadable);
        return Ok(Verdict::Impossible(NoticeCode::RecordsUnreadable));
    }
    let asked_whole: HashSet<&str> = whole.into_iter().collect();

    let mut users = Vec::new();
    let mut unverified = earlier.clone();
    for (user, draft) in known.iter().zip(drafts) {
        let id = user.id.as_str();
        let fresh = found.whole.get(id);
        if fresh.is_none() && asked_whole.contains(id) {
            return Ok(Verdict::Impossible(NoticeCode::UsersDoNotAddUp));
        }
        let draft = match (found.changed.remove(id), draft, fresh) {
            (Some(changed), _, _) => changed,
            (None, Some(draft), None) => draft,
            (None, Some(draft), Some(fresh)) if *fresh == draft => draft,
            (None, Some(draft), Some(fresh)) if fresh.updated_at() == draft.updated_at() => {
                return Ok(Verdict::Impossible(NoticeCode::ViewChanged));
            }
            (None, _, Some(fresh)) => fresh.clone(),
            (None, None, None) => return Ok(Verdict::Impossible(NoticeCode::UsersDoNotAddUp)),
        };
        let (is_bot, is_recent) = (draft.is_bot(), at.since.is_recent(&draft));
        if to_verify.contains(id) {
            unverified.push(Unverified { id: id.to_string(), is_bot });
        }
        let record = draft.finish(found.activity(id).into(), surroundings.of(id), rules);
        if !is_recent {
            let slot = if is_bot { &mut at.brought.bots } else { &mut at.brought.people };
            *slot = slot.saturating_add(1);
            at.seats.add(&record);
        }
        if record != *user {
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
