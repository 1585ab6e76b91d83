//! The way through a forward proxy.

use std::sync::Mutex;

use tokio::net::TcpStream;

use super::*;
use crate::{DenialReason, Proxy};

/// What a proxy does with each connection.
#[derive(Clone, Copy)]
enum Manner {
    /// Opens a tunnel to this port of loopback, whatever name is requested; echoes other requests.
    Serves(u16),
    /// Answers with this.
    Answers(&'static str),
}

/// A proxy on loopback, and the heads of the requests that it got.
struct Between {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

async fn between(manner: Manner) -> Between {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let between = Between { port: listener.local_addr().unwrap().port(), heads: Arc::default() };
    let heads = Arc::clone(&between.heads);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(pass_on(stream, manner, Arc::clone(&heads)));
        }
    });
    between
}

async fn pass_on(mut stream: TcpStream, manner: Manner, heads: Arc<Mutex<Vec<String>>>) {
    let mut request = [0; 4096];
    let Ok(size @ 1..) = stream.read(&mut request).await else { return };
    let head = String::from_utf8_lossy(&request[..size]).into_owned();
    heads.lock().unwrap().push(head.clone());
    match manner {
        Manner::Serves(port) if head.starts_with("CONNECT ") => {
            let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
            // Either side may close first.
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
        }
        Manner::Serves(_) => {
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{head}", head.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = stream.read(&mut request).await;
        }
        Manner::Answers(answer) => {
            stream.write_all(answer.as_bytes()).await.unwrap();
            if !answer.is_empty() {
                // A proxy may keep the connection for another try.
                let _ = stream.read(&mut request).await;
            }
        }
    }
}

fn through(port: u16) -> Proxy {
    Proxy::new(&format!("http://127.0.0.1:{port}")).unwrap().credentials("user", &"hunter2".into()).unwrap()
}

fn egress_through(proxy: Proxy) -> Egress {
    let (ca_files, proxy) = (vec![testdata("authority.pem")], Some(proxy));
    Egress::new(EgressOptions { ca_files, proxy, ..EgressOptions::default() }).unwrap()
}

/// `user:hunter2`
const BASIC: &str = "Basic dXNlcjpodW50ZXIy";

#[tokio::test]
async fn https_goes_through_a_tunnel() {
    let server = start(Server::Echoes, Some(acceptor())).await;
    let proxy = between(Manner::Serves(server.port)).await;
    // The certificate is for this address; nothing listens at this port of it.
    let origin = "https://127.0.0.1:1";
    let found =
        get(&mut session(&egress_through(through(proxy.port)), origin), origin, timeouts(LONG, LONG, LONG)).await;
    assert!(found.starts_with("200 GET / HTTP/1.1\r\n") && found.contains("host: 127.0.0.1:1\r\n"), "{found}");
    assert!(!found.contains("proxy") && !found.contains(BASIC), "what the server got: {found}");
    let heads = proxy.heads.lock().unwrap().clone();
    let [head] = &heads[..] else { panic!("{heads:?}") };
    assert!(head.starts_with("CONNECT 127.0.0.1:1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("Proxy-Authorization: {BASIC}\r\n")), "{head}");
}

#[tokio::test]
async fn http_is_passed_on_with_its_whole_address() {
    let proxy = between(Manner::Serves(0)).await;
    // Nobody but the proxy knows this name.
    let origin = "http://chat.invalid";
    let url = format!("{origin}/x?page=b");
    let found = get(&mut session(&egress_through(through(proxy.port)), origin), &url, timeouts(LONG, LONG, LONG)).await;
    assert!(found.starts_with("200 GET http://chat.invalid/x?page=b HTTP/1.1\r\n"), "{found}");
    assert!(found.contains("host: chat.invalid\r\n"), "{found}");
    assert!(found.contains(&format!("proxy-authorization: {BASIC}\r\n")), "{found}");
}

#[tokio::test]
async fn excepted_hosts_are_reached_without_the_proxy() {
    let server = start(Server::Echoes, None).await;
    let proxy = between(Manner::Serves(0)).await;
    let egress = egress_through(through(proxy.port).except(["127.0.0.0/8"]).unwrap());
    let origin = format!("http://127.0.0.1:{}", server.port);
    let found = get(&mut session(&egress, &origin), &origin, timeouts(LONG, LONG, LONG)).await;
    assert!(found.starts_with("200 GET / HTTP/1.1\r\n") && !found.contains(BASIC), "{found}");
    assert_eq!(proxy.heads.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_proxys_refusal_is_reported() {
    let wants = Manner::Answers("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 5\r\n\r\nhello");
    let forbids = Manner::Answers("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    for (name, manner, origin, expect, reason) in [
        (
            "credentials for a tunnel",
            Some(wants),
            "https://chat.invalid",
            "proxy-credentials",
            Some(DenialReason::ProxyCredentials),
        ),
        ("credentials", Some(wants), "http://chat.invalid", "proxy-credentials", Some(DenialReason::ProxyCredentials)),
        ("a tunnel", Some(forbids), "https://chat.invalid", "proxy-refused", Some(DenialReason::Proxy)),
        ("a request, as a server may", Some(forbids), "http://chat.invalid", "403 ", None),
        (
            "to speak HTTP",
            Some(Manner::Answers("no\r\n\r\n")),
            "https://chat.invalid",
            "proxy-refused",
            Some(DenialReason::Proxy),
        ),
        ("to answer", Some(Manner::Answers("")), "https://chat.invalid", "proxy-failed", None),
        ("to be there, for a tunnel", None, "https://chat.invalid", "proxy-unreachable", None),
        ("to be there", None, "http://chat.invalid", "proxy-unreachable", None),
    ] {
        let port = match manner {
            Some(manner) => between(manner).await.port,
            None => start(Server::Absent, None).await.port,
        };
        let mut session = session(&egress_through(through(port)), origin);
        let found = get(&mut session, origin, timeouts(LONG, LONG, LONG)).await;
        assert_eq!(came(&found), expect, "a proxy that refuses {name}: {found}");
        assert_eq!(session.denials().first().map(|denial| denial.reason), reason, "a proxy that refuses {name}");
        assert!(!format!("{:?}", session.denials()).contains("hunter2"));
    }
}

#[tokio::test]
async fn a_proxy_is_not_asked_for_what_it_must_not_reach() {
    let proxy = between(Manner::Serves(0)).await;
    for (host, are_allowed, expect) in [
        ("169.254.169.254", true, "DestinationIpProhibited"),
        ("metadata.google.internal", true, "DestinationIpProhibited"),
        ("2852039166", true, "DestinationIpProhibited"),
        ("10.0.0.1", false, "DestinationIpProhibited"),
        ("localhost", false, "DestinationIpProhibited"),
        // The proxy's own address is a private one, and is dialled in any case.
        ("chat.invalid", false, "200 "),
        ("10.0.0.1", true, "200 "),
    ] {
        let origin = format!("http://{host}");
        let policy = Policy::default().private_addresses(are_allowed);
        let egress = egress_through(through(proxy.port));
        let mut session = Opening { policy, ..Opening::default() }.open(&egress, &origin).unwrap();
        let found = get(&mut session, &origin, timeouts(LONG, LONG, LONG)).await;
        assert!(found.starts_with(expect), "{host}: {found}");
        assert_eq!(session.denials().is_empty(), expect == "200 ", "{host}");
    }
    assert_eq!(proxy.heads.lock().unwrap().len(), 2);
}
