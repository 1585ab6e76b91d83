//! Accounts: the list, single ones, their statuses and their numbers.

use super::json::{Bot, Status, Token, User, View};
use super::{Call, Query};
use crate::account::{Kind, places};
use crate::answer::{Answer, AppError, json};
use crate::caller::Caller;
use crate::config::Statuses;
use crate::ids::{self, Sort};

/// The roles that a filter may name.
const ROLES: [&str; 10] = [
    "system_admin",
    "system_user",
    "system_guest",
    "system_manager",
    "system_user_manager",
    "system_read_only_admin",
    "system_user_access_token",
    "system_custom_group_admin",
    "team_admin",
    "team_user",
];

/// Those of them that a filter by several roles knows.
const SYSTEM_ROLES: [&str; 6] =
    ["system_user", "system_guest", "system_admin", "system_user_manager", "system_read_only_admin", "system_manager"];

impl Call<'_> {
    fn show(&self, number: u32) -> User {
        let view = View::of(self.caller, self.world.config.privacy);
        User::of(self.roster.account(number), view, self.world.config.version)
    }

    /// The accounts that the caller sees: without `view_members`, like guests, only those of its own teams.
    fn sees(&self) -> impl Fn(u32) -> bool {
        let everybody = self.may("view_members");
        let own = self.caller.account();
        let own_teams = own.map(|own| self.roster.teams_of(own)).unwrap_or_default();
        move |number| {
            let is_close = || self.roster.teams_of(number).iter().any(|team| own_teams.contains(team));
            everybody || own == Some(number) || is_close()
        }
    }

    /// `view_team` of a team: its members have it, and some roles have it for all teams.
    pub(super) fn views(&self, team: u32) -> bool {
        self.may("view_team") || self.caller.account().is_some_and(|own| self.roster.teams_of(own).contains(&team))
    }

    fn shown(&self, numbers: impl Iterator<Item = u32>) -> Answer {
        json(&numbers.map(|number| self.show(number)).collect::<Vec<_>>())
    }
}

/// A page of a list that is made as it is needed.
fn page(call: &Call<'_>, numbers: impl Iterator<Item = u32>) -> Answer {
    rows_of(call, numbers, call.query.window())
}

fn rows_of(call: &Call<'_>, numbers: impl Iterator<Item = u32>, (skip, take): (u32, usize)) -> Answer {
    call.shown(numbers.skip(usize::try_from(skip).unwrap_or(usize::MAX)).take(take))
}

/// Whether an account has any of the roles that a query names. Of the roles that exist only the system-wide ones filter.
fn has_any_role(query: Query<'_>, roles: &str) -> bool {
    let named = query.get("roles").unwrap_or_default().split(',');
    let mut wanted = named.filter(|role| SYSTEM_ROLES.contains(role)).peekable();
    wanted.peek().is_none()
        || wanted.any(|role| if role == "system_user" { roles == role } else { roles.contains(role) })
}

pub(super) fn list(call: &Call<'_>) -> Answer {
    let (query, roster, version) = (call.query, call.roster, call.world.config.version);
    // The orders that there are want a team, a channel or a group, and are not played.
    if query.get("sort").is_some_and(|sort| !sort.is_empty()) {
        return Err(AppError::URL_PARAM);
    }
    let named =
        [query.get("role").unwrap_or_default()].into_iter().chain(query.get("roles").unwrap_or_default().split(','));
    if version.has_new_shape() && named.into_iter().any(|role| !role.is_empty() && !ROLES.contains(&role)) {
        return Err(AppError::BODY_PARAM);
    }
    let has_filter =
        version.has_filters() && ["active", "inactive", "role", "roles"].iter().any(|name| query.get(name).is_some());
    let sees = call.sees();
    let is_wanted = |number: u32| {
        let is_deactivated = roster.traits(number).is_deactivated;
        let by_state = !has_filter
            || match (query.flag("active"), query.flag("inactive")) {
                (true, false) => !is_deactivated,
                (_, true) => is_deactivated,
                (false, false) => true,
            };
        let by_role = !has_filter || {
            let roles = roster.account(number).roles;
            // A single role is looked for as a part of the text, as the server's SQL does.
            query.get("role").is_none_or(|role| roles.contains(role)) && has_any_role(query, roles)
        };
        by_state && by_role && sees(number)
    };
    if let Some(team) = query.get("in_team") {
        let team = call.world.population.find_team(team).ok_or(AppError::FORBIDDEN)?;
        let may_look_in = call.views(team.index) || (team.is_open && call.caller != Caller::Guest);
        if !may_look_in {
            return Err(AppError::FORBIDDEN);
        }
        let wants_admins = version.has_filters() && query.get("team_roles") == Some("team_admin");
        let is_listed = |number: &u32| is_wanted(*number) && (!wants_admins || roster.runs(*number, team.index));
        return page(call, roster.lists().members(team.index).iter().copied().filter(is_listed));
    }
    if query.flag("without_team") {
        // Only administrators have it.
        if !call.may("list_users_without_team") {
            return Err(AppError::FORBIDDEN);
        }
        return page(call, roster.lists().teamless().iter().copied().filter(|number| is_wanted(*number)));
    }
    if let Some(team) = query.get("not_in_team") {
        let team = call.world.population.find_team(team).ok_or(AppError::FORBIDDEN)?;
        if !call.views(team.index) {
            return Err(AppError::FORBIDDEN);
        }
        let is_listed = |number: &u32| is_wanted(*number) && !roster.teams_of(*number).contains(&team.index);
        return rows_of(call, roster.all().filter(is_listed), query.window_squared());
    }
    if has_filter || !call.may("view_members") {
        page(call, roster.all().filter(|number| is_wanted(*number)))
    } else {
        let (place, take) = query.window();
        call.shown(roster.from(place).take(take))
    }
}

