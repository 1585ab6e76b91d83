//! The page: one HTML file that needs no script and no network.
//!
//! The template escapes every value; texts of the server also lose control characters first (`text.rs`). Only the drawings and the
//! style sheet are markup, and they hold no text of the server.

#[cfg(test)]
mod tests;

use askama::Template;
use provider_host::model::{License, Notice, SeatUse, Severity, User, UserStatus};

use super::accounts::{Bin, Share};
use super::administrators::{Administrator, Domain};
use super::changes::Changes;
use super::facts::{Facts, Licenses};
use super::figures::Figures;
use super::plots::{Bars, Meaning, Plot, lying, standing};
use super::seats::{Holder, IDLE_DAYS, Idle};
use super::text::{away, idle_days, length, message, moment, name, percent, shown};
use crate::last_use::LastUse;
use crate::licences::{days_left, first_to_end, seats_left};
use crate::output::words::{balance, count, day, number, quantity};

/// How many rows of a table the page shows; the others unfold.
const OPEN: usize = 10;

/// The most rows of the table of idle seats, and of every other.
const MOST_IDLE: usize = 5_000;
const MOST: usize = 1_000;

/// The files that lie beside the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// Every account as CSV and NDJSON, and the idle seats as CSV.
    Files,
    /// None.
    Nothing,
}

/// The page of a report.
///
/// # Errors
/// The template cannot be rendered, which no value causes.
pub(crate) fn page(facts: &Facts, figures: &Figures<'_>, beside: Beside) -> Result<String, askama::Error> {
    Page::of(facts, figures, beside).render()
}

/// What the template shows, in its order.
#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    product: String,
    server: String,
    as_of: String,
    as_of_machine: String,
    has_files: bool,
    is_complete: bool,
    completeness: String,
    tiles: Vec<Tile>,
    seats: SeatsPart,
    idle: IdlePart,
    tables: Vec<ShareTable>,
    histogram: HistogramPart,
    administrators: AdministratorsPart,
    guests: GuestsPart,
    changes: Option<ChangesPart>,
    limits: LimitsPart,
    about: Vec<(&'static str, String)>,
}

/// A figure at the top.
struct Tile {
    title: String,
    value: String,
    note: String,
    is_alarming: bool,
}

/// An account in a table.
struct Person {
    name: String,
    /// The username, if the name is not it.
    username: String,
    email: String,
    is_deactivated: bool,
}

/// A row of a table of accounts.
struct AccountRow {
    person: Person,
    cells: Vec<Cell>,
}

/// What a table says of an account.
struct Cell {
    text: String,
    /// Smaller, below the text.
    note: String,
    /// Whether it stays on one line.
    is_short: bool,
}

impl Cell {
    /// Words, which wrap.
    fn words(text: impl Into<String>) -> Self {
        Self { text: text.into(), note: String::new(), is_short: false }
    }

    /// A date or a number.
    fn short(text: impl Into<String>) -> Self {
        Self { text: text.into(), note: String::new(), is_short: true }
    }

    /// The day of the last use, or what is known instead.
    fn last_use(user: &User, last_use: LastUse) -> Self {
        match last_use {
            LastUse::Ago(_) => {
                Self::short(user.last_activity_at.as_deref().map(|at| shown(&day(at))).unwrap_or_default())
            }
            LastUse::Unknown => Self::short("unknown"),
            LastUse::Never(_) => {
                let made = user.created_at.as_deref().map(|at| format!("made {}", shown(&day(at))));
                Self { note: made.unwrap_or_default(), ..Self::short("never") }
            }
        }
    }
}

/// A table of accounts, of which the first rows are open.
struct AccountTable {
    caption: String,
    titles: Vec<&'static str>,
    /// Whether the last column is a number.
    has_number: bool,
    open: Vec<AccountRow>,
    folded: Vec<AccountRow>,
    folded_title: String,
    /// How many are on no page, and where they are instead; empty if all are there.
    left_out: String,
}

