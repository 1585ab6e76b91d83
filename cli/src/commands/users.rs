//! `providerctl users`: lists all users, each page as it arrives.

use std::time::Instant;

use provider_host::model::Severity;
use provider_host::{End, ListingOptions};

use crate::args::UsersArgs;
use crate::connection::{Connection, connect};
use crate::exit::{Exit, Failure};
use crate::listing::{RETRIES, Reader, Retry};
use crate::output::cell::printable;
use crate::output::user_format;
use crate::output::words::{count, number, span};
use crate::screen::{Narrative, Screen};

pub(crate) async fn run(args: UsersArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let started = Instant::now();
    let Connection { session, egress, .. } = connect(&args.connect).await?;
    let mut format = user_format(args.format, screen.look.columns);
    let mut reader = Reader::new(session.listing(ListingOptions { limit: args.limit, cursor: None }));

    let mut out = Vec::new();
    format.begin(&mut out)?;
    screen.data(&out)?;
    screen.start_progress("users");
    let mut failure = None;
    while let Some(page) = reader.next(&mut |retry| screen.tell(&retry_line(&retry))).await {
        match page {
            Ok(batch) => {
                out.clear();
                format.page(&batch.users, &mut out)?;
                screen.data(&out)?;
                screen.progress(reader.users(), batch.expected_total);
            }
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    screen.end_progress();
    // Whatever happened: what was printed stays valid.
    out.clear();
    format.end(&mut out)?;
    screen.data(&out)?;

    let exit = exit(reader.end());
    let finished = failure.is_none();
    if finished || reader.users() > 0 {
        tell_notices(&reader, if finished { exit } else { Exit::Incomplete }, screen);
        let progress = reader.progress();
        screen.tell(&format!(
            "{} in {}, {}, {}: {}",
            count(progress.users, "user"),
            count(progress.pages, "page"),
            count(egress.requests(), "request"),
            span(started.elapsed()),
            if finished && exit == Exit::Complete { "complete" } else { "incomplete" },
        ));
        if progress.repeated > 0 {
            screen.tell(&format!(
                "{} came again, having changed meanwhile; each was printed as it came first",
                number(progress.repeated)
            ));
        }
    }
    failure.map_or(Ok(exit), Err)
}

/// Complete only where the provider has proven it.
pub(crate) fn exit(end: Option<End>) -> Exit {
    match end {
        Some(End::Complete) => Exit::Complete,
        Some(End::Incomplete) | None => Exit::Incomplete,
    }
}

/// What a person is told while a page is tried again.
pub(crate) fn retry_line(retry: &Retry<'_>) -> String {
    let (code, message) = (retry.error.code().to_owned(), retry.error.to_string());
    let pause = span(retry.pause);
    format!("{} [{}]: trying again in {pause} ({} of {RETRIES})", printable(&message), printable(&code), retry.number)
}

/// All notices for a person; for a pipe only the warnings of a listing that is not complete.
fn tell_notices(reader: &Reader, exit: Exit, screen: &mut Screen<'_>) {
    for notice in reader.notices() {
        let matters = exit != Exit::Complete && notice.severity == Severity::Warning;
        if matters || screen.look.narrative == Narrative::Told {
            screen.notice(notice);
        }
    }
}
