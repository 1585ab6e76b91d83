//! `providerctl completions`: a script that completes the command in a shell.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::{Exit, Failure};
use crate::screen::Screen;

pub(crate) fn run(shell: Shell, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "providerctl", &mut script);
    screen.data(&script)?;
    Ok(Exit::Complete)
}