struct SeatsPart {
    plot: Option<Plot>,
    legend: Vec<(&'static str, String)>,
    licenses: Vec<LicensePart>,
    note: String,
}

struct LicensePart {
    name: String,
    rows: Vec<(&'static str, String)>,
    notices: Vec<NoticePart>,
}

struct IdlePart {
    plot: Option<Plot>,
    rows: Vec<[String; 5]>,
    sentences: Vec<String>,
    table: Option<AccountTable>,
    unknown: Option<AccountTable>,
}

struct ShareTable {
    title: &'static str,
    rows: Vec<ShareRow>,
}

struct ShareRow {
    label: String,
    accounts: String,
    percent: String,
    /// How long its bar is; `None` for no accounts.
    length: Option<String>,
}

struct HistogramPart {
    plot: Option<Plot>,
    rows: Vec<[String; 3]>,
}

struct AdministratorsPart {
    sentence: String,
    table: Option<AccountTable>,
    domains: Vec<(String, String)>,
    domains_left_out: String,
}

struct GuestsPart {
    sentence: String,
    table: Option<AccountTable>,
}

struct ChangesPart {
    since: String,
    sentences: Vec<String>,
    fields: Vec<(String, String)>,
    added: Option<AccountTable>,
    gone: Option<AccountTable>,
    roles: Option<AccountTable>,
}

struct LimitsPart {
    notices: Vec<NoticePart>,
    hidden: Vec<String>,
}

struct NoticePart {
    is_warning: bool,
    code: String,
    message: String,
    fix: String,
}

impl Page {
    fn of(facts: &Facts, figures: &Figures<'_>, beside: Beside) -> Self {
        let builder = Builder { facts, figures, beside };
        Self {
            product: shown(&facts.about.product),
            server: shown(&facts.about.server),
            as_of: moment(facts.as_of),
            as_of_machine: facts.as_of.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            has_files: beside == Beside::Files,
            is_complete: facts.completeness.is_complete,
            completeness: builder.completeness(),
            tiles: builder.tiles(),
            seats: builder.seats(),
            idle: builder.idle(),
            tables: builder.tables(),
            histogram: builder.histogram(),
            administrators: builder.administrators(),
            guests: builder.guests(),
            changes: builder.changes(),
            limits: builder.limits(),
            about: builder.about(),
        }
    }
}

/// Puts figures into words.
struct Builder<'a> {
    facts: &'a Facts,
    figures: &'a Figures<'a>,
    beside: Beside,
}

impl Builder<'_> {
    fn completeness(&self) -> String {
        let listed = count(self.figures.accounts, "account");
        let state = &self.facts.completeness;
        let counted = state.counted.map(|counted| number(u64::from(counted)));
        match (state.is_complete, &state.reason, counted) {
            (true, _, Some(counted)) => format!("Complete: {listed} listed, and the server counts {counted}."),
            (true, _, None) => format!("Complete: {listed} listed."),
            (false, reason, counted) => {
                let counted = counted.map(|counted| format!("; the server counts {counted}")).unwrap_or_default();
                let reason = reason.as_deref().map(|code| format!(" ({})", shown(code))).unwrap_or_default();
                format!("Incomplete: accounts may be missing{reason}. {listed} listed{counted}.")
            }
        }
    }

    fn tiles(&self) -> Vec<Tile> {
        let (used, purchased) = self.figures.licensed;
        let seats = &self.figures.seats;
        let left = seats_left(used, purchased);
        let idle = seats.idle_for(IDLE_DAYS);
        let unknown = seats.by_use.unknown;
        let idle_note = if unknown == 0 {
            format!("{} of the seats that accounts hold", percent(idle, seats.occupied))
        } else {
            format!("of {}; the activity of {} is not known", number(seats.occupied), number(unknown))
        };
        let tile = |title: &str, value: String, note: String, is_alarming: bool| Tile {
            title: title.to_owned(),
            value,
            note,
            is_alarming,
        };
        vec![
            tile(
                "Seats in use",
                format!("{} of {}", quantity(&used), quantity(&purchased)),
                left.map(balance).unwrap_or_default(),
                left.is_some_and(i64::is_negative),
            ),
            tile(&format!("Idle for over {IDLE_DAYS} days"), count(idle, "seat"), idle_note, false),
            self.end_tile(),
            tile("Accounts", number(self.figures.accounts), self.status_note(), !self.facts.completeness.is_complete),
        ]
    }

