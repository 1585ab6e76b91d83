//! Lists every account, a few pages a call.
//!
//! A listing begins by asking the server for its exact number of accounts; then `/users` is read in pages, several in
//! flight, and the activity of their accounts in batches. `/users` has no snapshot: an account that is created, renamed
//! or deleted meanwhile shifts the rows, so a page may repeat a row or skip one. So the listing counts the distinct
//! accounts that were created before it began, and calls itself complete only when that is the server's number.
//!
//! Where it is not, the list is read again, up to three times in all, each time with a count of its own: a pass that
//! has seen everybody of its own count proves that whoever existed then was returned in one pass or another. Accounts
//! of the first count that no pass has seen were deleted for good before they could be read.
//!
//! The proof rests on three things. An account that is listed after the count and dated before the count's *cutoff* was
//! counted: the cutoff is the `Date` of the count's answer, less the time that the request took, less ten seconds, which
//! is for what happens between an account's date and its row, and for clocks that differ. A count and pages come from the
//! same data; a lagging replica would break that. And an account's date is never changed.
//!
//! An account of a later date costs another pass, and nothing else: whoever was seen in one pass and again in the next was
//! there when the next was counted, whatever the dates say. So accounts that are dated in the future, a server's clock
//! that is behind and answers without a `Date` make a listing longer, and not less certain.

mod both;
mod census;
pub(super) mod cursor;
mod memory;
mod notices;
mod seen;
mod single_channel;
mod surroundings;
mod sweep;
mod team_admins;

#[cfg(test)]
pub(super) mod fake_server;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

pub use census::{Census, Clock, Count, Counting};
pub use cursor::{Cursor, Seats};
pub use memory::{Mark, Memory, PASSES_AT_MOST, Recall, Tally};
pub use notices::{Findings, Hidden, Named};
pub use single_channel::SingleChannelGuests;
pub use surroundings::Surroundings;
pub use team_admins::TeamAdmins;

use super::activity::Activity;
use super::api;
use super::code::{Code, NoticeCode};
use super::failure::Failure;
use super::http::{Network, exchange};
use super::pace::{FAR_MS, Paced};
use super::record::{Draft, Rules};
use super::seat::SeatRule;
use super::settings::{ActivitySource, Settings};
use super::time::timestamp;
use super::version::Version;
use crate::contract::{ListingState, SeatUse, User, UserKind, UserPage};
use both::{Both, Cut};
use census::MARGIN_MS;
use sweep::{Asking, End, Plan, Sweep, Swept};

/// Pages of 200 users that a call reads where the host leaves the number to the provider: some 1.4 MB of JSON.
const PAGES_BY_DEFAULT: u32 = 10;

/// Pages that a call reads at most, however many users the host asks for: it bounds what is in memory at once.
const PAGES_AT_MOST: u32 = 40;

/// Pages that were read ahead and are enough for a call.
const KEPT_ENOUGH: u32 = 16;

/// A pass ends with an error after so many pages (ten million users): a server that never ends a list is broken.
const PAGES_IN_ALL: u32 = 50_000;

/// So many pages in a row without anybody new are a list that repeats itself. Fewer may come of accounts that are
/// created while the list is read: each moves one row to the next page.
const IDLE_PAGES_AT_MOST: u32 = 100;

/// How long a host is asked to wait where the server does not say, in milliseconds.
pub(super) const WAIT_MS: u32 = 10_000;

