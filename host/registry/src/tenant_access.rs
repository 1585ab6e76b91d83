//! What a tenant connects with, whatever the version: settings, grants, limits and a client of its own.

use std::sync::Arc;

use provider_model::RequestSpec;
use provider_sandbox::{Access, Session, Settings, Slots};

use crate::Result;
use crate::grants::Added;
use crate::version::Version;

pub(crate) struct TenantAccess {
    pub(crate) name: String,
    pub(crate) slots: Slots,
    /// Without the list of requests.
    pub(crate) access: Access,
    /// What is granted in every version.
    pub(crate) requests: Arc<Vec<RequestSpec>>,
    /// The generation from which on it takes what a switch grants.
    pub(crate) takes_from: u64,
}

impl TenantAccess {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.access.settings
    }

    /// What is granted to it in a version for which this was added.
    pub(crate) fn granted(&self, added: &Added) -> Arc<Vec<RequestSpec>> {
        added.with(&self.requests, self.takes_from)
    }

    /// A session of a version with this tenant's settings and grants, and what was granted for the version.
    pub(crate) fn connect(&self, version: &Version, added: &Added) -> Result<Session> {
        let mut access = self.access.clone();
        access.requests = Some(self.granted(added));
        Ok(version.provider.connect_as(&version.description, access, self.slots.clone())?)
    }
}
