//! Random listings and syncs of a simulated product, with tokens that see more or less, with different versions, and
//! killed at any step. The tests check what the store has afterwards, and what an embedder has that applied the
//! changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use provider_model::{ActivityKnowledge, UserKind, UserStatus};
use provider_sandbox::{Baseline, RecordSource};
use provider_testing::samples;
use serde_json::json;

use super::*;
use crate::checkpoint::MemoryCheckpoints;
use crate::listing::{Listing, Unfinished};

/// The kind of account that owns the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// Sees everything.
    Admin,
    /// Sees everybody, but not the leads, addresses and activity.
    Viewer,
    /// The same, and does not see the number of accounts.
    Member,
}

/// How a provider finds out what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// It knows the ids of everybody.
    Lists,
    /// It compares numbers, and gives up if they differ.
    Numbers,
    /// It does not have the interface.
    Not,
}

/// The accounts, by id.
type Table = BTreeMap<String, User>;

const PAGE: usize = 4;

/// A product with a provider and a token.
#[derive(Debug)]
struct FakeProduct {
    accounts: Table,
    /// When each account was changed.
    updated: BTreeMap<String, String>,
    token: Token,
    how: How,
    record_source: RecordSource,
    now: u32,
    roles: Vec<String>,
    limits: ListingLimits,
    /// What the instance remembers: the ids of the known users that were passed.
    brought: BTreeSet<String>,
    /// Whether it has seen the beginning of the list.
    has_begun: bool,
}

fn at(second: u32) -> String {
    format!("2026-01-01T{:02}:{:02}:{:02}.000Z", second / 3_600, second / 60 % 60, second % 60)
}

fn hidden(token: Token) -> Vec<HiddenField> {
    let field = |name: &str, may_be: &[&str]| HiddenField {
        name: name.into(),
        may_be: may_be.iter().map(|id| (*id).to_owned()).collect(),
    };
    match token {
        Token::Admin => Vec::new(),
        Token::Viewer | Token::Member => vec![
            field("role", &["lead"]),
            field("email", &[]),
            field("status", &["inactive"]),
            field("activity", &[]),
            field("last-activity-at", &[]),
        ],
    }
}

/// An account as a token sees it.
fn seen(account: &User, token: Token) -> User {
    let mut user = account.clone();
    if token != Token::Admin {
        user.email = None;
        (user.activity, user.last_activity_at) = (ActivityKnowledge::Unknown, None);
        if user.role == "lead" {
            user.role = "member".into();
        }
        if user.status == UserStatus::Inactive {
            user.status = UserStatus::Active;
        }
    }
    user
}

/// What is known about an account after a token has seen it: the tested rule once more, for these fields.
fn known_after(before: Option<&User>, account: &User, token: Token) -> User {
    let mut user = seen(account, token);
    let Some(before) = before.filter(|_| token != Token::Admin) else { return user };
    user.email.clone_from(&before.email);
    user.activity = before.activity;
    user.last_activity_at.clone_from(&before.last_activity_at);
    if before.role == "lead" && user.role == "member" {
        user.role = "lead".into();
    }
    let deactivated = UserStatus::Deactivated;
    if user.status != deactivated && before.status != deactivated {
        user.status = before.status;
    }
    user
}

impl FakeProduct {
    fn page(&self, users: Vec<User>, state: ListingState) -> UserPage {
        let is_counted = self.token != Token::Member;
        UserPage {
            expected_total: is_counted.then(|| u32::try_from(self.accounts.len()).unwrap()),
            watermark: is_counted.then(|| at(self.now)),
            hidden: hidden(self.token),
            ..samples::page(users, state)
        }
    }

    fn end(&self) -> ListingState {
        match self.token {
            Token::Admin | Token::Viewer if self.has_begun => ListingState::Complete,
            Token::Admin | Token::Viewer => ListingState::Resumed,
            Token::Member => ListingState::Incomplete("completeness-unproven".into()),
        }
    }

    /// Of some known users, the ones that differ and the ids of those who are gone. A profile is read only if it
    /// changed since or is outdated; the other fields are read for everybody.
    fn differing(&self, since: &Baseline, known: &[User]) -> (Vec<User>, Vec<String>) {
        let (mut users, mut gone) = (Vec::new(), Vec::new());
        let since = since.watermark.as_ref().filter(|_| since.proven && !since.outdated);
        for user in known {
            let Some(account) = self.accounts.get(&user.id) else {
                gone.push(user.id.clone());
                continue;
            };
            let mut now = seen(account, self.token);
            if since.is_some_and(|since| self.updated.get(&user.id).is_none_or(|updated| updated < since)) {
                (now.email, now.username) = (user.email.clone(), user.username.clone());
            }
            if now != *user {
                users.push(now);
            }
        }
        (users, gone)
    }

