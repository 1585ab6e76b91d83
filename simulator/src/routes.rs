//! The routes of the API that are answered, and which of them need a session.

mod json;
mod reports;
mod roles;
mod system;
mod teams;
mod users;
pub(crate) mod work;

use crate::answer::{Answer, AppError};
use crate::caller::{Caller, Tokens};
use crate::config::Config;
use crate::population::Population;
use crate::profiles::Profiles;
use crate::roster::Roster;
use crate::version::LimitsRoute;

/// A server: what all routes read.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: Config,
    /// Everybody at the start.
    pub(crate) population: Population,
    pub(crate) tokens: Tokens,
    /// The URL that the server is reached at.
    pub(crate) url: String,
}

/// A request below `/api/v4`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) world: &'a World,
    /// Everybody at the moment of the answer.
    pub(crate) roster: &'a Roster,
    /// What the server remembers of profiles.
    pub(crate) profiles: &'a Profiles,
    pub(crate) now_ms: i64,
    pub(crate) caller: Caller,
    pub(crate) query: Query<'a>,
    pub(crate) body: &'a [u8],
}

/// The query of a request. Of a name that comes twice the first value counts, as in Go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'a>(pub(crate) &'a str);

impl<'a> Query<'a> {
    pub(crate) fn get(self, name: &str) -> Option<&'a str> {
        self.0.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == name).then_some(value)
        })
    }

    /// As Go reads a flag.
    pub(crate) fn flag(self, name: &str) -> bool {
        self.get(name).is_some_and(|value| matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True"))
    }

    /// The page: 0 for what is no number.
    pub(crate) fn page(self) -> u32 {
        self.get("page").and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// The place of the first row, and how many rows there may be.
    pub(crate) fn window(self) -> (u32, usize) {
        let place = u64::from(self.page()).saturating_mul(u64::from(self.per_page()));
        (u32::try_from(place).unwrap_or(u32::MAX), usize::try_from(self.per_page()).unwrap_or_default())
    }

    /// The window of `not_in_team`, whose offset the server multiplies by the size of a page twice.
    pub(crate) fn window_squared(self) -> (u32, usize) {
        let (place, take) = self.window();
        (place.saturating_mul(self.per_page()), take)
    }

    /// Rows a page: 60 for what is no number, and never more than 200 (server/channels/web/params.go).
    pub(crate) fn per_page(self) -> u32 {
        self.get("per_page").and_then(|value| value.parse::<u32>().ok()).unwrap_or(60).min(200)
    }
}

/// What a path leads to: an answer, or none where there is no such route.
pub(crate) fn answer(method: &str, path: &str, call: &Call<'_>) -> Option<Answer> {
    let parts: Vec<&str> = path.split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    let open = match (method, parts.as_slice()) {
        ("GET", ["system", "ping"]) => Some(system::ping(call)),
        ("GET", ["config", "client"]) => Some(system::config(call)),
        ("GET", ["license", "client"]) => Some(system::license(call)),
        _ => None,
    };
    if open.is_some() {
        return open;
    }
    let version = call.world.config.version;
    let route: fn(&Call<'_>, &str) -> Answer = match (method, parts.as_slice()) {
        ("GET", ["users"]) => |call, _| users::list(call),
        ("GET", ["users", "me"]) => |call, _| users::me(call),
        ("GET", ["users", "stats"]) => |call, _| users::stats(call),
        ("GET", ["users", "stats", "filtered"]) if version.has_filters() => |call, _| users::stats_filtered(call),
        ("GET", ["users", "known"]) if version.has_known() => |call, _| users::known(call),
        ("POST", ["users", "ids"]) => |call, _| users::by_ids(call),
        ("POST", ["users", "status", "ids"]) => |call, _| users::statuses(call),
        ("GET", ["users", _]) => users::one,
        ("GET", ["users", _, "status"]) => users::status_of,
        ("GET", ["users", _, "teams", "members"]) => teams::memberships,
        ("GET", ["users", _, "tokens"]) => users::tokens,
        ("GET", ["teams"]) => |call, _| teams::list(call),
        ("GET", ["teams", _, "members"]) => teams::members,
        ("POST", ["roles", "names"]) => |call, _| roles::by_names(call),
        ("GET", ["bots"]) => |call, _| users::bots(call),
        ("GET", ["limits", "server"]) if version.limits() != LimitsRoute::Absent => |call, _| system::limits(call),
        ("GET", ["license", "load_metric"]) if version.has_load_metric() => |call, _| system::load(call),
        ("GET", ["analytics", "old"]) => |call, _| system::analytics(call),
        ("GET", ["reports", "users"]) if version.has_reports() => |call, _| reports::users(call),
        ("GET", ["reports", "users", "count"]) if version.has_reports() => |call, _| reports::count(call),
        _ => return None,
    };
    if call.caller.account().is_none() {
        return Some(Err(AppError::EXPIRED));
    }
    Some(route(call, parts.get(1).copied().unwrap_or_default()))
}

/// The error that a list of accounts which are both active and not is followed by: the server goes on after it has found
/// the contradiction, lists the inactive ones, and then tells of it.
pub(crate) fn contradiction(path: &str, call: &Call<'_>) -> Option<AppError> {
    let contradicts = call.query.flag("active") && call.query.flag("inactive");
    (path == "users" && contradicts && call.world.config.version.has_filters()).then_some(AppError::URL_PARAM)
}
