//! What the token's account may do: the permissions of its roles, not their names.
//!
//! Administrators can change what a role grants, so a name proves nothing. Every session may ask for the permissions of
//! roles (server/channels/api4/role.go). If a server or a proxy refuses that request, only the other answers can show
//! what the token sees.

use alloc::vec::Vec;
use core::fmt;

use provider_sdk::http::{Answered, Request};
use provider_sdk::lenient::{Number, Text};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::api::{self, Answer, Me};
use super::code::Code;
use super::failure::Failure;
use super::version::Version;
use super::wire::Ids;

/// The most roles that Mattermost answers for at once.
const ROLES_AT_MOST: usize = 100;

/// Permissions that change what a listing contains, by Mattermost's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Permission {
    /// Sees past the privacy settings.
    ManageSystem,
    /// Sees accounts that share no team or channel with its own.
    ViewMembers,
    /// Sees the teams that everybody may join.
    ListPublicTeams,
    /// Sees the others.
    ListPrivateTeams,
    /// Sees who is in a team without being in it.
    ViewTeam,
}

impl Permission {
    const ALL: [Self; 5] =
        [Self::ManageSystem, Self::ViewMembers, Self::ListPublicTeams, Self::ListPrivateTeams, Self::ViewTeam];

    const fn name(self) -> &'static str {
        match self {
            Self::ManageSystem => "manage_system",
            Self::ViewMembers => "view_members",
            Self::ListPublicTeams => "list_public_teams",
            Self::ListPrivateTeams => "list_private_teams",
            Self::ViewTeam => "view_team",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Some of the permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Permissions(u8);

impl Permissions {
    const fn has(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Permissions;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of names or null")
            }
            fn visit_unit<E>(self) -> Result<Permissions, E> {
                Ok(Permissions::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Permissions, A::Error> {
                let mut granted = Permissions::default();
                while let Some(name) = names.next_element::<Text<'de>>()? {
                    let known = Permission::ALL.into_iter().find(|known| known.name() == name.as_str());
                    granted.0 |= known.map_or(0, Permission::bit);
                }
                Ok(granted)
            }
        }
        deserializer.deserialize_any(Names)
    }
}

/// A role, as `/roles/names` gives it (server/public/model/role.go).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Role {
    permissions: Permissions,
    /// Milliseconds since 1970; 0 for a role that still grants something.
    delete_at: Number,
}

/// Which teams the token sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teams {
    /// All. If the server refuses the request for them even so, that shows.
    All,
    /// Some at most: those that everybody may join, or the others.
    Some,
    /// All, if a team comes that not everybody may join; otherwise it is not known.
    Unsure,
}

/// What the token's account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// `None` if the server does not say.
    granted: Option<Permissions>,
    /// By the names of the roles. An administrator has every permission, and the System Console cannot take any away.
    is_admin: bool,
    is_guest: bool,
}

impl Rights {
    /// Asks what the account's roles grant; `None` if it has no roles to ask about.
    #[must_use]
    pub fn ask(me: &Me) -> Option<Request> {
        let names: Vec<&str> = me.roles.split_ascii_whitespace().take(ROLES_AT_MOST).collect();
        if names.is_empty() { None } else { api::roles(&Ids(names)).ok() }
    }

    /// What the account may do, by the answer to [`ask`](Self::ask).
    ///
    /// # Errors
    /// The server refuses the token or asks to slow down. Any other failure is not an error, since the provider can go
    /// on without the roles.
    pub fn of(me: &Me, answered: Option<&Answered>) -> Result<Self, Failure> {
        let granted = match answered.map(read).transpose() {
            Ok(granted) => granted,
            Err(failure) if matches!(failure.code, Code::TokenRefused | Code::MfaRequired | Code::RateLimited) => {
                return Err(failure);
            }
            Err(_) => None,
        };
        Ok(Self { granted, is_admin: me.has("system_admin"), is_guest: me.has("system_guest") })
    }

    /// Whether the account sees e-mail addresses and names that the server's privacy settings hide
    /// (server/channels/app/users/utils.go).
    #[must_use]
    pub fn see_past_privacy(&self) -> bool {
        self.granted.map_or(self.is_admin, |granted| granted.has(Permission::ManageSystem))
    }

    /// Whether a server of this version shows the account everybody, rather than only those who share a team or channel
    /// with it (`GetViewUsersRestrictions` in server/channels/app/user.go).
    #[must_use]
    pub fn see_everybody(&self, version: Option<Version>) -> bool {
        match self.granted {
            Some(granted) if version.is_none_or(Version::restricts_view) => granted.has(Permission::ViewMembers),
            Some(_) | None => !self.is_guest,
        }
    }

    /// Which teams the server shows to the account (`getAllTeams` in server/channels/api4/team.go).
    #[must_use]
    pub fn teams(&self) -> Teams {
        let Some(granted) = self.granted else {
            return if self.is_admin { Teams::All } else { Teams::Unsure };
        };
        match (granted.has(Permission::ListPublicTeams), granted.has(Permission::ListPrivateTeams)) {
            (true, true) => Teams::All,
            // Servers before 5.10 have neither permission, and show administrators all teams. Later ones refuse.
            (false, false) if granted.has(Permission::ManageSystem) => Teams::All,
            _ => Teams::Some,
        }
    }

    /// Whether the server shows the account the members of teams that it does not belong to.
    #[must_use]
    pub fn see_into_teams(&self) -> bool {
        self.granted.is_none_or(|granted| granted.has(Permission::ViewTeam))
    }
}

