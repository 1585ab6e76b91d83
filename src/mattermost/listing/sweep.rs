//! One call's part of a listing: some pages of accounts and the activity of those on them, all in flight together.

use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashMap;
use provider_sdk::http::{Answered, Request, Ticket, Work};

use super::super::activity::{Activity, LastUse, Report};
use super::super::api::{self, Answer, REPORT_ROWS_PER_PAGE, ReportStart, USERS_PER_PAGE};
use super::super::code::Code;
use super::super::failure::{Failure, Meaning as _};
use super::super::record::{Draft, Rules};
use super::super::wire::{self, Ids, ReportRow, Status, User};
use super::by_ids::Id;
use super::mark::Mark;
use super::memory::Memory;
use super::page::{Page, Part};

/// How many accounts are enough to request their activity while more pages are in flight. A server answers for a
/// thousand in 7 ms; a request for fewer, or for many more, costs it more per account.
const IDS_WORTH_ASKING: usize = 1_000;

/// The same if accounts come by the thousand: waiting for two answers saves requests.
const IDS_WORTH_ASKING_BY_IDS: usize = 2_000;
/// How many accounts a full page has, and how many it has if the request does not set its size.
const PAGE_SIZE: u32 = USERS_PER_PAGE as u32;
const SIZE_BY_DEFAULT: u32 = 60;

/// How many pages of the report are read for one page of accounts. Two are usual; accounts that are created meanwhile
/// may push rows onto a third.
const REPORTS_A_PAGE: u32 = 4;

/// From which of the server's records the activity of accounts is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ActivityLookup {
    /// The statuses.
    Statuses,
    /// The report on users, and the statuses for accounts that the report leaves out.
    Report,
    /// Activity is not requested.
    Off,
}

/// Where the accounts come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum AccountSource<'a> {
    /// Pages of `/users`, from `first` on.
    Pages { first: u32, page_size: u32 },
    /// These ids in ascending order, `at_once` in a request. The answer to each request counts as a page.
    Ids { ids: &'a [Id], at_once: usize },
}

/// What a sweep is to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan<'a> {
    /// What is read.
    pub(super) source: AccountSource<'a>,
    /// Pages to return at most.
    pub(super) most: u32,
    /// Pages beyond those that are read while the last of them wait for their activity, and carried over.
    pub(super) ahead: u32,
    /// The server's count of the accounts. It gives the last page, as long as the count still holds.
    pub(super) total: Option<u32>,
    /// Whether the token cannot see some of those, so that the list may be shorter.
    pub(super) is_partial: bool,
    /// From which of the server's records activity is requested.
    pub(super) activity: ActivityLookup,
    /// The largest number of ids in a request for activity.
    pub(super) ids_at_once: usize,
    /// In how many calls before this one requests for activity failed. The listing does not retry them without end.
    pub(super) activity_failures: u8,
    /// The server has answered other questions just now.
    pub(super) is_answering: bool,
}

/// Whether the list goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// There may be more pages.
    Open,
    /// The last page was read.
    Reached,
}

/// What a sweep has read.
#[derive(Debug)]
pub(super) struct Swept {
    /// The accounts to return: in a later pass, those that no earlier one has seen.
    pub(super) drafts: Vec<(Draft, Option<LastUse>)>,
    /// Every account on each of the pages from the first on that were read whole.
    pub(super) pages: Vec<Vec<Mark>>,
    pub(super) end: End,
    /// How many accounts the first page of the list has, if it is short and may not be the last: the list then goes on
    /// in pages of that size.
    pub(super) cut_to: Option<u32>,
    pub(super) unreadable: u32,
    /// The names or ids of the first few of those.
    pub(super) unreadable_names: Vec<String>,
    /// The latest of the server's times in the pages, in milliseconds since 1970; 0 if no page has one.
    pub(super) server_ms: i64,
    /// Requested ids without an account to list.
    pub(super) absent: Vec<Id>,
    /// How many ids were requested for the pages that are returned.
    pub(super) asked: usize,
    /// The server answered a request for activity with an empty list.
    pub(super) statuses_hidden: bool,
    /// The status with which the server, or a proxy in front of it, refuses or fails requests for activity; 0 if no
    /// answer comes.
    pub(super) statuses_failed: Option<u16>,
    /// How many ids such a request may have.
    pub(super) ids_at_once: usize,
    /// The token may not read the report on users, or the server has none.
    pub(super) report_hidden: bool,
    /// Why the sweep ended early.
    pub(super) failure: Option<Failure>,
    /// Pages that were read ahead, or lack their activity: those that come next, from the first one on.
    pub(super) carried: Vec<Page>,
    /// If the server no longer accepts the token: accounts that came but cannot be returned in their turn, because
    /// earlier ones or their own activity did not come.
    pub(super) apart: Vec<(Draft, Option<LastUse>)>,
}

