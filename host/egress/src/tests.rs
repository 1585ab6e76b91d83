//! The client against servers that misbehave.

mod audit;
mod denials;
mod ended;
mod http_one;
mod identity;
mod kept;
mod limits;
mod proxy;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use provider_model::RequestSpec;
use provider_testing::samples;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiBody, WasiHttpHooks as _};

use crate::audit::Audit;
use crate::grant::Grant;
use crate::vault::Vault;
use crate::{Egress, EgressOptions, EgressSession, ExtraHeader, Sender, SessionOptions, Turns};
use crate::{Error, Policy, TrafficLimits};

/// What a server does with each request.
#[derive(Clone, Copy)]
enum Server {
    /// Sends this and waits for the next request.
    Sends(&'static str),
    /// Sends this and closes the connection.
    SendsAndCloses(&'static str),
    /// Sends an answer with so many headers of so many bytes.
    SendsHeaders(usize, usize),
    /// Sends the first, and then the second every ten milliseconds, without end.
    Drips(&'static str, &'static str),
    /// Echoes the request.
    Echoes,
    /// Takes requests, and says nothing.
    Silent,
    /// Nobody listens.
    Absent,
}

/// Where a server is, and how many connections it has had.
struct Place {
    port: u16,
    connections: Arc<AtomicUsize>,
}

async fn start(server: Server, tls: Option<TlsAcceptor>) -> Place {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = Place { port: listener.local_addr().unwrap().port(), connections: Arc::default() };
    if matches!(server, Server::Absent) {
        return place;
    }
    let connections = Arc::clone(&place.connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::Relaxed);
            match tls.clone() {
                Some(tls) => drop(tokio::spawn(async move {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, server).await;
                    }
                })),
                None => drop(tokio::spawn(serve(stream, server))),
            }
        }
    });
    place
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, server: Server) {
    let mut request = [0; 4096];
    while let Ok(size @ 1..) = stream.read(&mut request).await {
        let (answer, closes) = match server {
            Server::Sends(answer) => (answer.to_owned(), false),
            Server::SendsAndCloses(answer) => (answer.to_owned(), true),
            Server::SendsHeaders(count, bytes) => {
                (format!("HTTP/1.1 200 OK\r\n{}\r\n", format!("x: {}\r\n", "y".repeat(bytes)).repeat(count)), true)
            }
            Server::Echoes => {
                let text = String::from_utf8_lossy(&request[..size]);
                (format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len()), false)
            }
            Server::Drips(first, drop) => {
                let mut goes_on = stream.write_all(first.as_bytes()).await.is_ok();
                while goes_on {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    goes_on = stream.write_all(drop.as_bytes()).await.is_ok();
                }
                return;
            }
            Server::Silent | Server::Absent => continue,
        };
        // The client may be gone, having had enough.
        let _ = stream.write_all(answer.as_bytes()).await;
        if closes {
            let _ = stream.shutdown().await;
            return;
        }
    }
}

const SHORT: Duration = Duration::from_millis(500);
const LONG: Duration = Duration::from_secs(120);

fn timeouts(connect: Duration, first_byte: Duration, between_bytes: Duration) -> RequestOptions {
    RequestOptions {
        connect_timeout: Some(connect),
        first_byte_timeout: Some(first_byte),
        between_bytes_timeout: Some(between_bytes),
    }
}

/// Sends a request for `url`.
async fn send(
    session: &mut EgressSession,
    request: http::request::Builder,
    body: &'static [u8],
    options: RequestOptions,
) -> Result<http::Response<WasiBody>, HttpError> {
    let body = Full::new(Bytes::from_static(body)).map_err(|never| match never {}).boxed_unsync();
    let request = request.body(body).unwrap();
    let sending = Pin::from(session.send_request(request, Some(options), Box::new(async { Ok(()) })));
    sending.await.map(|(response, _)| response)
}

fn request(method: &str, url: &str) -> http::request::Builder {
    Request::builder().method(method).uri(url).header("host", url.split('/').nth(2).unwrap())
}

/// Sends a request for `url` and returns its status and body, or the name of the error.
async fn get(session: &mut EgressSession, url: &str, options: RequestOptions) -> String {
    match send(session, request("GET", url), b"", options).await {
        Err(error) => format!("{error:?}"),
        Ok(response) => answer_of(response).await,
    }
}

async fn answer_of(response: http::Response<WasiBody>) -> String {
    let (head, body) = response.into_parts();
    match body.collect().await {
        Ok(body) => format!("{} {}", head.status.as_u16(), String::from_utf8_lossy(&body.to_bytes())),
        Err(error) => format!("{} then {error:?}", head.status.as_u16()),
    }
}

/// What a session may be opened with.
struct Opening {
    policy: Policy,
    limits: TrafficLimits,
    audit: Option<Arc<dyn Audit>>,
}

impl Default for Opening {
    fn default() -> Self {
        let limits = TrafficLimits { response_body_bytes: 1000, ..TrafficLimits::default() };
        Self { policy: Policy::default(), limits, audit: None }
    }
}

