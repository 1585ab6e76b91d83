//! The server itself: its health, configuration, licence and limits.

use serde::Serialize;

use super::Call;
use crate::answer::{Answer, AppError, json};
use crate::license;
use crate::version::LimitsRoute;

pub(super) fn ping() -> Answer {
    let text = r#"{"ActiveSearchBackend":"database","AndroidLatestVersion":"","AndroidMinVersion":"","IosLatestVersion":"","IosMinVersion":"","status":"OK"}"#;
    Ok(text.to_owned())
}

pub(super) fn config(call: &Call<'_>) -> Answer {
    if call.world.config.version.config_wants_format() && call.query.get("format").is_none() {
        return Err(AppError::FORMAT);
    }
    json(&license::config(&call.world.config, &call.world.url, call.caller))
}

pub(super) fn license(call: &Call<'_>) -> Answer {
    match call.query.get("format") {
        Some("old") => json(&license::license(&call.world.config, &call.world.population, call.caller)),
        None | Some("") => Err(AppError::FORMAT),
        Some(_) => Err(AppError::BODY_PARAM),
    }
}

pub(super) fn limits(call: &Call<'_>) -> Answer {
    let (world, version) = (call.world, call.world.config.version);
    let licensed = world.config.license.is_licensed();
    let (counts_guests_apart, shows) = match version.limits() {
        LimitsRoute::Absent => return Err(AppError::FORBIDDEN),
        LimitsRoute::Forbidden { .. } if !call.caller.manages() => return Err(AppError::FORBIDDEN),
        LimitsRoute::Forbidden { fills_with_license } => (false, !licensed || fills_with_license),
        LimitsRoute::Zeroed { counts_guests_apart } => (counts_guests_apart, call.caller.manages()),
    };
    let (soft, hard) = if licensed || !shows { (0, 0) } else { version.user_limits() };
    let active = if shows { call.roster.counts().seats } else { 0 };
    let guests = if counts_guests_apart { ",\"singleChannelGuestCount\":0,\"singleChannelGuestLimit\":0" } else { "" };
    let history = match version.limits() {
        LimitsRoute::Zeroed { .. } => ",\"postHistoryLimit\":0,\"lastAccessiblePostTime\":0",
        LimitsRoute::Absent | LimitsRoute::Forbidden { .. } => "",
    };
    Ok(format!(
        "{{\"maxUsersLimit\":{soft},\"maxUsersHardLimit\":{hard},\"activeUserCount\":{active}{guests}{history}}}\n"
    ))
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    value: u32,
}

pub(super) fn analytics(call: &Call<'_>) -> Answer {
    if !call.caller.reads_console() {
        return Err(AppError::FORBIDDEN);
    }
    if call.query.get("name").is_some_and(|name| !name.is_empty() && name != "standard") {
        return Ok("[]".to_owned());
    }
    let population = &call.world.population;
    let counts = call.roster.counts();
    let rows = [
        Row { name: "channel_open_count", value: population.teams() * 2 },
        Row { name: "channel_private_count", value: 0 },
        Row { name: "post_count", value: 0 },
        Row { name: "unique_user_count", value: counts.seats },
        Row { name: "team_count", value: population.teams() - 1 },
        Row { name: "daily_active_users", value: counts.seats / 3 },
        Row { name: "monthly_active_users", value: counts.seats / 2 },
        Row { name: "inactive_user_count", value: counts.deactivated },
    ];
    json(&rows)
}
