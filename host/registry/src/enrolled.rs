//! A tenant that its provider's versions know.

use std::sync::Arc;

use crate::deployment::Deployment;
use crate::tenant_access::TenantAccess;

/// A tenant and the deployment that serves it. Dropping it removes the tenant from the deployment.
pub(crate) struct Enrolled {
    access: Arc<TenantAccess>,
    deployment: Arc<Deployment>,
}

impl Enrolled {
    /// Enrolls a tenant that was tried in the version of this generation; `None` if another version is in use by now.
    pub(crate) fn new(access: TenantAccess, deployment: &Arc<Deployment>, generation: u64) -> Option<Arc<Self>> {
        let access = Arc::new(access);
        deployment.enroll(&access, generation).then(|| Arc::new(Self { access, deployment: Arc::clone(deployment) }))
    }

    pub(crate) fn access(&self) -> &TenantAccess {
        &self.access
    }

    pub(crate) fn name(&self) -> &str {
        self.access.name()
    }

    pub(crate) fn deployment(&self) -> &Arc<Deployment> {
        &self.deployment
    }
}

impl Drop for Enrolled {
    fn drop(&mut self) {
        self.deployment.dismiss(&self.access);
    }
}
