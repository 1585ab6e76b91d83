//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mattermost_simulator::{Costs, LicensePreset, Memberships};

/// Measures a provider component in its host, prints a table and writes summary.json.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) suite: SuiteArgs,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// One process of a measurement.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve simulated accounts until standard input ends; a line on it is answered with what the server has used
    Serve(ServeArgs),
    /// List all users once, and print what it took
    List(ListArgs),
    /// Load a component and ask it to describe itself, and print what it took
    Start(StartArgs),
    /// Make instances, and print what each took
    Instantiate(InstantiateArgs),
    /// Switch versions again and again, and print how long callers waited
    Swap(SwapArgs),
    /// Make tenants and have each list, and print what it took
    Tenants(TenantsArgs),
    /// Sync, change accounts, sync again, and print what each asked for
    Sync(SyncArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SuiteArgs {
    /// Measure small numbers once, to see that everything works: such figures mean nothing
    #[arg(long)]
    pub(crate) quick: bool,
    /// Where summary.json, the other clients and passing files are put
    #[arg(long, default_value = "target/bench")]
    pub(crate) out: PathBuf,
    /// The component
    #[arg(long, default_value = "dist/mattermost-provider.wasm")]
    pub(crate) component: PathBuf,
    /// What criterion measured of the parts: its folder
    #[arg(long)]
    pub(crate) parts: Option<PathBuf>,
    /// Leave out the clients that people use today, which are installed from public registries
    #[arg(long)]
    pub(crate) without_peers: bool,
    /// Measure these groups alone, by comma: ratio, latency, growth, start, instantiate, swap, tenants, size, sync, first
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// How many accounts
    #[arg(long)]
    pub(crate) users: u32,
    /// How long every answer takes beside the work itself, in milliseconds
    #[arg(long, default_value_t = 0)]
    pub(crate) latency: u64,
    /// Let answers take the time of a real server
    #[arg(long)]
    pub(crate) costs: Option<Costs>,
    /// Which teams there are, and who is in them
    #[arg(long)]
    pub(crate) memberships: Option<Memberships>,
    /// Its licence
    #[arg(long, default_value = "enterprise")]
    pub(crate) license: LicensePreset,
}

/// What runs the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Driver {
    /// The component, in the host's sandbox
    Component,
    /// The same code compiled natively, over the host's client
    Native,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// What runs the core
    #[arg(value_enum)]
    pub(crate) driver: Driver,
    #[command(flatten)]
    pub(crate) component: Component,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Write the users there, one per line as JSON; without it they go nowhere
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Read them afterwards and print a digest of them
    #[arg(long, requires = "out")]
    pub(crate) digest: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StartArgs {
    #[command(flatten)]
    pub(crate) component: Component,
}

#[derive(Debug, Args)]
pub(crate) struct InstantiateArgs {
    #[command(flatten)]
    pub(crate) component: Component,
    /// How many
    #[arg(long)]
    pub(crate) times: u32,
}

#[derive(Debug, Args)]
pub(crate) struct SwapArgs {
    #[command(flatten)]
    pub(crate) component: Component,
    #[command(flatten)]
    pub(crate) source: Source,
    /// How many switches, of each sort
    #[arg(long)]
    pub(crate) swaps: u32,
    /// How many listings run meanwhile
    #[arg(long)]
    pub(crate) listings: u32,
}

#[derive(Debug, Args)]
pub(crate) struct TenantsArgs {
    #[command(flatten)]
    pub(crate) component: Component,
    #[command(flatten)]
    pub(crate) source: Source,
    /// How many
    #[arg(long)]
    pub(crate) tenants: u32,
    /// Let all go out through one client, instead of each through its own
    #[arg(long)]
    pub(crate) one_client: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    #[command(flatten)]
    pub(crate) component: Component,
    /// How many accounts
    #[arg(long)]
    pub(crate) users: u32,
    /// How many of them change
    #[arg(long)]
    pub(crate) changes: u32,
}

/// What is run.
#[derive(Clone, Debug, Args)]
pub(crate) struct Component {
    /// The component's file
    #[arg(long = "component")]
    pub(crate) file: PathBuf,
    /// The folder of compiled components; without it the component is compiled
    #[arg(long)]
    pub(crate) cache: Option<PathBuf>,
}

/// Against which server.
#[derive(Clone, Debug, Args)]
pub(crate) struct Source {
    /// The server's URL
    #[arg(long)]
    pub(crate) url: String,
    /// A token for it
    #[arg(long)]
    pub(crate) token: String,
    /// The way that a listing takes; without it the provider chooses
    #[arg(long)]
    pub(crate) listing: Option<String>,
}
