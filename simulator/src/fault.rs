//! What goes wrong on purpose.

use std::sync::Mutex;
use std::time::Duration;

/// A fault of some of the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which requests it affects.
    pub on: Matcher,
    /// How many of them pass first.
    pub after: u32,
    /// How many it affects; `None` for all that follow.
    pub times: Option<u32>,
    /// What happens to them.
    pub what: FaultKind,
}

/// Requests by a part of their path and query; an empty part matches all of the API's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher(String);

impl From<&str> for Matcher {
    fn from(part: &str) -> Self {
        Self(part.to_owned())
    }
}

impl Matcher {
    pub(crate) fn matches(&self, path_and_query: &str) -> bool {
        path_and_query.contains(&self.0)
    }
}

/// What happens instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// This status: the server's JSON error, or for 502 to 504 a proxy's page.
    Status(u16),
    /// 429 as Mattermost's limiter sends it.
    RateLimited {
        /// Its `Retry-After` in seconds.
        retry_after_s: u32,
    },
    /// A web page with status 200.
    Html,
    /// Half of a body, then the connection is closed.
    Truncated,
    /// The connection is closed without an answer.
    Reset,
    /// JSON that is broken.
    Garbage,
    /// 403: the server wants multi-factor authentication.
    MfaRequired,
    /// 302 to this place.
    Redirect(String),
    /// The right answer, so much later.
    Slow(Duration),
    /// A JSON list of so many bytes.
    Huge(u64),
    /// 200 with this JSON.
    Body(String),
    /// Exactly this, without any header of the server's own but `Date`. A name that comes twice is sent twice.
    Answer {
        /// The status.
        status: u16,
        /// The headers; those that HTTP does not allow are left out.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// A JSON list that never ends, in small pieces, until the peer goes away.
    Endless,
    /// The right answer with so many header lines more.
    ManyHeaders(u32),
    /// The first page, whichever is requested.
    SamePage,
    /// The right answer, followed by an error object: as the server itself answers where accounts are asked for that are
    /// both active and not.
    Trailing,
    /// The right answer, but that one row in its middle has a number for its name.
    BadRecord,
}

/// The faults of a running server, and how often each has matched a request.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<(Fault, u32)>>);

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        let these = Self::default();
        these.set(faults);
        these
    }

    pub(crate) fn set(&self, faults: Vec<Fault>) {
        if let Ok(mut all) = self.0.lock() {
            *all = faults.into_iter().map(|fault| (fault, 0)).collect();
        }
    }

    /// The fault for this request. Every matching fault counts the request; the first that is due applies.
    pub(crate) fn befall(&self, path_and_query: &str) -> Option<FaultKind> {
        let mut all = self.0.lock().ok()?;
        let mut due = None;
        for (fault, met) in all.iter_mut().filter(|(fault, _)| fault.on.matches(path_and_query)) {
            let place = *met;
            *met = met.saturating_add(1);
            let is_due =
                place >= fault.after && fault.times.is_none_or(|times| place.saturating_sub(fault.after) < times);
            if is_due && due.is_none() {
                due = Some(fault.what.clone());
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_apply_to_the_requests_that_they_name() {
        let faults = Faults::new(vec![Fault { on: "/users?".into(), after: 1, times: Some(2), what: FaultKind::Html }]);
        let befallen: Vec<_> = ["/a", "/users?p=0", "/users?p=1", "/users/me", "/users?p=2", "/users?p=3"]
            .into_iter()
            .filter(|path| faults.befall(path).is_some())
            .collect();
        assert_eq!(befallen, ["/users?p=1", "/users?p=2"]);
    }
}
