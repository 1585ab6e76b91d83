//! Servers that ask who the client is.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;

use super::*;
use crate::ClientIdentity;

/// A server that requires a certificate of the authority, and such a certificate with its key.
fn asking() -> (TlsAcceptor, ClientIdentity) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let client = CertificateParams::new(vec!["client".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let identity = ClientIdentity::from_pem(&client.pem(), &key.serialize_pem().into()).unwrap();

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider)).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![CertificateDer::from_pem_file(testdata("server.pem")).unwrap()],
            PrivateKeyDer::from_pem_file(testdata("server-key.pem")).unwrap(),
        )
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), identity)
}

#[tokio::test]
async fn only_a_client_with_its_certificate_is_let_in() {
    let ((acceptor, identity), (_, stranger)) = (asking(), asking());
    for (name, client_identity, expect) in [
        ("its own", Some(identity), "200 hi"),
        ("none", None, "client-certificate-missing"),
        ("another authority's", Some(stranger), "client-certificate-refused"),
    ] {
        let hi = Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
        let place = start(hi, Some(acceptor.clone())).await;
        let origin = format!("https://127.0.0.1:{}", place.port);
        let ca_files = vec![testdata("authority.pem")];
        let egress = Egress::new(EgressOptions { ca_files, client_identity, ..EgressOptions::default() }).unwrap();
        let found = get(&mut session(&egress, &origin), &origin, timeouts(LONG, LONG, LONG)).await;
        assert_eq!(came(&found), expect, "{name}: {found}");
    }
}
