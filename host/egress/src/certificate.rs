//! Whether a server's certificate is trusted, and if it is not, why.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use chrono::DateTime;
use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{X509Name, X509Version};

use crate::cause::{Cause, shown};

/// Names of a certificate that are listed.
const NAMES: usize = 5;

/// Bits of the shortest RSA key that is trusted.
const RSA_BITS: usize = 2_048;

/// Signature algorithms that can be forged by now.
const BROKEN: [(&str, &str); 6] = [
    ("1.2.840.113549.1.1.2", "MD2"),
    ("1.2.840.113549.1.1.4", "MD5"),
    ("1.2.840.113549.1.1.5", "SHA-1"),
    ("1.3.14.3.2.29", "SHA-1"),
    ("1.2.840.10045.4.1", "SHA-1"),
    ("1.2.840.10040.4.3", "SHA-1"),
];

/// Which certificates a client trusts.
#[derive(Clone, Debug)]
pub(crate) struct Trusted {
    /// Authorities.
    pub(crate) roots: RootCertStore,
    /// SHA-256 of each certificate: a server may show one of them as its own, whatever the certificate says of its use.
    pub(crate) exactly: HashSet<Vec<u8>>,
}

impl Trusted {
    /// Nobody.
    pub(crate) fn nobody() -> Self {
        Self { roots: RootCertStore::empty(), exactly: HashSet::new() }
    }

    /// Trusts a certificate, as an authority's and as a server's own.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn add(&mut self, certificate: CertificateDer<'_>) -> Result<(), Error> {
        let own = fingerprint(&certificate);
        self.roots.add(certificate.into_owned())?;
        self.exactly.insert(own);
        Ok(())
    }
}

fn fingerprint(certificate: &[u8]) -> Vec<u8> {
    digest(&SHA256, certificate).as_ref().to_vec()
}

/// Checks the certificates of servers, and says what is wrong with one.
pub(crate) struct Verifier {
    trusted: Arc<Trusted>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(crate) const fn new(trusted: Arc<Trusted>, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { trusted, algorithms }
    }

    /// Chain, dates and name, as the TLS library checks them.
    fn check(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(own)?;
        let is_signed =
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.trusted.roots, others, now, self.algorithms.all);
        if let Err(error) = is_signed
            && !(self.trusted.exactly.contains(&fingerprint(own)) && is_in_force(own, now))
        {
            return Err(error);
        }
        verify_server_name(&parsed, name)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("trusted", &self.trusted.roots.len()).finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let cause = match self.check(own, others, name, now) {
            // The handshake would fail on it, with less to say.
            Ok(()) => parse_x509_certificate(own).ok().and_then(|(_, own)| weak_key("the server's certificate", &own)),
            Err(error) => Some(why(error, own, others, name, &self.trusted.roots)),
        };
        match cause {
            None => Ok(ServerCertVerified::assertion()),
            // On its way through the TLS library.
            Some(cause) => Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(cause))))),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, own, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, own, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn is_in_force(own: &[u8], now: UnixTime) -> bool {
    let Ok((_, own)) = parse_x509_certificate(own) else { return false };
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    (own.validity.not_before.timestamp()..=own.validity.not_after.timestamp()).contains(&now)
}

/// What a server showed, as far as it can be read.
struct Shown<'c> {
    own: X509Certificate<'c>,
    others: Vec<X509Certificate<'c>>,
}

impl Shown<'_> {
    fn all(&self) -> impl Iterator<Item = (String, &X509Certificate<'_>)> {
        let others = self.others.iter().map(|other| (format!("the certificate of “{}”", named(&other.subject)), other));
        std::iter::once(("the server's certificate".to_owned(), &self.own)).chain(others)
    }

    /// The certificate whose validity begins or ends then.
    fn dated(&self, when: i64) -> String {
        let found = self.all().find(|(_, certificate)| {
            let validity = &certificate.validity;
            [validity.not_before.timestamp(), validity.not_after.timestamp()].contains(&when)
        });
        found.map_or_else(|| "a certificate of the server's chain".to_owned(), |(who, _)| who)
    }

    /// The last certificate of those that sign each other, from the server's own on.
    fn last(&self) -> &X509Certificate<'_> {
        let mut last = &self.own;
        // No chain is longer than what was sent.
        for _ in 0..self.others.len() {
            let above = |other: &&X509Certificate<'_>| {
                other.subject.as_raw() == last.issuer.as_raw() && other.subject.as_raw() != last.subject.as_raw()
            };
            match self.others.iter().find(above) {
                Some(above) => last = above,
                None => break,
            }
        }
        last
    }
}

