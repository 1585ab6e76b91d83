//! Requests that were granted for a version, beyond what the tenants came with.

use std::sync::Arc;

use provider_model::RequestSpec;

/// Requests that an operator granted with a switch. They belong to that version and later ones: an earlier version that is
/// put back does not have them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Added(Arc<Vec<Granted>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Granted {
    request: RequestSpec,
    /// Whether it only adds query keys or headers to a request that was granted before.
    extends: bool,
    /// The generation of the versions in which it was granted.
    since: u64,
}

impl Added {
    /// The parts of them that a description asks for.
    pub(crate) fn within(&self, requests: &[RequestSpec]) -> Self {
        let part = |granted: &Granted| {
            let request = granted.request.within(requests)?;
            let is_left = !granted.extends || !request.query.is_empty() || !request.headers.is_empty();
            is_left.then(|| Granted { request, ..granted.clone() })
        };
        Self(Arc::new(self.0.iter().filter_map(part).collect()))
    }

    /// These, and what a description asks for beyond an earlier one, which is granted now.
    pub(crate) fn and(&self, asked: &[RequestSpec], earlier: &[RequestSpec], since: u64) -> Self {
        let mut all = Vec::clone(&self.0);
        all.extend(asked.iter().filter_map(|request| {
            let extends = earlier.iter().any(|known| known.is_same_route(request));
            Some(Granted { request: request.beyond(earlier)?, extends, since })
        }));
        Self(Arc::new(all))
    }

    /// What a description asks for without what was added.
    pub(crate) fn without(&self, requests: &Arc<Vec<RequestSpec>>) -> Arc<Vec<RequestSpec>> {
        if self.0.is_empty() {
            return Arc::clone(requests);
        }
        let rest = |request: &RequestSpec| {
            let added = || self.0.iter().filter(|granted| granted.request.is_same_route(request));
            if added().any(|granted| !granted.extends) {
                return None;
            }
            let mut rest = request.clone();
            rest.query.retain(|key| !added().any(|granted| granted.request.query.contains(key)));
            rest.headers.retain(|name| !added().any(|granted| granted.request.headers.contains(name)));
            Some(rest)
        };
        Arc::new(requests.iter().filter_map(rest).collect())
    }

    /// What a tenant is granted who came with these requests and takes what was added from that generation on. A request
    /// that it does not have is not extended.
    pub(crate) fn with(&self, came_with: &Arc<Vec<RequestSpec>>, from: u64) -> Arc<Vec<RequestSpec>> {
        if self.0.is_empty() {
            return Arc::clone(came_with);
        }
        let mut all = Vec::clone(came_with);
        for Granted { request, extends, since: _ } in self.0.iter().filter(|granted| granted.since >= from) {
            if !extends || all.iter().any(|known| known.is_same_route(request)) {
                all.push(request.clone());
            }
        }
        Arc::new(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_testing::samples;

    /// Requests by their paths, each with the keys of its query.
    fn requests(paths: &[&str]) -> Arc<Vec<RequestSpec>> {
        let request = |text: &&str| {
            let (path, query) = text.split_once('?').unwrap_or((text, ""));
            let query = query.split('&').filter(|key| !key.is_empty()).map(str::to_owned).collect();
            RequestSpec { query, ..samples::request("GET", path) }
        };
        Arc::new(paths.iter().map(request).collect())
    }

    #[test]
    fn a_tenant_takes_what_was_granted_since_it_came() {
        let added = Added::default().and(&requests(&["/b"]), &[], 3).and(&requests(&["/c"]), &[], 5);
        let own = requests(&["/a"]);
        for (from, expect) in
            [(0, ["/a", "/b", "/c"].as_slice()), (3, &["/a", "/b", "/c"]), (4, &["/a", "/c"]), (6, &["/a"])]
        {
            assert_eq!(added.with(&own, from), requests(expect), "from {from} on");
        }
        assert_eq!(added.without(&requests(&["/a", "/b", "/c"])), own, "what it would come with anyway");
    }

    #[test]
    fn what_a_version_does_not_ask_for_is_not_handed_on() {
        let added = Added::default().and(&requests(&["/b", "/c?x&y"]), &[], 1);
        let kept = added.within(&requests(&["/a", "/c?y&z"]));
        assert_eq!(kept.with(&requests(&[]), 0), requests(&["/c?y"]));
        assert_eq!(kept.within(&requests(&[])), Added::default());
    }

    #[test]
    fn a_request_that_is_extended_stays_what_it_was_for_those_who_do_not_take_it() {
        let (old, new) = (requests(&["/a?x", "/b"]), requests(&["/a?x&y", "/b"]));
        let added = Added::default().and(&new, &old, 3);
        assert_eq!(added, Added::default().and(&requests(&["/a?y"]), &requests(&["/a"]), 3));
        assert_eq!(added.with(&old, 0), requests(&["/a?x", "/b", "/a?y"]));
        assert_eq!(added.with(&old, 4), old, "it came later, with what it asks for itself");
        assert_eq!(added.with(&requests(&["/b"]), 0), requests(&["/b"]), "it was never granted the request");
        assert_eq!(added.without(&new), old);
        assert_eq!(added.within(&old), Added::default());
    }
}
