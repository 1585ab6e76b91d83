//! The server's JSON, in its order of keys (server/public/model).

use std::sync::LazyLock;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::Version;
use crate::account::{Account, AuthService, Kind};
use crate::caller::Caller;
use crate::config::Privacy;
use crate::team::Team;

/// An account's settings for notifications: the largest part of an account as an administrator sees it.
static NOTIFY_PROPS: LazyLock<Box<RawValue>> = LazyLock::new(|| {
    let text = r#"{"channel":"true","comments":"never","desktop":"mention","desktop_sound":"true","desktop_threads":"all","email":"true","email_threads":"all","first_name":"false","mention_keys":"","push":"mention","push_status":"online","push_threads":"all"}"#;
    RawValue::from_string(text.to_owned()).unwrap_or_default()
});

/// The viewer of an account, which decides which fields are shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum View {
    /// The account itself.
    Own,
    /// An account with `manage_system`.
    Manager,
    /// The report of the System Console, which shows what the privacy settings hide.
    Report,
    /// Anybody else.
    Other(Privacy),
}

impl View {
    pub(super) fn of(caller: Caller, privacy: Privacy) -> Self {
        if caller.manages() { Self::Manager } else { Self::Other(privacy) }
    }
}

#[derive(Serialize)]
struct Timezone {
    #[serde(rename = "automaticTimezone")]
    automatic: &'static str,
    #[serde(rename = "manualTimezone")]
    manual: &'static str,
    #[serde(rename = "useAutomaticTimezone")]
    use_automatic: &'static str,
}

#[derive(Serialize)]
pub(super) struct User {
    id: String,
    create_at: i64,
    update_at: i64,
    delete_at: i64,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_data: Option<String>,
    auth_service: &'static str,
    email: String,
    nickname: &'static str,
    first_name: &'static str,
    last_name: &'static str,
    position: &'static str,
    roles: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_props: Option<&'static RawValue>,
    #[serde(skip_serializing_if = "is_zero")]
    last_password_update: i64,
    locale: &'static str,
    timezone: Timezone,
    #[serde(skip_serializing_if = "is_false")]
    mfa_active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_id: Option<&'static str>,
    #[serde(skip_serializing_if = "is_false")]
    is_bot: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    bot_description: &'static str,
    disable_welcome_email: bool,
    #[serde(skip_serializing_if = "is_zero")]
    last_login: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_status_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_post_date: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days_active: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_count: Option<u32>,
}

const fn is_zero(number: &i64) -> bool {
    *number == 0
}

const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl User {
    pub(super) fn of(account: Account, view: View, version: Version) -> Self {
        let email = account.email();
        let is_new = version.has_new_shape();
        let is_bot = account.kind == Kind::Bot;
        let (shows_email, shows_name) = match view {
            View::Own | View::Manager | View::Report => (true, true),
            View::Other(privacy) => (privacy.show_email, privacy.show_full_name),
        };
        let is_other = matches!(view, View::Other(_));
        let auth_data = match account.auth_service {
            _ if is_other || !is_new => Some(String::new()),
            AuthService::Password => None,
            AuthService::Ldap | AuthService::Saml | AuthService::Gitlab | AuthService::Google => {
                Some(format!("sso-{}", account.index))
            }
        };
        Self {
            auth_data,
            auth_service: if is_other { "" } else { account.auth_service.as_str() },
            email: if shows_email { email } else { String::new() },
            nickname: "",
            first_name: if shows_name { account.first_name } else { "" },
            last_name: if shows_name { account.last_name } else { "" },
            position: account.position,
            roles: account.roles,
            notify_props: match view {
                View::Own => Some(&NOTIFY_PROPS),
                View::Manager | View::Report if is_new => Some(&NOTIFY_PROPS),
                View::Manager | View::Report | View::Other(_) => None,
            },
            last_password_update: if matches!(view, View::Own) { account.create_at } else { 0 },
            locale: account.locale,
            timezone: Timezone { automatic: "", manual: "", use_automatic: "true" },
            mfa_active: account.mfa_active,
            remote_id: match account.kind {
                Kind::Bot => None,
                Kind::Remote => Some("partnerpartnerpartner1234x"),
                Kind::Member | Kind::SystemAdmin | Kind::Guest => is_new.then_some(""),
            },
            is_bot: is_bot && !matches!(view, View::Report),
            bot_description: if is_bot { "A program" } else { "" },
            disable_welcome_email: false,
            last_login: if matches!(view, View::Report) { account.last_login } else { 0 },
            last_status_at: match view {
                View::Report => account.status.map(|status| status.last_activity_at),
                View::Own | View::Manager | View::Other(_) => None,
            },
            last_post_date: (matches!(view, View::Report) && account.last_post > 0).then_some(account.last_post),
            days_active: matches!(view, View::Report).then_some(0),
            channel_count: (matches!(view, View::Report) && version.counts_single_channel_guests())
                .then_some(account.channel_count),
            id: account.id,
            create_at: account.create_at,
            update_at: account.update_at,
            delete_at: account.delete_at,
            username: account.username,
        }
    }
}

