//! A real nginx in front of the server, as most installations have one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use end_to_end::nginx::{NAME, Nginx, Setup};
use end_to_end::{Listed, access, connect, list, settings, shared_provider, simulator};
use mattermost_simulator::{ChangeKind, Config, Simulator};
use provider_host::checkpoint::{Checkpoints, Kept, MemoryCheckpoints};
use provider_host::model::{CheckOutcome, CheckReport, User};
use provider_host::{Egress, EgressOptions, End, ListingOptions, Listings as _, Proxy, Session, SyncOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

type Table = BTreeMap<String, User>;

/// How a client reaches nginx.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    /// On the same machine.
    Here,
    /// The same, one request after another. Requests in flight together with the last one of a connection must be sent
    /// again, and how often that happens is random.
    HereInTurn,
    /// By a name, through a tunnel of a forward proxy. The component then asks for compressed answers.
    Afar,
}

/// A forward proxy that opens tunnels to one port of loopback, whatever name is requested.
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
        From::Here | From::HereInTurn => format!("https://localhost:{}{base}", nginx.port()),
        From::Afar => {
            options.proxy = Some(tunnel_to(nginx.port()).await);
            format!("https://{NAME}{base}")
        }
    };
    let mut settings = settings(&url, token);
    if from == From::HereInTurn {
        settings.set("max_in_flight", "1");
    }
    shared_provider().connect(access(settings, Egress::new(options).unwrap())).await.unwrap()
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
    let options = SyncOptions { limit: 0, full: false };
    let mut sync = session.sync(options, Arc::clone(store), "tenant").await.unwrap();
    let mut end = None;
    while let Some(step) = sync.next().await {
        end = step.unwrap().end;
    }
    assert_eq!(end, Some(End::Complete), "{name}");
    let users = sync.kept(Kept::Latest, None, u32::MAX).await.unwrap();
    (users.into_iter().map(|user| (user.id.clone(), user)).collect(), sync.full_sync_reason().is_some())
}

const USERS: u32 = 1_234;

#[expect(clippy::too_many_lines, reason = "a table of configurations")]
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
        ("connections of three requests", Setup { http: "keepalive_requests 3;", ..secure }, From::HereInTurn, ""),
        ("connections of one request", Setup { http: "keepalive_requests 1;", ..secure }, From::HereInTurn, ""),
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
        let statuses: BTreeSet<_> = log.iter().map(|access| access.status).collect();
        let may_be_refused = setup.passing.contains("429").then_some(429);
        let is_refused = setup.server.contains("body_size").then_some(413);
        let expected = [200].into_iter().chain(is_refused).chain(may_be_refused.filter(|_| statuses.len() > 1));
        assert_eq!(statuses, expected.collect(), "{name}");
    }
}

/// How a listing ends, and its notices; or the error's code.
async fn outcome(session: Session) -> String {
    match list(session, ListingOptions::default(), 0).await {
        Ok(Listed { end, notices, .. }) => {
            let codes: Vec<_> = notices.iter().map(|notice| notice.code.as_str()).collect();
            format!("{end:?} {}", codes.join(" "))
        }
        Err(error) => error.code().to_owned(),
    }
}

#[expect(clippy::too_many_lines, reason = "a table of configurations")]
#[tokio::test]
async fn what_nginx_refuses_has_its_cause_named() {
    let secure = Setup::SECURE;
    let rate = "limit_req_zone $server_name zone=slow:1m rate=1r/m;";
    let hung = Config { latency: Duration::from_secs(3_600), ..Config::default() };
    // What nginx does, the configuration, the first step of a check that did not pass, and how a listing ends. Which of two
    // requests comes first, and passes a limit, is left open.
    let cases = [
        ("forbids", Setup { passing: "deny all;", ..secure }, "mattermost-api gateway-rejected", "gateway-rejected"),
        (
            "wants a password",
            Setup { passing: "auth_basic x; auth_basic_user_file /dev/null;", ..secure },
            "mattermost-api gateway-sign-in",
            "gateway-sign-in",
        ),
        (
            "wants a certificate",
            Setup { server: "ssl_verify_client on; ssl_client_certificate authority.pem;", ..secure },
            "mattermost-api client-certificate-missing",
            "client-certificate-missing",
        ),
        (
            "takes a few requests a minute",
            Setup { http: rate, passing: "limit_req zone=slow; limit_req_status 429;", ..secure },
            "rate-limited",
            "rate-limited",
        ),
        (
            "takes a few requests a minute, and does not say why",
            Setup { http: rate, passing: "limit_req zone=slow;", ..secure },
            "server-unavailable",
            "server-unavailable",
        ),
        (
            "takes no bodies",
            Setup { server: "client_max_body_size 1;", ..secure },
            "activity-visible last-activity-failed",
            "Complete last-activity-failed",
        ),
        (
            "lets nothing but reading through",
            Setup { passing: "limit_except GET { deny all; }", ..secure },
            "activity-visible last-activity-failed",
            "Complete last-activity-failed",
        ),
        (
            "passes another path on",
            Setup { location: "/chat/", ..secure },
            "mattermost-api not-mattermost",
            "not-mattermost",
        ),
        ("hangs up", Setup { passing: "return 444;", ..secure }, "server-reached connection-lost", "connection-lost"),
        (
            "leads elsewhere",
            Setup { passing: "return 302 https://login.example$request_uri;", ..secure },
            "mattermost-api redirected-elsewhere",
            "redirected-elsewhere",
        ),
        (
            "gives up waiting",
            Setup { passing: "proxy_read_timeout 10ms;", ..secure },
            "mattermost-api server-unavailable",
            "server-unavailable",
        ),
    ];
    for (name, setup, step, end) in cases {
        let config = if setup.passing.contains("timeout") { hung.clone() } else { Config::default() };
        let server = simulator(config).await;
        let token = server.tokens().admin.clone();
        let nginx = Nginx::start(&server.origin(), setup);
        let session = || through(&nginx, From::Here, "", &token);
        let report = session().await.check().await.unwrap();
        let first = troubles(&report).into_iter().next().unwrap_or_default();
        assert!(first.ends_with(step), "nginx {name}: {first}");
        assert_eq!(outcome(session().await).await, end, "nginx {name}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_not_blamed_on_the_token() {
    // Nobody listens there.
    let nginx = Nginx::start("http://127.0.0.1:1", Setup::SECURE);
    let report = through(&nginx, From::Here, "", "token").await.check().await.unwrap();
    let step = report.steps.iter().find(|step| step.outcome != CheckOutcome::Passed).unwrap();
    assert_eq!((step.id.as_str(), step.code.as_deref()), ("mattermost-api", Some("server-unavailable")));
    assert!(step.summary.contains("502: it got no usable answer from Mattermost behind it"), "{}", step.summary);
    assert_eq!(outcome(through(&nginx, From::Here, "", "token").await).await, "server-unavailable");
}

#[tokio::test]
async fn a_port_of_nginx_that_wants_tls_says_so() {
    let server = simulator(Config::default()).await;
    let nginx = Nginx::start(&server.origin(), Setup::SECURE);
    let url = format!("http://localhost:{}", nginx.port());
    let report = connect(&url, &server.tokens().admin).await.unwrap().check().await.unwrap();
    assert_eq!(troubles(&report).first().map(String::as_str), Some("mattermost-api https-expected"));
}
