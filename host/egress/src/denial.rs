//! Requests that were denied, for a person.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Origin, TrafficLimit, policy};

/// How many different denials are kept of one call: more would add nothing new.
const KEPT: usize = 32;

/// A request that was not sent, or whose answer was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denial {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The path without its query, and with `{}` for whatever may be an id.
    pub path: String,
    /// Scheme, host and port; empty if the request had none.
    pub origin: String,
    /// Why.
    pub reason: DenialReason,
    /// What would allow it and who can do that, with the exact line if there is one.
    pub would_allow: String,
    /// The header or the query key that it was denied for.
    pub name: Option<String>,
    /// How often the same was denied in the call.
    pub times: u64,
}

/// Why a request was denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DenialReason {
    /// No setting of kind url leads to its origin.
    Origin,
    /// The provider does not describe it.
    Request,
    /// It names another host in its header than in its address.
    Host,
    /// It has a header that is never allowed, the same header twice, or headers after its body.
    Header,
    /// It has a header that the provider does not describe with it.
    UndescribedHeader,
    /// Its query has a key that is never allowed.
    Query,
    /// Its query has a key that the provider does not describe with it.
    UndescribedQuery,
    /// Its host is at a link-local, metadata or reserved address: these are always blocked.
    ProhibitedAddress,
    /// Its host is at a private address, and the policy allows that only for origins that it names exactly.
    PrivateAddress,
    /// The proxy refuses it.
    Proxy,
    /// The proxy requires other credentials.
    ProxyCredentials,
    /// It goes beyond a limit.
    Limit(TrafficLimit),
}

impl DenialReason {
    /// A stable kebab-case code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Origin => "origin-not-configured",
            Self::Request => "request-not-described",
            Self::Host => "host-differs",
            Self::Header => "header-not-allowed",
            Self::UndescribedHeader => "header-not-described",
            Self::Query => "query-not-allowed",
            Self::UndescribedQuery => "query-not-described",
            Self::ProhibitedAddress => "address-prohibited",
            Self::PrivateAddress => "address-private",
            Self::Proxy => "proxy-refused",
            Self::ProxyCredentials => "proxy-credentials",
            Self::Limit(limit) => limit.code(),
        }
    }

    /// What would allow a request, and who can do that.
    pub(crate) fn would_allow(self, method: &str, path: &str, origin: Option<&Origin>, grant: Option<&str>) -> String {
        let line = |otherwise: &str| origin.map_or_else(|| otherwise.to_owned(), policy::line);
        let request = || grant.map_or_else(|| format!("{method} {path}"), ToOwned::to_owned);
        let shown = || origin.map_or_else(String::new, Origin::shown);
        match self {
            Self::Origin => match origin {
                Some(_) => format!(
                    "a setting of kind url that leads to {}, and for the platform's policy, where it has one: {}",
                    shown(),
                    line("")
                ),
                None => "nothing, since only http and https requests without a user name are allowed".to_owned(),
            },
            Self::Request | Self::UndescribedHeader | Self::UndescribedQuery => format!(
                "`{}` among the `requests` of the provider's description, which its authors write: no setting adds to it",
                request()
            ),
            Self::Host => {
                "nothing, since a request must name the host that it goes to: report it to the provider's authors"
                    .to_owned()
            }
            Self::Header => {
                "nothing, since this header can ask the server for another request than the one that is granted, or comes twice: report it to the provider's authors"
                    .to_owned()
            }
            Self::Query => {
                "nothing, since this key can ask the server for another request than the one that is granted: report it to the provider's authors"
                    .to_owned()
            }
            Self::ProhibitedAddress => {
                "nothing, since link-local, metadata and reserved addresses are always blocked".to_owned()
            }
            Self::PrivateAddress => format!("for the platform's policy: {}", line("private_addresses = true")),
            Self::Proxy => format!("a proxy that connects to {}: its administrators decide on that", shown()),
            Self::ProxyCredentials => "the proxy's user name and password, given together with its address".to_owned(),
            Self::Limit(TrafficLimit::ResponseHead { .. }) => {
                "a higher limit `response_headers` or `response_header_bytes`, which the operator of the platform sets".to_owned()
            }
            Self::Limit(limit) => format!("a higher limit `{}`, which the operator of the platform sets", limit.name()),
        }
    }
}

impl fmt::Display for DenialReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Origin => "no setting leads there",
            Self::Request => "the provider does not describe it",
            Self::Host => "it names another host in its header than in its address",
            Self::Header => "it has a header that is never allowed",
            Self::UndescribedHeader => "it has a header that the provider does not describe",
            Self::Query => "its query has a key that is never allowed",
            Self::UndescribedQuery => "its query has a key that the provider does not describe",
            Self::ProhibitedAddress => "its host has a blocked address",
            Self::PrivateAddress => "its host is at a private address",
            Self::Proxy => "the proxy refuses it",
            Self::ProxyCredentials => "the proxy requires other credentials",
            Self::Limit(limit) => return limit.fmt(f),
        })
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, origin, reason, would_allow, name, times: _ } = self;
        write!(f, "denied {method} {origin}{path}: {reason}")?;
        if let Some(name) = name {
            write!(f, " (`{name}`)")?;
        }
        write!(f, "; what would allow it: {would_allow}")
    }
}

