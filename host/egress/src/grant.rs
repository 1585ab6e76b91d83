//! What a provider may ask of one server: the requests that it describes, below the place that an administrator
//! configured.

use std::sync::Arc;

use http::{HeaderMap, Method, Uri};
use provider_model::RequestSpec;

use crate::{DenialReason, Origin, unaskable};

/// Headers that every request may have: they say what is requested, and in which format. The connection needs the last
/// two; other code compares `Host` with the address.
pub const ORDINARY: [&str; 8] = [
    "accept",
    "accept-encoding",
    "authorization",
    "content-type",
    "if-none-match",
    "user-agent",
    "content-length",
    "host",
];

/// The most characters of a header's name or a query's key that are shown to a person.
const NAME: usize = 64;

/// The requests that a provider may make of the server of one url setting.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The key of the setting.
    url: Arc<str>,
    origin: Origin,
    /// The segments of the configured path.
    base: Vec<String>,
    requests: Vec<RequestSpec>,
    /// The headers of the secrets that are for this server.
    secret_headers: Vec<String>,
}

/// The described request that a request matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its path, with `{}` for each segment that the provider fills in.
    pub path: String,
    /// What the request has in addition, if anything.
    pub beyond: Option<Beyond>,
}

/// A header or query key of a request that is not granted with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// Why it is denied.
    pub reason: DenialReason,
    /// The header or the query key.
    pub name: String,
    /// The description's line with that header or query key, which would allow it.
    pub line: Option<String>,
}

impl Grant {
    /// Grants these of the requests at the URL that are for the setting of this key.
    ///
    /// # Errors
    /// What is wrong with the URL, in a few words that do not repeat it.
    pub fn new(
        key: &str,
        url: &str,
        requests: &[RequestSpec],
        secret_headers: Vec<String>,
    ) -> Result<Self, &'static str> {
        let origin = Origin::parse(url)?;
        let after_scheme = url.trim().split_once("://").map_or("", |(_, rest)| rest);
        let path =
            after_scheme.split(['?', '#']).next().unwrap_or_default().split_once('/').map_or("", |(_, path)| path);
        Ok(Self {
            url: key.into(),
            origin,
            base: segments(path).map(str::to_owned).collect(),
            requests: requests.iter().filter(|spec| spec.url == key).cloned().collect(),
            secret_headers,
        })
    }

    /// The key of the url setting.
    pub(crate) const fn url(&self) -> &Arc<str> {
        &self.url
    }

    /// Where the configured URL leads.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The described request that matches a request to the origin; `None` if none does. Requests may be below the configured
    /// path or below each path above it, since people enter addresses that lead further than the product's own.
    ///
    /// `others` are the grants of other settings at the same origin. Paths below theirs belong to them: a request cannot
    /// reach those from above its own path, nor by what the provider fills in.
    pub fn find<'a>(&'a self, request: Asked<'_>, others: impl Iterator<Item = &'a Self>) -> Option<Found> {
        // An answer to TRACE repeats the request's headers, secrets included, and CONNECT opens a tunnel.
        if matches!(*request.method, Method::TRACE | Method::CONNECT) {
            return None;
        }
        let path: Vec<&str> = request.uri.path().strip_prefix('/').unwrap_or_default().split('/').collect();
        let foreign = others
            .filter(|other| !self.base.starts_with(&other.base) && starts_with(&path, &other.base))
            .map(|other| other.base.len())
            .max()
            .unwrap_or_default();
        let mut nearest = None;
        for depth in 0..=self.base.len() {
            let (Some(above), Some(below)) = (self.base.get(..depth), path.get(depth..)) else { break };
            if !starts_with(&path, above) || (foreign > 0 && depth < self.base.len()) {
                continue;
            }
            let fixed = foreign.saturating_sub(depth);
            for spec in self.requests.iter().filter(|spec| is_of(spec, request.method, below, fixed)) {
                let above: String = above.iter().map(|segment| format!("/{segment}")).collect();
                let path = format!("{above}/{}", spec.path.trim_start_matches('/'));
                let found = Found { path, beyond: self.beyond(spec, request) };
                if found.beyond.is_none() {
                    return Some(found);
                }
                nearest.get_or_insert(found);
            }
        }
        nearest
    }

    /// The first header or query key of a request that the described one does not have.
    fn beyond(&self, spec: &RequestSpec, request: Asked<'_>) -> Option<Beyond> {
        if let Some(beyond) = never(request) {
            return Some(beyond);
        }
        let key = keys(request.uri).find(|key| !has(&spec.query, key)).map(|key| {
            let mut wider = spec.clone();
            wider.query.push(shown(key));
            (DenialReason::UndescribedQuery, shown(key), wider)
        });
        let name = || {
            let is_granted = |name: &&str| {
                ORDINARY.contains(name) || [&spec.headers, &self.secret_headers].iter().any(|them| has(them, name))
            };
            let name = shown(request.headers.keys().map(http::HeaderName::as_str).find(|name| !is_granted(name))?);
            let mut wider = spec.clone();
            wider.headers.push(name.clone());
            Some((DenialReason::UndescribedHeader, name, wider))
        };
        let (reason, name, wider) = key.or_else(name)?;
        Some(Beyond { reason, name, line: Some(wider.to_string()) })
    }

    /// Whether a segment stands in the configured path or in the path of a described request.
    pub(crate) fn knows(&self, segment: &str) -> bool {
        let is_described = |spec: &RequestSpec| segments(&spec.path).any(|known| known == segment);
        self.base.iter().any(|known| known == segment) || self.requests.iter().any(is_described)
    }
}

