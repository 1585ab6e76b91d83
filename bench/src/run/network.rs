//! The core's network natively: the host's client, without wasi:http between.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hyper::body::Bytes;
use mattermost_provider::mattermost::settings::{KEPT, Settings};
use provider_host::Outlet;
use provider_sdk::base_url::Scheme;
use provider_sdk::http::{Answered, HEADERS, Lost, Method, Network, Outcome, Request, Response, Server, Work};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// The network of one call.
pub(super) struct Direct<'a> {
    runtime: &'a Runtime,
    outlet: &'a Outlet,
    settings: &'a Settings,
}

impl<'a> Direct<'a> {
    pub(super) const fn new(runtime: &'a Runtime, outlet: &'a Outlet, settings: &'a Settings) -> Self {
        Self { runtime, outlet, settings }
    }

    /// The request with the headers that the component sends.
    fn request(&self, request: &Request) -> Result<http::Request<Bytes>, Lost> {
        let base = &self.settings.base;
        let scheme = match base.scheme() {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        let method = match request.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
        };
        let mut builder = http::Request::builder().method(method).uri(format!(
            "{scheme}://{}{}",
            base.authority(),
            base.path_of(&request.path)
        ));
        for (name, value) in self.settings.headers(request) {
            builder = builder.header(name, value);
        }
        let body = request.body.clone().unwrap_or_default();
        builder.body(Bytes::from(body)).map_err(|error| Lost::Other(error.to_string()))
    }
}

impl Network for Direct<'_> {
    fn run(&mut self, work: &mut dyn Work) {
        self.runtime.block_on(async {
            let mut flights = JoinSet::new();
            loop {
                while let Some((ticket, request)) = work.next() {
                    match self.request(&request) {
                        Ok(outgoing) => {
                            // A task for each, as wasmtime's wasi:http has.
                            let outlet = self.outlet.clone();
                            flights.spawn(async move { (ticket, request, exchange(&outlet, outgoing).await) });
                        }
                        Err(lost) => work.arrived(ticket, Answered { request, outcome: Err(lost) }),
                    }
                }
                match flights.join_next().await {
                    Some(Ok((ticket, request, outcome))) => work.arrived(ticket, Answered { request, outcome }),
                    // A flight that broke is not answered, and its work is not done: the core reports what is missing.
                    Some(Err(_)) => {}
                    None => return,
                }
            }
        });
    }

    fn pause(&mut self, ms: u32) {
        std::thread::sleep(Duration::from_millis(u64::from(ms)));
    }

    fn now_ms(&mut self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

async fn exchange(outlet: &Outlet, request: http::Request<Bytes>) -> Outcome {
    let sent = Instant::now();
    let answer = outlet.send(request).await.map_err(|error| Lost::Other(error.to_string()))?;
    let took_ms = u32::try_from(sent.elapsed().as_millis()).unwrap_or(u32::MAX);
    let (head, body) = answer.into_parts();
    let header = |name: &'static str| {
        let value = head.headers.get(name)?;
        Some((name, String::from_utf8_lossy(value.as_bytes()).into_owned()))
    };
    let headers = HEADERS.into_iter().chain(KEPT).filter_map(header).collect();
    Ok(Response { status: head.status.as_u16(), headers, body: body.into(), took_ms, redirect: None })
}
