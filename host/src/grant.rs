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

    /// Where the configured URL leads.
    pub(crate) const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The path of the described request that a request to the origin is, with `{}` where the provider fills something
    /// in; none where it is none of those. They are looked for below the configured path and below each path above it,
    /// since people enter addresses that lead further than the product's own.
    pub(crate) fn path_of(&self, method: &Method, uri: &Uri) -> Option<String> {
        // An answer to TRACE repeats the request's headers with what was put into them, and CONNECT asks for a way on.
        if matches!(*method, Method::TRACE | Method::CONNECT) {
            return None;
        }
        let path: Vec<&str> = uri.path().strip_prefix('/').unwrap_or_default().split('/').collect();
        (0..=self.base.len()).find_map(|depth| {
            let (above, below) = (self.base.get(..depth)?, path.get(depth..)?);
            if path.get(..depth).is_none_or(|start| start != above) {
                return None;
            }
            let spec = self.requests.iter().find(|spec| is_of(spec, method, below))?;
            let above: String = above.iter().map(|segment| format!("/{segment}")).collect();
            Some(format!("{above}/{}", spec.path.trim_start_matches('/')))
        })
    }

    /// Whether a segment stands in the configured path or in the path of a described request.
    pub(crate) fn knows(&self, segment: &str) -> bool {
        let is_described = |spec: &RequestSpec| segments(&spec.path).any(|known| known == segment);
        self.base.iter().any(|known| known == segment) || self.requests.iter().any(is_described)
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
    use crate::model::samples;

    fn grant(url: &str) -> Grant {
        let spec = |(method, path)| samples::request(method, path);
        let specs = [("GET", "/api/v4/users"), ("POST", "/api/v4/users/ids"), ("GET", "/api/v4/teams/{}/members")];
        Grant::new(url, &specs.map(spec)).unwrap()
    }

    #[track_caller]
    fn check(url: &str, method: &str, request: &str, expect: bool) {
        let method: Method = method.parse().unwrap();
        let found = grant(url).path_of(&method, &request.parse().unwrap());
        assert_eq!(found.is_some(), expect, "{method} {request} at {url}");
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
    }

    #[test]
    fn what_is_filled_in_is_not_told() {
        for (url, request, expect) in [
            ("https://example.com", "/api/v4/users?in_team=abc", "/api/v4/users"),
            ("https://example.com/chat/", "/chat/api/v4/teams/abc123/members", "/chat/api/v4/teams/{}/members"),
            ("https://example.com/chat", "/api/v4/teams/abc123/members", "/api/v4/teams/{}/members"),
        ] {
            let found = grant(url).path_of(&Method::GET, &format!("https://example.com{request}").parse().unwrap());
            assert_eq!(found.as_deref(), Some(expect), "{request}");
        }
    }

    #[test]
    fn nothing_may_repeat_or_pass_on_what_is_sent() {
        for method in ["TRACE", "CONNECT"] {
            let spec = samples::request(method, "/x");
            let grant = Grant::new("https://example.com", &[spec]).unwrap();
            assert_eq!(grant.path_of(&method.parse().unwrap(), &"https://example.com/x".parse().unwrap()), None);
        }
    }
}
