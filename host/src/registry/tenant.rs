//! A named configuration of a provider, whatever its version.

use std::sync::{Arc, Mutex, PoisonError};

use tracing::Instrument as _;

use super::call::Call;
use super::is_same;
use super::line::Line;
use super::listing::TenantListing;
use super::sync::TenantSync;
use super::version::Version;
use crate::checkpoint::Checkpoints;
use crate::model::{CheckReport, License, RequestSpec};
use crate::slots::Slots;
use crate::{Access, ListingOptions, Result, Sandbox, Session, Settings, SyncOptions};

/// A tenant: settings, grants, limits and a client of its own under one name. It is served by whatever version is in use,
/// and is forgotten when its last clone is dropped.
#[derive(Clone)]
pub struct Tenant {
    state: Arc<State>,
}

pub(super) struct State {
    name: String,
    line: Arc<Line>,
    slots: Slots,
    access: Mutex<Access>,
}

impl State {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
    }

    pub(super) fn access(&self) -> Access {
        self.access.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn settings(&self) -> Settings {
        self.access.lock().unwrap_or_else(PoisonError::into_inner).settings.clone()
    }

    /// A session of a version with this tenant's settings and grants.
    pub(super) fn connect(&self, version: &Version) -> Result<Session> {
        version.provider.connect_as(&version.description, self.access(), self.slots.clone())
    }

    /// Grants these requests as well.
    pub(super) fn grant(&self, requests: &[RequestSpec]) {
        let mut access = self.access.lock().unwrap_or_else(PoisonError::into_inner);
        let granted = Arc::make_mut(access.requests.get_or_insert_default());
        for request in requests {
            if !granted.iter().any(|known| is_same(known, request)) {
                granted.push(request.clone());
            }
        }
    }
}

impl Tenant {
    pub(super) fn new(name: &str, line: &Arc<Line>, access: Access, sandbox: &Sandbox) -> Result<Self> {
        let active = line.active();
        let mut access = access.named(name).in_turn();
        // What the version of today asks for is what is granted; a later one gets no more than that.
        access.requests.get_or_insert_with(|| Arc::clone(&active.requests));
        let slots = sandbox.slots(access.limits.instances);
        let state = State { name: name.to_owned(), line: Arc::clone(line), slots, access: Mutex::new(access) };
        // Settings that do not fit are told here and not in the middle of the night.
        drop(state.connect(&active)?);
        let state = Arc::new(state);
        line.register(&state);
        Ok(Self { state })
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
