//! A tenant that its provider's versions know.

use std::sync::Arc;

use crate::line::Line;
use crate::tenant_access::TenantAccess;

/// A tenant and the versions that serve it, which forget it when this is dropped.
pub(crate) struct Enrolled {
    access: Arc<TenantAccess>,
    line: Arc<Line>,
}

impl Enrolled {
    /// Enrolls a tenant that was tried in the version of this generation; `None` where another version is in use by now.
    pub(crate) fn new(access: TenantAccess, line: &Arc<Line>, generation: u64) -> Option<Arc<Self>> {
        let access = Arc::new(access);
        line.enroll(&access, generation).then(|| Arc::new(Self { access, line: Arc::clone(line) }))
    }

    pub(crate) fn access(&self) -> &TenantAccess {
        &self.access
    }

    pub(crate) fn name(&self) -> &str {
        self.access.name()
    }

    pub(crate) fn line(&self) -> &Arc<Line> {
        &self.line
    }
}

impl Drop for Enrolled {
    fn drop(&mut self) {
        self.line.dismiss(&self.access);
    }
}
