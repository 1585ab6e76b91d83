//! A host for tests: keeps users, asks for changes, and applies them.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use provider_sdk::http::{Outcome, Request};

use super::super::failure::Failure;
use super::super::fake::{Fake, Order};
use super::super::listing::fake_server::Server;
use super::super::listing::{Memory as ListingMemory, list_users};
use super::super::settings::Settings;
use super::baseline::Baseline;
use super::call::list_changes;
use super::memory::Memory;
use crate::contract::{ListingState, Notice, User};

pub(super) type Table = BTreeMap<String, User>;

/// What a host keeps after a listing or a sync.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) users: Table,
    pub(super) watermark: Option<String>,
    /// The codes of the last page.
    pub(super) codes: Vec<String>,
    pub(super) is_complete: bool,
    /// Why it is not complete.
    pub(super) reason: Option<String>,
    /// The way in which new and deleted users were found.
    pub(super) way: Option<String>,
    pub(super) requests: usize,
    /// How many users were returned.
    pub(super) came: usize,
}

pub(super) fn codes(notices: &[Notice]) -> Vec<String> {
    notices.iter().map(|notice| notice.code.clone()).collect()
}

/// Lists everybody, and lets the server change between the calls.
#[track_caller]
pub(super) fn list(settings: &Settings, server: &mut Server, mut between: impl FnMut(&mut Server, u32)) -> Kept {
    let (mut memory, mut cursor, mut users, mut requests) = (ListingMemory::new(), None, Table::new(), 0);
    for call in 0.. {
        let now_ms = server.now;
        let shared = RefCell::new(&mut *server);
        let mut network = Fake::new(|request| shared.borrow_mut().answer(request))
            .with_pauses(|ms| shared.borrow_mut().now += i64::from(ms));
        network.now_ms = now_ms;
        let page = list_users(settings, cursor.as_deref(), 0, &mut memory, &mut network).unwrap();
        requests += network.sent.len();
        drop(network);
        let codes = codes(&page.notices);
        users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
        let (is_complete, reason) = ending(&page.state);
        match page.state {
            ListingState::More(next) => cursor = Some(next),
            ListingState::Complete | ListingState::Resumed | ListingState::Incomplete(_) => {
                let (watermark, came) = (page.watermark, users.len());
                return Kept { users, watermark, codes, is_complete, reason, way: None, requests, came };
            }
        }
        between(server, call);
    }
    panic!("the listing does not end");
}

fn ending(state: &ListingState) -> (bool, Option<String>) {
    let reason = if let ListingState::Incomplete(code) = state { Some(code.clone()) } else { None };
    (matches!(state, ListingState::Complete), reason)
}

/// A host that syncs.
#[derive(Clone, Copy)]
pub(super) struct FakeHost<'a> {
    pub(super) settings: &'a Settings,
    /// How many users it passes in a call.
    pub(super) batch: usize,
    /// Whether each call runs in an instance of its own.
    pub(super) afresh: bool,
    /// In which order requests are answered.
    pub(super) order: Order,
    pub(super) outdated: bool,
}

impl<'a> FakeHost<'a> {
    pub(super) const fn with(settings: &'a Settings) -> Self {
        Self { settings, batch: 150, afresh: false, order: Order::First, outdated: false }
    }

    /// Syncs as a host does, and lets the server change between the calls. Removes users who are gone at a complete
    /// end.
    pub(super) fn changes(
        &self,
        server: &mut Server,
        kept: &Kept,
        mut answer: impl FnMut(&mut Server, &Request) -> Outcome,
        mut between: impl FnMut(&mut Server, u32),
    ) -> Result<Kept, Failure> {
        let number = u32::try_from(kept.users.len()).unwrap();
        let since = Baseline::new(kept.watermark.as_deref(), number, kept.is_complete, self.outdated)?;
        let old: Vec<User> = kept.users.values().cloned().collect();
        let mut batches = old.chunks(self.batch);
        let (mut memory, mut cursor, mut requests, mut came) = (Memory::new(), None, 0, 0);
        let (mut users, mut gone) = (kept.users.clone(), BTreeSet::new());
        for call in 0..10_000 {
            let known = if cursor.is_none() { Vec::new() } else { batches.next().unwrap_or_default().to_vec() };
            let now_ms = server.now;
            let shared = RefCell::new(&mut *server);
            let mut network = Fake::new(|request| answer(&mut shared.borrow_mut(), request))
                .with_pauses(|ms| shared.borrow_mut().now += i64::from(ms));
            (network.order, network.now_ms) = (self.order, now_ms);
            let page = list_changes(self.settings, since, known, cursor.as_deref(), &mut memory, &mut network)?;
            requests += network.sent.len();
            drop(network);
            came += page.users.len();
            page.users.iter().for_each(|user| _ = gone.remove(&user.id));
            users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
            gone.extend(page.gone);
            let (is_complete, reason) = ending(&page.state);
            if let ListingState::More(next) = page.state {
                assert!(next.len() < 4_096, "{}", next.len());
                cursor = Some(next);
            } else {
                assert!(!is_complete || batches.next().is_none(), "complete before everybody was passed");
                if is_complete {
                    users.retain(|id, _| !gone.contains(id));
                }
                let way = page.attributes.into_iter().next().map(|(_, way)| way);
                let (codes, watermark) = (codes(&page.notices), page.watermark);
                return Ok(Kept { users, watermark, codes, is_complete, reason, way, requests, came });
            }
            if self.afresh {
                memory = Memory::new();
            }
            between(server, call);
        }
        panic!("the changes do not end");
    }

    /// Syncs with a server that does not change meanwhile.
    pub(super) fn sync(&self, server: &mut Server, kept: &Kept) -> Kept {
        self.changes(server, kept, Server::answer, |_, _| {}).unwrap()
    }
}

/// Compares the kept users with those of a listing, one by one.
#[track_caller]
pub(super) fn assert_same(kept: &Kept, listing: &Kept, what: &str) {
    assert!(kept.is_complete && listing.is_complete, "{what}: {:?} {:?}", kept.codes, listing.codes);
    for (id, user) in &listing.users {
        assert_eq!(kept.users.get(id), Some(user), "{what}");
    }
    assert_eq!(kept.users.len(), listing.users.len(), "{what}");
    assert_eq!(kept.codes, listing.codes, "{what}");
}
