//! A server that answers the parts of Mattermost's API v4 that licence tools read, as real servers answered when they
//! were recorded: headers, error bodies, permissions and the traps of paging.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! let server = mattermost_simulator::Simulator::start(mattermost_simulator::Config::default()).await?;
//! println!("{} {}", server.url(), server.tokens().admin);
//! # Ok(())
//! # }
//! ```
//!
//! Accounts change while somebody lists them by [`Config::changes`] or [`Simulator::change`], answers break by
//! [`Config::faults`], and what differs between versions follows from [`Config::version`].
//!
//! What it is not: it takes no writes over HTTP, keeps no data but what follows from a seed and the changes that a test
//! asks for, listens on loopback alone, and knows nothing of the provider that is tested against it.

mod account;
mod answer;
mod broken;
mod caller;
mod chance;
mod change;
mod clock;
mod config;
mod costs;
mod fault;
mod ids;
mod license;
mod limiter;
mod lists;
mod live;
mod log;
mod membership;
mod population;
mod profiles;
mod roster;
mod routes;
mod server;
mod team;
mod version;

pub use account::{Account, AuthService, Kind, Status};
pub use caller::Tokens;
pub use change::{Change, ChangeKind};
pub use config::{Config, LicensePreset, Privacy, RateLimit, Statuses};
pub use costs::{Costs, NoCosts};
pub use fault::{Fault, FaultKind, Matcher};
pub use log::Exchange;
pub use membership::{CallerTeams, MainTeam, Memberships, NotMemberships};
pub use population::{Counts, Population};
pub use server::Simulator;
pub use version::Version;
