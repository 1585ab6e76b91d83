//! One file per subcommand.

mod canary;
mod check;
mod completions;
mod demo;
mod describe;
mod ending;
mod inspect;
mod invocation;
mod license;
mod man;
mod report;
mod seal;
mod simulate;
mod sync;
mod users;

use crate::args::Command;
use crate::exit::{Exit, Failure};
use crate::screen::Screen;

/// Runs the subcommand.
pub(crate) async fn run(command: Command, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Describe(args) => describe::run(&args, screen).await,
        Command::Check(args) => check::run(&args, screen).await,
        Command::License(args) => license::run(&args, screen).await,
        Command::Users(args) => users::run(*args, screen).await,
        Command::Sync(args) => sync::run(args, screen).await,
        Command::Report(args) => report::run(args, screen).await,
        Command::Simulate(args) => simulate::run(args, screen).await,
        Command::Demo(args) => demo::run(&args, screen).await,
        Command::Canary(args) => canary::run(&args, screen).await,
        Command::Inspect(args) => inspect::run(&args, screen),
        Command::Seal(args) => seal::run(args, screen).await,
        Command::Completions { shell } => completions::run(shell, screen),
        Command::Man { folder } => man::run(&folder),
    }
}
