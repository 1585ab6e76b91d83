//! Teams and their members.

use serde::Serialize;

use super::json::{TeamJson, TeamMember};
use super::{Call, users};
use crate::account::Kind;
use crate::answer::{Answer, AppError, json};
use crate::caller::Caller;
use crate::team::Team;

#[derive(Serialize)]
struct Counted {
    teams: Vec<TeamJson>,
    total_count: usize,
}

pub(super) fn list(call: &Call<'_>) -> Answer {
    let population = &call.world.population;
    let teams = (0..population.teams()).map(|index| population.team(index));
    let mut seen: Vec<Team> = match call.caller {
        Caller::Admin | Caller::ViewerBot => teams.collect(),
        Caller::Member | Caller::Bot => teams.filter(|team| team.is_open).collect(),
        Caller::Guest | Caller::Refused | Caller::Nobody => return Err(AppError::NO_TEAMS),
    };
    seen.sort_by(|a, b| a.display_name.cmp(&b.display_name));
    let total_count = seen.len();
    let skip = usize::try_from(u64::from(call.query.page()) * u64::from(call.query.per_page())).unwrap_or(usize::MAX);
    let take = usize::try_from(call.query.per_page()).unwrap_or_default();
    let teams: Vec<_> = seen.into_iter().skip(skip).take(take).map(|team| TeamJson::of(team, call.caller)).collect();
    if call.query.flag("include_total_count") { json(&Counted { teams, total_count }) } else { json(&teams) }
}

pub(super) fn members(call: &Call<'_>, id: &str) -> Answer {
    let population = &call.world.population;
    let team = population.find_team(id).ok_or(AppError::NO_TEAM)?;
    let own = call.caller.account().and_then(|own| population.team_of(own));
    if !call.caller.reads_console() && own != Some(team.index) && !team.is_open {
        return Err(AppError::FORBIDDEN);
    }
    let leaves_out_deleted = call.query.flag("exclude_deleted_users");
    let mut members: Vec<_> = population
        .members(team.index)
        .filter(|index| !leaves_out_deleted || !population.traits(*index).is_deactivated)
        .map(|index| member(call, &team, index))
        .collect();
    if call.query.get("sort") != Some("Username") {
        members.sort_by(|a, b| a.user_id.cmp(&b.user_id));
    }
    let skip = usize::try_from(u64::from(call.query.page()) * u64::from(call.query.per_page())).unwrap_or(usize::MAX);
    let take = usize::try_from(call.query.per_page()).unwrap_or_default();
    json(&members.into_iter().skip(skip).take(take).collect::<Vec<_>>())
}

pub(super) fn memberships(call: &Call<'_>, id: &str) -> Answer {
    let own = call.caller.account();
    let index = if id == "me" { own.ok_or(AppError::EXPIRED)? } else { users::find(call.world, id)? };
    if !call.caller.reads_console() && own != Some(index) {
        return Err(AppError::FORBIDDEN);
    }
    let population = &call.world.population;
    let team = population.team_of(index).map(|team| population.team(team));
    json(&team.iter().map(|team| member(call, team, index)).collect::<Vec<_>>())
}

fn member<'a>(call: &Call<'_>, team: &'a Team, index: u32) -> TeamMember<'a> {
    let population = &call.world.population;
    let is_guest = population.traits(index).kind == Kind::Guest;
    let is_admin = population.is_team_admin(index);
    TeamMember {
        team_id: &team.id,
        user_id: population.account(index).id,
        roles: match (is_guest, is_admin) {
            (true, _) => "team_guest",
            (false, true) => "team_user team_admin",
            (false, false) => "team_user",
        },
        delete_at: 0,
        scheme_guest: is_guest,
        scheme_user: !is_guest,
        scheme_admin: is_admin,
        explicit_roles: "",
    }
}
