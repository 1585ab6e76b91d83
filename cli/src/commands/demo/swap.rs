//! Switches to another version while a listing runs.

use std::time::{Duration, Instant};

use provider_host::model::Description;
use provider_host::{
    Access, HealthPolicy, ListingOptions, Provenance, Registry, Sandbox, SwitchOptions, Switched, Tenant,
};
use provider_host::{TenantListing, seal};

use crate::exit::Failure;
use crate::output::words::{count, span};

/// The name of the demo's tenant.
const TENANT: &str = "demo";

/// How many users a step reads: few enough that a small server needs several steps, and the switch happens between two.
const LIMIT: u32 = 250;

/// A version in use, and its bytes, from which the next version is made.
pub(super) struct Stage {
    registry: Registry,
    bytes: Vec<u8>,
    description: Description,
    /// The tenant whose server is read.
    pub(super) tenant: Tenant,
}

/// A switch in the middle of a listing.
pub(super) struct Swap {
    switched: Switched,
    after: u64,
    compiling: Duration,
    switching: Duration,
}

impl Stage {
    /// Loads the component and makes a tenant with this access.
    pub(super) async fn set(sandbox: Sandbox, bytes: Vec<u8>, access: Access) -> Result<Self, Failure> {
        let registry = Registry::new(sandbox, HealthPolicy::default());
        let first = registry.load(bytes.clone()).await?;
        registry.switch(&first, &SwitchOptions::default()).await?;
        let description = first.description().clone();
        let tenant = registry.tenant(TENANT, &description.id, access)?;
        Ok(Self { registry, bytes, description, tenant })
    }

    pub(super) const fn description(&self) -> &Description {
        &self.description
    }

    pub(super) fn listing(&self) -> TenantListing {
        self.tenant.listing(ListingOptions { limit: LIMIT, cursor: None })
    }

    /// Switches to the same provider sealed as another build: a stand-in for its next version.
    pub(super) async fn swap(&self, after: u64) -> Result<Swap, Failure> {
        let provenance = Provenance { revision: Some("a rebuild for the demo".to_owned()), ..Provenance::default() };
        let next = seal(&self.bytes, &self.description, &provenance)?;
        let began = Instant::now();
        let candidate = self.registry.load(next).await?;
        let compiling = began.elapsed();
        let mut options = SwitchOptions::default();
        options.hurry = true;
        let began = Instant::now();
        let switched = self.registry.switch(&candidate, &options).await?;
        Ok(Swap { switched, after, compiling, switching: began.elapsed() })
    }
}

impl Swap {
    /// The switch as one line.
    pub(super) fn line(&self, moves: u32) -> String {
        let from = self.switched.from.as_ref().map(ToString::to_string).unwrap_or_default();
        format!(
            "after {} {from} was replaced by {}, a stand-in for the next version: compiled meanwhile in {}, switched in {} µs; {}",
            count(self.after, "user"),
            self.switched.to,
            span(self.compiling),
            self.switching.as_micros(),
            if moves > 0 { "the listing continued from its cursor" } else { "the listing had ended" },
        )
    }
}
