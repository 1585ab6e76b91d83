//! One account: a pure function of the seed and its place in the list.

use crate::chance::Chance;
use crate::ids::{self, Sort};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// What sort of account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person of the organisation.
    Member,
    /// A person with system-wide rights.
    SystemAdmin,
    /// A guest.
    Guest,
    /// A program.
    Bot,
    /// A stand-in for an account of a connected server.
    Remote,
}

/// Where an account signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthService {
    /// With a password of the server's own.
    Password,
    /// LDAP.
    Ldap,
    /// SAML.
    Saml,
    /// GitLab.
    Gitlab,
    /// Google.
    Google,
}

impl AuthService {
    /// The value of `auth_service`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "",
            Self::Ldap => "ldap",
            Self::Saml => "saml",
            Self::Gitlab => "gitlab",
            Self::Google => "google",
        }
    }
}

/// A row of the table of statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// `online`, `away`, `dnd` or `offline`.
    pub status: &'static str,
    /// Whether the person has set it by hand.
    pub manual: bool,
    /// Milliseconds since 1970, or 0.
    pub last_activity_at: i64,
}

/// An account as the server keeps it. Times are milliseconds since 1970, 0 for never.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its place in the list by username when the server started, from 0; accounts made since follow in their order.
    pub index: u32,
    /// 26 letters and digits.
    pub id: String,
    /// Unique and lower case; the list is in its order.
    pub username: String,
    /// The given name; a bot has none of its own.
    pub first_name: &'static str,
    /// The family name; empty for bots.
    pub last_name: &'static str,
    /// The job title, often empty.
    pub position: &'static str,
    /// The language.
    pub locale: &'static str,
    /// What sort it is.
    pub kind: Kind,
    /// Where it signs in.
    pub auth_service: AuthService,
    /// Whether it signs in with a second factor.
    pub mfa_active: bool,
    /// System roles, separated by spaces.
    pub roles: &'static str,
    /// When it was made.
    pub create_at: i64,
    /// When it was last changed.
    pub update_at: i64,
    /// When it was deactivated, or 0.
    pub delete_at: i64,
    /// Its status; `None` if the server has no row for it.
    pub status: Option<Status>,
    /// When it last signed in, or 0.
    pub last_login: i64,
    /// When it last wrote a message, or 0.
    pub last_post: i64,
    /// How many channels that are not archived it is in, direct ones left out.
    pub channel_count: u32,
    /// What its e-mail address begins with, where that is not the username.
    pub(crate) mailbox: Option<String>,
}

impl Account {
    /// Its e-mail address.
    #[must_use]
    pub fn email(&self) -> String {
        let host = match self.kind {
            Kind::Bot => "localhost",
            Kind::Remote => "partner.example",
            Kind::Member | Kind::SystemAdmin | Kind::Guest => "corp.example",
        };
        format!("{}@{host}", self.mailbox.as_ref().unwrap_or(&self.username))
    }

    /// Whether it is a guest in one channel alone, active or not. Such a guest takes no seat on a licensed server from
    /// 11.6 on, for as many of them as there are seats.
    #[must_use]
    pub const fn is_single_channel_guest(&self) -> bool {
        matches!(self.kind, Kind::Guest) && self.channel_count == 1
    }

    /// Whether it takes a seat on a server from 8.0 on.
    #[must_use]
    pub const fn takes_a_seat(&self) -> bool {
        self.traits().takes_a_seat()
    }

    pub(crate) const fn traits(&self) -> Traits {
        Traits {
            kind: self.kind,
            is_deactivated: self.delete_at != 0,
            is_single_channel_guest: self.is_single_channel_guest(),
        }
    }
}

/// What decides most about an account, found without making the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traits {
    pub(crate) kind: Kind,
    pub(crate) is_deactivated: bool,
    pub(crate) is_single_channel_guest: bool,
}

impl Traits {
    pub(crate) const fn takes_a_seat(self) -> bool {
        !self.is_deactivated
            && match self.kind {
                Kind::Bot | Kind::Remote => false,
                Kind::Member | Kind::SystemAdmin | Kind::Guest => true,
            }
    }
}

/// The places of the accounts that own the tokens, and of the bot that every server has.
pub(crate) mod places {
    pub(crate) const ADMIN: u32 = 0;
    pub(crate) const MEMBER: u32 = 1;
    pub(crate) const BOT: u32 = 2;
    pub(crate) const VIEWER_BOT: u32 = 3;
    pub(crate) const GUEST: u32 = 4;
    pub(crate) const REVOKED: u32 = 5;
    /// How many accounts own a token: the first ones.
    pub(crate) const OWNERS: u32 = 6;
    pub(crate) const SYSTEM_BOT: u32 = 6;
    pub(crate) const COUNT: u32 = 7;
}

