//! What a listing requests before its first page.

use alloc::format;
use alloc::string::String;

use provider_sdk::http::{Answered, Network, Request, exchange, exchange_all};
use provider_sdk::time::{CLOCK_DIFFERENCE_MS, http_date_ms};

use super::super::advice::Holder;
use super::super::api::{self, Answer};
use super::super::code::Code;
use super::super::edition::Edition;
use super::super::failure::{Failure, Meaning as _};
use super::super::rights::{Rights, Teams};
use super::super::version::Version;

/// How long before its answer's `Date` (milliseconds) a server may date an account that it counts only later, beside the
/// time that the request for the count took.
///
/// Mattermost dates an account, hashes the password and inserts the row (server/channels/store/sqlstore/user_store.go),
/// so for a moment an account is dated before the count and not yet counted. Hashing takes less than a second and an
/// insert some milliseconds; five seconds allow for a busy machine. The other five are for clocks: the machine that
/// dates accounts is one of the cluster's, and a proxy writes a `Date` of its own (nginx always does).
pub(in crate::mattermost) const MARGIN_MS: i64 = 10_000;

/// A larger count cannot be right: a listing ends after as many accounts.
const ACCOUNTS_AT_MOST: u32 = 10_000_000;

/// The server's exact number of the accounts that it lists, and the time of that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The server's time in milliseconds since 1970, to the second; the platform's if the server reports none.
    pub server_ms: i64,
    /// An account that is dated before this (milliseconds since 1970) and is listed after the count was counted. `None`
    /// if the server does not report its time: dates then prove nothing.
    pub cutoff_ms: Option<i64>,
    /// How many; `None` if the token may not ask, or the server fails to count.
    pub total: Option<u32>,
}

/// The result of a request for a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counting {
    /// The server counted.
    Counted(Count),
    /// The token may not ask, or the server is too old to count.
    Refused,
    /// The server, or a proxy in front of it, fails at this request, with the reason.
    Failed(Failure),
}

impl Count {
    /// Requests the count, with bots or without.
    ///
    /// # Errors
    /// The server asks to slow down or refuses the token, or the platform does not let the request out.
    pub fn take(bots: bool, network: &mut dyn Network) -> Result<Counting, Failure> {
        Self::ask(api::count_listed(bots), network)
    }

    /// Requests the number of accounts other than bots.
    ///
    /// # Errors
    /// As of [`take`](Self::take).
    pub fn of_people(network: &mut dyn Network) -> Result<Counting, Failure> {
        Self::ask(api::count_people(), network)
    }

    fn ask(request: Request, network: &mut dyn Network) -> Result<Counting, Failure> {
        let [answered] = exchange(network, [request]);
        Self::of(&answered, Moment::of(&answered), network.now_ms())
    }

    /// No count.
    #[must_use]
    pub const fn none(now_ms: i64) -> Self {
        Self { server_ms: now_ms, cutoff_ms: None, total: None }
    }

    /// A count that was requested at this moment or later. If the moment is not known, the platform's time is used as
    /// the server's.
    fn at(moment: Option<Moment>, now_ms: i64, total: Option<u32>) -> Self {
        let Some(Moment { server_ms, took_ms }) = moment else { return Self { total, ..Self::none(now_ms) } };
        // With a clock that is ahead, accounts that were made after the count would seem counted; one that is behind
        // does no harm.
        let is_ahead = server_ms.saturating_sub(now_ms) > CLOCK_DIFFERENCE_MS;
        let from_ms = if is_ahead { now_ms } else { server_ms };
        let cutoff_ms = from_ms.saturating_sub(MARGIN_MS).saturating_sub(i64::from(took_ms));
        Self { server_ms, cutoff_ms: Some(cutoff_ms), total }
    }

    /// The first count of a listing. If only the count fails, the listing goes on without one.
    ///
    /// # Errors
    /// A failure that the listing's other requests have too.
    pub fn first(answered: &Answered, now_ms: i64) -> Result<Counting, Failure> {
        Self::of(answered, Moment::of(answered), now_ms)
    }

    /// Whether an account of this date, which is listed after the count, was surely counted.
    pub(in crate::mattermost) fn surely_has(&self, created_ms: i64) -> bool {
        self.cutoff_ms.is_some_and(|cutoff_ms| created_ms < cutoff_ms)
    }

    /// The count in an answer.
    fn of(answered: &Answered, moment: Option<Moment>, now_ms: i64) -> Result<Counting, Failure> {
        Ok(match api::read_count(answered) {
            // The token's own account counts, so 0 is wrong; and no server holds more than a listing reads.
            Ok(total) if total == 0 || total > ACCOUNTS_AT_MOST => {
                let what = format!("the server counts {total} accounts, which cannot be");
                Counting::Failed(Answer::of(answered)?.impossible(&what))
            }
            Ok(total) => Counting::Counted(Self::at(moment, now_ms, Some(total))),
            Err(failure) if matches!(failure.code, Code::PermissionMissing | Code::RequestRejected) => {
                Counting::Refused
            }
            Err(failure)
                if matches!(
                    failure.code,
                    Code::RateLimited | Code::TokenRefused | Code::MfaRequired | Code::EgressDenied
                ) =>
            {
                return Err(failure);
            }
            // Any other failure concerns this request alone, if the others are answered.
            Err(failure) => Counting::Failed(failure),
        })
    }
}

