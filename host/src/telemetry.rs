//! What is measured of tenants' calls: counters and times by tenant, version and outcome, and no user data.
//!
//! They go to whatever recorder the embedder has installed for the crate `metrics`, and to nobody where there is none.

use std::time::Duration;

use crate::Error;

/// Counts a call and its time.
pub(crate) fn called<T>(
    provider: &str,
    version: &str,
    tenant: &str,
    call: &'static str,
    took: Duration,
    result: &Result<T, Error>,
) {
    let code = result.as_ref().err().map_or("ok", Error::code).to_owned();
    let labels = [
        ("provider", provider.to_owned()),
        ("version", version.to_owned()),
        ("tenant", tenant.to_owned()),
        ("call", call.to_owned()),
    ];
    metrics::histogram!("provider_call_seconds", &labels).record(took.as_secs_f64());
    let outcome = [labels.as_slice(), &[("code", code.clone())]].concat();
    metrics::counter!("provider_calls_total", &outcome).increment(1);
    tracing::debug!(provider, version, tenant, call, code, took_ms = took.as_millis(), "call ended");
}
