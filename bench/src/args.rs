//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures a provider component in its host.
#[derive(Debug, Parser)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve simulated accounts until standard input ends; each line on it is answered with what the server has used
    Serve(ServeArgs),
    /// List all users once, and print what it took as JSON
    List(ListArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// How many accounts
    #[arg(long)]
    pub(crate) users: u32,
    /// How long every answer takes beside the work itself, in milliseconds
    #[arg(long, default_value_t = 0)]
    pub(crate) latency: u64,
}

/// What runs the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Driver {
    /// The component, in the host's sandbox
    Component,
    /// The same code compiled natively, over the host's client
    Native,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ListArgs {
    /// What runs the core
    #[arg(value_enum)]
    pub(crate) driver: Driver,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Write the users there, one per line as JSON, and print a digest of them; without it they go nowhere
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

/// What is run, and against which server.
#[derive(Clone, Debug, Args)]
pub(crate) struct Source {
    /// The component's file
    #[arg(long)]
    pub(crate) component: PathBuf,
    /// The server's URL
    #[arg(long)]
    pub(crate) url: String,
    /// A token for it
    #[arg(long)]
    pub(crate) token: String,
}
