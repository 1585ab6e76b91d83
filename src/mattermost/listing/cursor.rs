//! Where a listing goes on: a line of at most a few hundred bytes that the host keeps.

use alloc::format;
use alloc::string::{String, ToString};

use super::super::code::Code;
use super::super::edition::Edition;
use super::super::failure::Failure;
use super::super::settings::fnv1a;
use super::super::version::Version;
use super::census::Census;
use super::notices::{Findings, Hidden};

/// The form of the cursor. A version of the provider reads the forms of its earlier minor versions.
const FORM: &str = "m1";

/// The state of a listing between two calls. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The server and the settings that the listing belongs to.
    fingerprint: u64,
    /// Tells this listing from others of the same server.
    pub listing: u64,
    /// The page to read next.
    pub next_page: u32,
    /// How many distinct accounts of before the listing it has seen.
    pub seen: u32,
    /// The server as it was at the beginning.
    pub census: Census,
    /// The notices so far.
    pub findings: Findings,
}

impl Cursor {
    /// The beginning of a listing.
    #[must_use]
    pub fn begin(fingerprint: u64, now_ms: i64, census: Census) -> Self {
        let listing = fnv1a(format!("{fingerprint} {now_ms} {:?}", census).as_bytes());
        let findings = Findings::of(&census);
        Self { fingerprint, listing, next_page: 0, seen: 0, census, findings }
    }

    /// The cursor as text.
    #[must_use]
    pub fn encode(&self) -> String {
        let census = &self.census;
        let total = census.total.map_or_else(|| "-".to_string(), |total| total.to_string());
        let version = census.version.map_or_else(|| "-".to_string(), |version| version.to_string());
        let body = format!(
            "{FORM}_{:x}_{:x}_{}_{}_{}_{total}_{}_{version}_{}",
            self.fingerprint,
            self.listing,
            self.next_page,
            self.seen,
            census.server_ms,
            census.edition.id(),
            self.findings.encode(),
        );
        format!("{body}_{:x}", fnv1a(body.as_bytes()))
    }

    /// Reads a cursor of the server and settings with this fingerprint.
    ///
    /// # Errors
    /// The cursor is damaged, of another form, or of another server or other settings.
    pub fn decode(text: &str, fingerprint: u64) -> Result<Self, Failure> {
        let stale = |why| Failure::new(Code::CursorStale, why);
        if !text.starts_with("m1_") {
            return Err(stale("the cursor is of a form that this version does not read"));
        }
        let cursor = Self::parse(text).ok_or_else(|| stale("the cursor is damaged"))?;
        if cursor.fingerprint != fingerprint {
            return Err(stale("the cursor belongs to another server or to other settings"));
        }
        Ok(cursor)
    }

    fn parse(text: &str) -> Option<Self> {
        fn optional<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
            if text == "-" { Some(None) } else { read(text).map(Some) }
        }
        let (body, check) = text.rsplit_once('_')?;
        if u64::from_str_radix(check, 16).ok()? != fnv1a(body.as_bytes()) {
            return None;
        }
        let mut parts = body.split('_');
        let _form = parts.next()?;
        let fingerprint = u64::from_str_radix(parts.next()?, 16).ok()?;
        let listing = u64::from_str_radix(parts.next()?, 16).ok()?;
        let next_page = parts.next()?.parse().ok()?;
        let seen = parts.next()?.parse().ok()?;
        let server_ms = parts.next()?.parse().ok()?;
        let total = optional(parts.next()?, |text| text.parse().ok())?;
        let edition = Edition::from_id(parts.next()?)?;
        let version = optional(parts.next()?, Version::parse)?;
        let findings = Findings::decode(parts.next()?)?;
        // What was hidden at the beginning is among the findings, where it is looked up from now on.
        let census = Census { server_ms, total, edition, version, hidden: Hidden::default() };
        parts.next().is_none().then_some(Self { fingerprint, listing, next_page, seen, census, findings })
    }
}
