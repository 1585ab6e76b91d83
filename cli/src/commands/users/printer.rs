//! Selects, sorts, counts and prints the users of a listing, whatever it is read from.

use std::io;

use provider_host::model::User;

use crate::args::UsersArgs;
use crate::exit::{Complaint, Failure};
use crate::output::words::{count, number};
use crate::output::{Fields, ListingFormat, UserFormat, Values, Width, user_format};
use crate::screen::Screen;
use crate::select::{Answer, Selection, Times, has_role};
use crate::sort::SortKeys;
use crate::span::Span;
use crate::tally::{IDLE, Tally};

/// So many users more than twice the limit are held before those beyond the limit go.
const SPARE: usize = 2_000;

/// Prints users page by page, or all at the end if they are sorted or counted.
pub(super) struct Printer {
    way: Way,
    selection: Selection,
    limit: Option<usize>,
    /// The roles that were asked for and that no account had so far.
    unseen_roles: Vec<String>,
    tally: Tally,
    idle_after: Span,
    read: u64,
    selected: u64,
    /// How many were not selected because their records cannot say.
    undecided: u64,
    printed: usize,
}

/// What is done with a user who is selected.
enum Way {
    /// Printed at once.
    Stream(Box<dyn UserFormat>),
    /// Held until all have come.
    Sort { format: Box<dyn UserFormat>, keys: SortKeys, held: Vec<User> },
    /// Only counted.
    Count,
}

impl Printer {
    /// A printer as the command line asks for it.
    pub(super) fn new(args: &UsersArgs, width: Width) -> Result<Self, Failure> {
        let (view, selection) = (&args.view, args.selection.clone());
        if selection.team.is_some() {
            let complaint = Complaint::new("question-unanswerable", "records do not say in which teams an account is")
                .fix("to select the accounts that administer a team, use --attribute runs-teams=NAME");
            return Err(Failure::usage(complaint));
        }
        let (format, Fields(fields)) = shape(args).map_err(Failure::usage)?;
        let format = user_format(format, width, Values::of(view.values.raw), fields);
        let way = match &view.sort {
            _ if view.count => Way::Count,
            Some(keys) => Way::Sort { format, keys: keys.clone(), held: Vec::new() },
            None => Way::Stream(format),
        };
        Ok(Self {
            way,
            limit: view.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
            unseen_roles: selection.role.clone(),
            tally: Tally::default(),
            idle_after: selection.inactive_for.unwrap_or(IDLE),
            selection,
            read: 0,
            selected: 0,
            undecided: 0,
            printed: 0,
        })
    }

    /// Prints what precedes the first user.
    pub(super) fn begin(&mut self, screen: &mut Screen<'_>) -> io::Result<()> {
        let mut out = Vec::new();
        match &mut self.way {
            Way::Stream(format) | Way::Sort { format, .. } => format.begin(&mut out)?,
            Way::Count => {}
        }
        screen.data(&out)
    }

    /// Takes a page of users, whose fields are of these times, and prints those who are selected.
    pub(super) fn page(&mut self, mut users: Vec<User>, times: &Times, screen: &mut Screen<'_>) -> io::Result<()> {
        for user in &users {
            self.read += 1;
            self.tally.add(user, self.idle_after, times);
            self.unseen_roles.retain(|role| !has_role(user, role));
        }
        users.retain(|user| match self.selection.answer(user, times) {
            Answer::Yes => true,
            Answer::No => false,
            Answer::Unknown => {
                self.undecided += 1;
                false
            }
        });
        self.selected += u64::try_from(users.len()).unwrap_or(u64::MAX);
        match &mut self.way {
            Way::Count => Ok(()),
            Way::Stream(format) => {
                users.truncate(self.limit.map_or(usize::MAX, |limit| limit.saturating_sub(self.printed)));
                self.printed += users.len();
                let mut out = Vec::new();
                format.page(&users, &mut out)?;
                screen.data(&out)
            }
            Way::Sort { keys, held, .. } => {
                held.append(&mut users);
                if let Some(limit) = self.limit.filter(|limit| held.len() / 2 > limit.saturating_add(SPARE)) {
                    keys.sort(held);
                    held.truncate(limit);
                }
                Ok(())
            }
        }
    }

    /// Whether all that may be printed is printed, so that nothing more needs to be read.
    pub(super) fn is_full(&self) -> bool {
        matches!(self.way, Way::Stream(_)) && self.limit.is_some_and(|limit| self.printed >= limit)
    }

    /// Prints what follows the last user; the output is valid then. `is_empty` if an error came before the first user: there is
    /// no number of users then.
    pub(super) fn end(&mut self, is_empty: bool, screen: &mut Screen<'_>) -> io::Result<()> {
        let mut out = Vec::new();
        match &mut self.way {
            Way::Stream(format) => format.end(&mut out)?,
            Way::Sort { format, keys, held } => {
                keys.sort(held);
                held.truncate(self.limit.unwrap_or(usize::MAX));
                self.printed = held.len();
                format.page(held, &mut out)?;
                format.end(&mut out)?;
            }
            Way::Count if is_empty => {}
            Way::Count => out = format!("{}\n", self.selected).into_bytes(),
        }
        screen.data(&out)
    }

    /// Prints the summary: whom it selected, and all who were read by status, seat and use.
    pub(super) fn tell(&self, screen: &mut Screen<'_>) {
        if !self.selection.is_everybody() {
            let undecided = match self.undecided {
                0 => String::new(),
                undecided => format!("; {} could not be decided: their records do not say", number(undecided)),
            };
            screen.tell(&format!("selected {} of {}{undecided}", number(self.selected), count(self.read, "user")));
        }
        for line in self.tally.summary(self.idle_after) {
            screen.tell(&line);
        }
    }

    /// Warns of roles that nobody has: the name may be wrong.
    pub(super) fn warn_of_roles(&self, screen: &mut Screen<'_>) {
        if self.unseen_roles.is_empty() || self.read == 0 {
            return;
        }
        let known = self.tally.roles().collect::<Vec<_>>().join(", ");
        let message = format!("no account has the role {}", self.unseen_roles.join(", "));
        screen.warn(&Complaint::new("role-unseen", message).fix(format!("the roles of these accounts are {known}")));
    }
}

/// The format and its fields.
fn shape(args: &UsersArgs) -> Result<(ListingFormat, Fields), Complaint> {
    let view = &args.view;
    let refused = |message: &str, fix: &str| Err(Complaint::new("format-unsuited", message).fix(fix));
    match (view.format, &view.json, &view.columns) {
        (None, Some(fields), _) => Ok((ListingFormat::Json, fields.clone())),
        (Some(format @ (ListingFormat::Json | ListingFormat::Ndjson)), Some(fields), _) => Ok((format, fields.clone())),
        (Some(ListingFormat::Table | ListingFormat::Csv), Some(_), _) => {
            refused("--json prints JSON, and --format asks for another format", "use --columns for a table and CSV")
        }
        (Some(ListingFormat::Json | ListingFormat::Ndjson), None, Some(_)) => {
            refused("--columns is for a table and CSV", "use --json FIELDS, also with --format ndjson")
        }
        (format, None, columns) => Ok((format.unwrap_or(ListingFormat::Table), columns.clone().unwrap_or_default())),
    }
}
