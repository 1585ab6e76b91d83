//! A tenant that its provider's versions know.

use std::sync::Arc;

use super::line::Line;
use super::tenant_access::TenantAccess;

/// A tenant and the versions that serve it, which forget it when this is dropped.
pub(super) struct Enrolled {
    access: Arc<TenantAccess>,
    line: Arc<Line>,
}

impl Enrolled {
    /// Enrolls a tenant that was tried in the version of this generation; `None` where another version is in use by now.
    pub(super) fn new(access: TenantAccess, line: &Arc<Line>, generation: u64) -> Option<Arc<Self>> {
        let access = Arc::new(access);
        line.enroll(&access, generation).then(|| Arc::new(Self { access, line: Arc::clone(line) }))
    }

    pub(super) fn access(&self) -> &TenantAccess {
        &self.access
    }

    pub(super) fn name(&self) -> &str {
        self.access.name()
    }

    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
    }
}

impl Drop for Enrolled {
    fn drop(&mut self) {
        self.line.dismiss(&self.access);
    }
}
