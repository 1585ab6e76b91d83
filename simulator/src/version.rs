//! The versions of Mattermost, and in what they differ. Everything that depends on a version is decided here.

use std::fmt;
use std::str::FromStr;

/// A version such as 11.6.0. Ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
    /// The third number.
    pub patch: u16,
}

impl Version {
    /// The version `major.minor.0`.
    #[must_use]
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor, patch: 0 }
    }

    /// Whether answers have the shape of the recorded 11.6 and not that of the recorded 7.6. Where between them each
    /// difference came is not known; all are put at 8.0. Before: `auth_data` is always there and empty, listed accounts
    /// have no `notify_props` and local ones no `remote_id`, roles are not checked, `status/ids` answers an id as often
    /// as it was requested and has no separate error for a body that is not JSON, the ping does not name the search
    /// backend, the configuration does not name `EnableUserStatuses`, deactivated bots are among the inactive users of the
    /// analytics, and answers lack the headers that are meant for
    /// browsers.
    pub(crate) fn has_new_shape(self) -> bool {
        self >= Self::new(8, 0)
    }

    /// Whether accounts are listed and counted by filters: from 5.26 on. Before, `active`, `inactive`, `role`, `roles`
    /// and `team_roles` are ignored, and `/users/stats/filtered` is not a route.
    pub(crate) fn has_filters(self) -> bool {
        self >= Self::new(5, 26)
    }

    /// Whether `/users/known` exists: from 5.23 on.
    pub(crate) fn has_known(self) -> bool {
        self >= Self::new(5, 23)
    }

    /// Whether the report can be asked for those in no team: from 9.6 on.
    pub(crate) fn reports_by_team(self) -> bool {
        self >= Self::new(9, 6)
    }

    /// Whether everybody sees the short name of the plan: from about 9.0 on.
    pub(crate) fn shows_plan_to_everybody(self) -> bool {
        self >= Self::new(9, 0)
    }

    /// Whether `/license/load_metric` exists: from 10.8 on.
    pub(crate) fn has_load_metric(self) -> bool {
        self >= Self::new(10, 8)
    }

    /// Whether a licence may have its seats enforced: from 10.10 on.
    pub(crate) fn enforces_seats(self) -> bool {
        self >= Self::new(10, 10)
    }

    /// Whether the enterprise build without a licence runs Mattermost Entry: from 11.0 on.
    pub(crate) fn runs_entry_by_itself(self) -> bool {
        self >= Self::new(11, 0)
    }

    /// Whether guests in one channel alone are counted apart: from 11.6 on.
    pub(crate) fn counts_single_channel_guests(self) -> bool {
        self >= Self::new(11, 6)
    }

    /// Whether personal access tokens may expire: from 11.9 on.
    pub(crate) fn tokens_expire(self) -> bool {
        self >= Self::new(11, 9)
    }

    /// Accounts of connected servers take no seat from about 8.0 on.
    pub(crate) fn leaves_remote_out_of_seats(self) -> bool {
        self >= Self::new(8, 0)
    }

    /// Whether `/reports/users` exists: from 9.5 on.
    pub(crate) fn has_reports(self) -> bool {
        self >= Self::new(9, 5)
    }

    /// Whether viewers may read `/reports/users`: from 9.11 on; before, system administrators alone.
    pub(crate) fn lets_viewers_read_reports(self) -> bool {
        self >= Self::new(9, 11)
    }

    /// How `/limits/server` answers.
    pub(crate) fn limits(self) -> LimitsRoute {
        if self < Self::new(9, 11) {
            LimitsRoute::Absent
        } else if self < Self::new(11, 0) {
            LimitsRoute::Forbidden { fills_with_license: self >= Self::new(10, 10) }
        } else {
            LimitsRoute::Zeroed
        }
    }

    /// The number of users from which on a server without a licence warns, and the one that it does not exceed.
    pub(crate) fn user_limits(self) -> (u32, u32) {
        if self >= Self::new(11, 0) {
            (200, 250)
        } else if self >= Self::new(10, 6) {
            (2_500, 5_000)
        } else {
            (5_000, 11_000)
        }
    }

    /// Whether the client configuration wants `format=old`, as the licence always does: before 11.0.
    pub(crate) fn config_wants_format(self) -> bool {
        self < Self::new(11, 0)
    }

    /// Bytes of a request's body that are accepted by default (`ServiceSettings.MaximumPayloadSizeBytes`).
    pub(crate) fn payload_bytes(self) -> usize {
        if self >= (Self { major: 9, minor: 5, patch: 4 }) { 300_000 } else { 100_000 }
    }
}

/// How `/limits/server` answers callers who may not see its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitsRoute {
    /// The route does not exist.
    Absent,
    /// With 403; with a licence the numbers are zero for everybody, but for the last versions before 11.
    Forbidden {
        /// Whether the numbers are filled in on a licensed server.
        fills_with_license: bool,
    },
    /// With zeros.
    Zeroed,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The error for text that is not a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAVersion;

impl fmt::Display for NotAVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a version is two or three numbers, such as 11.6.0")
    }
}

impl std::error::Error for NotAVersion {}

impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let numbers = text.split('.').map(|part| part.parse::<u16>().map_err(|_| NotAVersion));
        match numbers.collect::<Result<Vec<_>, _>>()?.as_slice() {
            [major, minor] => Ok(Self { major: *major, minor: *minor, patch: 0 }),
            [major, minor, patch] => Ok(Self { major: *major, minor: *minor, patch: *patch }),
            _ => Err(NotAVersion),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        assert_eq!("9.11".parse(), Ok(Version::new(9, 11)));
        assert_eq!("7.6.1".parse::<Version>().map(|version| version.to_string()), Ok("7.6.1".to_owned()));
        for text in ["", "11", "x.y", "1.2.3.4", "1.2.-3"] {
            assert_eq!(text.parse::<Version>(), Err(NotAVersion), "{text}");
        }
        assert!(Version::new(9, 11) < Version::new(10, 0));
    }

    #[test]
    fn versions_differ_as_the_table_says() {
        // Version, remote accounts take no seat, reports, viewers may read them, payload.
        let cases = [
            ("5.37.0", false, false, false, 100_000),
            ("7.6.0", false, false, false, 100_000),
            ("9.5.4", true, true, false, 300_000),
            ("9.11.0", true, true, true, 300_000),
            ("11.6.0", true, true, true, 300_000),
        ];
        for (text, remote, reports, viewers, payload) in cases {
            let version: Version = text.parse().unwrap();
            let got =
                (version.leaves_remote_out_of_seats(), version.has_reports(), version.lets_viewers_read_reports());
            assert_eq!((got, version.payload_bytes()), ((remote, reports, viewers), payload), "{text}");
        }
        assert_eq!(Version::new(9, 5).limits(), LimitsRoute::Absent);
        assert_eq!(Version::new(10, 5).limits(), LimitsRoute::Forbidden { fills_with_license: false });
        assert_eq!(Version::new(10, 11).limits(), LimitsRoute::Forbidden { fills_with_license: true });
        assert_eq!(Version::new(11, 6).limits(), LimitsRoute::Zeroed);
    }
}
