//! The server on its port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{ACCEPT_ENCODING, AUTHORIZATION, DATE};
use axum::http::{Request, Response};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::answer::{self, AppError, Encoding, Stamp};
use crate::broken::{self, Reset};
use crate::caller::{Caller, Tokens};
use crate::change::Pending;
use crate::clock::Clock;
use crate::costs::Machine;
use crate::fault::Faults;
use crate::ids::{self, Sort};
use crate::limiter::Limiter;
use crate::live::Live;
use crate::log::Log;
use crate::population::Population;
use crate::roster::Roster;
use crate::routes::{self, Call, Query, World};
use crate::{Account, ChangeKind, Config, Counts, Exchange, Fault, FaultKind};

/// A running server. It stops when this is dropped.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    world: World,
    roster: Live,
    clock: Clock,
    started: Instant,
    machine: Machine,
    faults: Faults,
    limiter: Option<Limiter>,
    log: Log,
    flights: Flights,
    request_ids: AtomicU32,
}

/// Requests that are being answered.
#[derive(Debug, Default)]
struct Flights {
    now: AtomicU32,
    most: AtomicU32,
}

impl Simulator {
    /// Starts a server on 127.0.0.1.
    ///
    /// # Errors
    /// The port is taken or may not be used.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await?;
        let address = listener.local_addr()?;
        let now_ms = config.now_ms.unwrap_or_else(|| chrono::Utc::now().timestamp_millis());
        let clock = Clock::starting_at(now_ms);
        let population = Population::new(config.seed, config.users, now_ms, config.memberships);
        let pending = Pending::new(config.changes.clone());
        let shared = Arc::new(Shared {
            roster: Live::new(Roster::new(population.clone()), pending, clock.clone()),
            clock,
            started: Instant::now(),
            machine: Machine::default(),
            faults: Faults::new(config.faults.clone()),
            limiter: config.rate_limit.map(Limiter::new),
            log: Log::default(),
            flights: Flights::default(),
            request_ids: AtomicU32::new(0),
            world: World {
                population,
                tokens: Tokens::of(config.seed),
                url: format!("http://{address}{}", config.subpath),
                config,
            },
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { shared, address, accepting })
    }

    /// The server's URL, its subpath included.
    #[must_use]
    pub fn url(&self) -> String {
        self.shared.world.url.clone()
    }

