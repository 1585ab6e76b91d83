//! Maps Mattermost's role names to the one role that a licence platform keeps.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The highest role of an account, the highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// May do everything on the server.
    SystemAdmin,
    /// Runs at least one team.
    TeamAdmin,
    /// An ordinary account.
    Member,
    /// A guest, whatever its other roles.
    Guest,
}

impl Role {
    /// Every role, the highest first.
    pub const ALL: [Self; 4] = [Self::SystemAdmin, Self::TeamAdmin, Self::Member, Self::Guest];

    /// The role's id in the contract.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::SystemAdmin => "system-admin",
            Self::TeamAdmin => "team-admin",
            Self::Member => "member",
            Self::Guest => "guest",
        }
    }

    /// The highest role among Mattermost's space-separated system roles. Ignores unknown names: servers have custom
    /// roles.
    #[must_use]
    pub fn of(roles: &str) -> Self {
        let has = |name| roles.split_ascii_whitespace().any(|role| role == name);
        if has("system_guest") {
            Self::Guest
        } else if has("system_admin") {
            Self::SystemAdmin
        } else if has("team_admin") {
            Self::TeamAdmin
        } else {
            Self::Member
        }
    }
}

/// Mattermost's role names, verbatim.
#[must_use]
pub fn names(roles: &str) -> Vec<String> {
    roles.split_ascii_whitespace().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_role_is_found() {
        let cases = [
            ("system_user", Role::Member),
            ("system_admin system_user", Role::SystemAdmin),
            ("system_user system_admin", Role::SystemAdmin),
            ("system_user team_admin", Role::TeamAdmin),
            ("system_guest", Role::Guest),
            ("system_guest system_admin", Role::Guest),
            ("system_user system_user_manager", Role::Member),
            ("system_user system_read_only_admin", Role::Member),
            ("system_administrator", Role::Member),
            ("", Role::Member),
            ("k7x custom_role", Role::Member),
        ];
        for (roles, expect) in cases {
            assert_eq!(Role::of(roles), expect, "{roles}");
        }
    }

    #[test]
    fn role_names_are_kept_verbatim() {
        assert_eq!(names(" system_user  Custom-Role "), ["system_user", "Custom-Role"]);
        assert!(names("").is_empty());
    }
}
