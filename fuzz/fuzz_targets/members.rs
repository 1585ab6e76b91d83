//! A page of a team's members, and one of personal access tokens: the input as the whole answer, and between two good
//! rows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mattermost_provider::mattermost::api;
use mattermost_provider::mattermost::wire::{AccessToken, TeamMember};
use mattermost_provider_fuzz::rows;

const FIRST: &str = r#"{"user_id":"a","scheme_admin":true}"#;
const LAST: &str = r#"{"user_id":"z","roles":"team_user","delete_at":0}"#;

/// A row that does not borrow, instead of one that does.
type Token<'a> = Plain<'a>;

fuzz_target!(|data: &[u8]| {
    rows!(TeamMember, api::team_members("abc", 0), data, |_: &[TeamMember<'_>]| {});
    rows!(TeamMember, api::team_members("abc", 0), &rows::between(FIRST, data, LAST), |rows: &[TeamMember<'_>]| {
        assert!(rows.first().is_some_and(|member| member.scheme_admin.0));
        assert_eq!(rows.last().map(|member| member.user_id.as_str()), Some("z"));
    });
    rows!(Token, api::my_tokens(), data, |_: &[Token<'_>]| {});
    rows!(Token, api::my_tokens(), &rows::between(r#"{"is_active":true}"#, data, "{}"), |rows: &[Token<'_>]| {
        assert!(rows.first().is_some_and(|token| token.token.is_active.0));
        assert!(rows.last().is_some_and(|token| !token.token.is_active.0 && token.token.expires_at.0 == 0));
    });
});

/// An access token with the lifetime that the macro gives every row.
struct Plain<'a> {
    token: AccessToken,
    of: std::marker::PhantomData<&'a ()>,
}

impl<'de: 'a, 'a> serde::Deserialize<'de> for Plain<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { token: AccessToken::deserialize(deserializer)?, of: std::marker::PhantomData })
    }
}
