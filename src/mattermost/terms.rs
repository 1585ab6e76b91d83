//! Reads the terms of a licence field by field, and notes the fields that cannot be read.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use provider_sdk::lenient::TextMap;
use provider_sdk::time::{DAY_MS, timestamp};

use super::edition::Edition;

/// The fields that the server leaves out for accounts without the permission to read the licence
/// (server/channels/utils/license.go).
const DETAILS: [&str; 7] = ["Id", "Name", "Email", "IssuedAt", "StartsAt", "ExpiresAt", "SkuName"];

/// Dates are milliseconds since 1970. A smaller number, before 2001, is in seconds or not a date: Mattermost is
/// younger.
const EARLIEST_MS: i64 = 1_000_000_000_000;

/// The terms of a licence. An unknown term is `None`, never zero and never unlimited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// How many seats were bought.
    pub seats: Option<u32>,
    /// When it begins, in milliseconds since 1970.
    pub starts_ms: Option<i64>,
    /// When it ends, in milliseconds since 1970.
    pub expires_ms: Option<i64>,
    /// Whether it is a trial.
    pub is_trial: bool,
    /// Whether the server hides the details from this token: it then leaves out all of them.
    pub is_hidden: bool,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

/// A part of the licence that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The field of the contract that it is for.
    pub field: &'static str,
    /// What it is, and why it could not be read.
    pub why: String,
}

impl Terms {
    /// Reads the terms.
    #[must_use]
    pub fn of(license: &TextMap, edition: Edition) -> Self {
        let mut terms = Self::default();
        if license.flag("IsLicensed").is_none() {
            terms.unread("license-type", "IsLicensed", "whether there is a licence", flaw(license, "IsLicensed"));
        }
        if matches!(edition, Edition::Free | Edition::Unknown) {
            return terms;
        }
        terms.is_hidden = !DETAILS.iter().any(|key| license.has(key));
        if license.is_odd("SkuShortName") {
            terms.unread("license-type", "SkuShortName", "the plan", "is not text");
        }
        // Entry is not bought and does not end.
        let may_be_unset = edition == Edition::Entry;
        let seats = Field::of(license, "Users", |seats| u32::try_from(seats).ok());
        terms.seats = terms.take(seats, may_be_unset, ("seats-purchased", "Users", "the seats that were bought"));
        let date = |key| Field::of(license, key, |ms| (ms >= EARLIEST_MS && timestamp(ms).is_some()).then_some(ms));
        let may_be_unset = may_be_unset || terms.is_hidden;
        terms.starts_ms = terms.take(date("StartsAt"), may_be_unset, ("starts-at", "StartsAt", "its beginning"));
        terms.expires_ms = terms.take(date("ExpiresAt"), may_be_unset, ("expires-at", "ExpiresAt", "its end"));
        let says_trial = license.flag("IsTrial");
        if says_trial.is_none() && license.has("IsTrial") && flaw(license, "IsTrial") != EMPTY {
            terms.unread("trial", "IsTrial", "whether it is a trial", flaw(license, "IsTrial"));
        }
        terms.is_trial = says_trial == Some(true) || terms.has_length_of_a_trial();
        terms
    }

    /// Whether the licence has one of the two lengths of trials that do not say so (server/public/model/license.go).
    fn has_length_of_a_trial(&self) -> bool {
        const HOUR_MS: i64 = DAY_MS / 24;
        const LENGTHS: [i64; 2] = [30 * DAY_MS + 8 * HOUR_MS, 30 * DAY_MS + 24 * HOUR_MS - 1_000];
        let length = self.starts_ms.zip(self.expires_ms).map(|(starts, expires)| expires.saturating_sub(starts));
        length.is_some_and(|length| LENGTHS.contains(&length))
    }

