//! Roles and what they permit: everybody may ask, and administrators change it.

use serde::Serialize;

use super::Call;
use crate::answer::{Answer, AppError, json};
use crate::config::Config;
use crate::ids::{self, Sort};

/// Roles that one request may name.
const ROLES_AT_MOST: usize = 100;

/// The roles that the owners of tokens have, each with some of what it permits by default (server/public/model/role.go).
const ROLES: [(&str, &[&str]); 4] = [
    (
        "system_admin",
        &[
            "get_analytics",
            "list_private_teams",
            "list_public_teams",
            "list_users_without_team",
            "manage_system",
            "read_license_information",
            "read_other_users_teams",
            "read_others_bots",
            "sysconsole_read_user_management_teams",
            "sysconsole_read_user_management_users",
            "view_members",
            "view_team",
        ],
    ),
    (
        "system_read_only_admin",
        &[
            "get_analytics",
            "list_private_teams",
            "list_public_teams",
            "read_license_information",
            "read_other_users_teams",
            "sysconsole_read_user_management_teams",
            "sysconsole_read_user_management_users",
            "view_team",
        ],
    ),
    (
        "system_user",
        &["create_direct_channel", "create_team", "join_public_teams", "list_public_teams", "view_members"],
    ),
    ("system_guest", &["create_direct_channel"]),
];

#[derive(Serialize)]
struct Role {
    id: String,
    name: &'static str,
    display_name: String,
    description: String,
    create_at: i64,
    update_at: i64,
    delete_at: i64,
    permissions: Vec<&'static str>,
    scheme_managed: bool,
    built_in: bool,
}

/// The place of a role among all, with what it permits on this server.
fn permissions(config: &Config, role: &str) -> Option<(usize, Vec<&'static str>)> {
    let place = ROLES.iter().position(|(name, _)| *name == role)?;
    let (name, permissions) = ROLES.get(place)?;
    let is_left = |permission: &&str| !config.withheld.contains(&(*name, *permission));
    Some((place, permissions.iter().copied().filter(is_left).collect()))
}

impl Call<'_> {
    /// Whether a role of the caller's permits this.
    pub(super) fn may(&self, permission: &str) -> bool {
        let roles = self.caller.account().map_or("", |own| self.roster.account(own).roles);
        let granted = roles.split(' ').filter_map(|role| permissions(&self.world.config, role));
        granted.into_iter().any(|(_, permissions)| permissions.contains(&permission))
    }
}

pub(super) fn by_names(call: &Call<'_>) -> Answer {
    let config = &call.world.config;
    let unreadable = if config.version.has_new_shape() { AppError::PAYLOAD } else { AppError::BODY_PARAM };
    let names: Vec<String> = serde_json::from_slice(call.body).map_err(|_| unreadable)?;
    let is_name = |name: &String| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if names.is_empty() || names.len() > ROLES_AT_MOST || !names.iter().all(is_name) {
        return Err(AppError::BODY_PARAM);
    }
    let made = call.world.population.now_ms() - 1_000 * 24 * 60 * 60 * 1_000;
    let role = |(place, permissions): (usize, Vec<&'static str>)| {
        let name = ROLES.get(place).map_or("", |(name, _)| *name);
        Role {
            id: ids::id(config.seed, Sort::Role, u32::try_from(place).unwrap_or_default()),
            name,
            display_name: format!("authentication.roles.{name}.name"),
            description: format!("authentication.roles.{name}.description"),
            create_at: made,
            update_at: made,
            delete_at: 0,
            permissions,
            scheme_managed: true,
            built_in: true,
        }
    };
    let known = names.iter().filter_map(|name| permissions(config, name)).map(role);
    json(&known.collect::<Vec<_>>())
}
