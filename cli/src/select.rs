//! Which users a question is about.
//!
//! A [`Selection`] holds a question's flags, each with its documentation. It reads records and no clock: the caller passes the
//! times. What a record cannot answer is [`Answer::Unknown`], and such an account is not selected.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use provider_host::model::{ActivityKnowledge, SeatUse, User, UserKind, UserStatus};

use crate::clock::contract_instant;
use crate::last_use::LastUse;
use crate::span::{Since, Span};

/// The heading of the flags in the help.
const HEADING: &str = "Which users";

/// Whether a record is of a user who was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    /// It is not.
    No,
    /// The record cannot say.
    Unknown,
    /// It is.
    Yes,
}

impl Answer {
    const fn of(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }
}

/// The times to which records are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    /// When the records were read.
    pub(crate) now: DateTime<Utc>,
    /// When the last activity in the records was read; `None` if the token of this listing does not see it, so that the records
    /// hold earlier values or none.
    pub(crate) activity: Option<DateTime<Utc>>,
}

impl Times {
    /// Records whose fields are all of this moment.
    pub(crate) const fn at(now: DateTime<Utc>) -> Self {
        Self { now, activity: Some(now) }
    }
}

/// Flags that select users. An account is selected if every flag applies to it; of the values of one flag, one is enough.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Accounts of this status
    #[arg(long, value_name = "STATUS,…", value_delimiter = ',', help_heading = HEADING,
        value_parser = named(UserStatus::ALL, UserStatus::as_str))]
    pub(crate) status: Vec<UserStatus>,
    /// Accounts of this kind
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', help_heading = HEADING,
        value_parser = named(UserKind::ALL, UserKind::as_str))]
    pub(crate) kind: Vec<UserKind>,
    /// Accounts with this role
    ///
    /// The column `role`, as `providerctl describe` lists its values, or one of the server's own names in `roles`, such as
    /// system_user_manager.
    #[arg(long, value_name = "ROLE,…", value_delimiter = ',', help_heading = HEADING)]
    pub(crate) role: Vec<String>,
    /// Accounts that take a seat, take none, or of which that is unknown
    #[arg(long, value_name = "SEAT,…", value_delimiter = ',', help_heading = HEADING,
        value_parser = named(SeatUse::ALL, SeatUse::as_str))]
    pub(crate) seat: Vec<SeatUse>,
    /// Accounts not used for this long, such as 90d (units: h, d, w, y)
    ///
    /// A never used account counts from its creation. An account whose last activity is unknown or hidden is not selected.
    #[arg(long, value_name = "SPAN", help_heading = HEADING)]
    pub(crate) inactive_for: Option<Span>,
    /// Accounts that were never used
    #[arg(long, help_heading = HEADING)]
    pub(crate) never_used: bool,
    /// Accounts created since this date, or within this time, such as 2026-11-01 or 30d
    #[arg(long, value_name = "DATE|SPAN", help_heading = HEADING)]
    pub(crate) created_since: Option<Since>,
    /// Accounts with this attribute, or with this value in it, such as runs-teams=sales
    ///
    /// `providerctl describe` lists the attributes. Of an attribute that holds a list, such as the teams that an account
    /// administers, one item is enough.
    #[arg(long, value_name = "KEY[=VALUE]", help_heading = HEADING)]
    pub(crate) attribute: Vec<AttributeTest>,
    /// Explains why there is no such flag.
    #[arg(long, value_name = "NAME", hide = true)]
    pub(crate) team: Option<String>,
}

/// Parses the contract's names of an enum.
fn named<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|value| name(*value))).try_map(move |text| {
        let found = all.iter().copied().find(|value| name(*value) == text);
        found.ok_or_else(|| format!("{text} is unknown"))
    })
}

impl Selection {
    /// Whether a user is selected. A flag that does not apply settles it, whatever the others cannot say.
    pub(crate) fn answer(&self, user: &User, times: &Times) -> Answer {
        let answers = [
            Answer::of(self.status.is_empty() || self.status.contains(&user.status)),
            Answer::of(self.kind.is_empty() || self.kind.contains(&user.kind)),
            Answer::of(self.role.is_empty() || self.role.iter().any(|role| has_role(user, role))),
            self.seated(user),
            self.inactive_for.map_or(Answer::Yes, |span| idle(user, span, times)),
            if self.never_used { never_used(user, times) } else { Answer::Yes },
            self.created_since.map_or(Answer::Yes, |since| created_since(user, since.moment(times.now))),
            Answer::of(self.attribute.iter().all(|test| test.applies(user))),
        ];
        answers.into_iter().min().unwrap_or(Answer::Yes)
    }