    fn end_tile(&self) -> Tile {
        let title = "Licence ends".to_owned();
        let plain = |value: &str| Tile {
            title: title.clone(),
            value: value.to_owned(),
            note: String::new(),
            is_alarming: false,
        };
        let licenses = match &self.facts.licenses {
            Licenses::Failed(_) => return plain("unknown"),
            Licenses::Read(licenses) if licenses.is_empty() => return plain("no licence"),
            Licenses::Read(licenses) => licenses,
        };
        match first_to_end(licenses, self.facts.as_of) {
            None => plain("no date given"),
            Some((license, days)) => Tile {
                title: if days < 0 { "Licence ended".to_owned() } else { title },
                value: away(days),
                note: license.expires_at.as_deref().map(|end| shown(&day(end))).unwrap_or_default(),
                is_alarming: days < 30,
            },
        }
    }

    fn status_note(&self) -> String {
        let shares = self.figures.shares.status.iter();
        shares
            .map(|share| format!("{} {}", number(share.accounts), share.label.to_lowercase()))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn seats(&self) -> SeatsPart {
        let by_use = self.figures.seats.by_use;
        let (used, purchased) = self.figures.licensed;
        let left = seats_left(used, purchased).and_then(|left| u64::try_from(left).ok()).unwrap_or(0);
        let parts = [
            (Meaning::Used, "used", format!("used within {IDLE_DAYS} days"), by_use.used),
            (Meaning::Idle, "idle", format!("idle for over {IDLE_DAYS} days"), by_use.idle),
            (Meaning::Never, "never", "never used".to_owned(), by_use.never),
            (Meaning::Unknown, "unknown", "activity not known".to_owned(), by_use.unknown),
            (Meaning::Free, "free", "left".to_owned(), left),
        ];
        let bars: Vec<Bars> = parts
            .iter()
            .map(|(meaning, class, _, seats)| Bars { meaning: *meaning, name: class, values: vec![*seats] })
            .collect();
        let legend = parts.into_iter().filter(|(.., seats)| *seats > 0);
        let licenses = match &self.facts.licenses {
            Licenses::Read(licenses) => licenses.iter().map(|license| self.license(license)).collect(),
            Licenses::Failed(_) => Vec::new(),
        };
        SeatsPart {
            plot: lying("Seats by use", &["Seats".to_owned()], &bars),
            legend: legend.map(|(_, class, label, seats)| (class, format!("{} {label}", number(seats)))).collect(),
            licenses,
            note: self.seats_note(),
        }
    }

    fn seats_note(&self) -> String {
        let seats = &self.figures.seats;
        let mut note = format!("By the listing, {} hold a seat.", count(seats.occupied, "account"));
        if seats.unknown > 0 {
            note += &format!(" Of {} this token cannot tell.", count(seats.unknown, "account"));
        }
        match &self.facts.licenses {
            Licenses::Failed(why) => format!("The licences could not be read: {} {note}", message(&why.message)),
            Licenses::Read(licenses) if licenses.is_empty() => format!("The server has no licence. {note}"),
            Licenses::Read(_) => note,
        }
    }

    fn license(&self, license: &License) -> LicensePart {
        let trial = if license.trial { " (trial)" } else { "" };
        let end = match (&license.expires_at, days_left(license, self.facts.as_of)) {
            (Some(end), Some(days)) => format!("{}, {}", shown(&day(end)), away(days)),
            (Some(end), None) => shown(end),
            (None, _) => "no date given".to_owned(),
        };
        let mut rows = vec![
            ("Edition", shown(&license.license_type)),
            ("Seats in use", quantity(&license.seats_used)),
            ("Seats purchased", quantity(&license.seats_purchased)),
        ];
        rows.extend(license.starts_at.as_deref().map(|from| ("Valid from", shown(&day(from)))));
        rows.push(("Ends", end));
        rows.extend(license.licensee.as_deref().map(|licensee| ("Licensee", shown(licensee))));
        let notices = license.notices.iter().map(notice).collect();
        LicensePart { name: format!("{}{trial}", shown(&license.name)), rows, notices }
    }

    fn idle(&self) -> IdlePart {
        let seats = &self.figures.seats;
        let labels: Vec<String> = seats.idle.iter().map(|row| format!("{} days", row.days)).collect();
        let values = |of: fn(&Idle) -> u64| seats.idle.iter().map(of).collect();
        let bars = [
            Bars { meaning: Meaning::Idle, name: "idle", values: values(|row| row.used_before) },
            Bars { meaning: Meaning::Never, name: "never", values: values(|row| row.never_used) },
        ];
        let rows = seats.idle.iter().map(|row| {
            [
                format!("{} days", row.days),
                number(row.used_before),
                number(row.never_used),
                number(row.saving()),
                percent(row.saving(), seats.occupied),
            ]
        });
        let holder = |holder: &Holder<'_>| {
            self.row(
                holder.user,
                vec![
                    self.role(holder.user),
                    Cell::last_use(holder.user, holder.last_use),
                    Cell::short(idle_days(holder.last_use)),
                ],
            )
        };
        let titles = vec!["Account", "Role", "Last used", "Idle days"];
        let idle = Listed {
            has_number: true,
            most: MOST_IDLE,
            file: "idle-seats.csv",
            ..Listed::of("Seats without use, the longest idle first", titles)
        };
        let unknown = Listed {
            open: 0,
            ..Listed::of("Seats of which nobody can say whether they are used", vec!["Account", "Role", "Status"])
        };
        let plain = |user: &&User| self.row(user, vec![self.role(user), Cell::short(user.status.as_str())]);
        IdlePart {
            plot: lying("Seats without use", &labels, &bars),
            rows: rows.collect(),
            sentences: self.idle_sentences(),
            table: self.table(idle, &seats.idle_holders, holder),
            unknown: self.table(unknown, &seats.unknown_holders, plain),
        }
    }

