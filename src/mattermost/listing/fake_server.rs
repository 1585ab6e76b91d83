//! A server of the tests' own.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use std::collections::BTreeMap;

use super::super::fake::json;
use super::super::http::{Outcome, Request};
use super::super::settings::Settings;
use crate::contract::Setting;

/// The time at which the tests begin, in milliseconds since 1970.
pub(super) const NOW: i64 = 1_795_533_929_000;

pub(super) const ADMIN: &str = "system_admin system_user";

const FORBIDDEN: &str = r#"{"id":"api.context.permissions.app_error"}"#;

pub(super) fn settings_of(pairs: &[(&str, &str)]) -> Settings {
    let needed = [("server_url", "https://chat.example.com"), ("access_token", "t")];
    let setting = |(key, value): &(&str, &str)| Setting { key: (*key).to_string(), value: (*value).to_string() };
    Settings::parse(&needed.iter().chain(pairs).map(setting).collect::<Vec<_>>()).unwrap()
}

pub(super) fn settings() -> Settings {
    settings_of(&[])
}

pub(super) fn id(n: u32) -> String {
    format!("u{n:025}")
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    pub(super) n: u32,
    pub(super) created: i64,
    pub(super) roles: &'static str,
    pub(super) is_bot: bool,
}

/// A server's accounts by name, which is the order of its list.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) accounts: BTreeMap<String, Account>,
    /// The time, in milliseconds since 1970.
    pub(super) now: i64,
    pub(super) version: &'static str,
    /// What `/users/me` says of the token's account.
    pub(super) role: &'static str,
    pub(super) config: &'static str,
    /// Ids of guests of a single channel.
    pub(super) single: Vec<u32>,
    /// What the server counts as seats beside its accounts.
    pub(super) more_seats: u32,
    /// Bytes of a body that it takes.
    pub(super) body_bytes: usize,
    /// Answers for requests that contain the text, in place of the server's own; each is used once.
    pub(super) instead: Vec<(&'static str, Outcome)>,
}

impl Server {
    pub(super) fn of(accounts: u32) -> Self {
        let account = |n| Account { n, created: NOW - 1_000_000, roles: "system_user", is_bot: false };
        Self {
            accounts: (0..accounts).map(|n| (format!("user{n:06}"), account(n))).collect(),
            now: NOW,
            version: "11.6.0.dev.7efba6486e17.true",
            role: ADMIN,
            config: "{}",
            single: vec![],
            more_seats: 0,
            body_bytes: 300_000,
            instead: vec![],
        }
    }

    /// Adds an account that is created now.
    pub(super) fn create(&mut self, name: &str, n: u32) {
        self.now += 2_000;
        let account = Account { n, created: self.now, roles: "system_user", is_bot: false };
        self.accounts.insert(name.to_string(), account);
        self.now += 2_000;
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) {
        if let Some(account) = self.accounts.remove(from) {
            self.accounts.insert(to.to_string(), account);
        }
    }

    /// Answers, with the server's own time and version.
    pub(super) fn answer(&mut self, request: &Request) -> Outcome {
        let mut outcome = self.plain_answer(request);
        if let Ok(response) = &mut outcome {
            for (name, value) in &mut response.headers {
                match *name {
                    "date" => {
                        let now = chrono::DateTime::from_timestamp_millis(self.now).unwrap();
                        *value = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
                    }
                    "x-version-id" => *value = self.version.to_string(),
                    _ => {}
                }
            }
        }
        outcome
    }

    fn plain_answer(&mut self, request: &Request) -> Outcome {
        if let Some(place) = self.instead.iter().position(|(text, _)| request.path.contains(text)) {
            return self.instead.remove(place).1;
        }
        let path = request.path.as_str();
        let is_admin = self.role == ADMIN;
        match request.name().as_str() {
            "GET /api/v4/users/me" => {
                json(200, format!(r#"{{"id":"{}","username":"me","roles":"{}"}}"#, id(0), self.role))
            }
            "GET /api/v4/config/client" => json(200, self.config),
            "GET /api/v4/license/client" => json(200, r#"{"IsLicensed":"true","SkuShortName":"professional"}"#),
            "GET /api/v4/teams" => json(200, r#"[{"id":"t1","name":"alpha","delete_at":0}]"#),
            "GET /api/v4/users" if path.contains("in_team=t1&") => {
                json(200, format!(r#"[{{"id":"{}","username":"x"}}]"#, id(1)))
            }
            "GET /api/v4/users" => {
                let page: usize = path.split(['=', '&']).nth(1).unwrap().parse().unwrap();
                let rows: Vec<_> = self.accounts.iter().skip(page * 200).take(200).map(row).collect();
                json(200, format!("[{}]", rows.join(",")))
            }
            "POST /api/v4/users/status/ids" => {
                let body = request.body.as_deref().unwrap();
                if body.len() > self.body_bytes {
                    return json(413, r#"{"id":"api.context.request_body_too_large.app_error"}"#);
                }
                let ids: Vec<String> = serde_json::from_str(body).unwrap();
                let rows: Vec<_> = ids.iter().rev().map(|id| status(id)).collect();
                json(200, format!("[{}]", rows.join(",")))
            }
            _ if !is_admin => json(403, FORBIDDEN),
            "GET /api/v4/users/stats/filtered" => {
                let everyone = u32::try_from(self.accounts.len()).unwrap();
                let bots = u32::try_from(self.accounts.values().filter(|account| account.is_bot).count()).unwrap();
                let total = if path.contains('?') { everyone } else { everyone - bots + self.more_seats };
                json(200, format!(r#"{{"total_users_count":{total}}}"#))
            }
            "GET /api/v4/reports/users/count" => json(200, self.single.len().to_string()),
            "GET /api/v4/reports/users" => self.report(path),
            other => panic!("unexpected {other}"),
        }
    }

    fn report(&self, path: &str) -> Outcome {
        let value = |key: &str| {
            let pairs = path.split(['?', '&']).filter_map(|pair| pair.split_once('='));
            pairs.into_iter().find(|(name, _)| *name == key).map(|(_, value)| value).unwrap_or_default().to_string()
        };
        let (from, after) = (value("from_column_value"), value("from_id"));
        let single = value("guest_filter") == "single_channel";
        let rows: Vec<_> = self
            .accounts
            .iter()
            .filter(|(_, account)| !account.is_bot && (!single || self.single.contains(&account.n)))
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

pub(super) fn row((name, account): (&String, &Account)) -> String {
    let Account { n, created, roles, is_bot } = account;
    format!(
        r#"{{"id":"{}","username":"{name}","create_at":{created},"delete_at":0,"roles":"{roles}","is_bot":{is_bot}}}"#,
        id(*n)
    )
}

fn status(id: &str) -> String {
    let at = NOW - 1_000 * i64::from(id.trim_start_matches('u').parse::<u32>().unwrap());
    format!(r#"{{"user_id":"{id}","status":"offline","manual":false,"last_activity_at":{at}}}"#)
}
