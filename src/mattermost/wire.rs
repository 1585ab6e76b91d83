//! The server's JSON: only the fields that are read, each parsed leniently. Go leaves out empty fields, and proxies in
//! front of Mattermost have been seen to send `null`.

use alloc::string::String;
use alloc::vec::Vec;

use provider_sdk::json::Unreadable;
use provider_sdk::lenient::{self, Flag, Number, Rows, Text};
use serde::{Deserialize, Serialize};

/// An account, as `/users` and `/users/me` give it (server/public/model/user.go).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct User<'a> {
    /// 26 letters and digits.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Milliseconds since 1970.
    pub create_at: Number,
    /// Milliseconds since 1970, when the account was last changed.
    pub update_at: Number,
    /// Milliseconds since 1970; 0 for an account that is not deactivated.
    pub delete_at: Number,
    /// Unique and in lower case.
    #[serde(borrow)]
    pub username: Text<'a>,
    /// Empty if the server's privacy settings hide it.
    #[serde(borrow)]
    pub email: Text<'a>,
    /// Empty if the server's privacy settings hide it.
    #[serde(borrow)]
    pub first_name: Text<'a>,
    /// Empty if the server's privacy settings hide it.
    #[serde(borrow)]
    pub last_name: Text<'a>,
    /// The job title.
    #[serde(borrow)]
    pub position: Text<'a>,
    /// System roles, separated by spaces.
    #[serde(borrow)]
    pub roles: Text<'a>,
    /// `ldap`, `saml` and so on; empty for a password, and for callers without `manage_system`.
    #[serde(borrow)]
    pub auth_service: Text<'a>,
    /// The id at that service; empty likewise.
    #[serde(borrow)]
    pub auth_data: Text<'a>,
    /// The language.
    #[serde(borrow)]
    pub locale: Text<'a>,
    /// Whether the account signs in with a second factor.
    pub mfa_active: Flag,
    /// Set for accounts of connected servers.
    #[serde(borrow)]
    pub remote_id: Text<'a>,
    /// Whether it is a bot.
    pub is_bot: Flag,
}

impl User<'_> {
    /// The account's name for a person.
    #[must_use]
    pub fn name_or_id(&self) -> String {
        [&self.username, &self.id].into_iter().find_map(Text::non_empty).unwrap_or_default()
    }
}

/// A team, as `/teams` gives it (server/public/model/team.go).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Team<'a> {
    /// 26 letters and digits.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// The name in its URL: lower-case letters, digits and dashes.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// Whether everybody may join, which makes the team a public one.
    pub allow_open_invite: Option<bool>,
    /// When it was made, renamed, archived or taken out of the archive last, in milliseconds since 1970.
    pub update_at: Number,
    /// Milliseconds since 1970; 0 for a team that is not archived.
    pub delete_at: Number,
}

/// A row of `/users/status/ids` (server/public/model/status.go).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Status<'a> {
    /// Whose status it is.
    #[serde(borrow)]
    pub user_id: Text<'a>,
    /// `online`, `away`, `dnd`, `ooo` or `offline`.
    #[serde(borrow)]
    pub status: Text<'a>,
    /// Whether the person has set it by hand.
    pub manual: Flag,
    /// Milliseconds since 1970; 0 if the server has none.
    pub last_activity_at: Number,
}

/// A row of `/reports/users` (server/public/model/report.go): only the fields that the list lacks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ReportRow<'a> {
    /// Whose row it is.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// The name, by which the report is paged.
    #[serde(borrow)]
    pub username: Text<'a>,
    /// Milliseconds since 1970 of the last activity of any status; 0 if there is none.
    pub last_status_at: Number,
    /// Milliseconds since 1970 of the last sign-in; 0 if there is none.
    pub last_login: Number,
    /// Milliseconds since 1970 of the last message; 0 if there is none.
    pub last_post_date: Number,
}

/// A row of `/teams/{id}/members` (server/public/model/team_member.go).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TeamMember<'a> {
    /// Who it is.
    #[serde(borrow)]
    pub user_id: Text<'a>,
    /// Milliseconds since 1970; 0 for somebody who has not left the team.
    pub delete_at: Number,
    /// Whether the member administers the team, whatever the team's scheme calls the role.
    pub scheme_admin: Flag,
    /// Team roles, separated by spaces; old servers have only these.
    #[serde(borrow)]
    pub roles: Text<'a>,
}

/// A row of `/bots` (server/public/model/bot.go).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Bot<'a> {
    /// The id of its account.
    #[serde(borrow)]
    pub user_id: Text<'a>,
    /// Milliseconds since 1970, when the account became a bot.
    pub create_at: Number,
}

/// A row of `/users/me/tokens` (server/public/model/user_access_token.go).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AccessToken {
    /// Whether it can be used.
    pub is_active: Flag,
    /// Milliseconds since 1970; 0 for a token that does not end. Servers have it from 11.9 on.
    pub expires_at: Number,
}

/// The answer of `/users/stats` and `/users/stats/filtered`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Stats {
    /// How many; `None` if the server has no number.
    pub total_users_count: Option<Number>,
}

/// The answer of `/system/ping`.
#[derive(Clone, Debug, Deserialize)]
pub struct Ping<'a> {
    /// `OK`, or `UNHEALTHY`.
    #[serde(borrow)]
    pub status: Text<'a>,
}

/// The server's error body (server/public/model/utils.go).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AppError<'a> {
    /// A stable id. The message beside it is translated, so it is not read.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// The HTTP status that it means.
    pub status_code: Number,
    /// The server's id of the request.
    #[serde(borrow)]
    pub request_id: Text<'a>,
}

/// Ids in a request to `/users/ids` or `/users/status/ids`, or names in one to `/roles/names`.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Ids<'a>(pub Vec<&'a str>);

/// Reads a list of at most so many records; one that cannot be read is named by its username, or else its id.
///
/// # Errors
/// The body is not a JSON list, or a longer one.
pub fn rows<'a, T: Deserialize<'a>>(body: &'a [u8], most: usize) -> Result<Rows<T>, Unreadable> {
    lenient::rows(body, most, &["username", "id"])
}