    fn idle_sentences(&self) -> Vec<String> {
        let seats = &self.figures.seats;
        let mut sentences = Vec::new();
        let (never, unknown) = (seats.by_use.never, seats.by_use.unknown);
        if never > 0 {
            let old = seats.idle.first().map_or(0, |row| row.never_used);
            let old = if old == never { "all".to_owned() } else { number(old) };
            sentences
                .push(format!("{} and never used it; {old} of them were made more than 30 days ago.", hold(never)));
        }
        if unknown > 0 {
            sentences.push(format!(
                "{}, and their last activity is hidden from this token or not recorded. They are not idle, as far as anybody \
                 knows: no figure of this section counts them.",
                hold(unknown)
            ));
        }
        sentences
    }

    fn tables(&self) -> Vec<ShareTable> {
        let shares = &self.figures.shares;
        let all = self.figures.accounts;
        let table =
            |title, shares: &[Share]| ShareTable { title, rows: shares.iter().map(|it| share_row(it, all)).collect() };
        vec![
            table("Status", &shares.status),
            table("Kind", &shares.kind),
            table("Role", &shares.role),
            table("Seat", &shares.seat),
        ]
    }

    fn histogram(&self) -> HistogramPart {
        let bins = &self.figures.histogram;
        let labels: Vec<String> = bins.iter().map(|bin| bin.label.clone()).collect();
        let values = |of: fn(&Bin) -> u64| bins.iter().map(of).collect();
        let bars = [
            Bars { meaning: Meaning::Used, name: "used", values: values(|bin| bin.with_seat) },
            Bars { meaning: Meaning::Free, name: "free", values: values(|bin| bin.others) },
        ];
        let rows = bins.iter().map(|bin| [bin.label.clone(), number(bin.with_seat), number(bin.others)]).collect();
        HistogramPart { plot: standing("Accounts by days since their last use", &labels, &bars), rows }
    }

