//! `providerctl sync`: brings the listing in a file up to date, and prints what changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use provider_host::checkpoint::{SeenAt, SqliteCheckpoints};
use provider_host::{FullSyncReason, Listings as _, SyncOptions, SyncProgress, SyncStep};

use super::ending::{self, NAME};
use crate::args::SyncArgs;
use crate::connection::{AuditFile, Connection, connect, tell_denials};
use crate::exit::{Exit, Failure};
use crate::listing::Reader;
use crate::output::Values;
use crate::output::cell::printable;
use crate::output::change::change_format;
use crate::output::words::{count, number, span};
use crate::screen::Screen;

pub(crate) async fn run(args: SyncArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    sync(args, screen).await.map_err(Failure::of_a_listing)
}

async fn sync(args: SyncArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let started = Instant::now();
    let Connection { session, egress, stall_time, audit, .. } = connect(&args.connect, screen).await?;
    let mut format = change_format(args.format, screen.look.width, screen.look.colour, Values::of(args.values.raw));
    let store = Arc::new(SqliteCheckpoints::open(&args.checkpoint)?);
    let options = SyncOptions { limit: args.page_size, full: args.full };
    let mut reader = Reader::new(session.sync(options, store, NAME).await?, stall_time);

    let (mut out, mut fields, mut reported, mut failure) = (Vec::new(), Fields::default(), None, None);
    format.begin(&mut out)?;
    screen.data(&out)?;
    screen.start_progress("users");
    if let Some(why) = reader.listing().outdated() {
        screen.tell(&format!("reading every record again: {}", printable(&why.to_string())));
    }
    report_full_sync(reader.listing().full_sync_reason(), &mut reported, screen);
    while failure.is_none()
        && let Some(step) = reader.next(&mut |retry| screen.tell(&ending::retry_line(&retry))).await
    {
        match step {
            Ok(step) => {
                report_full_sync(reader.listing().full_sync_reason(), &mut reported, screen);
                fields.note(&step);
                out.clear();
                format.step(&step, &mut out)?;
                screen.data(&out)?;
                let progress = reader.listing().progress();
                screen.progress(progress.users, progress.expected_total);
            }
            Err(error) => {
                tell_denials(&reader.listing().denials(), screen);
                failure = Some(error);
            }
        }
    }
    screen.end_progress();
    // Whatever happened: what was printed stays valid.
    out.clear();
    format.end(&mut out)?;
    screen.data(&out)?;

    let exit = ending::exit(reader.end());
    ending::tell_notices(reader.notices(), screen);
    let gap = audit.as_ref().and_then(AuditFile::gap);
    if let Some(failure) = failure {
        gap.iter().for_each(|gap| screen.complain(gap));
        let has_begun = reader.users() > 0 || reader.listing().progress().users > 0;
        return Err(if has_begun {
            failure.detail("nothing is lost; run the same command to resume")
        } else {
            failure
        });
    }
    tell_seen_at(&reader.listing().seen_at(), screen);
    screen.tell(&format!(
        "{}; {} in {}: {}",
        fields.summary(reader.listing().progress()),
        count(egress.requests(), "request"),
        span(started.elapsed()),
        if exit == Exit::Complete { "complete" } else { "incomplete: nobody is reported as gone" },
    ));
    gap.map_or(Ok(exit), |gap| Err(Failure::incomplete(gap)))
}

/// Reports once why everybody is listed.
fn report_full_sync(reason: Option<&FullSyncReason>, reported: &mut Option<FullSyncReason>, screen: &mut Screen<'_>) {
    if let (Some(reason), None) = (reason, &reported) {
        screen.tell(&format!("listing everybody: {}", printable(&reason.to_string())));
        *reported = Some(reason.clone());
    }
}

/// Says of the fields that this token cannot see, as of when they are known.
fn tell_seen_at(seen_at: &SeenAt, screen: &mut Screen<'_>) {
    let Some(latest) = seen_at.get("username") else { return };
    for (field, at) in seen_at.iter().filter(|(_, at)| *at != latest) {
        screen.remark(&format!("{} is hidden from this token; last seen {}", printable(field), printable(at)));
    }
}

/// In how many users each field has changed.
#[derive(Default)]
struct Fields(BTreeMap<String, u64>);

/// Fields that the summary names at most.
const NAMED: usize = 5;

impl Fields {
    fn note(&mut self, step: &SyncStep) {
        for change in step.changed.iter().flat_map(provider_host::ChangedUser::fields) {
            let users = self.0.entry(change.field).or_default();
            *users = users.saturating_add(1);
        }
    }

    /// `3 added, 97 changed (last_activity_at 90, position 40), 0 gone`.
    fn summary(&self, progress: SyncProgress) -> String {
        let mut fields: Vec<_> = self.0.iter().collect();
        fields.sort_by_key(|(_, users)| std::cmp::Reverse(**users));
        let mut named: Vec<String> = fields
            .iter()
            .take(NAMED)
            .map(|(field, users)| format!("{} {}", printable(field), number(**users)))
            .collect();
        if fields.len() > NAMED {
            named.push("…".to_owned());
        }
        let named = if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) };
        let [added, changed, gone] = [progress.added, progress.changed, progress.gone].map(number);
        format!("{added} added, {changed} changed{named}, {gone} gone")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_what_changed_most() {
        let progress = SyncProgress { added: 3, changed: 1_097, gone: 0, ..SyncProgress::default() };
        assert_eq!(Fields::default().summary(SyncProgress::default()), "0 added, 0 changed, 0 gone");
        let fields =
            |names: &[(&str, u64)]| Fields(names.iter().map(|(name, users)| ((*name).to_owned(), *users)).collect());
        let cases: [(&[(&str, u64)], &str); 2] = [
            (&[("position", 40), ("last_activity_at", 1_090)], "(last_activity_at 1,090, position 40)"),
            (&[("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("f", 6)], "(f 6, e 5, d 4, c 3, b 2, …)"),
        ];
        for (names, expect) in cases {
            assert_eq!(fields(names).summary(progress), format!("3 added, 1,097 changed {expect}, 0 gone"));
        }
    }
}