const FIRST_NAMES: [&str; 24] = [
    "Zoë",
    "José",
    "Anna",
    "Jürgen",
    "Łukasz",
    "Siân",
    "Björn",
    "Aoife",
    "Nguyễn",
    "María",
    "Øystein",
    "Chloé",
    "Дмитрий",
    "Ελένη",
    "王芳",
    "健太",
    "سارة",
    "דוד",
    "Priya",
    "Kwame",
    "Émile",
    "Ingrid",
    "Tomás",
    "O'Neil",
];
const LAST_NAMES: [&str; 20] = [
    "García",
    "Müller",
    "O'Brien",
    "Nowak",
    "Größe",
    "Smith",
    "Åkesson",
    "Иванова",
    "Παπαδόπουλος",
    "田中",
    "李",
    "Haddad",
    "Okafor",
    "Patel",
    "van der Berg",
    "Šimunović",
    "Ó Súilleabháin",
    "Kowalczyk",
    "D'Angelo",
    "Lindqvist",
];
const POSITIONS: [&str; 10] = [
    "",
    "",
    "",
    "",
    "Engineer",
    "Head of Größe & Gewicht",
    "Accounts, \"EMEA\"",
    "Sales Manager",
    "Designer",
    "営業部長",
];
const LOCALES: [&str; 6] = ["en", "de", "fr", "es", "ja", "pl"];

/// Decides about the account at `index` of `total`.
pub(crate) fn traits(seed: u64, index: u32, total: u32) -> Traits {
    let (kind, fixed) = match index {
        places::ADMIN => (Kind::SystemAdmin, true),
        places::MEMBER | places::REVOKED => (Kind::Member, true),
        places::BOT | places::VIEWER_BOT | places::SYSTEM_BOT => (Kind::Bot, true),
        places::GUEST => (Kind::Guest, true),
        _ => (Kind::Member, false),
    };
    if fixed {
        return Traits { kind, is_deactivated: false, is_single_channel_guest: false };
    }
    let mut chance = Chance::of(seed, 1, u64::from(index));
    let is_deactivated = chance.percent(8);
    let kind = match chance.below(100) {
        0..6 => Kind::Guest,
        6..10 => Kind::Bot,
        10..13 => Kind::Remote,
        // One in 33, and at most ten beside the first.
        _ if index.checked_rem((total / 10).max(33)) == Some(17) && index / (total / 10).max(33) < 9 => {
            Kind::SystemAdmin
        }
        _ => Kind::Member,
    };
    let is_single_channel_guest = kind == Kind::Guest && Chance::of(seed, 4, u64::from(index)).below(3) == 0;
    Traits { kind, is_deactivated, is_single_channel_guest }
}

/// Makes the account at `index` of `total`.
pub(crate) fn make(seed: u64, index: u32, total: u32, now_ms: i64) -> Account {
    let Traits { kind, is_deactivated, is_single_channel_guest } = traits(seed, index, total);
    let mut chance = Chance::of(seed, 2, u64::from(index));
    let create_at = made_before(&mut chance, now_ms);
    let life = now_ms.saturating_sub(create_at);
    let delete_at = if is_deactivated { create_at.saturating_add(life / 2) } else { 0 };
    let is_bot = kind == Kind::Bot;
    let first_name = chance.one(&FIRST_NAMES).copied().unwrap_or_default();
    let last_name = if is_bot { "" } else { chance.one(&LAST_NAMES).copied().unwrap_or_default() };
    let position = if is_bot { "" } else { chance.one(&POSITIONS).copied().unwrap_or_default() };
    // The owners of the tokens sign in with a password, as the recorded ones did.
    let is_recorded = index < places::COUNT;
    let auth_service = match (kind, chance.below(10)) {
        _ if is_recorded => AuthService::Password,
        (Kind::Bot | Kind::Remote | Kind::SystemAdmin, _) | (_, 0..4) => AuthService::Password,
        (_, 4..6) => AuthService::Ldap,
        (_, 6..8) => AuthService::Saml,
        (_, 8) => AuthService::Gitlab,
        _ => AuthService::Google,
    };
    let has_second_factor = auth_service == AuthService::Password && !is_bot && chance.percent(20);
    let mfa_active = has_second_factor && !is_recorded;
    let locale = chance.one(&LOCALES).copied().unwrap_or("en");
    let status = status(&mut chance, now_ms, create_at);
    let last = status.map_or(0, |status| status.last_activity_at).max(create_at);
    let before = |chance: &mut Chance| last.saturating_sub(self::days(chance, 0, 20)).max(create_at);
    let (last_login, last_post) = match status {
        None => (0, 0),
        // A status that was set by hand keeps its old date while its owner goes on writing.
        Some(status) if status.manual => {
            (before(&mut chance), now_ms.saturating_sub(self::days(&mut chance, 0, 9)).max(last))
        }
        Some(_) => (before(&mut chance), if chance.percent(80) { before(&mut chance) } else { 0 }),
    };
    Account {
        index,
        id: ids::id(seed, Sort::User, index),
        username: username(index, kind),
        first_name,
        last_name,
        position,
        locale,
        kind,
        auth_service,
        mfa_active,
        roles: roles(index, kind),
        create_at,
        update_at: if delete_at == 0 { create_at.saturating_add(life / 3) } else { delete_at },
        delete_at,
        status,
        last_login,
        last_post: if is_bot { 0 } else { last_post },
        channel_count: match kind {
            _ if is_single_channel_guest => 1,
            Kind::Bot | Kind::Remote => 0,
            // Everybody else of a team is in its town square and in off-topic at least.
            Kind::Member | Kind::SystemAdmin | Kind::Guest => 2 + index % 5,
        },
        mailbox: None,
    }
}

