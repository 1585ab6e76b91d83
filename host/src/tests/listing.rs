//! Listings of small components that are made here.

use provider_testing::component::{Bodies, COMPLETE, HUNDRED_USERS, provider};

use crate::{Access, Egress, EgressOptions, End, ListingOptions, Listings as _, Pool, Sandbox, Session, Settings};

async fn session(bodies: Bodies) -> Session {
    let provider = Sandbox::new(Pool::default()).unwrap().load(&provider(&bodies)).unwrap();
    let egress = Egress::new(EgressOptions::default()).unwrap();
    provider.connect(Access::new(Settings::new(), egress)).await.unwrap()
}

#[tokio::test]
async fn a_listing_gives_each_id_once_and_ends() {
    for (users, expect) in [(COMPLETE, (0, 0)), (HUNDRED_USERS, (1, 99))] {
        let session = session(Bodies { users, ..Bodies::default() }).await;
        let mut listing = session.listing(ListingOptions::default());
        let batch = listing.next().await.unwrap().unwrap();
        assert_eq!((batch.users.len(), batch.repeated.len()), expect);
        assert_eq!(batch.end, Some(End::Complete));
        assert!(listing.next().await.is_none());
        assert_eq!(listing.cursor(), None);
        assert_eq!((listing.progress().users, listing.progress().repeated), (expect.0 as u64, expect.1 as u64));
    }
}

#[tokio::test]
async fn a_listing_goes_on_after_an_error() {
    let session = session(Bodies { users: "unreachable", ..Bodies::default() }).await;
    let mut listing = session.listing(ListingOptions { limit: 0, cursor: Some("here".to_owned()) });
    for _ in 0..3 {
        assert!(listing.next().await.unwrap().is_err());
        assert_eq!(listing.cursor(), Some("here"));
    }
}
