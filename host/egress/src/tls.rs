//! TLS: which servers the client trusts, and its own certificate.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::TimeProvider;

use crate::certificate::{Trusted, Verifier};
use crate::error::Cause;
use crate::handshake::Shows;
use crate::identity::ClientIdentity;
use crate::pem_file::read_pem;
use crate::{Error, Result, wall};

/// How long the system's authorities are taken for unchanged. Reading them takes some milliseconds.
const KNOWN_FOR: Duration = Duration::from_secs(60);

/// The system's authorities, as they were read last.
static SYSTEM: Mutex<Option<(Instant, Arc<Trusted>)>> = Mutex::new(None);

/// TLS with the system's authorities and those of the files, as the client that it is given. A system without any is no
/// error: http works without, and an https server is then untrusted.
///
/// # Errors
/// A file cannot be read or holds no certificate.
pub(crate) fn config(ca_files: &[PathBuf], identity: Option<ClientIdentity>) -> Result<ClientConfig> {
    let mut trusted = system();
    for path in ca_files {
        add(Arc::make_mut(&mut trusted), path)?;
    }
    let provider = rustls::crypto::ring::default_provider();
    let verifier = Verifier::new(trusted, provider.signature_verification_algorithms);
    let builder = ClientConfig::builder_with_details(Arc::new(provider), Arc::new(TimeOfDay))
        .with_safe_default_protocol_versions()
        .map_err(Error::Tls)?;
    // The verifier is the usual one; what it adds is why a certificate is refused, and certificates that are trusted as
    // they are.
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    Ok(builder.with_client_cert_resolver(Arc::new(Shows::new(identity))))
}

/// The time at which certificates must be valid. The default of the TLS library would panic before 1970.
#[derive(Debug)]
struct TimeOfDay;

impl TimeProvider for TimeOfDay {
    fn current_time(&self) -> Option<UnixTime> {
        wall::since_1970().map(UnixTime::since_unix_epoch)
    }
}

/// The system's authorities: 100 KB that all clients share, while each has TLS sessions of its own.
fn system() -> Arc<Trusted> {
    let mut known = SYSTEM.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, trusted)) = known.as_ref().filter(|(read, _)| read.elapsed() < KNOWN_FOR) {
        return Arc::clone(trusted);
    }
    let read = read_system();
    let same = known.take().map(|(_, trusted)| trusted).filter(|trusted| trusted.exactly == read.exactly);
    let trusted = same.unwrap_or_else(|| Arc::new(read));
    *known = Some((Instant::now(), Arc::clone(&trusted)));
    trusted
}

fn read_system() -> Trusted {
    let mut read = Trusted::nobody();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // Systems keep certificates that only other programs can read.
        let _ = read.add(certificate);
    }
    read
}

fn add(trusted: &mut Trusted, path: &Path) -> Result<()> {
    let unusable = |reason: Cause| Error::CaFile { path: path.to_owned(), reason };
    let mut found = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(&read_pem(path).map_err(unusable)?) {
        let certificate = certificate.map_err(|error| unusable(error.into()))?;
        trusted.add(certificate).map_err(|_| unusable("it holds a certificate that cannot be read".into()))?;
        found = found.saturating_add(1);
    }
    if found == 0 { Err(unusable("it holds no certificate in PEM form".into())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_share_the_systems_authorities_and_not_those_of_files() {
        let before = system();
        let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "testdata/authority.pem"].iter().collect();
        config(&[file], None).unwrap();
        let after = system();
        assert!(Arc::ptr_eq(&before, &after));
        assert_eq!(after.roots.roots, read_system().roots.roots);
    }
}
