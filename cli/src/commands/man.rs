//! `providerctl man`: a manual page for the command and for each of its subcommands.

use std::fs;
use std::path::Path;

use clap::CommandFactory as _;
use provider_host::io_reason;

use crate::args::Cli;
use crate::exit::{Complaint, Exit, Failure};

pub(crate) fn run(folder: &Path) -> Result<Exit, Failure> {
    let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
    written.map(|()| Exit::Complete).map_err(|error| {
        let message = format!("{} cannot be written: {}", folder.display(), io_reason(&error));
        let fix = "check that this user may make files there, and that the disk is not full";
        Failure::failed(Complaint::new("file-unwritable", message).fix(fix))
    })
}