/// The `Date` of an answer, and how long it took to come.
#[derive(Clone, Copy, Debug)]
struct Moment {
    server_ms: i64,
    took_ms: u32,
}

impl Moment {
    fn of(answered: &Answered) -> Option<Self> {
        let response = answered.outcome.as_ref().ok()?;
        let server_ms = response.header("date").and_then(http_date_ms)?;
        Some(Self { server_ms, took_ms: response.took_ms })
    }
}

/// The server as it was when the listing began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// How many accounts there were.
    pub count: Count,
    /// The edition that it runs.
    pub edition: Edition,
    /// Its version, if it reports one.
    pub version: Option<Version>,
    /// What the token cannot see.
    pub hidden: Hidden,
    /// The id of the token's account; empty in a listing that continues from a cursor.
    pub me: String,
    /// Why the server failed to count its accounts, if it did.
    pub count_failure: Option<Failure>,
    /// What its clock says.
    pub clock: Clock,
    /// Who holds the token, as far as advice depends on it.
    pub holder: Holder,
}

/// What the token cannot see, as the census found it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// E-mail addresses.
    pub emails: bool,
    /// First and last names.
    pub names: bool,
    /// When accounts were last active.
    pub activity: bool,
    /// Teams that do not invite everybody, and who runs them.
    pub teams: bool,
    /// The same, unless such a team comes: the server does not say if the token may see them.
    pub teams_unsure: bool,
    /// Who runs the teams that the token's account is not in.
    pub team_members: bool,
    /// Accounts that share no team or channel with the token's.
    pub others: bool,
    /// Whether the server has a licence.
    pub license: bool,
    /// By which service accounts sign in, and with how many factors.
    pub sign_in: bool,
}

/// The server's clock beside the platform's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The two agree.
    #[default]
    Agrees,
    /// The server's is ahead by so many milliseconds, or behind if the number is negative.
    Ahead(i64),
    /// The server does not report its time.
    Hidden,
}

impl Census {
    /// What a cursor remembers of a census. What was hidden at the beginning is among the findings.
    #[must_use]
    pub fn remembered(count: Count, edition: Edition, version: Option<Version>) -> Self {
        let (hidden, clock, holder) = (Hidden::default(), Clock::default(), Holder::default());
        Self { count, edition, version, hidden, me: String::new(), count_failure: None, clock, holder }
    }

    /// Takes the census. All its requests are answered before the first page is requested. So an account that is
    /// created in between is dated after the census, and is not taken for one that was counted.
    ///
    /// # Errors
    /// The server cannot be reached, refuses the token, or does not answer as Mattermost does.
    pub fn take(bots: bool, network: &mut dyn Network) -> Result<Self, Failure> {
        let mut holder = Holder::Other;
        Self::ask(bots, &mut holder, network).map_err(|failure| failure.held_by(holder))
    }

    fn ask(bots: bool, holder: &mut Holder, network: &mut dyn Network) -> Result<Self, Failure> {
        let requests = [api::me(), api::count_listed(bots), api::config(), api::license()];
        let [me, count, config, license] = exchange(network, requests);
        let (moment, now_ms) = (Moment::of(&me), network.now_ms());
        let answer = Answer::of(&me)?;
        let me = api::read_me(&me)?;
        *holder = Holder::of(&me.roles);
        let config = api::read_map(&config)?;
        let license = api::read_map(&license)?;
        // The count was requested no earlier than `/users/me`, so the time of that answer is used if the count's own
        // has none.
        let counting = Count::of(&count, Moment::of(&count).or(moment), now_ms)?;
        let (count, count_failure) = match counting {
            Counting::Counted(count) => (count, None),
            Counting::Refused => (Count::at(moment, now_ms, None), None),
            Counting::Failed(failure) => (Count::at(moment, now_ms, None), Some(failure)),
        };
        let clock = match moment.map(|moment| moment.server_ms.saturating_sub(now_ms)) {
            None => Clock::Hidden,
            Some(ahead_ms) if ahead_ms.saturating_abs() > CLOCK_DIFFERENCE_MS => Clock::Ahead(ahead_ms),
            Some(_) => Clock::Agrees,
        };
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
            team_members: !rights.see_into_teams(),
            others: !rights.see_everybody(version),
            license: Edition::of(&license) == Edition::Unknown,
            sign_in: !rights.see_past_privacy(),
        };
        Ok(Self {
            count,
            edition: Edition::of(&license),
            version,
            hidden,
            count_failure,
            clock,
            holder: *holder,
            me: me.id,
        })
    }
}
