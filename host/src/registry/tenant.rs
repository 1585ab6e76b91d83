//! A named configuration of a provider, whatever its version.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::Instrument as _;

use super::call::Call;
use super::grants::Added;
use super::line::Line;
use super::listing::TenantListing;
use super::sync::TenantSync;
use super::version::Version;
use crate::checkpoint::Checkpoints;
use crate::model::{CheckReport, License, RequestSpec};
use crate::slots::Slots;
use crate::{Access, ListingOptions, Result, Sandbox, Session, Settings, SyncOptions};

/// A tenant: settings, grants, limits and a client of its own under one name. It is served by whatever version is in use,
/// and is forgotten when its last clone is dropped, with what is known of its calls: hold it for as long as its customer is
/// served.
#[derive(Clone)]
pub struct Tenant {
    pub(super) state: Arc<State>,
}

pub(super) struct State {
    name: String,
    line: Arc<Line>,
    slots: Slots,
    /// Without the list of requests.
    access: Access,
    /// What is granted in every version.
    requests: Arc<Vec<RequestSpec>>,
    /// The generation from which on it takes what a switch grants.
    takes_from: u64,
    is_enrolled: AtomicBool,
}

impl Drop for State {
    fn drop(&mut self) {
        if *self.is_enrolled.get_mut() {
            self.line.dismiss(self);
        }
    }
}

impl State {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
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

impl Tenant {
    pub(super) fn new(name: &str, line: &Arc<Line>, access: Access, sandbox: &Sandbox) -> Result<Self> {
        let mut access = access.named(name).in_turn();
        let slots = sandbox.slots(access.limits.instances);
        let only = access.requests.take();
        loop {
            let lease = line.lease();
            // What the version of today asks for is what is granted; a later one gets no more than that. Where a list was
            // given, it is not widened by what was granted before.
            let (requests, takes_from) = match &only {
                Some(only) => (Arc::clone(only), lease.generation()),
                None => (lease.added().without(&lease.version().requests), 0),
            };
            let state = Arc::new(State {
                name: name.to_owned(),
                line: Arc::clone(line),
                slots: slots.clone(),
                access: access.clone(),
                requests,
                takes_from,
                is_enrolled: AtomicBool::new(false),
            });
            // Settings that do not fit fail here and not in the middle of the night.
            drop(state.connect(lease.version(), lease.added())?);
            if line.enroll(&state, lease.generation()) {
                state.is_enrolled.store(true, Ordering::Relaxed);
                return Ok(Self { state });
            }
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.state.name()
    }

    /// Tries the settings out; see [`Session::check`].
    ///
    /// # Errors
    /// As for [`Session::check`], or the version is in quarantine.
    pub async fn check(&self) -> Result<CheckReport> {
        let mut call = Call::begin(&self.state, "check").await?;
        let span = call.span();
        let outcome = call.session().check().instrument(span).await;
        call.end(outcome)
    }

    /// Reads the licences; see [`Session::licenses`].
    ///
    /// # Errors
    /// As for [`Session::licenses`], or the version is in quarantine.
    pub async fn licenses(&self) -> Result<Vec<License>> {
        let mut call = Call::begin(&self.state, "get-licenses").await?;
        let span = call.span();
        let outcome = call.session().licenses().instrument(span).await;
        call.end(outcome)
    }

    /// Lists every user, each once, across whatever switches come meanwhile.
    #[must_use]
    pub fn listing(&self, options: ListingOptions) -> TenantListing {
        TenantListing::new(Arc::clone(&self.state), options, None)
    }

    /// The same, kept in a store under the tenant's name; see [`Session::resume`].
    #[must_use]
    pub fn resume(&self, options: ListingOptions, store: Arc<dyn Checkpoints>) -> TenantListing {
        TenantListing::new(Arc::clone(&self.state), options, Some(store))
    }

    /// Brings the listing that a store keeps under the tenant's name up to date; see [`Session::sync`].
    #[must_use]
    pub fn sync(&self, options: SyncOptions, store: Arc<dyn Checkpoints>) -> TenantSync {
        TenantSync::new(Arc::clone(&self.state), options, store)
    }
}