/// The roles of the account at `index`, as the server writes them.
fn roles(index: u32, kind: Kind) -> &'static str {
    match (index, kind) {
        (places::VIEWER_BOT, _) => "system_user system_read_only_admin",
        (places::MEMBER | places::REVOKED, _) => "system_user system_user_access_token",
        (_, Kind::SystemAdmin) => "system_admin system_user",
        (_, Kind::Guest) => "system_guest",
        (_, Kind::Member | Kind::Bot | Kind::Remote) => "system_user",
    }
}

/// When the account at `index` was made, found without making the rest.
pub(crate) fn create_at(seed: u64, index: u32, now_ms: i64) -> i64 {
    made_before(&mut Chance::of(seed, 2, u64::from(index)), now_ms)
}

/// The first thing that is decided about an account.
fn made_before(chance: &mut Chance, now_ms: i64) -> i64 {
    now_ms.saturating_sub(days(chance, 30, 4 * 365))
}

/// A member or a bot that was made while the server ran, as the `index`-th account of all.
pub(crate) fn made(seed: u64, index: u32, username: String, kind: Kind, now_ms: i64) -> Account {
    let mut chance = Chance::of(seed, 2, u64::from(index));
    Account {
        index,
        id: ids::id(seed, Sort::User, index),
        username,
        first_name: chance.one(&FIRST_NAMES).copied().unwrap_or_default(),
        last_name: if kind == Kind::Bot { "" } else { chance.one(&LAST_NAMES).copied().unwrap_or_default() },
        position: "",
        locale: "en",
        kind,
        auth_service: AuthService::Password,
        mfa_active: false,
        roles: "system_user",
        create_at: now_ms,
        update_at: now_ms,
        delete_at: 0,
        status: None,
        last_login: 0,
        last_post: 0,
        channel_count: if kind == Kind::Bot { 0 } else { 2 },
        mailbox: None,
    }
}

fn days(chance: &mut Chance, from: u64, to: u64) -> i64 {
    let ms_a_day = DAY_MS.unsigned_abs();
    let span = to.saturating_sub(from).saturating_mul(ms_a_day);
    i64::try_from(from.saturating_mul(ms_a_day).saturating_add(chance.below(span.max(1)))).unwrap_or_default()
}

fn status(chance: &mut Chance, now_ms: i64, create_at: i64) -> Option<Status> {
    match chance.below(100) {
        0..10 => None,
        10..12 => Some(Status { status: "away", manual: true, last_activity_at: 0 }),
        n => {
            let ago = if n < 70 { days(chance, 0, 30) } else { days(chance, 30, 2 * 365) };
            let (status, manual) = match n {
                12..15 => ("dnd", true),
                15..20 => ("online", false),
                _ => ("offline", false),
            };
            Some(Status { status, manual, last_activity_at: now_ms.saturating_sub(ago).max(create_at) })
        }
    }
}

/// A name that sorts by the index: four syllables of a hundred, each of two letters, and a word for the kind.
pub(crate) fn username(index: u32, kind: Kind) -> String {
    const CONSONANTS: &[u8; 20] = b"bcdfghjklmnpqrstvwxz";
    const VOWELS: &[u8; 5] = b"aeiou";
    let mut name = String::with_capacity(16);
    for power in [1_000_000_u32, 10_000, 100, 1] {
        let syllable = usize::try_from(index / power % 100).unwrap_or_default();
        for letter in [CONSONANTS.get(syllable / 5), VOWELS.get(syllable % 5)].into_iter().flatten() {
            name.push(char::from(*letter));
        }
    }
    name.push_str(match (index, kind) {
        (places::ADMIN, _) => ".sysadmin",
        (places::SYSTEM_BOT, _) => ".system-bot",
        (_, Kind::SystemAdmin) => ".admin",
        (_, Kind::Guest) => ".guest",
        (_, Kind::Bot) => ".bot",
        (_, Kind::Remote) => ".partner",
        (_, Kind::Member) => "",
    });
    name
}