#[derive(Debug)]
enum Job<'a> {
    Page { slot: usize, ids: &'a [Id] },
    Statuses { parts: Vec<Part>, ids: usize },
    Report { slot: usize, place: u32 },
}

/// The work of one call. Slots are the pages from the first on, in order.
#[derive(Debug)]
pub(super) struct Sweep<'a> {
    rules: &'a Rules,
    /// The accounts that earlier passes have seen.
    known: Option<&'a Memory>,
    plan: Plan<'a>,
    slots: Vec<Option<Result<Page, Failure>>>,
    jobs: Vec<Option<Job<'a>>>,
    /// How many ids have been requested.
    asked: usize,
    /// Pages that this call returns.
    pages_in_flight: usize,
    reports_in_flight: usize,
    /// Requests for pages that only the next call returns.
    ahead_in_flight: usize,
    /// All requests in flight.
    in_flight: usize,
    /// Pages of the report that are still to be requested: the slot, the number of the page for that slot, and where it
    /// begins.
    reports: Vec<(usize, u32, ReportStart)>,
    /// Accounts whose statuses are still to be requested.
    unasked: Vec<Part>,
    /// How many ids go into one request.
    ids_at_once: usize,
    is_over: bool,
    cut_to: Option<u32>,
    /// The first failure, or that the token is refused.
    failed: Option<Failure>,
    statuses_hidden: bool,
    statuses_failed: Option<u16>,
    report_hidden: bool,
}

impl<'a> Sweep<'a> {
    /// A sweep that begins with the pages that an earlier one has carried over.
    pub(super) fn new(plan: Plan<'a>, rules: &'a Rules, known: Option<&'a Memory>, carried: Vec<Page>) -> Self {
        let mut sweep = Self {
            rules,
            known,
            plan,
            slots: Vec::new(),
            jobs: Vec::new(),
            asked: 0,
            pages_in_flight: 0,
            reports_in_flight: 0,
            ahead_in_flight: 0,
            in_flight: 0,
            reports: Vec::new(),
            unasked: Vec::new(),
            ids_at_once: plan.ids_at_once.max(1),
            is_over: false,
            cut_to: None,
            failed: None,
            statuses_hidden: false,
            statuses_failed: None,
            report_hidden: false,
        };
        for (slot, page) in carried.into_iter().enumerate() {
            sweep.size_up(slot, page.sent);
            sweep.asked = sweep.asked.saturating_add(page.asked);
            if slot < sweep.most() {
                sweep.ask_for_activity(slot, &page);
            }
            sweep.slots.push(Some(Ok(page)));
        }
        sweep
    }

    /// Whether another page may be requested now. If the server reported its number of accounts, no page beyond the
    /// last expected one is requested until that one has come and was full. If it did not, the number in flight doubles
    /// from one, so that a small server does not get requests for pages that it does not have.
    fn may_ask_for_a_page(&self) -> bool {
        let next = self.slots.len();
        if self.is_over || next >= self.most() {
            return false;
        }
        match (self.plan.source, self.last()) {
            (AccountSource::Ids { ids, .. }, _) => self.asked < ids.len(),
            (AccountSource::Pages { .. }, Some(last)) => next <= last || self.pages_in_flight == 0,
            (AccountSource::Pages { first, .. }, None) => {
                first > 0 || self.pages_in_flight <= next.saturating_sub(self.pages_in_flight)
            }
        }
    }