    fn seated(&self, user: &User) -> Answer {
        match user.seat {
            seat if self.seat.is_empty() || self.seat.contains(&seat) => Answer::Yes,
            SeatUse::Unknown => Answer::Unknown,
            SeatUse::Occupied | SeatUse::Free => Answer::No,
        }
    }

    /// Whether everybody is selected.
    pub(crate) fn is_everybody(&self) -> bool {
        let Self { status, kind, role, seat, inactive_for, never_used, created_since, attribute, team } = self;
        status.is_empty()
            && kind.is_empty()
            && role.is_empty()
            && seat.is_empty()
            && inactive_for.is_none()
            && !never_used
            && created_since.is_none()
            && attribute.is_empty()
            && team.is_none()
    }
}

/// Whether an account has a role: its highest one, or one of the product's own names.
pub(crate) fn has_role(user: &User, role: &str) -> bool {
    user.role == role || user.roles.iter().any(|own| own == role)
}

/// Whether an account was not used for so long.
pub(crate) fn idle(user: &User, span: Span, times: &Times) -> Answer {
    let unused = times.activity.and_then(|read| LastUse::of(user, read).idle());
    unused.map_or(Answer::Unknown, |time| Answer::of(time > span.duration()))
}

/// Whether an account was never used.
pub(crate) fn never_used(user: &User, times: &Times) -> Answer {
    match user.activity {
        ActivityKnowledge::Known => Answer::No,
        ActivityKnowledge::Never if times.activity.is_some() => Answer::Yes,
        ActivityKnowledge::Never | ActivityKnowledge::Unknown => Answer::Unknown,
    }
}

fn created_since(user: &User, since: DateTime<Utc>) -> Answer {
    user.created_at
        .as_deref()
        .and_then(contract_instant)
        .map_or(Answer::Unknown, |created| Answer::of(created >= since))
}

/// A test of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AttributeTest {
    key: String,
    /// The value that it has, or that is an item of its list; any if there is none.
    value: Option<String>,
}

impl AttributeTest {
    fn applies(&self, user: &User) -> bool {
        let Some(found) = user.attributes.get(&self.key) else { return false };
        let is_item = |value: &String| found == value || found.split(',').any(|item| item.trim() == value);
        self.value.as_ref().is_none_or(is_item)
    }
}

