//! Egress as in companies: through a forward proxy, and within limits on requests.

use std::sync::Arc;

use end_to_end::{connect, list, settings, shared_provider, simulator};
use mattermost_simulator::Config;
use provider_host::audit::JsonLines;
use provider_host::{
    Access, DenialReason, Egress, EgressOptions, End, Limits, ListingOptions, Listings as _, Policy, Proxy,
    SandboxError, TrafficLimit,
};
use tokio::net::{TcpListener, TcpStream};

/// A forward proxy on loopback that passes everything on to one server, with whole addresses in the request lines.
async fn proxy_to(server: String) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let server = server.clone();
            tokio::spawn(async move {
                if let Ok(mut server) = TcpStream::connect(server).await {
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
    Proxy::new(&format!("http://{address}")).unwrap()
}

#[tokio::test]
async fn a_listing_goes_through_a_proxy_under_a_name_that_only_it_knows() {
    let server = simulator(Config::default()).await;
    let token = server.tokens().admin.clone();
    let mut options = EgressOptions::default();
    options.proxy = Some(proxy_to(server.origin().trim_start_matches("http://").to_owned()).await);
    let egress = Egress::new(options).unwrap();
    let session =
        shared_provider().connect(Access::new(settings("http://chat.invalid", &token), egress)).await.unwrap();
    let listed = list(session, ListingOptions::default(), 0).await.unwrap();
    assert_eq!((listed.end, listed.users.len()), (End::Complete, 1_000));
}

#[tokio::test]
async fn a_listing_asks_for_nothing_that_is_denied() {
    let server = simulator(Config::default()).await;
    let session = connect(&server.origin(), &server.tokens().admin).await.unwrap();
    let mut listing = session.listing(ListingOptions::default());
    while let Some(batch) = listing.next().await {
        batch.unwrap();
        assert_eq!(listing.denials(), []);
    }
}

#[tokio::test]
async fn a_call_that_sends_too_many_requests_names_the_limit() {
    let server = simulator(Config::default()).await;
    let mut limits = Limits::default();
    limits.requests_per_call = 3;
    let egress = Egress::new(EgressOptions::default()).unwrap();
    let settings = settings(&server.origin(), &server.tokens().admin);
    let mut session = shared_provider().connect(Access::new(settings, egress.clone()).limits(limits)).await.unwrap();
    let refused = session.list_page(None, 0).await.unwrap_err();
    assert!(matches!(refused, SandboxError::Provider(_)), "the provider's own words: {refused:?}");
    assert_eq!(egress.requests(), 3);
    let denials = session.denials();
    let reasons: Vec<_> = denials.iter().map(|denial| denial.reason).collect();
    assert!(
        !reasons.is_empty()
            && reasons.iter().all(|reason| *reason == DenialReason::Limit(TrafficLimit::RequestsPerCall(3)))
    );
    assert_eq!(
        denials.first().unwrap().would_allow,
        "a higher limit `requests_per_call`, which the operator of the platform sets"
    );
}

#[tokio::test]
async fn one_request_at_a_time_is_enough_for_a_listing() {
    let server = simulator(Config::default()).await;
    let mut limits = Limits::default();
    limits.requests_in_flight = 1;
    let egress = Egress::new(EgressOptions::default()).unwrap();
    let settings = settings(&server.origin(), &server.tokens().admin);
    let session = shared_provider().connect(Access::new(settings, egress).limits(limits)).await.unwrap();
    let listed = list(session, ListingOptions::default(), 0).await.unwrap();
    assert_eq!((listed.end, listed.users.len()), (End::Complete, 1_000));
}

#[tokio::test]
async fn the_log_has_each_request_of_a_listing_and_nothing_of_its_users() {
    let server = simulator(Config::default()).await;
    let egress = Egress::new(EgressOptions::default()).unwrap();
    let log = Arc::new(JsonLines::new(Vec::new()));
    let access = Access::new(settings(&server.origin(), &server.tokens().admin), egress.clone())
        .named("acme")
        .audited(Arc::clone(&log) as _);
    let session = shared_provider().connect(access).await.unwrap();
    let listed = list(session, ListingOptions::default(), 0).await.unwrap();
    assert_eq!((listed.end, log.lost()), (End::Complete, 0));
    let log = String::from_utf8(Arc::into_inner(log).unwrap().into_inner()).unwrap();
    assert_eq!(u64::try_from(log.lines().count()).unwrap(), egress.requests());
    for line in log.lines() {
        for part in [r#""tenant":"acme","provider":"mattermost""#, r#""outcome":"answered","status":200"#] {
            assert!(line.contains(part), "{part} in {line}");
        }
        assert!(!line.contains('?') && !line.contains(&server.tokens().admin), "{line}");
    }
    assert!(log.contains(r#""path":"/api/v4/users""#), "{log}");
    for user in listed.users.values() {
        assert!(!log.contains(&user.id), "{}", user.id);
    }
}

#[tokio::test]
async fn a_tenant_is_connected_within_the_policy_alone() {
    let server = simulator(Config::default()).await;
    let (origin, token) = (server.origin(), server.tokens().admin.clone());
    let strict = |lines: &[&str]| Policy::new(lines).unwrap().private_addresses(false);
    for (name, policy, expect) in [
        ("names it", strict(&[&origin]), Ok(None)),
        ("names another", strict(&["https://chat.example.com"]), Err("origin-denied")),
        ("wants public addresses", Policy::default().private_addresses(false), Ok(Some(DenialReason::PrivateAddress))),
    ] {
        let egress = Egress::new(EgressOptions::default()).unwrap();
        let access = Access::new(settings(&origin, &token), egress.clone()).within(policy);
        let reached = match shared_provider().connect(access).await {
            Ok(mut session) => {
                session.check().await.unwrap();
                Ok(session.denials().first().map(|denial| denial.reason))
            }
            Err(error) => Err(error.code().to_owned()),
        };
        assert_eq!(reached, expect.map_err(str::to_owned), "a policy that {name}");
        assert_eq!(egress.requests() == 0, expect != Ok(None), "a policy that {name}");
    }
}
