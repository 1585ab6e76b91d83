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
            LimitsRoute::Zeroed { counts_guests_apart: self >= Self::new(11, 6) }
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

    /// Whether the client configuration and the licence want `format=old`: always for the licence, before 11.0 for the
    /// configuration.
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
    /// There is no such route.
    Absent,
    /// With 403; with a licence the numbers are zero for everybody, but for the last versions before 11.
    Forbidden {
        /// Whether the numbers are filled in on a licensed server.
        fills_with_license: bool,
    },
    /// With zeros.
    Zeroed {
        /// Whether the answer has the numbers of single-channel guests.
        counts_guests_apart: bool,
    },
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Text that is no version.
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
        assert_eq!(Version::new(11, 6).limits(), LimitsRoute::Zeroed { counts_guests_apart: true });
    }
}