    /// Scheme, address and port.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A token of each sort of account.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.shared.world.tokens
    }

    /// Everybody on the server when it started, whatever has changed since.
    #[must_use]
    pub fn population(&self) -> &Population {
        &self.shared.world.population
    }

    /// Everybody on the server now, by username.
    #[must_use]
    pub fn roster(&self) -> Vec<Account> {
        let roster = self.shared.roster.now();
        roster.all().map(|number| roster.account(number)).collect()
    }

    /// How many there are of each sort now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.roster.now().counts()
    }

    /// Applies a change at once, between two answers. Returns the account after it, or the last state of a deleted one;
    /// `None` if no account can change in this way.
    pub fn change(&self, kind: ChangeKind) -> Option<Account> {
        self.shared.roster.change(kind)
    }

    /// The exchanges so far, the last 100,000 of them.
    #[must_use]
    pub fn log(&self) -> Vec<Exchange> {
        self.shared.log.all()
    }

    /// How many requests came.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.shared.log.count()
    }

    /// The most requests that were being answered at the same time.
    #[must_use]
    pub fn most_in_flight(&self) -> u32 {
        self.shared.flights.most.load(Ordering::Relaxed)
    }

    /// Forgets the exchanges.
    pub fn clear_log(&self) {
        self.shared.log.clear();
    }

    /// Replaces the faults.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.faults.set(faults);
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Connections end with the server: dropping this future aborts them.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, Arc::clone(&shared)))),
                // Too many open files, or a peer that has already disconnected: continue with others.
                Err(_) => sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Answers in several pieces must not wait for each other's acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { respond(&shared, request).await }
    });
    // A peer that disconnects in the middle is not an error of the server.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(shared: &Shared, request: Request<Incoming>) -> Result<Response<Body>, Reset> {
    let method = request.method().as_str().to_owned();
    let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    let authorized = request.headers().contains_key(AUTHORIZATION);
    let in_flight = shared.flights.now.fetch_add(1, Ordering::Relaxed).saturating_add(1);
    shared.flights.most.fetch_max(in_flight, Ordering::Relaxed);
    let mut answer = shared.answer(request, &path).await;
    shared.flights.now.fetch_sub(1, Ordering::Relaxed);
    if let (Ok(response), Some(date)) = (&mut answer, shared.clock.date()) {
        response.headers_mut().entry(DATE).or_insert(date);
    }
    let (status, bytes) = match &answer {
        Ok(response) => (response.status().as_u16(), response.body().size_hint().exact().unwrap_or_default()),
        Err(Reset) => (0, 0),
    };
    shared.log.push(Exchange { method, path, status, bytes, authorized });
    answer
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>, path_and_query: &str) -> Result<Response<Body>, Reset> {
        let path = path_and_query.split_once('?').map_or(path_and_query, |(path, _)| path);
        let stamp = self.stamp(&request);
        if path.contains("//") {
            return Ok(answer::redirect(301, &path.replace("//", "/")));
        }
        let subpath = &self.world.config.subpath;
        let Some(inner) = path.strip_prefix(subpath.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
        else {
            return Ok(answer::redirect(302, &format!("{subpath}{path_and_query}")));
        };
        let Some(route) = inner.strip_prefix("/api/") else {
            return Ok(if stamp.is_get { answer::page(&stamp) } else { answer::proxy_page(405) });
        };

        let verdict = self.limiter.as_ref().map(Limiter::take);
        sleep_for(self.world.config.latency).await;
        if let Some(refused) = verdict.and_then(|verdict| verdict.retry_after_s) {
            let mut response = answer::too_many(refused);
            verdict.into_iter().for_each(|verdict| answer::limit_headers(response.headers_mut(), verdict));
            return Ok(response);
        }
        let fault = self.faults.befall(path_and_query);
        if let Some(FaultKind::Slow(time)) = fault {
            sleep_for(time).await;
        }
        if let Some(instead) = fault.as_ref().and_then(|fault| broken::instead(fault, &stamp)) {
            // A server that closes a connection with a request still on its way cuts its own answer.
            let most = self.world.config.most_payload_bytes();
            let _ = to_bytes(Body::new(request.into_body()), most).await;
            return instead;
        }
        let mut response = self.route(request, path_and_query, route, &stamp, fault.as_ref()).await;
        verdict.into_iter().for_each(|verdict| answer::limit_headers(response.headers_mut(), verdict));
        Ok(response)
    }

    async fn route(
        &self,
        request: Request<Incoming>,
        path_and_query: &str,
        route: &str,
        stamp: &Stamp,
        fault: Option<&FaultKind>,
    ) -> Response<Body> {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let query = broken::query(fault, query);
        let Some(route) = route.strip_prefix("v4/") else { return answer::no_version(path, stamp) };
        let caller =
            Caller::of(request.headers(), &self.world.tokens).admitted(&self.world.config, self.clock.now_ms());
        let method = request.method().as_str().to_owned();
        let most = self.world.config.most_payload_bytes();
        let Ok(body) = to_bytes(Body::new(request.into_body()), most).await else {
            return answer::refusal(AppError::TOO_LARGE, stamp);
        };
        let came_at = Instant::now();
        let roster = self.roster.before(path_and_query);
        let call = Call {
            world: &self.world,
            roster: &roster,
            profiles: self.roster.profiles(),
            now_ms: self.clock.now_ms(),
            caller,
            query: Query(&query),
            body: &body,
        };
        let Some(found) = routes::answer(&method, route, &call) else { return answer::no_route(path) };
        if let Some(costs) = self.world.config.costs {
            let work = routes::work::of(&method, route, &call, &found);
            self.machine.wait(costs, work, (self.started, came_at)).await;
        }
        let is_refused = found.as_ref().is_err_and(|error| *error == AppError::EXPIRED);
        let trailing = routes::contradiction(route, &call);
        let found = found.map(|text| broken::text(fault, text, trailing, stamp));
        let mut response = answer::of(found, stamp);
        broken::headers(fault, response.headers_mut());
        if is_refused && caller == Caller::Refused {
            answer::clear_cookie(&mut response);
        }
        response
    }

    fn stamp(&self, request: &Request<Incoming>) -> Stamp {
        let config = &self.world.config;
        let number = self.request_ids.fetch_add(1, Ordering::Relaxed);
        let accepts = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
        let takes_gzip = accepts.is_some_and(|codings| codings.contains("gzip"));
        let (version, licensed) = (config.version, config.license_in_force().is_licensed());
        Stamp {
            request_id: ids::id(config.seed, Sort::Request, number),
            version_id: format!("{version}.{version}.7efba6486e175b915720557866449504.{licensed}"),
            version,
            is_get: request.method() == "GET",
            encoding: if takes_gzip { Encoding::Gzip } else { Encoding::Plain },
        }
    }
}

async fn sleep_for(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}
