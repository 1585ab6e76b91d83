//! A fake Mattermost server for tests.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use provider_sdk::http::{Outcome, Request};

use super::super::fake::json;
use super::super::settings::Settings;
use crate::contract::Setting;

/// The time at which the tests begin, in milliseconds since 1970.
pub(crate) const NOW: i64 = 1_795_533_929_000;

pub(crate) const ADMIN: &str = "system_admin system_user";
/// May read the report and the numbers, but does not see bots of others.
pub(crate) const VIEWER: &str = "system_user system_read_only_admin";

const FORBIDDEN: &str = r#"{"id":"api.context.permissions.app_error"}"#;

pub(crate) fn settings_of(pairs: &[(&str, &str)]) -> Settings {
    let needed = [("server_url", "https://chat.example.com"), ("access_token", "t")];
    let setting = |(key, value): &(&str, &str)| Setting { key: (*key).to_string(), value: (*value).to_string() };
    Settings::parse(&needed.iter().chain(pairs).map(setting).collect::<Vec<_>>()).unwrap()
}

pub(crate) fn settings() -> Settings {
    settings_of(&[])
}

pub(crate) fn id(n: u32) -> String {
    format!("u{n:025}")
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    pub(crate) n: u32,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    /// When it was deactivated, or 0.
    pub(crate) deactivated: i64,
    pub(crate) roles: &'static str,
    pub(crate) is_bot: bool,
    /// When it was last active; `None` for a time that follows from its number.
    pub(crate) used: Option<i64>,
    /// The beginning of its e-mail address.
    pub(crate) mailbox: u32,
    /// A bit for each team that it is in.
    pub(crate) teams: u8,
}

impl Account {
    fn made(n: u32, now: i64) -> Self {
        Self {
            n,
            created: now,
            updated: now,
            deactivated: 0,
            roles: "system_user",
            is_bot: false,
            used: None,
            mailbox: n,
            teams: 1,
        }
    }
}

/// Which answers have a `Date`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dates {
    All,
    AllButCounts,
    Nowhere,
}

/// What happens to the pages of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paging {
    Whole,
    /// The server's pages have so many accounts at most.
    Clamped(usize),
    /// A proxy cuts each page to so many accounts.
    Cut(usize),
    /// A proxy drops the query of every request.
    QueryLost,
    /// A proxy drops the number of the page.
    NumberLost,
}

/// A team beside those that accounts are in.
#[derive(Clone, Debug)]
pub(crate) struct Team {
    pub(crate) name: String,
    /// When it was changed.
    pub(crate) updated: i64,
    pub(crate) is_archived: bool,
    /// Who runs it.
    pub(crate) admins: Vec<u32>,
}

/// A server's accounts by name, which is the order of its list.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) accounts: BTreeMap<String, Account>,
    /// The time, in milliseconds since 1970.
    pub(crate) now: i64,
    /// How far the clock behind `Date` is ahead of the one that dates accounts, in milliseconds.
    pub(crate) date_ahead: i64,
    /// Which answers have a `Date`.
    pub(crate) dates: Dates,
    /// What happens to the pages on their way.
    pub(crate) paging: Paging,
    /// How many milliseconds before its insertion an account is dated.
    pub(crate) insert_lag: i64,
    pub(crate) version: &'static str,
    /// What `/license/client` says.
    pub(crate) license: &'static str,
    /// How many teams there are.
    pub(crate) teams: u8,
    /// Who runs the first team.
    pub(crate) team_admins: Vec<u32>,
    /// More teams, by their ids.
    pub(crate) more_teams: BTreeMap<String, Team>,
    /// Accounts that were deleted for good and left their memberships behind, and bots among them.
    pub(crate) orphans: Vec<Account>,
    /// Whether a profile still comes by its id after the account was deleted, from a stale cache.
    pub(crate) caches: bool,
    pub(crate) stale: Vec<(String, Account)>,
    /// What `/users/me` says of the token's account.
    pub(crate) role: &'static str,
    /// What its roles permit, as JSON texts; `None` for the defaults of roles with these names.
    pub(crate) grants: Option<String>,
    pub(crate) config: &'static str,
    /// Ids of guests of a single channel.
    pub(crate) single: Vec<u32>,
    /// The bots that the token may see; `None` if it sees all.
    pub(crate) own_bots: Option<Vec<u32>>,
    /// What the server counts as seats beside its accounts.
    pub(crate) more_seats: u32,
    /// Its latency, in milliseconds.
    pub(crate) latency_ms: u32,
    /// The largest body that it accepts, in bytes.
    pub(crate) body_bytes: usize,
    /// The most ids of a request for activity that it answers, and its answer to more.
    pub(crate) most_ids: Option<(usize, Outcome)>,
    /// How many accounts the list shows; the count has all.
    pub(crate) shown: usize,
    /// Answers for requests that contain the text, instead of the server's own; each is used once.
    pub(crate) instead: Vec<(&'static str, Outcome)>,
}

