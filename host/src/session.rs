//! Calls with one set of settings, each within the limits.

use std::future::Future;

use tokio::time::timeout;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};

use crate::bindings::{LicenseProvider, contract};
use crate::egress::Gate;
use crate::meter::Meter;
use crate::model::{CheckReport, Description, License, ProviderError, UserPage};
use crate::store::{self, Guest};
use crate::{Denial, Error, LimitHit, Limits, Listing, ListingOptions, Provider, Result, Settings};

/// A provider with settings and grants. It has one instance, made when it is first used, so that a listing may remember
/// what it has seen; a crash or a limit drops the instance, and the next call gets a fresh one.
pub struct Session {
    provider: Provider,
    settings: Settings,
    gate: Gate,
    instance: Option<Instance>,
    peak_memory: usize,
}

struct Instance {
    store: Store<Guest>,
    exports: LicenseProvider,
}

/// Calls a function of the provider in the session's instance.
macro_rules! call {
    ($session:ident, $name:literal, $function:ident $(, $argument:expr)*) => {{
        let mut instance = $session.take_instance($name).await?;
        let outcome = {
            let exports = instance.exports.license_management_provider_provider();
            let meter = instance.store.data().meter().clone();
            let call = exports.$function(&mut instance.store $(, $argument)*);
            within($session.provider.sandbox().limits(), &meter, $name, call).await
        };
        $session.settle($name, instance, outcome)
    }};
}

impl Session {
    pub(crate) const fn new(provider: Provider, settings: Settings, gate: Gate) -> Self {
        Self { provider, settings, gate, instance: None, peak_memory: 0 }
    }

    pub(crate) async fn describe(&mut self) -> Result<Description> {
        let description = call!(self, "describe", call_describe)?;
        Ok(description.into())
    }

    /// Tries the settings out and says what the token can and cannot see.
    ///
    /// # Errors
    /// The settings cannot be tried at all, or the provider crashed or ran into a limit.
    pub async fn check(&mut self) -> Result<CheckReport> {
        let settings = self.arguments();
        call!(self, "check", call_check, &settings)?.map(Into::into).map_err(provider_error)
    }

    /// Reads the licences that the organisation holds, and how many of their seats are taken.
    ///
    /// # Errors
    /// The provider's own error, or it crashed or ran into a limit.
    pub async fn licenses(&mut self) -> Result<Vec<License>> {
        let settings = self.arguments();
        let licenses = call!(self, "get-licenses", call_get_licenses, &settings)?.map_err(provider_error)?;
        Ok(licenses.into_iter().map(Into::into).collect())
    }

    /// One step of a listing, as the provider answers it: most callers want [`listing`](Self::listing).
    ///
    /// # Errors
    /// The provider's own error, or it crashed or ran into a limit. The same cursor can be tried again.
    pub async fn list_page(&mut self, cursor: Option<&str>, limit: u32) -> Result<UserPage> {
        let (settings, cursor) = (self.arguments(), cursor.map(ToOwned::to_owned));
        call!(self, "list-users", call_list_users, &settings, cursor.as_ref(), limit)?
            .map(Into::into)
            .map_err(provider_error)
    }

    /// Lists every user, each once.
    #[must_use]
    pub fn listing(self, options: ListingOptions) -> Listing {
        Listing::new(self, options)
    }

    /// The most linear memory in bytes that an instance of this session had.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let now = self.instance.as_ref().map_or(0, |instance| instance.store.data().peak_memory());
        self.peak_memory.max(now)
    }

    /// What the provider asked for in the last call and was denied: different requests, up to a bound, each once.
    #[must_use]
    pub fn denials(&self) -> Vec<Denial> {
        self.gate.denials()
    }

    fn arguments(&self) -> Vec<contract::Setting> {
        let setting = |(key, value): (&str, &str)| contract::Setting { key: key.to_owned(), value: value.to_owned() };
        self.settings.expose_all().map(setting).collect()
    }

    /// The instance, taken out: a call whose future is dropped leaves none behind.
    async fn take_instance(&mut self, call: &'static str) -> Result<Instance> {
        if let Some(mut instance) = self.instance.take() {
            store::begin_call(&mut instance.store);
            return Ok(instance);
        }
        let sandbox = self.provider.sandbox();
        let mut store = store::new(sandbox.engine(), sandbox.limits(), self.gate.clone());
        store::begin_call(&mut store);
        let meter = store.data().meter().clone();
        // A component's start functions run here, so the limits of a call hold here too.
        let starting = self.provider.pre().instantiate_async(&mut store);
        match within(sandbox.limits(), &meter, call, starting).await? {
            Ok(exports) => Ok(Instance { store, exports }),
            Err(error) if error.is::<PoolConcurrencyLimitError>() => {
                Err(Error::Runtime { reason: format!("{error:#}") })
            }
            Err(error) => Err(stopped(call, &error, &store, sandbox.limits())),
        }
    }

    /// Keeps the instance of a call that went well, and names the reason of one that did not.
    fn settle<T>(&mut self, call: &'static str, instance: Instance, outcome: Result<wasmtime::Result<T>>) -> Result<T> {
        self.peak_memory = self.peak_memory.max(instance.store.data().peak_memory());
        let error = match outcome? {
            Ok(value) => {
                self.instance = Some(instance);
                return Ok(value);
            }
            Err(error) => error,
        };
        Err(stopped(call, &error, &instance.store, self.provider.sandbox().limits()))
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Waits for a call no longer than the limit.
async fn within<T>(limits: &Limits, meter: &Meter, name: &'static str, call: impl Future<Output = T>) -> Result<T> {
    timeout(limits.call_time, meter.run(call))
        .await
        .map_err(|_| Error::LimitHit { call: name, limit: LimitHit::CallTime(limits.call_time) })
}

/// Why the guest was stopped: a limit where it ran into one, a defect of its own otherwise.
fn stopped(call: &'static str, error: &wasmtime::Error, store: &Store<Guest>, limits: &Limits) -> Error {
    match store.data().limit_hit().or_else(|| returned_too_much(error, limits)) {
        Some(limit) => Error::LimitHit { call, limit },
        None => Error::Trap { call, reason: reason(error) },
    }
}

fn provider_error(error: contract::Error) -> Error {
    Error::Provider(Box::new(ProviderError::from(error)))
}

/// wasmtime has no type for this refusal, only its words.
fn returned_too_much(error: &wasmtime::Error, limits: &Limits) -> Option<LimitHit> {
    let told = error.chain().any(|cause| cause.to_string().contains("too much data"));
    told.then_some(LimitHit::ReturnedBytes(limits.returned_bytes))
}

/// The trap alone where there is one: the backtrace around it is of use to nobody without the provider's sources.
fn reason(error: &wasmtime::Error) -> String {
    error.downcast_ref::<Trap>().map_or_else(|| error.root_cause().to_string(), ToString::to_string)
}
