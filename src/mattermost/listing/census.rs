//! What a listing asks before its first page.

use alloc::vec;

use super::super::api;
use super::super::code::Code;
use super::super::edition::Edition;
use super::super::failure::Failure;
use super::super::http::{Network, exchange};
use super::super::version::Version;
use super::notices::Hidden;

/// The system roles that list private teams by default (server/public/model/role.go). Others see the open ones at most.
const LISTS_ALL_TEAMS: [&str; 4] = ["system_admin", "system_manager", "system_user_manager", "system_read_only_admin"];

/// The server as it was when the listing began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// The server's time in milliseconds since 1970, to the second, at which `total` was counted.
    pub server_ms: i64,
    /// The server's exact number of the accounts that it lists; none where the token may not ask.
    pub total: Option<u32>,
    /// The edition that it runs.
    pub edition: Edition,
    /// Its version, where it tells one.
    pub version: Option<Version>,
    /// What the token cannot see.
    pub hidden: Hidden,
}

impl Census {
    /// Asks for it. All requests are answered before the first page is asked for: an account that is created between
    /// the count and the page then comes after the census and is not mistaken for one that was counted.
    ///
    /// # Errors
    /// The server cannot be reached, refuses the token, or does not answer as Mattermost does.
    pub fn take(network: &mut dyn Network) -> Result<Self, Failure> {
        let requests = vec![api::me(), api::count_everyone(), api::config(), api::license()];
        let outcomes = exchange(network, requests.clone());
        let ([me_r, count_r, config_r, license_r], [me_o, count_o, config_o, license_o]) =
            (requests.as_slice(), outcomes.as_slice())
        else {
            return Err(Failure::new(Code::TransportFailed, "the transport lost an answer"));
        };

        let me = api::read_me(me_r, me_o)?;
        let config = api::read_map(config_r, config_o)?;
        let license = api::read_map(license_r, license_o)?;
        let counted = match api::read_count(count_r, count_o) {
            Ok(total) => Some(total),
            Err(failure) if failure.is_refusal() => None,
            Err(failure) => return Err(failure),
        };
        let answer = api::Answer::of(me_r, me_o)?;
        let counted_at = count_o.as_ref().ok().and_then(|response| response.header("date"));
        let counted_at = counted_at.and_then(super::super::time::http_date_ms);
        // A count without the server's own time proves nothing.
        let total = counted.filter(|_| counted_at.is_some());
        let server_ms = counted_at.or_else(|| answer.server_ms()).unwrap_or_else(|| network.now_ms());
        let version = answer.version().or_else(|| config.get("Version").and_then(Version::parse));
        // Only an account with the permission manage_system sees past the privacy settings
        // (server/channels/app/users/utils.go).
        let sees_all = me.has("system_admin");
        let hidden = Hidden {
            emails: !sees_all && config.get("ShowEmailAddress") == Some("false"),
            names: !sees_all && config.get("ShowFullName") == Some("false"),
            activity: config.get("EnableUserStatuses") == Some("false"),
            teams: !LISTS_ALL_TEAMS.iter().any(|role| me.has(role)),
            others: me.has("system_guest"),
        };
        Ok(Self { server_ms, total, edition: Edition::of(&license), version, hidden })
    }
}
