//! The steps of a check.

/// The steps, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something answers at the URL.
    ServerReached,
    /// It is Mattermost's API.
    MattermostApi,
    /// The server is new enough for everything that the provider reads.
    VersionSupported,
    /// The server sends its time, and it agrees with the platform's.
    ClockAgrees,
    /// The token belongs to an account.
    TokenAccepted,
    /// The token does not end soon.
    TokenLasts,
    /// The token may list accounts.
    UsersVisible,
    /// The token may ask how many there are, so that a listing can be proven complete.
    EveryoneCounted,
    /// E-mail addresses and names are shown.
    ProfilesVisible,
    /// The server shows when accounts were last active.
    ActivityVisible,
    /// The token sees who runs each team.
    TeamsVisible,
    /// The licence is shown with its dates.
    LicenseVisible,
    /// The server answers as many requests as a listing sends.
    PaceAllowed,
}

/// Every step, in order.
pub const STEPS: [Step; 13] = [
    Step::ServerReached,
    Step::MattermostApi,
    Step::VersionSupported,
    Step::ClockAgrees,
    Step::TokenAccepted,
    Step::TokenLasts,
    Step::UsersVisible,
    Step::EveryoneCounted,
    Step::ProfilesVisible,
    Step::ActivityVisible,
    Step::TeamsVisible,
    Step::LicenseVisible,
    Step::PaceAllowed,
];

impl Step {
    /// The step's id in the contract.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::ServerReached => "server-reached",
            Self::MattermostApi => "mattermost-api",
            Self::VersionSupported => "version-supported",
            Self::ClockAgrees => "clock-agrees",
            Self::TokenAccepted => "token-accepted",
            Self::TokenLasts => "token-lasts",
            Self::UsersVisible => "users-visible",
            Self::EveryoneCounted => "everyone-counted",
            Self::ProfilesVisible => "profiles-visible",
            Self::ActivityVisible => "activity-visible",
            Self::TeamsVisible => "teams-visible",
            Self::LicenseVisible => "license-visible",
            Self::PaceAllowed => "pace-allowed",
        }
    }

    /// What the step checks, for a person.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ServerReached => "The server answers",
            Self::MattermostApi => "It is a Mattermost server",
            Self::VersionSupported => "Its version has all that is needed",
            Self::ClockAgrees => "Its clock agrees with the platform's",
            Self::TokenAccepted => "The token is accepted",
            Self::TokenLasts => "The token does not end soon",
            Self::UsersVisible => "Users can be listed",
            Self::EveryoneCounted => "All users can be counted",
            Self::ProfilesVisible => "E-mail addresses and names are shown",
            Self::ActivityVisible => "The last activity is shown",
            Self::TeamsVisible => "All teams are shown",
            Self::LicenseVisible => "The licence is shown",
            Self::PaceAllowed => "The server answers as many requests as a listing sends",
        }
    }
}
