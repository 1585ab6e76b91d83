//! One call of a tenant: a lease, a session, and a note of how it went.

use std::sync::Arc;
use std::time::{Duration, Instant};

use provider_sandbox::Session;
use tracing::Span;

use crate::enrolled::Enrolled;
use crate::health::{Admission, Outcome};
use crate::telemetry::Caller;
use crate::version::{Lease, Version};
use crate::{Error, Result};

/// A call on its way.
pub(crate) struct Call {
    tenant: Arc<Enrolled>,
    name: &'static str,
    lease: Lease,
    session: Session,
    began: Instant,
    _probe: Option<Probe>,
}

/// The place of the one call that is let through after a quarantine; it is given back when this is dropped.
pub(crate) struct Probe {
    tenant: Arc<Enrolled>,
    version: Arc<Version>,
    number: u64,
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.tenant.line().release(&self.version, self.tenant.name(), self.number);
    }
}

impl Call {
    /// Waits for as long as the version's faults demand, and makes a session in the version that is then in use.
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
        let lease = tenant.line().lease();
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
    /// Now; after a quarantine with the place of the one that may.
    Now(Option<Probe>),
    /// After a pause, when it asks once more.
    After(Duration),
}

/// When a version may serve a tenant.
pub(crate) fn admission(tenant: &Arc<Enrolled>, version: &Arc<Version>) -> Result<Turn> {
    match tenant.line().admit(version, tenant.name()) {
        Admission::After(Duration::ZERO) => Ok(Turn::Now(None)),
        Admission::After(pause) => Ok(Turn::After(pause)),
        Admission::Probe(number) => {
            Ok(Turn::Now(Some(Probe { tenant: Arc::clone(tenant), version: Arc::clone(version), number })))
        }
        Admission::Refused(left) => Err(Error::Quarantined {
            provider: tenant.line().id().to_owned(),
            version: version.name(),
            tenant: tenant.name().to_owned(),
            left,
        }),
    }
}

/// Whose call it is, for whoever measures.
pub(crate) fn caller<'a>(tenant: &'a Enrolled, version: &'a Version, call: &'static str) -> Caller<'a> {
    Caller { provider: tenant.line().id(), version: &version.description.version, tenant: tenant.name(), call }
}

/// Takes note of how a call went, for the version and for whoever measures.
pub(crate) fn note<T>(
    tenant: &Enrolled,
    version: &Arc<Version>,
    call: &'static str,
    took: Duration,
    result: &Result<T>,
) {
    let outcome = Outcome::of(result);
    caller(tenant, version, call).ended(took, result);
    tenant.line().note(version, tenant.name(), outcome);
}
