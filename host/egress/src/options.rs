//! How requests reach servers: what an administrator configures.

use std::path::PathBuf;

use crate::{ClientIdentity, ExtraHeader, Proxy};

/// The options of an HTTP client. Nothing is read from the environment.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EgressOptions {
    /// PEM files of authorities to trust in addition to the system's.
    pub ca_files: Vec<PathBuf>,
    /// The certificate and key for servers that require a client certificate.
    pub client_identity: Option<ClientIdentity>,
    /// A forward proxy for all requests.
    pub proxy: Option<Proxy>,
    /// Headers that a gateway in front of the servers requires, added to each granted request.
    pub headers: Vec<ExtraHeader>,
}
