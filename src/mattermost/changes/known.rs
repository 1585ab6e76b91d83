//! Reads known users again: all of them, or those that were changed.

use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashSet;

use provider_sdk::http::Network;

use super::super::failure::Failure;
use super::super::listing::AccountContext;
use super::super::record::{Dates, Draft, Rules};
use super::asks::{Asks, body_bytes};
use super::cursor::Cursor;
use super::lookup::{About, Found, Lookup};
use crate::contract::{HiddenField, User};

/// Of how many users of the first batch everything is asked, whether they changed or not. Where the token's roles or the
/// server's privacy settings were changed, records differ that no date reveals.
const SAMPLE: usize = 200;

/// What is asked beside the known users of a call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beside<'a> {
    /// Ids of which everything is asked, and their activity.
    pub(super) new: &'a [&'a str],
    /// Ids of which everything is asked, to see whether they are there.
    pub(super) doubted: &'a [&'a str],
}

/// What the server reported about the known users of a call, and beside them.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) found: Found,
    /// What each known user was asked about with.
    asked: Vec<Asked>,
    /// Since when the server reports what changed.
    since_ms: i64,
}

/// What is known of a user, and what was asked.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// The dates of the user, where the record has all that it was made of.
    dates: Option<Dates>,
    /// Whether everything was asked.
    whole: bool,
}

/// A known user who is there, with the record as a listing would give it now.
#[derive(Debug)]
pub(super) struct Here {
    pub(super) user: User,
    pub(super) is_bot: bool,
    /// When the account was made, in milliseconds since 1970.
    pub(super) created_ms: i64,
    /// Whether the record is another than the known one.
    pub(super) differs: bool,
}

/// A known user who is not there.
#[derive(Debug)]
pub(super) struct Gone(pub(super) String);

/// Asks about known users. Where this shows that the token sees other data of unchanged accounts than before, everybody is read
/// from now on.
///
/// # Errors
/// The server cannot be reached or does not answer as Mattermost does.
pub(super) fn ask(
    known: &[User],
    beside: Beside<'_>,
    at: &mut Cursor,
    rules: &Rules,
    asks: Asks<'_>,
    is_first: bool,
    network: &mut dyn Network,
) -> Result<Answers, Failure> {
    loop {
        let answers = ask_once(known, beside, at, rules, asks, is_first, network)?;
        if at.reads_all || answers.found.is_refused || !answers.show_another_view(known, &at.findings.hidden()) {
            return Ok(answers);
        }
        at.reads_all = true;
    }
}

fn ask_once(
    known: &[User],
    beside: Beside<'_>,
    at: &Cursor,
    rules: &Rules,
    asks: Asks<'_>,
    is_first: bool,
    network: &mut dyn Network,
) -> Result<Answers, Failure> {
    let dates: Vec<Option<Dates>> = known.iter().map(Dates::of).collect();
    let ids: Vec<&str> = known.iter().map(|user| user.id.as_str()).collect();
    let (mut dated, mut whole) = (Vec::with_capacity(ids.len()), HashSet::new());
    for (id, dates) in ids.iter().zip(&dates) {
        if at.reads_all || dates.is_none() {
            whole.insert(*id);
        } else {
            dated.push(*id);
        }
    }
    if is_first {
        whole.extend(ids.iter().step_by(ids.len().div_ceil(SAMPLE).max(1)));
    }
    whole.extend(beside.new.iter().chain(beside.doubted));

    let mut lookup = Lookup::new(rules, body_bytes(&at.census), asks);
    lookup.ask(About::Changes(at.since.recent_from_ms()), &dated);
    lookup.ask(About::Everything, &whole.iter().copied().collect::<Vec<_>>());
    if asks.activity {
        let active: Vec<&str> = ids.iter().chain(beside.new).copied().collect();
        lookup.ask(About::Activity, &active);
    }
    let asked = ids
        .iter()
        .zip(&dates)
        .map(|(id, dates)| Asked { dates: dates.filter(|_| !at.reads_all), whole: whole.contains(id) })
        .collect();
    Ok(Answers { found: lookup.run(network)?, asked, since_ms: at.since.recent_from_ms() })
}

impl Answers {
    /// The known users, read again.
    pub(super) fn renew(
        &self,
        known: Vec<User>,
        rules: &Rules,
        context: &AccountContext,
        hidden: &[HiddenField],
    ) -> Vec<Result<Here, Gone>> {
        let renew = |(user, asked)| self.renew_one(user, asked, rules, context, hidden);
        known.into_iter().zip(self.asked.iter().copied()).map(renew).collect()
    }

    fn renew_one(
        &self,
        user: User,
        asked: Asked,
        rules: &Rules,
        context: &AccountContext,
        hidden: &[HiddenField],
    ) -> Result<Here, Gone> {
        let last_use = self.found.activity(&user.id).into();
        let finish = |draft: Draft| {
            let (is_bot, created_ms) = (draft.is_bot(), draft.created_ms());
            let facts = context.of(draft.id());
            Here { user: draft.finish(last_use, facts, rules), is_bot, created_ms, differs: true }
        };
        let renewed = |draft: &Draft| {
            let here = finish(draft.clone());
            Here { differs: here.user != user, ..here }
        };
        let (fresh, dates) = match (self.found.changed.get(&user.id), asked.dates, self.found.whole.get(&user.id)) {
            (_, _, None) if asked.whole => return Err(Gone(user.id)),
            (Some(changed), _, _) => (Some(changed), None),
            (None, dates, fresh) => (fresh, dates),
        };
        let Some(dates) = dates else {
            return match fresh {
                None => Err(Gone(user.id)),
                Some(fresh) => Ok(renewed(fresh)),
            };
        };
        if let Some(fresh) = fresh.filter(|fresh| !fresh.is_same(&Draft::of_known(user.clone(), dates).0, hidden)) {
            return Ok(renewed(fresh));
        }
        let (draft, later) = Draft::of_known(user, dates);
        let here = finish(draft);
        Ok(Here { differs: !later.is_of(&here.user), ..here })
    }

    /// Whether the account of a known user is shown in another way than it was, without having been changed.
    fn show_another_view(&self, known: &[User], hidden: &[HiddenField]) -> bool {
        known.iter().zip(&self.asked).any(|(user, asked)| {
            let (Some(dates), Some(fresh)) = (asked.dates, self.found.whole.get(&user.id)) else { return false };
            // An account that becomes a bot is not changed by that.
            let is_unchanged = fresh.updated_ms() < self.since_ms;
            let (draft, _) = Draft::of_known(user.clone(), dates);
            is_unchanged && fresh.is_bot() == draft.is_bot() && !fresh.is_same(&draft, hidden)
        })
    }
}
