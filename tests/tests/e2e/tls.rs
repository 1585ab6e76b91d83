//! HTTPS with a private authority, as companies run it.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use end_to_end::authority::issue;
use end_to_end::{list, settings, shared_provider, simulator};
use mattermost_simulator::{Config, Simulator};
use provider_host::model::{CheckOutcome, CheckReport};
use provider_host::{Access, Egress, EgressOptions, End, ListingOptions, Session};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A TLS front on loopback that passes everything on to a simulated server.
struct Front {
    url: String,
    ca_file: PathBuf,
    _server: Simulator,
}

async fn front(name: &str) -> (Front, String) {
    let issued = issue(&[name]);
    let chain = vec![CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = simulator(Config::default()).await;
    let token = server.tokens().admin.clone();
    let behind = server.origin().trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                if let (Ok(mut tls), Ok(mut plain)) = (acceptor.accept(stream).await, TcpStream::connect(behind).await)
                {
                    let _ = tokio::io::copy_bidirectional(&mut tls, &mut plain).await;
                }
            });
        }
    });
    let ca_file = std::env::temp_dir().join(format!("provider-host-ca-{}-{port}.pem", std::process::id()));
    std::fs::File::create(&ca_file).unwrap().write_all(issued.authority.as_bytes()).unwrap();
    (Front { url: format!("https://localhost:{port}"), ca_file, _server: server }, token)
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ca_file);
    }
}

async fn session(front: &Front, token: &str, ca_files: Vec<PathBuf>) -> Session {
    let mut options = EgressOptions::default();
    options.ca_files = ca_files;
    shared_provider().connect(Access::new(settings(&front.url, token), Egress::new(options).unwrap())).await.unwrap()
}

fn first_trouble(report: &CheckReport) -> Option<&str> {
    report.steps.iter().find(|step| step.outcome == CheckOutcome::Failed).and_then(|step| step.code.as_deref())
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_given() {
    let (front, token) = front("localhost").await;
    let trusting = session(&front, &token, vec![front.ca_file.clone()]).await;
    let listed = list(trusting, ListingOptions::default(), 0).await.unwrap();
    assert_eq!((listed.end, listed.users.len()), (End::Complete, 1_000));

    let report = session(&front, &token, Vec::new()).await.check().await.unwrap();
    assert_eq!(first_trouble(&report), Some("tls-untrusted"));
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused_as_such() {
    let (front, token) = front("other.example").await;
    let report = session(&front, &token, vec![front.ca_file.clone()]).await.check().await.unwrap();
    assert_eq!(first_trouble(&report), Some("tls-wrong-name"));
}

#[tokio::test]
async fn https_to_a_port_that_speaks_http_is_reported() {
    let server = simulator(Config::default()).await;
    let url = server.origin().replace("http://", "https://");
    let egress = Egress::new(EgressOptions::default()).unwrap();
    let mut session = shared_provider().connect(Access::new(settings(&url, "t"), egress)).await.unwrap();
    assert_eq!(first_trouble(&session.check().await.unwrap()), Some("tls-not-spoken"));
}
