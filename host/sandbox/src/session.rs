//! Calls with one set of settings, each within the limits.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use provider_egress::{Denial, EgressSession, after};
use provider_model::{CheckReport, Description, License, ListingState, ProviderError, SettingKind, User, UserPage};
use secrecy::zeroize::Zeroize as _;
use tokio::time::{Instant, timeout_at};
use wasmtime::{Store, Trap};

use crate::answers::{self, Rules};
use crate::bindings::{Baseline, Changes, Exports, contract};
use crate::bounds;
use crate::guest::Guest;
use crate::meter::Meter;
use crate::record_source::RecordSource;
use crate::slots::{Lent, Slot, Slots};
use crate::store;
use crate::{Error, LimitHit, Limits, ListingLimits, Provider, Result, Settings, demands};

/// A provider with settings and grants. The steps of one listing share an instance, so that the provider may remember
/// what it has seen. Any other call, and the call after a crash or a limit, gets a fresh one, so that an idle session takes
/// no room in the pool.
pub struct Session {
    provider: Provider,
    settings: Settings,
    egress: EgressSession,
    terms: Terms,
    granted: Granted,
    instance: Option<Instance>,
    /// The instance while the product asks to wait: another session that needs its room may take it.
    lent: Option<Arc<Lent<Instance>>>,
    /// Whether the instance is kept after a call.
    is_listing: bool,
    peak_memory: usize,
}

/// What the provider's first description granted: later descriptions do not change it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Granted {
    /// What its answers may hold.
    rules: Rules,
    /// The product's id.
    product: String,
    /// The addresses that are read.
    source: String,
    /// The roles that its records may hold, the highest first.
    roles: Vec<String>,
    /// The version and settings that make the records; `None` for a session that only describes.
    record_source: Option<RecordSource>,
}

impl Granted {
    pub(crate) fn new(description: &Description, settings: &Settings, record_source: RecordSource) -> Self {
        let urls = description.settings.iter().filter(|spec| spec.kind == SettingKind::Url);
        let values = urls.filter_map(|spec| settings.expose(&spec.key));
        let sources: Vec<_> = values.map(|value| value.trim().trim_end_matches('/')).collect();
        Self {
            rules: Rules::of(description),
            product: description.id.clone(),
            source: sources.join(" "),
            roles: description.roles.iter().map(|role| role.id.clone()).collect(),
            record_source: Some(record_source),
        }
    }
}

/// How much a session may use.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) limits: Limits,
    pub(crate) slots: Slots,
}

/// The settings as a call takes them, wiped afterwards: they may hold the value of a secret, if that is granted.
struct Arguments(Vec<contract::Setting>);

impl Deref for Arguments {
    type Target = [contract::Setting];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for Arguments {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|setting| setting.value.zeroize());
    }
}

/// A running instance. Its slot is released after its store is dropped.
pub(crate) struct Instance {
    store: Store<Guest>,
    exports: Exports,
    _slot: Slot,
}

/// The end of one call: its wait for room, the start of its instance, and its answer.
#[derive(Clone, Copy, Debug)]
struct Deadline {
    at: Instant,
    /// The whole time of the call.
    time: Duration,
}

impl Deadline {
    fn of(time: Duration) -> Self {
        Self { at: after(time), time }
    }

    /// Waits for a part of the call.
    async fn within<T>(self, meter: &Meter, name: &'static str, part: impl Future<Output = T>) -> Result<T> {
        let limit = LimitHit::CallTime(self.time);
        timeout_at(self.at, meter.run(part)).await.map_err(|_| Error::LimitHit { call: name, limit })
    }
}

/// Calls a function of the provider in the session's instance: of the exports, with the arguments behind the store. `in`
/// gives it another time than `Limits::call_time`.
macro_rules! call {
    ($session:ident, $name:literal, $function:ident $(, $argument:expr)*) => {
        call!(in $session.terms.limits.call_time, $session, $name, $function $(, $argument)*)
    };
    (in $time:expr, $session:ident, $name:literal, $function:ident $(, $argument:expr)*) => {
        call!(@ $time, $session, $name, (|exports| exports.provider()), $function $(, $argument)*)
    };
    (@ $time:expr, $session:ident, $name:literal, (|$exports:ident| $of:expr), $function:ident $(, $argument:expr)*) => {{
        let _ticking = $session.provider.sandbox().tick();
        let deadline = Deadline::of($time);
        let mut instance = $session.take_instance($name, deadline).await?;
        let outcome = {
            let $exports = &instance.exports;
            let meter = instance.store.data().meter().clone();
            let call = $of.$function(&mut instance.store $(, $argument)*);
            deadline.within(&meter, $name, call).await
        };
        let settled = $session.settle($name, instance, outcome);
        if settled.is_err() {
            // A guest that crashes at once never waits, and a caller in a loop would keep a thread for itself.
            tokio::task::yield_now().await;
        }
        settled
    }};
}

