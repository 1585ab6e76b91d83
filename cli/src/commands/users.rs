//! `providerctl users`: lists all users and prints each page when it arrives.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use provider_host::checkpoint::SqliteCheckpoints;
use provider_host::model::Severity;
use provider_host::{End, Listing, ListingOptions, Listings as _, Session};

use crate::args::UsersArgs;
use crate::connection::{AuditFile, Connection, connect, tell_denials};
use crate::exit::{Complaint, Exit, Failure};
use crate::listing::{RETRIES, Reader, Retry, Steps};
use crate::output::cell::printable;
use crate::output::words::{count, number, span};
use crate::output::{UserFormat, Values, user_format};
use crate::screen::{Narrative, Screen};

/// The name of this command's listings in a checkpoint file, which other programs may share.
pub(super) const NAME: &str = "providerctl";

pub(crate) async fn run(args: UsersArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    list(args, screen).await.map_err(Failure::of_a_listing)
}

async fn list(args: UsersArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let started = Instant::now();
    let Connection { session, egress, stall_time, audit, .. } = connect(&args.connect, screen).await?;
    let format = user_format(args.format, screen.look.width, Values::of(args.raw));
    let options = ListingOptions { limit: args.limit, cursor: None };
    let listing = match &args.checkpoint {
        Some(file) => kept_in(file, session, options, args.restart).await?,
        None => session.listing(options),
    };
    let mut reader = Reader::new(listing, stall_time);
    if let Some(before) = reader.resumed() {
        let came = count(before.users, "user");
        screen
            .remark(&format!("resuming an interrupted listing: {came} already read; all users are printed at the end"));
    }
    let mut printer = Printer::new(format, &reader);
    let failure = print_all(&mut reader, &mut printer, screen).await?;

    // If a printed user was deleted meanwhile, the output is not the listing.
    let exit = if printer.withdrawn == 0 { exit(reader.end()) } else { Exit::Incomplete };
    tell_notices(&reader, screen);
    if failure.is_none() || reader.users() > 0 {
        let is_complete = failure.is_none() && exit == Exit::Complete;
        sum_up(&reader, &printer, egress.requests(), started, is_complete, screen);
    }
    let goes_on = args.checkpoint.is_some() && reader.users() > 0;
    let gap = audit.as_ref().and_then(AuditFile::gap);
    if let (Some(gap), Some(_)) = (&gap, &failure) {
        screen.complain(gap);
    }
    match failure {
        None => gap.map_or(Ok(exit), |gap| Err(Failure::incomplete(gap))),
        Some(failure) if goes_on => Err(failure.detail("progress is saved; run the same command to resume")),
        Some(failure) => Err(failure),
    }
}

/// Prints users, and counts those that were deleted after they were printed.
struct Printer {
    format: Box<dyn UserFormat>,
    /// After an interruption all users are printed at the end: earlier ones may have been deleted meanwhile.
    prints_at_the_end: bool,
    /// How many printed users turned out to be deleted.
    withdrawn: u64,
}

impl Printer {
    fn new(format: Box<dyn UserFormat>, reader: &Reader<Listing>) -> Self {
        Self { format, prints_at_the_end: reader.resumed().is_some(), withdrawn: 0 }
    }
}

/// Reads the listing to its end and prints it. Returns why it broke off, if it did. The output is valid in any case.
async fn print_all(
    reader: &mut Reader<Listing>,
    printer: &mut Printer,
    screen: &mut Screen<'_>,
) -> Result<Option<Failure>, Failure> {
    let mut out = Vec::new();
    printer.format.begin(&mut out)?;
    screen.data(&out)?;
    screen.start_progress("users");
    let mut failure = None;
    while failure.is_none()
        && let Some(page) = reader.next(&mut |retry| screen.tell(&retry_line(&retry))).await
    {
        match page {
            Ok(batch) => {
                if !printer.prints_at_the_end {
                    out.clear();
                    printer.format.page(&batch.users, &mut out)?;
                    screen.data(&out)?;
                    printer.withdrawn += batch.withdrawn;
                }
                screen.progress(reader.users(), batch.expected_total);
            }
            Err(error) => {
                tell_denials(&reader.denials(), screen);
                failure = Some(error);
            }
        }
    }
    screen.end_progress();
    if printer.prints_at_the_end {
        let printed = print_kept(reader, printer.format.as_mut(), screen).await;
        failure = failure.or(printed.err());
    }
    out.clear();
    printer.format.end(&mut out)?;
    screen.data(&out)?;
    Ok(failure)
}

/// Prints a summary, and how many printed users are out of date.
fn sum_up(
    reader: &Reader<Listing>,
    printer: &Printer,
    requests: u64,
    started: Instant,
    is_complete: bool,
    screen: &mut Screen<'_>,
) {
    let progress = reader.listing().progress();
    screen.tell(&format!(
        "{} in {}, {}, {}: {}",
        count(progress.users, "user"),
        count(progress.pages, "page"),
        count(requests, "request"),
        span(started.elapsed()),
        if is_complete { "complete" } else { "incomplete" },
    ));
    if printer.withdrawn > 0 {
        let which = count(printer.withdrawn, "printed user");
        let what = format!("{which} no longer exist: they were deleted during the listing");
        screen.complain(&Complaint::new("users-withdrawn", what).fix("run the command again"));
    }
    if progress.repeated > 0 && !printer.prints_at_the_end {
        screen.tell(&format!(
            "{} were returned twice, since users changed meanwhile; the first record of each is printed",
            number(progress.repeated)
        ));
    }
}

/// Opens a listing that is saved in a file.
async fn kept_in(file: &Path, session: Session, options: ListingOptions, anew: bool) -> Result<Listing, Failure> {
    let store = Arc::new(SqliteCheckpoints::open(file)?);
    Ok(if anew { session.restart(options, store, NAME).await? } else { session.resume(options, store, NAME).await? })
}

/// Prints all users of a resumed listing from the checkpoint.
async fn print_kept(
    reader: &Reader<Listing>,
    format: &mut dyn UserFormat,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let (mut after, mut out) = (None, Vec::new());
    loop {
        let users = reader.kept(after.as_deref()).await?;
        let Some(last) = users.last() else { return Ok(()) };
        after = Some(last.id.clone());
        out.clear();
        format.page(&users, &mut out)?;
        screen.data(&out)?;
    }
}

/// Complete only if the provider has proven it.
pub(crate) fn exit(end: Option<End>) -> Exit {
    match end {
        Some(End::Complete) => Exit::Complete,
        Some(End::Incomplete) | None => Exit::Incomplete,
    }
}

/// The line to print before a retry.
pub(crate) fn retry_line(retry: &Retry<'_>) -> String {
    let (code, message) = (retry.error.code().to_owned(), retry.error.to_string());
    let pause = span(retry.pause);
    format!("{} [{}]: trying again in {pause} ({} of {RETRIES})", printable(&message), printable(&code), retry.number)
}

/// Prints the notices: on a terminal all of them, otherwise only warnings. Incomplete data looks like complete data, so
/// warnings are always printed.
pub(super) fn tell_notices<L: Steps>(reader: &Reader<L>, screen: &mut Screen<'_>) {
    for notice in reader.notices() {
        if notice.severity == Severity::Warning || screen.look.narrative == Narrative::Shown {
            screen.notice(notice);
        }
    }
}