/// Why a certificate is not trusted.
fn why(
    error: Error,
    own: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    roots: &RootCertStore,
) -> Cause {
    let Error::InvalidCertificate(error) = error else {
        return Cause::new("tls-failed", "the server's certificate could not be checked");
    };
    let Ok((_, own)) = parse_x509_certificate(own) else {
        return Cause::new("tls-certificate-unusable", "the server's certificate is damaged: it cannot be read");
    };
    let others = others.iter().filter_map(|other| Some(parse_x509_certificate(other).ok()?.1)).collect();
    let shown = Shown { own, others };
    let date = |time: UnixTime| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other errors are of what the server should not show")]
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            let who = shown.dated(date(not_after));
            Cause::new("tls-expired", format!("{who} expired on {}", day(date(not_after))))
        }
        CertificateError::Expired => Cause::new("tls-expired", "the server's certificate has expired"),
        CertificateError::NotValidYetContext { not_before, .. } => {
            let who = shown.dated(date(not_before));
            Cause::new("tls-not-yet-valid", format!("{who} is not valid before {}", day(date(not_before))))
        }
        CertificateError::NotValidYet => Cause::new("tls-not-yet-valid", "the server's certificate is not valid yet"),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            of_names(&shown.own, name)
        }
        CertificateError::UnknownIssuer => of_issuer(&shown, roots),
        CertificateError::Revoked => Cause::new("tls-revoked", "the server's certificate has been revoked"),
        CertificateError::BadSignature | CertificateError::UnsupportedSignatureAlgorithmContext { .. } => {
            of_signatures(&shown)
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => Cause::new(
            "tls-certificate-unusable",
            "the server's certificate is made for another purpose than a server's, such as signing or a client",
        ),
        _ if shown.own.version == X509Version::V1 => Cause::new(
            "tls-certificate-unusable",
            "the server's certificate has the old form X.509 version 1, which cannot name the host that it is for",
        ),
        _ if is_self_signed(&shown.own) => of_issuer(&shown, roots),
        _ if shown.own.is_ca() => Cause::new(
            "tls-certificate-unusable",
            "the server shows an authority's certificate (CA:TRUE) instead of one of its own",
        ),
        _ => Cause::new("tls-certificate-unusable", "the server's certificate breaks a rule for certificates"),
    }
}

fn is_self_signed(certificate: &X509Certificate<'_>) -> bool {
    certificate.issuer.as_raw() == certificate.subject.as_raw()
}

/// None of the authorities has signed what the server shows.
fn of_issuer(shown: &Shown<'_>, roots: &RootCertStore) -> Cause {
    let last = shown.last();
    let issuer = named(&last.issuer);
    if roots.is_empty() {
        let words =
            "this machine trusts no authority at all: its list of authorities (package ca-certificates) is missing";
        return Cause::new("tls-untrusted", words);
    }
    if is_self_signed(&shown.own) {
        return Cause::new(
            "tls-untrusted",
            format!("the server's certificate is self-signed by “{issuer}” and not trusted"),
        );
    }
    if shown.others.is_empty() {
        let words = format!(
            "the server's certificate is signed by “{issuer}”, which is not trusted here, and the server sends no intermediate certificate"
        );
        return Cause::new("tls-chain-incomplete", words);
    }
    Cause::new(
        "tls-untrusted",
        format!("the server's certificate leads to the authority “{issuer}”, which is not trusted"),
    )
}

/// A signature in the chain does not hold, or not by today's standards.
fn of_signatures(shown: &Shown<'_>) -> Cause {
    for (who, certificate) in shown.all() {
        let algorithm = certificate.signature_algorithm.algorithm.to_id_string();
        if let Some((_, broken)) = BROKEN.iter().find(|(id, _)| *id == algorithm) {
            return Cause::new("tls-weak", format!("{who} is signed with {broken}, which can be forged"));
        }
        if let Some(cause) = weak_key(&who, certificate) {
            return cause;
        }
        let bits = certificate.signature_value.data.len().saturating_mul(8);
        if algorithm.starts_with("1.2.840.113549.1.1.") && bits < RSA_BITS {
            let issuer = named(&certificate.issuer);
            let words =
                format!("{who} is signed by “{issuer}” with an RSA key of {bits} bits; {RSA_BITS} is the least");
            return Cause::new("tls-weak", words);
        }
    }
    let last = shown.last();
    let (issuer, algorithm) = (named(&last.issuer), last.signature_algorithm.algorithm.to_id_string());
    Cause::new(
        "tls-untrusted",
        format!(
            "the signature of “{issuer}” (algorithm {algorithm}) cannot be verified: the trusted authority of that name has another key, or the algorithm is not supported"
        ),
    )
}

