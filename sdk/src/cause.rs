//! Why a request got no answer, as reported by the platform.
//!
//! wasi:http's errors do not say why TLS or a forward proxy failed. A platform that knows the reason writes one of
//! these codes, a colon and an explanation into the error's text; [`Lost::explained`](crate::http::Lost::explained)
//! reads them.

/// Declares the causes with their codes.
macro_rules! causes {
    ($($variant:ident = $id:literal, $doc:literal;)*) => {
        /// A reason that a platform reports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Cause {
            $(#[doc = $doc] $variant,)*
        }

        impl Cause {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code: stable and kebab-case.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)*
                }
            }
        }
    };
}

causes! {
    TlsUntrusted = "tls-untrusted", "No trusted authority has signed the server's certificate.";
    TlsChainIncomplete = "tls-chain-incomplete", "The server's certificate chain does not lead to a trusted authority: the server may omit an intermediate certificate.";
    TlsExpired = "tls-expired", "A certificate of the server has expired.";
    TlsNotYetValid = "tls-not-yet-valid", "A certificate of the server is not valid yet.";
    TlsWrongName = "tls-wrong-name", "The server's certificate is for another name.";
    TlsNameMissing = "tls-name-missing", "The server's certificate has no alternative name.";
    TlsWeak = "tls-weak", "A certificate of the server has a weak key or signature.";
    TlsRevoked = "tls-revoked", "The server's certificate has been revoked.";
    TlsCertificateUnusable = "tls-certificate-unusable", "The server's certificate cannot be used for another reason.";
    TlsTooOld = "tls-too-old", "The server's TLS is too old.";
    TlsNotSpoken = "tls-not-spoken", "The port does not speak TLS.";
    TlsFailed = "tls-failed", "TLS failed for another reason.";
    ClientCertificateMissing = "client-certificate-missing", "The server requires a client certificate.";
    ClientCertificateRefused = "client-certificate-refused", "The server refuses the client certificate.";
    ProxyUnreachable = "proxy-unreachable", "The forward proxy cannot be reached.";
    ProxyCredentials = "proxy-credentials", "The forward proxy requires a user name and password.";
    ProxyRefused = "proxy-refused", "The forward proxy refuses the connection.";
    ProxyFailed = "proxy-failed", "The forward proxy could not connect to the server.";
    OpenFilesLimited = "open-files-limited", "The platform may open no more connections.";
    ConnectionLost = "connection-lost", "The connection ended before the answer.";
}

impl Cause {
    /// The cause with this code; `None` if no cause has it.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.id() == id)
    }
}
