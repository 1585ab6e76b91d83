//! `providerctl report`: reads licences and users, and writes a page about them.

mod target;

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use provider_host::checkpoint::{Checkpoints, Kept, ListingKey, MemoryCheckpoints, SqliteCheckpoints, Standing};
use provider_host::model::{Description, HiddenField, User};
use provider_host::{Batch, End, Error, Listing, ListingOptions, Listings as _, Session};

use self::target::{Output, Target};
use super::ending::{self, NAME};
use crate::args::ReportArgs;
use crate::clock;
use crate::connection::{AuditFile, Connection, connect, tell_denials};
use crate::exit::{Complaint, Exit, Failure};
use crate::listing::Reader;
use crate::output::words::{count, mebibytes, span};
use crate::report::{About, Completeness, Earlier, Facts, Figures, Licenses, page};
use crate::screen::Screen;

/// How many users are taken from the store at a time.
const AT_ONCE: u32 = 10_000;

pub(crate) async fn run(args: ReportArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    report(args, screen).await.map_err(Failure::of_a_listing)
}

async fn report(args: ReportArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let started = Instant::now();
    let target = Target::of(&args.out)?;
    let Connection { description, mut session, stall_time, audit, .. } = connect(&args.connect, screen).await?;
    let licenses = licenses(&mut session, screen).await;
    let about = about(&mut session, description, screen).await;

    let store = store(&args)?;
    let before = before(store.as_ref(), &session.listing_key(NAME))?;
    let options = ListingOptions { limit: args.reading.page_size, cursor: None };
    let listing = match args.reading.restart {
        true => session.restart(options, store, NAME).await?,
        false => session.resume(options, store, NAME).await?,
    };
    let mut reader = Reader::new(listing, stall_time);
    let output = Output::begin(&target)?;
    let last = read(&mut reader, args.reading.checkpoint.is_some(), audit.as_ref(), screen).await?;

    let exit = ending::exit(reader.end());
    let facts = facts(&reader, last, about, licenses, before).await?;
    let figures = Figures::of(&facts);
    let page = page(&facts, &figures, target.beside())
        .map_err(|error| Failure::failed(Complaint::output_failed(format!("the page cannot be made: {error}"))))?;
    output.finish(&page, &facts.users, &figures)?;
    ending::tell_notices(reader.notices(), screen);
    screen.tell(&format!(
        "{} written ({}): {} in {}, {}; {} idle for over 90 days",
        target.page().display(),
        mebibytes(page.len()),
        count(figures.accounts, "account"),
        span(started.elapsed()),
        if exit == Exit::Complete { "complete" } else { "incomplete" },
        count(figures.seats.idle_for(90), "seat"),
    ));
    audit.as_ref().and_then(AuditFile::gap).map_or(Ok(exit), |gap| Err(Failure::incomplete(gap)))
}

/// The licences. If they cannot be read, the page says so.
async fn licenses(session: &mut Session, screen: &mut Screen<'_>) -> Licenses {
    let licenses = session.licenses().await;
    tell_denials(&session.denials(), screen);
    match licenses {
        Ok(licenses) => Licenses::Read(licenses),
        Err(error) => Licenses::Failed(Complaint::from(&Error::from(error))),
    }
}

/// Which server it is, and what reads it. Only a check reports the server's version; the page does without it if the check fails.
async fn about(session: &mut Session, description: Description, screen: &mut Screen<'_>) -> About {
    let checked = session.check().await;
    tell_denials(&session.denials(), screen);
    About {
        product_version: checked.ok().and_then(|report| report.product_version),
        server: session.source().to_owned(),
        provider: format!("{} {}", description.id, description.version),
        product: description.name,
        roles: description.roles,
    }
}

/// The store of the listing: the file of `--checkpoint`, or memory.
fn store(args: &ReportArgs) -> Result<Arc<dyn Checkpoints>, Failure> {
    Ok(match &args.reading.checkpoint {
        Some(file) => Arc::new(SqliteCheckpoints::open(file)?),
        None => Arc::new(MemoryCheckpoints::new()),
    })
}

/// The finished listing that the one to come is compared with.
fn before(store: &dyn Checkpoints, key: &ListingKey) -> Result<Option<Standing>, Failure> {
    let mut kept = store.open(key)?;
    let latest = kept.standing()?;
    Ok(match latest.filter(Standing::is_finished) {
        Some(latest) => Some(latest),
        None => kept.before()?,
    })
}

/// Reads the listing to its end, and returns its last batch. A listing that breaks off makes no report: it would show too little,
/// and might replace a complete one.
async fn read(
    reader: &mut Reader<Listing>,
    is_kept: bool,
    audit: Option<&AuditFile>,
    screen: &mut Screen<'_>,
) -> Result<Batch, Failure> {
    screen.start_progress("users");
    let mut last = Batch::default();
    while let Some(page) = reader.next(&mut |retry| screen.tell(&ending::retry_line(&retry))).await {
        match page {
            Ok(batch) => {
                screen.progress(reader.users(), batch.expected_total);
                last = batch;
            }
            Err(failure) => {
                screen.end_progress();
                tell_denials(&reader.denials(), screen);
                ending::tell_notices(reader.notices(), screen);
                audit.and_then(AuditFile::gap).iter().for_each(|gap| screen.complain(gap));
                let failure = failure.detail("no report was written");
                let goes_on = is_kept && reader.users() > 0;
                return Err(if goes_on {
                    failure.detail("progress is saved; run the same command to resume")
                } else {
                    failure
                });
            }
        }
    }
    screen.end_progress();
    Ok(last)
}

/// What the report is made from.
async fn facts(
    reader: &Reader<Listing>,
    last: Batch,
    about: About,
    licenses: Licenses,
    before: Option<Standing>,
) -> Result<Facts, Failure> {
    let listing = reader.listing();
    let is_complete = reader.end() == Some(End::Complete);
    let earlier = match before.filter(|before| is_complete && before.end == Some(End::Complete)) {
        Some(before) => Some(Earlier { users: all(listing, Kept::Before).await?, as_of: before.watermark }),
        None => None,
    };
    let Batch { watermark, reason, hidden, expected_total, .. } = last;
    Ok(Facts {
        about,
        as_of: as_of(watermark.as_deref()),
        users: all(listing, Kept::Latest).await?,
        completeness: Completeness { is_complete, reason, counted: expected_total },
        licenses,
        notices: reader.notices().cloned().collect(),
        hidden: named(hidden),
        earlier,
    })
}

/// The listing's own time; the machine's clock if the product gives none.
fn as_of(watermark: Option<&str>) -> DateTime<Utc> {
    watermark.and_then(clock::contract_instant).unwrap_or_else(clock::now)
}

/// The fields in the order of their names.
fn named(mut hidden: Vec<HiddenField>) -> Vec<HiddenField> {
    hidden.sort_by(|a, b| a.name.cmp(&b.name));
    hidden
}

/// Every user of a listing.
async fn all(listing: &Listing, of: Kept) -> Result<Vec<User>, Failure> {
    let mut all: Vec<User> = Vec::new();
    loop {
        let after = all.last().map(|user| user.id.clone());
        let users = listing.kept(of, after.as_deref(), AT_ONCE).await?;
        if users.is_empty() {
            return Ok(all);
        }
        all.extend(users);
    }
}
