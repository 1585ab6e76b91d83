//! The HTTP client: its connections by what they may reach, and what it adds for gateways and proxies.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Uri};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use secrecy::SecretString;
use wasmtime_wasi_http::WasiBody;

use crate::connector::Dialler;
use crate::handshake::{Connector, Http};
use crate::headers::ExtraHeader;
use crate::options::EgressOptions;
use crate::policy::Reach;
use crate::proxy::{self, Proxy, Route, Rules};
use crate::tls;
use crate::{Result, TrafficLimits};

/// Connections that are kept open for one server: as many requests as a provider has in flight, and room for two.
const IDLE_CONNECTIONS: usize = 32;

/// How long an unused connection is kept: less than the minute after which common proxies close theirs.
const IDLE_TIME: Duration = Duration::from_secs(50);

/// The smallest buffer of the client for an answer's head; a smaller limit is checked after the head was read.
const LEAST_HEAD_BYTES: usize = 8 * 1024;

pub(crate) type Client = legacy::Client<Connector, WasiBody>;

/// A pooled HTTP client. It follows no redirect. Its clones share its connections, and so do the sessions that use it, if
/// they have the same limits on the heads of answers. Give each tenant an `Egress` of its own, so that tenants share none.
#[derive(Clone)]
pub struct Egress {
    parts: Arc<Parts>,
    sent: Arc<AtomicU64>,
}

/// What clients are made of.
struct Parts {
    tls: ClientConfig,
    has_identity: bool,
    proxy: Option<Rules>,
    headers: Vec<ExtraHeader>,
    /// A connection that one session may use may lead where another may not go, so each kind has its own connections.
    clients: Mutex<HashMap<Kind, Client>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Kind {
    reach: Reach,
    head_bytes: u32,
    headers: u32,
    http: Http,
}

impl Egress {
    /// Sets the client up.
    ///
    /// # Errors
    /// A CA file cannot be read or holds no certificate.
    pub fn new(options: EgressOptions) -> Result<Self> {
        let EgressOptions { ca_files, client_identity, proxy, headers } = options;
        let has_identity = client_identity.is_some();
        let tls = tls::config(&ca_files, client_identity)?;
        let parts =
            Parts { tls, has_identity, proxy: proxy.map(Proxy::into_rules), headers, clients: Mutex::default() };
        Ok(Self { parts: Arc::new(parts), sent: Arc::default() })
    }

    /// How many requests were sent so far, by all guests.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// A request goes out.
    pub(crate) fn count(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// The client for what is within reach, with these limits on the heads of answers.
    pub(crate) fn client(&self, reach: Reach, limits: &TrafficLimits, http: Http) -> Client {
        let (head_bytes, headers) = (limits.response_header_bytes, limits.response_headers);
        let kind = Kind { reach, head_bytes, headers, http };
        let mut clients = self.parts.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(kind).or_insert_with(|| self.parts.connect(kind)).clone()
    }

    pub(crate) fn route(&self, uri: &Uri) -> Route {
        self.parts.proxy.as_ref().map_or(Route::Direct, |proxy| proxy.route(uri))
    }

    pub(crate) fn has_identity(&self) -> bool {
        self.parts.has_identity
    }

    pub(crate) fn proxy_authorization(&self) -> Option<&HeaderValue> {
        self.parts.proxy.as_ref()?.authorization.as_ref()
    }

    /// The secrets that gateways and proxies receive: no text that leaves the host holds it.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let headers = self.parts.headers.iter().flat_map(ExtraHeader::secrets);
        headers.chain(self.proxy_authorization().into_iter().flat_map(proxy::secrets)).collect()
    }

    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        for header in &self.parts.headers {
            header.add(headers);
        }
    }
}

impl Parts {
    fn connect(&self, kind: Kind) -> Client {
        let dialler = Dialler::new(kind.reach, self.proxy.clone());
        let connector = Connector::new(self.tls.clone(), self.has_identity, kind.http, dialler);
        let count = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
        legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http1_max_buf_size(count(kind.head_bytes).max(LEAST_HEAD_BYTES))
            .http1_max_headers(count(kind.headers))
            // Servers that take one stream at a time say so in their first frame, and end connections with more.
            .http2_initial_max_send_streams(1)
            .http2_max_header_list_size(kind.head_bytes)
            .build(connector)
    }
}

impl std::fmt::Debug for Egress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Egress").field("requests", &self.requests()).finish_non_exhaustive()
    }
}