    /// Whether a page for the next call may be requested. Only while pages of this call are in flight, so that this
    /// call never waits for it.
    fn may_read_ahead(&self) -> bool {
        let next = self.slots.len();
        let ahead = usize::try_from(self.plan.ahead).unwrap_or(usize::MAX);
        !self.is_over
            && (self.most()..self.most().saturating_add(ahead)).contains(&next)
            && match self.plan.source {
                AccountSource::Pages { .. } => self.last().is_some_and(|last| next <= last),
                AccountSource::Ids { ids, .. } => self.asked < ids.len(),
            }
            && self.in_flight > self.ahead_in_flight
    }

    /// The slot of the last page, by the server's count.
    fn last(&self) -> Option<usize> {
        let AccountSource::Pages { first, page_size } = self.plan.source else { return None };
        // Only the second page shows whether the list goes on after a short first one.
        if first == 1 && page_size < PAGE_SIZE {
            return Some(0);
        }
        let last = self.plan.total?.checked_div(page_size)?.saturating_sub(first);
        Some(usize::try_from(last).unwrap_or(usize::MAX))
    }

    fn most(&self) -> usize {
        usize::try_from(self.plan.most).unwrap_or(usize::MAX)
    }

    fn take_on(&mut self, job: Job<'a>) -> Ticket {
        self.in_flight = self.in_flight.saturating_add(1);
        self.jobs.push(Some(job));
        self.jobs.len().saturating_sub(1)
    }

    /// How many pages are in flight like this one: of those to return, or of those read ahead.
    fn pages_like(&mut self, slot: usize) -> &mut usize {
        if slot < self.most() { &mut self.pages_in_flight } else { &mut self.ahead_in_flight }
    }

    fn page_job(&mut self) -> Option<(Ticket, Request)> {
        let slot = self.slots.len();
        let (request, ids) = match self.plan.source {
            AccountSource::Pages { first, page_size } => {
                let page = first.saturating_add(u32::try_from(slot).unwrap_or(u32::MAX));
                (Ok(api::users(page, page_size)), Default::default())
            }
            AccountSource::Ids { ids, at_once } => {
                let rest = ids.get(self.asked..).unwrap_or_default();
                let ids = rest.get(..at_once.min(rest.len())).unwrap_or_default();
                let texts: Vec<_> = ids.iter().map(|id| id.text()).collect();
                (api::accounts(&Ids(texts.iter().map(String::as_str).collect())), ids)
            }
        };
        self.slots.push(None);
        let request = match request {
            Ok(request) => request,
            Err(failure) => {
                self.fail(&failure);
                return None;
            }
        };
        self.asked = self.asked.saturating_add(ids.len());
        let in_flight = self.pages_like(slot);
        *in_flight = in_flight.saturating_add(1);
        Some((self.take_on(Job::Page { slot, ids }), request))
    }

    fn report_job(&mut self) -> Option<(Ticket, Request)> {
        let (slot, place, from) = self.reports.pop()?;
        self.reports_in_flight = self.reports_in_flight.saturating_add(1);
        Some((self.take_on(Job::Report { slot, place }), api::report(&from)))
    }

    /// A request for the statuses of as many whole pages as fit into one, or of a part of a page that does not fit.
    fn statuses_job(&mut self) -> Option<(Ticket, Request)> {
        if self.statuses_hidden || self.statuses_failed.is_some() {
            return None;
        }
        let (mut parts, mut ids) = (Vec::new(), Vec::new());
        while let Some(part) = self.unasked.first_mut() {
            let Some(Some(Ok(page))) = self.slots.get(part.slot) else { break };
            let room = self.ids_at_once.saturating_sub(ids.len());
            // The first account of the part that does not fit.
            let rest = page.unasked_in(part.from, part.to).nth(room).map(|(place, _)| place);
            if rest.is_some() && !ids.is_empty() {
                break;
            }
            let asked = Part { to: rest.unwrap_or(part.to), ..*part };
            ids.extend(page.unasked_in(asked.from, asked.to).map(|(_, draft)| draft.id()));
            parts.push(asked);
            match rest {
                Some(rest) => part.from = rest,
                None => _ = self.unasked.remove(0),
            }
        }
        if ids.is_empty() {
            return None;
        }
        let count = ids.len();
        match api::statuses(&Ids(ids)) {
            Ok(request) => Some((self.take_on(Job::Statuses { parts, ids: count }), request)),
            Err(failure) => {
                self.spoil(&parts, &failure);
                None
            }
        }
    }

