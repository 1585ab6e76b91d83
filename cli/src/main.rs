//! `providerctl`: runs a provider component in its sandbox from the command line.
//!
//! It parses the command line, prints what the library `provider-host` returns, and ends with an exit code that says
//! how complete that was. Between runs it keeps only compiled components. It writes no other files than those of
//! `--checkpoint`, `--audit`, `--output` and `report --out` and the one that it seals.

mod args;
mod change;
mod clock;
mod commands;
mod component;
mod connection;
mod exit;
mod fault;
mod fix;
mod last_use;
mod licences;
mod listing;
mod output;
mod output_file;
mod report;
mod room;
mod screen;
mod select;
mod settings;
mod sort;
mod span;
mod stop;
mod tally;
mod threshold;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;

use crate::args::Cli;
use crate::exit::{Complaint, Exit, Failure};
use crate::screen::{Look, Screen};

/// How long saving a step may take after the command has ended.
const LAST_SAVING: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    // An internal subcommand, before anything else is set up: this process compiles and ends.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == connection::COMPILE) {
        return provider_host::run_compiler();
    }
    let (mut out, mut err) = (io::stdout().lock(), io::stderr());
    let mut screen = Screen::new(&mut out, &mut err, Look::detect());
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // The message repeats the arguments, which may contain escape sequences.
        Err(error) if error.use_stderr() => {
            error.to_string().lines().for_each(|line| screen.remark(line));
            return Exit::Usage.into();
        }
        Err(help) => help.exit(),
    };
    screen.look = screen.look.chosen(cli.look.color, cli.look.quiet);
    let ready = clock::check().map_err(Failure::usage).and_then(|()| room::check().map_err(Failure::failed));
    let done = ready.and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime
            .map_err(|error| Failure::failed(Complaint::new("runtime-failed", provider_host::io_reason(&error))))?;
        let done = runtime.block_on(async {
            stop::survive_file_limits();
            commands::run(cli.command, &mut screen).await
        });
        // A name lookup blocks its thread until the system's resolver returns.
        runtime.shutdown_timeout(LAST_SAVING);
        done
    });
    screen.end_progress();
    let exit = match done {
        Ok(exit) => exit,
        Err(Failure::Closed) => Exit::Complete,
        Err(Failure::Reported { exit, complaint }) => {
            screen.complain(&complaint);
            exit
        }
    };
    exit.into()
}
