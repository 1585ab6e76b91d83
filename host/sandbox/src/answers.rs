//! Checks that answers keep the contract's rules. Every answer of every call is checked here before anything uses it, and
//! one that breaks a rule is refused as a whole: an answer that is wrong in one place is not trusted in another.
//!
//! The rules are those of `wit/provider.wit`, with a maximum size for every text without one. Data of the product passes
//! unchanged: a name may be odd, and an account's dates may be impossible.
//!
//! No reason here holds text of the answer, since that may be personal data.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use provider_model::{
    ActivityKnowledge, Attributes, CheckReport, Description, HiddenField, License, ListingState, Notice, ProviderError,
    SeatUse, User, UserPage, UserStatus,
};

use crate::bindings::Changes;

/// Bytes of an id, a key or a code. Products have ids of some 40.
const ID_BYTES: usize = 256;

/// Bytes of a text for a person, or of one that a product has of a person.
const TEXT_BYTES: usize = 64 * 1024;

/// Bytes of an attribute's value: an administrator of thousands of teams has all their names there.
const VALUE_BYTES: usize = 1024 * 1024;

/// Entries of a list within one record.
const ENTRIES: usize = 10_000;

/// How far a watermark may lie in this machine's future, or before the watermark of the request: two clocks may differ,
/// and a server's clock may be adjusted.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::days(1);

/// What is wrong with an answer, as the end of a sentence.
type Checked = Result<(), String>;

/// The ids that the answers of one provider may hold: those of the description that was granted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    license_types: Vec<String>,
    roles: Vec<String>,
}

impl Rules {
    pub(crate) fn of(description: &Description) -> Self {
        let ids = |terms: &[provider_model::Term]| terms.iter().map(|term| term.id.clone()).collect();
        Self { license_types: ids(&description.license_types), roles: ids(&description.roles) }
    }

    /// Checks a step of a listing or of a sync.
    pub(crate) fn page(&self, page: &UserPage, now: DateTime<Utc>) -> Checked {
        let UserPage { users, state, expected_total: _, wait_ms: _, watermark, notices, hidden, attributes } = page;
        users.iter().try_for_each(|user| self.user(user))?;
        if let ListingState::Incomplete(reason) = state {
            code("the reason of an incomplete listing", reason)?;
        }
        if let Some(watermark) = watermark {
            id("the watermark", watermark)?;
            if instant(watermark).is_some_and(|time| time > now + CLOCKS_DIFFER) {
                return Err("the watermark is more than a day in the future by this machine's clock".to_owned());
            }
        }
        self.notices(notices)?;
        hides(hidden)?;
        pairs("an attribute of the page", attributes)
    }

