//! What a tenant connects with, whatever the version: settings, grants, limits and a client of its own.

use std::sync::Arc;

use super::grants::Added;
use super::version::Version;
use provider_sandbox::Slots;
use crate::Result;
use provider_sandbox::{Access, Session, Settings};
use provider_model::RequestSpec;

pub(super) struct TenantAccess {
    pub(super) name: String,
    pub(super) slots: Slots,
    /// Without the list of requests.
    pub(super) access: Access,
    /// What is granted in every version.
    pub(super) requests: Arc<Vec<RequestSpec>>,
    /// The generation from which on it takes what a switch grants.
    pub(super) takes_from: u64,
}

impl TenantAccess {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn settings(&self) -> &Settings {
        &self.access.settings
    }

    /// What is granted to it in a version for which this was added.
    pub(super) fn granted(&self, added: &Added) -> Arc<Vec<RequestSpec>> {
        added.with(&self.requests, self.takes_from)
    }

    /// A session of a version with this tenant's settings and grants, and what was granted for the version.
    pub(super) fn connect(&self, version: &Version, added: &Added) -> Result<Session> {
        let mut access = self.access.clone();
        access.requests = Some(self.granted(added));
        version.provider.connect_as(&version.description, access, self.slots.clone())
    }
}