impl Server {
    pub(crate) fn of(accounts: u32) -> Self {
        let account = |n| Account::made(n, NOW - 1_000_000);
        Self {
            accounts: (0..accounts).map(|n| (format!("user{n:06}"), account(n))).collect(),
            now: NOW,
            date_ahead: 0,
            dates: Dates::All,
            paging: Paging::Whole,
            insert_lag: 0,
            version: "11.6.0.dev.7efba6486e17.true",
            license: r#"{"IsLicensed":"true","SkuShortName":"professional"}"#,
            teams: 1,
            team_admins: vec![1],
            more_teams: BTreeMap::new(),
            orphans: vec![],
            caches: false,
            stale: vec![],
            role: ADMIN,
            grants: None,
            config: "{}",
            single: vec![],
            own_bots: None,
            more_seats: 0,
            latency_ms: 0,
            body_bytes: 300_000,
            most_ids: None,
            shown: usize::MAX,
            instead: vec![],
        }
    }

    /// Adds an account that is created now.
    pub(crate) fn create(&mut self, name: &str, n: u32) {
        self.now += 2_000;
        self.accounts.insert(name.to_string(), Account::made(n, self.now - self.insert_lag));
        self.now += 2_000;
    }

    /// Changes an account so that its date of change moves.
    pub(crate) fn update(&mut self, name: &str, change: impl FnOnce(&mut Account)) {
        if let Some(account) = self.accounts.get_mut(name) {
            change(account);
            account.updated = self.now;
        }
    }

    /// Deletes an account for good. Its memberships may stay in the lists.
    pub(crate) fn delete(&mut self, name: &str, leaves_memberships: bool) {
        let Some(account) = self.accounts.remove(name) else { return };
        if leaves_memberships {
            self.orphans.push(account);
        }
        if self.caches {
            self.stale.push((name.to_string(), account));
        }
    }

    /// The accounts that the lists name: those that exist, and deleted ones that left memberships.
    fn named(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values().chain(&self.orphans)
    }

    /// The caller's account.
    fn me(&self) -> Option<&Account> {
        self.accounts.values().find(|account| account.n == 0)
    }

    /// Gives an account another date of creation.
    pub(crate) fn date(&mut self, name: &str, created: i64) {
        self.accounts.get_mut(name).unwrap().created = created;
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        if let Some(account) = self.accounts.remove(from) {
            self.accounts.insert(to.to_string(), Account { updated: self.now, ..account });
        }
    }

    /// Answers, with the server's own time and version.
    pub(crate) fn answer(&mut self, request: &Request) -> Outcome {
        let path = request.path.split('?').next().unwrap_or_default();
        let outcome = if self.paging == Paging::QueryLost {
            self.plain_answer(&Request { path: path.to_string(), ..request.clone() })
        } else {
            self.plain_answer(request)
        };
        let mut outcome = self.dated(outcome);
        let is_count = path.ends_with("/stats/filtered");
        if self.dates == Dates::Nowhere || (self.dates == Dates::AllButCounts && is_count) {
            outcome.iter_mut().for_each(|response| response.headers.retain(|(name, _)| *name != "date"));
        }
        outcome
    }

