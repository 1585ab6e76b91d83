//! A certificate of a private authority, as companies run one.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// A server's certificate, its key and the authority's certificate, each in PEM.
#[derive(Debug)]
pub struct Issued {
    /// What a client trusts.
    pub authority: String,
    /// What the server shows.
    pub certificate: String,
    /// The server's key.
    pub key: String,
}

/// Has a new authority sign a certificate for these names.
///
/// # Panics
/// A name is none.
#[must_use]
#[expect(clippy::panic, reason = "for tests, which cannot go on without it")]
pub fn issue(names: &[&str]) -> Issued {
    try_issue(names).unwrap_or_else(|error| panic!("a certificate for {names:?}: {error}"))
}

fn try_issue(names: &[&str]) -> Result<Issued, rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let names: Vec<_> = names.iter().copied().map(str::to_owned).collect();
    let certificate = CertificateParams::new(names)?.signed_by(&key, &authority)?;
    Ok(Issued { authority: authority.pem(), certificate: certificate.pem(), key: key.serialize_pem() })
}
