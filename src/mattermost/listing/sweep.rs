//! One call's part of a listing: some pages of accounts and the activity of those on them, all in flight together.

use alloc::vec::Vec;

use hashbrown::HashMap;

use super::super::activity::Activity;
use super::super::api::{self, Answer, IDS_PER_REQUEST, USERS_PER_PAGE};
use super::super::code::Code;
use super::super::failure::Failure;
use super::super::http::{Outcome, Request, Ticket, Work};
use super::super::record::{Draft, Rules};
use super::super::wire::{Ids, Status, User};

/// How many accounts are enough to ask for their activity while more pages are still on their way.
const IDS_WORTH_ASKING: usize = 1_000;

/// Whether the activity of accounts is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statuses {
    /// It is.
    Asked,
    /// The server does not record it.
    Off,
}

/// Whether the list goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// There may be more pages.
    Open,
    /// The last page was read.
    Reached,
}

/// What the sweep brought in.
#[derive(Debug)]
pub(super) struct Swept {
    pub(super) drafts: Vec<(Draft, Option<Activity>)>,
    /// How many pages from the first on were read whole.
    pub(super) pages: u32,
    pub(super) end: End,
    pub(super) unreadable: u32,
    /// The server answered a question for activity with nothing, or refuses it.
    pub(super) statuses_hidden: bool,
}

#[derive(Debug)]
struct Page {
    drafts: Vec<(Draft, Option<Activity>)>,
    unreadable: u32,
    is_last: bool,
    /// Set where its activity was asked for and did not come.
    failure: Option<Failure>,
}

#[derive(Debug)]
enum Job {
    Page { slot: usize, request: Request },
    Statuses { slots: Vec<usize>, request: Request },
}