/// A bot in the list of bots, which has other fields than the list of accounts.
#[derive(Serialize)]
pub(super) struct Bot {
    user_id: String,
    username: String,
    display_name: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'static str,
    owner_id: String,
    create_at: i64,
    update_at: i64,
    delete_at: i64,
}

impl Bot {
    pub(super) fn of(account: Account, owner_id: String) -> Self {
        Self {
            user_id: account.id,
            username: account.username,
            display_name: account.first_name,
            description: "A program",
            owner_id,
            create_at: account.create_at,
            update_at: account.update_at,
            delete_at: account.delete_at,
        }
    }
}

impl Bot {
    /// A bot whose account was removed.
    pub(super) const fn orphan(user_id: String, owner_id: String) -> Self {
        Self {
            user_id,
            username: String::new(),
            display_name: "Removed",
            description: "",
            owner_id,
            create_at: 1,
            update_at: 1,
            delete_at: 0,
        }
    }
}

/// A personal access token without the token itself.
#[derive(Serialize)]
pub(super) struct Token {
    pub(super) id: String,
    pub(super) user_id: String,
    pub(super) description: &'static str,
    pub(super) is_active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct Status<'a> {
    pub(super) user_id: &'a str,
    pub(super) status: &'static str,
    pub(super) manual: bool,
    pub(super) last_activity_at: i64,
    pub(super) dnd_end_time: i64,
}

impl<'a> Status<'a> {
    /// An account without a row, or an id that is nobody's, is answered for as offline.
    pub(super) fn of(user_id: &'a str, status: Option<crate::account::Status>) -> Self {
        let status = status.unwrap_or(crate::account::Status { status: "offline", manual: false, last_activity_at: 0 });
        Self {
            user_id,
            status: status.status,
            manual: status.manual,
            last_activity_at: status.last_activity_at,
            dnd_end_time: 0,
        }
    }
}

#[derive(Serialize)]
pub(super) struct TeamJson {
    id: String,
    create_at: i64,
    update_at: i64,
    delete_at: i64,
    display_name: String,
    name: String,
    description: &'static str,
    email: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    company_name: &'static str,
    allowed_domains: &'static str,
    invite_id: String,
    allow_open_invite: bool,
    scheme_id: Option<&'static str>,
    group_constrained: Option<bool>,
    policy_id: Option<&'static str>,
    cloud_limits_archived: bool,
}

impl TeamJson {
    pub(super) fn of(team: Team, caller: Caller) -> Self {
        let sees_all = caller.reads_console();
        Self {
            id: team.id,
            create_at: team.create_at,
            update_at: team.create_at.max(team.delete_at),
            delete_at: team.delete_at,
            display_name: team.display_name,
            name: team.name,
            description: "",
            email: if sees_all { "admin@corp.example" } else { "" },
            kind: "O",
            company_name: "",
            allowed_domains: "",
            invite_id: if sees_all { team.invite_id } else { String::new() },
            allow_open_invite: team.is_open,
            scheme_id: None,
            group_constrained: None,
            policy_id: None,
            cloud_limits_archived: false,
        }
    }
}

#[derive(Serialize)]
pub(super) struct TeamMember<'a> {
    pub(super) team_id: &'a str,
    pub(super) user_id: String,
    pub(super) roles: &'static str,
    pub(super) delete_at: i64,
    pub(super) scheme_guest: bool,
    pub(super) scheme_user: bool,
    pub(super) scheme_admin: bool,
    pub(super) explicit_roles: &'static str,
}
