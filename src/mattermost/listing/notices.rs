//! The notices of a listing, and the fields that the token cannot see.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use provider_sdk::cursor::{read_optional, write_optional};
use provider_sdk::lenient::NAMES_AT_MOST;
use provider_sdk::notice::notice;
use provider_sdk::time::in_words;

use super::super::activity::{Activity, LastUse};
use super::super::advice::{self, Holder};
use super::super::code::NoticeCode;
use super::super::failure::Failure;
use super::super::role::Role;
use super::census::{Census, Clock};
use crate::contract::{ActivityKnowledge, HiddenField, ListingState, Notice, User, UserStatus};

/// The accounts and reasons that notices name. They are not in the cursor, so after a change of instance the notices
/// name what the fresh one finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Names or ids of accounts that could not be read.
    unreadable: Vec<String>,
    /// Ids and names of accounts that are dated in the future, with the day.
    dated_ahead: Vec<(String, String)>,
    /// Why the server did not count its accounts.
    count_failure: Option<String>,
    /// How far the server's clock is ahead.
    clock: Clock,
    /// Who reads the advice.
    holder: Holder,
}

impl Named {
    /// Who holds the token, as far as advice depends on it.
    #[must_use]
    pub const fn holder(&self) -> Holder {
        self.holder
    }

    /// Nothing is named.
    #[must_use]
    pub const fn nothing() -> Self {
        Self {
            unreadable: Vec::new(),
            dated_ahead: Vec::new(),
            count_failure: None,
            clock: Clock::Agrees,
            holder: Holder::Other,
        }
    }

    /// Notes what the census has found.
    pub fn take_up(&mut self, census: &Census) {
        if let Some(failure) = &census.count_failure {
            self.count_failed(failure);
        }
        if census.clock != Clock::Agrees {
            self.clock = census.clock;
        }
        if census.holder != Holder::Other {
            self.holder = census.holder;
        }
    }

    /// Notes why the server did not count its accounts.
    pub fn count_failed(&mut self, failure: &Failure) {
        self.count_failure = Some(failure.in_full());
    }

    /// Names accounts that could not be read.
    pub fn unreadable(&mut self, names: Vec<String>) {
        for name in names {
            if self.unreadable.len() < NAMES_AT_MOST && !name.is_empty() && !self.unreadable.contains(&name) {
                self.unreadable.push(name);
            }
        }
    }

    /// Names an account that is dated in the future.
    pub fn dated_ahead(&mut self, user: &User) {
        let is_named = self.dated_ahead.iter().any(|(id, _)| *id == user.id);
        if self.dated_ahead.len() < NAMES_AT_MOST && !is_named {
            let day = user.created_at.as_deref().and_then(|at| at.get(..10)).unwrap_or("after the year 9999");
            self.dated_ahead.push((user.id.clone(), format!("{} ({day})", short(&user.username))));
        }
    }
}

/// A name, cut to the longest that Mattermost allows.
fn short(name: &str) -> String {
    name.chars().take(64).collect()
}

/// How many records, and the first few of them by name.
fn listed(records: u32, names: &[String]) -> String {
    match usize::try_from(records).unwrap_or(usize::MAX).checked_sub(names.len()) {
        _ if names.is_empty() => records.to_string(),
        None | Some(0) => format!("{records} ({})", names.join(", ")),
        Some(others) => format!("{records} ({} and {others} more)", names.join(", ")),
    }
}

/// The notices that a listing raises, each with the number of records that it concerns. They travel in the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    counts: [Option<u32>; CODES.len()],
    /// The seats by this listing and by the server's count, if the two differ. They are compared at the end, so the
    /// cursor does not have them.
    seats: Option<(u32, u32)>,
    /// The same for accounts.
    accounts: Option<(u32, u32)>,
    /// Whether the token does not see how accounts sign in.
    sign_in_hidden: bool,
}

