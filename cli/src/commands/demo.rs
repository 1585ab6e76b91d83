//! `providerctl demo`: runs all commands on a simulated server that it starts.

mod swap;

use std::time::Instant;

use mattermost_simulator::{Config, Simulator};
use provider_host::model::User;
use provider_host::{Access, Digest, Egress, EgressOptions, ListingLimits, Settings, TenantListing, io_reason};
use secrecy::SecretString;

use self::swap::{Stage, Swap};
use super::invocation::invocation;
use super::{check, ending, license};
use crate::args::DemoArgs;
use crate::clock::now;
use crate::connection::{limits, print_component, read, sandbox};
use crate::exit::{Complaint, Exit, Failure};
use crate::listing::Reader;
use crate::output::words::{count, mebibytes, number, span};
use crate::output::{Table, UserFormat as _, Values, Width};
use crate::screen::{Screen, Tone, notice_lines};
use crate::select::Times;
use crate::tally::{IDLE, Tally};

pub(crate) async fn run(args: &DemoArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let started = Instant::now();
    let config = Config { users: args.users, seed: args.seed, license: args.license, port: 0, ..Config::default() };
    let simulator = Simulator::start(config)
        .await
        .map_err(|error| Failure::failed(Complaint::new("server-not-started", io_reason(&error))))?;
    let egress = Egress::new(EgressOptions::default())?;
    let stage = set(args, &simulator, egress.clone(), screen).await?;
    let description = stage.description();
    screen.line(&format!(
        "A simulated {} server with {} runs at {}; the provider {} {} reads it in a sandbox that reaches nothing else.",
        description.name,
        count(u64::from(args.users), "account"),
        simulator.url(),
        description.id,
        description.version,
    ))?;
    let colour = screen.look.colour;
    title("Licence", screen)?;
    print(license::lines(&stage.tenant.licenses().await?, now(), colour), screen)?;

    title("Checks", screen)?;
    let report = stage.tenant.check().await?;
    print(check::lines(&report, &description.name, colour), screen)?;

    title("Users", screen)?;
    let listed = Instant::now();
    let mut reader = Reader::new(stage.listing(), ListingLimits::default().stall_time);
    let mut counts = Tally::default();
    let swap = list(args, &stage, &mut reader, &mut counts, screen).await?;

    title("Summary", screen)?;
    let complete = ending::exit(reader.end()) == Exit::Complete;
    let mut lines = counts.lines();
    lines.push(format!(
        "{:<8} {} in {}, {}",
        "listing",
        count(reader.listing().progress().users, "user"),
        span(listed.elapsed()),
        if complete { "complete" } else { "incomplete" },
    ));
    lines.extend(swap.map(|swap| format!("{:<8} {}", "swap", swap.line(reader.listing().moves()))));
    lines.push(format!(
        "{:<8} {}, {} of memory at most, {} in all",
        "sandbox",
        count(egress.requests(), "request"),
        mebibytes(reader.listing().memory_bytes()),
        span(started.elapsed()),
    ));
    lines.extend(reader.notices().flat_map(|notice| notice_lines(notice, colour)));
    print(lines, screen)?;
    Ok(if complete { check::exit(&report) } else { Exit::Incomplete })
}

/// Loads the component and connects it with the simulated server.
async fn set(
    args: &DemoArgs,
    simulator: &Simulator,
    egress: Egress,
    screen: &mut Screen<'_>,
) -> Result<Stage, Failure> {
    let mut settings = Settings::new();
    settings.set("server_url", simulator.url());
    settings.set_secret("access_token", SecretString::from(simulator.tokens().admin.clone()));
    let access = Access::new(settings, egress).limits(limits(&args.component));
    let (path, bytes) = read(&args.component)?;
    if args.component.verbose.verbose {
        print_component(&path, &Digest::of(&bytes), screen);
    }
    Stage::set(sandbox(&args.component.cache, args.component.timeout)?, bytes, access).await
}

/// Lists the users and prints the first of them; a switch to another version happens in the middle.
async fn list(
    args: &DemoArgs,
    stage: &Stage,
    reader: &mut Reader<TenantListing>,
    counts: &mut Tally,
    screen: &mut Screen<'_>,
) -> Result<Option<Swap>, Failure> {
    let mut shown = Rows::new(args.rows, screen.look.width);
    let (mut swap, mut failure) = (None, None);
    let times = Times::at(now());
    screen.start_progress("users");
    while let Some(page) = reader.next(&mut |retry| screen.tell(&ending::retry_line(&retry))).await {
        match page {
            Ok(batch) => {
                batch.users.iter().for_each(|user| counts.add(user, IDLE, &times));
                screen.data(&shown.page(&batch.users)?)?;
                screen.progress(reader.users(), batch.expected_total);
                if swap.is_none() && batch.end.is_none() {
                    swap = Some(stage.swap(reader.users()).await?);
                }
            }
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    screen.end_progress();
    if shown.left_out > 0 {
        let command = format!("{} demo --users {} --seed {} --rows 0", invocation(), args.users, args.seed);
        screen.line(&format!("… and {} more; to see them all: {command}", number(shown.left_out)))?;
    }
    failure.map_or(Ok(swap), Err)
}

fn title(text: &str, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let text = screen.look.colour.paint(Tone::Title, &text.to_uppercase());
    screen.line("")?;
    screen.line(&text)
}

fn print(lines: Vec<String>, screen: &mut Screen<'_>) -> std::io::Result<()> {
    lines.into_iter().try_for_each(|line| screen.line(&line))
}

/// The first rows of a listing.
struct Rows {
    table: Table,
    left: Option<u32>,
    left_out: u64,
}

impl Rows {
    /// Shows that many rows; 0 shows all.
    fn new(rows: u32, width: Width) -> Self {
        Self { table: Table::new(width, Values::Harmless), left: (rows > 0).then_some(rows), left_out: 0 }
    }

    /// The rows of a page that are shown, as text.
    fn page(&mut self, users: &[User]) -> std::io::Result<Vec<u8>> {
        let most = self.left.map_or(users.len(), |left| usize::try_from(left).unwrap_or(usize::MAX));
        let (shown, hidden) = users.split_at_checked(most).unwrap_or((users, &[]));
        self.left = self.left.map(|left| left.saturating_sub(u32::try_from(shown.len()).unwrap_or(u32::MAX)));
        self.left_out += u64::try_from(hidden.len()).unwrap_or(u64::MAX);
        let mut out = Vec::new();
        self.table.page(shown, &mut out)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::anna;

    #[test]
    fn only_the_first_rows_are_shown_and_the_rest_is_counted() {
        for (rows, pages, lines, left_out) in
            [(2, [1, 3], 3, 2), (0, [2, 2], 5, 0), (9, [2, 2], 5, 0), (1, [0, 3], 2, 2)]
        {
            let mut shown = Rows::new(rows, Width::Columns(80));
            let mut out = Vec::new();
            for size in pages {
                out.extend(shown.page(&vec![anna(); size]).unwrap());
            }
            assert_eq!(String::from_utf8(out).unwrap().lines().count(), lines, "{rows} rows of {pages:?}");
            assert_eq!(shown.left_out, left_out);
        }
    }
}