    fn administrators(&self) -> AdministratorsPart {
        let found = &self.figures.administrators;
        let mut sentence = match found.accounts.len() {
            0 => "No account has an administrative role.".to_owned(),
            1 => "1 account administers the server or a part of it.".to_owned(),
            accounts => format!("{} accounts administer the server or a part of it.", number(count_of(accounts))),
        };
        if found.deactivated > 0 {
            sentence += &format!(" {} deactivated and keep the role.", are(found.deactivated));
        }
        let listed =
            Listed::of("Accounts with an administrative role, the highest first", vec!["Account", "Role", "Runs"]);
        let row = |it: &Administrator<'_>| {
            self.row(it.user, vec![Cell::words(shown(it.role)), Cell::words(message(&it.runs.join(", ")))])
        };
        let domain = |it: &Domain<'_>| {
            let names: Vec<String> = it.by.iter().map(|user| shown(&user.username)).collect();
            (shown(it.name), message(&names.join(", ")))
        };
        let left_out = found.domains.len().saturating_sub(MOST);
        AdministratorsPart {
            sentence,
            table: self.table(listed, &found.accounts, row),
            domains: found.domains.iter().take(MOST).map(domain).collect(),
            domains_left_out: self.left_out(count_of(left_out), "users.csv"),
        }
    }

    fn guests(&self) -> GuestsPart {
        let guests = &self.figures.guests;
        let all = count_of(guests.all.len());
        let sentence = if all == 0 {
            "There are no guests.".to_owned()
        } else {
            let unknown = match guests.unknown {
                0 => String::new(),
                unknown => format!(", and of {} this token cannot tell", number(unknown)),
            };
            format!(
                "{}: {} with a seat, {} without (guests of a single channel, if the server lets them in for free){unknown}.",
                count(all, "guest"),
                number(guests.with_seat),
                number(guests.without_seat),
            )
        };
        let listed = Listed::of("Guests", vec!["Account", "Seat", "Last used"]);
        let row = |user: &&User| {
            let use_of = LastUse::of(user, self.facts.as_of);
            self.row(user, vec![seat(user), Cell::last_use(user, use_of)])
        };
        GuestsPart { sentence, table: self.table(listed, &guests.all, row) }
    }

    fn changes(&self) -> Option<ChangesPart> {
        let (changes, earlier) = (self.figures.changes.as_ref()?, self.facts.earlier.as_ref()?);
        let since = earlier.as_of.as_deref().map_or_else(|| "the listing before".to_owned(), |at| shown(&day(at)));
        let people = |caption, users: &[&User]| {
            let listed = Listed::of(caption, vec!["Account", "Role", "Seat"]);
            self.table(listed, users, |user| self.row(user, vec![self.role(user), seat(user)]))
        };
        let roles = Listed::of("Other role", vec!["Account", "Before", "Now"]);
        let fields = changes.fields.iter().map(|(field, accounts)| (shown(field), number(*accounts))).collect();
        Some(ChangesPart {
            since,
            sentences: change_sentences(changes),
            fields,
            added: people("New accounts", &changes.added),
            gone: people("Accounts that are gone", &changes.gone),
            roles: self.table(roles, &changes.roles, |(old, new)| self.row(new, vec![self.role(old), self.role(new)])),
        })
    }

    fn limits(&self) -> LimitsPart {
        let mut notices: Vec<NoticePart> = self.facts.notices.iter().map(notice).collect();
        if let Licenses::Failed(why) = &self.facts.licenses {
            notices.insert(
                0,
                NoticePart {
                    is_warning: true,
                    code: shown(&why.code),
                    message: format!("The licences could not be read: {}", message(&why.message)),
                    fix: why.fix.as_deref().map(message).unwrap_or_default(),
                },
            );
        }
        LimitsPart { notices, hidden: self.facts.hidden.iter().map(|field| shown(&field.name)).collect() }
    }

    fn about(&self) -> Vec<(&'static str, String)> {
        let about = &self.facts.about;
        let version = about.product_version.as_deref().unwrap_or("version not known");
        vec![
            ("Server", shown(&about.server)),
            ("Product", shown(&format!("{} {version}", about.product))),
            ("Provider", shown(&about.provider)),
            ("Command", format!("providerctl {}", env!("CARGO_PKG_VERSION"))),
            ("As of", moment(self.facts.as_of)),
            ("Completeness", self.completeness()),
        ]
    }

    /// An account's role, for a person.
    fn role(&self, user: &User) -> Cell {
        let described = self.facts.about.roles.iter().find(|role| role.id == user.role);
        Cell::words(shown(described.map_or(user.role.as_str(), |role| role.label.as_str())))
    }

    fn row(&self, user: &User, cells: Vec<Cell>) -> AccountRow {
        let name = name(user);
        let username = shown(&user.username);
        let person = Person {
            username: if name == username { String::new() } else { username },
            name,
            email: user.email.as_deref().map(shown).unwrap_or_default(),
            is_deactivated: user.status == UserStatus::Deactivated,
        };
        AccountRow { person, cells }
    }

    /// A table with these accounts; `None` if there are none.
    fn table<T>(&self, listed: Listed, accounts: &[T], row: impl Fn(&T) -> AccountRow) -> Option<AccountTable> {
        if accounts.is_empty() {
            return None;
        }
        let Listed { caption, titles, has_number, open, most, file } = listed;
        let mut rows = accounts.iter().take(most).map(row);
        let open: Vec<AccountRow> = rows.by_ref().take(open).collect();
        let folded: Vec<AccountRow> = rows.collect();
        let left_out = count_of(accounts.len().saturating_sub(most));
        Some(AccountTable {
            caption: format!("{caption} ({})", number(count_of(accounts.len()))),
            titles,
            has_number,
            folded_title: match open.is_empty() {
                true => count(count_of(folded.len()), "account"),
                false => count(count_of(folded.len()), "more account"),
            },
            open,
            folded,
            left_out: self.left_out(left_out, file),
        })
    }

    /// Says where the rows are that are not on the page.
    fn left_out(&self, rows: u64, file: &str) -> String {
        match (rows, self.beside) {
            (0, _) => String::new(),
            (rows, Beside::Files) => format!("{} more are not on this page; {file} beside it has all.", number(rows)),
            (rows, Beside::Nothing) => format!(
                "{} more are not on this page. A report in a folder (--out FOLDER/) has all, in {file}.",
                number(rows)
            ),
        }
    }
}