pub(super) fn me(call: &Call<'_>) -> Answer {
    let number = call.caller.account().ok_or(AppError::EXPIRED)?;
    json(&User::of(call.roster.account(number), View::Own, call.world.config.version)).map(|text| text + "\n")
}

pub(super) fn one(call: &Call<'_>, id: &str) -> Answer {
    let number = find(call, id)?;
    if !call.sees()(number) {
        return Err(AppError::FORBIDDEN);
    }
    let user = if call.caller.account() == Some(number) {
        User::of(call.roster.account(number), View::Own, call.world.config.version)
    } else {
        call.show(number)
    };
    json(&user).map(|text| text + "\n")
}

/// The tokens of an account: one for each owner. Everybody may read the own ones, and administrators all.
pub(super) fn tokens(call: &Call<'_>, id: &str) -> Answer {
    let own = call.caller.account().ok_or(AppError::EXPIRED)?;
    let number = if id == "me" { own } else { find(call, id)? };
    if number != own && !call.caller.manages() {
        return Err(AppError::FORBIDDEN);
    }
    if number >= places::OWNERS || number == places::REVOKED {
        return Ok("[]".to_owned());
    }
    let config = &call.world.config;
    let token = Token {
        id: ids::id(config.seed, Sort::TokenId, number),
        user_id: call.roster.account(number).id,
        description: "A program's",
        is_active: true,
        expires_at: config.version.tokens_expire().then(|| config.token_expires_ms.unwrap_or_default()),
    };
    let (skip, take) = call.query.window();
    let tokens = [token].into_iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)).take(take);
    json(&tokens.collect::<Vec<_>>())
}

pub(super) fn status_of(call: &Call<'_>, id: &str) -> Answer {
    let number = find(call, id)?;
    json(&Status::of(id, call.roster.account(number).status)).map(|text| text + "\n")
}

pub(super) fn find(call: &Call<'_>, id: &str) -> Result<u32, AppError> {
    if id.len() != 26 {
        return Err(AppError::URL_PARAM);
    }
    call.roster.find(id).ok_or(AppError::NO_USER)
}

/// The ids of a body, checked as the server does.
fn asked_ids(call: &Call<'_>) -> Result<Vec<String>, AppError> {
    let is_new = call.world.config.version.has_new_shape();
    let unreadable = if is_new { AppError::PAYLOAD } else { AppError::BODY_PARAM };
    let mut ids: Vec<String> = serde_json::from_slice(call.body).map_err(|_| unreadable)?;
    if ids.is_empty() || ids.iter().any(|id| id.len() != 26) {
        return Err(AppError::BODY_PARAM);
    }
    if is_new {
        ids.sort_unstable();
        ids.dedup();
    }
    Ok(ids)
}

pub(super) fn statuses(call: &Call<'_>) -> Answer {
    let ids = asked_ids(call)?;
    if call.world.config.statuses == Statuses::Disabled {
        return Ok("[]".to_owned());
    }
    let status = |id: &str| call.roster.find(id).and_then(|number| call.roster.account(number).status);
    let rows: Vec<_> = ids.iter().map(|id| Status::of(id, status(id))).collect();
    json(&rows)
}