impl Session {
    pub(crate) const fn new(
        provider: Provider,
        settings: Settings,
        egress: EgressSession,
        terms: Terms,
        granted: Granted,
    ) -> Self {
        Self {
            provider,
            settings,
            egress,
            terms,
            granted,
            instance: None,
            lent: None,
            is_listing: false,
            peak_memory: 0,
        }
    }

    pub(crate) async fn describe(&mut self) -> Result<Description> {
        let description = call!(in self.terms.limits.describe_time(), self, "describe", call_describe)?;
        let description = Description::from(description);
        answers::description(&description).map_err(|reason| Error::AnswerRefused { call: "describe", reason })?;
        demands::check(&description)?;
        Ok(description)
    }

    /// Tries the settings, and reports what the token can and cannot see.
    ///
    /// # Errors
    /// The settings cannot be tried at all, or the provider crashed or ran into a limit.
    pub async fn check(&mut self) -> Result<CheckReport> {
        let settings = self.arguments();
        let report = call!(self, "check", call_check, &settings)?;
        let report = report.map_err(|error| self.provider_error("check", error))?;
        let report = CheckReport::from(report);
        let checked = bounds::report(&report, self.listing_limits());
        checked.map_err(|limit| Error::LimitHit { call: "check", limit })?;
        self.granted.rules.report(&report).map_err(|reason| Error::AnswerRefused { call: "check", reason })?;
        Ok(self.egress.redact(report))
    }

    /// Reads the licences that the organisation holds, and how many of their seats are used.
    ///
    /// # Errors
    /// The provider's own error, or it crashed or ran into a limit.
    pub async fn licenses(&mut self) -> Result<Vec<License>> {
        let settings = self.arguments();
        let call = "get-licenses";
        let licenses = call!(self, "get-licenses", call_get_licenses, &settings)?;
        let licenses = licenses.map_err(|error| self.provider_error(call, error))?;
        let licenses: Vec<License> = licenses.into_iter().map(Into::into).collect();
        bounds::licenses(&licenses, self.listing_limits()).map_err(|limit| Error::LimitHit { call, limit })?;
        self.granted.rules.licenses(&licenses).map_err(|reason| Error::AnswerRefused { call, reason })?;
        Ok(self.egress.redact(licenses))
    }

    /// One step of a listing, as the provider answers it: most callers want a listing, which keeps each user once.
    ///
    /// # Errors
    /// The provider's own error, or it crashed or ran into a limit. The same cursor can be tried again.
    pub async fn list_page(&mut self, cursor: Option<&str>, limit: u32) -> Result<UserPage> {
        Ok(self.list_step(cursor, limit).await?.0)
    }

    /// The same with the bytes of the page's users.
    pub async fn list_step(&mut self, cursor: Option<&str>, limit: u32) -> Result<(UserPage, u64)> {
        let (settings, cursor) = (self.arguments(), cursor.map(ToOwned::to_owned));
        self.is_listing = true;
        let page = call!(self, "list-users", call_list_users, &settings, cursor.as_ref(), limit)?;
        let page = page.map(UserPage::from).map_err(|error| self.provider_error("list-users", error))?;
        let kept = self.granted.rules.page(&page, Utc::now());
        let bytes = self.stepped("list-users", &page, kept)?;
        Ok((self.egress.redact(page), bytes))
    }

    /// One step of a sync; `None` if the provider cannot report what changed.
    ///
    /// # Errors
    /// Those of [`list_page`](Self::list_page). The same call can be made again.
    pub async fn list_changes(
        &mut self,
        since: &Baseline,
        known: Vec<User>,
        cursor: Option<&str>,
    ) -> Result<Option<(Changes, u64)>> {
        let settings = self.arguments();
        let known: Vec<contract::User> = known.into_iter().map(Into::into).collect();
        self.is_listing = true;
        let arguments = (&*settings, since, known.as_slice(), cursor);
        let time = self.terms.limits.call_time;
        let call = "list-changes";
        let changes = call!(@ time, self, "list-changes", (|exports| exports), call_list_changes, arguments)?;
        let Some(changes) = changes else { return Ok(None) };
        let changes = changes.map_err(|error| self.provider_error(call, error))?;
        let kept = self.granted.rules.changes(&changes, since.watermark.as_deref(), Utc::now());
        let bytes = self.stepped(call, &changes.page, kept)?;
        Ok(Some((self.egress.redact(changes), bytes)))
    }

    /// Checks a step's limits and the contract's rules, and returns the bytes of its users. Gives the instance back after the
    /// last step and after a refused answer, which is not trusted; lends it while the product asks to wait.
    fn stepped(&mut self, call: &'static str, page: &UserPage, kept: std::result::Result<(), String>) -> Result<u64> {
        let limits = &self.terms.limits.listing;
        let looked_at = bounds::page(page, limits)
            .map_err(|limit| Error::LimitHit { call, limit })
            .and_then(|bytes| kept.map(|()| bytes).map_err(|reason| Error::AnswerRefused { call, reason }));
        let wait = Duration::from_millis(u64::from(page.wait_ms.unwrap_or_default()));
        if looked_at.is_err() || !matches!(page.state, ListingState::More(_)) || wait > limits.wait_time {
            self.leave_instance();
        } else if !wait.is_zero() {
            self.lent = self.instance.take().map(|instance| self.terms.slots.lend(instance));
        }
        looked_at
    }

