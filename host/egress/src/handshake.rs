//! The beginning of a secure connection, and why it fails.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error as TlsError, PeerIncompatible, SignatureScheme};
use tower_service::Service;

use crate::cause::Cause;
use crate::connector::{Dialled, Dialler};
use crate::identity::ClientIdentity;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

tokio::task_local! {
    /// Whether the server of the connection that is being made asks for a certificate.
    static ASKED: Arc<AtomicBool>;
}

/// Shows the client's certificate to servers that ask for one, and records that they do.
#[derive(Debug)]
pub(crate) struct Shows(Option<Arc<CertifiedKey>>);

impl Shows {
    pub(crate) fn new(identity: Option<ClientIdentity>) -> Self {
        Self(identity.map(ClientIdentity::into_key))
    }
}

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // Outside of a scope nobody needs this.
        let _ = ASKED.try_with(|asked| asked.store(true, Ordering::Relaxed));
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The versions of HTTP that a connection may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Http {
    /// Whichever the server prefers.
    Any,
    /// HTTP/1.1, for servers that ask for it.
    One,
}

/// Connects, and says what goes wrong before the first request.
#[derive(Clone)]
pub(crate) struct Connector {
    inner: HttpsConnector<Dialler>,
    has_identity: bool,
}

impl Connector {
    pub(crate) fn new(tls: ClientConfig, has_identity: bool, http: Http, dialler: Dialler) -> Self {
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
        let inner = match http {
            Http::Any => builder.enable_all_versions().wrap_connector(dialler),
            Http::One => builder.enable_http1().wrap_connector(dialler),
        };
        Self { inner, has_identity }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Dialled>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let (connecting, has_identity) = (self.inner.call(server), self.has_identity);
        Box::pin(async move {
            let asked = Arc::new(AtomicBool::new(false));
            let connected = ASKED.scope(Arc::clone(&asked), connecting).await;
            connected.map_err(|error| {
                let asks = asked.load(Ordering::Relaxed);
                match in_handshake(error.as_ref(), Client { has_identity, is_asked: asks }) {
                    Some(cause) => cause.into(),
                    None => error,
                }
            })
        })
    }
}

/// What is known of the client's part in a handshake.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    /// It has a certificate.
    pub(crate) has_identity: bool,
    /// The server asks for one.
    pub(crate) is_asked: bool,
}

/// The cause of an error that ended a handshake: one of I/O inside of another, which the TLS connector makes.
fn in_handshake(error: &(dyn std::error::Error + 'static), client: Client) -> Option<Cause> {
    let inner = error.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref::<io::Error>()?;
    if let Some(tls) = inner.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
        return Some(of_tls(tls, client));
    }
    let has_ended = [
        io::ErrorKind::UnexpectedEof,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::BrokenPipe,
    ]
    .contains(&inner.kind());
    has_ended.then(|| {
        let words = "the connection ended during the TLS handshake: the port may not speak TLS, or a firewall closes the connection";
        Cause::new("connection-lost", words)
    })
}

/// What an error of TLS means.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library has dozens, of which these mean something to a person")]
pub(crate) fn of_tls(error: &TlsError, client: Client) -> Cause {
    match error {
        TlsError::InvalidCertificate(CertificateError::Other(other)) => other
            .0
            .downcast_ref::<Cause>()
            .cloned()
            .unwrap_or_else(|| Cause::new("tls-certificate-unusable", "the server's certificate cannot be used")),
        TlsError::InvalidCertificate(_) => {
            Cause::new("tls-failed", "the server does not prove that it has the key of its certificate")
        }
        TlsError::NoCertificatesPresented => Cause::new("tls-failed", "the server shows no certificate"),
        TlsError::AlertReceived(alert) => of_alert(*alert, client),
        TlsError::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled,
        ) => too_old(),
        TlsError::PeerIncompatible(_) => nothing_in_common(),
        TlsError::InvalidMessage(_) => {
            Cause::new("tls-not-spoken", "what listens on the port does not speak TLS (HTTPS)")
        }
        _ => Cause::new("tls-failed", "the server does not keep to the rules of TLS"),
    }
}

fn too_old() -> Cause {
    Cause::new("tls-too-old", "the server speaks neither TLS 1.2 nor TLS 1.3, and older versions are not safe")
}

fn nothing_in_common() -> Cause {
    let words = "the server and this client have no cipher, key exchange or signature in common: the server offers only outdated ones";
    Cause::new("tls-failed", words)
}

/// What the server said when it broke the connection off.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest differ for experts alone, who get the number")]
fn of_alert(alert: AlertDescription, client: Client) -> Cause {
    match alert {
        AlertDescription::ProtocolVersion => too_old(),
        AlertDescription::CertificateRequired => certificate_missing(),
        AlertDescription::HandshakeFailure if client.is_asked && !client.has_identity => certificate_missing(),
        AlertDescription::HandshakeFailure if client.is_asked => {
            certificate_refused("or has no cipher in common with this client")
        }
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => nothing_in_common(),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError
            if client.has_identity =>
        {
            certificate_refused(match alert {
                AlertDescription::CertificateRevoked => "since it has been revoked",
                AlertDescription::CertificateExpired => "since it has expired",
                AlertDescription::UnknownCA => "since it does not know the authority that signed it",
                AlertDescription::UnsupportedCertificate => "since it is of a kind that it does not support",
                _ => "without a reason",
            })
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => certificate_missing(),
        AlertDescription::UnrecognisedName => {
            Cause::new("tls-wrong-name", "the server has no certificate for the name in the address")
        }
        AlertDescription::NoApplicationProtocol => {
            Cause::new("tls-failed", "the server speaks neither HTTP/1.1 nor HTTP/2 on this port")
        }
        _ => {
            let number = u8::from(alert);
            Cause::new("tls-failed", format!("the server aborted the TLS handshake (alert {number})"))
        }
    }
}

fn certificate_missing() -> Cause {
    Cause::new("client-certificate-missing", "the server requires a client certificate, and none was given")
}

fn certificate_refused(why: &str) -> Cause {
    Cause::new("client-certificate-refused", format!("the server refuses the client certificate {why}"))
}

/// The alert in the text of an error that has lost its type, as those of HTTP/2 have.
pub(crate) fn alert_in(text: &str) -> Option<AlertDescription> {
    let (_, name) = text.rsplit_once("received fatal alert: ")?;
    let known = [
        AlertDescription::CertificateRequired,
        AlertDescription::BadCertificate,
        AlertDescription::UnsupportedCertificate,
        AlertDescription::CertificateRevoked,
        AlertDescription::CertificateExpired,
        AlertDescription::CertificateUnknown,
        AlertDescription::UnknownCA,
        AlertDescription::AccessDenied,
        AlertDescription::HandshakeFailure,
        AlertDescription::DecryptError,
    ];
    known.into_iter().find(|alert| name.starts_with(&format!("{alert:?}")))
}
