//! The ways out that companies have: a forward proxy, and limits on requests.

use end_to_end::{connect, list, provider, settings, shared_provider, simulator};
use mattermost_simulator::Config;
use provider_host::{DenialReason, Egress, EgressOptions, End, Error, LimitHit, Limits, ListingOptions, Proxy};
use tokio::net::{TcpListener, TcpStream};

/// A forward proxy on loopback that passes everything on to one server, which is told whole addresses by it.
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
    let session = shared_provider().connect(settings("http://chat.invalid", &token), egress).await.unwrap();
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
async fn a_call_that_sends_too_many_requests_is_told_by_its_limit() {
    let server = simulator(Config::default()).await;
    let mut limits = Limits::default();
    limits.requests_per_call = 3;
    let egress = Egress::new(EgressOptions::default()).unwrap();
    let settings = settings(&server.origin(), &server.tokens().admin);
    let mut session = provider(limits).connect(settings, egress.clone()).await.unwrap();
    let refused = session.list_page(None, 0).await.unwrap_err();
    assert!(matches!(refused, Error::Provider(_)), "the provider's own words: {refused:?}");
    assert_eq!(egress.requests(), 3);
    let denials = session.denials();
    let told: Vec<_> = denials.iter().map(|denial| denial.reason).collect();
    assert!(!told.is_empty() && told.iter().all(|reason| *reason == DenialReason::Limit(LimitHit::RequestsPerCall(3))));
    assert_eq!(denials.first().unwrap().would_allow, "a higher `Limits::requests_per_call`");
}

#[tokio::test]
async fn one_request_at_a_time_is_enough_for_a_listing() {
    let server = simulator(Config::default()).await;
    let mut limits = Limits::default();
    limits.requests_in_flight = 1;
    let egress = Egress::new(EgressOptions::default()).unwrap();
    let settings = settings(&server.origin(), &server.tokens().admin);
    let session = provider(limits).connect(settings, egress).await.unwrap();
    let listed = list(session, ListingOptions::default(), 0).await.unwrap();
    assert_eq!((listed.end, listed.users.len()), (End::Complete, 1_000));
}
