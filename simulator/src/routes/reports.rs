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
    let query = call.query;
    let page_size = match query.get("page_size") {
        None | Some("") => 50,
        Some(text) => text.parse::<usize>().ok().filter(|size| (1..=100).contains(size)).ok_or(AppError::PAGE_SIZE)?,
    };
    // Only the order by name is played, which is the one that suits a listing.
    if !matches!(query.get("sort_column"), None | Some("" | "Username")) {
        return Err(AppError::SORT_COLUMN);
    }
    // A cursor of which a part is missing is ignored, and the first page comes back.
    let after = match (query.get("from_column_value"), query.get("from_id")) {
        (Some(name), Some(id)) if !name.is_empty() && !id.is_empty() => call.roster.place_after(name, id),
        _ => 0,
    };
    let rows = call.roster.from(after).filter(|number| is_reported(call, *number)).take(page_size);
    let users: Vec<_> =
        rows.map(|number| User::of(call.roster.account(number), View::Report, call.world.config.version)).collect();
    json(&users)
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
    traits.kind != Kind::Bot && !is_hidden && is_of_filter
}

fn check(call: &Call<'_>) -> Result<(), AppError> {
    let hides_everybody = call.query.flag("hide_active") && call.query.flag("hide_inactive");
    if hides_everybody { Err(AppError::ACTIVE_FILTER) } else { Ok(()) }
}
