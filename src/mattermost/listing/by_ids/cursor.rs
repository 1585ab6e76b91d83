//! Where a listing by ids goes on: behind an id.

use alloc::format;
use alloc::string::String;

use provider_sdk::cursor::{Parts, has_form, read_optional, seal, unseal, write_optional};
use provider_sdk::hash::fnv1a;

use super::super::super::code::NoticeCode;
use super::super::super::edition::Edition;
use super::super::super::failure::Failure;
use super::super::Census;
use super::super::cursor::{Cursor as PagesCursor, Seats, read_count, read_version, write_count, write_version};
use super::super::notices::Findings;
use super::called::{Called, count};
use super::id::Id;
use super::roll::digest;

/// The form of the cursor. A version of the provider reads the forms of its earlier minor versions.
const FORM: &str = "i1";

/// The most passes by ids before pages are read.
pub(super) const PASSES_AT_MOST: u8 = 3;

/// The state of a listing by ids between two calls. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The server and the settings that the listing belongs to.
    fingerprint: u64,
    /// Distinguishes this listing from others of the same server.
    pub listing: u64,
    /// The pass, from 1.
    pub pass: u8,
    /// Ids that an earlier pass has found to have no account.
    pub orphans: u32,
    /// The last id whose profile was requested; `None` at the beginning.
    pub last: Option<Id>,
    /// What the lists gave; `None` if they are still to be read.
    pub called: Option<Called>,
    /// Ids of this pass whose profile did not come.
    pub absent: u32,
    /// The id of the token's account, which no list names.
    pub me: Id,
    /// The server as it was at the beginning.
    pub census: Census,
    /// The seats that the listed accounts take.
    pub seats: Seats,
    /// The notices so far.
    pub findings: Findings,
}

impl Cursor {
    /// The beginning of a listing; `None` if the token's account has no id.
    #[must_use]
    pub fn begin(fingerprint: u64, now_ms: i64, census: Census) -> Option<Self> {
        let me = Id::parse(census.me.as_bytes())?;
        Some(Self {
            fingerprint,
            listing: fnv1a(format!("{fingerprint} {now_ms} {census:?}").as_bytes()),
            pass: 1,
            orphans: 0,
            last: None,
            called: None,
            absent: 0,
            me,
            seats: Seats::default(),
            findings: Findings::of(&census),
            census,
        })
    }

    /// Begins anew: everybody is listed once more.
    pub fn begin_another_pass(&mut self) {
        self.pass = self.pass.saturating_add(1);
        self.orphans = self.orphans.max(self.absent);
        (self.last, self.called, self.absent) = (None, None, 0);
        self.seats = Seats::default();
        for of_records in [NoticeCode::RecordsUnreadable, NoticeCode::SeatsUnknown, NoticeCode::AccountsDatedAhead] {
            self.findings.set(of_records, 0);
        }
        self.findings.forget_activity();
    }

    /// Notes that the profiles of these ids, which came next, were read.
    pub fn go_behind(&mut self, ids: &[Id]) {
        self.last = ids.last().copied().or(self.last);
        if let Some(called) = &mut self.called {
            called.behind = called.behind.saturating_sub(count(ids));
            called.digest = called.digest.wrapping_sub(digest(ids));
        }
    }

    /// Turns to a listing by pages, which begins anew.
    #[must_use]
    pub fn turn_to_pages(mut self) -> PagesCursor {
        self.begin_another_pass();
        PagesCursor::instead(self.fingerprint, self.listing, self.census, self.findings)
    }

    /// Whether text is a cursor of a listing by ids.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        has_form(text, FORM)
    }

    /// The cursor as text.
    #[must_use]
    pub fn encode(&self) -> String {
        let (census, seats) = (&self.census, self.seats);
        let last = write_optional(self.last.map(Id::text));
        let called = write_optional(self.called.map(Called::encode));
        let state = format!(
            "{:x}_{}_{}_{last}_{called}_{}_{}_{}_{}_{}_{}_{}",
            self.listing,
            self.pass,
            self.orphans,
            self.absent,
            self.me.text(),
            write_count(census.count),
            census.edition.id(),
            write_version(census.version),
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
        let pass = parts.next()?.parse().ok().filter(|pass| (1..=PASSES_AT_MOST).contains(pass))?;
        let orphans = parts.next()?.parse().ok()?;
        let last = read_optional(parts.next()?, |id| Id::parse(id.as_bytes()))?;
        let called = read_optional(parts.next()?, Called::decode)?;
        let absent = parts.next()?.parse().ok()?;
        let me = Id::parse(parts.next()?.as_bytes())?;
        let count = read_count(parts.next()?)?;
        let edition = Edition::from_id(parts.next()?)?;
        let version = read_version(parts.next()?)?;
        let seats = Seats::read(parts)?;
        let findings = Findings::decode(parts.next()?)?;
        let census = Census::remembered(count, edition, version);
        Some(Self { fingerprint, listing, pass, orphans, last, called, absent, me, census, seats, findings })
    }
}
