//! The cursor of a sync: a line of a few kilobytes at most, which the host keeps between two calls.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use provider_sdk::cursor::{Parts, Stale, read_optional, seal, unseal, write_optional};
use provider_sdk::hash::fnv1a;

use super::super::edition::Edition;
use super::super::failure::Failure;
use super::super::listing::by_ids::{Called, Id, Present};
use super::super::listing::cursor::{read_count, read_version, write_count, write_version};
use super::super::listing::{Census, Findings, Seats};
use super::baseline::Baseline;

/// The format of the cursor. A version of the provider reads the formats of its earlier minor versions.
const FORM: &str = "c3";

/// The state between two calls. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Identifies the server and the settings.
    fingerprint: u64,
    /// Distinguishes these calls from others of the same server.
    pub id: u64,
    /// The listing that the host keeps.
    pub since: Baseline,
    /// The server's facts and counts.
    pub census: Census,
    /// The way to find who is new and who is gone.
    pub way: Way,
    /// Whether every known account is read, changed or not.
    pub reads_all: bool,
    /// How many users the host has passed so far.
    pub brought: u32,
    /// The seats of all accounts so far.
    pub seats: Seats,
    /// The notices so far.
    pub findings: Findings,
}

/// The way to find who is new and who is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Not decided yet. Has the id of the token's account, if lists can name it.
    Open(Option<Id>),
    /// By lists of the ids of everybody.
    Lists(Lists),
    /// By the report on newcomers, and the numbers of people and of bots.
    Numbers(Numbers),
}

/// Which accounts are being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// The users that the host passes, and the new ones between them.
    Known,
    /// None: the numbers did not add up, and the lists are read again next.
    Recount,
    /// Everybody that the new lists name.
    Everybody,
}

/// The state of the way by lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lists {
    /// Which accounts are being read.
    pub round: Round,
    /// The id of the token's account, which no list names.
    pub me: Id,
    /// Ids without an account that the lists had room for.
    pub room: u32,
    /// The last id that was read; `None` at the beginning of a round.
    pub last: Option<Id>,
    /// The ids that the lists gave.
    pub called: Called,
    /// How many accounts are not bots by the server's count, if it was requested and answered.
    pub counted_people: Option<u32>,
    /// How many listed accounts exist, as far as is known.
    pub here: u32,
    /// How many of them are bots.
    pub bots: u32,
    /// How many listed ids have no profile.
    pub absent: u32,
    /// How many accounts exist by one answer and not by another: known accounts that no list names but that have a
    /// profile, and listed accounts that existed but have no profile now. An account that was deleted after the count
    /// may hide one that was deleted before.
    pub doubtful: u32,
    /// How many new accounts of the report on users no list names, and how many accounts only the first list named.
    pub unlisted: u32,
    /// Whether each known bot is requested, since the list of bots is hidden.
    pub asks_for_bots: bool,
}

/// The state of the way by numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// The new accounts.
    pub newcomers: Newcomers,
    /// How many known accounts, created before the newcomers, exist and are not bots now.
    pub people: u32,
    /// How many of these accounts are bots now.
    pub bots: u32,
    /// Accounts whose existence is still to be checked.
    pub unverified: Vec<Unverified>,
}

/// The numbers of accounts created since the baseline, and the server's count of all accounts that are not bots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Newcomers {
    /// All accounts that are not bots, old and new, by the server's count.
    pub counted_people: u32,
    /// New accounts that are not bots.
    pub people: u32,
    /// New bots; `None` if the token may not see others' bots.
    pub bots: Option<u32>,
}

/// An account whose existence no count proves, only an answer about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// Its id.
    pub id: String,
    /// Whether it is a bot, as far as is known.
    pub is_bot: bool,
    /// Whether it was counted among the known accounts.
    pub is_counted: bool,
}

impl Cursor {
    /// The cursor at the beginning.
    #[must_use]
    pub fn begin(fingerprint: u64, now_ms: i64, census: Census, since: Baseline) -> Self {
        Self {
            fingerprint,
            id: fnv1a(format!("{fingerprint} {now_ms} {census:?} {since:?}").as_bytes()),
            since,
            way: Way::Open(Id::parse(census.me.as_bytes())),
            reads_all: since.needs_everything(),
            brought: 0,
            seats: Seats::default(),
            findings: Findings::of(&census),
            census,
        }
    }

    /// Whether the host has passed everybody.
    #[must_use]
    pub const fn has_everybody(&self) -> bool {
        self.brought >= self.since.users
    }

    /// The cursor as text.
    #[must_use]
    pub fn encode(&self) -> String {
        let (census, since, seats) = (&self.census, self.since, self.seats);
        let watermark = write_optional(since.watermark_ms);
        let flags = [since.proven, since.outdated, self.reads_all].map(|is| if is { '1' } else { '0' });
        let state = format!(
            "{:x}_{watermark}_{}_{}_{}_{}_{}_{}_{}_{}_{}",
            self.id,
            since.users,
            flags.iter().collect::<String>(),
            write_count(census.count),
            census.edition.id(),
            write_version(census.version),
            self.brought,
            seats.encode(),
            self.findings.encode(),
            self.way.encode(),
        );
        seal(FORM, self.fingerprint, &state)
    }

    /// Reads a cursor of the server and settings with this fingerprint, for this baseline.
    ///
    /// # Errors
    /// The cursor is damaged or in another format, or belongs to another server, other settings or another baseline.
    pub fn decode(text: &str, fingerprint: u64, since: Baseline) -> Result<Self, Failure> {
        let cursor = unseal(text, FORM, fingerprint, Self::read, Self::encode)?;
        if cursor.since == since { Ok(cursor) } else { Err(Stale::Foreign.into()) }
    }

