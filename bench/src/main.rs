//! `provider-bench`: measures the component in its host, prints a table and writes `summary.json`.
//!
//! Peak memory and processor time are known for a process alone, so every measured run is a process of its own: this
//! binary starts itself with a subcommand, and reads what that prints. docs/performance.md says what each figure means.

mod args;
mod child;
mod figure;
mod outcome;
mod peers;
mod run;
mod server;
mod suite;
mod summary;
mod usage;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command};
pub(crate) use outcome::{Result, tell};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        None => suite::measure_all(&cli.suite),
        Some(Command::Serve(args)) => server::serve(&args),
        Some(Command::List(args)) => run::list(&args),
        Some(Command::Start(args)) => run::start(&args),
        Some(Command::Instantiate(args)) => run::instantiate(&args),
        Some(Command::Swap(args)) => run::swap(&args),
        Some(Command::Tenants(args)) => run::tenants(&args),
        Some(Command::Sync(args)) => run::sync(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&error.to_string());
            ExitCode::FAILURE
        }
    }
}
