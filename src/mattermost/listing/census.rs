//! What a listing asks before its first page.

use super::super::api::{self, Answer};
use super::super::edition::Edition;
use super::super::failure::Failure;
use super::super::http::{Answered, Network, Request, exchange, exchange_all};
use super::super::rights::{Rights, Teams};
use super::super::version::Version;
use super::notices::Hidden;

/// How long before its answer's `Date` (milliseconds) a server may date an account that it counts only later, beside the
/// time that the request for the count took.
///
/// Mattermost dates an account, hashes the password and inserts the row (server/channels/store/sqlstore/user_store.go), so
/// for a moment there is an account of before the count that no count has. Hashing takes less than a second and an insert
/// some milliseconds; five seconds are for a machine that is busy with other things. The other five are for clocks: the
/// machine that dates accounts is one of the cluster's, and a proxy writes a `Date` of its own (nginx always does).
pub(in crate::mattermost) const MARGIN_MS: i64 = 10_000;

/// The server's exact number of the accounts that it lists, and when it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The server's time in milliseconds since 1970, to the second.
    pub server_ms: i64,
    /// An account that is dated before this (milliseconds since 1970) and is listed after the count was counted.
    pub cutoff_ms: i64,
    /// How many; none where the token may not ask, or the server's time is not known, without which a number proves
    /// nothing.
    pub total: Option<u32>,
}

impl Count {
    /// Asks for it.
    ///
    /// # Errors
    /// The server cannot be reached or does not answer as Mattermost does.
    pub fn take(network: &mut dyn Network) -> Result<Self, Failure> {
        Self::ask(api::count_everyone(), network)
    }

    /// Asks for the number of those who are no bots.
    ///
    /// # Errors
    /// The server cannot be reached or does not answer as Mattermost does.
    pub fn of_people(network: &mut dyn Network) -> Result<Self, Failure> {
        Self::ask(api::count_people(), network)
    }

    fn ask(request: Request, network: &mut dyn Network) -> Result<Self, Failure> {
        let [answered] = exchange(network, [request]);
        Ok(Self::of(&answered)?.unwrap_or_else(|| Self::dated(network.now_ms(), 0, None)))
    }

    /// A count that came with this `Date`, so long after it was asked for.
    const fn dated(server_ms: i64, took_ms: u32, total: Option<u32>) -> Self {
        let cutoff_ms = server_ms.saturating_sub(MARGIN_MS).saturating_sub(took_ms as i64);
        Self { server_ms, cutoff_ms, total }
    }

    /// How long to wait (milliseconds) until another count, which takes as long as this one, surely has an account that is
    /// dated `created_ms`, where the server's last answer was of `server_ms`.
    pub(in crate::mattermost) fn wait_for(&self, created_ms: i64, server_ms: i64) -> u32 {
        let now_ms = server_ms.max(self.server_ms);
        let cutoff_ms = now_ms.saturating_sub(self.server_ms.saturating_sub(self.cutoff_ms));
        // A clock that is further ahead is not waited for. `Date` has whole seconds.
        let lag = created_ms.saturating_sub(cutoff_ms).clamp(0, MARGIN_MS);
        u32::try_from(lag).unwrap_or_default().saturating_add(1_000)
    }

    /// The count in an answer; none where the token may not ask or the answer has no time.
    fn of(answered: &Answered) -> Result<Option<Self>, Failure> {
        let Some(total) = Failure::unless_refused(api::read_count(answered))? else { return Ok(None) };
        let server_ms = Answer::of(answered)?.server_ms();
        let took_ms = answered.outcome.as_ref().map_or(0, |response| response.took_ms);
        Ok(server_ms.map(|server_ms| Self::dated(server_ms, took_ms, Some(total))))
    }
}

/// The server as it was when the listing began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// How many accounts there were.
    pub count: Count,
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
        let requests = [api::me(), api::count_everyone(), api::config(), api::license()];
        let [me, count, config, license] = exchange(network, requests);
        let answer = Answer::of(&me)?;
        let me = api::read_me(&me)?;
        let config = api::read_map(&config)?;
        let license = api::read_map(&license)?;
        // The server answers all else, so a count that fails is too much for it: it only proves.
        let (count, count_failed) = match Count::of(&count) {
            Err(failure) if failure.is_of_server() => (None, true),
            count => (count?, false),
        };
        let count =
            count.unwrap_or_else(|| Count::dated(answer.server_ms().unwrap_or_else(|| network.now_ms()), 0, None));
        let version = answer.version().or_else(|| config.get("Version").and_then(Version::parse));
        let roles = exchange_all(network, Rights::ask(&me).into_iter().collect());
        let rights = Rights::of(&me, roles.first())?;
        let hides = |key| !rights.see_past_privacy() && config.get(key) == Some("false");
        let hidden = Hidden {
            emails: hides("ShowEmailAddress"),
            names: hides("ShowFullName"),
            activity: config.get("EnableUserStatuses") == Some("false"),
            teams: rights.teams() == Teams::Some,
            teams_unsure: rights.teams() == Teams::Unsure,
            others: !rights.see_everybody(version),
            count_failed,
        };
        Ok(Self { count, edition: Edition::of(&license), version, hidden })
    }
}