impl Opening {
    /// Opens a session to the root, /x and the items of an origin.
    fn open(self, egress: &Egress, origin: &str) -> crate::Result<EgressSession> {
        let spec = |(method, path)| RequestSpec { query: vec!["page".into()], ..samples::request(method, path) };
        let specs = [("GET", "/"), ("GET", "/x"), ("POST", "/items/{}")];
        let grant = Grant::new("url", origin, &specs.map(spec), Vec::new()).unwrap();
        let sender = Sender { tenant: "acme".to_owned(), provider: "test".to_owned(), version: "1.2.3".to_owned() };
        let options = SessionOptions {
            grants: vec![grant],
            vault: Vault::default(),
            policy: &self.policy,
            limits: &self.limits,
            turns: Turns::new(&self.limits),
            sender,
            audit: self.audit,
        };
        EgressSession::open(egress.clone(), options)
    }
}

fn session(egress: &Egress, origin: &str) -> EgressSession {
    Opening::default().open(egress, origin).unwrap()
}

fn egress() -> Egress {
    Egress::new(EgressOptions::default()).unwrap()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn each_failure_has_its_code() {
    let quick = timeouts(LONG, SHORT, SHORT);
    let patient = timeouts(LONG, LONG, LONG);
    let cases = [
        ("answers", Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"), patient, "200 hi"),
        ("sends to the end", Server::SendsAndCloses("HTTP/1.1 200 OK\r\n\r\nhi"), patient, "200 hi"),
        (
            "redirects",
            Server::Sends("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"),
            patient,
            "302 ",
        ),
        ("is absent", Server::Absent, patient, "ConnectionRefused"),
        ("is silent", Server::Silent, quick, "HttpResponseTimeout"),
        (
            "pauses",
            Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi"),
            quick,
            "200 then ConnectionReadTimeout",
        ),
        ("closes", Server::SendsAndCloses(""), patient, "ConnectionTerminated"),
        ("speaks something else", Server::SendsAndCloses("220 mail ready\r\n"), patient, "HttpProtocolError"),
        (
            "cuts a body short",
            Server::SendsAndCloses("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi"),
            patient,
            "200 then HttpResponseIncomplete",
        ),
        (
            "cuts a chunk short",
            Server::SendsAndCloses("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhi"),
            patient,
            "200 then HttpResponseIncomplete",
        ),
        (
            "says that it sends too much",
            Server::SendsAndCloses("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n"),
            patient,
            "HttpResponseBodySize(Some(1000))",
        ),
        (
            "sends too many headers",
            Server::SendsHeaders(1000, 1),
            patient,
            "HttpResponseHeaderSectionSize(Some(262144))",
        ),
        (
            "sends too long headers",
            Server::SendsHeaders(10, 100_000),
            patient,
            "HttpResponseHeaderSectionSize(Some(262144))",
        ),
    ];
    for (name, server, options, expect) in cases {
        let place = start(server, None).await;
        let origin = format!("http://127.0.0.1:{}", place.port);
        let egress = egress();
        assert_eq!(
            get(&mut session(&egress, &origin), &format!("{origin}/x"), options).await,
            expect,
            "a server that {name}"
        );
        assert_eq!(egress.requests(), 1, "a server that {name}");
    }
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let text: &'static str = Box::leak(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1001)).into_boxed_str());
    let place = start(Server::SendsAndCloses(text), None).await;
    let origin = format!("http://127.0.0.1:{}", place.port);
    let found = get(&mut session(&egress(), &origin), &origin, timeouts(LONG, LONG, LONG)).await;
    assert_eq!(found, "200 then HttpResponseBodySize(Some(1000))");
}

#[tokio::test]
async fn nothing_is_sent_to_a_link_local_or_metadata_address() {
    let egress = egress();
    for host in ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0", "168.63.129.16"] {
        let origin = format!("http://{host}");
        let found = get(&mut session(&egress, &origin), &format!("{origin}/x"), timeouts(SHORT, SHORT, SHORT)).await;
        assert_eq!(found, "DestinationIpProhibited", "{host}");
    }
    assert_eq!(egress.requests(), 0);
}

#[tokio::test]
async fn nothing_leaves_for_another_origin() {
    let place = start(Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), None).await;
    let port = place.port;
    let egress = egress();
    let mut open = session(&egress, &format!("http://127.0.0.1:{port}"));
    let foreign = [
        format!("https://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://127.0.0.2:{port}/"),
        format!("http://user@127.0.0.1:{port}/"),
        "http://127.0.0.1/".to_owned(),
        format!("http://127.0.0.1.example:{port}/"),
        format!("http://127.0.0.1:{port}/y"),
    ];
    for url in &foreign {
        assert_eq!(get(&mut open, url, timeouts(LONG, LONG, LONG)).await, "HttpRequestDenied", "{url}");
    }
    let own = format!("http://127.0.0.1:{port}/");
    assert_eq!(get(&mut EgressSession::closed(), &own, timeouts(LONG, LONG, LONG)).await, "HttpRequestDenied");
    assert_eq!((egress.requests(), place.connections.load(Ordering::Relaxed)), (0, 0));
    assert_eq!(get(&mut open, &own, timeouts(LONG, LONG, LONG)).await, "200 ");
}

