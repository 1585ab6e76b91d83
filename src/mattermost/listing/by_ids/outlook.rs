//! Predicts how a listing will go, and how many requests it will take.

use provider_sdk::http::{Network, Request, exchange_all};

use super::super::super::api::{self, Answer, USERS_PER_PAGE};
use super::super::super::failure::Failure;
use super::super::super::settings::{ActivitySource, Settings, Way};
use super::cost::{self, PROFILES_AT_ONCE};
use super::cover::{Cover, OWN_PAGES};
use super::id::Id;
use super::lists::is_about_the_token;
use super::roll_call::name_all;

/// Accounts in one request for activity, in a listing by ids and by pages.
const STATUSES_BY_IDS: u32 = 2_000;
const STATUSES_BY_PAGES: u32 = 1_000;

/// What is known of a server before it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Accounts to be listed.
    pub accounts: u32,
    /// How many of them the token's account knows, itself included; `None` if the server does not report them.
    pub known: Option<u32>,
    /// Teams.
    pub teams: u32,
    /// Whether the token may read the lists of those who share no team with anybody: bots, if they are listed, and
    /// accounts in no team.
    pub sees_strays: bool,
}

/// How a listing will go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// By ids or by pages.
    pub way: Way,
    /// About how many requests it takes.
    pub requests: u32,
    /// About how many it would take if the account knew all others; `None` if that changes nothing.
    pub if_known: Option<u32>,
}

impl Outlook {
    /// The outlook with these settings.
    #[must_use]
    pub fn of(size: Size, settings: &Settings) -> Self {
        let unknown = size.accounts.saturating_sub(size.known.unwrap_or(0));
        let by_ids = match settings.way {
            _ if !may_go_by_ids(settings) => false,
            // Among the accounts that the token's account does not know, there is nearly always one without a team.
            _ if unknown > 0 && !size.sees_strays => false,
            Way::Ids => true,
            Way::Auto | Way::Pages => cost::is_worth(size.accounts, unknown),
        };
        let way = if by_ids { Way::Ids } else { Way::Pages };
        let is_tried = may_go_by_ids(settings) && (settings.way == Way::Ids || cost::is_worth(size.accounts, unknown));
        let requests = if by_ids {
            by_ids_takes(size, unknown, settings)
        } else if is_tried {
            // The lists are read before it turns out that they do not name everybody.
            let own = u32::try_from(OWN_PAGES).unwrap_or(u32::MAX).min(pages_of(size.known.unwrap_or(0)));
            pages_take(size, settings).saturating_add(lists_take(size, unknown)).saturating_add(own)
        } else {
            pages_take(size, settings)
        };
        let would_be = may_go_by_ids(settings) && unknown > 0 && cost::is_worth(size.accounts, 0);
        Self { way, requests, if_known: would_be.then(|| by_ids_takes(size, 0, settings)) }
    }
}

/// Whether the settings allow a listing by ids.
#[must_use]
pub fn may_go_by_ids(settings: &Settings) -> bool {
    let wants_report = settings.include.activity && settings.activity_source == ActivitySource::Report;
    settings.way != Way::Pages && !wants_report
}

/// Requests of any listing beside the accounts: the token's account, the count, the configuration and the licence; the
/// teams and who runs each; guests of a single channel; and the seats at the end.
const fn beside(size: Size) -> u32 {
    size.teams.saturating_add(7)
}

fn by_ids_takes(size: Size, unknown: u32, settings: &Settings) -> u32 {
    let at_once = u32::try_from(PROFILES_AT_ONCE).unwrap_or(u32::MAX);
    let profiles = size.accounts.div_ceil(at_once);
    let statuses = if settings.include.activity { size.accounts.div_ceil(STATUSES_BY_IDS) } else { 0 };
    let lists = lists_take(size, unknown).saturating_mul(2).saturating_add(1);
    beside(size).saturating_add(lists).saturating_add(profiles).saturating_add(statuses)
}

/// The known accounts; if those are not all, also bots, accounts in no team, the teams, and their members.
fn lists_take(size: Size, unknown: u32) -> u32 {
    let others = if unknown == 0 { 0 } else { size.teams.saturating_add(3).saturating_add(pages_of(unknown)) };
    others.saturating_add(1)
}

fn pages_take(size: Size, settings: &Settings) -> u32 {
    let statuses = if settings.include.activity { size.accounts.div_ceil(STATUSES_BY_PAGES) } else { 0 };
    beside(size).saturating_add(pages_of(size.accounts)).saturating_add(1).saturating_add(statuses)
}

fn pages_of(accounts: u32) -> u32 {
    accounts.div_ceil(u32::try_from(USERS_PER_PAGE).unwrap_or(u32::MAX))
}

/// Whether the token may read the lists of those who share no team with anybody.
///
/// # Errors
/// The server refuses the token, or asks to wait.
pub fn sees_strays(settings: &Settings, network: &mut dyn Network) -> Result<bool, Failure> {
    let bots = settings.bots.then(|| api::bots(0));
    let requests = bots.into_iter().chain([api::users_without_team(0)]).map(Request::spare).collect();
    for answered in exchange_all(network, requests) {
        match Answer::of(&answered) {
            Ok(_) => {}
            Err(failure) if is_about_the_token(&failure) => return Err(failure),
            Err(_) => return Ok(false),
        }
    }
    Ok(true)
}

/// How many accounts the token's account knows, itself included. `None` if the server does not report them, or if the
/// way of listing does not depend on it.
///
/// # Errors
/// The server fails.
pub fn count_known(
    settings: &Settings,
    me: &str,
    accounts: u32,
    network: &mut dyn Network,
) -> Result<Option<u32>, Failure> {
    let Some(me) = Id::parse(me.as_bytes()).filter(|_| may_go_by_ids(settings) && cost::is_worth(accounts, 0)) else {
        return Ok(None);
    };
    let ids = name_all(&mut Cover::of_known(accounts), me, network)?;
    Ok(ids.and_then(|ids| u32::try_from(ids.len()).ok()))
}