impl FromStr for AttributeTest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value)));
        if key.is_empty() {
            return Err("write the name of an attribute, or NAME=VALUE".to_owned());
        }
        Ok(Self { key: key.to_owned(), value: value.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::output::samples::{anna, bare};
    use clap::Parser;

    /// A command with these flags alone.
    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        selection: Selection,
    }

    fn selection(flags: &str) -> Selection {
        let words = ["x"].into_iter().chain(flags.split_whitespace());
        Flags::try_parse_from(words).unwrap_or_else(|error| panic!("{flags}: {error}")).selection
    }

    /// Anna was created on 2024-01-02 and active on 2026-11-23; the bot was never used, and its creation is unknown.
    fn people() -> [User; 4] {
        let mut hidden = anna();
        (hidden.activity, hidden.last_activity_at, hidden.seat) = (ActivityKnowledge::Unknown, None, SeatUse::Unknown);
        let mut fresh = bare();
        (fresh.status, fresh.kind, fresh.role) = (UserStatus::Active, UserKind::Guest, "guest".into());
        fresh.created_at = Some("2026-08-01T00:00:00.000Z".into());
        fresh.attributes = [("runs-teams", "alpha,beta")].into_iter().collect();
        [anna(), bare(), hidden, fresh]
    }

    const Y: Answer = Answer::Yes;
    const N: Answer = Answer::No;
    const U: Answer = Answer::Unknown;

    #[test]
    fn each_flag_answers_for_each_account() {
        // Of anna, the bot, anna with hidden activity and seat, and a guest who was never used.
        let cases = [
            ("", [Y, Y, Y, Y]),
            ("--status active", [Y, N, Y, Y]),
            ("--status inactive,deactivated", [N, Y, N, N]),
            ("--status inactive --status deactivated", [N, Y, N, N]),
            ("--kind guest,bot", [N, Y, N, Y]),
            ("--role system-admin", [Y, N, Y, N]),
            ("--role system_user", [Y, N, Y, N]),
            ("--role nobody,guest", [N, N, N, Y]),
            ("--seat occupied", [Y, N, U, N]),
            ("--seat free", [N, Y, U, Y]),
            ("--seat unknown", [N, N, Y, N]),
            ("--inactive-for 1d", [N, U, U, Y]),
            ("--inactive-for 90d", [N, U, U, Y]),
            ("--inactive-for 1h", [Y, U, U, Y]),
            ("--inactive-for 52w", [N, U, U, N]),
            ("--never-used", [N, Y, U, Y]),
            ("--created-since 2024-01-02", [Y, U, Y, Y]),
            ("--created-since 2024-01-03", [N, U, N, Y]),
            ("--created-since 30d", [N, U, N, N]),
            ("--created-since 26w", [N, U, N, Y]),
            ("--attribute auth", [Y, N, Y, N]),
            ("--attribute auth=ldap", [Y, N, Y, N]),
            ("--attribute auth=lda", [N, N, N, N]),
            ("--attribute runs-teams=beta", [N, N, N, Y]),
            ("--attribute runs-teams=alpha,beta", [N, N, N, Y]),
            ("--attribute runs-teams --attribute auth", [N, N, N, N]),
            // All flags together; No settles what others cannot say.
            ("--status active --inactive-for 90d", [N, N, U, Y]),
            ("--seat occupied --inactive-for 1h", [Y, N, U, N]),
            ("--kind member --never-used", [N, N, U, N]),
        ];
        let times = Times::at(clock::instant("2026-11-24T00:00:00Z").unwrap());
        for (flags, expect) in cases {
            let selection = selection(flags);
            assert_eq!(people().map(|user| selection.answer(&user, &times)), expect, "{flags}");
            assert_eq!(selection.is_everybody(), flags.is_empty(), "{flags}");
        }
    }

    #[test]
    fn nobody_is_idle_by_an_activity_that_this_listing_does_not_see() {
        let times = Times { activity: None, ..Times::at(clock::instant("2030-01-01").unwrap()) };
        for (flags, expect) in [("--inactive-for 90d", [U, U, U, U]), ("--never-used", [N, U, U, U])] {
            assert_eq!(people().map(|user| selection(flags).answer(&user, &times)), expect, "{flags}");
        }
    }

    #[test]
    fn an_account_is_idle_after_the_span_and_counts_from_its_creation() {
        let used = |created: Option<&str>, last: Option<&str>| {
            let activity = if last.is_some() { ActivityKnowledge::Known } else { ActivityKnowledge::Never };
            let (created_at, last_activity_at) = (created.map(str::to_owned), last.map(str::to_owned));
            User { activity, created_at, last_activity_at, ..anna() }
        };
        let (start, early) = (Some("2026-08-26T00:00:00.000Z"), Some("2026-08-25T23:59:59.999Z"));
        let cases = [
            (used(None, start), N),
            (used(None, early), Y),
            // An account is not older than its creation, whatever the last activity says.
            (used(start, early), N),
            (used(early, None), Y),
            (used(start, None), N),
            (used(None, None), U),
            (used(None, Some("soon")), U),
            (User { last_activity_at: None, ..used(early, early) }, U),
        ];
        let times = Times::at(clock::instant("2026-11-24").unwrap());
        for (user, expect) in cases {
            assert_eq!(idle(&user, Span::days(90), &times), expect, "{user:?}");
        }
    }

    #[test]
    fn a_wrong_value_is_refused_with_those_that_exist() {
        for (flags, part) in [
            ("--status gone", "active, inactive, deactivated"),
            ("--kind person", "member, guest, bot, remote"),
            ("--seat taken", "occupied, free, unknown"),
            ("--inactive-for 90", "such as 90d"),
            ("--created-since soon", "such as 2026-11-24"),
            ("--attribute =x", "NAME=VALUE"),
        ] {
            let words = ["x"].into_iter().chain(flags.split_whitespace());
            let error = Flags::try_parse_from(words).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(part), "{flags}: {error}");
        }
    }
}
