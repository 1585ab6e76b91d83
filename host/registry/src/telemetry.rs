//! Metrics of tenants' calls: counters and times by tenant, version and outcome. They hold no user data.
//!
//! They go to the recorder that the embedder has installed for the crate `metrics`, if any; spans and events go to
//! `tracing` in the same way.

use std::time::Duration;

use tracing::{Span, debug, info_span};

use crate::Error;

/// Whose call it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'a> {
    /// The product's id.
    pub(crate) provider: &'a str,
    /// The version that serves.
    pub(crate) version: &'a str,
    /// The tenant's name.
    pub(crate) tenant: &'a str,
    /// The contract's function.
    pub(crate) call: &'static str,
}

impl Caller<'_> {
    /// The span that a call runs in.
    pub(crate) fn span(&self) -> Span {
        let Self { provider, version, tenant, call } = *self;
        info_span!("provider_call", provider, version, tenant, call)
    }

    /// Counts a call and its time.
    pub(crate) fn ended<T>(&self, took: Duration, result: &Result<T, Error>) {
        let code = result.as_ref().err().map_or("ok", Error::code).to_owned();
        let Self { provider, version, tenant, call } = *self;
        let labels = [
            ("provider", provider.to_owned()),
            ("version", version.to_owned()),
            ("tenant", tenant.to_owned()),
            ("call", call.to_owned()),
        ];
        metrics::histogram!("provider_call_seconds", &labels).record(took.as_secs_f64());
        let outcome = [labels.as_slice(), &[("code", code.clone())]].concat();
        metrics::counter!("provider_calls_total", &outcome).increment(1);
        debug!(provider, version, tenant, call, code, took_ms = took.as_millis(), "call ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_sandbox::Error as SandboxError;
    use provider_testing::counters::counted;

    #[test]
    fn calls_are_counted_by_tenant_and_outcome() {
        let lines = counted(|| {
            let caller = Caller { provider: "p", version: "1", tenant: "acme", call: "check" };
            caller.ended(Duration::from_millis(5), &Ok(()));
            let crashed = SandboxError::Trap { call: "check", reason: "unreachable".into() };
            caller.ended(Duration::from_millis(5), &Err::<(), Error>(crashed.into()));
        });
        assert_eq!(
            lines,
            ["provider_calls_total p 1 acme check ok 1", "provider_calls_total p 1 acme check provider-crashed 1",]
        );
    }
}