/// The work of one call. Slots are the pages from the first on, in order.
#[derive(Debug)]
pub(super) struct Sweep<'a> {
    rules: &'a Rules,
    first: u32,
    slots: Vec<Option<Result<Page, Failure>>>,
    most: usize,
    /// The slot of the page on which the list ends if the server's count still holds.
    expected_last: Option<usize>,
    statuses: Statuses,
    jobs: Vec<Option<Job>>,
    pages_in_flight: usize,
    /// Slots whose activity is still to be asked for.
    unasked: Vec<usize>,
    is_over: bool,
    statuses_hidden: bool,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(first: u32, most: u32, total: Option<u32>, statuses: Statuses, rules: &'a Rules) -> Self {
        let per_page = u32::try_from(USERS_PER_PAGE).unwrap_or(u32::MAX);
        let expected_last =
            total.map(|total| usize::try_from((total / per_page).saturating_sub(first)).unwrap_or(usize::MAX));
        Self {
            rules,
            first,
            slots: Vec::new(),
            most: usize::try_from(most).unwrap_or(usize::MAX),
            expected_last,
            statuses,
            jobs: Vec::new(),
            pages_in_flight: 0,
            unasked: Vec::new(),
            is_over: false,
            statuses_hidden: false,
        }
    }

    /// Whether another page may be asked for now. Where the server told its number, no page beyond the last expected one
    /// is asked for until that has come and was full; where it did not, the number in flight doubles from one, so that a
    /// small server is not asked for pages that it does not have.
    fn may_ask_for_a_page(&self) -> bool {
        let next = self.slots.len();
        if self.is_over || next >= self.most {
            return false;
        }
        match self.expected_last {
            Some(last) => next <= last || self.pages_in_flight == 0,
            None => self.first > 0 || self.pages_in_flight <= next.saturating_sub(self.pages_in_flight),
        }
    }

    fn page_job(&mut self) -> (Ticket, Request) {
        let slot = self.slots.len();
        let page = self.first.saturating_add(u32::try_from(slot).unwrap_or(u32::MAX));
        let request = api::users(page);
        self.slots.push(None);
        self.pages_in_flight = self.pages_in_flight.saturating_add(1);
        let ticket = self.jobs.len();
        self.jobs.push(Some(Job::Page { slot, request: request.clone() }));
        (ticket, request)
    }

    /// A request for the activity of as many whole pages as fit into one.
    fn statuses_job(&mut self) -> Option<(Ticket, Request)> {
        let mut slots = Vec::new();
        let mut ids = Vec::new();
        while let Some(slot) = self.unasked.first().copied() {
            let Some(Some(Ok(page))) = self.slots.get(slot) else { break };
            if !ids.is_empty() && ids.len().saturating_add(page.drafts.len()) > IDS_PER_REQUEST {
                break;
            }
            ids.extend(page.drafts.iter().map(|(draft, _)| draft.id()));
            slots.push(slot);
            self.unasked.remove(0);
        }
        if ids.is_empty() {
            return None;
        }
        match api::statuses(&Ids(ids)) {
            Ok(request) => {
                let ticket = self.jobs.len();
                self.jobs.push(Some(Job::Statuses { slots, request: request.clone() }));
                Some((ticket, request))
            }
            Err(failure) => {
                self.spoil(&slots, &failure);
                None
            }
        }
    }

    fn unasked_ids(&self) -> usize {
        let drafts = |slot: &usize| match self.slots.get(*slot) {
            Some(Some(Ok(page))) => page.drafts.len(),
            _ => 0,
        };
        self.unasked.iter().map(drafts).sum()
    }

    fn take_page(&mut self, slot: usize, request: &Request, outcome: &Outcome) {
        self.pages_in_flight = self.pages_in_flight.saturating_sub(1);
        let page = read_page(request, outcome, self.rules);
        match &page {
            Ok(page) => {
                self.is_over |= page.is_last;
                if self.statuses == Statuses::Asked && !self.statuses_hidden && !page.drafts.is_empty() {
                    self.unasked.push(slot);
                }
            }
            // What comes after a page that failed could not be returned.
            Err(_) => self.is_over = true,
        }
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(page);
        }
    }

    fn take_statuses(&mut self, slots: &[usize], request: &Request, outcome: &Outcome) {
        let answer = match Answer::of(request, outcome) {
            Ok(answer) => answer,
            // A server or a proxy that has no such route hides activity; it does not end the listing.
            Err(failure) if failure.is_refusal() => {
                self.statuses_hidden = true;
                return;
            }
            Err(failure) => return self.spoil(slots, &failure),
        };
        let rows = match answer.rows::<Status<'_>>() {
            Ok(rows) => rows,
            Err(failure) => return self.spoil(slots, &failure),
        };
        self.statuses_hidden |= rows.rows.is_empty();
        let found: HashMap<&str, Activity> =
            rows.rows.iter().map(|status| (status.user_id.as_str(), Activity::of(status))).collect();
        for slot in slots {
            let Some(Some(Ok(page))) = self.slots.get_mut(*slot) else { continue };
            for (draft, activity) in &mut page.drafts {
                *activity = found.get(draft.id()).copied();
            }
        }
    }

    fn spoil(&mut self, slots: &[usize], failure: &Failure) {
        self.is_over = true;
        for slot in slots {
            if let Some(Some(Ok(page))) = self.slots.get_mut(*slot) {
                page.failure = Some(failure.clone());
            }
        }
    }

    /// What may be returned: the pages from the first on up to one that failed, so that nothing read is lost.
    ///
    /// # Errors
    /// The first page failed.
    pub(super) fn finish(self) -> Result<Swept, Failure> {
        let mut swept = Swept {
            drafts: Vec::new(),
            pages: 0,
            end: End::Open,
            unreadable: 0,
            statuses_hidden: self.statuses_hidden,
        };
        for slot in self.slots {
            let failure = match slot {
                Some(Ok(Page { failure: None, drafts, unreadable, is_last })) => {
                    swept.drafts.extend(drafts);
                    swept.unreadable = swept.unreadable.saturating_add(unreadable);
                    swept.pages = swept.pages.saturating_add(1);
                    if is_last {
                        swept.end = End::Reached;
                    }
                    continue;
                }
                Some(Ok(Page { failure: Some(failure), .. }) | Err(failure)) => failure,
                None => Failure::new(Code::TransportFailed, "the transport lost an answer"),
            };
            if swept.pages == 0 {
                return Err(failure);
            }
            break;
        }
        Ok(swept)
    }
}

impl Work for Sweep<'_> {
    fn next(&mut self) -> Option<(Ticket, Request)> {
        let are_pages_done = self.pages_in_flight == 0 && !self.may_ask_for_a_page();
        if (are_pages_done || self.unasked_ids() >= IDS_WORTH_ASKING)
            && let Some(job) = self.statuses_job()
        {
            return Some(job);
        }
        self.may_ask_for_a_page().then(|| self.page_job())
    }

    fn arrived(&mut self, ticket: Ticket, outcome: Outcome) {
        match self.jobs.get_mut(ticket).and_then(Option::take) {
            Some(Job::Page { slot, request }) => self.take_page(slot, &request, &outcome),
            Some(Job::Statuses { slots, request }) => self.take_statuses(&slots, &request, &outcome),
            None => {}
        }
    }
}

fn read_page(request: &Request, outcome: &Outcome, rules: &Rules) -> Result<Page, Failure> {
    let answer = Answer::of(request, outcome)?;
    let accounts = answer.rows::<User<'_>>()?;
    let drafts: Vec<_> =
        accounts.rows.iter().filter_map(|account| Draft::of(account, rules)).map(|draft| (draft, None)).collect();
    let nameless = accounts.rows.len().saturating_sub(drafts.len());
    let unreadable = accounts.unreadable.saturating_add(u32::try_from(nameless).unwrap_or(u32::MAX));
    Ok(Page { drafts, unreadable, is_last: accounts.sent() < USERS_PER_PAGE, failure: None })
}
