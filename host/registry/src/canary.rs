//! Two versions side by side on the same server: which records differ, field by field.

use std::collections::{BTreeMap, HashMap, HashSet};

use provider_model::{FieldChange, User, difference};
use provider_sandbox::{Error as SandboxError, Session};
use provider_store::{End, Listing, ListingOptions, Listings as _};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Error, Result};

/// Examples that are kept of each difference.
const EXAMPLES: usize = 5;

/// How the records of two versions differ on the same server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CanaryReport {
    /// Users that both listed.
    pub compared: u64,
    /// Ids that only the old version lists.
    pub missing: Vec<String>,
    /// Ids that only the new version lists.
    pub added: Vec<String>,
    /// The fields of users that differ, by name; an attribute as `attributes.key`.
    pub fields: BTreeMap<String, FieldDifference>,
    /// The fields of licences that differ, by license type and name: `enterprise.seats_used`.
    pub licenses: BTreeMap<String, (Value, Value)>,
    /// Whether the old version's listing was complete.
    pub old_complete: bool,
    /// Whether the new version's listing was complete.
    pub new_complete: bool,
}

/// One field that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldDifference {
    /// In how many users.
    pub users: u64,
    /// The first few: id, old value, new value.
    pub examples: Vec<(String, Value, Value)>,
}

impl CanaryReport {
    /// Whether the new version could replace the old one without a visible difference.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.missing.is_empty()
            && self.added.is_empty()
            && self.fields.is_empty()
            && self.licenses.is_empty()
            && (self.new_complete || !self.old_complete)
    }
}

/// Lists the users of a server with an old and a new version, side by side, and compares them. The old version then reads
/// the differing users again, so that an account that changed in the meantime is not reported as a difference.
///
/// # Errors
/// One of the two failed: its error, and which it was.
pub async fn canary(old: &mut dyn Sessions, new: &mut dyn Sessions, limit: u32) -> Result<CanaryReport> {
    let mut report = CanaryReport { licenses: licenses(old, new).await?, ..CanaryReport::default() };
    let mut comparison = Comparison::default();
    let (one, other) = (begin(old, limit)?, begin(new, limit)?);
    (report.old_complete, report.new_complete) = comparison.read_both(one, other).await?;
    comparison.keep_unmatched(&mut report);
    if !comparison.differing.is_empty() || !report.missing.is_empty() || !report.added.is_empty() {
        confirm(begin(old, limit)?, &mut comparison, &mut report).await?;
    }
    comparison.report(&mut report);
    Ok(report)
}

/// Where sessions of one version come from.
pub trait Sessions: Send {
    /// A session with a fresh instance.
    ///
    /// # Errors
    /// The settings do not fit the version.
    fn session(&mut self) -> Result<Session>;
}

impl<F, E> Sessions for F
where
    F: FnMut() -> Result<Session, E> + Send,
    Error: From<E>,
{
    fn session(&mut self) -> Result<Session> {
        Ok(self()?)
    }
}

fn begin(sessions: &mut dyn Sessions, limit: u32) -> Result<Listing> {
    Ok(sessions.session()?.listing(ListingOptions { limit, ..ListingOptions::default() }))
}

async fn licenses(old: &mut dyn Sessions, new: &mut dyn Sessions) -> Result<BTreeMap<String, (Value, Value)>> {
    let (mut old, mut new) = (old.session()?, new.session()?);
    let (old, new) = tokio::try_join!(old.licenses(), new.licenses())?;
    let flat = |licenses: Vec<provider_model::License>| -> Result<BTreeMap<String, Value>> {
        let mut fields = BTreeMap::new();
        for license in licenses {
            let of = license.license_type.clone();
            let read = difference::fields(&license).map_err(|error| SandboxError::Runtime { reason: error.into() })?;
            fields.extend(read.into_iter().map(|(name, value)| (format!("{of}.{name}"), value)));
        }
        Ok(fields)
    };
    let (mut old, new) = (flat(old)?, flat(new)?);
    let mut differing = BTreeMap::new();
    for (name, value) in new {
        let was = old.remove(&name).unwrap_or_default();
        if was != value {
            differing.insert(name, (was, value));
        }
    }
    differing.extend(old.into_iter().map(|(name, was)| (name, (was, Value::Null))));
    Ok(differing)
}

/// Users that one side has listed and the other has not yet, and those that differ.
#[derive(Default)]
struct Comparison {
    old: HashMap<String, User>,
    new: HashMap<String, User>,
    /// Both records of the users that differ.
    differing: BTreeMap<String, (User, User)>,
    compared: u64,
}

impl Comparison {
    /// Reads both listings to their ends; whether each was complete.
    async fn read_both(&mut self, mut old: Listing, mut new: Listing) -> Result<(bool, bool)> {
        let (mut old_end, mut new_end) = (None, None);
        while old_end.is_none() || new_end.is_none() {
            let (one, other) = tokio::join!(step(&mut old, old_end), step(&mut new, new_end));
            if let Some((users, end)) = one? {
                users.into_iter().for_each(|user| self.take(user, false));
                old_end = end;
            }
            if let Some((users, end)) = other? {
                users.into_iter().for_each(|user| self.take(user, true));
                new_end = end;
            }
        }
        Ok((old_end == Some(End::Complete), new_end == Some(End::Complete)))
    }