impl Denial {
    /// Denials as lines for a person: one for each cause, which may have denied several requests.
    #[must_use]
    pub fn lines(denials: &[Self]) -> Vec<String> {
        let mut causes: Vec<(&Self, u64)> = Vec::new();
        for denial in denials {
            let cause = |it: &Self| {
                (&it.origin, it.reason, &it.name, &it.would_allow)
                    == (&denial.origin, denial.reason, &denial.name, &denial.would_allow)
            };
            match causes.iter_mut().find(|(first, _)| cause(first)) {
                Some((_, requests)) => *requests = requests.saturating_add(denial.times),
                None => causes.push((denial, denial.times)),
            }
        }
        let line = |(first, requests): (&Self, u64)| match requests {
            0..=1 => first.to_string(),
            _ if requests == first.times => format!("{first} ({requests} times)"),
            _ => format!("{first} ({requests} requests were denied for this)"),
        };
        causes.into_iter().map(line).collect()
    }
}

/// What was denied in one call.
#[derive(Debug, Default)]
pub(crate) struct Denials(Mutex<Vec<Denial>>);

impl Denials {
    /// Forgets those of an earlier call.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// Adds one, or counts one that is there.
    pub(crate) fn add(&self, denial: Denial) {
        let mut kept = self.lock();
        let same = |other: &&mut Denial| {
            (&other.method, &other.path, &other.origin, &other.name, other.reason)
                == (&denial.method, &denial.path, &denial.origin, &denial.name, denial.reason)
        };
        if let Some(known) = kept.iter_mut().find(same) {
            known.times = known.times.saturating_add(1);
        } else if kept.len() < KEPT {
            kept.push(denial);
        }
    }

    pub(crate) fn list(&self) -> Vec<Denial> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Denial>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(path: &str) -> Denial {
        Denial {
            method: "GET".to_owned(),
            path: path.to_owned(),
            origin: "https://a.example:443".to_owned(),
            reason: DenialReason::Request,
            would_allow: String::new(),
            name: None,
            times: 1,
        }
    }

    #[test]
    fn the_same_denial_is_kept_once_and_others_up_to_a_bound() {
        let denials = Denials::default();
        for _ in 0..3 {
            denials.add(denial("/x"));
        }
        for n in 0..2 * KEPT {
            denials.add(denial(&format!("/{n}")));
        }
        let kept = denials.list();
        assert_eq!((kept.len(), kept[0].times, kept[1].times), (KEPT, 3, 1));
        denials.clear();
        assert_eq!(denials.list(), []);
    }

    #[test]
    fn requests_that_one_cause_denies_are_one_line() {
        let of = |path: &str, reason, times, would_allow: &str| Denial {
            reason,
            times,
            would_allow: would_allow.to_owned(),
            ..denial(path)
        };
        let (address, request) = (DenialReason::ProhibitedAddress, DenialReason::Request);
        let lines = Denial::lines(&[
            of("/users", address, 1, "nothing"),
            of("/teams", address, 2, "nothing"),
            of("/x", request, 1, "`GET /x`"),
            of("/y", request, 3, "`GET /y`"),
        ]);
        let expect = [
            "denied GET https://a.example:443/users: its host has a blocked address; what would allow it: nothing (3 requests were denied for this)",
            "denied GET https://a.example:443/x: the provider does not describe it; what would allow it: `GET /x`",
            "denied GET https://a.example:443/y: the provider does not describe it; what would allow it: `GET /y` (3 times)",
        ];
        assert_eq!(lines, expect);
    }

    #[test]
    fn a_person_reads_what_would_allow_it() {
        let origin = Origin::parse("https://b.example").unwrap();
        for (reason, expect) in [
            (DenialReason::Origin, r#"allow = ["https://b.example"]"#),
            (DenialReason::Request, "`GET /x/{}` among the `requests`"),
            (DenialReason::Host, "nothing"),
            (DenialReason::Header, "nothing"),
            (DenialReason::UndescribedHeader, "`GET {url}/x/{}?a` among the `requests`"),
            (DenialReason::Query, "nothing"),
            (DenialReason::UndescribedQuery, "`GET {url}/x/{}?a` among the `requests`"),
            (DenialReason::ProhibitedAddress, "nothing"),
            (DenialReason::PrivateAddress, r#"allow = ["https://b.example"]"#),
            (DenialReason::Proxy, "connects to https://b.example"),
            (DenialReason::ProxyCredentials, "the proxy's user name and password"),
            (DenialReason::Limit(TrafficLimit::RequestsPerCall(3)), "limit `requests_per_call`"),
            (DenialReason::Limit(TrafficLimit::RequestBody(3)), "limit `request_body_bytes`"),
            (DenialReason::Limit(TrafficLimit::SentBytes(3)), "limit `sent_bytes`"),
            (DenialReason::Limit(TrafficLimit::ResponseBody(3)), "limit `response_body_bytes`"),
            (DenialReason::Limit(TrafficLimit::ResponseHead { headers: 1, bytes: 2 }), "limit `response_headers` or"),
        ] {
            let remedy = reason.would_allow(
                "GET",
                "/x/{}",
                Some(&origin),
                Some("GET {url}/x/{}?a").filter(|_| reason != DenialReason::Request),
            );
            assert!(remedy.contains(expect), "{reason:?}: {remedy}");
            let shown = Denial { reason, would_allow: remedy.clone(), ..denial("/x/{}") }.to_string();
            assert!(
                shown.starts_with("denied GET https://a.example:443/x/{}: ") && shown.ends_with(&remedy),
                "{shown}"
            );
        }
    }
}
