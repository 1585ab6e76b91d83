//! What a listing has to tell beside its records.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::super::activity::{Activity, LastUse};
use super::super::code::NoticeCode;
use super::super::notice::notice;
use super::census::Census;
use crate::contract::{ActivityKnowledge, Notice, User, UserStatus};

/// What the token cannot see, as the census found it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// E-mail addresses.
    pub emails: bool,
    /// First and last names.
    pub names: bool,
    /// When accounts were last active.
    pub activity: bool,
    /// Teams that do not invite everybody, and who runs them.
    pub teams: bool,
    /// The same, unless one of these teams comes: the server does not say what the token may see.
    pub teams_unsure: bool,
    /// Accounts that share no team or channel with the token's.
    pub others: bool,
    /// How many accounts there are, since the server failed to count them.
    pub count_failed: bool,
}

/// The notices that a listing raises, each with the number of records that it concerns. They travel in the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    counts: [Option<u32>; CODES.len()],
    /// The seats by this listing and by the server's count, where the two do not agree. They are held against each other
    /// at the end, so the cursor does not have them.
    seats: Option<(u32, u32)>,
}

/// The notices of a listing, in the order in which the cursor and the pages hold them.
const CODES: [NoticeCode; 15] = [
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
];

impl Findings {
    /// What the census tells already.
    #[must_use]
    pub fn of(census: &Census) -> Self {
        let mut findings = Self::default();
        let hidden = census.hidden;
        for (is, code) in [
            (census.count.total.is_none() && !hidden.count_failed, NoticeCode::CompletenessUnproven),
            (hidden.count_failed, NoticeCode::CountFailed),
            (hidden.others, NoticeCode::PartialView),
            (hidden.emails, NoticeCode::EmailsHidden),
            (hidden.names, NoticeCode::NamesHidden),
            (hidden.activity, NoticeCode::LastActivityHidden),
            (hidden.teams, NoticeCode::TeamAdminsHidden),
        ] {
            if is {
                findings.raise(code);
            }
        }
        findings
    }

    /// Raises a notice that concerns the whole answer.
    pub fn raise(&mut self, code: NoticeCode) {
        if let Some(slot) = self.slot(code) {
            slot.get_or_insert(0);
        }
    }

    /// Raises a notice about so many more records; none leaves it as it is.
    pub fn add(&mut self, code: NoticeCode, records: u32) {
        if let (1.., Some(slot)) = (records, self.slot(code)) {
            *slot = Some(slot.unwrap_or_default().saturating_add(records));
        }
    }

    /// Sets how many records a notice is about; none takes it away.
    pub fn set(&mut self, code: NoticeCode, records: u32) {
        if let Some(slot) = self.slot(code) {
            *slot = (records > 0).then_some(records);
        }
    }

    /// How many records a notice is about; 0 where it was not raised.
    #[must_use]
    pub fn count(&self, code: NoticeCode) -> u32 {
        self.entries().find(|(raised, _)| *raised == code).map_or(0, |(_, records)| records)
    }

    /// Raises the notice that the seats of the listing are not those that the server counts.
    pub fn seats_differ(&mut self, listed: u32, counted: u32) {
        self.raise(NoticeCode::SeatsDiffer);
        self.seats = Some((listed, counted));
    }

    /// Raises the notice that the requests for activity fail, the last of them with this status.
    pub fn activity_failed(&mut self, status: Option<u16>) {
        self.raise(NoticeCode::LastActivityFailed);
        if let (Some(status), Some(slot)) = (status, self.slot(NoticeCode::LastActivityFailed)) {
            *slot = Some(u32::from(status));
        }
    }

    /// Whether there is no point in asking for activity any more.
    #[must_use]
    pub fn is_activity_lost(&self) -> bool {
        let is_hidden = self.has(NoticeCode::LastActivityHidden) && self.count(NoticeCode::LastActivityHidden) == 0;
        is_hidden || self.has(NoticeCode::LastActivityFailed)
    }

    /// Counts an account whose activity was asked for and did not come. Where it has set its status by hand, its record
    /// says so.
    pub fn note_activity(&mut self, last_use: LastUse, user: &User) {
        let is_unknown = user.activity == ActivityKnowledge::Unknown && user.status != UserStatus::Deactivated;
        if is_unknown && !matches!(last_use.activity, Activity::AtLeast(_)) {
            self.add(NoticeCode::LastActivityHidden, 1);
        }
    }

    /// Whether a notice was raised.
    #[must_use]
    pub fn has(&self, code: NoticeCode) -> bool {
        self.entries().any(|(raised, _)| raised == code)
    }

    /// The notices that were not raised yet in `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self, census: &Census) -> Vec<Notice> {
        self.entries().filter(|(code, _)| !earlier.has(*code)).map(|(code, n)| self.told(code, n, census)).collect()
    }

    /// Every notice.
    #[must_use]
    pub fn all(&self, census: &Census) -> Vec<Notice> {
        self.entries().map(|(code, n)| self.told(code, n, census)).collect()
    }

    /// The numbers as the cursor writes them: a dash, or a number, for each.
    #[must_use]
    pub fn encode(&self) -> String {
        let texts: Vec<String> =
            self.counts.iter().map(|count| count.map_or_else(|| "-".to_string(), |n| n.to_string())).collect();
        texts.join(",")
    }

    /// Reads what [`encode`](Self::encode) wrote.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let mut findings = Self::default();
        let mut texts = text.split(',');
        for slot in &mut findings.counts {
            *slot = match texts.next()? {
                "-" => None,
                number => Some(number.parse().ok()?),
            };
        }
        texts.next().is_none().then_some(findings)
    }

    fn slot(&mut self, code: NoticeCode) -> Option<&mut Option<u32>> {
        let index = CODES.iter().position(|known| *known == code)?;
        self.counts.get_mut(index)
    }

    fn entries(&self) -> impl Iterator<Item = (NoticeCode, u32)> + '_ {
        CODES.into_iter().zip(self.counts).filter_map(|(code, count)| Some((code, count?)))
    }

    fn told(&self, code: NoticeCode, records: u32, census: &Census) -> Notice {
        match (code, census.count.total, self.seats) {
            (NoticeCode::UsersMayBeMissing, Some(total), _) => {
                let params = [("counted", total.to_string()), ("missing", records.to_string())];
                notice(code, records, Some(format!("{records} of {total} were not seen")), &params)
            }
            (NoticeCode::PartialView, Some(total), _) if records > 0 => {
                let params = [("counted", total.to_string()), ("hidden", records.to_string())];
                notice(code, records, Some(format!("{records} of {total} are hidden")), &params)
            }
            // Its number is the status of the answer.
            (NoticeCode::LastActivityFailed, _, _) if records > 0 => {
                let more = if (200..300).contains(&records) { " with something else" } else { "" };
                let detail = format!("POST /api/v4/users/status/ids answered {records}{more}");
                notice(code, 0, Some(detail), &[("status", records.to_string())])
            }
            (NoticeCode::CountDiffers, Some(total), _) => {
                let listed = total.saturating_add(records);
                let params = [("counted", total.to_string()), ("listed", listed.to_string())];
                notice(code, 0, Some(format!("{total} counted, {listed} listed")), &params)
            }
            (NoticeCode::SeatsDiffer, _, Some((listed, counted))) => {
                let params = [("counted", counted.to_string()), ("listed", listed.to_string())];
                notice(code, 0, Some(format!("{listed} by this listing, {counted} by the server")), &params)
            }
            _ => notice(code, records, (records > 0).then(|| records.to_string()), &[]),
        }
    }
}