    fn changes(&mut self, since: &Baseline, known: &[User], cursor: Option<&str>) -> Changes {
        if self.token == Token::Member {
            let page = self.page(Vec::new(), ListingState::Incomplete("completeness-unproven".into()));
            return Changes { page, gone: Vec::new() };
        }
        if cursor.is_none() {
            self.brought.clear();
            return Changes { page: self.page(Vec::new(), ListingState::More("on".into())), gone: Vec::new() };
        }
        assert!(known.windows(2).all(|two| matches!(two, [one, other] if one.id < other.id)));
        assert!(known.first().is_none_or(|first| self.brought.last().is_none_or(|last| *last < first.id)));
        let (mut users, mut gone) = self.differing(since, known);
        self.brought.extend(known.iter().map(|user| user.id.clone()));
        if self.brought.len() < usize::try_from(since.users).unwrap() {
            return Changes { page: self.page(users, ListingState::More("on".into())), gone };
        }
        let new = self.accounts.values().filter(|account| !self.brought.contains(&account.id));
        users.extend(new.map(|account| seen(account, self.token)));
        let is_somebody_gone = self.brought.iter().any(|id| !self.accounts.contains_key(id));
        let state = match self.how {
            How::Numbers if is_somebody_gone || !since.proven => {
                gone.clear();
                ListingState::Incomplete("users-do-not-add-up".into())
            }
            How::Lists | How::Numbers | How::Not => ListingState::Complete,
        };
        Changes { page: self.page(users, state), gone }
    }
}

impl Source for FakeProduct {
    async fn list_step(&mut self, cursor: Option<&str>, _: u32) -> Result<(UserPage, u64)> {
        self.has_begun |= cursor.is_none();
        let after = cursor.unwrap_or_default();
        let mut rest = self.accounts.values().filter(|account| account.id.as_str() > after);
        let users: Vec<User> = rest.by_ref().take(PAGE).map(|account| seen(account, self.token)).collect();
        let last = users.last().map(|user| user.id.clone()).filter(|_| rest.next().is_some());
        let state = last.map_or_else(|| self.end(), ListingState::More);
        Ok((self.page(users, state), 1))
    }

    async fn list_changes(
        &mut self,
        since: &Baseline,
        known: Vec<User>,
        cursor: Option<&str>,
    ) -> Result<Option<(Changes, u64)>> {
        let is_able = self.how != How::Not;
        Ok(is_able.then(|| (self.changes(since, &known, cursor), 1)))
    }

    fn leave_instance(&mut self) {
        self.has_begun = false;
        self.brought.clear();
    }

    fn listing_limits(&self) -> &ListingLimits {
        &self.limits
    }

    fn record_source(&self) -> Option<&RecordSource> {
        Some(&self.record_source)
    }

    fn roles(&self) -> &[String] {
        &self.roles
    }

    fn has_changes(&self) -> bool {
        self.how != How::Not
    }

    fn requests(&self) -> u64 {
        0
    }
}

/// An event that changes the accounts.
#[derive(Clone, Debug)]
enum Event {
    Create,
    Delete(usize),
    Lead(usize),
    Rename(usize),
    Address(usize),
    Use(usize),
    Rest(usize),
    Deactivate(usize),
    Reactivate(usize),
    Guest(usize),
}

/// A run after some events.
#[derive(Clone, Debug)]
struct Round {
    events: Vec<Event>,
    token: Token,
    how: How,
    version: u8,
    /// Whether it is a saved listing instead of a sync.
    lists: bool,
    full: bool,
    /// After how many steps the process is killed.
    killed: Option<usize>,
}

fn rounds() -> impl Strategy<Value = Vec<Round>> {
    let place = || 0_usize..30;
    let event = prop_oneof![
        3 => Just(Event::Create),
        2 => place().prop_map(Event::Delete),
        2 => place().prop_map(Event::Lead),
        2 => place().prop_map(Event::Rename),
        1 => place().prop_map(Event::Address),
        2 => place().prop_map(Event::Use),
        1 => place().prop_map(Event::Rest),
        1 => place().prop_map(Event::Deactivate),
        1 => place().prop_map(Event::Reactivate),
        1 => place().prop_map(Event::Guest),
    ];
    let token = prop_oneof![3 => Just(Token::Admin), 1 => Just(Token::Viewer), 2 => Just(Token::Member)];
    let how = prop_oneof![3 => Just(How::Lists), 2 => Just(How::Numbers), 1 => Just(How::Not)];
    let flag = || prop::bool::weighted(0.15);
    let killed = prop::option::weighted(0.3, 0_usize..8);
    let events = proptest::collection::vec(event, 0..6);
    let round = (events, token, how, prop::bool::weighted(0.1), flag(), flag(), killed).prop_map(
        |(events, token, how, version, lists, full, killed)| Round {
            events,
            token,
            how,
            version: u8::from(version),
            lists,
            full,
            // A listing that starts over does not return what was not returned before.
            killed: killed.filter(|_| !(lists && full)),
        },
    );
    proptest::collection::vec(round, 1..9)
}

