//! The HTTP client of all guests, and the policy on what they may send. The only code of the host that opens sockets.

mod address;
mod body;
mod failure;
mod gate;
#[cfg(test)]
mod tests;
mod tls;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use wasmtime_wasi_http::WasiBody;

use crate::Result;
use crate::grant::Grant;
use crate::vault::Vault;

use address::Resolver;
pub(crate) use gate::Gate;

/// Connections that are kept open for one server: as many requests as a provider has in flight, and room for two.
const IDLE_CONNECTIONS: usize = 32;

/// How long an unused connection is kept: less than the minute after which common proxies close theirs.
const IDLE_TIME: Duration = Duration::from_secs(50);

/// Bytes of an answer's head, and what is read ahead of a body.
const HEAD_BYTES: usize = 256 * 1024;

/// Headers of an answer.
const HEADERS: usize = 128;

type Connector = HttpsConnector<HttpConnector<Resolver>>;

/// What requests are sent with.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EgressOptions {
    /// PEM files of authorities that are trusted beside the system's.
    pub ca_files: Vec<PathBuf>,
}

/// A pooled HTTP client. It follows no redirect and knows no proxy. Clones share its connections.
#[derive(Clone)]
pub struct Egress {
    client: Client<Connector, WasiBody>,
    sent: Arc<AtomicU64>,
}

impl Egress {
    /// Sets the client up.
    ///
    /// # Errors
    /// A CA file cannot be read or holds no certificate.
    pub fn new(options: EgressOptions) -> Result<Self> {
        let mut tcp = HttpConnector::new_with_resolver(Resolver::new());
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::config(&options.ca_files)?)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http1_max_buf_size(HEAD_BYTES)
            .http1_max_headers(HEADERS)
            .build(connector);
        Ok(Self { client, sent: Arc::default() })
    }

    /// How many requests were sent so far, by all guests.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// A way out for what is granted, with these secrets, for answers of at most so many bytes.
    pub(crate) fn gate(self, grants: Vec<Grant>, vault: Vault, body_bytes: u64) -> Gate {
        Gate::open(self, grants, vault, body_bytes)
    }
}

impl std::fmt::Debug for Egress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Egress").field("requests", &self.requests()).finish_non_exhaustive()
    }
}