    /// All accounts of a page that was read.
    fn whole(&self, slot: usize) -> Option<Part> {
        match self.slots.get(slot) {
            Some(Some(Ok(page))) => Some(page.whole(slot)),
            _ => None,
        }
    }

    fn unasked_ids(&self) -> usize {
        let unasked = |part: &Part| match self.slots.get(part.slot) {
            Some(Some(Ok(page))) => page.unasked_in(part.from, part.to).count(),
            _ => 0,
        };
        self.unasked.iter().map(unasked).sum()
    }

    fn take_page(&mut self, slot: usize, ids: &[Id], answered: &Answered) {
        let in_flight = self.pages_like(slot);
        *in_flight = in_flight.saturating_sub(1);
        let page = match self.plan.source {
            AccountSource::Pages { .. } => read_page(answered, self.rules, self.known),
            AccountSource::Ids { .. } => read_accounts(answered, self.rules, ids),
        };
        match &page {
            Ok(page) => {
                self.size_up(slot, page.sent);
                if slot < self.most() {
                    self.ask_for_activity(slot, page);
                }
            }
            // Pages after one that failed could not be returned.
            Err(failure) => self.fail(failure),
        }
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(page);
        }
    }

    /// Decides whether the list ends with a page of so many records, or is cut into smaller pages than were requested.
    ///
    /// A short page is the last one. But old servers and proxies may cut each page, and if the requested size is lost,
    /// Mattermost falls back to its default of 60. So a short first page is compared with the count, or, without a
    /// count, with the round numbers to which pages are cut. Pages of the size that came cover the same list, whatever
    /// cuts them.
    fn size_up(&mut self, slot: usize, sent: u32) {
        let AccountSource::Pages { first, page_size } = self.plan.source else { return };
        let is_short = sent < page_size;
        self.is_over |= is_short;
        if slot > 0 || first > 0 || sent == 0 || !is_short || page_size < PAGE_SIZE {
            return;
        }
        let may_go_on = match self.plan.total.filter(|_| !self.plan.is_partial) {
            Some(total) => total != sent || sent == SIZE_BY_DEFAULT,
            None => sent.is_multiple_of(10),
        };
        if may_go_on {
            self.cut_to = Some(sent);
        }
    }

    fn ask_for_activity(&mut self, slot: usize, page: &Page) {
        let first_in_report = page.unasked().find(|draft| !draft.is_bot());
        match (self.plan.activity, first_in_report) {
            (ActivityLookup::Off, _) => {}
            _ if page.unasked().next().is_none() => {}
            (ActivityLookup::Report, Some(draft)) if !self.report_hidden => {
                self.reports.push((slot, 1, ReportStart::Name(draft.name().into())));
            }
            (ActivityLookup::Report | ActivityLookup::Statuses, _) => self.unasked.push(page.whole(slot)),
        }
    }

    fn take_report(&mut self, slot: usize, place: u32, answered: &Answered) {
        self.reports_in_flight = self.reports_in_flight.saturating_sub(1);
        let answer = match Answer::of(answered) {
            Ok(answer) => answer,
            // The statuses are requested instead of the report.
            Err(failure) if failure.is_refusal() || self.goes_on_without(&failure) => {
                self.report_hidden = true;
                return self.unasked.extend(self.whole(slot));
            }
            Err(failure) => return self.spoil(self.whole(slot).as_slice(), &failure),
        };
        let rows = match answer.rows::<ReportRow<'_>>(REPORT_ROWS_PER_PAGE) {
            Ok(rows) => rows,
            Err(failure) if self.goes_on_without(&failure) => {
                self.report_hidden = true;
                return self.unasked.extend(self.whole(slot));
            }
            Err(failure) => return self.spoil(self.whole(slot).as_slice(), &failure),
        };
        let Some(Some(Ok(page))) = self.slots.get_mut(slot) else { return };
        let found: HashMap<&str, Report> = rows.rows.iter().map(|row| (row.id.as_str(), Report::of(row))).collect();
        for (draft, last_use) in &mut page.drafts {
            if let Some(report) = found.get(draft.id()) {
                *last_use = Some((*report).into());
            }
        }
        let lacks = page.unasked().any(|draft| !draft.is_bot());
        let goes_on = lacks && rows.sent() >= REPORT_ROWS_PER_PAGE && place < REPORTS_A_PAGE;
        match rows.rows.last() {
            Some(last) if goes_on => {
                let after = ReportStart::After(last.username.as_str().into(), last.id.as_str().into());
                self.reports.push((slot, place.saturating_add(1), after));
            }
            // Bots are not in the report.
            _ => {
                let rest = page.whole(slot);
                self.unasked.push(rest);
            }
        }
    }

    /// Whether the listing can do without this answer. Pages come through, since there are accounts to ask about, so a
    /// refusal by a proxy concerns this request alone. If the server fails, the request is retried once first, and
    /// twice if no answer comes though others do: networks fail more often than they block one kind of request.
    fn goes_on_without(&self, failure: &Failure) -> bool {
        let failures = self.plan.activity_failures;
        failure.is_of_gateway()
            || (failure.may_pass() && failures >= 1)
            || (failure.is_lost() && self.plan.is_answering && failures >= 2)
    }

    fn take_statuses(&mut self, parts: Vec<Part>, ids: usize, answered: &Answered) {
        let answer = match Answer::of(answered).map_err(|failure| (failure.fewer(ids), failure)) {
            Ok(answer) => answer,
            Err((Some(fewer), _)) => {
                self.ids_at_once = fewer.min(self.ids_at_once);
                return self.unasked.extend(parts);
            }
            Err((None, failure)) if failure.is_refusal() || self.goes_on_without(&failure) => {
                self.statuses_failed = Some(failure.status.unwrap_or_default());
                return;
            }
            Err((None, failure)) => return self.spoil(&parts, &failure),
        };
        let rows = match answer.rows::<Status<'_>>(ids) {
            Ok(rows) => rows,
            Err(failure) if self.goes_on_without(&failure) => {
                self.statuses_failed = Some(failure.status.unwrap_or_default());
                return;
            }
            Err(failure) => return self.spoil(&parts, &failure),
        };
        self.statuses_hidden |= rows.rows.is_empty();
        let found: HashMap<&str, Activity> =
            rows.rows.iter().map(|status| (status.user_id.as_str(), Activity::of(status))).collect();
        for Part { slot, from, to } in parts {
            let Some(Some(Ok(page))) = self.slots.get_mut(slot) else { continue };
            let asked = page.drafts.iter_mut().take(to).skip(from);
            for (draft, last_use) in asked.filter(|(_, last_use)| last_use.is_none()) {
                *last_use = Some(found.get(draft.id()).copied().unwrap_or(Activity::Unknown).into());
            }
        }
    }

    fn fail(&mut self, failure: &Failure) {
        self.is_over = true;
        if self.failed.as_ref().is_none_or(|failed| failure.is_of_token() && !failed.is_of_token()) {
            self.failed = Some(failure.clone());
        }
    }

    fn spoil(&mut self, parts: &[Part], failure: &Failure) {
        self.fail(failure);
        for part in parts {
            if let Some(Some(Ok(page))) = self.slots.get_mut(part.slot) {
                page.failure = Some(failure.clone());
            }
        }
    }

    /// The first failure, or that the token is refused; `None` if nothing failed.
    pub(super) const fn failed(&self) -> Option<&Failure> {
        self.failed.as_ref()
    }

    /// Every page that was read, from the first one on, if none can be returned now.
    pub(super) fn keep(self) -> Vec<Page> {
        self.slots.into_iter().map_while(|slot| slot.and_then(Result::ok)).map(Page::renewed).collect()
    }

    /// What the sweep has learnt, without any page.
    const fn nothing_yet(&self) -> Swept {
        Swept {
            drafts: Vec::new(),
            pages: Vec::new(),
            end: End::Open,
            cut_to: self.cut_to,
            unreadable: 0,
            unreadable_names: Vec::new(),
            server_ms: 0,
            absent: Vec::new(),
            asked: 0,
            statuses_hidden: self.statuses_hidden,
            statuses_failed: self.statuses_failed,
            ids_at_once: self.ids_at_once,
            report_hidden: self.report_hidden,
            failure: None,
            carried: Vec::new(),
            apart: Vec::new(),
        }
    }

    /// What can be returned: the pages from the first on up to one that failed. Those after it are carried over, so
    /// that nothing read is lost.
    pub(super) fn finish(self) -> Swept {
        let mut swept = self.nothing_yet();
        // Pages of the wrong size are requested again.
        let most = if self.cut_to.is_some() { 1 } else { self.most() };
        let is_short = |sent| matches!(self.plan.source, AccountSource::Pages { page_size, .. } if sent < page_size);
        let refusal = self.failed.filter(Failure::is_of_token);
        let mut slots = self.slots.into_iter();
        for slot in slots.by_ref().take(most) {
            match slot {
                Some(Ok(Page {
                    failure: None,
                    drafts,
                    marks,
                    unreadable,
                    unreadable_names,
                    server_ms,
                    sent,
                    asked,
                    absent,
                })) => {
                    swept.server_ms = swept.server_ms.max(server_ms);
                    swept.asked = swept.asked.saturating_add(asked);
                    swept.absent.extend(absent);
                    swept.drafts.extend(drafts);
                    swept.pages.push(marks);
                    swept.unreadable = swept.unreadable.saturating_add(unreadable);
                    swept.unreadable_names.extend(unreadable_names);
                    if is_short(sent) && swept.cut_to.is_none() {
                        swept.end = End::Reached;
                    }
                }
                Some(Ok(page @ Page { failure: Some(_), .. })) => {
                    swept.failure.clone_from(&page.failure);
                    swept.carried.push(page.renewed());
                    break;
                }
                Some(Err(failure)) => {
                    swept.failure = Some(failure);
                    break;
                }
                None => {
                    swept.failure = Some(Failure::new(Code::TransportFailed, "the transport lost an answer"));
                    break;
                }
            }
        }
        // The server sends nothing more to this token, so all that came is returned at once.
        if let (Some(failure), Some(refusal)) = (&mut swept.failure, refusal) {
            *failure = refusal;
            let came = swept.carried.drain(..).chain(slots.by_ref().flatten().filter_map(Result::ok));
            swept.apart = came.flat_map(|page| page.drafts).collect();
        }
        // Pages after one that only lacks its activity are still useful, and so are those read ahead.
        if swept.cut_to.is_none() && (!swept.carried.is_empty() || swept.failure.is_none()) {
            swept.carried.extend(slots.map_while(|slot| slot.and_then(Result::ok)).map(Page::renewed));
        }
        swept
    }
}

