//! What a request asks of a real server, which decides what it costs.

use super::Call;
use crate::answer::{Answer, AppError};
use crate::costs::Work;

/// Bytes of an id in a list: its letters, two quotes and a comma.
const ID_BYTES: usize = 29;

/// What a request is that was answered so.
pub(crate) fn of(method: &str, route: &str, call: &Call<'_>, answer: &Answer) -> Work {
    match answer {
        Ok(text) => asked(method, route, call, text.len()),
        Err(error) if *error == AppError::REPORT => asked(method, route, call, 0),
        Err(_) => Work::Other,
    }
}

fn asked(method: &str, route: &str, call: &Call<'_>, answer_bytes: usize) -> Work {
    let (query, accounts) = (call.query, f64::from(call.roster.len()));
    let page = f64::from(query.window().0) / 200.0;
    let ids = |bytes: usize| f64::from(u32::try_from(bytes / ID_BYTES).unwrap_or(u32::MAX));
    let parts: Vec<&str> = route.split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", ["users"]) if query.get("in_team").is_some() && query.get("team_roles").is_some() => Work::TeamAdmins,
        ("GET", ["users"]) if query.get("in_team").is_some() => Work::InTeam { page },
        ("GET", ["users"]) if query.flag("without_team") => Work::WithoutTeam { page, accounts },
        ("GET", ["users"]) if query.get("not_in_team").is_some() => Work::NotInTeam { accounts },
        // Behind the last row there is nothing more to pass over.
        ("GET", ["users"]) => Work::Page { page: page.min(accounts / 200.0) },
        ("GET", ["users", "known"]) => Work::Known { ids: ids(answer_bytes) },
        ("POST", ["users", "ids"]) if query.get("since").is_some() => Work::ProfilesSince { ids: ids(call.body.len()) },
        ("POST", ["users", "ids"]) => Work::Profiles { ids: ids(call.body.len()) },
        ("POST", ["users", "status", "ids"]) => Work::Statuses { ids: ids(call.body.len()) },
        ("GET", ["teams", _, "members"]) => Work::Members { page },
        ("GET", ["users", "stats", "filtered"]) => Work::Count { accounts },
        ("GET", ["bots"]) => Work::Bots,
        ("GET", ["reports", "users", "count"]) => Work::ReportCount { accounts },
        ("GET", ["reports", "users"]) if query.flag("has_no_team") => Work::ReportOfTeamless { accounts },
        ("GET", ["reports", "users"]) => Work::Report { to_come: to_come(call), accounts },
        _ => Work::Other,
    }
}

/// How much of the list comes behind the cursor of a page of the report.
fn to_come(call: &Call<'_>) -> f64 {
    let passed = match (call.query.get("from_column_value"), call.query.get("from_id")) {
        // Only the order by name is paged through.
        (Some(name), Some(id)) if call.query.get("sort_column") != Some("CreateAt") => {
            call.roster.place_after(name, id)
        }
        _ => 0,
    };
    1.0 - f64::from(passed) / f64::from(call.roster.len().max(1))
}
