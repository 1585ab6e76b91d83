//! The trait by which a session lists.

use std::future::Future;
use std::sync::Arc;

use provider_sandbox::Session;

use crate::Result;
use crate::checkpoint::{Checkpoints, ListingKey};
use crate::listing::{Listing, ListingOptions, Unfinished};
use crate::sync::{ListingSync, SyncOptions};

/// What a [`Session`] can list: everybody, or what changed since a saved listing.
pub trait Listings: Sized + sealed::Sealed {
    /// Lists every user, each once.
    #[must_use]
    fn listing(self, options: ListingOptions) -> Listing;

    /// Lists every user, each once, and saves the listing in a store under a name, such as a tenant's. Resumes the
    /// listing that an earlier process left unfinished ([`Listing::resumed`]), if there is one.
    ///
    /// # Errors
    /// The store does not work, or somebody else reads this listing.
    fn resume(
        self,
        options: ListingOptions,
        store: Arc<dyn Checkpoints>,
        name: &str,
    ) -> impl Future<Output = Result<Listing>> + Send;

    /// Like [`resume`](Self::resume), but ignores an unfinished listing and starts over. The store drops the unfinished
    /// one when the first step of this one is saved.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume).
    fn restart(
        self,
        options: ListingOptions,
        store: Arc<dyn Checkpoints>,
        name: &str,
    ) -> impl Future<Output = Result<Listing>> + Send;

    /// Brings the listing that a store keeps under a name up to date. Asks the provider what changed, if it can report
    /// that, and otherwise lists everybody. Either way [`ListingSync::next`] returns the differences.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume).
    fn sync(
        self,
        options: SyncOptions,
        store: Arc<dyn Checkpoints>,
        name: &str,
    ) -> impl Future<Output = Result<ListingSync>> + Send;

    /// The key of this session's listing in a store, from the granted description.
    #[must_use]
    fn listing_key(&self, name: &str) -> ListingKey;
}

impl Listings for Session {
    fn listing(self, options: ListingOptions) -> Listing {
        Listing::new(self, options)
    }

    async fn resume(self, options: ListingOptions, store: Arc<dyn Checkpoints>, name: &str) -> Result<Listing> {
        let key = self.listing_key(name);
        Listing::kept_in(self, options, store, key, Unfinished::GoOn).await
    }

    async fn restart(self, options: ListingOptions, store: Arc<dyn Checkpoints>, name: &str) -> Result<Listing> {
        let key = self.listing_key(name);
        Listing::kept_in(self, options, store, key, Unfinished::Drop).await
    }

    async fn sync(self, options: SyncOptions, store: Arc<dyn Checkpoints>, name: &str) -> Result<ListingSync> {
        let key = self.listing_key(name);
        ListingSync::open(self, options, store, key).await
    }

    fn listing_key(&self, name: &str) -> ListingKey {
        ListingKey { name: name.to_owned(), product: self.product().to_owned(), source: self.source().to_owned() }
    }
}

mod sealed {
    /// Only this crate implements `Listings`.
    pub trait Sealed {}

    impl Sealed for provider_sandbox::Session {}
}
