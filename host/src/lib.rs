//! Loads provider components and runs them within grants and limits.
//!
//! A provider is a WebAssembly component that exports `license-management:provider/provider`
//! (`wit/provider.wit`). This host gives it two clocks and an HTTP client, which makes the requests that the provider
//! describes to the servers of its url settings. It gives nothing else: no files, no environment, no sockets, no random
//! numbers. A provider never sees a secret: it holds a placeholder, and the host puts the value into the headers of those
//! requests.
//!
//! ```no_run
//! use provider_host::{Access, Egress, EgressOptions, ListingOptions, Listings as _, Pool, Sandbox, Settings};
//!
//! # async fn example(token: secrecy::SecretString) -> Result<(), provider_host::Error> {
//! let sandbox = Sandbox::new(Pool::default())?;
//! let provider = sandbox.load_file("provider.wasm".as_ref())?;
//! let mut settings = Settings::new();
//! settings.set("server_url", "https://chat.example.com").set_secret("access_token", token);
//! let session = provider.connect(Access::new(settings, Egress::new(EgressOptions::default())?)).await?;
//! let mut listing = session.listing(ListingOptions::default());
//! while let Some(batch) = listing.next().await {
//!     for user in batch?.users {
//!         println!("{} {}", user.id, user.status);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! With a store of [checkpoint]s, a listing continues where it stopped, even in another process: [`Listings::resume`]. If
//! the provider reports what changed, [`Listings::sync`] updates the listing for a small part of its cost.
//!
//! What it does not do: without such a store it keeps no records; it retries only after a wait that the product asked for;
//! it knows no product.

/// The example of docs/embedding.md, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
mod embedding {}

/// A log of requests.
pub mod audit {
    #[doc(inline)]
    pub use provider_egress::audit::{Audit, Entry, JsonLines, Outcome};
}

/// Stores that keep a listing, so that another process can continue it.
pub mod checkpoint {
    #[doc(inline)]
    pub use provider_store::checkpoint::{
        Checkpoint, Checkpoints, Kept, ListingKey, MemoryCheckpoints, SeenAt, Standing, Step, Verified, Wait,
    };
    #[cfg(feature = "sqlite")]
    #[doc(inline)]
    pub use provider_store::checkpoint::{SqliteCheckpoints, StoredListing, StoredListings};
}

/// The contract's records as plain types, each as `wit/provider.wit` documents it.
pub mod model {
    #[doc(inline)]
    pub use provider_model::{
        ActivityKnowledge, Assignment, Attributes, CheckOutcome, CheckReport, CheckStep, Description, ErrorKind,
        FieldChange, HiddenField, License, ListingState, Notice, ProviderError, Quantity, RequestSpec, SeatUse,
        SecretUse, SettingKind, SettingSpec, Severity, Term, User, UserKind, UserPage, UserStatus,
    };
}

mod error;
#[cfg(test)]
mod tests;

pub use error::{Error, Result};
#[doc(inline)]
pub use provider_egress::{
    ClientIdentity, Denial, DenialReason, Egress, EgressOptions, Error as EgressError, ExtraHeader, Origin, Policy,
    Proxy, TrafficLimit, io_reason,
};
#[doc(inline)]
pub use provider_registry::{
    CanaryReport, Candidate, Config, Error as RegistryError, Event, FieldDifference, HealthPolicy, Objection, Registry,
    SecretSource, SwitchOptions, Switched, Tenant, TenantListing, TenantSync, VersionName, Watch, canary,
    read_secret_file,
};
#[doc(inline)]
pub use provider_sandbox::{
    Access, Bound, Cache, CompilerProcess, ComponentBound, ComponentBounds, Digest, Error as SandboxError, Inspection,
    LimitHit, Limits, ListingLimits, Metadata, Outlet, Pool, Provenance, Provider, PublicKey, Sandbox, Session,
    Settings, Trust, in_words, is_granted as grants_import, read_component, run_compiler, seal, unseal,
};
#[doc(inline)]
pub use provider_store::{
    Batch, ChangedUser, End, Error as StoreError, FullSyncReason, Listing, ListingOptions, ListingSync, Listings,
    Progress, Stall, SyncOptions, SyncProgress, SyncStep,
};
pub use secrecy;
