//! The report on users of the System Console: paged by key, without bots.

use super::Call;
use super::json::{User, View};
use crate::account::Kind;
use crate::answer::{Answer, AppError, json};

fn may_read(call: &Call<'_>) -> Result<(), AppError> {
    let viewers = call.world.config.version.lets_viewers_read_reports();
    if call.caller.manages() || (viewers && call.caller.reads_console()) { Ok(()) } else { Err(AppError::FORBIDDEN) }
}

pub(super) fn users(call: &Call<'_>) -> Answer {
    may_read(call)?;
    check(call)?;
    let costs = call.world.config.costs.filter(|_| wants_teamless(call));
    if costs.is_some_and(|costs| costs.is_too_much_for_the_report(call.roster.len())) {
        return Err(AppError::REPORT);
    }
    let query = call.query;
    let page_size = match query.get("page_size") {
        None | Some("") => 50,
        Some(text) => text.parse::<usize>().ok().filter(|size| (1..=100).contains(size)).ok_or(AppError::PAGE_SIZE)?,
    };
    // A cursor of which a part is missing is ignored, and the first page comes back.
    let after = match (query.get("from_column_value"), query.get("from_id")) {
        (Some(value), Some(id)) if !value.is_empty() && !id.is_empty() => Some((value, id)),
        _ => None,
    };
    let is_descending = query.get("sort_direction") == Some("desc");
    let numbers = match (query.get("sort_column"), is_descending) {
        (None | Some("" | "Username"), false) => {
            let place = after.map_or(0, |(name, id)| call.roster.place_after(name, id));
            call.roster.from(place).filter(|number| is_reported(call, *number)).take(page_size).collect()
        }
        (Some("CreateAt"), true) => newest(call, after, page_size)?,
        // The other orders are not played: they suit no listing.
        _ => return Err(AppError::SORT_COLUMN),
    };
    let show = |number| User::of(call.roster.account(number), View::Report, call.world.config.version);
    json(&numbers.into_iter().map(show).collect::<Vec<_>>())
}

/// The accounts that were made last before one, the newest first.
fn newest(call: &Call<'_>, before: Option<(&str, &str)>, most: usize) -> Result<Vec<u32>, AppError> {
    let before = match before {
        None => None,
        Some((made, id)) => Some((made.parse::<i64>().map_err(|_| AppError::SERVER)?, id.to_owned())),
    };
    let roster = call.roster;
    let is_next = |made: i64, number: u32| match &before {
        Some((before, id)) => made < *before || (made == *before && roster.account(number).id < *id),
        None => true,
    };
    let mut numbers: Vec<(i64, u32)> = roster
        .all()
        .filter(|number| is_reported(call, *number))
        .map(|number| (roster.create_at(number), number))
        .filter(|(made, number)| is_next(*made, *number))
        .collect();
    numbers.sort_unstable_by_key(|(made, _)| std::cmp::Reverse(*made));
    // Ids are made for the rows of the page alone, and for those that were made in the same millisecond as its last.
    let last = numbers.get(most.saturating_sub(1)).map(|(made, _)| *made);
    let mut rows: Vec<(i64, String, u32)> = numbers
        .into_iter()
        .take_while(|(made, _)| last.is_none_or(|last| *made >= last))
        .map(|(made, number)| (made, roster.account(number).id, number))
        .collect();
    rows.sort_unstable_by(|a, b| b.cmp(a));
    Ok(rows.into_iter().take(most).map(|(_, _, number)| number).collect())
}

pub(super) fn count(call: &Call<'_>) -> Answer {
    may_read(call)?;
    check(call)?;
    let total = call.roster.all().filter(|number| is_reported(call, *number)).count();
    Ok(total.to_string())
}

fn is_reported(call: &Call<'_>, number: u32) -> bool {
    let traits = call.roster.traits(number);
    let is_hidden =
        if traits.is_deactivated { call.query.flag("hide_inactive") } else { call.query.flag("hide_active") };
    // Before guests in one channel are counted apart the filter is unknown, and ignored as all that is unknown.
    let guest_filter =
        call.query.get("guest_filter").filter(|_| call.world.config.version.counts_single_channel_guests());
    let is_of_filter = match guest_filter {
        Some("all") => traits.kind == Kind::Guest,
        Some("single_channel") => traits.is_single_channel_guest,
        Some("multi_channel") => traits.kind == Kind::Guest && !traits.is_single_channel_guest,
        _ => true,
    };
    traits.kind != Kind::Bot
        && !is_hidden
        && is_of_filter
        && (!wants_teamless(call) || call.roster.teams_of(number).is_empty())
}

/// Before the report could be asked so the parameter was ignored.
fn wants_teamless(call: &Call<'_>) -> bool {
    call.query.flag("has_no_team") && call.world.config.version.reports_by_team()
}

fn check(call: &Call<'_>) -> Result<(), AppError> {
    let hides_everybody = call.query.flag("hide_active") && call.query.flag("hide_inactive");
    if hides_everybody { Err(AppError::ACTIVE_FILTER) } else { Ok(()) }
}
