//! The server's version, which decides some of its rules.

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
