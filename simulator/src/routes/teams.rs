//! Teams and their members.

use serde::Serialize;

use super::json::{TeamJson, TeamMember};
use super::{Call, users};
use crate::account::Kind;
use crate::answer::{Answer, AppError, json};
use crate::team::Team;

#[derive(Serialize)]
struct Counted {
    teams: Vec<TeamJson>,
    total_count: usize,
}

pub(super) fn list(call: &Call<'_>) -> Answer {
    let population = &call.world.population;
    let teams = (0..population.teams()).map(|index| population.team(index));
    let (open, private) = (call.may("list_public_teams"), call.may("list_private_teams"));
    if !open && !private {
        return Err(AppError::NO_TEAMS);
    }
    let mut seen: Vec<Team> = teams.filter(|team| if team.is_open { open } else { private }).collect();
    seen.sort_by(|a, b| a.display_name.cmp(&b.display_name));
    let total_count = seen.len();
    let (skip, take) = call.query.window();
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let teams: Vec<_> = seen.into_iter().skip(skip).take(take).map(|team| TeamJson::of(team, call.caller)).collect();
    if call.query.flag("include_total_count") { json(&Counted { teams, total_count }) } else { json(&teams) }
}

pub(super) fn members(call: &Call<'_>, id: &str) -> Answer {
    let population = &call.world.population;
    let team = population.find_team(id).ok_or(AppError::NO_TEAM)?;
    let own = call.caller.account().and_then(|own| call.roster.team_of(own));
    if !call.may("view_team") && own != Some(team.index) && !team.is_open {
        return Err(AppError::FORBIDDEN);
    }
    let leaves_out_deleted = call.query.flag("exclude_deleted_users");
    let mut members: Vec<_> = call
        .roster
        .members(team.index)
        .filter(|number| !leaves_out_deleted || !call.roster.traits(*number).is_deactivated)
        .map(|number| member(call, &team, number))
        .collect();
    if call.query.get("sort") != Some("Username") {
        members.sort_by(|a, b| a.user_id.cmp(&b.user_id));
    }
    let (skip, take) = call.query.window();
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    json(&members.into_iter().skip(skip).take(take).collect::<Vec<_>>())
}

pub(super) fn memberships(call: &Call<'_>, id: &str) -> Answer {
    let own = call.caller.account();
    let number = if id == "me" { own.ok_or(AppError::EXPIRED)? } else { users::find(call, id)? };
    if !call.caller.reads_console() && own != Some(number) {
        return Err(AppError::FORBIDDEN);
    }
    let team = call.roster.team_of(number).map(|team| call.world.population.team(team));
    json(&team.iter().map(|team| member(call, team, number)).collect::<Vec<_>>())
}

fn member<'a>(call: &Call<'_>, team: &'a Team, number: u32) -> TeamMember<'a> {
    let is_guest = call.roster.traits(number).kind == Kind::Guest;
    let is_admin = call.roster.is_team_admin(number);
    TeamMember {
        team_id: &team.id,
        user_id: call.roster.account(number).id,
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
