//! A real nginx in front of the server, as most installations have one.

use std::collections::BTreeMap;
use std::sync::Arc;

use end_to_end::nginx::{NAME, Nginx, Setup};
use end_to_end::{connect, list, settings, shared_provider, simulator};
use mattermost_simulator::{ChangeKind, Config, Simulator};
use provider_host::checkpoint::{Checkpoints, Kept, MemoryCheckpoints};
use provider_host::model::{CheckOutcome, CheckReport, User};
use provider_host::{Access, Egress, EgressOptions, End, ListingOptions, Proxy, Session, SyncOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

type Table = BTreeMap<String, User>;

/// How a client comes to nginx.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    /// On the same machine.
    Here,
    /// By a name, through a forward proxy that digs a tunnel. The component asks for compressed answers then.
    Afar,
}

/// A forward proxy that digs tunnels to one port of loopback, whatever name it is asked for.
async fn tunnel_to(port: u16) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await?);
                }
                let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    Proxy::new(&format!("http://{address}")).unwrap()
}

async fn through(nginx: &Nginx, from: From, base: &str, token: &str) -> Session {
    let mut options = EgressOptions::default();
    options.ca_files = vec![nginx.ca_file()];
    let url = match from {
        From::Here => format!("https://localhost:{}{base}", nginx.port()),
        From::Afar => {
            options.proxy = Some(tunnel_to(nginx.port()).await);
            format!("https://{NAME}{base}")
        }
    };
    shared_provider().connect(Access::new(settings(&url, token), Egress::new(options).unwrap())).await.unwrap()
}

/// Everybody by a listing that does not go through nginx.
async fn directly(server: &Simulator) -> Table {
    let session = connect(&server.url(), &server.tokens().admin).await.unwrap();
    let listed = list(session, ListingOptions::default(), 0).await.unwrap();
    assert_eq!(listed.end, End::Complete);
    listed.users
}

/// The steps that did not pass, as `step code`.
fn troubles(report: &CheckReport) -> Vec<String> {
    let failed = report.steps.iter().filter(|step| step.outcome != CheckOutcome::Passed);
    failed.map(|step| format!("{} {}", step.id, step.code.as_deref().unwrap_or_default())).collect()
}

/// Brings the store up to date. Returns what it holds then, and whether everybody was listed for it.
async fn sync(session: Session, store: &Arc<dyn Checkpoints>, name: &str) -> (Table, bool) {
    let options = SyncOptions { limit: 0, whole: false };
    let mut sync = session.sync(options, Arc::clone(store), "tenant").await.unwrap();
    let mut end = None;
    while let Some(step) = sync.next().await {
        end = step.unwrap_or_else(|error| panic!("{name}: {error}")).end;
    }
    assert_eq!(end, Some(End::Complete), "{name}");
    let users = sync.kept(Kept::Latest, None, u32::MAX).await.unwrap();
    (users.into_iter().map(|user| (user.id.clone(), user)).collect(), sync.whole().is_some())
}

const USERS: u32 = 1_234;

#[tokio::test]
async fn check_users_and_sync_work_behind_nginx() {
    let secure = Setup::SECURE;
    let gzip = "gzip on; gzip_proxied any; gzip_types application/json; gzip_min_length 1;";
    let rate = "limit_req_zone $server_name zone=slow:1m rate=100r/s;";
    // A name, the configuration, where the client is, and the subpath.
    let cases = [
        ("HTTP/2", secure, From::Here, ""),
        ("HTTP/2 through a tunnel", secure, From::Afar, ""),
        ("HTTP/1.1", Setup { listen: "ssl", ..secure }, From::Here, ""),
        (
            "answers that nginx compresses",
            Setup { http: gzip, passing: "proxy_set_header Accept-Encoding '';", ..secure },
            From::Afar,
            "",
        ),
        ("a subpath", Setup { location: "/chat/", ..secure }, From::Here, "/chat"),
        ("bodies of a kilobyte at most", Setup { server: "client_max_body_size 1k;", ..secure }, From::Here, ""),
        ("one request at a time", Setup { http: "http2_max_concurrent_streams 1;", ..secure }, From::Here, ""),
        ("connections of three requests", Setup { http: "keepalive_requests 3;", ..secure }, From::Here, ""),
        ("connections of one request", Setup { http: "keepalive_requests 1;", ..secure }, From::Here, ""),
        ("nothing kept by nginx", Setup { passing: "proxy_buffering off;", ..secure }, From::Afar, ""),
        ("bodies passed on as they come", Setup { passing: "proxy_request_buffering off;", ..secure }, From::Here, ""),
        ("small frames", Setup { http: "http2_chunk_size 1k; ssl_buffer_size 1k;", ..secure }, From::Here, ""),
        (
            "so many requests a second",
            Setup { http: rate, passing: "limit_req zone=slow burst=5 nodelay; limit_req_status 429;", ..secure },
            From::Here,
            "",
        ),
        (
            "requests that nginx holds back",
            Setup { http: rate, passing: "limit_req zone=slow burst=50;", ..secure },
            From::Here,
            "",
        ),
    ];
    for (name, setup, from, base) in cases {
        let server = simulator(Config { users: USERS, subpath: base.to_owned(), ..Config::default() }).await;
        let token = server.tokens().admin.clone();
        let nginx = Nginx::start(&server.origin(), setup);
        let session = || through(&nginx, from, base, &token);

        let report = session().await.check().await.unwrap();
        assert_eq!(troubles(&report), [""; 0], "{name}");
        let listed = list(session().await, ListingOptions::default(), 3).await.unwrap();
        assert_eq!((listed.end, listed.users.len()), (End::Complete, 1_234), "{name}: {:?}", listed.notices);
        assert_eq!(listed.users, directly(&server).await, "{name}");

        let store: Arc<dyn Checkpoints> = Arc::new(MemoryCheckpoints::new());
        let (first, _) = sync(session().await, &store, name).await;
        assert_eq!(first, listed.users, "{name}");
        server.change(ChangeKind::Rename { place: 700, username: "zoe".into() }).unwrap();
        server.change(ChangeKind::Create { username: "new".into() }).unwrap();
        let (second, is_whole) = sync(session().await, &store, name).await;
        assert!(!is_whole, "{name}: asked what changed");
        assert_eq!(second, directly(&server).await, "{name}");

        let log = nginx.log();
        let protocol = if setup.listen.contains("http2") { "HTTP/2.0" } else { "HTTP/1.1" };
        assert!(!log.is_empty() && log.iter().all(|access| access.protocol == protocol), "{name}: {log:?}");
        let compressed = log.iter().filter(|access| access.encoding == "gzip").count();
        assert_eq!(compressed > 0, from == From::Afar, "{name}");
        let count = |status: u16| log.iter().filter(|access| access.status == status).count();
        println!(
            "{name}: {} of {} ok, {} 413, {} 429, {} connections, {} errors",
            count(200),
            log.len(),
            count(413),
            count(429),
            log.iter().map(|a| a.connection).collect::<std::collections::BTreeSet<_>>().len(),
            listed.errors.len()
        );
    }
}
