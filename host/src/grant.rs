//! What a provider may ask of one server: the requests that it describes, below the place that an administrator
//! configured.

use http::{Method, Uri};

use crate::Origin;
use crate::model::RequestSpec;

/// The requests that a provider may make with the credentials of one server.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    origin: Origin,
    /// The segments of the configured path.
    base: Vec<String>,
    requests: Vec<RequestSpec>,
}

impl Grant {
    /// Grants these requests at the URL.
    ///
    /// # Errors
    /// What is wrong with the URL, in a few words that do not repeat it.
    pub(crate) fn new(url: &str, requests: &[RequestSpec]) -> Result<Self, &'static str> {
        let origin = Origin::parse(url)?;
        let after_scheme = url.trim().split_once("://").map_or("", |(_, rest)| rest);
        let path =
            after_scheme.split(['?', '#']).next().unwrap_or_default().split_once('/').map_or("", |(_, path)| path);
        Ok(Self { origin, base: segments(path).map(str::to_owned).collect(), requests: requests.to_vec() })
    }

    /// Whether the request is one of those. They are looked for below the configured path and below each path above it,
    /// since people enter addresses that lead further than the product's own.
    pub(crate) fn allows(&self, method: &Method, uri: &Uri) -> bool {
        if Origin::of(uri).as_ref() != Some(&self.origin) {
            return false;
        }
        let path: Vec<&str> = uri.path().strip_prefix('/').unwrap_or_default().split('/').collect();
        (0..=self.base.len()).any(|depth| {
            let (above, below) = (self.base.get(..depth), path.get(depth..));
            let is_below = above.is_some_and(|above| path.get(..depth).is_some_and(|start| start == above));
            is_below && below.is_some_and(|below| self.requests.iter().any(|spec| is_of(spec, method, below)))
        })
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn is_of(spec: &RequestSpec, method: &Method, path: &[&str]) -> bool {
    let wanted: Vec<&str> = spec.path.trim_start_matches('/').split('/').collect();
    spec.method == method.as_str()
        && wanted.len() == path.len()
        && wanted.iter().zip(path).all(|(wanted, given)| wanted == given || (*wanted == "{}" && is_plain(given)))
}

/// Whether a segment stands for itself alone: a server may read an escape as a slash, and two dots as the way up.
fn is_plain(segment: &str) -> bool {
    !segment.is_empty()
        && !segment.bytes().all(|b| b == b'.')
        && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(url: &str) -> Grant {
        let spec = |(method, path): (&str, &str)| RequestSpec {
            method: method.to_owned(),
            path: path.to_owned(),
            purpose: String::new(),
        };
        let specs = [("GET", "/api/v4/users"), ("POST", "/api/v4/users/ids"), ("GET", "/api/v4/teams/{}/members")];
        Grant::new(url, &specs.map(spec)).unwrap()
    }

    #[track_caller]
    fn check(url: &str, method: &str, request: &str, expect: bool) {
        let method: Method = method.parse().unwrap();
        assert_eq!(grant(url).allows(&method, &request.parse().unwrap()), expect, "{method} {request} at {url}");
    }

    #[test]
    fn only_what_is_described_is_allowed() {
        let url = "https://chat.example.com";
        for (method, path, expect) in [
            ("GET", "/api/v4/users", true),
            ("GET", "/api/v4/users?page=3", true),
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
        check("https://example.com", "GET", "http://example.com/api/v4/users", false);
        check("https://example.com", "GET", "https://example.com:8443/api/v4/users", false);
    }
}
