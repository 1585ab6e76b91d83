//! When a licence needs attention: few days or few seats are left.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use provider_host::model::{License, Quantity};

use crate::exit::Complaint;
use crate::licences::{days_left, seats_left};
use crate::output::words::{count, expiry, number, seats};

/// How many seats are few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FewSeats {
    /// At most so many.
    Seats(u32),
    /// At most so many percent of those that were bought.
    Percent(u8),
}

impl FewSeats {
    fn holds(self, left: i64, purchased: u32) -> bool {
        match self {
            Self::Seats(few) => left <= i64::from(few),
            Self::Percent(few) => left * 100 <= i64::from(purchased) * i64::from(few),
        }
    }
}

impl FromStr for FewSeats {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || "write a number of seats, such as 50, or a part of those bought, such as 5%".to_owned();
        let digits = text.strip_suffix('%').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed());
        }
        if digits.len() == text.len() {
            return digits.parse().map(Self::Seats).map_err(|_| malformed());
        }
        digits.parse().ok().filter(|percent| *percent <= 100).map(Self::Percent).ok_or_else(malformed)
    }
}

/// What counts as little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Thresholds {
    /// A licence with at most so many days left; any if there is none.
    pub(crate) days: Option<u32>,
    /// A licence with few seats left; any if there is none.
    pub(crate) seats: Option<FewSeats>,
}

/// What comparing a licence with the thresholds has shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It is at a threshold or below.
    Reached(Complaint),
    /// A threshold is given, and the value is unknown.
    Unknown(Complaint),
}

impl Thresholds {
    /// What needs attention at this time; empty if nothing does.
    pub(crate) fn findings(self, licenses: &[License], now: DateTime<Utc>) -> Vec<Finding> {
        if self == Self::default() {
            return Vec::new();
        }
        if licenses.is_empty() {
            let complaint = Complaint::new("license-missing", "the server has no licence");
            return vec![Finding::Reached(
                complaint.fix("install a licence, or leave --warn-days and --warn-seats out"),
            )];
        }
        let findings = licenses.iter().flat_map(|license| {
            let days = self.days.and_then(|few| ends_soon(license, few, now));
            let seats = self.seats.and_then(|few| has_few_seats(license, few));
            days.into_iter().chain(seats)
        });
        findings.collect()
    }
}

fn ends_soon(license: &License, few: u32, now: DateTime<Utc>) -> Option<Finding> {
    let unknown = || {
        let message = format!("{}: it is unknown when the licence ends", license.name);
        let fix = "run providerctl check; a system administrator's token sees the whole licence";
        Some(Finding::Unknown(Complaint::new("license-end-unknown", message).fix(fix)))
    };
    let Some(instant) = &license.expires_at else {
        return if is_hidden(license, "expires-at") { unknown() } else { None };
    };
    let Some(days) = days_left(license, now) else { return unknown() };
    (days <= i64::from(few)).then(|| {
        let message = format!("{}: {}", license.name, expiry(instant, now));
        let fix = "renew the licence and install the new one in the System Console";
        Finding::Reached(Complaint::new("license-ends-soon", message).fix(fix))
    })
}

fn has_few_seats(license: &License, few: FewSeats) -> Option<Finding> {
    let (left, purchased) = match (seats_left(license.seats_used, license.seats_purchased), license.seats_purchased) {
        (_, Quantity::Unlimited) => return None,
        (Some(left), Quantity::Limited(purchased)) => (left, purchased),
        (_, Quantity::Limited(_) | Quantity::Unknown) => {
            let known = seats(&license.seats_used, &license.seats_purchased);
            let message = format!("{}: it is unknown how many seats are left ({known})", license.name);
            let fix = "run providerctl check; a system administrator's token can count the seats";
            return Some(Finding::Unknown(Complaint::new("license-seats-unknown", message).fix(fix)));
        }
    };
    few.holds(left, purchased).then(|| {
        let (seats, purchased) = (count(left.unsigned_abs(), "seat"), number(purchased.into()));
        let state = if left < 0 {
            format!("{seats} more than the {purchased} bought")
        } else {
            format!("{seats} left of {purchased}")
        };
        let message = format!("{}: {state}", license.name);
        let fix = "buy seats, or free those of accounts that nobody uses: providerctl users --seat occupied --inactive-for 90d";
        Finding::Reached(Complaint::new("license-seats-few", message).fix(fix))
    })
}

