//! Accounts: the list, single ones, their statuses and their numbers.

use super::Call;
use super::json::{Status, User, View};
use crate::account::Kind;
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
    fn show(&self, number: u32) -> User {
        let view = View::of(self.caller, self.world.config.privacy);
        User::of(self.roster.account(number), view)
    }

    /// Guests lack `view_members`: they see those of their own team alone.
    fn sees(&self, number: u32) -> bool {
        if self.caller != Caller::Guest {
            return true;
        }
        let own = self.caller.account();
        let (own_team, team) = (own.and_then(|own| self.roster.team_of(own)), self.roster.team_of(number));
        own == Some(number) || (team.is_some() && own_team == team)
    }

    fn shown(&self, numbers: impl Iterator<Item = u32>) -> Answer {
        json(&numbers.map(|number| self.show(number)).collect::<Vec<_>>())
    }
}

/// A page of a list that is made as it is needed.
fn page(call: &Call<'_>, numbers: impl Iterator<Item = u32>) -> Answer {
    let (skip, take) = call.query.window();
    call.shown(numbers.skip(usize::try_from(skip).unwrap_or(usize::MAX)).take(take))
}

pub(super) fn list(call: &Call<'_>) -> Answer {
    let (query, roster) = (call.query, call.roster);
    if let Some("last_activity_at" | "create_at" | "status" | "admin" | "display_name") = query.get("sort") {
        return Err(AppError::URL_PARAM);
    }
    if query.get("role").is_some_and(|role| !role.is_empty() && !ROLES.contains(&role)) {
        return Err(AppError::BODY_PARAM);
    }
    let is_wanted = |number: u32| {
        let is_deactivated = roster.traits(number).is_deactivated;
        let by_state = match (query.flag("active"), query.flag("inactive")) {
            (true, false) => !is_deactivated,
            (false, true) => is_deactivated,
            _ => true,
        };
        // A role is looked for as a part of the text, as the server's SQL does.
        let by_role = query.get("role").is_none_or(|role| roster.account(number).roles.contains(role));
        by_state && by_role && call.sees(number)
    };
    if let Some(team) = query.get("in_team") {
        let team = call.world.population.find_team(team).ok_or(AppError::FORBIDDEN)?;
        if call.caller == Caller::Guest && call.caller.account().and_then(|own| roster.team_of(own)) != Some(team.index)
        {
            return Err(AppError::FORBIDDEN);
        }
        let wants_admins = query.get("team_roles") == Some("team_admin");
        let is_listed = |number: &u32| is_wanted(*number) && (!wants_admins || roster.is_team_admin(*number));
        return page(call, roster.members(team.index).filter(is_listed));
    }
    let has_filter = ["active", "inactive", "role"].iter().any(|name| query.get(name).is_some());
    if has_filter || call.caller == Caller::Guest {
        page(call, roster.all().filter(|number| is_wanted(*number)))
    } else {
        let (place, take) = query.window();
        call.shown(roster.from(place).take(take))
    }
}

pub(super) fn me(call: &Call<'_>) -> Answer {
    let number = call.caller.account().ok_or(AppError::EXPIRED)?;
    json(&User::of(call.roster.account(number), View::Own)).map(|text| text + "\n")
}

pub(super) fn one(call: &Call<'_>, id: &str) -> Answer {
    let number = find(call, id)?;
    if !call.sees(number) {
        return Err(AppError::FORBIDDEN);
    }
    json(&call.show(number)).map(|text| text + "\n")
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
    let status = |id: &str| call.roster.find(id).and_then(|number| call.roster.account(number).status);
    let rows: Vec<_> = ids.iter().map(|id| Status::of(id, status(id))).collect();
    json(&rows)
}

pub(super) fn by_ids(call: &Call<'_>) -> Answer {
    let since = match call.query.get("since") {
        Some(since) => since.parse::<i64>().map_err(|_| AppError::URL_PARAM)?,
        None => 0,
    };
    let found = ids(call)?.into_iter().filter_map(|id| call.roster.find(&id));
    call.shown(found.filter(|number| call.sees(*number) && call.roster.account(*number).update_at > since))
}

pub(super) fn stats(call: &Call<'_>) -> Answer {
    let total = if call.caller == Caller::Guest {
        let counted = call.roster.all().filter(|number| {
            let traits = call.roster.traits(*number);
            call.sees(*number) && !traits.is_deactivated && traits.kind != Kind::Remote
        });
        u32::try_from(counted.count()).unwrap_or(u32::MAX)
    } else {
        call.roster.counts().active
    };
    Ok(count(total))
}

pub(super) fn stats_filtered(call: &Call<'_>) -> Answer {
    if !call.caller.reads_console() {
        return Err(AppError::FORBIDDEN);
    }
    let query = call.query;
    let (deleted, bots) = (query.flag("include_deleted"), query.flag("include_bots"));
    // Before accounts of connected servers were left out they were counted whatever was asked.
    let remote = query.flag("include_remote_users") || !call.world.config.version.leaves_remote_out_of_seats();
    let counts = call.roster.counts();
    // By what an account is, how many are counted: of all, or of the active ones alone.
    let of = |all: u32, active: u32| if deleted { all } else { active };
    let people = of(call.roster.len() - counts.bots - counts.remote, counts.seats);
    let bots = if bots { of(counts.bots, counts.active_bots) } else { 0 };
    let remote = if remote { of(counts.remote, counts.active_remote) } else { 0 };
    Ok(count(people + bots + remote))
}

pub(super) fn bots(call: &Call<'_>) -> Answer {
    if !call.caller.manages() {
        return json::<[User]>(&[]);
    }
    let deleted = call.query.flag("include_deleted");
    let is_bot = |number: &u32| {
        let traits = call.roster.traits(*number);
        traits.kind == Kind::Bot && (deleted || !traits.is_deactivated)
    };
    page(call, call.roster.all().filter(is_bot))
}

fn count(total: u32) -> String {
    format!("{{\"total_users_count\":{total}}}\n")
}
