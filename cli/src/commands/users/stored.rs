//! The users of a listing in a file.

use std::path::Path;
use std::time::Instant;

use provider_host::checkpoint::{ListingKey, Standing, StoredListing, StoredListings};

use super::printer::Printer;
use crate::args::UsersArgs;
use crate::clock::{contract_instant, moment};
use crate::commands::ending::{self, NAME};
use crate::exit::{Complaint, Exit, Failure};
use crate::output::cell::printable;
use crate::output::words::{count, span};
use crate::screen::Screen;
use crate::select::Times;

/// How many users are read from the file at a time.
const AT_ONCE: u32 = 1_000;

/// Prints the users of the file's last finished listing.
pub(super) fn list(args: &UsersArgs, file: &Path, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let started = Instant::now();
    let mut printer = Printer::new(args, screen.look.width)?;
    let mut stored = StoredListings::open(file)?;
    let key = pick(file, stored.keys()?, args.source.as_deref())?;
    let listing = stored.listing(&key)?.ok_or_else(|| empty(file))?;
    let (standing, times) = (listing.standing(), times(&listing));

    printer.begin(screen)?;
    let (mut after, mut read) = (None, 0_u64);
    // It is read to its end whatever the limit is: the summary counts everybody, and damage is found.
    loop {
        let users = listing.users(after.as_deref(), AT_ONCE)?;
        let Some(last) = users.last() else { break };
        after = Some(last.id.clone());
        read += u64::try_from(users.len()).unwrap_or(u64::MAX);
        printer.page(users, &times, screen)?;
    }
    printer.end(false, screen)?;
    printer.warn_of_roles(screen);
    ending::tell_notices(standing.notices.iter(), screen);

    let damaged = standing.progress.users.saturating_sub(read);
    let exit = if damaged > 0 || !standing.is_finished() { Exit::Incomplete } else { ending::exit(standing.end) };
    warn(file, standing, damaged, screen);
    screen.tell(&format!(
        "{} from {} in {}, as of {}: {}",
        count(read, "user"),
        printable(&file.display().to_string()),
        span(started.elapsed()),
        times.now.format("%Y-%m-%d %H:%M UTC"),
        if exit == Exit::Complete { "complete" } else { "incomplete" },
    ));
    printer.tell(screen);
    Ok(exit)
}

/// The listing that is meant: the only one, or the one of this address.
fn pick(file: &Path, keys: Vec<ListingKey>, source: Option<&str>) -> Result<ListingKey, Failure> {
    let is_meant = |key: &&ListingKey| source.is_none_or(|source| same_address(&key.source, source));
    let ours: Vec<ListingKey> = keys.into_iter().filter(|key| key.name == NAME).collect();
    let sources = || ours.iter().map(|key| key.source.clone()).collect::<Vec<_>>();
    let mut meant = ours.iter().filter(is_meant);
    match (meant.next(), meant.next()) {
        (Some(key), None) => Ok(key.clone()),
        (Some(_), Some(_)) => {
            let message = format!("{} holds the listings of several servers", file.display());
            let complaint = Complaint::new("source-ambiguous", message).fix("name one of them with --source");
            Err(Failure::usage(complaint.details(sources())))
        }
        (None, _) if ours.is_empty() => Err(empty(file)),
        (None, _) => {
            let message = format!("{} holds no listing of {}", file.display(), source.unwrap_or_default());
            let complaint = Complaint::new("source-unknown", message).fix("name one of these with --source");
            Err(Failure::usage(complaint.details(sources())))
        }
    }
}

/// Whether two addresses are the same but for a slash at the end.
fn same_address(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn empty(file: &Path) -> Failure {
    let complaint = Complaint::new("checkpoint-empty", format!("{} holds no listing", file.display()));
    Failure::failed(complaint.fix("list the users once: providerctl users --checkpoint FILE, or sync"))
}

/// The times of the records: the product's own, or when they were saved.
fn times(listing: &StoredListing<'_>) -> Times {
    let standing = listing.standing();
    let now = standing.watermark.as_deref().and_then(contract_instant).unwrap_or_else(|| moment(listing.saved_at()));
    let activity = match standing.seen_at.iter().next() {
        // A file of an earlier version does not say when each field was seen.
        None => Some(now),
        Some(_) => standing.seen_at.get("last_activity_at").and_then(contract_instant),
    };
    Times { now, activity }
}

/// Says why the file may lack users.
fn warn(file: &Path, standing: &Standing, damaged: u64, screen: &mut Screen<'_>) {
    let file = file.display();
    if !standing.is_finished() {
        let message = format!("the listing in {file} was interrupted, and the file holds no finished one");
        let complaint = Complaint::new("checkpoint-unfinished", message);
        screen.complain(&complaint.fix("finish it: run providerctl users --checkpoint FILE, or sync, again"));
    }
    if damaged > 0 {
        let message = format!("{} in {file} are damaged and are left out", count(damaged, "record"));
        let complaint = Complaint::new("checkpoint-damaged", message);
        screen
            .complain(&complaint.fix("run providerctl sync --checkpoint FILE, which reads them again; check the disk"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_found_by_its_address() {
        let key =
            |name: &str, source: &str| ListingKey { name: name.into(), product: "p".into(), source: source.into() };
        let (a, b) = (key(NAME, "https://a.example"), key(NAME, "https://b.example/chat"));
        let other = key("another program", "https://c.example");
        let cases: [(&[&ListingKey], Option<&str>, Result<&ListingKey, &str>); 8] = [
            (&[], None, Err("checkpoint-empty")),
            (&[&other], None, Err("checkpoint-empty")),
            (&[&a, &other], None, Ok(&a)),
            (&[&a], Some("https://a.example/"), Ok(&a)),
            (&[&a, &b], Some("https://b.example/chat"), Ok(&b)),
            (&[&a, &b], None, Err("source-ambiguous")),
            (&[&a, &b], Some("https://c.example"), Err("source-unknown")),
            (&[&a], Some("https://b.example/chat"), Err("source-unknown")),
        ];
        for (keys, source, expect) in cases {
            let found = pick(Path::new("x.sqlite"), keys.iter().map(|key| (*key).clone()).collect(), source);
            match (found, expect) {
                (Ok(found), Ok(expect)) => assert_eq!(found, *expect),
                (Err(Failure::Reported { complaint, .. }), Err(code)) => assert_eq!(complaint.code, code),
                (found, _) => panic!("{keys:?} {source:?}: {found:?}"),
            }
        }
    }
}
