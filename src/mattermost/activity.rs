//! When an account was last used, and the status that follows from it.

use provider_sdk::time::DAY_MS;

use super::wire::{ReportRow, Status};
use crate::contract::{ActivityKnowledge, UserStatus};

/// What is known of an account's last use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// At this instant, in milliseconds since 1970.
    At(i64),
    /// At this instant (milliseconds since 1970, 0 for none) or any later one: after somebody sets a status by hand,
    /// the date no longer changes, whatever they do (`SetStatusOnline` in server/channels/app/platform/status.go).
    AtLeast(i64),
    /// Never.
    Never,
    /// Hidden or not recorded.
    Unknown,
}

impl Activity {
    /// Reads a row of `/users/status/ids`. The server answers for every id: an account that never had a status comes as
    /// offline with an activity of 0. An account whose status was set by hand, or is not offline, has been used even
    /// so.
    #[must_use]
    pub fn of(status: &Status<'_>) -> Self {
        match status.last_activity_at.0 {
            at if at >= 0 && status.manual.0 => Self::AtLeast(at),
            at if at > 0 => Self::At(at),
            0 if status.status.as_str() == "offline" => Self::Never,
            _ => Self::Unknown,
        }
    }

    /// The same in the contract's terms.
    #[must_use]
    pub const fn knowledge(self) -> ActivityKnowledge {
        match self {
            Self::At(_) => ActivityKnowledge::Known,
            Self::Never => ActivityKnowledge::Never,
            Self::AtLeast(_) | Self::Unknown => ActivityKnowledge::Unknown,
        }
    }
}

/// The record that shows the last use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The status that clients report while somebody works with them.
    Status,
    /// The last sign-in.
    Login,
    /// The last message.
    Post,
}

impl Source {
    /// The source's name in an attribute.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Login => "login",
            Self::Post => "post",
        }
    }
}

/// What the report on users says of an account: milliseconds since 1970, 0 for never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    status_ms: i64,
    /// The last sign-in. Servers record it from 9.4 on.
    pub login_ms: i64,
    /// The last message.
    pub post_ms: i64,
}

impl Report {
    /// Reads a row of the report.
    #[must_use]
    pub fn of(row: &ReportRow<'_>) -> Self {
        Self { status_ms: row.last_status_at.0, login_ms: row.last_login.0, post_ms: row.last_post_date.0 }
    }

    /// The latest of the three; the first of those that are equal.
    fn latest(self) -> (i64, Source) {
        let (mut at, mut source) = (self.status_ms, Source::Status);
        for (ms, other) in [(self.login_ms, Source::Login), (self.post_ms, Source::Post)] {
            if ms > at {
                (at, source) = (ms, other);
            }
        }
        (at, source)
    }

    /// The record that shows the last use; `None` if the account was never used.
    #[must_use]
    pub fn source(self) -> Option<Source> {
        Some(self.latest()).filter(|(at, _)| *at > 0).map(|(_, source)| source)
    }

    /// The last use. The report has every account but bots, so an account without any of the three was never used.
    #[must_use]
    pub fn activity(self) -> Activity {
        match self.latest().0 {
            at if at > 0 => Activity::At(at),
            0 => Activity::Never,
            _ => Activity::Unknown,
        }
    }
}

/// When an account was last used, and what the report on users says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub activity: Activity,
    /// The account's row of the report on users, if that was requested.
    pub report: Option<Report>,
}

impl From<Activity> for LastUse {
    fn from(activity: Activity) -> Self {
        Self { activity, report: None }
    }
}

impl From<Report> for LastUse {
    fn from(report: Report) -> Self {
        Self { activity: report.activity(), report: Some(report) }
    }
}

/// After how many days without activity an account is inactive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InactiveAfter {
    days: u16,
}

impl InactiveAfter {
    /// Ninety days: what the System Console's own user report calls long.
    pub const DEFAULT: Self = Self { days: 90 };
    /// A hundred years: a longer threshold makes no sense.
    pub const MAX_DAYS: u16 = 36_500;

    /// A threshold of 1 to [`MAX_DAYS`](Self::MAX_DAYS) days.
    #[must_use]
    pub const fn days(days: u16) -> Option<Self> {
        if days >= 1 && days <= Self::MAX_DAYS { Some(Self { days }) } else { None }
    }

    /// The number of days.
    #[must_use]
    pub const fn as_days(self) -> u16 {
        self.days
    }

    /// The status of an account that was created and deactivated at these instants (milliseconds since 1970, 0 for
    /// never), as seen at `now_ms`.
    #[must_use]
    pub fn status(self, now_ms: i64, created_ms: i64, deactivated_ms: i64, activity: Activity) -> UserStatus {
        if deactivated_ms != 0 {
            return UserStatus::Deactivated;
        }
        let last = match activity {
            // Nobody was active before the account was created: an earlier date does not count.
            Activity::At(at) => at.max(created_ms),
            Activity::Never if created_ms > 0 => created_ms,
            // It is not known how long the account has been idle, so it does not count as inactive.
            Activity::Never | Activity::AtLeast(_) | Activity::Unknown => return UserStatus::Active,
        };
        if last < self.oldest(now_ms) { UserStatus::Inactive } else { UserStatus::Active }
    }