/// The parts of a request that a grant compares.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its absolute address.
    pub uri: &'a Uri,
    /// Its headers.
    pub headers: &'a HeaderMap,
}

/// What no request may have, even if it is described: a name that can turn it into another request, or the same header
/// twice.
fn never(request: Asked<'_>) -> Option<Beyond> {
    let names = || request.headers.keys();
    let twice = names().find(|name| request.headers.get_all(*name).iter().nth(1).is_some());
    let refused = twice.or_else(|| names().find(|name| unaskable::is_header(name.as_str())));
    if let Some(name) = refused {
        return Some(Beyond { reason: DenialReason::Header, name: shown(name.as_str()), line: None });
    }
    let key = keys(request.uri).find(|key| unaskable::is_query_key(key))?;
    Some(Beyond { reason: DenialReason::Query, name: shown(key), line: None })
}

/// The keys of a query, as they are sent: no described key has an escape. Some servers also end a value at a semicolon.
fn keys(uri: &Uri) -> impl Iterator<Item = &str> {
    let pairs = uri.query().unwrap_or_default().split(['&', ';']).filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split('=').next().unwrap_or_default())
}

/// A name for a person: cut off if it is longer than any real one, and left out if it may not be a name.
pub(crate) fn shown(name: &str) -> String {
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'$'));
    if is_name { name.chars().take(NAME).collect() } else { "{}".to_owned() }
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known == name)
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn starts_with(path: &[&str], base: &[String]) -> bool {
    path.get(..base.len()).is_some_and(|start| start == base)
}

/// Whether a path is that of a described request, with nothing filled in among the first `fixed` segments.
fn is_of(spec: &RequestSpec, method: &Method, path: &[&str], fixed: usize) -> bool {
    let wanted: Vec<&str> = spec.path.trim_start_matches('/').split('/').collect();
    let fits = |(place, (wanted, given)): (usize, (&&str, &&str))| {
        wanted == given || (*wanted == "{}" && place >= fixed && is_plain(given))
    };
    spec.method == method.as_str() && wanted.len() == path.len() && wanted.iter().zip(path).enumerate().all(fits)
}