    /// The answer with the current date.
    pub(crate) fn dated(&self, mut outcome: Outcome) -> Outcome {
        if let Ok(response) = &mut outcome {
            for (name, value) in &mut response.headers {
                match *name {
                    "date" => {
                        let now = chrono::DateTime::from_timestamp_millis(self.now + self.date_ahead).unwrap();
                        *value = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
                    }
                    "x-version-id" => *value = self.version.to_string(),
                    _ => {}
                }
            }
        }
        outcome
    }

    /// An answer without a date.
    #[expect(clippy::too_many_lines, reason = "a table of routes")]
    pub(crate) fn plain_answer(&mut self, request: &Request) -> Outcome {
        if let Some(place) = self.instead.iter().position(|(text, _)| request.path.contains(text)) {
            return self.instead.remove(place).1;
        }
        let path = request.path.as_str();
        let reads_console = [ADMIN, VIEWER].contains(&self.role);
        match request.name().as_str() {
            "GET /api/v4/users/me" => {
                json(200, format!(r#"{{"id":"{}","username":"me","roles":"{}"}}"#, id(0), self.role))
            }
            "POST /api/v4/roles/names" => {
                let by_default = match self.role {
                    ADMIN => r#""manage_system","view_members","list_public_teams","list_private_teams","view_team""#,
                    VIEWER => r#""view_members","list_public_teams","list_private_teams","view_team""#,
                    "system_guest" => "",
                    _ => r#""view_members","list_public_teams""#,
                };
                json(200, format!(r#"[{{"permissions":[{}]}}]"#, self.grants.as_deref().unwrap_or(by_default)))
            }
            "GET /api/v4/config/client" => json(200, self.config),
            "GET /api/v4/license/client" => json(200, self.license),
            "GET /api/v4/teams" => {
                let names = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"];
                let team = |(n, name)| format!(r#"{{"id":"t{}","name":"{name}","delete_at":0}}"#, n + 1);
                let teams = names.iter().enumerate().take(self.teams.into()).map(team);
                let more = |(id, team): (&String, &Team)| {
                    let Team { name, updated, is_archived, .. } = team;
                    let deleted = if *is_archived { updated } else { &0 };
                    format!(r#"{{"id":"{id}","name":"{name}","update_at":{updated},"delete_at":{deleted}}}"#)
                };
                let teams = teams.chain(self.more_teams.iter().map(more)).collect::<Vec<_>>();
                json(200, format!("[{}]", teams.join(",")))
            }
            "GET /api/v4/users/known" => {
                let mine = self.me().map_or(0, |me| me.teams);
                let known = self.named().filter(|account| account.n != 0 && account.teams & mine != 0);
                let ids: Vec<_> = known.map(|account| format!("\"{}\"", id(account.n))).collect();
                json(200, format!("[{}]", ids.join(",")))
            }
            // Nobody is only in one of these teams.
            path if path.starts_with("GET /api/v4/teams/more") => json(200, "[]"),
            path if path.ends_with("/members") => self.members(request),
            "GET /api/v4/users" if path.contains("in_team=more") => {
                let admins = self.more_teams.get(&value(path, "in_team")).map_or(&[][..], |team| &team.admins);
                let row = |n: &u32| format!(r#"{{"id":"{}","username":"x"}}"#, id(*n));
                json(200, format!("[{}]", admins.iter().map(row).collect::<Vec<_>>().join(",")))
            }
            "GET /api/v4/users" if path.contains("in_team=") && !path.contains("in_team=t1&") => json(200, "[]"),
            "GET /api/v4/users" if path.contains("without_team") && self.role != ADMIN => json(403, FORBIDDEN),
            "GET /api/v4/users" if path.contains("without_team") => {
                let page: usize = value(path, "page").parse().unwrap();
                let without = self.accounts.iter().filter(|(_, account)| account.teams == 0);
                json(200, format!("[{}]", without.skip(page * 200).take(200).map(row).collect::<Vec<_>>().join(",")))
            }
            "GET /api/v4/users" if path.contains("in_team=t1&") => {
                let row = |n: &u32| format!(r#"{{"id":"{}","username":"x"}}"#, id(*n));
                json(200, format!("[{}]", self.team_admins.iter().map(row).collect::<Vec<_>>().join(",")))
            }
            "GET /api/v4/users" => {
                let number = |key, default| value(path, key).parse::<usize>().unwrap_or(default);
                let (page, asked) = (number("page", 0), number("per_page", 60).min(200));
                let (page, size, most) = match self.paging {
                    Paging::Whole | Paging::QueryLost => (page, asked, asked),
                    Paging::Clamped(most) => (page, asked.min(most), asked),
                    Paging::Cut(most) => (page, asked, most),
                    Paging::NumberLost => (0, asked, asked),
                };
                let shown = self.accounts.iter().take(self.shown);
                let rows: Vec<_> = shown.skip(page * size).take(size.min(most)).map(row).collect();
                json(200, format!("[{}]", rows.join(",")))
            }
            "POST /api/v4/users/status/ids" | "POST /api/v4/users/ids" => {
                let body = request.body.as_deref().unwrap();
                if body.len() > self.body_bytes {
                    return json(413, r#"{"id":"api.context.request_body_too_large.app_error"}"#);
                }
                let ids: Vec<String> = serde_json::from_str(body).unwrap();
                if let Some((most, refusal)) = &self.most_ids
                    && path.contains("status")
                    && ids.len() > *most
                {
                    return refusal.clone();
                }
                self.by_ids(path, &ids)
            }
            _ if !reads_console => json(403, FORBIDDEN),
            "GET /api/v4/users/stats/filtered" => {
                let count = |is_counted: fn(&Account) -> bool| {
                    u32::try_from(self.accounts.values().filter(|account| is_counted(account)).count()).unwrap()
                };
                let total = match path.split_once('?').map(|(_, query)| query.contains("include_bots=true")) {
                    Some(true) => count(|_| true),
                    Some(false) => count(|account| !account.is_bot),
                    None => count(|account| !account.is_bot && account.deactivated == 0) + self.more_seats,
                };
                json(200, format!(r#"{{"total_users_count":{total}}}"#))
            }
            "GET /api/v4/bots" if self.role != ADMIN => json(403, FORBIDDEN),
            "GET /api/v4/bots" => {
                let page: usize = path.split("page=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
                let is_seen = |bot: &Account| self.own_bots.as_ref().is_none_or(|own| own.contains(&bot.n));
                let mut bots: Vec<_> = self.named().filter(|bot| bot.is_bot && is_seen(bot)).collect();
                bots.sort_by_key(|account| account.created);
                let row = |bot: &&Account| format!(r#"{{"user_id":"{}","create_at":{}}}"#, id(bot.n), bot.created);
                let rows: Vec<_> = bots.iter().skip(page * 200).take(200).map(row).collect();
                json(200, format!("[{}]", rows.join(",")))
            }
            "GET /api/v4/reports/users" if path.contains("sort_column=CreateAt") => self.newest(path),
            "GET /api/v4/reports/users/count" => json(200, self.single.len().to_string()),
            "GET /api/v4/reports/users" => self.report(path),
            other => panic!("unexpected {other}"),
        }
    }

    /// A page of a team's members, by their ids.
    fn members(&self, request: &Request) -> Outcome {
        let team = request.path.split('/').nth(4).and_then(|team| team.strip_prefix('t')).unwrap();
        let bit = 1_u8 << (team.parse::<u8>().unwrap() - 1);
        let may = [ADMIN, VIEWER].contains(&self.role) || self.me().is_some_and(|me| me.teams & bit != 0);
        if !may {
            return json(403, FORBIDDEN);
        }
        let page: usize = value(&request.path, "page").parse().unwrap();
        let mut ids: Vec<_> = self.named().filter(|it| it.teams & bit != 0).map(|it| id(it.n)).collect();
        ids.sort_unstable();
        let row = |id: String| format!(r#"{{"team_id":"t{team}","user_id":"{id}","delete_at":0}}"#);
        let rows: Vec<_> = ids.into_iter().skip(page * 200).take(200).map(row).collect();
        json(200, format!("[{}]", rows.join(",")))
    }

    /// The accounts of these ids that were changed since, or their statuses.
    fn by_ids(&self, path: &str, ids: &[String]) -> Outcome {
        let stale = self.stale.iter().map(|(name, account)| (name, account));
        let of: HashMap<u32, _> = self.accounts.iter().chain(stale).map(|entry| (entry.1.n, entry)).collect();
        let since = value(path, "since").parse::<i64>().unwrap_or(0);
        let rows: Vec<_> = if path.contains("status") {
            ids.iter().rev().map(|id| status(id, of.get(&number(id)).and_then(|(_, account)| account.used))).collect()
        } else {
            let found = ids.iter().rev().filter_map(|id| of.get(&number(id)).copied());
            found.filter(|(_, account)| account.updated > since).map(row).collect()
        };
        json(200, format!("[{}]", rows.join(",")))
    }

    fn newest(&self, path: &str) -> Outcome {
        let mut accounts: Vec<_> = self.accounts.iter().filter(|(_, account)| !account.is_bot).collect();
        accounts.sort_by_key(|(_, account)| core::cmp::Reverse((account.created, id(account.n))));
        let after = value(path, "from_column_value").parse::<i64>().ok().map(|ms| (ms, value(path, "from_id")));
        let is_next = |account: &Account| after.as_ref().is_none_or(|after| (account.created, id(account.n)) < *after);
        let rows: Vec<_> = accounts.into_iter().filter(|(_, account)| is_next(account)).take(100).map(row).collect();
        json(200, format!("[{}]", rows.join(",")))
    }

    fn report(&self, path: &str) -> Outcome {
        let value = |key: &str| value(path, key);
        let (from, after) = (value("from_column_value"), value("from_id"));
        let single = (value("guest_filter") == "single_channel").then(|| self.single.iter().collect::<BTreeSet<_>>());
        let rows: Vec<_> = self
            .accounts
            .iter()
            .filter(|(_, account)| !account.is_bot && single.as_ref().is_none_or(|single| single.contains(&account.n)))
            .filter(|(name, account)| (name.as_str(), id(account.n).as_str()) > (from.as_str(), after.as_str()))
            .take(100)
            .map(|(name, account)| {
                let login = NOW - 500 * i64::from(account.n);
                format!(r#"{{"id":"{}","username":"{name}","last_login":{login}}}"#, id(account.n))
            })
            .collect();
        json(200, format!("[{}]", rows.join(",")))
    }
}

/// A value of a query.
fn value(path: &str, key: &str) -> String {
    let mut pairs = path.split(['?', '&']).filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == key).map(|(_, value)| value).unwrap_or_default().to_string()
}

pub(crate) fn row((name, account): (&String, &Account)) -> String {
    let Account { n, created, updated, deactivated, roles, is_bot, mailbox, .. } = account;
    format!(
        r#"{{"id":"{}","username":"{name}","email":"m{mailbox}@corp.example","create_at":{created},"update_at":{updated},"delete_at":{deactivated},"roles":"{roles}","is_bot":{is_bot}}}"#,
        id(*n)
    )
}

fn number(id: &str) -> u32 {
    id.trim_start_matches('u').parse().unwrap()
}

fn status(id: &str, used: Option<i64>) -> String {
    let at = used.unwrap_or_else(|| NOW - 1_000 * i64::from(number(id)));
    format!(r#"{{"user_id":"{id}","status":"offline","manual":false,"last_activity_at":{at}}}"#)
}
