//! Why requests cannot be sent, with stable codes and fixes.

use std::path::PathBuf;

use crate::Origin;
use crate::io_words::io_reason;

/// What every fallible operation of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error behind another, or words if there is none.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What is known of an error beside its text: one row of a crate's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Stable and kebab-case.
    pub code: &'a str,
    /// What an administrator, or the embedder of this library, can do about it.
    pub fix: Option<&'a str>,
    /// Whether the same call may succeed later without any change.
    pub is_retryable: bool,
}

impl<'a> Facts<'a> {
    /// An error that lasts until somebody applies this fix.
    #[must_use]
    pub const fn lasting(code: &'a str, fix: &'a str) -> Self {
        Self { code, fix: Some(fix), is_retryable: false }
    }

    /// An error that may pass by itself.
    #[must_use]
    pub const fn passing(code: &'a str, fix: &'a str) -> Self {
        Self { code, fix: Some(fix), is_retryable: true }
    }
}

/// Gives an error `code`, `fix` and `is_retryable`, from what its method `facts` returns.
#[macro_export]
macro_rules! by_facts {
    ($error:ty) => {
        impl $error {
            /// A stable kebab-case code: the provider's own for an error of the provider, one of this host's otherwise.
            #[must_use]
            pub fn code(&self) -> &str {
                self.facts().code
            }

            /// What an administrator, or the embedder of this library, can do about it.
            #[must_use]
            pub fn fix(&self) -> Option<&str> {
                self.facts().fix
            }

            /// Whether the same call may succeed later without any change.
            #[must_use]
            pub fn is_retryable(&self) -> bool {
                self.facts().is_retryable
            }
        }
    };
}

/// Why a client or a session for requests cannot be opened. The texts are for people and may change; [`Error::code`] is
/// stable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL of a setting has an origin that the platform's policy does not allow.
    #[error("the policy does not let providers reach {}", origin.shown())]
    OriginDenied {
        /// Where the setting leads.
        origin: Origin,
        /// The line of the policy that would allow it.
        line: String,
        /// The same as a sentence.
        fix: String,
    },

    /// A line of a policy is not a valid origin.
    #[error("the line `{line}` of the policy is not usable: {reason}")]
    PolicyUnusable {
        /// The line.
        line: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// A file of certificates cannot be used.
    #[error("the CA file {} cannot be used: {reason}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        reason: Cause,
    },

    /// A forward proxy's configuration is not usable.
    #[error("the proxy is not usable: {reason}")]
    ProxyUnusable {
        /// What is wrong with it; an address with a password in it is not repeated.
        reason: String,
    },

    /// A client's certificate and key cannot be used.
    #[error("the client certificate cannot be used: {reason}")]
    ClientIdentityUnusable {
        /// Which file and why not; no part of the key.
        reason: String,
    },

    /// A header cannot be added to requests.
    #[error("the header `{name}` cannot be added to requests: {reason}")]
    HeaderUnusable {
        /// Its name.
        name: String,
        /// What is wrong with it; the value is not repeated.
        reason: &'static str,
    },

    /// A path leads to a folder, a named pipe or a device.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },

    /// A file cannot be read.
    #[error("{} cannot be read: {}", path.display(), io_reason(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },

    /// The machine's clock is before 1970.
    #[error("the clock of this machine is before 1970")]
    ClockWrong,

    /// The TLS library refuses its own configuration.
    #[error("TLS could not be set up: {0}")]
    Tls(#[source] rustls::Error),
}

crate::by_facts!(Error);

impl Error {
    /// The table of errors.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        let lasting = Facts::lasting;
        match self {
            Self::OriginDenied { fix, .. } => lasting("origin-denied", fix),
            Self::PolicyUnusable { .. } => lasting(
                "policy-unusable",
                "Write the scheme, the host and, unless it is the default, the port, such as https://chat.example.com or https://*.example.com:8443.",
            ),
            Self::CaFile { .. } => lasting(
                "ca-file-unusable",
                "Name a readable PEM file that holds the certificate of the authority that signed the server's certificate.",
            ),
            Self::ProxyUnusable { .. } => lasting(
                "proxy-unusable",
                "Write the proxy's address as http://proxy.example.com:3128, give its user name and password separately, and name the hosts to reach without it.",
            ),
            Self::ClientIdentityUnusable { .. } => lasting(
                "client-identity-unusable",
                "Name two readable PEM files: the certificate followed by those that signed it, and its key without a password.",
            ),
            Self::HeaderUnusable { .. } => lasting(
                "header-unusable",
                "Name a header of the gateway's own, such as x-gateway-key, with a value of one line; the server's own credentials belong in the settings.",
            ),
            Self::NotAFile { .. } => lasting(
                "component-not-a-file",
                "Name a regular file; if the data comes from a pipe, write it to a file first.",
            ),
            Self::Io { .. } => lasting("file-unreadable", "Check that the file exists and that this user may read it."),
            Self::ClockWrong => {
                lasting("clock-wrong", "Set the clock of this machine, by hand or from a time server, and try again.")
            }
            Self::Tls(_) => lasting("runtime-failed", "Report it to the authors of this host with the text above."),
        }
    }
}