/// How a table of accounts looks.
struct Listed {
    caption: &'static str,
    titles: Vec<&'static str>,
    has_number: bool,
    /// How many rows do not fold.
    open: usize,
    /// How many rows are on the page.
    most: usize,
    /// The file that has all of them.
    file: &'static str,
}

impl Listed {
    /// A table of which the first rows are open, and whose accounts are in the file of all users.
    const fn of(caption: &'static str, titles: Vec<&'static str>) -> Self {
        Self { caption, titles, has_number: false, open: OPEN, most: MOST, file: "users.csv" }
    }
}

fn share_row(share: &Share, all: u64) -> ShareRow {
    ShareRow {
        label: shown(&share.label),
        accounts: number(share.accounts),
        percent: percent(share.accounts, all),
        length: (share.accounts > 0).then(|| length(share.accounts, all)),
    }
}

fn notice(notice: &Notice) -> NoticePart {
    NoticePart {
        is_warning: notice.severity == Severity::Warning,
        code: shown(&notice.code),
        message: message(&notice.message),
        fix: notice.fix.as_deref().map(message).unwrap_or_default(),
    }
}

fn change_sentences(changes: &Changes<'_>) -> Vec<String> {
    if changes.is_empty() {
        return vec!["Nothing changed.".to_owned()];
    }
    vec![
        format!(
            "{} new, {} gone, {} with another role.",
            number(count_of(changes.added.len())),
            number(count_of(changes.gone.len())),
            number(count_of(changes.roles.len())),
        ),
        format!("{} taken, {} freed.", count(changes.seats_taken, "seat"), number(changes.seats_freed)),
    ]
}

/// Whether an account holds a seat.
fn seat(user: &User) -> Cell {
    Cell::short(match user.seat {
        SeatUse::Occupied => "holds one",
        SeatUse::Free => "none",
        SeatUse::Unknown => "not known",
    })
}

/// `1 account holds a seat`, `12 accounts hold a seat`.
fn hold(accounts: u64) -> String {
    format!("{} {} a seat", count(accounts, "account"), if accounts == 1 { "holds" } else { "hold" })
}

/// `1 is`, `12 are`.
fn are(accounts: u64) -> String {
    format!("{} {}", number(accounts), if accounts == 1 { "is" } else { "are" })
}

fn count_of(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
