//! Who the client is, for servers that ask for its certificate.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::Cause;
use crate::pem_file::read_pem;
use crate::{Error, Result};

/// A certificate and its key, presented to every server that asks for one. `Debug` shows no key.
#[derive(Clone)]
pub struct ClientIdentity(Arc<CertifiedKey>);

impl ClientIdentity {
    /// Reads PEM files: of the certificate, with those that signed it behind it, and of its key without a password.
    ///
    /// # Errors
    /// A file cannot be read or does not hold what it should, or they do not belong together.
    pub fn from_files(certificates: &Path, key: &Path) -> Result<Self> {
        let unusable = |path: &Path, reason: Cause| {
            let reason = format!("{}: {reason}", path.display());
            Error::ClientIdentityUnusable { reason }
        };
        let text = |path: &Path| read_pem(path).map_err(|reason| unusable(path, reason));
        let chain = CertificateDer::pem_slice_iter(&text(certificates)?)
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| unusable(certificates, error.into()))?;
        let own = PrivateKeyDer::from_pem_slice(&text(key)?).map_err(|error| unusable(key, error.into()))?;
        Self::new(chain, own)
    }

    /// The same from text.
    ///
    /// # Errors
    /// A text does not hold what it should, or they do not belong together.
    pub fn from_pem(certificates: &str, key: &SecretString) -> Result<Self> {
        let unusable = |what: &'static str| {
            move |error: pem::Error| Error::ClientIdentityUnusable { reason: format!("{what}: {error}") }
        };
        let chain = CertificateDer::pem_slice_iter(certificates.as_bytes())
            .collect::<std::result::Result<_, _>>()
            .map_err(unusable("the certificates"))?;
        let key = PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes()).map_err(unusable("the key"))?;
        Self::new(chain, key)
    }

    fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self> {
        let unusable = |reason: String| Error::ClientIdentityUnusable { reason };
        if chain.is_empty() {
            return Err(unusable("no certificate in PEM form was found".to_owned()));
        }
        CertifiedKey::from_der(chain, key, &rustls::crypto::ring::default_provider())
            .map(|identity| Self(Arc::new(identity)))
            .map_err(|_| {
                unusable("the key does not belong to the certificate, or its kind is not supported".to_owned())
            })
    }

    pub(crate) fn into_key(self) -> Arc<CertifiedKey> {
        self.0
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientIdentity").field("certificates", &self.0.cert.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn pair() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    #[test]
    fn only_a_certificate_and_its_key_are_an_identity() {
        let ((certificate, key), (_, other_key)) = (pair(), pair());
        let identity = ClientIdentity::from_pem(&certificate, &key.clone().into()).unwrap();
        let shown = format!("{identity:?}");
        assert_eq!(shown, "ClientIdentity { certificates: 1, .. }");
        for (name, certificates, key) in [
            ("no certificate", "", &key),
            ("a key for a certificate", key.as_str(), &key),
            ("a certificate for a key", &certificate, &certificate),
            ("another's key", &certificate, &other_key),
        ] {
            let refused = ClientIdentity::from_pem(certificates, &key.clone().into()).unwrap_err();
            assert_eq!(refused.code(), "client-identity-unusable", "{name}");
            let line_of_key = key.lines().nth(1).unwrap();
            assert!(!format!("{refused} {refused:?}").contains(line_of_key), "{name}: {refused}");
        }
    }

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let data = |name: &str| [env!("CARGO_MANIFEST_DIR"), "testdata", name].iter().collect::<std::path::PathBuf>();
        let identity = |certificate: &str, key: &str| ClientIdentity::from_files(&data(certificate), &data(key));
        assert!(identity("server.pem", "server-key.pem").is_ok());
        for (certificate, key, named) in
            [("none.pem", "server-key.pem", "none.pem"), ("server.pem", "authority.pem", "authority.pem")]
        {
            let refused = identity(certificate, key).unwrap_err();
            assert!(refused.to_string().contains(named), "{refused}");
        }
    }
}