    fn take(&mut self, user: User, is_new: bool) {
        let (mine, others) = if is_new { (&mut self.new, &mut self.old) } else { (&mut self.old, &mut self.new) };
        match others.remove(&user.id) {
            Some(other) if other == user => self.compared = self.compared.saturating_add(1),
            Some(other) => {
                self.compared = self.compared.saturating_add(1);
                let pair = if is_new { (other, user) } else { (user, other) };
                self.differing.insert(pair.0.id.clone(), pair);
            }
            None => {
                mine.insert(user.id.clone(), user);
            }
        }
    }

    fn keep_unmatched(&mut self, report: &mut CanaryReport) {
        let sorted = |users: &mut HashMap<String, User>| {
            let mut ids: Vec<String> = users.drain().map(|(id, _)| id).collect();
            ids.sort_unstable();
            ids
        };
        report.missing = sorted(&mut self.old);
        report.added = sorted(&mut self.new);
        report.compared = self.compared;
    }

    fn report(&self, report: &mut CanaryReport) {
        for (id, (old, new)) in &self.differing {
            for FieldChange { field, old, new } in difference::differences(old, new) {
                note(report, field, id, old, new);
            }
        }
    }
}

fn note(report: &mut CanaryReport, field: String, id: &str, was: Value, is: Value) {
    let difference = report.fields.entry(field).or_default();
    difference.users = difference.users.saturating_add(1);
    if difference.examples.len() < EXAMPLES {
        difference.examples.push((id.to_owned(), was, is));
    }
}

/// One step of a listing that has not ended.
async fn step(listing: &mut Listing, end: Option<End>) -> Result<Option<(Vec<User>, Option<End>)>> {
    if end.is_some() {
        return Ok(None);
    }
    match listing.next().await {
        Some(batch) => {
            let batch = batch?;
            // A later record of the same id would be compared with itself, and the first one is as good.
            Ok(Some((batch.users, batch.end)))
        }
        None => Ok(Some((Vec::new(), Some(End::Incomplete)))),
    }
}

/// Reads the old version's list once more, and takes back what had only changed meanwhile.
async fn confirm(mut again: Listing, comparison: &mut Comparison, report: &mut CanaryReport) -> Result<()> {
    let mut seen = HashSet::new();
    let mut end = None;
    while end.is_none() {
        let Some((users, ended)) = step(&mut again, end).await? else { break };
        end = ended;
        for user in users {
            if let Some((old, new)) = comparison.differing.get_mut(&user.id) {
                settle(old, new, &user)?;
            }
            seen.insert(user.id);
        }
    }
    // Users whom the old version lists only now were created meanwhile; users whom it no longer lists are gone.
    report.added.retain(|id| !seen.contains(id));
    if end == Some(End::Complete) {
        report.missing.retain(|id| seen.contains(id));
    }
    comparison.differing.retain(|_, (old, new)| old != new);
    Ok(())
}

/// Gives the old record the new one's value in every field that is in motion.
fn settle(old: &mut User, new: &User, again: &User) -> Result<()> {
    let read = |fields: Map<String, Value>| serde_json::from_value::<User>(Value::Object(fields));
    let object = |user: &User| match serde_json::to_value(user) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    };
    let (mut first, newer, again) = (object(old), object(new), object(again));
    for (name, value) in &mut first {
        if again.get(name) != Some(value)
            && let Some(newer) = newer.get(name)
        {
            *value = newer.clone();
        }
    }
    *old = read(first).map_err(|error| SandboxError::Runtime { reason: error.into() })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_testing::samples::bare_user as user;

    #[test]
    fn a_field_that_keeps_changing_is_not_a_difference() {
        let (mut old, mut new, mut again) = (user("a"), user("a"), user("a"));
        old.position = Some("Editor".into());
        new.position = Some("EDITOR".into());
        again.position = Some("Editor".into());
        old.last_activity_at = Some("2026-01-01T00:00:00.000Z".into());
        new.last_activity_at = Some("2026-01-02T00:00:00.000Z".into());
        again.last_activity_at = Some("2026-01-03T00:00:00.000Z".into());
        settle(&mut old, &new, &again).unwrap();
        let comparison =
            Comparison { differing: BTreeMap::from([("a".to_owned(), (old, new))]), ..Comparison::default() };
        let mut report = CanaryReport::default();
        comparison.report(&mut report);
        assert_eq!(report.fields.keys().collect::<Vec<_>>(), ["position"]);
        assert_eq!(report.fields["position"].examples, [("a".to_owned(), "Editor".into(), "EDITOR".into())]);
    }

    #[test]
    fn users_are_matched_by_id_in_any_order() {
        let mut comparison = Comparison::default();
        for (id, is_new) in [("a", false), ("b", true), ("b", false), ("c", true), ("a", true), ("d", false)] {
            comparison.take(user(id), is_new);
        }
        let mut report = CanaryReport::default();
        comparison.keep_unmatched(&mut report);
        assert_eq!((report.compared, report.missing, report.added), (2, vec!["d".into()], vec!["c".into()]));
    }
}
