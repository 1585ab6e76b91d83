//! Counters of requests and their bytes, by tenant and outcome, and no user data. They go to the recorder that the embedder
//! has installed for the crate `metrics`, if any.

use crate::Sender;
use crate::audit::Outcome;

/// Counts a request and its bytes.
pub(crate) fn requested(sender: &Sender, outcome: Outcome, sent: u64, received: u64) {
    let outcome = match outcome {
        Outcome::Answered { status } => status.to_string(),
        Outcome::Cut { code, .. } | Outcome::Denied { code } | Outcome::Failed { code } => code.to_owned(),
    };
    let tenant = [("provider", sender.provider.clone()), ("tenant", sender.tenant.clone())];
    metrics::counter!("provider_request_bytes_total", &tenant).increment(sent);
    metrics::counter!("provider_response_bytes_total", &tenant).increment(received);
    let labels = [tenant.as_slice(), &[("outcome", outcome)]].concat();
    metrics::counter!("provider_requests_total", &labels).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_testing::counters::counted;

    #[test]
    fn requests_are_counted_by_tenant_and_outcome() {
        let lines = counted(|| {
            let sender = Sender { tenant: "acme".into(), provider: "p".into(), version: "1".into() };
            requested(&sender, Outcome::Answered { status: 200 }, 10, 100);
            requested(&sender, Outcome::Denied { code: "request-not-described" }, 0, 0);
        });
        assert_eq!(
            lines,
            [
                "provider_request_bytes_total p acme 10",
                "provider_requests_total p acme 200 1",
                "provider_requests_total p acme request-not-described 1",
                "provider_response_bytes_total p acme 100",
            ]
        );
    }
}
