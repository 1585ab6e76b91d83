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
    let team = call.world.population.find_team(id).ok_or(AppError::NO_TEAM)?;
    if !call.views(team.index) {
        return Err(AppError::FORBIDDEN);
    }
    let roster = call.roster;
    let by_name = call.query.get("sort") == Some("Username");
    let rows = if by_name { roster.lists().members(team.index) } else { roster.memberships(team.index) };
    let leaves_out_deleted = call.query.flag("exclude_deleted_users");
    let is_wanted =
        |number: &u32| !leaves_out_deleted || !(roster.is_orphan(*number) || roster.traits(*number).is_deactivated);
    let (skip, take) = call.query.window();
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    // Of a slice a page is found at once, of what a filter leaves only by going through it.
    let page: Vec<u32> = if leaves_out_deleted {
        rows.iter().copied().filter(is_wanted).skip(skip).take(take).collect()
    } else {
        rows.iter().copied().skip(skip).take(take).collect()
    };
    json(&page.into_iter().map(|number| member(call, &team, number, 0)).collect::<Vec<_>>())
}

/// Every membership of an account, those that have ended included.
pub(super) fn memberships(call: &Call<'_>, id: &str) -> Answer {
    let own = call.caller.account();
    let number = if id == "me" { own.ok_or(AppError::EXPIRED)? } else { users::find(call, id)? };
    if !call.caller.reads_console() && own != Some(number) {
        return Err(AppError::FORBIDDEN);
    }
    let present = call.roster.teams_of(number).into_iter().map(|team| (team, 0));
    let all = present.chain(call.roster.former_teams(number));
    let all: Vec<(Team, i64)> = all.map(|(team, ended)| (call.world.population.team(team), ended)).collect();
    json(&all.iter().map(|(team, ended)| member(call, team, number, *ended)).collect::<Vec<_>>())
}

fn member<'a>(call: &Call<'_>, team: &'a Team, number: u32, delete_at: i64) -> TeamMember<'a> {
    let is_there = !call.roster.is_orphan(number);
    let is_guest = is_there && call.roster.traits(number).kind == Kind::Guest;
    let is_admin = is_there && call.roster.runs(number, team.index);
    TeamMember {
        team_id: &team.id,
        user_id: call.roster.id(number),
        roles: match (is_guest, is_admin) {
            (true, _) => "team_guest",
            (false, true) => "team_user team_admin",
            (false, false) => "team_user",
        },
        delete_at,
        scheme_guest: is_guest,
        scheme_user: !is_guest,
        scheme_admin: is_admin,
        explicit_roles: "",
    }
}
