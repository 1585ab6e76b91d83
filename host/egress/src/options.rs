//! How requests reach servers: what an administrator configures.

use std::path::PathBuf;

use crate::{ClientIdentity, ExtraHeader, Proxy};

/// What requests are sent with. Nothing is read from the environment.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EgressOptions {
    /// PEM files of authorities that are trusted beside the system's.
    pub ca_files: Vec<PathBuf>,
    /// Who this client is, for servers that ask for a certificate.
    pub client_identity: Option<ClientIdentity>,
    /// A forward proxy that everything goes through.
    pub proxy: Option<Proxy>,
    /// Headers that a gateway in front of the servers requires, added to each granted request.
    pub headers: Vec<ExtraHeader>,
}
