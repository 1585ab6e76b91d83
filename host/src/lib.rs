//! Loads provider components and runs them within grants and limits.
//!
//! A provider is a WebAssembly component that exports `license-management:provider/provider`
//! (`wit/provider.wit`). Here it gets an HTTP client that makes the requests that it describes to the servers of its url
//! settings, two clocks, and nothing else: no files, no environment, no sockets, no random numbers. Secrets it never
//! sees: it holds a placeholder, and the value is put into the headers of those requests on the way out.
//!
//! ```no_run
//! use provider_host::{Egress, EgressOptions, Limits, ListingOptions, Sandbox, Settings};
//!
//! # async fn example(token: secrecy::SecretString) -> Result<(), provider_host::Error> {
//! let sandbox = Sandbox::new(Limits::default())?;
//! let provider = sandbox.load_file("dist/mattermost-provider.wasm".as_ref())?;
//! let mut settings = Settings::new();
//! settings.set("server_url", "https://chat.example.com").set_secret("access_token", token);
//! let session = provider.connect(settings, Egress::new(EgressOptions::default())?).await?;
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
//! What it is not: it keeps no records, retries nothing but a wait that the product asked for, and knows nothing of any
//! product.

pub mod audit;
mod bindings;
mod denial;
mod egress;
mod error;
mod grant;
mod imports;
mod limits;
mod listing;
mod meter;
pub mod model;
mod origin;
mod policy;
mod provider;
mod sandbox;
mod session;
mod settings;
mod store;
#[cfg(test)]
mod tests;
mod vault;

pub use denial::{Denial, DenialReason};
pub use egress::{ClientIdentity, Egress, EgressOptions, ExtraHeader, Proxy};
pub use error::{Error, LimitHit};
pub use limits::Limits;
pub use listing::{Batch, End, Listing, ListingOptions, Progress};
pub use origin::Origin;
pub use policy::Policy;
pub use provider::Provider;
pub use sandbox::Sandbox;
pub use secrecy;
pub use session::Session;
pub use settings::Settings;

/// What every fallible operation of this library returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
