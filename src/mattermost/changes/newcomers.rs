//! Finds who is new since a baseline: people from the report on users, the newest first, and bots from the list of
//! bots, since the report does not have them.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use hashbrown::HashMap;

use provider_sdk::http::{Network, exchange};

use super::super::api::{self, Answer, USERS_PER_PAGE};
use super::super::code::NoticeCode;
use super::super::failure::{Failure, Meaning as _};
use super::super::listing::{Count, Counting, Newest};
use super::super::record::{Draft, Rules};
use super::super::wire::Bot;
use super::asks::{Asks, Verdict};
use super::cursor::{Cursor, Newcomers};
use super::lookup::{self, Found};

/// How often the numbers are requested if accounts are created close to a count.
const COUNTS_AT_MOST: u32 = 4;

/// The most pages of 200 bots that are read.
const BOT_PAGES_AT_MOST: usize = 10;

/// Who is new.
#[derive(Debug)]
pub(super) struct New {
    /// How many.
    pub(super) newcomers: Newcomers,
    /// Their accounts.
    pub(super) drafts: Vec<Draft>,
    /// What the server reported about them.
    pub(super) found: Found,
}

/// Finds who is new, and requests the counts that the known and the new users have to add up to. Saves the count in the
/// cursor, and whether it shows that somebody is gone, so that everybody must be read.
///
/// # Errors
/// The server cannot be reached or does not answer as Mattermost does.
pub(super) fn find(
    at: &mut Cursor,
    rules: &Rules,
    asks: Asks<'_>,
    network: &mut dyn Network,
) -> Result<Verdict<New>, Failure> {
    let mut count = at.census.count;
    let mut found_before: HashMap<String, bool> = HashMap::new();
    for tries in 1..=COUNTS_AT_MOST {
        if tries > 1 {
            count = match counted(Count::take(rules.bots, network)?) {
                Ok(count) => count,
                Err(code) => return Ok(Verdict::Impossible(code)),
            };
        }
        let people = match counted(Count::of_people(network)?) {
            Ok(people) => people,
            Err(code) => return Ok(Verdict::Impossible(code)),
        };
        let (Some(everyone), Some(counted_people)) = (count.total, people.total) else {
            return Ok(Verdict::Impossible(NoticeCode::ChangesHidden));
        };
        count.cutoff_ms = count.cutoff_ms.min(people.cutoff_ms);
        let mut ids = match Newest::since(at.since.recent_from_ms(), at.since.users, network)? {
            Newest::Since(ids) => ids,
            Newest::Refused => return Ok(Verdict::Impossible(NoticeCode::ChangesHidden)),
            Newest::TooMany => return Ok(Verdict::Impossible(NoticeCode::ChangesTooMany)),
        };
        let Some(counted_bots) = everyone.checked_sub(counted_people) else {
            return Ok(Verdict::Impossible(NoticeCode::UsersDoNotAddUp));
        };
        let bots = bots_since(at, counted_bots, network)?;
        ids.extend(bots.iter().flatten().cloned());
        ids.sort_unstable();
        ids.dedup();

        let texts: Vec<&str> = ids.iter().map(String::as_str).collect();
        let found = lookup::all_of(&texts, &at.census, rules, asks, network)?;
        if found.is_refused {
            return Ok(Verdict::Impossible(NoticeCode::ChangesHidden));
        }
        let recent = found.whole.values().filter(|draft| at.since.is_recent(draft.created_ms()));
        let drafts: Vec<Draft> = recent.cloned().collect();
        // An account that is dated close to the count, or in the future, may have been counted or not. Once it was
        // found before a count as well, it certainly was.
        let is_counted = |draft: &Draft| {
            count.surely_has(draft.created_ms()) || found_before.get(draft.id()) == Some(&draft.is_bot())
        };
        if !drafts.iter().all(is_counted) {
            found_before = drafts.iter().map(|draft| (draft.id().to_string(), draft.is_bot())).collect();
            continue;
        }
        let number =
            |is_bot| u32::try_from(drafts.iter().filter(|draft| draft.is_bot() == is_bot).count()).unwrap_or(u32::MAX);
        let newcomers = Newcomers { counted_people, people: number(false), bots: bots.is_some().then(|| number(true)) };
        let most = at.since.users.saturating_add(newcomers.people).saturating_add(newcomers.bots.unwrap_or_default());
        if everyone > most {
            return Ok(Verdict::Impossible(NoticeCode::ChangesHidden));
        }
        // Somebody is gone, or is both known and new: created while the baseline was listed.
        at.reads_all |= everyone < most;
        at.census.count = count;
        at.findings.add(NoticeCode::RecordsUnreadable, found.unreadable);
        found.note_activity(&mut at.findings);
        return Ok(Verdict::Well(New { newcomers, drafts, found }));
    }
    Ok(Verdict::Impossible(NoticeCode::UsersDoNotAddUp))
}

/// A count, or why there is none.
fn counted(counting: Counting) -> Result<Count, NoticeCode> {
    match counting {
        Counting::Counted(count) => Ok(count),
        Counting::Refused => Err(NoticeCode::ChangesHidden),
        Counting::Failed(_) => Err(NoticeCode::CountFailed),
    }
}

/// The ids of the bots that were created since the baseline; `None` if the token may not see them. The list is in the
/// order of creation, so it is read from its end, which the number of all bots shows.
fn bots_since(at: &Cursor, counted: u32, network: &mut dyn Network) -> Result<Option<Vec<String>>, Failure> {
    let floor = at.since.recent_from_ms();
    let per_page = u32::try_from(USERS_PER_PAGE).unwrap_or(u32::MAX);
    let mut ids = Vec::new();
    for page in (0..counted.div_ceil(per_page)).rev().take(BOT_PAGES_AT_MOST) {
        let [answered] = exchange(network, [api::bots(page)]);
        let Some(answer) = Failure::unless_refused(Answer::of(&answered))? else { return Ok(None) };
        let rows = answer.rows::<Bot<'_>>(USERS_PER_PAGE)?;
        // An account that may not see others' bots sees only its own, which are fewer.
        let expected = counted.saturating_sub(page.saturating_mul(per_page)).min(per_page);
        if rows.rows.len() < usize::try_from(expected).unwrap_or(usize::MAX) {
            return Ok(None);
        }
        let new = rows.rows.iter().filter(|row| row.create_at.0 >= floor);
        ids.extend(new.map(|row| row.user_id.as_str().to_string()));
        if rows.rows.first().is_none_or(|first| first.create_at.0 < floor) {
            break;
        }
    }
    Ok(Some(ids))
}
