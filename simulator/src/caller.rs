//! Whose token a request carries, and what it may do.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::Config;
use crate::account::places;
use crate::ids::{self, Sort};

/// A token of each sort of account. They follow from the seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// A system administrator's personal access token.
    pub admin: String,
    /// An ordinary member's.
    pub member: String,
    /// A bot's.
    pub bot: String,
    /// The token of a bot that has the read-only administrator role.
    pub viewer_bot: String,
    /// A guest's.
    pub guest: String,
    /// One that was revoked.
    pub revoked: String,
}

impl Tokens {
    pub(crate) fn of(seed: u64) -> Self {
        let token = |place| ids::id(seed, Sort::Token, place);
        Self {
            admin: token(places::ADMIN),
            member: token(places::MEMBER),
            bot: token(places::BOT),
            viewer_bot: token(places::VIEWER_BOT),
            guest: token(places::GUEST),
            revoked: token(places::REVOKED),
        }
    }
}

/// Whose session a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// `manage_system`.
    Admin,
    /// `system_read_only_admin`.
    ViewerBot,
    /// `system_user`.
    Member,
    /// A bot with `system_user`.
    Bot,
    /// `system_guest`.
    Guest,
    /// A token came, and is nobody's.
    Refused,
    /// No token came.
    Nobody,
}

impl Caller {
    pub(crate) fn of(headers: &HeaderMap, tokens: &Tokens) -> Self {
        let Some(header) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
            return Self::Nobody;
        };
        let Some((scheme, token)) = header.split_once(' ') else { return Self::Nobody };
        if !scheme.eq_ignore_ascii_case("bearer") && !scheme.eq_ignore_ascii_case("token") {
            return Self::Nobody;
        }
        let known = [
            (&tokens.admin, Self::Admin),
            (&tokens.viewer_bot, Self::ViewerBot),
            (&tokens.member, Self::Member),
            (&tokens.bot, Self::Bot),
            (&tokens.guest, Self::Guest),
        ];
        known.into_iter().find(|(known, _)| *known == token.trim()).map_or(Self::Refused, |(_, caller)| caller)
    }

    /// Refuses tokens that the server does not take: all that have expired, and those of persons where only bots may have
    /// any.
    pub(crate) fn admitted(self, config: &Config, now_ms: i64) -> Self {
        let expires = config.token_expires_ms.filter(|at| *at > 0 && config.version.tokens_expire());
        let is_person = matches!(self, Self::Admin | Self::Member | Self::Guest);
        let is_refused = expires.is_some_and(|at| at <= now_ms) || (is_person && !config.user_access_tokens);
        if is_refused && self != Self::Nobody { Self::Refused } else { self }
    }

    /// The place of the caller's account.
    pub(crate) const fn account(self) -> Option<u32> {
        match self {
            Self::Admin => Some(places::ADMIN),
            Self::ViewerBot => Some(places::VIEWER_BOT),
            Self::Member => Some(places::MEMBER),
            Self::Bot => Some(places::BOT),
            Self::Guest => Some(places::GUEST),
            Self::Refused | Self::Nobody => None,
        }
    }

    /// `manage_system`.
    pub(crate) fn manages(self) -> bool {
        self == Self::Admin
    }

    /// `sysconsole_read_user_management_users`, `read_license_information`, `get_analytics`, `list_private_teams` and
    /// `read_other_users_teams`, which the read-only administrator has as well.
    pub(crate) fn reads_console(self) -> bool {
        matches!(self, Self::Admin | Self::ViewerBot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_known_by_their_token() {
        let tokens = Tokens::of(1);
        let bearer = |token: &str| format!("Bearer {token}");
        let cases = [
            (bearer(&tokens.admin), Caller::Admin),
            (format!("bEARER {}", tokens.member), Caller::Member),
            (format!("token {}", tokens.guest), Caller::Guest),
            (bearer(&tokens.revoked), Caller::Refused),
            (bearer("x"), Caller::Refused),
            ("Basic abc".to_owned(), Caller::Nobody),
            (String::new(), Caller::Nobody),
        ];
        for (header, expect) in cases {
            let mut headers = HeaderMap::new();
            if !header.is_empty() {
                headers.insert(AUTHORIZATION, header.parse().unwrap());
            }
            assert_eq!(Caller::of(&headers, &tokens), expect, "{header}");
        }
    }
}