/// An RSA key that is too short.
fn weak_key(who: &str, certificate: &X509Certificate<'_>) -> Option<Cause> {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) if key.key_size() < RSA_BITS => {
            let bits = key.key_size();
            Some(Cause::new("tls-weak", format!("{who} has an RSA key of {bits} bits; {RSA_BITS} is the least")))
        }
        _ => None,
    }
}

/// The certificate is not for the name in the address.
fn of_names(own: &X509Certificate<'_>, name: &ServerName<'_>) -> Cause {
    let asked = shown(&name.to_str());
    let names: Vec<String> = match own.subject_alternative_name() {
        Ok(Some(names)) => names.value.general_names.iter().filter_map(host).collect(),
        Ok(None) | Err(_) => Vec::new(),
    };
    if names.is_empty() {
        let words = format!(
            "the server's certificate names no host among its alternative names; its common name “{}” alone does not count",
            named(&own.subject)
        );
        return Cause::new("tls-name-missing", words);
    }
    let more = if names.len() > NAMES { " and others" } else { "" };
    let listed = names.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    Cause::new("tls-wrong-name", format!("the server's certificate is for {listed}{more}, and not for {asked}"))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds of names are of no host")]
fn host(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(shown(name)),
        GeneralName::IPAddress(bytes) => match <[u8; 4]>::try_from(*bytes) {
            Ok(four) => Some(std::net::Ipv4Addr::from(four).to_string()),
            Err(_) => <[u8; 16]>::try_from(*bytes).ok().map(|all| std::net::Ipv6Addr::from(all).to_string()),
        },
        _ => None,
    }
}

/// What a person calls the holder of a certificate: its common name, its organisation, or all that it says of itself.
fn named(name: &X509Name<'_>) -> String {
    let first = name.iter_common_name().chain(name.iter_organization()).find_map(|part| part.as_str().ok());
    shown(&first.map_or_else(|| name.to_string(), ToOwned::to_owned))
}

/// A day as a person writes it.
fn day(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0)
        .map_or_else(|| "a day beyond all calendars".to_owned(), |when| when.format("%-d %B %Y, %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    fn read(name: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_file([env!("CARGO_MANIFEST_DIR"), "testdata", name].join("/")).unwrap()
    }

    /// These cannot be served by a server that keeps to today's rules, and so are checked without one.
    #[test]
    fn each_outdated_certificate_has_its_own_cause() {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        for (name, root, expect) in [
            ("sha1.pem", Some("root.pem"), "tls-weak: the server's certificate is signed with SHA-1"),
            ("1024-bits.pem", Some("root.pem"), "tls-weak: the server's certificate has an RSA key of 1024 bits"),
            (
                "signed-by-1024-bits.pem",
                Some("root-of-1024-bits.pem"),
                "tls-weak: the server's certificate is signed by “Small Root” with an RSA key of 1024 bits",
            ),
            ("version-1.pem", Some("root.pem"), "tls-certificate-unusable: the server's certificate has the old form"),
            ("root.pem", None, "tls-untrusted: this machine trusts no authority at all"),
        ] {
            let mut trusted = Trusted::nobody();
            root.into_iter().for_each(|root| trusted.add(read(root)).unwrap());
            let verifier = Verifier::new(Arc::new(trusted), algorithms);
            // 1 January 2027.
            let now = UnixTime::since_unix_epoch(Duration::from_secs(1_798_761_600));
            let host = ServerName::try_from("localhost").unwrap();
            let refused = verifier.verify_server_cert(&read(name), &[], &host, &[], now).unwrap_err();
            let Error::InvalidCertificate(CertificateError::Other(other)) = refused else {
                panic!("{name}: {refused:?}")
            };
            let message = other.0.downcast_ref::<Cause>().unwrap().to_string();
            assert!(message.starts_with(expect), "{name}: {message}");
        }
    }
}