fn read(answered: &Answered) -> Result<Permissions, Failure> {
    let answer = Answer::of(answered)?;
    let roles = answer.rows::<Role>(ROLES_AT_MOST)?.rows;
    let granted = roles.iter().filter(|role| role.delete_at.0 == 0).map(|role| role.permissions.0);
    Ok(Permissions(granted.fold(0, |all, one| all | one)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mattermost::fake::json;
    use alloc::format;
    use alloc::string::String;
    use provider_sdk::http::{Lost, Outcome};

    fn me(roles: &str) -> Me {
        Me { id: "u".into(), username: "u".into(), roles: roles.into(), is_bot: false }
    }

    fn rights(roles: &str, outcome: Outcome) -> Result<Rights, Failure> {
        let me = me(roles);
        let answered = Rights::ask(&me).map(|request| Answered { request, outcome });
        Rights::of(&me, answered.as_ref())
    }

    /// `profiles`, `everybody`, the teams, and `members` of teams: what the account sees.
    fn seen(rights: &Rights, version: Option<Version>) -> String {
        let word = |is: bool, word: &str| if is { format!("{word} ") } else { String::new() };
        format!(
            "{}{}{:?}{}",
            word(rights.see_past_privacy(), "profiles"),
            word(rights.see_everybody(version), "everybody"),
            rights.teams(),
            if rights.see_into_teams() { " members" } else { "" },
        )
    }

    #[test]
    fn permissions_count_and_not_the_names_of_roles() {
        let all = r#""manage_system","view_members","list_public_teams","list_private_teams","view_team","edit_brand""#;
        let cases = [
            ("system_admin", format!(r#"[{{"permissions":[{all}]}}]"#), "profiles everybody All members"),
            ("k7x", format!(r#"[{{"permissions":[{all}]}}]"#), "profiles everybody All members"),
            ("system_admin system_user", r#"[{"permissions":["view_members"]}]"#.into(), "everybody Some"),
            ("system_admin", r#"[{"permissions":["manage_system","view_team"]}]"#.into(), "profiles All members"),
            (
                "system_user system_read_only_admin",
                r#"[{"permissions":["view_members","list_public_teams"]},{"permissions":["list_private_teams","view_team"]}]"#
                    .into(),
                "everybody All members",
            ),
            (
                "system_user system_read_only_admin",
                r#"[{"permissions":["list_public_teams"]},{"permissions":["view_team"]}]"#.into(),
                "Some members",
            ),
            ("system_user system_manager", r#"[{"permissions":["list_private_teams"]}]"#.into(), "Some"),
            ("system_guest", r#"[{"permissions":["view_members"]}]"#.into(), "everybody Some"),
            ("system_user x", format!(r#"[{{"delete_at":5,"permissions":[{all}]}}]"#), "Some"),
            ("system_user x", r#"[{"permissions":null},{"permissions":["View_Members"]},7]"#.into(), "Some"),
            ("system_user", "[]".into(), "Some"),
        ];
        for (roles, body, expect) in cases {
            let rights = rights(roles, json(200, body.clone())).unwrap();
            assert_eq!(seen(&rights, Some(Version::new(11, 6))), expect, "{roles} {body}");
        }
    }

    #[test]
    fn without_permissions_the_other_answers_decide() {
        let refusals = || {
            [
                json(403, r#"{"id":"api.context.permissions.app_error"}"#),
                json(404, r#"{"id":"api.context.404.app_error"}"#),
                json(500, r#"{"id":"app.role.get_by_names.app_error"}"#),
                json(200, r#"{"permissions":[]}"#),
                json(200, "<html>"),
                Err(Lost::Closed),
                Err(Lost::TimedOut),
                // A platform that has granted the requests of an earlier version.
                Err(Lost::Denied),
            ]
        };
        let cases = [
            ("system_admin", "profiles everybody All members"),
            ("system_user system_read_only_admin", "everybody Unsure members"),
            ("system_user", "everybody Unsure members"),
            ("system_guest", "Unsure members"),
        ];
        for (roles, expect) in cases {
            for refusal in refusals() {
                assert_eq!(seen(&rights(roles, refusal.clone()).unwrap(), None), expect, "{roles} {refusal:?}");
            }
        }
        assert_eq!(seen(&rights("", Err(Lost::Closed)).unwrap(), None), "everybody Unsure members");
    }

    #[test]
    fn failures_that_end_a_listing_are_errors() {
        for (outcome, code) in [
            (json(401, r#"{"id":"api.context.session_expired.app_error"}"#), Code::TokenRefused),
            (json(429, ""), Code::RateLimited),
            (json(403, r#"{"id":"api.context.mfa_required.app_error"}"#), Code::MfaRequired),
        ] {
            assert_eq!(rights("system_user", outcome).unwrap_err().code, code);
        }
    }

    #[test]
    fn servers_without_the_permission_show_everybody() {
        let rights = rights("system_user", json(200, r#"[{"permissions":["list_public_teams"]}]"#)).unwrap();
        for (version, expect) in [((5, 9), true), ((5, 26), false), ((11, 6), false)] {
            assert_eq!(rights.see_everybody(Some(Version::new(version.0, version.1))), expect, "{version:?}");
        }
    }

    #[test]
    fn no_more_roles_are_asked_about_than_the_server_answers_for() {
        let request = Rights::ask(&me(&"a\"b ".repeat(300))).unwrap();
        let names: Vec<String> = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
        assert!(names.len() == ROLES_AT_MOST && names.iter().all(|name| name == "a\"b"));
        assert_eq!(Rights::ask(&me(" ")), None);
    }
}