    /// Checks a step of a sync since a watermark.
    pub(crate) fn changes(&self, changes: &Changes, since: Option<&str>, now: DateTime<Utc>) -> Checked {
        let Changes { page, gone } = changes;
        self.page(page, now)?;
        gone.iter().try_for_each(|gone| id("the id of a user who is gone", gone))?;
        match (page.watermark.as_deref().and_then(instant), since.and_then(instant)) {
            (Some(new), Some(since)) if new < since - CLOCKS_DIFFER => {
                Err("the watermark is before the one of the request".to_owned())
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn licenses(&self, licenses: &[License]) -> Checked {
        entries("the answer", "licences", licenses.len())?;
        licenses.iter().try_for_each(|license| self.license(license))
    }

    fn license(&self, license: &License) -> Checked {
        let License {
            license_type,
            name,
            trial: _,
            seats_purchased: _,
            seats_used: _,
            licensee,
            starts_at,
            expires_at,
            attributes,
            notices,
        } = license;
        known("the license-type of a licence", license_type, &self.license_types)?;
        size("the name of a licence", name, TEXT_BYTES)?;
        text("the licensee of a licence", licensee)?;
        timestamp("the starts-at of a licence", starts_at)?;
        timestamp("the expires-at of a licence", expires_at)?;
        pairs("an attribute of a licence", attributes)?;
        self.notices(notices)
    }

    pub(crate) fn report(&self, report: &CheckReport) -> Checked {
        let CheckReport { steps, product_version, product_instance, attributes } = report;
        entries("the report", "steps", steps.len())?;
        for step in steps {
            code("the id of a check step", &step.id)?;
            if let Some(given) = &step.code {
                code("the code of a check step", given)?;
            }
            size("the summary of a check step", &step.summary, TEXT_BYTES)?;
            text("the fix of a check step", &step.fix)?;
            pairs("a parameter of a check step", &step.params)?;
        }
        text("the product-version", product_version)?;
        text("the product-instance", product_instance)?;
        pairs("an attribute of the report", attributes)
    }

    fn user(&self, user: &User) -> Checked {
        let User {
            id: user_id,
            username,
            email,
            first_name,
            last_name,
            status,
            kind: _,
            role,
            roles,
            seat,
            licenses,
            position,
            created_at,
            deactivated_at,
            activity,
            last_activity_at,
            attributes,
        } = user;
        id("the id of a user", user_id)?;
        size("the username of a user", username, TEXT_BYTES)?;
        text("the email of a user", email)?;
        text("the first-name of a user", first_name)?;
        text("the last-name of a user", last_name)?;
        text("the position of a user", position)?;
        known("the role of a user", role, &self.roles)?;
        entries("a user", "roles", roles.len())?;
        roles.iter().try_for_each(|role| size("one of the roles of a user", role, TEXT_BYTES))?;
        entries("a user", "licences", licenses.len())?;
        for held in licenses {
            known("the license-type of a user's licence", &held.license_type, &self.license_types)?;
            timestamp("the assigned-at of a user's licence", &held.assigned_at)?;
        }
        if *seat == SeatUse::Free && !licenses.is_empty() {
            return Err("a user who uses no seat holds a licence".to_owned());
        }
        timestamp("the created-at of a user", created_at)?;
        timestamp("the deactivated-at of a user", deactivated_at)?;
        if deactivated_at.is_some() && *status != UserStatus::Deactivated {
            return Err("a user who is not deactivated has a deactivated-at".to_owned());
        }
        timestamp("the last-activity-at of a user", last_activity_at)?;
        if last_activity_at.is_some() != (*activity == ActivityKnowledge::Known) {
            return Err("the activity of a user and its last-activity-at contradict each other".to_owned());
        }
        pairs("an attribute of a user", attributes)
    }

    fn notices(&self, notices: &[Notice]) -> Checked {
        entries("the answer", "notices", notices.len())?;
        for notice in notices {
            code("the code of a notice", &notice.code)?;
            size("the message of a notice", &notice.message, TEXT_BYTES)?;
            text("the fix of a notice", &notice.fix)?;
            entries("a notice", "fields", notice.fields.len())?;
            notice.fields.iter().try_for_each(|field| id("a field of a notice", field))?;
            entries("a notice", "subjects", notice.subjects.len())?;
            notice.subjects.iter().try_for_each(|subject| id("a subject of a notice", subject))?;
            pairs("a parameter of a notice", &notice.params)?;
        }
        Ok(())
    }
}

/// Checks an error of a provider.
pub(crate) fn error(error: &ProviderError) -> Checked {
    code("the code of an error", &error.code)?;
    size("the message of an error", &error.message, TEXT_BYTES)?;
    text("the fix of an error", &error.fix)?;
    text("the request of an error", &error.request)?;
    text("the request-id of an error", &error.request_id)?;
    pairs("a parameter of an error", &error.params)
}

/// Checks a description: it must have one entry for each thing.
pub(crate) fn description(description: &Description) -> Checked {
    let Description {
        id,
        name,
        version,
        documentation_url,
        settings,
        requests,
        license_types,
        roles,
        codes,
        attributes,
    } = description;
    for (what, value) in [("id", id), ("name", name), ("version", version), ("documentation-url", documentation_url)] {
        size(&format!("the {what} of the description"), value, TEXT_BYTES)?;
    }
    unique("the key of a setting", settings.iter().map(|spec| spec.key.as_str()))?;
    for spec in settings {
        for (what, value) in [("label", &spec.label), ("help", &spec.help)] {
            size(&format!("the {what} of a setting"), value, TEXT_BYTES)?;
        }
        text("the default of a setting", &spec.default)?;
        pairs("an attribute of a setting", &spec.attributes)?;
    }
    entries("the description", "requests", requests.len())?;
    for spec in requests {
        for (what, value) in [("method", &spec.method), ("path", &spec.path), ("purpose", &spec.purpose)] {
            size(&format!("the {what} of a request"), value, TEXT_BYTES)?;
        }
    }
    for (what, terms) in [("a license type", license_types), ("a role", roles), ("a code", codes)] {
        unique(&format!("the id of {what}"), terms.iter().map(|term| term.id.as_str()))?;
        for term in terms {
            size(&format!("the label of {what}"), &term.label, TEXT_BYTES)?;
            size(&format!("the help of {what}"), &term.help, TEXT_BYTES)?;
        }
    }
    pairs("an attribute of the description", attributes)
}

/// Checks the users of a step whom the store held already: each was passed in during this run, or may count as new, since it
/// was created after the baseline began.
pub fn is_asked_for(user: &User, was_handed_over: bool, since: Option<&str>) -> Checked {
    let is_recent = || {
        let (created, since) = (user.created_at.as_deref().and_then(instant)?, instant(since?)?);
        Some(created >= since - CLOCKS_DIFFER)
    };
    if was_handed_over || is_recent() == Some(true) {
        return Ok(());
    }
    Err("it holds a user who is neither new nor among those that were passed in".to_owned())
}

/// Checks the users who are gone: each comes once, and is not among the users.
pub fn are_gone(changes: &Changes) -> Checked {
    let Changes { page, gone } = changes;
    let mut seen: BTreeSet<&str> = page.users.iter().map(|user| user.id.as_str()).collect();
    for id in gone {
        if !seen.insert(id) {
            return Err("it reports a user as gone who is among its users, or reports one twice".to_owned());
        }
    }
    Ok(())
}

fn hides(fields: &[HiddenField]) -> Checked {
    entries("the answer", "hidden fields", fields.len())?;
    for HiddenField { name, may_be } in fields {
        id("the name of a hidden field", name)?;
        entries("a hidden field", "ids", may_be.len())?;
        may_be.iter().try_for_each(|other| id("an id of a hidden field", other))?;
    }
    Ok(())
}

fn unique<'a>(what: &str, ids: impl ExactSizeIterator<Item = &'a str>) -> Checked {
    entries("the description", "entries of one sort", ids.len())?;
    let mut seen = BTreeSet::new();
    for key in ids {
        id(what, key)?;
        if !seen.insert(key) {
            return Err(format!("{what} appears twice"));
        }
    }
    Ok(())
}

fn known(what: &str, value: &str, ids: &[String]) -> Checked {
    // There are a few, of different lengths.
    if ids.iter().any(|id| id == value) {
        return Ok(());
    }
    Err(format!("{what} is not one that the provider describes"))
}

fn id(what: &str, value: &str) -> Checked {
    if value.is_empty() {
        return Err(format!("{what} is empty"));
    }
    size(what, value, ID_BYTES)?;
    if !is_plain(value.as_bytes()) && value.chars().any(char::is_control) {
        return Err(format!("{what} holds a control character"));
    }
    Ok(())
}

/// The highest bit of each byte of a word.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Whether a text is printable ASCII. Checks eight letters at once.
fn is_plain(text: &[u8]) -> bool {
    // A byte above 0x7e has the highest bit, or gets it by one more; one below a space, by a space less.
    let is_odd = |word: [u8; 8]| {
        let word = u64::from_le_bytes(word);
        let (more, less) = (word.wrapping_add(HIGH >> 7), word.wrapping_sub(HIGH >> 2));
        (word | more | less) & HIGH != 0
    };
    match text.last_chunk::<8>() {
        // The last eight may overlap with those before.
        Some(last) => !text.as_chunks::<8>().0.iter().chain([last]).any(|word| is_odd(*word)),
        None => text.iter().all(|byte| matches!(byte, b' '..0x7f)),
    }
}

/// A code in kebab-case. It need not be among the described ones: to refuse it would hide what it reports.
fn code(what: &str, value: &str) -> Checked {
    id(what, value)?;
    if value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Ok(());
    }
    Err(format!("{what} is not in kebab-case"))
}

fn text(what: &str, value: &Option<String>) -> Checked {
    value.as_ref().map_or(Ok(()), |value| size(what, value, TEXT_BYTES))
}

fn size(what: &str, value: &str, most: usize) -> Checked {
    if value.len() <= most {
        return Ok(());
    }
    Err(format!("{what} has {} bytes, more than the limit of {most}", value.len()))
}

fn entries(whose: &str, what: &str, number: usize) -> Checked {
    if number <= ENTRIES {
        return Ok(());
    }
    Err(format!("{whose} has {number} {what}, more than the limit of {ENTRIES}"))
}

fn pairs(what: &str, pairs: &Attributes) -> Checked {
    if pairs.len() > ENTRIES {
        return Err(format!("{what} is one of {}, more than the limit of {ENTRIES}", pairs.len()));
    }
    for (key, value) in pairs.iter() {
        if key.is_empty() {
            return Err(format!("{what} has no name"));
        }
        size(what, key, TEXT_BYTES)?;
        size(what, value, VALUE_BYTES)?;
    }
    Ok(())
}

fn timestamp(what: &str, value: &Option<String>) -> Checked {
    match value {
        Some(value) if !is_timestamp(value) => {
            Err(format!("{what} is not a time of the form 2026-11-24T09:30:00.000Z"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether a text is the contract's `timestamp`, of 1970 or later. A record has three or four of these, so this avoids a
/// parser and a loop.
fn is_timestamp(text: &str) -> bool {
    let ([one, two, three], []) = text.as_bytes().as_chunks::<8>() else { return false };
    let (Some(one), Some(two), Some(three)) =
        (like(one, b"0000-00-"), like(two, b"00T00:00"), like(three, b":00.000Z"))
    else {
        return false;
    };
    let ([y1, y2, y3, y4, _, m1, m2, _], [d1, d2, _, h1, h2, _, n1, n2], [_, s1, s2, ..]) = (one, two, three);
    let two = |one: u8, other: u8| u32::from(one) * 10 + u32::from(other);
    let (year, month, day) = (two(y1, y2) * 100 + two(y3, y4), two(m1, m2), two(d1, d2));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => return false,
    };
    year >= 1970 && (1..=days).contains(&day) && two(h1, h2) < 24 && two(n1, n2) < 60 && two(s1, s2) < 60
}

/// The digits of eight letters at the zeros of the pattern; `None` if one of them is not a digit or another letter differs
/// from the pattern's. Checks all eight at once.
fn like(letters: &[u8; 8], pattern: &[u8; 8]) -> Option<[u8; 8]> {
    // What is more than this gets the highest bit: a digit above nine, and any difference of another letter.
    let room = u64::from_le_bytes(pattern.map(|letter| if letter == b'0' { 0x76 } else { 0x7f }));
    let digits = u64::from_le_bytes(*letters) ^ u64::from_le_bytes(*pattern);
    ((digits.wrapping_add(room) | digits) & HIGH == 0).then(|| digits.to_le_bytes())
}

/// The moment of a timestamp.
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc))
}

#[cfg(test)]
mod tests;
