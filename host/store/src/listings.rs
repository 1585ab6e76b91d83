//! What a session lists.

use std::future::Future;
use std::sync::Arc;

use provider_sandbox::Session;

use crate::Result;
use crate::checkpoint::{Checkpoints, ListingKey};
use crate::listing::{Listing, ListingOptions, Unfinished};
use crate::sync::{ListingSync, SyncOptions};

/// What a [`Session`] lists: everybody, or what has changed since.
pub trait Listings: Sized + sealed::Sealed {
    /// Lists every user, each once.
    #[must_use]
    fn listing(self, options: ListingOptions) -> Listing;

    /// Lists every user, each once, and keeps the listing in a store under a name, such as a tenant's. What an earlier
    /// process has left unfinished goes on ([`Listing::resumed`]); where there is none, a listing begins.
    ///
    /// # Errors
    /// The store does not work, or somebody else reads this listing.
    fn resume(
        self,
        options: ListingOptions,
        store: Arc<dyn Checkpoints>,
        name: &str,
    ) -> impl Future<Output = Result<Listing>> + Send;

    /// Like [`resume`](Self::resume), but begins anew whatever the store holds. An unfinished listing goes when the first
    /// step of this one is saved.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume).
    fn restart(
        self,
        options: ListingOptions,
        store: Arc<dyn Checkpoints>,
        name: &str,
    ) -> impl Future<Output = Result<Listing>> + Send;

    /// Brings the listing that a store keeps under a name up to date: by asking what changed since, where the provider can
    /// report that; otherwise by listing everybody. Either way [`ListingSync::next`] returns what differs.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume).
    fn sync(
        self,
        options: SyncOptions,
        store: Arc<dyn Checkpoints>,
        name: &str,
    ) -> impl Future<Output = Result<ListingSync>> + Send;

    /// What a listing of this session is kept under: by the description that was granted.
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
    /// Nobody else lists.
    pub trait Sealed {}

    impl Sealed for provider_sandbox::Session {}
}