/// The notices of a listing, in the order in which the cursor and the pages hold them.
const CODES: [NoticeCode; 20] = [
    NoticeCode::CompletenessUnproven,
    NoticeCode::UsersMayBeMissing,
    NoticeCode::ListingResumed,
    NoticeCode::PartialView,
    NoticeCode::EmailsHidden,
    NoticeCode::NamesHidden,
    NoticeCode::LastActivityHidden,
    NoticeCode::ActivityReportHidden,
    NoticeCode::TeamAdminsHidden,
    NoticeCode::RecordsUnreadable,
    NoticeCode::SeatsUnknown,
    NoticeCode::SeatsDiffer,
    NoticeCode::CountFailed,
    NoticeCode::CountDiffers,
    NoticeCode::LastActivityFailed,
    NoticeCode::LicenseUnreadable,
    NoticeCode::PagesRepeat,
    NoticeCode::AccountsDatedAhead,
    NoticeCode::ClockDiffers,
    NoticeCode::ClockHidden,
];

/// How the cursor writes whether sign-ins are hidden.
const HIDDEN: &str = "h";
const SHOWN: &str = "s";

/// A hidden field of `user`, and the ids that it may have instead of the one shown.
type FieldHidden = (&'static str, &'static [&'static str]);

/// The fields that the token cannot see, by the notice that reports it.
const fn hidden_by(code: NoticeCode) -> &'static [FieldHidden] {
    const TEAM_ADMIN: &[&str] = &[Role::TeamAdmin.id()];
    const INACTIVE: &[&str] = &["inactive"];
    // Activity that the report does not show may be later.
    const ACTIVE: &[&str] = &["active"];
    match code {
        NoticeCode::EmailsHidden => &[("email", &[])],
        NoticeCode::NamesHidden => &[("first-name", &[]), ("last-name", &[])],
        NoticeCode::LastActivityHidden | NoticeCode::LastActivityFailed => {
            &[("status", INACTIVE), ("activity", &[]), ("last-activity-at", &[])]
        }
        NoticeCode::ActivityReportHidden => &[("status", ACTIVE), ("activity", &[]), ("last-activity-at", &[])],
        NoticeCode::TeamAdminsHidden => &[("role", TEAM_ADMIN), ("attributes.runs-teams", &[])],
        NoticeCode::SeatsUnknown => &[("seat", &[]), ("licenses", &[])],
        NoticeCode::LicenseUnreadable => &[("licenses", &[])],
        NoticeCode::CompletenessUnproven
        | NoticeCode::CountFailed
        | NoticeCode::CountDiffers
        | NoticeCode::PagesRepeat
        | NoticeCode::AccountsDatedAhead
        | NoticeCode::UsersMayBeMissing
        | NoticeCode::ListingResumed
        | NoticeCode::PartialView
        | NoticeCode::UsersDoNotAddUp
        | NoticeCode::ChangesHidden
        | NoticeCode::ChangesInReport
        | NoticeCode::ChangesTooMany
        | NoticeCode::BaselineUnusable
        | NoticeCode::RecordsUnreadable
        | NoticeCode::SeatsDiffer
        | NoticeCode::SeatsIncludeGuests
        | NoticeCode::SeatsUsedHidden
        | NoticeCode::SeatsUsedFailed
        | NoticeCode::UserLimitsHidden
        | NoticeCode::LicenseDetailsHidden
        | NoticeCode::LicenseExpired
        | NoticeCode::LicenseBeginsLater
        | NoticeCode::SeatsExceeded
        | NoticeCode::UserLimitExceeded
        | NoticeCode::ServerOld
        | NoticeCode::ClockDiffers
        | NoticeCode::ClockHidden
        | NoticeCode::TokenEndsSoon
        | NoticeCode::TokenUnencrypted
        | NoticeCode::LimitedView => &[],
    }
}

impl Findings {
    /// The notices that the census raises.
    #[must_use]
    pub fn of(census: &Census) -> Self {
        let mut findings = Self::default();
        let hidden = census.hidden;
        for (is, code) in [
            (census.count.total.is_none() && census.count_failure.is_none(), NoticeCode::CompletenessUnproven),
            (census.count_failure.is_some(), NoticeCode::CountFailed),
            (matches!(census.clock, Clock::Ahead(_)), NoticeCode::ClockDiffers),
            (census.clock == Clock::Hidden, NoticeCode::ClockHidden),
            (hidden.others, NoticeCode::PartialView),
            (hidden.emails, NoticeCode::EmailsHidden),
            (hidden.names, NoticeCode::NamesHidden),
            (hidden.activity, NoticeCode::LastActivityHidden),
            (hidden.teams, NoticeCode::TeamAdminsHidden),
            (hidden.license, NoticeCode::LicenseUnreadable),
        ] {
            if is {
                findings.raise(code);
            }
        }
        findings.sign_in_hidden = hidden.sign_in;
        findings
    }

    /// Raises a notice that concerns the whole answer.
    pub fn raise(&mut self, code: NoticeCode) {
        if let Some(slot) = self.slot(code) {
            slot.get_or_insert(0);
        }
    }

    /// Raises a notice about so many more records; 0 changes nothing.
    pub fn add(&mut self, code: NoticeCode, records: u32) {
        if let (1.., Some(slot)) = (records, self.slot(code)) {
            *slot = Some(slot.unwrap_or_default().saturating_add(records));
        }
    }

    /// Sets how many records a notice is about; 0 removes the notice.
    pub fn set(&mut self, code: NoticeCode, records: u32) {
        if let Some(slot) = self.slot(code) {
            *slot = (records > 0).then_some(records);
        }
    }

    /// How many records a notice is about; 0 if it was not raised.
    #[must_use]
    pub fn count(&self, code: NoticeCode) -> u32 {
        self.entries().find(|(raised, _)| *raised == code).map_or(0, |(_, records)| records)
    }

    /// Raises the notice that the listing's seats differ from the server's count.
    pub fn seats_differ(&mut self, listed: u32, counted: u32) {
        self.raise(NoticeCode::SeatsDiffer);
        self.seats = Some((listed, counted));
    }

    /// Raises the notice that the listing's accounts differ from the server's count.
    pub fn count_differs(&mut self, listed: u32, counted: u32) {
        self.raise(NoticeCode::CountDiffers);
        self.accounts = Some((listed, counted));
    }

    /// Raises the notice that the requests for activity fail, the last of them with this status.
    pub fn activity_failed(&mut self, status: Option<u16>) {
        self.raise(NoticeCode::LastActivityFailed);
        if let (Some(status), Some(slot)) = (status, self.slot(NoticeCode::LastActivityFailed)) {
            *slot = Some(u32::from(status));
        }
    }

    /// Whether requests for activity are pointless.
    #[must_use]
    pub fn is_activity_lost(&self) -> bool {
        let is_hidden = self.has(NoticeCode::LastActivityHidden) && self.count(NoticeCode::LastActivityHidden) == 0;
        is_hidden || self.has(NoticeCode::LastActivityFailed)
    }

    /// Counts an account whose activity was requested and did not come, unless it has set its status by hand, which its
    /// record says.
    pub fn note_activity(&mut self, last_use: LastUse, user: &User) {
        let is_unknown = user.activity == ActivityKnowledge::Unknown && user.status != UserStatus::Deactivated;
        if is_unknown && !matches!(last_use.activity, Activity::AtLeast(_)) {
            self.add(NoticeCode::LastActivityHidden, 1);
        }
    }

    /// Forgets the accounts whose activity did not come, since all are listed again. A notice that all activity is
    /// hidden stays.
    pub fn forget_activity(&mut self) {
        if self.count(NoticeCode::LastActivityHidden) > 0 {
            self.set(NoticeCode::LastActivityHidden, 0);
        }
    }

    /// Whether a notice was raised.
    #[must_use]
    pub fn has(&self, code: NoticeCode) -> bool {
        self.entries().any(|(raised, _)| raised == code)
    }

    /// The notices that were not raised yet in `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self, census: &Census, named: &Named) -> Vec<Notice> {
        let news = self.entries().filter(|(code, _)| !earlier.has(*code));
        news.map(|(code, n)| self.notice(code, n, census, named)).collect()
    }

    /// Every notice.
    #[must_use]
    pub fn all(&self, census: &Census, named: &Named) -> Vec<Notice> {
        self.entries().map(|(code, n)| self.notice(code, n, census, named)).collect()
    }

    /// The state of a listing that ends without being proven complete, with the reason.
    pub fn unproven(&mut self) -> ListingState {
        let reason = CODES.into_iter().find(|code| code.is_reason() && self.has(*code));
        match reason {
            None if self.has(NoticeCode::ListingResumed) => ListingState::Resumed,
            None => {
                self.raise(NoticeCode::CompletenessUnproven);
                ListingState::Incomplete(NoticeCode::CompletenessUnproven.entry().id.to_string())
            }
            Some(code) => ListingState::Incomplete(code.entry().id.to_string()),
        }
    }

    /// The fields that the token cannot see in the whole listing, other than those in `earlier`.
    #[must_use]
    pub fn hidden_since(&self, earlier: &Self) -> Vec<HiddenField> {
        let before = earlier.hidden();
        self.hidden().into_iter().filter(|field| !before.contains(field)).collect()
    }

    /// The fields that the token cannot see in the whole listing. Each field comes once, with everything that it may
    /// be.
    #[must_use]
    pub fn hidden(&self) -> Vec<HiddenField> {
        let mut all: Vec<HiddenField> = Vec::new();
        for (name, may_be) in self.entries().flat_map(|(code, _)| hidden_by(code)).chain(self.hidden_sign_in()) {
            let may_be = may_be.iter().map(ToString::to_string);
            match all.iter_mut().find(|field| field.name == *name) {
                Some(field) => field.may_be.extend(may_be),
                None => all.push(HiddenField { name: (*name).to_string(), may_be: may_be.collect() }),
            }
        }
        all
    }

    fn hidden_sign_in(&self) -> &'static [FieldHidden] {
        const ATTRIBUTES: &[FieldHidden] =
            &[("attributes.auth-id", &[]), ("attributes.auth-service", &[]), ("attributes.mfa-active", &[])];
        if self.sign_in_hidden { ATTRIBUTES } else { &[] }
    }

    /// The numbers as the cursor writes them: a dash or a number for each, and whether sign-ins are hidden.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut texts: Vec<String> = self.counts.iter().map(|count| write_optional(*count)).collect();
        texts.push(if self.sign_in_hidden { HIDDEN } else { SHOWN }.to_string());
        texts.join(",")
    }

    /// Reads what [`encode`](Self::encode) wrote.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let mut findings = Self::default();
        let mut texts = text.split(',');
        for slot in &mut findings.counts {
            *slot = read_optional(texts.next()?, |number| number.parse().ok())?;
        }
        findings.sign_in_hidden = match texts.next()? {
            HIDDEN => true,
            SHOWN => false,
            _ => return None,
        };
        texts.next().is_none().then_some(findings)
    }

    fn slot(&mut self, code: NoticeCode) -> Option<&mut Option<u32>> {
        let index = CODES.iter().position(|known| *known == code)?;
        self.counts.get_mut(index)
    }

    fn entries(&self) -> impl Iterator<Item = (NoticeCode, u32)> + '_ {
        CODES.into_iter().zip(self.counts).filter_map(|(code, count)| Some((code, count?)))
    }

    fn notice(&self, code: NoticeCode, records: u32, census: &Census, named: &Named) -> Notice {
        Notice { fix: Some(advice::fix(code, named.holder).to_string()), ..self.worded(code, records, census, named) }
    }

    fn worded(&self, code: NoticeCode, records: u32, census: &Census, named: &Named) -> Notice {
        let plain = |detail: Option<String>, params: &[(&str, String)]| notice(code, records, detail, params);
        match (code, census.count.total) {
            (NoticeCode::UsersMayBeMissing, Some(total)) => {
                let params = [("counted", total.to_string()), ("missing", records.to_string())];
                plain(Some(format!("{records} of {total} were not seen")), &params)
            }
            (NoticeCode::PartialView, Some(total)) if records > 0 => {
                let params = [("counted", total.to_string()), ("hidden", records.to_string())];
                plain(Some(format!("{records} of {total} are hidden")), &params)
            }
            // Its number is the status of the answer; 0 if no answer came.
            (NoticeCode::LastActivityFailed, _) => {
                let (status, what) = match records {
                    0 => (None, "got no answer".to_string()),
                    200..300 => (Some(records), format!("was answered {records} with something else")),
                    _ => (Some(records), format!("was answered {records}")),
                };
                let params: Vec<_> = status.map(|status| ("status", status.to_string())).into_iter().collect();
                notice(code, 0, Some(format!("POST /api/v4/users/status/ids {what}")), &params)
            }
            (NoticeCode::CountDiffers, _) => {
                let Some((listed, counted)) = self.accounts else { return plain(None, &[]) };
                let params = [("counted", counted.to_string()), ("listed", listed.to_string())];
                let missing = match counted.checked_sub(listed) {
                    Some(missing @ 1..) => format!(", so {missing} may be missing"),
                    Some(0) | None => String::new(),
                };
                plain(Some(format!("{counted} counted, {listed} listed{missing}")), &params)
            }
            (NoticeCode::LicenseUnreadable, _) => notice(
                code,
                0,
                Some("whether the server has one, so the type of every account's licence".to_string()),
                &[],
            ),
            (NoticeCode::SeatsDiffer, _) => {
                let Some((listed, counted)) = self.seats else { return plain(None, &[]) };
                let params = [("counted", counted.to_string()), ("listed", listed.to_string())];
                plain(Some(format!("{listed} by this listing, {counted} by the server")), &params)
            }
            (NoticeCode::CountFailed, _) => plain(named.count_failure.clone(), &[]),
            (NoticeCode::ClockDiffers, _) => match named.clock {
                Clock::Ahead(ms) => {
                    let side = if ms > 0 { "ahead" } else { "behind" };
                    let (span, ms) = (in_words(ms.unsigned_abs()), ms.to_string());
                    plain(Some(format!("the server's is {span} {side}")), &[("ahead-ms", ms)])
                }
                Clock::Agrees | Clock::Hidden => plain(None, &[]),
            },
            (NoticeCode::RecordsUnreadable, _) => {
                let names: Vec<String> = named.unreadable.iter().map(|name| short(name)).collect();
                plain(Some(listed(records, &names)), &[])
            }
            (NoticeCode::AccountsDatedAhead, _) => {
                let (ids, names): (Vec<String>, Vec<String>) = named.dated_ahead.iter().cloned().unzip();
                Notice { subjects: ids, ..plain(Some(listed(records, &names)), &[]) }
            }
            _ => plain((records > 0).then(|| records.to_string()), &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_that_is_not_complete_has_a_reason_and_a_resumed_one_a_state() {
        use NoticeCode::{CompletenessUnproven, CountFailed, EmailsHidden, ListingResumed, PartialView, SeatsDiffer};
        for (raised, expect) in [
            (&[ListingResumed][..], None),
            (&[ListingResumed, EmailsHidden, SeatsDiffer], None),
            (&[PartialView, EmailsHidden], Some(PartialView)),
            (&[ListingResumed, PartialView], Some(PartialView)),
            (&[PartialView, CountFailed, ListingResumed, CompletenessUnproven], Some(CompletenessUnproven)),
            // Without a count nothing can be proven.
            (&[EmailsHidden], Some(CompletenessUnproven)),
        ] {
            let mut findings = Findings::default();
            raised.iter().for_each(|code| findings.raise(*code));
            let state = findings.unproven();
            let reason = expect.map(|code| code.entry().id.to_string());
            assert_eq!(state, reason.map_or(ListingState::Resumed, ListingState::Incomplete), "{raised:?}");
            assert!(expect.is_none_or(|code| findings.has(code)), "the reason has a notice: {raised:?}");
        }
    }

    #[test]
    fn each_hidden_field_comes_once_and_survives_the_cursor() {
        let mut findings = Findings { sign_in_hidden: true, ..Findings::default() };
        let before = findings.clone();
        for code in [NoticeCode::TeamAdminsHidden, NoticeCode::SeatsUnknown, NoticeCode::LicenseUnreadable] {
            findings.raise(code);
        }
        let shown = |fields: &[HiddenField]| {
            let field = |field: &HiddenField| format!("{}={}", field.name, field.may_be.join("|"));
            fields.iter().map(field).collect::<Vec<_>>().join(" ")
        };
        let sign_in = "attributes.auth-id= attributes.auth-service= attributes.mfa-active=";
        assert_eq!(shown(&before.hidden()), sign_in);
        let new = "role=team-admin attributes.runs-teams= seat= licenses=";
        assert_eq!(shown(&findings.hidden_since(&before)), new);
        assert_eq!(Findings::decode(&findings.encode()), Some(findings.clone()));
        assert_eq!(shown(&findings.hidden()), format!("{new} {sign_in}"));
        for raised in [NoticeCode::LastActivityHidden, NoticeCode::ActivityReportHidden] {
            findings.raise(raised);
        }
        assert!(shown(&findings.hidden()).contains("status=inactive|active "), "{}", shown(&findings.hidden()));
        for damaged in ["", ",x", ",h,h"] {
            assert_eq!(Findings::decode(&findings.encode().replace(",h", damaged)), None, "{damaged}");
        }
    }
}
