//! How a simulated server is set up.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{Change, Costs, Fault, Memberships, Version};

/// A server to start.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many accounts `GET /users` lists to an administrator, bots and deactivated ones included; at least the seven
    /// that the tokens need.
    pub users: u32,
    /// What the accounts follow from: the same seed gives the same server.
    pub seed: u64,
    /// Which teams there are, and who is in them.
    pub memberships: Memberships,
    /// Which version it plays.
    pub version: Version,
    /// Its licence.
    pub license: LicensePreset,
    /// The path that it lives below: empty, or such as `/company/chat`.
    pub subpath: String,
    /// How long every answer of the API takes, beside the work itself.
    pub latency: Duration,
    /// Whether answers take the time of a real server in addition to the latency; `None` answers as fast as possible.
    pub costs: Option<Costs>,
    /// The rate limiter, off by default as in Mattermost.
    pub rate_limit: Option<RateLimit>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How accounts change while others look.
    pub changes: Vec<Change>,
    /// What ordinary accounts see of others.
    pub privacy: Privacy,
    /// What an administrator has taken from roles: the name of a role, and that of a permission.
    pub withheld: Vec<(&'static str, &'static str)>,
    /// Whether it records when accounts are active.
    pub statuses: Statuses,
    /// The time at which the server starts, in milliseconds since 1970; `None` for the real time. The histories of the
    /// accounts end then, and the server's clock runs from then on: it dates the answers and the changes.
    pub now_ms: Option<i64>,
    /// The port; 0 for a free one.
    pub port: u16,
    /// `FeatureFlags.EnableMattermostEntry`: whether the enterprise build from 11.0 on runs Mattermost Entry where it has
    /// no licence.
    pub entry_without_license: bool,
    /// Set where the licence enforces its seats, which it may from 10.10 on: how many users may come beyond them.
    pub extra_users: Option<u32>,
    /// `GuestAccountsSettings.Enable`.
    pub guest_accounts: bool,
    /// `ServiceSettings.EnableUserAccessTokens`. Where it is off the tokens of persons are refused; those of bots work.
    pub user_access_tokens: bool,
    /// When all tokens expire, in milliseconds since 1970, from 11.9 on; `None` for never.
    pub token_expires_ms: Option<i64>,
    /// `ServiceSettings.MaximumPayloadSizeBytes`; `None` for the version's default.
    pub payload_bytes: Option<usize>,
}

impl Config {
    /// The licence that the server works under, whether it was given one or not.
    pub(crate) fn license_in_force(&self) -> LicensePreset {
        let runs_entry = self.entry_without_license && self.version.runs_entry_by_itself();
        if self.license == LicensePreset::Unlicensed && runs_entry { LicensePreset::Entry } else { self.license }
    }

    /// Whether guests in one channel alone are left out of the seats.
    pub(crate) fn spares_single_channel_guests(&self) -> bool {
        let license = self.license_in_force();
        self.version.counts_single_channel_guests()
            && license.is_licensed()
            && license != LicensePreset::Entry
            && self.guest_accounts
    }

    /// Bytes of a request's body that are accepted.
    pub(crate) fn most_payload_bytes(&self) -> usize {
        self.payload_bytes.unwrap_or_else(|| self.version.payload_bytes())
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            users: 1_000,
            seed: 1,
            memberships: Memberships::default(),
            version: Version::new(11, 6),
            license: LicensePreset::Enterprise,
            subpath: String::new(),
            latency: Duration::ZERO,
            costs: None,
            rate_limit: None,
            faults: Vec::new(),
            changes: Vec::new(),
            privacy: Privacy { show_email: true, show_full_name: true },
            withheld: Vec::new(),
            statuses: Statuses::Enabled,
            now_ms: None,
            port: 0,
            entry_without_license: true,
            extra_users: None,
            guest_accounts: true,
            user_access_tokens: true,
            token_expires_ms: None,
            payload_bytes: None,
        }
    }
}

/// `PrivacySettings`: what accounts without `manage_system` see of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Privacy {
    /// `ShowEmailAddress`.
    pub show_email: bool,
    /// `ShowFullName`.
    pub show_full_name: bool,
}

/// `ServiceSettings.EnableUserStatuses`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statuses {
    /// Statuses are recorded.
    Enabled,
    /// `status/ids` answers with an empty list.
    Disabled,
}

/// `RateLimitSettings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests a second in the long run.
    pub per_second: u32,
    /// Requests that may come at once.
    pub burst: u32,
}

/// A licence that a server may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicensePreset {
    /// The Team Edition build.
    TeamEdition,
    /// The enterprise build without a licence, which from 11.0 on runs Mattermost Entry by itself.
    Unlicensed,
    /// Mattermost Entry.
    Entry,
    /// Professional.
    Professional,
    /// Enterprise.
    Enterprise,
    /// Enterprise Advanced.
    EnterpriseAdvanced,
    /// The older E10.
    E10,
    /// The older E20.
    E20,
    /// An Enterprise trial.
    Trial,
    /// An Enterprise licence that ended a week ago.
    Expired,
    /// A plan that nobody knows.
    Unknown,
}

impl LicensePreset {
    /// Every preset.
    pub const ALL: [Self; 11] = [
        Self::TeamEdition,
        Self::Unlicensed,
        Self::Entry,
        Self::Professional,
        Self::Enterprise,
        Self::EnterpriseAdvanced,
        Self::E10,
        Self::E20,
        Self::Trial,
        Self::Expired,
        Self::Unknown,
    ];

    /// Its name on a command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TeamEdition => "team-edition",
            Self::Unlicensed => "unlicensed",
            Self::Entry => "entry",
            Self::Professional => "professional",
            Self::Enterprise => "enterprise",
            Self::EnterpriseAdvanced => "enterprise-advanced",
            Self::E10 => "e10",
            Self::E20 => "e20",
            Self::Trial => "trial",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for LicensePreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The error for text that does not name a licence preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPreset;

impl fmt::Display for NotAPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a licence is one of ")?;
        let names: Vec<_> = LicensePreset::ALL.iter().map(|preset| preset.as_str()).collect();
        f.write_str(&names.join(", "))
    }
}

impl std::error::Error for NotAPreset {}

impl FromStr for LicensePreset {
    type Err = NotAPreset;

    fn from_str(text: &str) -> Result<Self, NotAPreset> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == text).ok_or(NotAPreset)
    }
}