    /// Gives the instance back that was kept for the next step.
    pub fn leave_instance(&mut self) {
        self.is_listing = false;
        self.instance = None;
        self.lent = None;
    }

    /// The limits on its listings.
    pub const fn listing_limits(&self) -> &ListingLimits {
        &self.terms.limits.listing
    }

    /// The id of the product, by the description that was granted.
    #[must_use]
    pub fn product(&self) -> &str {
        &self.granted.product
    }

    /// What is read: the values of the url settings of the description that was granted.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.granted.source
    }

    /// The largest linear memory, in bytes, that an instance of this session had.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let now = self.instance.as_ref().map_or(0, |instance| instance.store.data().peak_memory());
        self.peak_memory.max(now)
    }

    /// How many requests were sent in this session.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.egress.requests()
    }

    /// The version and settings that make its records.
    pub const fn record_source(&self) -> Option<&RecordSource> {
        self.granted.record_source.as_ref()
    }

    /// The roles that its records may hold, the highest first.
    #[must_use]
    pub fn roles(&self) -> &[String] {
        &self.granted.roles
    }

    /// Whether its provider can report what changed.
    pub const fn has_changes(&self) -> bool {
        self.provider.has_changes()
    }

    /// The requests of the last call that were denied: different ones, up to a bound, each once.
    #[must_use]
    pub fn denials(&self) -> Vec<Denial> {
        self.egress.denials()
    }

    fn arguments(&self) -> Arguments {
        let setting = |(key, value): (&str, &str)| contract::Setting { key: key.to_owned(), value: value.to_owned() };
        Arguments(self.settings.expose_all().map(setting).collect())
    }

    /// Makes an instance as a call does, to measure its cost.
    pub(crate) async fn instantiate(&mut self) -> Result<Instance> {
        self.take_instance("instantiate", Deadline::of(self.terms.limits.call_time)).await
    }

    /// The instance, taken out: a call whose future is dropped leaves none behind.
    async fn take_instance(&mut self, call: &'static str, deadline: Deadline) -> Result<Instance> {
        let lent = self.lent.take().and_then(|lent| lent.take());
        let limits = &self.terms.limits;
        if let Some(mut instance) = self.instance.take().or(lent) {
            store::begin_call(&mut instance.store, limits);
            return Ok(instance);
        }
        let slot = self.terms.slots.take(call, deadline.at, deadline.time).await?;
        let sandbox = self.provider.sandbox();
        let mut store = store::new(sandbox, limits, self.egress.clone());
        store::begin_call(&mut store, limits);
        let meter = store.data().meter().clone();
        // A component's start functions run here, so the limits of a call hold here too.
        let starting = self.provider.prepared().instantiate(&mut store);
        match deadline.within(&meter, call, starting).await? {
            Ok(exports) => Ok(Instance { store, exports, _slot: slot }),
            Err(error) => Err(stopped(call, &error, &store, limits, &self.egress)),
        }
    }

    /// Keeps the instance of a call that went well, and names the reason of one that did not.
    fn settle<T>(&mut self, call: &'static str, instance: Instance, outcome: Result<wasmtime::Result<T>>) -> Result<T> {
        self.peak_memory = self.peak_memory.max(instance.store.data().peak_memory());
        let error = match outcome? {
            Ok(value) => {
                self.instance = self.is_listing.then_some(instance);
                return Ok(value);
            }
            Err(error) => error,
        };
        Err(stopped(call, &error, &instance.store, &self.terms.limits, &self.egress))
    }

    fn provider_error(&self, call: &'static str, error: contract::Error) -> Error {
        let error = ProviderError::from(error);
        match answers::error(&error) {
            Ok(()) => Error::Provider(Box::new(self.egress.redact(error))),
            Err(reason) => Error::AnswerRefused { call, reason },
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Why the guest was stopped: the limit that it ran into, or else a defect of its own.
fn stopped(
    call: &'static str,
    error: &wasmtime::Error,
    store: &Store<Guest>,
    limits: &Limits,
    egress: &EgressSession,
) -> Error {
    match store.data().limit_hit().or_else(|| returned_too_much(error, limits)) {
        Some(limit) => Error::LimitHit { call, limit },
        // The runtime's text may quote what the guest returned.
        None => Error::Trap { call, reason: egress.redact(reason(error)) },
    }
}

/// wasmtime does not export the type of this refusal, so its text is compared; a test checks that text.
fn returned_too_much(error: &wasmtime::Error, limits: &Limits) -> Option<LimitHit> {
    let is_too_much = error.chain().any(|cause| cause.to_string().contains("too much data"));
    is_too_much.then_some(LimitHit::ReturnedBytes(limits.returned_bytes))
}

/// Only the trap, if there is one: the backtrace around it is useless without the provider's sources.
fn reason(error: &wasmtime::Error) -> String {
    error.downcast_ref::<Trap>().map_or_else(|| error.root_cause().to_string(), ToString::to_string)
}
