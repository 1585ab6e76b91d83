//! Whom the client trusts, and who it is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};

use super::ClientIdentity;
use crate::{Error, Result};

/// TLS with the system's authorities and those of the files, as the client that it is given. A system without any is no error: http works without, and
/// an https server is then untrusted.
///
/// # Errors
/// A file cannot be read or holds no certificate.
pub(super) fn config(ca_files: &[PathBuf], identity: Option<ClientIdentity>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for path in ca_files {
        add(&mut roots, path)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Runtime { reason: error.to_string() })?;
    let builder = builder.with_root_certificates(roots);
    Ok(match identity {
        Some(identity) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.into_key()))),
        None => builder.with_no_client_auth(),
    })
}

fn add(roots: &mut RootCertStore, path: &Path) -> Result<()> {
    let unusable = |reason: String| Error::CaFile { path: path.to_owned(), reason };
    let mut found = 0_usize;
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        found = found.saturating_add(1);
    }
    if found == 0 { Err(unusable("it holds no certificate in PEM form".to_owned())) } else { Ok(()) }
}
