//! `provider-bench`: measures the component in its host, and writes a table and `summary.json`.
//!
//! Peak memory and CPU time are known for a process alone, so every measured run is a process of its own: this binary
//! starts itself with another subcommand, and reads what that prints. docs/performance.md says what each figure means.

mod args;
mod run;
mod server;
mod usage;

use std::error::Error;
use std::io::{Write as _, stderr};
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};

/// What every fallible function here returns: whatever goes wrong ends the run, and is told.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(args) => server::serve(&args),
        Command::List(args) => run::list(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody else to tell where standard error is closed.
            let _ = writeln!(stderr(), "provider-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
