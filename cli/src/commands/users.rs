//! `providerctl users`: prints the users of a server, or of a file, who are asked for.

mod live;
mod printer;
mod stored;

use crate::args::UsersArgs;
use crate::exit::{Exit, Failure};
use crate::output_file::OutputFile;
use crate::screen::{Narrative, Screen};

pub(crate) async fn run(args: UsersArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    list(&args, screen).await.map_err(Failure::of_a_listing)
}

async fn list(args: &UsersArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    if args.connect.component.verbose.verbose {
        screen.look.narrative = Narrative::Shown;
    }
    if let Some(path) = &args.output.output {
        screen.divert(OutputFile::create(path).map_err(Failure::failed)?);
    }
    let exit = match &args.from {
        Some(file) => stored::list(args, file, screen)?,
        None => live::list(args, screen).await?,
    };
    match &args.output.output {
        Some(_) if exit == Exit::Complete => screen.keep_file().map_err(Failure::failed)?,
        Some(path) => screen.remark(&format!(
            "{} is left as it was, since the listing is incomplete; to keep such a listing, redirect standard output",
            path.display()
        )),
        None => {}
    }
    Ok(exit)
}
