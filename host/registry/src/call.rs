//! One call of a tenant: a lease, a session, and a record of how it ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use provider_sandbox::Session;
use tracing::Span;

use crate::enrolled::Enrolled;
use crate::health::{Admission, CallOutcome};
use crate::telemetry::Caller;
use crate::version::{Lease, Version};
use crate::{Error, Result};

/// A running call.
pub(crate) struct Call {
    tenant: Arc<Enrolled>,
    name: &'static str,
    lease: Lease,
    session: Session,
    began: Instant,
    _probe: Option<Probe>,
}

/// The right to be the one call after a quarantine. It is given back when this is dropped.
pub(crate) struct Probe {
    tenant: Arc<Enrolled>,
    version: Arc<Version>,
    number: u64,
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.tenant.deployment().release(&self.version, self.tenant.name(), self.number);
    }
}

impl Call {
    /// Waits for the pause after the version's faults, and opens a session in the version that is then in use.
    pub(crate) async fn begin(tenant: &Arc<Enrolled>, name: &'static str) -> Result<Self> {
        let (lease, probe) = admitted(tenant).await?;
        let session = tenant.access().connect(lease.version(), lease.added())?;
        Ok(Self { tenant: Arc::clone(tenant), name, lease, session, began: Instant::now(), _probe: probe })
    }

    pub(crate) const fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The span that it runs in.
    pub(crate) fn span(&self) -> Span {
        caller(&self.tenant, self.lease.version(), self.name).span()
    }

    pub(crate) fn end<T>(self, outcome: Result<T>) -> Result<T> {
        note(&self.tenant, self.lease.version(), self.name, self.began.elapsed(), &outcome);
        outcome
    }
}

/// A lease on the version in use, as soon as it may serve the tenant.
pub(crate) async fn admitted(tenant: &Arc<Enrolled>) -> Result<(Lease, Option<Probe>)> {
    loop {
        let lease = tenant.deployment().lease();
        match admission(tenant, lease.version())? {
            Turn::Now(probe) => return Ok((lease, probe)),
            Turn::After(pause) => {
                // Another version may be in use when the pause is over.
                drop(lease);
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// When a call may begin.
pub(crate) enum Turn {
    /// Now; after a quarantine with the right to be the one call.
    Now(Option<Probe>),
    /// After a pause; then check again.
    After(Duration),
}

/// When a version may serve a tenant.
pub(crate) fn admission(tenant: &Arc<Enrolled>, version: &Arc<Version>) -> Result<Turn> {
    match tenant.deployment().admit(version, tenant.name()) {
        Admission::After(Duration::ZERO) => Ok(Turn::Now(None)),
        Admission::After(pause) => Ok(Turn::After(pause)),
        Admission::Probe(number) => {
            Ok(Turn::Now(Some(Probe { tenant: Arc::clone(tenant), version: Arc::clone(version), number })))
        }
        Admission::Refused(left) => Err(Error::Quarantined {
            provider: tenant.deployment().id().to_owned(),
            version: version.name(),
            tenant: tenant.name().to_owned(),
            left,
        }),
    }
}

/// Whose call it is, for the metrics.
pub(crate) fn caller<'a>(tenant: &'a Enrolled, version: &'a Version, call: &'static str) -> Caller<'a> {
    Caller { provider: tenant.deployment().id(), version: &version.description.version, tenant: tenant.name(), call }
}

/// Records how a call ended, for the version and for the metrics.
pub(crate) fn note<T>(
    tenant: &Enrolled,
    version: &Arc<Version>,
    call: &'static str,
    took: Duration,
    result: &Result<T>,
) {
    let outcome = CallOutcome::of(result);
    caller(tenant, version, call).ended(took, result);
    tenant.deployment().note(version, tenant.name(), outcome);
}