impl Work for Sweep<'_> {
    fn next(&mut self) -> Option<(Ticket, Request)> {
        if let Some(job) = self.report_job() {
            return Some(job);
        }
        let is_all_there = self.pages_in_flight == 0 && self.reports_in_flight == 0 && !self.may_ask_for_a_page();
        let worth = match self.plan.source {
            AccountSource::Pages { .. } => IDS_WORTH_ASKING,
            AccountSource::Ids { .. } => IDS_WORTH_ASKING_BY_IDS,
        };
        if (is_all_there || self.unasked_ids() >= worth)
            && let Some(job) = self.statuses_job()
        {
            return Some(job);
        }
        if self.may_ask_for_a_page() || self.may_read_ahead() { self.page_job() } else { None }
    }

    fn arrived(&mut self, ticket: Ticket, answered: Answered) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match self.jobs.get_mut(ticket).and_then(Option::take) {
            Some(Job::Page { slot, ids }) => self.take_page(slot, ids, &answered),
            Some(Job::Statuses { parts, ids }) => self.take_statuses(parts, ids, &answered),
            Some(Job::Report { slot, place }) => self.take_report(slot, place, &answered),
            None => {}
        }
    }
}

fn read_page(answered: &Answered, rules: &Rules, known: Option<&Memory>) -> Result<Page, Failure> {
    let answer = Answer::of(answered)?;
    let accounts = answer.rows::<User<'_>>(USERS_PER_PAGE)?;
    let mut page = Page {
        drafts: Vec::with_capacity(if known.is_some() { 0 } else { accounts.rows.len() }),
        marks: Vec::with_capacity(accounts.rows.len()),
        unreadable: accounts.unreadable,
        server_ms: answer.server_ms().unwrap_or_default(),
        sent: u32::try_from(accounts.sent()).unwrap_or(u32::MAX),
        asked: 0,
        absent: Vec::new(),
        unreadable_names: Vec::new(),
        failure: None,
    };
    page.unreadable_names.extend(accounts.names.iter().cloned());
    for account in &accounts.rows {
        let Some(draft) = Draft::of(account, rules) else {
            page.unreadable = page.unreadable.saturating_add(1);
            page.unreadable_names.push(account.name_or_id());
            continue;
        };
        if draft.is_bot() && !rules.bots {
            continue;
        }
        let mark = Mark::of(draft.id(), draft.created_ms());
        page.marks.push(mark);
        if !known.is_some_and(|memory| memory.knows(mark)) {
            page.drafts.push((draft, None));
        }
    }
    // The first pass has reported what cannot be read.
    if known.is_some() {
        page.unreadable = 0;
        page.unreadable_names.clear();
    }
    Ok(page)
}