/// Does one step of a listing over a network that it paces, by what the earlier steps have learnt of the server.
///
/// # Errors
/// Those of [`list_users`].
pub fn list_users_paced(
    settings: &Settings,
    cursor: Option<&str>,
    limit: u32,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<UserPage, Failure> {
    let mut paced = Paced::taught(network, settings.max_in_flight, memory.learnt);
    let page = list_users(settings, cursor, limit, memory, &mut paced);
    memory.learnt = paced.learnt();
    page
}

/// Does one step of a listing.
///
/// # Errors
/// The cursor is stale, or the server gave nothing that the step could return. What `memory` holds is still right then,
/// so the same cursor can be tried again.
pub fn list_users(
    settings: &Settings,
    cursor: Option<&str>,
    limit: u32,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<UserPage, Failure> {
    let fingerprint = settings.fingerprint();
    let (mut at, told) = match cursor {
        None => (Cursor::begin(fingerprint, network.now_ms(), Census::take(network)?), Findings::default()),
        Some(text) => {
            let at = Cursor::decode(text, fingerprint)?;
            let told = at.findings.clone();
            (at, told)
        }
    };
    if memory.take_up(at.listing, at.tally) == Recall::Lost {
        at.findings.raise(NoticeCode::ListingResumed);
    }
    memory.named.take_up(&at.census);
    if at.next_page >= PAGES_IN_ALL {
        return Err(Failure::new(Code::AnswerUnreadable, "the server's list of users does not end"));
    }
    let rules = rules(settings, &at.census);
    // Pages that were kept from before this pass was counted do not belong to it.
    let kept = if at.pass.is_some() { memory.carried(at.tally.pass, at.next_page) } else { Vec::new() };
    let pass = count_pass(&mut at, memory, network)?;
    let kept_before = kept.len();
    let is_far = network.latency_ms() >= FAR_MS;
    // The census has been answered right before.
    let is_answering = cursor.is_none();
    let plan = Plan { is_answering, ..plan(settings, pages_of(limit, is_far, kept_before), memory, &mut at, pass) };

    let mut surroundings = core::mem::take(&mut memory.surroundings);
    let known = (at.tally.pass > 1).then_some(&*memory);
    let search = surroundings.search(at.census.version, at.census.hidden.teams_unsure, rules.seats);
    let mut work = Both::new(search, Sweep::new(plan, &rules, known, kept), is_far);
    network.run(&mut work);
    let swept = work.finish(&mut at.findings);
    memory.surroundings = surroundings;
    let mut swept = match swept {
        Ok(swept) => swept,
        Err(cut) => {
            let Cut { failure, is_in_search, pages } = *cut;
            // A listing that has got anywhere has begun, and goes on when the server lets it.
            let has_begun = is_in_search || !pages.is_empty();
            memory.carry(at.tally.pass, at.next_page, pages);
            if failure.code == Code::RateLimited && cursor.is_none() && has_begun {
                let state = ListingState::More(at.encode());
                return Ok(page(Vec::new(), state, Some(&failure), &at, &told, &memory.named));
            }
            return Err(failure);
        }
    };
    let failure = swept.failure.take();
    memory.ids_at_once = Some(swept.ids_at_once);
    // A page that was read and cannot be returned lacks its activity.
    let has_failed = swept.statuses_failed.is_some()
        || (!swept.carried.is_empty()
            && failure.as_ref().is_some_and(|failure| failure.may_pass() || failure.is_lost()));
    memory.activity_failures = if has_failed { memory.activity_failures.saturating_add(1) } else { 0 };
    let carried = core::mem::take(&mut swept.carried);
    let has_got_on = !swept.pages.is_empty() || carried.len() > kept_before;
    let returned = u32::try_from(swept.pages.len()).unwrap_or(u32::MAX);
    memory.carry(at.tally.pass, at.next_page.saturating_add(returned), carried);
    match &failure {
        Some(failure) if !has_got_on || (returned == 0 && failure.code != Code::RateLimited) => {
            return Err(failure.clone());
        }
        Some(_) | None => {}
    }
    let end = swept.end;
    let now_ms = network.now_ms();
    let users = settle(swept, &rules, memory, &mut at, pass, now_ms);
    let state = match conclude(&mut at, end, pass) {
        None => ListingState::More(at.encode()),
        Some(state) => {
            // An incomplete listing has said already why it differs.
            if matches!(state, ListingState::Complete) {
                // The token's account shares a team or channel with everybody.
                at.findings.set(NoticeCode::PartialView, 0);
                at.seats.compare(&mut at.findings, network);
            }
            state
        }
    };
    Ok(page(users, state, failure.as_ref(), &at, &told, &memory.named))
}

/// What all records of the listing have in common.
pub(super) fn rules(settings: &Settings, census: &Census) -> Rules {
    Rules {
        edition: census.edition,
        seats: SeatRule::of(census.version, census.edition),
        inactive_after: settings.inactive_after,
        include: settings.include,
        now_ms: census.count.server_ms,
    }
}

/// Asks for the count of a new pass.
fn count_pass(at: &mut Cursor, memory: &mut Memory, network: &mut dyn Network) -> Result<Count, Failure> {
    let pass = match at.pass {
        Some(count) => count,
        None => match Count::take(network)? {
            Counting::Counted(count) => count,
            Counting::Refused => Count::none(network.now_ms()),
            Counting::Failed(failure) => {
                at.findings.raise(NoticeCode::CountFailed);
                memory.named.count_failed(&failure);
                Count::none(network.now_ms())
            }
        },
    };
    at.pass = Some(pass);
    Ok(pass)
}

/// What the sweep is to do. Where the report on users is wanted and the server has none, that is told.
fn plan(settings: &Settings, (most, ahead): (u32, u32), memory: &Memory, at: &mut Cursor, pass: Count) -> Plan {
    let version = at.census.version;
    let wants_report = settings.include.activity && settings.activity_source == ActivitySource::Report;
    if wants_report && !version.is_none_or(Version::has_user_report) {
        at.findings.raise(NoticeCode::ActivityReportHidden);
    }
    let asking = match settings.activity_source {
        _ if !settings.include.activity => Asking::Nowhere,
        ActivitySource::Report if !at.findings.has(NoticeCode::ActivityReportHidden) => Asking::Report,
        ActivitySource::Report | ActivitySource::Status if at.findings.is_activity_lost() => Asking::Nowhere,
        ActivitySource::Report | ActivitySource::Status => Asking::Statuses,
    };
    // A server that does not tell its version may be an old one.
    let ids = api::ids_in(version.unwrap_or(Version::new(0, 0)).body_bytes());
    Plan {
        first: at.next_page,
        page_size: at.page_size,
        most,
        ahead,
        total: pass.total,
        is_partial: at.findings.has(NoticeCode::PartialView),
        asking,
        ids_at_once: memory.ids_at_once.map_or(ids, |most| most.min(ids)),
        activity_failures: memory.activity_failures,
        is_answering: false,
    }
}

/// How many pages a call returns that is to bring about so many users, and how many it reads ahead. At its end a call
/// waits for what it has asked last. Where the server is far away, that time is used for pages that the next one returns:
/// of these it has only the activity to ask for, and reads ahead in turn.
fn pages_of(limit: u32, is_far: bool, kept: usize) -> (u32, u32) {
    let kept = u32::try_from(kept).unwrap_or(u32::MAX);
    let most = match limit {
        0 if is_far && kept >= KEPT_ENOUGH => kept.min(PAGES_AT_MOST),
        0 if is_far => PAGES_AT_MOST,
        0 => PAGES_BY_DEFAULT,
        _ => limit.div_ceil(200).clamp(1, PAGES_AT_MOST),
    };
    (most, if is_far { most.clamp(KEPT_ENOUGH, PAGES_AT_MOST) } else { 0 })
}

/// Finishes the records, and notes whom the listing has seen.
fn settle(swept: Swept, rules: &Rules, memory: &mut Memory, at: &mut Cursor, pass: Count, now_ms: i64) -> Vec<User> {
    for (is, code) in [
        (swept.statuses_hidden, NoticeCode::LastActivityHidden),
        (swept.report_hidden, NoticeCode::ActivityReportHidden),
    ] {
        if is {
            at.findings.raise(code);
        }
    }
    if swept.statuses_failed.is_some() {
        at.findings.activity_failed(swept.statuses_failed);
    }
    at.findings.add(NoticeCode::RecordsUnreadable, swept.unreadable);
    memory.named.unreadable(swept.unreadable_names);
    at.page_size = swept.cut_to.unwrap_or(at.page_size);

    let begin = at.census.count;
    for marks in &swept.pages {
        let is_full = marks.len() >= usize::try_from(at.page_size).unwrap_or(usize::MAX);
        let news = marks.iter().filter(|mark| memory.note(**mark, &begin, &pass)).count();
        at.idle_pages = if news == 0 && is_full { at.idle_pages.saturating_add(1) } else { 0 };
        if memory.repeats(at.next_page, marks) || at.idle_pages > IDLE_PAGES_AT_MOST {
            at.findings.raise(NoticeCode::PagesRepeat);
        }
        at.next_page = at.next_page.saturating_add(1);
    }
    let repeats = at.findings.has(NoticeCode::PagesRepeat);

    let mut users = Vec::with_capacity(swept.drafts.len());
    let latest_ms = latest_ms(swept.server_ms.max(now_ms));
    // Those whom no page had before are among the drafts, in the same order.
    let first: Vec<_> = memory.first_seen().collect();
    let mut first = first.into_iter().peekable();
    for (draft, last_use) in swept.drafts {
        let is_first = first.next_if_eq(&memory::fingerprint(draft.id())).is_some();
        if is_first && draft.created_ms() > latest_ms {
            at.findings.add(NoticeCode::AccountsDatedAhead, 1);
            memory.named.dated_ahead(&draft);
        }
        let user = finish(draft, last_use, rules, memory);
        if is_first {
            at.seats.add(&user);
            if let Some(last_use) = last_use {
                at.findings.note_activity(last_use, &user);
            }
        }
        if is_first || !repeats {
            users.push(user);
        }
    }
    at.findings.set(NoticeCode::SeatsUnknown, at.seats.unknown);
    at.tally = memory.tally();
    users
}

/// An account that is dated later than this, where the later of the two clocks says `now_ms`, cannot have been made yet.
pub(super) const fn latest_ms(now_ms: i64) -> i64 {
    now_ms.saturating_add(MARGIN_MS)
}

fn finish(draft: Draft, last_use: Option<super::activity::LastUse>, rules: &Rules, memory: &Memory) -> User {
    let around = memory.surroundings.of(draft.id());
    draft.finish(last_use.unwrap_or(Activity::Unknown.into()), around, rules)
}

impl Seats {
    /// Counts an account.
    pub(super) fn add(&mut self, user: &User) {
        let slot = match user.seat {
            SeatUse::Occupied => &mut self.occupied,
            SeatUse::Unknown => &mut self.unknown,
            SeatUse::Free if user.kind == UserKind::Guest && user.deactivated_at.is_none() => &mut self.apart,
            SeatUse::Free => return,
        };
        *slot = slot.saturating_add(1);
    }

    /// Holds them against the server's own count, and tells where they differ. A server that does not answer now has
    /// given all there is to return.
    pub(super) fn compare(self, findings: &mut Findings, network: &mut dyn Network) {
        let [answered] = exchange(network, [api::count_seats()]);
        let Ok(counted) = api::read_count(&answered) else { return };
        // The plain count does not leave out guests of a single channel.
        let least = self.occupied.saturating_add(self.apart);
        let most = least.saturating_add(self.unknown);
        if !(least..=most).contains(&counted) {
            findings.seats_differ(least, counted);
        }
    }
}

/// Whether the listing is over, and what its end is worth; none where it goes on, if need be with another pass.
fn conclude(at: &mut Cursor, end: End, pass: Count) -> Option<ListingState> {
    if at.findings.has(NoticeCode::PagesRepeat) {
        return Some(ListingState::Incomplete);
    }
    let is_whole = !at.findings.has(NoticeCode::ListingResumed);
    let Tally { pass: number, seen, in_pass, later } = at.tally;
    let total = at.census.count.total;
    // A later pass is over as soon as it has found whoever was missing.
    if is_whole && number > 1 && Some(seen) == total {
        return Some(ListingState::Complete);
    }
    if end == End::Open {
        return None;
    }
    if is_whole && pass.total == Some(in_pass) {
        return Some(ListingState::Complete);
    }
    // Without a number the census has said why there is none, and a resumed listing has said that it was interrupted.
    let Some(counted) = pass.total.or(total).filter(|_| is_whole) else { return Some(ListingState::Incomplete) };
    // Another pass would be shown no more.
    if at.findings.has(NoticeCode::PartialView) {
        if pass.cutoff_ms.is_some() {
            at.findings.add(NoticeCode::PartialView, counted.saturating_sub(in_pass));
        }
        return Some(ListingState::Incomplete);
    }
    // What cannot be read is no more readable the next time.
    if at.findings.count(NoticeCode::RecordsUnreadable) >= counted.abs_diff(in_pass) {
        return Some(ListingState::Incomplete);
    }
    if number < PASSES_AT_MOST {
        at.begin_another_pass();
        return None;
    }
    match total {
        // Changes of the list hid somebody whom another pass has found, and so may have hidden others.
        Some(total) if later > 0 && seen < total => {
            at.findings.add(NoticeCode::UsersMayBeMissing, total.saturating_sub(seen));
        }
        Some(_) | None => at.findings.count_differs(in_pass, counted),
    }
    Some(ListingState::Incomplete)
}

fn page(
    users: Vec<User>,
    state: ListingState,
    failure: Option<&Failure>,
    at: &Cursor,
    told: &Findings,
    named: &Named,
) -> UserPage {
    let notices = match state {
        ListingState::More(_) => at.findings.since(told, &at.census, named),
        ListingState::Complete | ListingState::Incomplete => at.findings.all(&at.census, named),
    };
    let wait_ms = failure.and_then(|failure| {
        let unsaid = (failure.code == Code::RateLimited).then_some(WAIT_MS);
        failure.retry_after_ms.or(unsaid)
    });
    UserPage {
        users,
        state,
        expected_total: at.census.count.total,
        wait_ms,
        watermark: at.census.count.cutoff_ms.and_then(timestamp),
        notices,
        attributes: Vec::new(),
    }
}