fn account(number: u32) -> User {
    let mut user = samples::user(&format!("{:02}", (number * 37) % 100), &at(number));
    user.attributes = Default::default();
    user
}

/// Whether a record, or its absence, is possible field by field: a run that was killed may have seen only a part.
fn may_be(record: Option<&User>, records: &[Option<User>]) -> bool {
    let Some(record) = record else { return records.contains(&None) };
    let texts = |user: &User| serde_json::to_value(user).unwrap().as_object().unwrap().clone();
    let known: Vec<_> = records.iter().flatten().map(texts).collect();
    texts(record).iter().all(|(name, value)| known.iter().any(|known| known.get(name) == Some(value)))
}

/// A product, the store, and an embedder.
struct World {
    accounts: Table,
    updated: BTreeMap<String, String>,
    number: u32,
    store: Arc<dyn Checkpoints>,
    /// The possible records of each account in the store, if any: after a kill there may be several.
    known: BTreeMap<String, Vec<Option<User>>>,
    embedder: Table,
    /// Whether the last run was killed: the next one may continue with what it has read.
    was_killed: bool,
}

impl World {
    fn happen(&mut self, event: &Event) {
        self.number += 1;
        if matches!(event, Event::Create) {
            let new = account(self.number);
            self.updated.insert(new.id.clone(), at(self.number));
            self.accounts.insert(new.id.clone(), new);
            return;
        }
        let (Event::Delete(place)
        | Event::Lead(place)
        | Event::Rename(place)
        | Event::Address(place)
        | Event::Use(place)
        | Event::Rest(place)
        | Event::Deactivate(place)
        | Event::Reactivate(place)
        | Event::Guest(place)) = event
        else {
            return;
        };
        let count = self.accounts.len().max(1);
        let Some(id) = self.accounts.keys().nth(place % count).cloned() else { return };
        let now = at(self.number);
        self.updated.insert(id.clone(), now.clone());
        let Some(user) = self.accounts.get_mut(&id) else { return };
        match event {
            Event::Create => {}
            Event::Delete(_) => drop(self.accounts.remove(&id)),
            Event::Lead(_) if user.kind == UserKind::Guest => {}
            Event::Lead(_) => user.role = if user.role == "lead" { "member".into() } else { "lead".into() },
            Event::Rename(_) => user.username = format!("renamed {}", self.number),
            Event::Address(_) => user.email = Some(format!("{}@example.com", self.number)),
            Event::Use(_) | Event::Rest(_) if user.status == UserStatus::Deactivated => {}
            Event::Use(_) => {
                (user.status, user.activity) = (UserStatus::Active, ActivityKnowledge::Known);
                user.last_activity_at = Some(now);
            }
            Event::Rest(_) => user.status = UserStatus::Inactive,
            Event::Deactivate(_) => {
                (user.status, user.deactivated_at) = (UserStatus::Deactivated, Some(now));
            }
            Event::Reactivate(_) if user.status == UserStatus::Deactivated => {
                (user.status, user.deactivated_at) = (UserStatus::Active, None);
            }
            Event::Reactivate(_) => {}
            Event::Guest(_) => (user.kind, user.role) = (UserKind::Guest, "guest".into()),
        }
    }

    fn played(&self, round: &Round) -> FakeProduct {
        let record_source = json!({"version": round.version.to_string(), "component": "c", "settings": "s"});
        FakeProduct {
            accounts: self.accounts.clone(),
            updated: self.updated.clone(),
            token: round.token,
            how: round.how,
            record_source: serde_json::from_value(record_source).unwrap(),
            now: self.number + 1,
            roles: ["lead", "member", "guest"].map(str::to_owned).into(),
            limits: ListingLimits::default(),
            brought: BTreeSet::new(),
            has_begun: false,
        }
    }

    /// Computes the possible records after the token has seen everybody, or perhaps only some.
    fn look(&mut self, token: Token, is_whole: bool) {
        for (id, account) in &self.accounts {
            let records = self.known.entry(id.clone()).or_insert_with(|| vec![None]);
            let after: Vec<_> = records.iter().map(|old| Some(known_after(old.as_ref(), account, token))).collect();
            if is_whole {
                records.clear();
            }
            for record in after {
                if !records.contains(&record) {
                    records.push(record);
                }
            }
        }
    }