    /// What an earliest date shows at `now_ms`: a recent one shows that the account is in use, an old one shows
    /// nothing.
    #[must_use]
    pub fn settled(self, now_ms: i64, activity: Activity) -> Activity {
        match activity {
            Activity::AtLeast(at) if at >= self.oldest(now_ms) => Activity::At(at),
            Activity::AtLeast(_) => Activity::Unknown,
            Activity::At(_) | Activity::Never | Activity::Unknown => activity,
        }
    }

    /// The earliest last activity (milliseconds since 1970) of an account that is in use.
    fn oldest(self, now_ms: i64) -> i64 {
        now_ms.saturating_sub(i64::from(self.days).saturating_mul(DAY_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_sdk::json;

    #[test]
    fn activity_is_read_from_a_status_row() {
        let cases = [
            (r#"{"status":"offline","manual":false,"last_activity_at":0}"#, Activity::Never),
            (r#"{"status":"offline","manual":true,"last_activity_at":0}"#, Activity::AtLeast(0)),
            (r#"{"status":"away","manual":true,"last_activity_at":0}"#, Activity::AtLeast(0)),
            (r#"{"status":"offline","manual":true,"last_activity_at":5}"#, Activity::AtLeast(5)),
            (r#"{"status":"dnd","manual":true,"last_activity_at":-5}"#, Activity::Unknown),
            (r#"{"status":"online","manual":false,"last_activity_at":0}"#, Activity::Unknown),
            (r#"{"status":"offline","last_activity_at":1795533659513}"#, Activity::At(1_795_533_659_513)),
            (r#"{"status":"offline","last_activity_at":-5}"#, Activity::Unknown),
            ("{}", Activity::Unknown),
        ];
        for (json, expect) in cases {
            assert_eq!(Activity::of(&json::from_slice(json.as_bytes()).unwrap()), expect, "{json}");
        }
    }

    #[test]
    fn the_latest_of_a_report_is_the_last_use() {
        let cases = [
            ("{}", Activity::Never, None),
            (r#"{"last_status_at":5}"#, Activity::At(5), Some(Source::Status)),
            (r#"{"last_status_at":5,"last_login":5}"#, Activity::At(5), Some(Source::Status)),
            (r#"{"last_status_at":5,"last_login":6,"last_post_date":null}"#, Activity::At(6), Some(Source::Login)),
            (r#"{"last_login":6,"last_post_date":7}"#, Activity::At(7), Some(Source::Post)),
            (r#"{"last_status_at":-1}"#, Activity::Never, None),
            (r#"{"last_status_at":-1,"last_login":-1,"last_post_date":-1}"#, Activity::Unknown, None),
        ];
        for (json, activity, source) in cases {
            let report = Report::of(&json::from_slice(json.as_bytes()).unwrap());
            assert_eq!((report.activity(), report.source()), (activity, source), "{json}");
        }
    }

    #[test]
    fn status_follows_activity_and_the_threshold() {
        use Activity::{At, AtLeast, Never, Unknown};
        let now = 1_000 * DAY_MS;
        let ago = |days: i64| now - days * DAY_MS;
        let cases = [
            (ago(500), 0, At(ago(1)), UserStatus::Active),
            (ago(500), 0, At(ago(90)), UserStatus::Active),
            (ago(500), 0, At(ago(90) - 1), UserStatus::Inactive),
            (ago(500), 0, Never, UserStatus::Inactive),
            (ago(10), 0, Never, UserStatus::Active),
            (ago(10), 0, At(5), UserStatus::Active),
            (0, 0, Never, UserStatus::Active),
            (-5, 0, Never, UserStatus::Active),
            (ago(500), 0, AtLeast(ago(380)), UserStatus::Active),
            (ago(500), 0, AtLeast(0), UserStatus::Active),
            (ago(500), 0, Unknown, UserStatus::Active),
            (ago(500), ago(400), At(ago(1)), UserStatus::Deactivated),
            (ago(500), ago(400), Unknown, UserStatus::Deactivated),
            (ago(500), -1, Unknown, UserStatus::Deactivated),
            (ago(500), 0, At(i64::MAX), UserStatus::Active),
        ];
        for (created, deactivated, activity, expect) in cases {
            let got = InactiveAfter::DEFAULT.status(now, created, deactivated, activity);
            assert_eq!(got, expect, "{created} {deactivated} {activity:?}");
        }
    }

    #[test]
    fn an_earliest_date_is_known_while_it_is_recent() {
        use Activity::{At, AtLeast, Never, Unknown};
        let now = 1_000 * DAY_MS;
        let recent = now - 90 * DAY_MS;
        let cases = [
            (AtLeast(recent), At(recent)),
            (AtLeast(recent - 1), Unknown),
            (AtLeast(0), Unknown),
            (Never, Never),
            (At(5), At(5)),
        ];
        for (activity, expect) in cases {
            assert_eq!(InactiveAfter::DEFAULT.settled(now, activity), expect, "{activity:?}");
        }
    }

    #[test]
    fn thresholds_are_bounded() {
        for (days, expect) in [(0, false), (1, true), (36_500, true), (36_501, false)] {
            assert_eq!(InactiveAfter::days(days).is_some(), expect, "{days}");
        }
    }
}