    fn take<T>(&mut self, value: Field<T>, may_be_unset: bool, name: (&'static str, &str, &str)) -> Option<T> {
        let (field, key, what) = name;
        match value {
            Field::Value(value) => return Some(value),
            Field::Unset(_) if may_be_unset => {}
            Field::Unset(why) | Field::Bad(why) => self.unread(field, key, what, why),
        }
        None
    }

    fn unread(&mut self, field: &'static str, key: &str, what: &str, why: &str) {
        self.unread.push(Unread { field, why: format!("{key} ({what}) {why}") });
    }
}

/// The content of a numeric field.
enum Field<T> {
    Value(T),
    /// Nothing, or 0, which means "not set"; and which of the two.
    Unset(&'static str),
    /// Something else, with the reason why it is not a number.
    Bad(&'static str),
}

const MISSING: &str = "is missing";
const EMPTY: &str = "is empty";

impl<T> Field<T> {
    fn of(license: &TextMap, key: &str, read: impl Fn(i64) -> Option<T>) -> Self {
        let Some(text) = license.get(key) else {
            let why = flaw(license, key);
            return if [MISSING, EMPTY].contains(&why) { Self::Unset(why) } else { Self::Bad(why) };
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        match text.parse::<i64>() {
            Ok(0) => Self::Unset("is 0"),
            Ok(number) if number < 0 => Self::Bad("is negative"),
            Ok(number) => read(number).map_or(Self::Bad("is out of range"), Self::Value),
            Err(_) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => Self::Bad("is out of range"),
            Err(_) => Self::Bad("is not a whole number"),
        }
    }
}

/// Why a key has no usable text.
fn flaw(license: &TextMap, key: &str) -> &'static str {
    if license.is_odd(key) || license.get(key).is_some() {
        "has another form than Mattermost's"
    } else if license.has(key) {
        EMPTY
    } else {
        MISSING
    }
}

/// Lists what could not be read, in a sentence.
#[must_use]
pub fn in_a_sentence(unread: &[Unread]) -> String {
    unread.iter().map(|unread| unread.why.to_string()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_sdk::json;

    const NOW: i64 = 1_795_533_929_000;

    /// The terms of a licence of the professional plan with a hundred seats and two dates, except for these fields.
    fn terms(fields: &str, plan: &str) -> Terms {
        let usual = format!(
            r#""IsLicensed":"true","SkuShortName":"{plan}","Users":"100","StartsAt":"{NOW}","ExpiresAt":"{}""#,
            NOW + 365 * DAY_MS
        );
        // If a key comes twice, the last value counts.
        let map = json::from_slice::<TextMap>(format!("{{{usual}{fields}}}").as_bytes()).unwrap();
        Terms::of(&map, Edition::of(&map))
    }

    #[test]
    fn a_field_that_cannot_be_read_is_unknown_and_named() {
        let well = terms("", "professional");
        assert_eq!((well.seats, well.unread.len()), (Some(100), 0));
        let cases = [
            (r#","Users":100"#, ""),
            (r#","Users":1e2"#, ""),
            (r#","Users":" 100 ""#, ""),
            (r#","Users":"4294967295""#, ""),
            (r#","Users":"0""#, "Users (the seats that were bought) is 0"),
            (r#","Users":"""#, "Users (the seats that were bought) is empty"),
            (r#","Users":"-5""#, "Users (the seats that were bought) is negative"),
            (r#","Users":-5"#, "Users (the seats that were bought) is negative"),
            (r#","Users":"4294967296""#, "Users (the seats that were bought) is out of range"),
            (r#","Users":"99999999999999999999999""#, "Users (the seats that were bought) is out of range"),
            (r#","Users":99999999999999999999999"#, "Users (the seats that were bought) has another form"),
            (r#","Users":"10.5""#, "Users (the seats that were bought) is not a whole number"),
            (r#","Users":10.5"#, "Users (the seats that were bought) has another form"),
            (r#","Users":"1,000""#, "Users (the seats that were bought) is not a whole number"),
            (r#","Users":"unlimited""#, "Users (the seats that were bought) is not a whole number"),
            (r#","Users":[100]"#, "Users (the seats that were bought) has another form"),
            (r#","Users":true"#, "Users (the seats that were bought) is not a whole number"),
            (r#","ExpiresAt":1827069929000"#, ""),
            (r#","ExpiresAt":"0""#, "ExpiresAt (its end) is 0"),
            (r#","ExpiresAt":"""#, "ExpiresAt (its end) is empty"),
            (r#","ExpiresAt":"2027-11-24""#, "ExpiresAt (its end) is not a whole number"),
            (r#","ExpiresAt":"1827069929""#, "ExpiresAt (its end) is out of range"),
            (r#","ExpiresAt":"1827069929000000""#, "ExpiresAt (its end) is out of range"),
            (r#","StartsAt":-1"#, "StartsAt (its beginning) is negative"),
            (r#","IsTrial":true"#, ""),
            (r#","IsTrial":"""#, ""),
            (r#","IsTrial":"perhaps""#, "IsTrial (whether it is a trial) has another form"),
            (r#","IsLicensed":"perhaps""#, "IsLicensed (whether there is a licence) has another form"),
            (r#","SkuShortName":["x"]"#, "SkuShortName (the plan) is not text"),
        ];
        for (fields, expect) in cases {
            let terms = terms(fields, "professional");
            let sentence = in_a_sentence(&terms.unread);
            assert!(sentence.starts_with(expect) && (sentence.is_empty() == expect.is_empty()), "{fields}: {sentence}");
            let is_known = |field: &str| !terms.unread.iter().any(|unread| unread.field == field);
            let known = [terms.seats.is_some(), terms.starts_ms.is_some(), terms.expires_ms.is_some()];
            assert_eq!(known, ["seats-purchased", "starts-at", "expires-at"].map(is_known), "{fields}");
        }
    }

    #[test]
    fn an_absent_field_is_hidden_only_if_the_server_hides_it() {
        let cases = [
            // The plan and the fields; whether details are hidden, and how many fields are unread.
            ("professional", r#""Users":"5""#, true, 0),
            ("professional", r#""Users":"x""#, true, 1),
            ("professional", r#""Users":"5","Id":"x""#, false, 2),
            ("professional", r#""Id":"""#, false, 3),
            ("entry", r#""Users":"0","StartsAt":"0","ExpiresAt":"0""#, false, 0),
            ("entry", "\"Id\":\"\"", false, 0),
            ("entry", r#""Users":"x","Id":"""#, false, 1),
        ];
        for (plan, fields, is_hidden, unread) in cases {
            let json = format!(r#"{{"IsLicensed":"true","SkuShortName":"{plan}",{fields}}}"#);
            let map = json::from_slice::<TextMap>(json.as_bytes()).unwrap();
            let terms = Terms::of(&map, Edition::of(&map));
            assert_eq!((terms.is_hidden, terms.unread.len()), (is_hidden, unread), "{json}: {:?}", terms.unread);
        }
        for (json, unread) in [("{}", 1), ("null", 1), (r#"{"IsLicensed":"false"}"#, 0)] {
            let map = json::from_slice::<TextMap>(json.as_bytes()).unwrap();
            let terms = Terms::of(&map, Edition::of(&map));
            assert_eq!((terms.is_hidden, terms.unread.len(), terms.seats), (false, unread, None), "{json}");
        }
    }

    #[test]
    fn trials_are_recognised_by_flag_or_length() {
        let day = DAY_MS;
        let cases = [
            (r#","IsTrial":"true""#.to_string(), true),
            (r#","IsTrial":"false""#.to_string(), false),
            (format!(r#","ExpiresAt":"{}""#, NOW + 30 * day + day / 3), true),
            (format!(r#","ExpiresAt":"{}""#, NOW + 31 * day - 1_000), true),
            (format!(r#","ExpiresAt":"{}""#, NOW + 365 * day), false),
        ];
        for (fields, expect) in cases {
            assert_eq!(terms(&fields, "enterprise").is_trial, expect, "{fields}");
        }
    }
}
