//! Reads known users again: all of them, or those that changed.

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

/// How many users of the first batch are read whether they changed or not. After a change of the token's roles or of
/// the server's privacy settings, records differ although no date shows it.
const SAMPLE: usize = 200;

/// What to request besides the known users of a call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beside<'a> {
    /// Ids of new users: everything is requested, and their activity.
    pub(super) new: &'a [&'a str],
    /// Ids of users that may be gone: everything is requested, to see whether they exist.
    pub(super) doubted: &'a [&'a str],
}

/// What the server reported about the known users of a call, and about the others.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) found: Found,
    /// How each known user was requested.
    asked: Vec<Asked>,
    /// Since when the server reports what changed.
    since_ms: i64,
}

/// How a user was requested.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// The dates of the user, if the record has everything that it was made of.
    dates: Option<Dates>,
    /// Whether everything was requested.
    whole: bool,
}

/// A known user who exists, with the record that a listing would return now.
#[derive(Debug)]
pub(super) struct Here {
    pub(super) user: User,
    pub(super) is_bot: bool,
    /// When the account was created, in milliseconds since 1970.
    pub(super) created_ms: i64,
    /// Whether the record differs from the known one.
    pub(super) differs: bool,
}

/// A known user who does not exist.
#[derive(Debug)]
pub(super) struct Gone(pub(super) String);

/// Requests known users. If unchanged accounts show that the token sees other data than before, everybody is read from
/// now on.
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

    /// Whether the account of a known user looks different than before although it did not change.
    fn show_another_view(&self, known: &[User], hidden: &[HiddenField]) -> bool {
        known.iter().zip(&self.asked).any(|(user, asked)| {
            let (Some(dates), Some(fresh)) = (asked.dates, self.found.whole.get(&user.id)) else { return false };
            // Becoming a bot does not change the account's date.
            let is_unchanged = fresh.updated_ms() < self.since_ms;
            let (draft, _) = Draft::of_known(user.clone(), dates);
            is_unchanged && fresh.is_bot() == draft.is_bot() && !fresh.is_same(&draft, hidden)
        })
    }
}
