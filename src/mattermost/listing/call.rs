//! What steps by ids and by pages have in common: what is requested beside the accounts, how records are finished, and
//! what the host receives.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use provider_sdk::http::{Network, exchange};
use provider_sdk::pace::FAR_MS;
use provider_sdk::time::timestamp;

use super::super::activity::{Activity, LastUse};
use super::super::api;
use super::super::code::{Code, NoticeCode};
use super::super::failure::{Failure, Meaning as _};
use super::super::record::{Draft, Rules};
use super::super::seat::SeatRule;
use super::super::settings::{ActivitySource, Settings, Way};
use super::super::version::Version;
use super::census::{Census, MARGIN_MS};
use super::cursor::Seats;
use super::joined::{Interrupted, Joined};
use super::memory::Memory;
use super::notices::{Findings, Named};
use super::page::Page;
use super::sweep::{ActivityLookup, Plan, Sweep, Swept};
use crate::contract::{ListingState, SeatUse, User, UserKind, UserPage};

/// How long a host is asked to wait if the server does not say, in milliseconds.
pub(in crate::mattermost) const WAIT_MS: u32 = 10_000;

/// What earlier steps have reported to the host.
#[derive(Debug)]
pub struct Reported {
    /// Notices.
    pub(super) findings: Findings,
    /// Whether the listing begins with this step.
    pub(super) is_first: bool,
}

/// What all records of the listing have in common.
pub(in crate::mattermost) fn rules(settings: &Settings, census: &Census) -> Rules {
    Rules {
        edition: census.edition,
        seats: SeatRule::of(census.version, census.edition),
        inactive_after: settings.inactive_after,
        include: settings.include,
        bots: settings.bots,
        now_ms: census.count.server_ms,
    }
}

/// From which of the server's records activity is requested. Raises a notice if the settings ask for the report on
/// users and the server has none.
pub(super) fn activity_lookup(
    settings: &Settings,
    version: Option<Version>,
    findings: &mut Findings,
) -> ActivityLookup {
    let wants_report = settings.include.activity && settings.activity_source == ActivitySource::Report;
    if wants_report && !version.is_none_or(Version::has_user_report) {
        findings.raise(NoticeCode::ActivityReportHidden);
    }
    match settings.activity_source {
        _ if !settings.include.activity => ActivityLookup::Off,
        ActivitySource::Report if !findings.has(NoticeCode::ActivityReportHidden) => ActivityLookup::Report,
        ActivitySource::Report | ActivitySource::Status if findings.is_activity_lost() => ActivityLookup::Off,
        ActivitySource::Report | ActivitySource::Status => ActivityLookup::Statuses,
    }
}

/// How many ids the body of a request may have. A server without a version is treated as an old one.
pub(super) fn ids_at_once(version: Option<Version>) -> usize {
    api::ids_in(version.unwrap_or(Version::new(0, 0)).body_bytes())
}

/// How many ids a request for activity may have: as many as the server takes, or fewer if those were too many.
pub(super) fn statuses_at_once(version: Option<Version>, memory: &Memory) -> usize {
    let ids = ids_at_once(version);
    memory.ids_at_once.map_or(ids, |most| most.min(ids))
}

/// Reads accounts, and what their records need beside the list, unless it is known already. A later pass leaves out the
/// accounts that the listing has seen.
///
/// # Errors
/// No record can be made.
pub(super) fn sweep(
    plan: Plan<'_>,
    rules: &Rules,
    is_later_pass: bool,
    carried: Vec<Page>,
    (findings, census): (&mut Findings, &Census),
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<Swept, Box<Interrupted>> {
    let is_far = network.latency_ms() >= FAR_MS;
    let mut context = core::mem::take(&mut memory.context);
    let known = is_later_pass.then_some(&*memory);
    let search = context.search(census.version, census.hidden.teams_unsure, rules.seats);
    let mut work = Joined::new(search, Sweep::new(plan, rules, known, carried), is_far);
    network.run(&mut work);
    let swept = work.finish(findings);
    memory.context = context;
    swept
}

/// Notes how the server answered requests for activity. A page that was read and cannot be returned lacks it.
pub(super) fn note_faults(swept: &Swept, carried: &[Page], failure: Option<&Failure>, memory: &mut Memory) {
    memory.ids_at_once = Some(swept.ids_at_once);
    let lacks_activity = !carried.is_empty() && failure.is_some_and(|failure| failure.may_pass() || failure.is_lost());
    let has_failed = swept.statuses_failed.is_some() || lacks_activity;
    memory.activity_failures = if has_failed { memory.activity_failures.saturating_add(1) } else { 0 };
}

/// Raises the notices for what the sweep found to be hidden or unreadable.
pub(super) fn note_hidden(swept: &mut Swept, findings: &mut Findings, named: &mut Named) {
    for (is, code) in [
        (swept.statuses_hidden, NoticeCode::LastActivityHidden),
        (swept.report_hidden, NoticeCode::ActivityReportHidden),
    ] {
        if is {
            findings.raise(code);
        }
    }
    if swept.statuses_failed.is_some() {
        findings.activity_failed(swept.statuses_failed);
    }
    findings.add(NoticeCode::RecordsUnreadable, swept.unreadable);
    named.unreadable(core::mem::take(&mut swept.unreadable_names));
}

/// The latest date that an account can have, if the later of the two clocks says `now_ms`.
pub(in crate::mattermost) const fn latest_ms(now_ms: i64) -> i64 {
    now_ms.saturating_add(MARGIN_MS)
}

/// Makes records of the drafts of a step.
pub(super) struct Finisher<'f> {
    /// What all records have in common.
    pub(super) rules: &'f Rules,
    /// The latest date that an account can have.
    pub(super) latest_ms: i64,
    /// Where seats are counted.
    pub(super) seats: &'f mut Seats,
    /// Where notices are raised.
    pub(super) findings: &'f mut Findings,
}

