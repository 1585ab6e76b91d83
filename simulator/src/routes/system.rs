//! The server itself: its health, configuration, licence and limits.

use serde::Serialize;

use super::Call;
use crate::answer::{Answer, AppError, json};
use crate::license;
use crate::version::LimitsRoute;

pub(super) fn ping(call: &Call<'_>) -> Answer {
    let backend = if call.world.config.version.has_new_shape() { r#""ActiveSearchBackend":"database","# } else { "" };
    let rest =
        r#""AndroidLatestVersion":"","AndroidMinVersion":"","IosLatestVersion":"","IosMinVersion":"","status":"OK"}"#;
    Ok(format!("{{{backend}{rest}"))
}

pub(super) fn config(call: &Call<'_>) -> Answer {
    if call.world.config.version.config_wants_format() && call.query.get("format").is_none() {
        return Err(AppError::CONFIG_FORMAT);
    }
    json(&license::config(&call.world.config, &call.world.url, call.caller))
}

pub(super) fn license(call: &Call<'_>) -> Answer {
    match call.query.get("format") {
        Some("old") => json(&license::license(&call.world.config, &call.world.population, call.caller)),
        None | Some("") => Err(AppError::LICENSE_FORMAT),
        Some(_) => Err(AppError::BODY_PARAM),
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    max_users_limit: u32,
    max_users_hard_limit: u32,
    active_user_count: u32,
    #[serde(flatten)]
    guests: Option<GuestLimits>,
    #[serde(flatten)]
    history: Option<HistoryLimits>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct GuestLimits {
    single_channel_guest_count: u32,
    single_channel_guest_limit: u32,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct HistoryLimits {
    post_history_limit: u32,
    last_accessible_post_time: i64,
}

pub(super) fn limits(call: &Call<'_>) -> Answer {
    let config = &call.world.config;
    let licensed = config.license_in_force().is_licensed();
    let (shows, history) = match config.version.limits() {
        LimitsRoute::Absent => return Err(AppError::FORBIDDEN),
        LimitsRoute::Forbidden { .. } if !call.caller.manages() => return Err(AppError::FORBIDDEN),
        LimitsRoute::Forbidden { fills_with_license } => (!licensed || fills_with_license, None),
        LimitsRoute::Zeroed => (call.caller.manages(), Some(HistoryLimits::default())),
    };
    let guests = config.version.counts_single_channel_guests().then(GuestLimits::default);
    let mut limits = Limits { guests, history, ..Limits::default() };
    if shows {
        let (counts, seats) = (call.roster.counts(), license::purchased(&call.world.population));
        (limits.max_users_limit, limits.max_users_hard_limit) = match config.extra_users {
            _ if !licensed => config.version.user_limits(),
            Some(extra) if config.version.enforces_seats() => (seats, seats.saturating_add(extra)),
            Some(_) | None => (0, 0),
        };
        limits.active_user_count = counts.seats;
        if config.spares_single_channel_guests() {
            limits.active_user_count = counts.seats.saturating_sub(counts.single_channel_guests);
            limits.guests = Some(GuestLimits {
                single_channel_guest_count: counts.single_channel_guests,
                single_channel_guest_limit: seats,
            });
        }
    }
    json(&limits).map(|text| text + "\n")
}

/// Persons who were active in the last month, in thousandths of the seats.
pub(super) fn load(call: &Call<'_>) -> Answer {
    let licensed = call.world.config.license_in_force().is_licensed();
    let seats = u64::from(license::purchased(&call.world.population));
    let active = u64::from(monthly_active(call));
    let load = (active.saturating_mul(1_000).saturating_add(seats / 2)).checked_div(seats).unwrap_or_default();
    Ok(format!("{{\"load\":{}}}\n", if licensed { load } else { 0 }))
}

/// Every second of those who take a seat.
fn monthly_active(call: &Call<'_>) -> u32 {
    call.roster.counts().seats / 2
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
    let version = call.world.config.version;
    let remote = if version.leaves_remote_out_of_seats() { 0 } else { counts.active_remote };
    let bots = if version.has_new_shape() { counts.deactivated_bots() } else { 0 };
    let inactive = counts.deactivated.saturating_sub(bots);
    let mut rows = vec![
        Row { name: "channel_open_count", value: population.teams() * 2 },
        Row { name: "channel_private_count", value: 0 },
        Row { name: "post_count", value: 0 },
        Row { name: "unique_user_count", value: counts.seats + remote },
        Row { name: "team_count", value: population.teams() - 1 },
        Row { name: "total_websocket_connections", value: 0 },
        Row { name: "total_master_db_connections", value: 5 },
        Row { name: "total_read_db_connections", value: 0 },
        Row { name: "daily_active_users", value: counts.seats / 3 },
        Row { name: "monthly_active_users", value: monthly_active(call) },
        Row { name: "inactive_user_count", value: inactive },
    ];
    if version.counts_single_channel_guests() {
        rows.push(Row { name: "single_channel_guest_count", value: counts.single_channel_guests });
    }
    json(&rows)
}