/// Reads the accounts of ids. The server sends them in any order, and old ones send some twice.
fn read_accounts(answered: &Answered, rules: &Rules, ids: &[Id]) -> Result<Page, Failure> {
    let answer = Answer::of(answered)?;
    let accounts = answer.rows::<User<'_>>(ids.len().saturating_mul(2))?;
    let mut drafts: Vec<_> = accounts.rows.iter().filter_map(|account| asked_for(account, rules, ids)).collect();
    drafts.sort_unstable_by_key(|(id, _)| *id);
    drafts.dedup_by_key(|(id, _)| *id);
    let damaged = accounts.rows.iter().filter(|account| !Draft::can_be_of(account));
    let mut unreadable_names = accounts.names.clone();
    unreadable_names.extend(damaged.clone().map(User::name_or_id));
    let unreadable = u32::try_from(damaged.count()).unwrap_or(u32::MAX).saturating_add(accounts.unreadable);
    Ok(Page {
        unreadable,
        unreadable_names,
        server_ms: answer.server_ms().unwrap_or_default(),
        sent: u32::try_from(accounts.sent()).unwrap_or(u32::MAX),
        asked: ids.len(),
        absent: without_draft(ids, &drafts),
        drafts: drafts.into_iter().map(|(_, draft)| (draft, None)).collect(),
        marks: Vec::new(),
        failure: None,
    })
}

/// Those of the ids that are not among sorted drafts.
fn without_draft(ids: &[Id], drafts: &[(Id, Draft)]) -> Vec<Id> {
    if ids.len() == drafts.len() {
        return Vec::new();
    }
    ids.iter().filter(|id| drafts.binary_search_by_key(*id, |(id, _)| *id).is_err()).copied().collect()
}

fn asked_for(account: &wire::User<'_>, rules: &Rules, ids: &[Id]) -> Option<(Id, Draft)> {
    let id = Id::parse(account.id.as_str().as_bytes()).filter(|id| ids.binary_search(id).is_ok())?;
    Draft::of(account, rules).filter(|draft| rules.bots || !draft.is_bot()).map(|draft| (id, draft))
}
