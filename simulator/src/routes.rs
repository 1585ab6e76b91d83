//! The routes of the API that are answered, and which of them need a session.

mod call;
mod json;
mod reports;
mod roles;
mod system;
mod teams;
mod users;
pub(crate) mod work;

pub(crate) use call::{Call, Query, World};

use crate::answer::{Answer, AppError};
use crate::version::LimitsRoute;

/// The answer of a path's route; `None` if there is no such route.
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

/// The error that follows the list if accounts are requested that are both active and inactive: the server notices the
/// contradiction, still lists the inactive ones, and then reports the error.
pub(crate) fn contradiction(path: &str, call: &Call<'_>) -> Option<AppError> {
    let contradicts = call.query.flag("active") && call.query.flag("inactive");
    (path == "users" && contradicts && call.world.config.version.has_filters()).then_some(AppError::URL_PARAM)
}
