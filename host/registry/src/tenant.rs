//! A named configuration of a provider, whatever its version.

use std::sync::Arc;

use provider_model::{CheckReport, License};
use provider_sandbox::{Access, Sandbox};
use provider_store::checkpoint::Checkpoints;
use provider_store::{ListingOptions, SyncOptions};
use tracing::Instrument as _;

use crate::Result;
use crate::call::Call;
use crate::deployment::Deployment;
use crate::enrolled::Enrolled;
use crate::listing::TenantListing;
use crate::sync::TenantSync;
use crate::tenant_access::TenantAccess;

/// A tenant: settings, grants, limits and a client of its own under one name. The version in use serves it. When its last
/// clone is dropped, the registry forgets the tenant and the record of its calls: keep it for as long as you serve the
/// customer.
#[derive(Clone)]
pub struct Tenant {
    pub(crate) state: Arc<Enrolled>,
}

impl Tenant {
    pub(crate) fn new(name: &str, deployment: &Arc<Deployment>, access: Access, sandbox: &Sandbox) -> Result<Self> {
        let mut access = access.named(name).in_turn();
        let slots = sandbox.slots(access.limits.instances);
        let only = access.requests.take();
        loop {
            let lease = deployment.lease();
            // The requests that the version in use describes are granted; a later version gets no more. If the caller
            // gave a list of requests, earlier grants do not widen it.
            let (requests, takes_from) = match &only {
                Some(only) => (Arc::clone(only), lease.generation()),
                None => (lease.added().without(&lease.version().requests), 0),
            };
            let tenant = TenantAccess {
                name: name.to_owned(),
                slots: slots.clone(),
                access: access.clone(),
                requests,
                takes_from,
            };
            // Settings that do not fit the provider fail here, and not in a later call.
            drop(tenant.connect(lease.version(), lease.added())?);
            if let Some(state) = Enrolled::new(tenant, deployment, lease.generation()) {
                return Ok(Self { state });
            }
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.state.name()
    }

    /// Tries the settings out; see [`Session::check`](provider_sandbox::Session::check).
    ///
    /// # Errors
    /// As for [`Session::check`](provider_sandbox::Session::check), or the version is in quarantine.
    pub async fn check(&self) -> Result<CheckReport> {
        let mut call = Call::begin(&self.state, "check").await?;
        let span = call.span();
        let outcome = call.session().check().instrument(span).await;
        call.end(outcome.map_err(Into::into))
    }

    /// Reads the licences; see [`Session::licenses`](provider_sandbox::Session::licenses).
    ///
    /// # Errors
    /// As for [`Session::licenses`](provider_sandbox::Session::licenses), or the version is in quarantine.
    pub async fn licenses(&self) -> Result<Vec<License>> {
        let mut call = Call::begin(&self.state, "get-licenses").await?;
        let span = call.span();
        let outcome = call.session().licenses().instrument(span).await;
        call.end(outcome.map_err(Into::into))
    }

    /// Lists every user, each once, even if the version is switched meanwhile.
    #[must_use]
    pub fn listing(&self, options: ListingOptions) -> TenantListing {
        TenantListing::new(Arc::clone(&self.state), options, None)
    }

    /// The same, kept in a store under the tenant's name; see [`Listings::resume`](provider_store::Listings::resume).
    #[must_use]
    pub fn resume(&self, options: ListingOptions, store: Arc<dyn Checkpoints>) -> TenantListing {
        TenantListing::new(Arc::clone(&self.state), options, Some(store))
    }

    /// Brings the listing that a store keeps under the tenant's name up to date; see [`Listings::sync`](provider_store::Listings::sync).
    #[must_use]
    pub fn sync(&self, options: SyncOptions, store: Arc<dyn Checkpoints>) -> TenantSync {
        TenantSync::new(Arc::clone(&self.state), options, store)
    }
}
