//! The users of a server, read page by page.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use provider_host::checkpoint::SqliteCheckpoints;
use provider_host::model::HiddenField;
use provider_host::{Batch, Listing, ListingOptions, Listings as _, Session};

use super::printer::Printer;
use crate::args::UsersArgs;
use crate::clock::now;
use crate::commands::ending::{self, NAME, retry_line};
use crate::connection::{AuditFile, Connection, connect, tell_denials};
use crate::exit::{Complaint, Exit, Failure};
use crate::listing::Reader;
use crate::output::words::{count, number, span};
use crate::screen::Screen;
use crate::select::Times;

/// Prints the users of the server.
pub(super) async fn list(args: &UsersArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let started = Instant::now();
    let printer = Printer::new(args, screen.look.width)?;
    let Connection { session, egress, stall_time, audit, .. } = connect(&args.connect, screen).await?;
    let options = ListingOptions { limit: args.reading.page_size, cursor: None };
    let listing = match &args.reading.checkpoint {
        Some(file) => kept_in(file, session, options, args.reading.restart).await?,
        None => session.listing(options),
    };
    let reader = Reader::new(listing, stall_time);
    if let Some(before) = reader.resumed() {
        let came = count(before.users, "user");
        screen
            .remark(&format!("resuming an interrupted listing: {came} already read; all users are printed at the end"));
    }
    let mut run = Run::new(reader, printer, args.reading.checkpoint.is_some());
    let failure = run.read(screen).await?;

    // If a printed user was deleted meanwhile, the output is not the listing.
    let exit = match (run.has_enough, run.withdrawn) {
        (true, _) => Exit::Complete,
        (false, 0) => ending::exit(run.reader.end()),
        (false, _) => Exit::Incomplete,
    };
    ending::tell_notices(run.reader.notices(), screen);
    if failure.is_none() || run.reader.users() > 0 {
        let is_complete = failure.is_none() && exit == Exit::Complete;
        run.sum_up(egress.requests(), started, is_complete, screen);
    }
    let goes_on = args.reading.checkpoint.is_some() && run.reader.users() > 0;
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

/// A listing that is read and printed.
struct Run {
    reader: Reader<Listing>,
    printer: Printer,
    times: Times,
    /// Whether the listing is saved in a file, so that it is read to its end in any case.
    is_saved: bool,
    /// After an interruption all users are printed at the end: earlier ones may have been deleted meanwhile.
    prints_at_the_end: bool,
    /// How many printed users turned out to be deleted.
    withdrawn: u64,
    /// Whether reading ended because all that was asked for is printed.
    has_enough: bool,
}

impl Run {
    fn new(reader: Reader<Listing>, printer: Printer, is_saved: bool) -> Self {
        let prints_at_the_end = reader.resumed().is_some();
        Self { reader, printer, times: Times::at(now()), is_saved, prints_at_the_end, withdrawn: 0, has_enough: false }
    }

    /// Reads the listing to its end and prints it. Returns why it broke off, if it did. The output is valid in any case.
    async fn read(&mut self, screen: &mut Screen<'_>) -> Result<Option<Failure>, Failure> {
        self.printer.begin(screen)?;
        screen.start_progress("users");
        let mut failure = None;
        while failure.is_none()
            && !self.has_enough
            && let Some(page) = self.reader.next(&mut |retry| screen.tell(&retry_line(&retry))).await
        {
            match page {
                Ok(batch) => self.take(batch, screen)?,
                Err(error) => {
                    tell_denials(&self.reader.denials(), screen);
                    failure = Some(error);
                }
            }
        }
        screen.end_progress();
        if self.prints_at_the_end {
            let printed = self.print_kept(screen).await;
            failure = failure.or(printed.err());
        }
        self.printer.end(failure.is_some() && self.reader.users() == 0, screen)?;
        // Of a part of the listing nobody knows which roles there are.
        if failure.is_none() && !self.has_enough {
            self.printer.warn_of_roles(screen);
        }
        Ok(failure)
    }

    fn take(&mut self, batch: Batch, screen: &mut Screen<'_>) -> Result<(), Failure> {
        if batch.hidden.iter().any(hides_activity) {
            self.times.activity = None;
        }
        if !self.prints_at_the_end {
            self.printer.page(batch.users, &self.times, screen)?;
            self.withdrawn += batch.withdrawn;
            self.has_enough = self.printer.is_full() && !self.is_saved && batch.end.is_none();
        }
        screen.progress(self.reader.users(), batch.expected_total);
        Ok(())
    }

    /// Prints all users of a resumed listing from the checkpoint.
    async fn print_kept(&mut self, screen: &mut Screen<'_>) -> Result<(), Failure> {
        let mut after = None;
        while !self.printer.is_full() {
            let users = self.reader.kept(after.as_deref()).await?;
            let Some(last) = users.last() else { break };
            after = Some(last.id.clone());
            self.printer.page(users, &self.times, screen)?;
        }
        Ok(())
    }

    /// Prints a summary, and how many printed users are out of date.
    fn sum_up(&self, requests: u64, started: Instant, is_complete: bool, screen: &mut Screen<'_>) {
        let progress = self.reader.listing().progress();
        let outcome = match (self.has_enough, is_complete) {
            (true, _) => "all that --limit asks for",
            (false, true) => "complete",
            (false, false) => "incomplete",
        };
        screen.tell(&format!(
            "{} in {}, {}, {}: {outcome}",
            count(progress.users, "user"),
            count(progress.pages, "page"),
            count(requests, "request"),
            span(started.elapsed()),
        ));
        self.printer.tell(screen);
        if self.withdrawn > 0 {
            let which = count(self.withdrawn, "printed user");
            let what = format!("{which} no longer exist: they were deleted during the listing");
            screen.complain(&Complaint::new("users-withdrawn", what).fix("run the command again"));
        }
        if progress.repeated > 0 && !self.prints_at_the_end {
            screen.tell(&format!(
                "{} were returned twice, since users changed meanwhile; the first record of each is printed",
                number(progress.repeated)
            ));
        }
    }
}

/// Whether the token does not see when accounts were used: values that a file has kept are of an earlier time.
fn hides_activity(field: &HiddenField) -> bool {
    matches!(field.name.as_str(), "activity" | "last-activity-at")
}

/// Opens a listing that is saved in a file.
async fn kept_in(file: &Path, session: Session, options: ListingOptions, anew: bool) -> Result<Listing, Failure> {
    let store = Arc::new(SqliteCheckpoints::open(file)?);
    Ok(if anew { session.restart(options, store, NAME).await? } else { session.resume(options, store, NAME).await? })
}