/// Whether a notice says of a field that it is hidden or cannot be read.
fn is_hidden(license: &License, field: &str) -> bool {
    license.notices.iter().any(|notice| notice.fields.iter().any(|name| name == field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::output::samples::license;
    use provider_host::model::{Notice, Severity};

    #[test]
    fn few_seats_are_a_number_or_a_part() {
        let cases = [
            ("50", Some(FewSeats::Seats(50))),
            ("0", Some(FewSeats::Seats(0))),
            ("5%", Some(FewSeats::Percent(5))),
            ("100%", Some(FewSeats::Percent(100))),
            ("101%", None),
            ("-1", None),
            ("+5", None),
            ("5.5%", None),
            ("%", None),
            ("", None),
            ("5 %", None),
            ("99999999999", None),
        ];
        for (text, expect) in cases {
            assert_eq!(text.parse().ok(), expect, "{text:?}");
        }
    }

    fn code(finding: &Finding) -> (&str, bool) {
        match finding {
            Finding::Reached(complaint) => (&complaint.code, true),
            Finding::Unknown(complaint) => (&complaint.code, false),
        }
    }

    #[test]
    fn a_threshold_is_reached_at_its_value() {
        let now = clock::instant("2026-11-24T09:30:00Z").unwrap();
        let hides_end = Notice {
            code: "hidden".into(),
            severity: Severity::Warning,
            message: String::new(),
            fix: None,
            fields: vec!["expires-at".into()],
            count: None,
            subjects: Vec::new(),
            params: Default::default(),
        };
        let ends = |at: Option<&str>| License { expires_at: at.map(str::to_owned), ..license() };
        let hidden = License { notices: vec![hides_end], ..ends(None) };
        let sold = |used, purchased| License { seats_used: used, seats_purchased: purchased, ..license() };
        let limited = Quantity::Limited;
        type Case = (License, Option<u32>, Option<&'static str>, &'static [(&'static str, bool)]);
        let cases: Vec<Case> = vec![
            (license(), None, None, &[]),
            (license(), Some(6), None, &[]),
            (license(), Some(7), None, &[("license-ends-soon", true)]),
            (ends(Some("2026-11-24T09:30:00.000Z")), Some(0), None, &[("license-ends-soon", true)]),
            (ends(Some("2026-11-24T23:00:00.000Z")), Some(0), None, &[("license-ends-soon", true)]),
            (ends(Some("2020-01-01T00:00:00.000Z")), Some(0), None, &[("license-ends-soon", true)]),
            (ends(Some("2026-11-25T00:00:00.000Z")), Some(0), None, &[]),
            (ends(None), Some(30), None, &[]),
            (ends(Some("soon")), Some(30), None, &[("license-end-unknown", false)]),
            (hidden, Some(30), None, &[("license-end-unknown", false)]),
            (license(), None, Some("187"), &[]),
            (license(), None, Some("188"), &[("license-seats-few", true)]),
            (license(), None, Some("18%"), &[]),
            (license(), None, Some("19%"), &[("license-seats-few", true)]),
            (sold(limited(3), limited(2)), None, Some("0"), &[("license-seats-few", true)]),
            (sold(limited(2), limited(2)), None, Some("0%"), &[("license-seats-few", true)]),
            (sold(limited(0), limited(0)), None, Some("0"), &[("license-seats-few", true)]),
            (sold(limited(3), Quantity::Unlimited), None, Some("100%"), &[]),
            (sold(Quantity::Unknown, Quantity::Unlimited), None, Some("5"), &[]),
            (sold(Quantity::Unknown, limited(9)), None, Some("5"), &[("license-seats-unknown", false)]),
            (sold(limited(9), Quantity::Unknown), None, Some("5"), &[("license-seats-unknown", false)]),
            (license(), Some(30), Some("20%"), &[("license-ends-soon", true), ("license-seats-few", true)]),
        ];
        for (license, days, seats, expect) in cases {
            let thresholds = Thresholds { days, seats: seats.map(|seats| seats.parse().unwrap()) };
            let findings = thresholds.findings(std::slice::from_ref(&license), now);
            assert_eq!(findings.iter().map(code).collect::<Vec<_>>(), expect, "{license:?} {days:?} {seats:?}");
        }
        let none = Thresholds { days: Some(30), seats: None }.findings(&[], now);
        assert_eq!(none.iter().map(code).collect::<Vec<_>>(), [("license-missing", true)]);
        assert!(Thresholds::default().findings(&[], now).is_empty());
    }
}