/// Whether a segment has only its literal meaning: a server may read an escape as a slash, and two dots as the parent.
fn is_plain(segment: &str) -> bool {
    !segment.is_empty()
        && !segment.bytes().all(|b| b == b'.')
        && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_testing::samples;

    const SPECS: [(&str, &str); 3] =
        [("GET", "/api/v4/users"), ("POST", "/api/v4/users/ids"), ("GET", "/api/v4/teams/{}/members")];

    fn of(key: &str, url: &str, specs: &[(&str, &str)]) -> Grant {
        let spec = |(method, path): &(&str, &str)| {
            let mut spec = samples::request(method, path);
            spec.url = key.to_owned();
            spec.query = vec!["page".to_owned(), "since".to_owned()];
            spec.headers = vec!["x-scope".to_owned()];
            spec
        };
        let specs: Vec<_> = specs.iter().map(spec).collect();
        Grant::new(key, url, &specs, vec!["x-key".to_owned()]).unwrap()
    }

    fn grant(url: &str) -> Grant {
        of("url", url, &SPECS)
    }

    /// What a grant makes of a request without headers, beside another grant at the same origin.
    fn found(grant: &Grant, other: Option<&Grant>, method: &str, uri: &str) -> Option<Found> {
        let (method, uri, headers) = (method.parse().unwrap(), uri.parse().unwrap(), HeaderMap::new());
        grant.find(Asked { method: &method, uri: &uri, headers: &headers }, other.into_iter())
    }

    #[track_caller]
    fn check(url: &str, method: &str, request: &str, expect: bool) {
        let found = found(&grant(url), None, method, request);
        assert_eq!(found.is_some_and(|found| found.beyond.is_none()), expect, "{method} {request} at {url}");
    }

    #[test]
    fn only_what_is_described_is_allowed() {
        let url = "https://chat.example.com";
        for (method, path, expect) in [
            ("GET", "/api/v4/users", true),
            ("GET", "/api/v4/users?page=3", true),
            ("GET", "/api/v4/users?page=3&since=&&page", true),
            ("POST", "/api/v4/users/ids?since=1", true),
            ("GET", "/api/v4/teams/abc123/members", true),
            ("DELETE", "/api/v4/users", false),
            ("POST", "/api/v4/users", false),
            ("get", "/api/v4/users", false),
            ("GET", "/api/v4/users/", false),
            ("GET", "/api/v4/users/ids", false),
            ("GET", "//api/v4/users", false),
            ("GET", "/x/api/v4/users", false),
            ("GET", "/API/v4/users", false),
            ("GET", "/api/v4/%75sers", false),
            ("GET", "/api/v4/teams//members", false),
            ("GET", "/api/v4/teams/../members", false),
            ("GET", "/api/v4/teams/a%2Fb/members", false),
            ("GET", "/api/v4/teams/a/b/members", false),
            ("GET", "/", false),
        ] {
            check(url, method, &format!("{url}{path}"), expect);
        }
    }

    #[test]
    fn requests_are_below_the_configured_path_or_above_it() {
        for (url, path, expect) in [
            ("https://example.com/chat/", "/chat/api/v4/users", true),
            ("https://example.com/chat", "/api/v4/users", true),
            ("https://example.com/chat/api/v4", "/chat/api/v4/users", true),
            ("https://example.com/chat", "/other/api/v4/users", false),
            ("https://example.com/chat", "/chat/chat/api/v4/users", false),
            (" https://example.com/a/b?x=1 ", "/a/b/api/v4/users", true),
        ] {
            check(url, "GET", &format!("https://example.com{path}"), expect);
        }
    }

    #[test]
    fn what_is_filled_in_is_left_out() {
        for (url, request, expect) in [
            ("https://example.com", "/api/v4/users?page=abc", "/api/v4/users"),
            ("https://example.com/chat/", "/chat/api/v4/teams/abc123/members", "/chat/api/v4/teams/{}/members"),
            ("https://example.com/chat", "/api/v4/teams/abc123/members", "/api/v4/teams/{}/members"),
        ] {
            let found = found(&grant(url), None, "GET", &format!("https://example.com{request}"));
            assert_eq!(found, Some(Found { path: expect.to_owned(), beyond: None }), "{request}");
        }
    }

    #[test]
    fn nothing_may_repeat_or_pass_on_what_is_sent() {
        for method in ["TRACE", "CONNECT"] {
            let grant = of("url", "https://example.com", &[(method, "/x")]);
            assert_eq!(found(&grant, None, method, "https://example.com/x"), None);
        }
    }

    #[test]
    fn a_setting_has_its_own_requests_alone() {
        let specs = SPECS.map(|(method, path)| samples::request(method, path));
        let other = Grant::new("other", "https://example.com", &specs, Vec::new()).unwrap();
        assert_eq!(found(&other, None, "GET", "https://example.com/api/v4/users"), None);
    }

    /// Two products behind one name: requests of one cannot reach paths below the other's.
    #[test]
    fn what_is_below_another_settings_path_is_out_of_reach() {
        let a = |url: &str| of("a", url, &[("GET", "/users"), ("GET", "/{}/users"), ("GET", "/wiki/users")]);
        let origin = "https://example.com";
        for (ours, theirs, path, expect) in [
            ("", "", "/users", true),
            ("", "/wiki", "/users", true),
            ("", "/wiki", "/chat/users", true),
            // Filled in, it would be the other product's; written out, an administrator has read it.
            ("", "/wiki", "/other/users", true),
            ("/chat", "/wiki", "/chat/users", true),
            ("/chat", "/wiki", "/chat/wiki/users", true),
            ("/chat", "/wiki", "/users", true),
            ("/chat", "/wiki", "/wiki/users", false),
            ("/chat", "/wiki", "/wiki/wiki/users", false),
            ("/chat", "/chat/wiki", "/chat/general/users", true),
            ("/chat", "/chat", "/chat/wiki/users", true),
            ("/chat/api", "/chat", "/chat/users", true),
        ] {
            let (ours, theirs) = (a(&format!("{origin}{ours}")), of("b", &format!("{origin}{theirs}"), &SPECS));
            let found = found(&ours, Some(&theirs), "GET", &format!("{origin}{path}"));
            assert_eq!(found.is_some(), expect, "{path}: {ours:?} beside {theirs:?}");
        }
        let filled = of("a", origin, &[("GET", "/{}/users")]);
        let wiki = of("b", &format!("{origin}/wiki"), &SPECS);
        assert_eq!(found(&filled, Some(&wiki), "GET", &format!("{origin}/wiki/users")), None);
        assert!(found(&filled, None, "GET", &format!("{origin}/wiki/users")).is_some());
    }

    #[test]
    fn an_undescribed_part_is_named_with_the_line_that_would_allow_it() {
        use DenialReason::{Header, Query, UndescribedHeader, UndescribedQuery};
        let line =
            |query: &str, with: &str| Some(format!("GET {{url}}/api/v4/users?page&since{query} with x-scope{with}"));
        let header = |name: &str| (UndescribedHeader, name.to_owned(), line("", &format!(", {name}")));
        let query = |key: &str| (UndescribedQuery, key.to_owned(), line(&format!("&{key}"), ""));
        let cases: Vec<(&str, &[&str], Option<(DenialReason, String, Option<String>)>)> = vec![
            ("?page=1", &[], None),
            ("?page=1", &["Accept", "accept-encoding", "Authorization", "content-type", "if-none-match"], None),
            ("", &["user-agent", "host", "content-length", "X-Scope", "x-key"], None),
            ("?team=1", &[], Some(query("team"))),
            ("?page=1;team=2", &[], Some(query("team"))),
            ("?p%61ge=1", &[], Some(query("{}"))),
            ("?Page=1", &[], Some(query("Page"))),
            ("?=1", &[], Some(query(""))),
            ("?zo%C3%AB@example.com=1", &[], Some(query("{}"))),
            ("", &["accept-language"], Some(header("accept-language"))),
            ("", &["x-request-id"], Some(header("x-request-id"))),
            ("?_method=delete", &[], Some((Query, "_method".into(), None))),
            ("?page=1", &["x-http-method-override"], Some((Header, "x-http-method-override".into(), None))),
            ("", &["accept", "accept"], Some((Header, "accept".into(), None))),
        ];
        for (query, names, expect) in cases {
            let mut headers = HeaderMap::new();
            for name in names {
                headers.append(name.parse::<http::HeaderName>().unwrap(), http::HeaderValue::from_static("x"));
            }
            let uri = format!("https://example.com/api/v4/users{query}").parse().unwrap();
            let asked = Asked { method: &Method::GET, uri: &uri, headers: &headers };
            let beyond = grant("https://example.com").find(asked, std::iter::empty()).unwrap().beyond;
            let beyond = beyond.map(|Beyond { reason, name, line }| (reason, name, line));
            assert_eq!(beyond, expect, "{query} {names:?}");
        }
    }

    #[test]
    fn long_names_are_cut_off() {
        assert_eq!(shown(&"x".repeat(1_000)).len(), NAME);
    }
}
