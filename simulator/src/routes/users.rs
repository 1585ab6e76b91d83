//! Accounts: the list, single ones, their statuses and their numbers.

use super::json::{Status, User, View};
use super::{Call, World};
use crate::account::{Account, Kind};
use crate::answer::{Answer, AppError, json};
use crate::caller::Caller;
use crate::config::Statuses;

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

impl Call<'_> {
    fn account(&self, index: u32) -> Account {
        self.world.population.account(index)
    }

    fn show(&self, index: u32) -> User {
        let view = View::of(self.caller, self.world.config.privacy);
        User::of(self.account(index), view)
    }

    /// Guests lack `view_members`: they see those of their own team alone.
    fn sees(&self, index: u32) -> bool {
        if self.caller != Caller::Guest {
            return true;
        }
        let population = &self.world.population;
        let own = self.caller.account();
        let (own_team, team) = (own.and_then(|own| population.team_of(own)), population.team_of(index));
        own == Some(index) || (team.is_some() && own_team == team)
    }
}

/// A page of a list that is made as it is needed.
fn page(call: &Call<'_>, indices: impl Iterator<Item = u32>) -> Answer {
    let (page, per_page) = (call.query.page(), call.query.per_page());
    let skip = usize::try_from(u64::from(page) * u64::from(per_page)).unwrap_or(usize::MAX);
    let take = usize::try_from(per_page).unwrap_or_default();
    let users: Vec<_> = indices.skip(skip).take(take).map(|index| call.show(index)).collect();
    json(&users)
}

pub(super) fn list(call: &Call<'_>) -> Answer {
    let query = call.query;
    if let Some("last_activity_at" | "create_at" | "status" | "admin" | "display_name") = query.get("sort") {
        return Err(AppError::URL_PARAM);
    }
    if query.get("role").is_some_and(|role| !role.is_empty() && !ROLES.contains(&role)) {
        return Err(AppError::BODY_PARAM);
    }
    let population = &call.world.population;
    let is_wanted = |index: u32| {
        let account = population.traits(index);
        let by_state = match (query.flag("active"), query.flag("inactive")) {
            (true, false) => !account.is_deactivated,
            (false, true) => account.is_deactivated,
            _ => true,
        };
        // A role is looked for as a part of the text, as the server's SQL does.
        let by_role = query.get("role").is_none_or(|role| population.account(index).roles.contains(role));
        by_state && by_role && call.sees(index)
    };
    if let Some(team) = query.get("in_team") {
        let team = population.find_team(team).ok_or(AppError::FORBIDDEN)?;
        if call.caller == Caller::Guest
            && call.caller.account().and_then(|own| population.team_of(own)) != Some(team.index)
        {
            return Err(AppError::FORBIDDEN);
        }
        let wants_admins = query.get("team_roles") == Some("team_admin");
        let members = population.members(team.index);
        return page(
            call,
            members.filter(|index| is_wanted(*index) && (!wants_admins || population.is_team_admin(*index))),
        );
    }
    let has_filter = ["active", "inactive", "role"].iter().any(|name| query.get(name).is_some());
    if has_filter || call.caller == Caller::Guest {
        page(call, (0..population.len()).filter(|index| is_wanted(*index)))
    } else {
        page(call, 0..population.len())
    }
}

pub(super) fn me(call: &Call<'_>) -> Answer {
    let index = call.caller.account().ok_or(AppError::EXPIRED)?;
    json(&User::of(call.account(index), View::Own)).map(|text| text + "\n")
}

pub(super) fn one(call: &Call<'_>, id: &str) -> Answer {
    let index = find(call.world, id)?;
    if !call.sees(index) {
        return Err(AppError::FORBIDDEN);
    }
    json(&call.show(index)).map(|text| text + "\n")
}

pub(super) fn status_of(call: &Call<'_>, id: &str) -> Answer {
    let index = find(call.world, id)?;
    json(&Status::of(id, call.account(index).status)).map(|text| text + "\n")
}

pub(super) fn find(world: &World, id: &str) -> Result<u32, AppError> {
    if id.len() != 26 {
        return Err(AppError::URL_PARAM);
    }
    world.population.find(id).ok_or(AppError::NO_USER)
}

/// The ids of a body, checked as the server does.
fn ids(call: &Call<'_>) -> Result<Vec<String>, AppError> {
    let mut ids: Vec<String> = serde_json::from_slice(call.body).map_err(|_| AppError::PAYLOAD)?;
    if ids.is_empty() || ids.iter().any(|id| id.len() != 26) {
        return Err(AppError::BODY_PARAM);
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

pub(super) fn statuses(call: &Call<'_>) -> Answer {
    let ids = ids(call)?;
    if call.world.config.statuses == Statuses::Disabled {
        return Ok("[]".to_owned());
    }
    let population = &call.world.population;
    let status = |id: &str| population.find(id).and_then(|index| population.account(index).status);
    let rows: Vec<_> = ids.iter().map(|id| Status::of(id, status(id))).collect();
    json(&rows)
}

pub(super) fn by_ids(call: &Call<'_>) -> Answer {
    let since = match call.query.get("since") {
        Some(since) => since.parse::<i64>().map_err(|_| AppError::URL_PARAM)?,
        None => 0,
    };
    let found = ids(call)?.into_iter().filter_map(|id| call.world.population.find(&id));
    let users: Vec<_> = found
        .filter(|index| call.sees(*index) && call.account(*index).update_at > since)
        .map(|index| call.show(index))
        .collect();
    json(&users)
}

pub(super) fn stats(call: &Call<'_>) -> Answer {
    let population = &call.world.population;
    let total = if call.caller == Caller::Guest {
        let counted = (0..population.len()).filter(|index| {
            let traits = population.traits(*index);
            call.sees(*index) && !traits.is_deactivated && traits.kind != Kind::Remote
        });
        u32::try_from(counted.count()).unwrap_or(u32::MAX)
    } else {
        population.counts().active
    };
    Ok(count(total))
}

pub(super) fn stats_filtered(call: &Call<'_>) -> Answer {
    if !call.caller.reads_console() {
        return Err(AppError::FORBIDDEN);
    }
    let (world, query) = (call.world, call.query);
    let (deleted, bots) = (query.flag("include_deleted"), query.flag("include_bots"));
    // Before accounts of connected servers were left out they were counted whatever was asked.
    let remote = query.flag("include_remote_users") || !world.config.version.leaves_remote_out_of_seats();
    let counted = (0..world.population.len()).map(|index| world.population.traits(index)).filter(|traits| {
        (deleted || !traits.is_deactivated)
            && (bots || traits.kind != Kind::Bot)
            && (remote || traits.kind != Kind::Remote)
    });
    Ok(count(u32::try_from(counted.count()).unwrap_or(u32::MAX)))
}

pub(super) fn bots(call: &Call<'_>) -> Answer {
    if !call.caller.manages() {
        return json::<[User]>(&[]);
    }
    let deleted = call.query.flag("include_deleted");
    let population = &call.world.population;
    let is_bot = |index: &u32| {
        let traits = population.traits(*index);
        traits.kind == Kind::Bot && (deleted || !traits.is_deactivated)
    };
    page(call, (0..population.len()).filter(is_bot))
}

fn count(total: u32) -> String {
    format!("{{\"total_users_count\":{total}}}\n")
}