#[tokio::test]
async fn a_name_that_cannot_be_resolved_is_reported() {
    // Longer than a label may be, so that no resolver sends a query.
    let origin = format!("http://{}.invalid", "x".repeat(70));
    let found = get(&mut session(&egress(), &origin), &origin, timeouts(LONG, LONG, LONG)).await;
    assert!(found.starts_with("DnsError"), "{found}");
}

#[tokio::test]
async fn connections_are_used_again() {
    let place = start(Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"), None).await;
    let origin = format!("http://127.0.0.1:{}", place.port);
    let egress = egress();
    for _ in 0..3 {
        // Each listing has a session of its own, and they share the client's connections.
        assert_eq!(get(&mut session(&egress, &origin), &origin, timeouts(LONG, LONG, LONG)).await, "200 hi");
    }
    assert_eq!((egress.requests(), place.connections.load(Ordering::Relaxed)), (3, 1));
}

#[tokio::test]
async fn tenants_share_no_connection() {
    let place = start(Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"), None).await;
    let origin = format!("http://127.0.0.1:{}", place.port);
    for tenant in 1..=3 {
        let egress = egress();
        for _ in 0..2 {
            assert_eq!(get(&mut session(&egress, &origin), &origin, timeouts(LONG, LONG, LONG)).await, "200 hi");
        }
        assert_eq!(place.connections.load(Ordering::Relaxed), tenant);
    }
}

#[tokio::test]
async fn a_gateways_headers_are_added_to_what_a_guest_sends() {
    let place = start(Server::Echoes, None).await;
    let origin = format!("http://127.0.0.1:{}", place.port);
    let header = |name, value: &str| ExtraHeader::new(name, &value.into()).unwrap();
    let headers = vec![header("X-Gateway-Key", "hunter2"), header("x-client", "a b")];
    let egress = Egress::new(EgressOptions { headers, ..EgressOptions::default() }).unwrap();
    let mut session = session(&egress, &origin);
    let own = request("GET", &origin).header("accept", "mine");
    let sent = answer_of(send(&mut session, own, b"", timeouts(LONG, LONG, LONG)).await.unwrap()).await;
    for line in ["x-gateway-key: hunter2\r\n", "x-client: a b\r\n", "accept: mine\r\n"] {
        assert!(sent.contains(line), "{line:?} in {sent}");
    }
    let guess =
        send(&mut session, request("GET", &origin).header("x-gateway-key", "guessed"), b"", timeouts(LONG, LONG, LONG));
    assert!(guess.await.is_err());
}

fn testdata(name: &str) -> std::path::PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "testdata", name].iter().collect()
}

fn acceptor() -> TlsAcceptor {
    acceptor_of(&[])
}

/// One that offers these protocols.
fn acceptor_of(protocols: &[&str]) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(testdata("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(testdata("server-key.pem")).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// The answer, or the code of the host's reason why there was none.
fn came(found: &str) -> &str {
    let explained = found.strip_prefix("InternalError(Some(\"").and_then(|words| words.split_once(": "));
    explained.map_or(found, |(code, _)| code)
}

#[tokio::test]
async fn only_trusted_servers_are_spoken_to() {
    let hi = Server::Sends("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
    let (trusting, doubting) = (vec![testdata("authority.pem")], Vec::new());
    let cases = [
        ("known authority", hi, Some(acceptor()), "127.0.0.1", &trusting, LONG, "200 hi"),
        ("unknown authority", hi, Some(acceptor()), "127.0.0.1", &doubting, LONG, "tls-chain-incomplete"),
        ("another name", hi, Some(acceptor()), "localhost", &trusting, LONG, "tls-wrong-name"),
        (
            "no TLS",
            Server::Sends("HTTP/1.1 400 Bad Request\r\n\r\n"),
            None,
            "127.0.0.1",
            &trusting,
            LONG,
            "tls-not-spoken",
        ),
        ("no handshake", Server::Silent, None, "127.0.0.1", &trusting, SHORT, "ConnectionTimeout"),
    ];
    for (name, server, tls, host, ca_files, connect, expect) in cases {
        let place = start(server, tls).await;
        let origin = format!("https://{host}:{}", place.port);
        let egress = Egress::new(EgressOptions { ca_files: ca_files.clone(), ..EgressOptions::default() }).unwrap();
        let found = get(&mut session(&egress, &origin), &origin, timeouts(connect, LONG, LONG)).await;
        assert_eq!(came(&found), expect, "{name}: {found}");
    }
}

#[test]
fn unusable_ca_files_are_named() {
    for (name, words) in [
        ("no-such-file.pem", "no such file"),
        ("server-key.pem", "no certificate"),
        ("", ""),
        ("../Cargo.toml", "no certificate"),
    ] {
        let path = testdata(name);
        let ca_files = vec![testdata("authority.pem"), path.clone()];
        match Egress::new(EgressOptions { ca_files, ..EgressOptions::default() }) {
            Err(Error::CaFile { path: named, reason }) => {
                assert_eq!(named, path);
                assert!(reason.to_string().contains(words), "{name}: {reason}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}
