//! Where finding out what changed goes on: a line that the host keeps, of a few kilobytes at most.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use provider_sdk::cursor::{Parts, Stale, seal, unseal};
use provider_sdk::hash::fnv1a;

use super::super::advice::Holder;
use super::super::edition::Edition;
use super::super::failure::Failure;
use super::super::listing::cursor::{read_count, read_version, write_count, write_version};
use super::super::listing::{Census, Clock, Findings, Hidden, Seats};
use super::baseline::Baseline;

/// The form of the cursor. A version of the provider reads the forms of its earlier minor versions.
const FORM: &str = "c2";

/// The state between two calls. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The server and the settings that it belongs to.
    fingerprint: u64,
    /// Tells these calls from others of the same server.
    pub id: u64,
    /// What the host keeps.
    pub since: Baseline,
    /// The server as it was when the numbers were taken.
    pub census: Census,
    /// Who is new; none where that is still to be found out.
    pub newcomers: Option<Newcomers>,
    /// Whom the host has brought so far.
    pub brought: Brought,
    /// Accounts that are still to be looked for.
    pub unverified: Vec<Unverified>,
    /// The seats of all accounts so far.
    pub seats: Seats,
    /// The notices so far.
    pub findings: Findings,
}

/// The accounts that were made since the baseline, and the server's number of those who are no bots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newcomers {
    /// All that are no bots, old and new, by the server's count.
    pub counted_people: u32,
    /// New ones that are no bots.
    pub people: u32,
    /// New bots; none where the token may not see others' bots.
    pub bots: Option<u32>,
}

/// Users whom the host has brought. The numbers apart are of those who are older than what is looked for as new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// All of them.
    pub users: u32,
    /// Old ones who are no bots now.
    pub people: u32,
    /// Old ones who are bots now.
    pub bots: u32,
}

/// An account that exists if a question for it is answered, and not by any number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// Its id.
    pub id: String,
    /// Whether it is a bot, as far as is known.
    pub is_bot: bool,
}

impl Cursor {
    /// The beginning.
    #[must_use]
    pub fn begin(fingerprint: u64, now_ms: i64, census: Census, since: Baseline) -> Self {
        Self {
            fingerprint,
            id: fnv1a(format!("{fingerprint} {now_ms} {census:?} {since:?}").as_bytes()),
            since,
            newcomers: None,
            brought: Brought::default(),
            unverified: Vec::new(),
            seats: Seats::default(),
            findings: Findings::of(&census),
            census,
        }
    }

    /// The cursor as text.
    #[must_use]
    pub fn encode(&self) -> String {
        let (census, brought, seats) = (&self.census, self.brought, self.seats);
        let newcomers = self.newcomers.map_or_else(
            || "-".to_string(),
            |newcomers| {
                let bots = newcomers.bots.map_or_else(|| "-".to_string(), |bots| bots.to_string());
                format!("{}:{}:{bots}", newcomers.counted_people, newcomers.people)
            },
        );
        let unverified: Vec<String> = self
            .unverified
            .iter()
            .map(|account| format!("{}{}", if account.is_bot { '+' } else { '-' }, account.id))
            .collect();
        let state = format!(
            "{:x}_{}_{}_{}_{}_{}_{newcomers}_{}_{}_{}_{}_{}_{}_{}_{}",
            self.id,
            self.since.watermark_ms,
            self.since.users,
            write_count(census.count),
            census.edition.id(),
            write_version(census.version),
            brought.users,
            brought.people,
            brought.bots,
            seats.occupied,
            seats.apart,
            seats.unknown,
            self.findings.encode(),
            unverified.concat(),
        );
        seal(FORM, self.fingerprint, &state)
    }

    /// Reads a cursor of the server and settings with this fingerprint, for this baseline.
    ///
    /// # Errors
    /// The cursor is damaged, of another form, or of another server, other settings or another baseline.
    pub fn decode(text: &str, fingerprint: u64, since: Baseline) -> Result<Self, Failure> {
        let cursor = unseal(text, FORM, fingerprint, Self::read, Self::encode)?;
        if cursor.since == since { Ok(cursor) } else { Err(Stale::Foreign.into()) }
    }

    fn read(fingerprint: u64, parts: &mut Parts<'_>) -> Option<Self> {
        let id = u64::from_str_radix(parts.next()?, 16).ok()?;
        let since = Baseline { watermark_ms: parts.next()?.parse().ok()?, users: parts.next()?.parse().ok()? };
        let count = read_count(parts.next()?)?;
        let edition = Edition::from_id(parts.next()?)?;
        let version = read_version(parts.next()?)?;
        let newcomers = match parts.next()? {
            "-" => None,
            text => Some(read_newcomers(text)?),
        };
        let mut number = || parts.next()?.parse().ok();
        let brought = Brought { users: number()?, people: number()?, bots: number()? };
        let seats = Seats { occupied: number()?, apart: number()?, unknown: number()? };
        let findings = Findings::decode(parts.next()?)?;
        let unverified = read_unverified(parts.next()?)?;
        // What was hidden at the beginning is among the findings.
        let (hidden, clock) = (Hidden::default(), Clock::default());
        let census = Census {
            count,
            edition,
            version,
            hidden,
            count_failure: None,
            clock,
            holder: Holder::default(),
            me: String::new(),
        };
        Some(Self { fingerprint, id, since, census, newcomers, brought, unverified, seats, findings })
    }
}

fn read_newcomers(text: &str) -> Option<Newcomers> {
    let mut numbers = text.split(':');
    let (counted_people, people) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    let bots = match numbers.next()? {
        "-" => None,
        number => Some(number.parse().ok()?),
    };
    numbers.next().is_none().then_some(Newcomers { counted_people, people, bots })
}

fn read_unverified(text: &str) -> Option<Vec<Unverified>> {
    let mut accounts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (account, after) = rest.split_at_checked(27)?;
        let (is_bot, id) = match account.split_at_checked(1)? {
            ("+", id) => (true, id),
            ("-", id) => (false, id),
            _ => return None,
        };
        accounts.push(Unverified { id: id.to_string(), is_bot });
        rest = after;
    }
    Some(accounts)
}