    fn read(fingerprint: u64, parts: &mut Parts<'_>) -> Option<Self> {
        let id = u64::from_str_radix(parts.next()?, 16).ok()?;
        let watermark_ms = read_optional(parts.next()?, |ms| ms.parse().ok())?;
        let users = parts.next()?.parse().ok()?;
        let mut flags = parts.next()?.chars().map(|flag| flag == '1');
        let (proven, outdated, reads_all) = (flags.next()?, flags.next()?, flags.next()?);
        let since = Baseline { watermark_ms, users, proven, outdated };
        let count = read_count(parts.next()?)?;
        let edition = Edition::from_id(parts.next()?)?;
        let version = read_version(parts.next()?)?;
        let brought = parts.next()?.parse().ok()?;
        let seats = Seats::read(parts)?;
        let findings = Findings::decode(parts.next()?)?;
        let way = Way::decode(parts.next()?)?;
        let census = Census::remembered(count, edition, version);
        Some(Self { fingerprint, id, since, census, way, reads_all, brought, seats, findings })
    }
}

fn read_number(text: &str) -> Option<Option<u32>> {
    read_optional(text, |number| number.parse().ok())
}

fn read_id(text: &str) -> Option<Option<Id>> {
    read_optional(text, |id| Id::parse(id.as_bytes()))
}

impl Round {
    /// Every round, in the order of their numbers.
    const ALL: [Self; 3] = [Self::Known, Self::Recount, Self::Everybody];
}

impl Lists {
    /// The beginning of a round over the ids of the lists.
    #[must_use]
    pub fn begin(round: Round, me: Id, room: u32, present: &Present) -> Self {
        Self {
            round,
            me,
            room,
            last: None,
            called: Called::of(&present.ids, present.counted),
            counted_people: present.people,
            here: 0,
            bots: 0,
            absent: 0,
            doubtful: 0,
            unlisted: present.unlisted.unwrap_or_default(),
            asks_for_bots: !present.names_bots,
        }
    }
}

impl Way {
    fn encode(&self) -> String {
        match self {
            Self::Open(me) => format!("o,{}", write_optional(me.map(Id::text))),
            Self::Lists(lists) => {
                let round = Round::ALL.iter().position(|round| *round == lists.round).unwrap_or_default();
                format!(
                    "l,{round},{},{},{},{},{},{},{},{},{},{},{}",
                    lists.me.text(),
                    lists.room,
                    write_optional(lists.last.map(Id::text)),
                    lists.called.encode(),
                    write_optional(lists.counted_people),
                    lists.here,
                    lists.bots,
                    lists.absent,
                    lists.doubtful,
                    lists.unlisted,
                    u8::from(lists.asks_for_bots),
                )
            }
            Self::Numbers(numbers) => {
                let Newcomers { counted_people, people, bots } = numbers.newcomers;
                let unverified = numbers.unverified.iter().map(Unverified::encode).collect::<String>();
                let bots = write_optional(bots);
                format!("n,{counted_people},{people},{bots},{},{},{unverified}", numbers.people, numbers.bots)
            }
        }
    }

    fn decode(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let way = match parts.next()? {
            "o" => Self::Open(read_id(parts.next()?)?),
            "l" => {
                let round = *Round::ALL.get(parts.next()?.parse::<usize>().ok()?)?;
                let me = Id::parse(parts.next()?.as_bytes())?;
                let room = parts.next()?.parse().ok()?;
                let last = read_id(parts.next()?)?;
                let called = Called::decode(parts.next()?)?;
                let counted_people = read_number(parts.next()?)?;
                let mut number = || parts.next()?.parse().ok();
                let (here, bots, absent) = (number()?, number()?, number()?);
                let (doubtful, unlisted) = (number()?, number()?);
                let asks_for_bots = parts.next()? == "1";
                Self::Lists(Lists {
                    round,
                    me,
                    room,
                    last,
                    called,
                    counted_people,
                    here,
                    bots,
                    absent,
                    doubtful,
                    unlisted,
                    asks_for_bots,
                })
            }
            "n" => {
                let mut number = || parts.next()?.parse().ok();
                let (counted_people, people) = (number()?, number()?);
                let newcomers = Newcomers { counted_people, people, bots: read_number(parts.next()?)? };
                let (people, bots) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
                Self::Numbers(Numbers { newcomers, people, bots, unverified: read_unverified(parts.next()?)? })
            }
            _ => return None,
        };
        Some(way).filter(|_| parts.next().is_none())
    }
}

impl Unverified {
    fn encode(&self) -> String {
        let mark = match (self.is_bot, self.is_counted) {
            (false, false) => '-',
            (true, false) => '+',
            (false, true) => '.',
            (true, true) => ':',
        };
        format!("{mark}{}", self.id)
    }
}

fn read_unverified(text: &str) -> Option<Vec<Unverified>> {
    let mut accounts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (account, after) = rest.split_at_checked(27)?;
        let (mark, id) = account.split_at_checked(1)?;
        let (is_bot, is_counted) = match mark {
            "-" => (false, false),
            "+" => (true, false),
            "." => (false, true),
            ":" => (true, true),
            _ => return None,
        };
        accounts.push(Unverified { id: id.to_string(), is_bot, is_counted });
        rest = after;
    }
    Some(accounts)
}