impl Finisher<'_> {
    /// Makes the record of a draft. Counts an account that comes for the first time.
    pub(super) fn finish(
        &mut self,
        draft: Draft,
        last_use: Option<LastUse>,
        is_first: bool,
        memory: &mut Memory,
    ) -> User {
        let is_dated_ahead = draft.created_ms() > self.latest_ms;
        let facts = memory.context.of(draft.id());
        let user = draft.finish(last_use.unwrap_or(Activity::Unknown.into()), facts, self.rules);
        if is_first {
            if is_dated_ahead {
                self.findings.add(NoticeCode::AccountsDatedAhead, 1);
                memory.named.dated_ahead(&user);
            }
            self.seats.add(&user);
            if let Some(last_use) = last_use {
                self.findings.note_activity(last_use, &user);
            }
        }
        user
    }
}

/// Makes records of accounts that came apart. They come again in their turn, once the server accepts a token, and are
/// counted then.
pub(super) fn finish_apart(
    apart: Vec<(Draft, Option<LastUse>)>,
    rules: &Rules,
    memory: &Memory,
) -> impl Iterator<Item = User> {
    apart.into_iter().map(|(draft, last_use)| {
        let facts = memory.context.of(draft.id());
        draft.finish(last_use.unwrap_or(Activity::Unknown.into()), facts, rules)
    })
}

impl Seats {
    /// Counts an account.
    pub(in crate::mattermost) fn add(&mut self, user: &User) {
        let slot = match user.seat {
            SeatUse::Occupied => &mut self.occupied,
            SeatUse::Unknown => &mut self.unknown,
            SeatUse::Free if user.kind == UserKind::Guest && user.deactivated_at.is_none() => &mut self.apart,
            SeatUse::Free => return,
        };
        *slot = slot.saturating_add(1);
    }

    /// Compares them with the server's own count, and raises a notice if they differ. If the server does not answer
    /// this request, nothing is compared.
    pub(in crate::mattermost) fn compare(self, findings: &mut Findings, network: &mut dyn Network) {
        let [answered] = exchange(network, [api::count_seats()]);
        let Ok(counted) = api::read_count(&answered) else { return };
        // The server's plain count includes guests of a single channel.
        let least = self.occupied.saturating_add(self.apart);
        let most = least.saturating_add(self.unknown);
        if !(least..=most).contains(&counted) {
            findings.seats_differ(least, counted);
        }
    }
}

/// Ends a listing that is proven complete: the token's account sees everybody, so the seats can be compared with the
/// server's count.
pub(super) fn complete(findings: &mut Findings, seats: Seats, network: &mut dyn Network) {
    // The token's account shares a team or channel with everybody.
    findings.set(NoticeCode::PartialView, 0);
    seats.compare(findings, network);
}

/// The attribute of a page that says in which way the listing goes.
const LISTED_BY: &str = "listed-by";

/// The attributes that a page of a listing carries.
pub const ATTRIBUTES: [(&str, &str); 1] = [(
    "page.listed-by",
    "how accounts are listed: by `ids`, if the server names the ids of all, at a cost that grows with the number of accounts; or by `pages`, at a cost that grows with its square",
)];

/// What the host receives of a step.
pub(super) fn page(
    users: Vec<User>,
    state: ListingState,
    failure: Option<&Failure>,
    (findings, census): (&Findings, &Census),
    (reported, named): (&Reported, &Named),
    way: Way,
) -> UserPage {
    let (notices, hidden) = match state {
        ListingState::More(_) => {
            (findings.since(&reported.findings, census, named), findings.hidden_since(&reported.findings))
        }
        ListingState::Complete | ListingState::Resumed | ListingState::Incomplete(_) => {
            (findings.all(census, named), findings.hidden())
        }
    };
    let wait_ms = failure.and_then(|failure| {
        let unsaid = (failure.code == Code::RateLimited).then_some(WAIT_MS);
        failure.retry_after_ms.or(unsaid)
    });
    UserPage {
        users,
        state,
        expected_total: census.count.total,
        wait_ms,
        watermark: census.count.cutoff_ms.and_then(timestamp),
        notices,
        hidden,
        attributes: vec![(LISTED_BY.to_string(), way.id().to_string())],
    }
}
