//! `providerctl seal`: writes a component's description and metadata into its file.

use std::path::Path;

use provider_host::{Digest, Provenance, io_reason, seal, unseal};

use crate::args::SealArgs;
use crate::connection::{bare_sandbox, read_file};
use crate::exit::{Complaint, Exit, Failure};
use crate::output::cell::printable;
use crate::screen::Screen;

pub(crate) async fn run(args: SealArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let bytes = read_file(&args.file)?;
    // Remove what an earlier build wrote, so that it cannot contradict the component's answer.
    let bare = unseal(&bytes)?;
    let description = bare_sandbox(None)?.load(&bare)?.describe().await?;
    let provenance = Provenance { licenses: args.licenses, source: args.source, revision: args.revision };
    let sealed = seal(&bytes, &description, &provenance)?;
    replace(&args.file, &sealed).map_err(|error| {
        Failure::failed(Complaint::new(
            "file-unwritable",
            format!("{} cannot be written: {}", args.file.display(), io_reason(&error)),
        ))
    })?;
    screen.line(&format!(
        "{}: {} {}, sha256 {}",
        args.file.display(),
        printable(&description.id),
        printable(&description.version),
        Digest::of(&sealed),
    ))?;
    Ok(Exit::Complete)
}

/// Replaces the file atomically: readers get the old content or the new one.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, path)
}
