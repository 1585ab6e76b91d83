//! Which of two versions is the older one, by the rules of Semantic Versioning.

use std::cmp::Ordering;

use semver::Version;

/// How a version stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// It comes after the other.
    Newer,
    /// Neither comes after the other: the same text, or texts that differ in what builds add.
    Same,
    /// It comes before the other.
    Older,
    /// At least one of them is not a semantic version.
    Unknown,
}

/// An order of all versions: texts that are not semantic versions come before all others, by their text.
pub(crate) fn order(version: &str, other: &str) -> Ordering {
    match (Version::parse(version), Version::parse(other)) {
        (Ok(version), Ok(other)) => version.cmp_precedence(&other),
        (Ok(_), Err(_)) => Ordering::Greater,
        (Err(_), Ok(_)) => Ordering::Less,
        (Err(_), Err(_)) => version.cmp(other),
    }
}

/// How one version stands to another: by precedence, as <https://semver.org/#spec-item-11> has it.
pub(crate) fn of(version: &str, other: &str) -> Age {
    // A semantic version may replace a text that is not one, and not the other way round.
    if version != other && Version::parse(version).is_err() {
        return Age::Unknown;
    }
    match order(version, other) {
        Ordering::Greater => Age::Newer,
        Ordering::Equal => Age::Same,
        Ordering::Less => Age::Older,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_precedence() {
        let cases = [
            ("1.10.0", "1.9.9", Age::Newer),
            ("1.9.9", "1.10.0", Age::Older),
            ("1.0.0", "1.0.0-rc.1", Age::Newer),
            ("1.0.0-alpha", "1.0.0-alpha.1", Age::Older),
            ("1.0.0-2", "1.0.0-10", Age::Older),
            ("1.0.0", "1.0.0", Age::Same),
            ("1.0.0+b", "1.0.0+a", Age::Same),
            ("", "", Age::Same),
            ("1.0.0", "", Age::Newer),
            ("", "1.0.0", Age::Unknown),
            ("1.0", "1.0.0", Age::Unknown),
            ("newest", "new", Age::Unknown),
        ];
        for (version, other, expect) in cases {
            assert_eq!(of(version, other), expect, "{version} and {other}");
        }
    }

    #[test]
    fn all_texts_of_versions_have_an_order() {
        let mut versions = ["1.10.0", "x", "1.0.0-rc.1", "", "1.9.0", "1.0.0", "1.0"];
        versions.sort_by(|one, other| order(one, other));
        assert_eq!(versions, ["", "1.0", "x", "1.0.0-rc.1", "1.0.0", "1.9.0", "1.10.0"]);
    }
}