    /// Takes over the store's records after a run that was not killed.
    fn check(&mut self, round: &Round, end: End, kept: Vec<User>) {
        // A resumed listing has records that were read before, perhaps by another token.
        let was_killed = std::mem::replace(&mut self.was_killed, false);
        self.look(round.token, !was_killed);
        let accounts = &self.accounts;
        match (end, was_killed) {
            (End::Incomplete, _) => {}
            (End::Complete, false) => self.known.retain(|id, _| accounts.contains_key(id)),
            // A run that only returns the end of an earlier one does not know who is gone since.
            (End::Complete, true) => {
                let gone = self.known.iter_mut().filter(|(id, _)| !accounts.contains_key(*id));
                gone.for_each(|(_, records)| records.push(None));
            }
        }
        let kept: Table = kept.into_iter().map(|user| (user.id.clone(), user)).collect();
        for (id, records) in &self.known {
            let record = kept.get(id).cloned();
            assert!(may_be(record.as_ref(), records), "{id}: {record:#?} {records:#?}");
        }
        for id in kept.keys() {
            assert!(self.known.contains_key(id), "{id} is kept and unknown");
        }
        self.known = kept.into_iter().map(|(id, user)| (id, vec![Some(user)])).collect();
    }

    fn kept(&self) -> Table {
        self.known.iter().filter_map(|(id, records)| Some((id.clone(), records.first()?.clone()?))).collect()
    }

    async fn round(&mut self, round: &Round) {
        round.events.iter().for_each(|event| self.happen(event));
        let key = ListingKey { name: "t".into(), product: "p".into(), source: "s".into() };
        let ended = if round.lists { self.list(round, key).await } else { self.sync(round, key).await };
        let Some((end, kept)) = ended else {
            self.look(round.token, false);
            if round.token != Token::Member {
                // It may have proven that users are gone.
                let gone = self.known.iter_mut().filter(|(id, _)| !self.accounts.contains_key(*id));
                gone.for_each(|(_, records)| records.push(None));
            }
            self.was_killed = true;
            return;
        };
        // A run that was killed at its end only returns what it had saved.
        assert!(self.was_killed || (end == End::Complete) == (round.token != Token::Member), "{round:?}");
        self.check(round, end, kept);
        let table = self.kept();
        if round.lists {
            self.embedder = table;
        } else {
            assert_eq!(self.embedder, table, "{round:?}");
        }
    }

    async fn sync(&mut self, round: &Round, key: ListingKey) -> Option<(End, Vec<User>)> {
        let options = SyncOptions { limit: 0, full: round.full };
        let mut sync = ListingSync::open(self.played(round), options, Arc::clone(&self.store), key).await.unwrap();
        let mut steps = 0;
        loop {
            if round.killed.is_some_and(|killed| killed <= steps) {
                return None;
            }
            let step = sync.next().await.unwrap().unwrap();
            steps += 1;
            // Unless a run that was killed has proven it.
            let may_be_gone = round.token != Token::Member || self.was_killed;
            assert!(step.gone.is_empty() || may_be_gone, "this token cannot prove that somebody is gone");
            let gone = step.gone.into_iter().map(|user| user.id);
            gone.for_each(|id| drop(self.embedder.remove(&id)));
            for user in step.added.into_iter().chain(step.changed.into_iter().map(|user| user.new)) {
                self.embedder.insert(user.id.clone(), user);
            }
            if let Some(end) = step.end {
                assert!(sync.next().await.is_none());
                return Some((end, sync.kept(Kept::Latest, None, 1_000).await.unwrap()));
            }
        }
    }

    async fn list(&mut self, round: &Round, key: ListingKey) -> Option<(End, Vec<User>)> {
        let (options, store) = (ListingOptions::default(), Arc::clone(&self.store));
        let unfinished = if round.full { Unfinished::Drop } else { Unfinished::GoOn };
        let mut listing = Listing::kept_in(self.played(round), options, store, key, unfinished).await.unwrap();
        let mut steps = 0;
        loop {
            if round.killed.is_some_and(|killed| killed <= steps) {
                return None;
            }
            let batch = listing.next().await.unwrap().unwrap();
            steps += 1;
            if let Some(end) = batch.end {
                return Some((end, listing.kept(Kept::Latest, None, 1_000).await.unwrap()));
            }
        }
    }
}

#[test]
fn the_store_has_what_the_tokens_saw_and_an_embedder_has_the_same() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 600, failure_persistence: None, ..Config::default() });
    runner
        .run(&(0_u32..14, rounds()), |(users, rounds)| {
            let store: Arc<dyn Checkpoints> = Arc::new(MemoryCheckpoints::new());
            let accounts = (1..=users).map(account).map(|user| (user.id.clone(), user)).collect();
            let mut world = World {
                accounts,
                updated: BTreeMap::new(),
                number: users,
                store,
                known: BTreeMap::new(),
                embedder: Table::new(),
                was_killed: false,
            };
            runtime.block_on(async {
                for round in &rounds {
                    world.round(round).await;
                }
            });
            Ok(())
        })
        .unwrap();
}