pub(super) fn by_ids(call: &Call<'_>) -> Answer {
    let since = match call.query.get("since") {
        Some(since) => since.parse::<i64>().map_err(|_| AppError::URL_PARAM)?,
        None => 0,
    };
    let mut asked = asked_ids(call)?;
    asked.sort_unstable();
    asked.dedup();
    let sees = call.sees();
    let found = asked.iter().filter_map(|id| call.roster.find(id)).filter(|number| sees(*number));
    let view = View::of(call.caller, call.world.config.privacy);
    let profiles = call.profiles.read(call.roster, found, call.now_ms).into_iter();
    let shown = profiles.filter(|profile| profile.update_at > since);
    json(&shown.map(|profile| User::of(profile, view, call.world.config.version)).collect::<Vec<_>>())
}

/// The ids of all who share a channel with the caller, in no order and on one page.
pub(super) fn known(call: &Call<'_>) -> Answer {
    let own = call.caller.account().ok_or(AppError::EXPIRED)?;
    let ids = call.roster.known_to(own).into_iter().map(|number| call.roster.id(number));
    json(&ids.collect::<Vec<_>>()).map(|text| text + "\n")
}

pub(super) fn stats(call: &Call<'_>) -> Answer {
    let total = if !call.may("view_members") {
        let sees = call.sees();
        let counted = call.roster.all().filter(|number| {
            let traits = call.roster.traits(*number);
            sees(*number) && !traits.is_deactivated && traits.kind != Kind::Remote
        });
        u32::try_from(counted.count()).unwrap_or(u32::MAX)
    } else {
        let counts = call.roster.counts();
        counts.active + if call.world.config.version.leaves_remote_out_of_seats() { 0 } else { counts.active_remote }
    };
    Ok(count(total))
}

pub(super) fn stats_filtered(call: &Call<'_>) -> Answer {
    if !call.may("sysconsole_read_user_management_users") {
        return Err(AppError::FORBIDDEN);
    }
    let query = call.query;
    let (deleted, bots) = (query.flag("include_deleted"), query.flag("include_bots"));
    // Before accounts of connected servers were left out they were counted whatever was asked.
    let remote = query.flag("include_remote_users") || !call.world.config.version.leaves_remote_out_of_seats();
    if query.get("in_team").is_some() || query.get("roles").is_some() {
        return counted(call, (deleted, bots, remote));
    }
    let counts = call.roster.counts();
    // By what an account is, how many are counted: of all, or of the active ones alone.
    let of = |all: u32, active: u32| if deleted { all } else { active };
    let people = of(call.roster.len() - counts.bots - counts.remote, counts.seats);
    let bots = if bots { of(counts.bots, counts.active_bots) } else { 0 };
    let remote = if remote { of(counts.remote, counts.active_remote) } else { 0 };
    Ok(count(people + bots + remote))
}

/// Counts one by one those that a team or roles are asked of.
fn counted(call: &Call<'_>, (deleted, bots, remote): (bool, bool, bool)) -> Answer {
    let roster = call.roster;
    let asks_for_roles = call.query.get("roles").is_some();
    let is_counted = |number: &u32| {
        let traits = roster.traits(*number);
        (deleted || !traits.is_deactivated)
            && (bots || traits.kind != Kind::Bot)
            && (remote || traits.kind != Kind::Remote)
            && (!asks_for_roles || has_any_role(call.query, roster.account(*number).roles))
    };
    let total = match call.query.get("in_team") {
        Some(id) => {
            let team = call.world.population.find_team(id).ok_or(AppError::NO_TEAM)?;
            roster.lists().members(team.index).iter().copied().filter(is_counted).count()
        }
        None => roster.all().filter(is_counted).count(),
    };
    Ok(count(u32::try_from(total).unwrap_or(u32::MAX)))
}

pub(super) fn bots(call: &Call<'_>) -> Answer {
    if !call.may("read_others_bots") {
        return Err(AppError::FORBIDDEN);
    }
    let (roster, deleted) = (call.roster, call.query.flag("include_deleted"));
    let is_listed = |number: &u32| deleted || roster.is_orphan(*number) || !roster.traits(*number).is_deactivated;
    let (skip, take) = call.query.window();
    let bots = roster.lists().bots().iter().copied().filter(is_listed);
    let bots = bots.skip(usize::try_from(skip).unwrap_or(usize::MAX)).take(take);
    let owner = roster.id(places::ADMIN);
    let of = |number: u32| {
        let account = (!roster.is_orphan(number)).then(|| roster.account(number));
        account.map_or_else(|| Bot::orphan(roster.id(number), owner.clone()), |account| Bot::of(account, owner.clone()))
    };
    json(&bots.map(of).collect::<Vec<_>>()).map(|text| text + "\n")
}

fn count(total: u32) -> String {
    format!("{{\"total_users_count\":{total}}}\n")
}
