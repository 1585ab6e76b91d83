//! Requests that were granted for a version, beyond what the tenants came with.

use std::sync::Arc;

use crate::model::RequestSpec;

/// Requests that an operator granted with a switch. They belong to the version and those that follow it: whatever comes
/// back from before does not have them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Added(Arc<Vec<Granted>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Granted {
    request: RequestSpec,
    /// The generation of the versions in which it was granted.
    since: u64,
}

impl Added {
    /// Those of them that a description names.
    pub(super) fn within(&self, requests: &[RequestSpec]) -> Self {
        if self.0.is_empty() {
            return self.clone();
        }
        let is_asked_for = |granted: &&Granted| requests.iter().any(|request| granted.request.covers(request));
        Self(Arc::new(self.0.iter().filter(is_asked_for).cloned().collect()))
    }

    /// These and others, which are granted now.
    pub(super) fn and(&self, requests: impl Iterator<Item = RequestSpec>, since: u64) -> Self {
        let mut all = Vec::clone(&self.0);
        all.extend(requests.map(|request| Granted { request, since }));
        Self(Arc::new(all))
    }

    /// What a description asks for without what was added.
    pub(super) fn without(&self, requests: &Arc<Vec<RequestSpec>>) -> Arc<Vec<RequestSpec>> {
        if self.0.is_empty() {
            return Arc::clone(requests);
        }
        let is_added = |request: &&RequestSpec| self.0.iter().any(|granted| granted.request.covers(request));
        Arc::new(requests.iter().filter(|request| !is_added(request)).cloned().collect())
    }

    /// What a tenant is granted who came with these requests and takes what was added from that generation on.
    pub(super) fn with(&self, came_with: &Arc<Vec<RequestSpec>>, from: u64) -> Arc<Vec<RequestSpec>> {
        if self.0.is_empty() {
            return Arc::clone(came_with);
        }
        let later = self.0.iter().filter(|granted| granted.since >= from).map(|granted| &granted.request);
        Arc::new(came_with.iter().chain(later).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples;

    fn requests(paths: &[&str]) -> Arc<Vec<RequestSpec>> {
        let request = |path: &&str| samples::request("GET", path);
        Arc::new(paths.iter().map(request).collect())
    }

    #[test]
    fn a_tenant_takes_what_was_granted_since_it_came() {
        let added =
            Added::default().and(requests(&["/b"]).iter().cloned(), 3).and(requests(&["/c"]).iter().cloned(), 5);
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
        let added = Added::default().and(requests(&["/b", "/c"]).iter().cloned(), 1);
        let kept = added.within(&requests(&["/a", "/c"]));
        assert_eq!(kept.with(&requests(&[]), 0), requests(&["/c"]));
        assert_eq!(kept.within(&requests(&[])), Added::default());
    }
}
