//! Where a listing goes on: a line of at most a few hundred bytes that the host keeps.

use alloc::format;
use alloc::string::String;

use provider_sdk::cursor::{Parts, read_optional, seal, unseal, write_optional};
use provider_sdk::hash::fnv1a;

use super::super::api::USERS_PER_PAGE;
use super::super::edition::Edition;
use super::super::failure::Failure;
use super::super::version::Version;
use super::census::{Census, Count};
use super::memory::{PASSES_AT_MOST, Tally};
use super::notices::Findings;

/// The form of the cursor. A version of the provider reads the forms of its earlier minor versions.
const FORM: &str = "m2";

/// How many accounts a page has, unless the server cuts it.
const PAGE_SIZE: u32 = USERS_PER_PAGE as u32;

/// The state of a listing between two calls. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The server and the settings that the listing belongs to.
    fingerprint: u64,
    /// Distinguishes this listing from others of the same server.
    pub listing: u64,
    /// The page to read next.
    pub next_page: u32,
    /// How many accounts are on a page: fewer than [`USERS_PER_PAGE`] if the first page came with fewer.
    pub page_size: u32,
    /// How many pages in a row had no account that was new to the pass.
    pub idle_pages: u32,
    /// How many accounts it has seen.
    pub tally: Tally,
    /// The server as it was at the beginning.
    pub census: Census,
    /// The count with which this pass began; `None` if it is still to be requested.
    pub pass: Option<Count>,
    /// The seats that its accounts take.
    pub seats: Seats,
    /// The notices so far.
    pub findings: Findings,
}

/// How many of the accounts that a listing has returned take a seat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seats {
    /// Accounts that do.
    pub occupied: u32,
    /// Guests of a single channel, who take none, though the server's plain count of seats includes them.
    pub apart: u32,
    /// Accounts of which it is not known.
    pub unknown: u32,
}

impl Seats {
    /// The numbers as three parts of a cursor.
    #[must_use]
    pub fn encode(self) -> String {
        format!("{}_{}_{}", self.occupied, self.apart, self.unknown)
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub fn read(parts: &mut Parts<'_>) -> Option<Self> {
        let mut number = || parts.next()?.parse().ok();
        Some(Self { occupied: number()?, apart: number()?, unknown: number()? })
    }
}

impl Cursor {
    /// The beginning of a listing.
    #[must_use]
    pub fn begin(fingerprint: u64, now_ms: i64, census: Census) -> Self {
        let listing = fnv1a(format!("{fingerprint} {now_ms} {census:?}").as_bytes());
        Self {
            fingerprint,
            listing,
            next_page: 0,
            page_size: PAGE_SIZE,
            idle_pages: 0,
            tally: Tally { pass: 1, ..Tally::default() },
            pass: Some(census.count),
            seats: Seats::default(),
            findings: Findings::of(&census),
            census,
        }
    }

    /// The beginning of a listing that replaces one by ids, with the notices that it has raised.
    #[must_use]
    pub fn instead(fingerprint: u64, listing: u64, census: Census, findings: Findings) -> Self {
        Self { listing, findings, ..Self::begin(fingerprint, 0, census) }
    }

    /// Turns to another pass through the list.
    pub fn begin_another_pass(&mut self) {
        self.next_page = 0;
        self.idle_pages = 0;
        self.tally = self.tally.of_next_pass();
        self.pass = None;
    }

    /// The cursor as text.
    #[must_use]
    pub fn encode(&self) -> String {
        let (census, tally, seats) = (&self.census, self.tally, self.seats);
        let version = write_version(census.version);
        let pass = write_optional(self.pass.map(write_count));
        let state = format!(
            "{:x}_{}_{}_{}_{}_{}_{}_{}_{}_{pass}_{}_{version}_{}_{}",
            self.listing,
            self.next_page,
            self.page_size,
            self.idle_pages,
            tally.pass,
            tally.seen,
            tally.in_pass,
            tally.later,
            write_count(census.count),
            census.edition.id(),
            seats.encode(),
            self.findings.encode(),
        );
        seal(FORM, self.fingerprint, &state)
    }

    /// Reads a cursor of the server and settings with this fingerprint.
    ///
    /// # Errors
    /// The cursor is damaged, of another form, or of another server or other settings.
    pub fn decode(text: &str, fingerprint: u64) -> Result<Self, Failure> {
        Ok(unseal(text, FORM, fingerprint, Self::read, Self::encode)?)
    }

    fn read(fingerprint: u64, parts: &mut Parts<'_>) -> Option<Self> {
        let listing = u64::from_str_radix(parts.next()?, 16).ok()?;
        let next_page = parts.next()?.parse().ok()?;
        let page_size = parts.next()?.parse().ok().filter(|size| (1..=PAGE_SIZE).contains(size))?;
        let idle_pages = parts.next()?.parse().ok()?;
        let pass = parts.next()?.parse().ok().filter(|pass| (1..=PASSES_AT_MOST).contains(pass))?;
        let mut number = || parts.next()?.parse().ok();
        let tally = Tally { pass, seen: number()?, in_pass: number()?, later: number()? };
        let count = read_count(parts.next()?)?;
        let pass = read_optional(parts.next()?, read_count)?;
        let edition = Edition::from_id(parts.next()?)?;
        let version = read_version(parts.next()?)?;
        let seats = Seats::read(parts)?;
        let findings = Findings::decode(parts.next()?)?;
        let census = Census::remembered(count, edition, version);
        Some(Self { fingerprint, listing, next_page, page_size, idle_pages, tally, census, pass, seats, findings })
    }
}

/// Writes a version, or a dash if the server reports none.
pub(in crate::mattermost) fn write_version(version: Option<Version>) -> String {
    write_optional(version)
}

/// Reads what [`write_version`] wrote.
pub(in crate::mattermost) fn read_version(text: &str) -> Option<Option<Version>> {
    read_optional(text, Version::parse)
}

/// A count with its time.
pub(in crate::mattermost) fn write_count(count: Count) -> String {
    let lag = count.cutoff_ms.map(|cutoff_ms| count.server_ms.saturating_sub(cutoff_ms));
    format!("{}:{}:{}", count.server_ms, write_optional(count.total), write_optional(lag))
}

/// Reads what [`write_count`] wrote.
pub(in crate::mattermost) fn read_count(text: &str) -> Option<Count> {
    let mut parts = text.splitn(3, ':');
    let server_ms = parts.next()?.parse::<i64>().ok()?;
    let total = read_optional(parts.next()?, |number| number.parse().ok())?;
    let cutoff_ms = read_optional(parts.next()?, |lag| server_ms.checked_sub(lag.parse().ok()?))?;
    Some(Count { server_ms, cutoff_ms, total })
}
