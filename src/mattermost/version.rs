//! The server's version, on which some of its rules depend.

use core::fmt;

/// A Mattermost version such as 11.6.0. Ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

    /// Reads the version at the beginning of `text`: a plain `11.6.0`, or an `X-Version-Id` header, which goes on with
    /// build number, configuration hash and whether the server is licensed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(str::parse::<u16>);
        let (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch))) = (numbers.next(), numbers.next(), numbers.next())
        else {
            return None;
        };
        Some(Self { major, minor, patch })
    }

    /// Whether `/users` can be narrowed to the administrators of a team, and accounts counted exactly: from 5.26 on. An
    /// older server ignores the filter and lists the whole team.
    #[must_use]
    pub fn filters_by_team_role(self) -> bool {
        self >= Self::new(5, 26)
    }

    /// Whether the server hides some accounts from those without the permission to see all: from 5.16 on, which brought
    /// guests.
    #[must_use]
    pub fn restricts_view(self) -> bool {
        self >= Self::new(5, 16)
    }

    /// Whether the report on users is reliable: from 9.11 on, with its present cursor, and readable by Viewers. It
    /// appeared in 9.5.
    #[must_use]
    pub fn has_user_report(self) -> bool {
        self >= Self::new(9, 11)
    }

    /// Whether a licensed server leaves guests of exactly one channel out of the seats: from 11.6 on
    /// (server/channels/app/limits.go).
    #[must_use]
    pub fn counts_guests_apart(self) -> bool {
        self >= Self::new(11, 6)
    }

    /// Whether personal access tokens can expire: from 11.9 on.
    #[must_use]
    pub fn has_expiring_tokens(self) -> bool {
        self >= Self::new(11, 9)
    }

    /// The largest body of a request that the server accepts by default, less a tenth in case an administrator has
    /// lowered the limit a little (`ServiceSettings.MaximumPayloadSizeBytes`: 100,000 before 9.5.4, 300,000 since).
    #[must_use]
    pub fn body_bytes(self) -> usize {
        if self >= (Self { major: 9, minor: 5, patch: 4 }) { 270_000 } else { 90_000 }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn versions_are_read_from_headers_and_configuration() {
        let cases = [
            ("11.6.0", Some("11.6.0")),
            ("11.6.0.dev.7efba6486e17.false", Some("11.6.0")),
            ("7.6.0.7.6.0.abc.true", Some("7.6.0")),
            ("5.37.10", Some("5.37.10")),
            ("", None),
            ("11.6", None),
            ("dev.1.2", None),
            ("99999999.1.2", None),
        ];
        for (text, expect) in cases {
            assert_eq!(Version::parse(text).map(|v| v.to_string()).as_deref(), expect, "{text}");
        }
        assert!(Version::new(11, 6) > Version::new(9, 11));
    }
}
