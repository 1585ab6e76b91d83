//! The name of a version.

use std::fmt;

use provider_sandbox::Digest;

/// Which version: its own number, and the digest of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VersionName {
    /// The description's version.
    pub version: String,
    /// The sha256 of the component.
    pub digest: Digest,
}

impl fmt::Display for VersionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = self.digest.to_string();
        write!(f, "{} ({})", self.version, digest.get(..12).unwrap_or(&digest))
    }
}
