//! One call of a tenant: a lease, a session, and a note of how it went.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Span;

use super::health::{Admission, Outcome};
use super::tenant::State;
use super::version::{Lease, Version};
use crate::telemetry::Caller;
use crate::{Error, Result, Session};

/// A call on its way.
pub(super) struct Call {
    tenant: Arc<State>,
    name: &'static str,
    lease: Lease,
    session: Session,
    began: Instant,
}

impl Call {
    /// Waits for as long as the version's faults demand, and makes a session in the version that is then in use.
    pub(super) async fn begin(tenant: &Arc<State>, name: &'static str) -> Result<Self> {
        let lease = admitted(tenant).await?;
        let session = tenant.connect(lease.version())?;
        Ok(Self { tenant: Arc::clone(tenant), name, lease, session, began: Instant::now() })
    }

    pub(super) const fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The span that it runs in.
    pub(super) fn span(&self) -> Span {
        caller(&self.tenant, self.lease.version(), self.name).span()
    }

    pub(super) fn end<T>(self, outcome: Result<T>) -> Result<T> {
        note(&self.tenant, self.lease.version(), self.name, self.began.elapsed(), &outcome);
        outcome
    }
}

/// A lease on the version in use, as soon as it may serve the tenant.
pub(super) async fn admitted(tenant: &Arc<State>) -> Result<Lease> {
    loop {
        let lease = tenant.line().lease();
        match admission(tenant, lease.version())? {
            Duration::ZERO => return Ok(lease),
            pause => {
                // Another version may be in use when the pause is over.
                drop(lease);
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// How long a tenant waits before a version may serve it.
pub(super) fn admission(tenant: &State, version: &Version) -> Result<Duration> {
    match version.admit(tenant.name()) {
        Admission::After(pause) => Ok(pause),
        Admission::Refused(left) => Err(Error::Quarantined {
            provider: tenant.line().id().to_owned(),
            version: version.name(),
            tenant: tenant.name().to_owned(),
            left,
        }),
    }
}

/// Whose call it is, for whoever measures.
pub(super) fn caller<'a>(tenant: &'a State, version: &'a Version, call: &'static str) -> Caller<'a> {
    Caller { provider: tenant.line().id(), version: &version.description.version, tenant: tenant.name(), call }
}

/// Takes note of how a call went, for the version and for whoever measures.
pub(super) fn note<T>(tenant: &State, version: &Arc<Version>, call: &'static str, took: Duration, result: &Result<T>) {
    let outcome = Outcome::of(result);
    caller(tenant, version, call).ended(took, result);
    tenant.line().note(version, tenant.name(), outcome);
}
