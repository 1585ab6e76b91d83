//! What an open gate leads through: who may pass, by which client, and what is written down and denied.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::HOST;
use http_body::Body as _;
use wasmtime_wasi_http::WasiBody;

use crate::address::refusal_of_host;
use crate::audit::{Audit, Entry, Outcome};
use crate::client::{Client, Egress};
use crate::denial::Denials;
use crate::grant::{Asked, Beyond, Found, Grant};
use crate::handshake::Http;
use crate::policy::{Policy, Reach};
use crate::proxy::Route;
use crate::quota::{Quota, Turns};
use crate::redact::Redactor;
use crate::repeats::Repeats;
use crate::request::Request;
use crate::sender::Sender;
use crate::vault::Vault;
use crate::words;
use crate::{Denial, DenialReason, Origin, Result, TrafficLimit, TrafficLimits};

/// What a gate lets out, how much, and who is told.
pub struct GateOptions<'a> {
    /// The requests that the provider describes, at each configured URL.
    pub grants: Vec<Grant>,
    /// The secrets that are put into them.
    pub vault: Vault,
    /// What the operator of the platform allows.
    pub policy: &'a Policy,
    /// The limits on requests and answers.
    pub limits: &'a TrafficLimits,
    /// When its requests have their turn.
    pub turns: Turns,
    /// Whose requests they are, for the log.
    pub sender: Sender,
    /// Takes down each request.
    pub audit: Option<Arc<dyn Audit>>,
}

/// What an open gate leads through.
pub(crate) struct Way {
    pub(crate) egress: Egress,
    doors: Vec<Door>,
    pub(crate) vault: Vault,
    pub(crate) quota: Quota,
    /// The most that one request's body may hold.
    pub(crate) request_bytes: u64,
    pub(crate) body_bytes: u64,
    /// What a request may take in all.
    pub(crate) time: Duration,
    pub(crate) head_bytes: u32,
    pub(crate) headers: u32,
    denials: Denials,
    pub(crate) sender: Sender,
    pub(crate) audit: Option<Arc<dyn Audit>>,
    repeats: Mutex<Repeats>,
    pub(crate) redactor: Redactor,
}

/// What is granted at one URL, and the connections for it.
struct Door {
    grant: Grant,
    reach: Reach,
    clients: Clients,
}

/// The connections to one server.
#[derive(Clone)]
pub(crate) struct Clients {
    any: Client,
    one: Client,
    /// The server has asked for HTTP/1.1.
    wants_one: Arc<AtomicBool>,
    /// The server has answered by HTTP/2.
    speaks_two: Arc<AtomicBool>,
}

impl Clients {
    /// The client that the server likes.
    pub(crate) fn choose(&self) -> &Client {
        if self.wants_one.load(Ordering::Relaxed) { &self.one } else { &self.any }
    }

    /// The client for HTTP/1.1.
    pub(crate) const fn one(&self) -> &Client {
        &self.one
    }

    /// Takes down that the server answers by HTTP/2.
    pub(crate) fn note_two(&self) {
        self.speaks_two.store(true, Ordering::Relaxed);
    }

    /// Whether the server has answered by HTTP/2.
    pub(crate) fn speaks_two(&self) -> bool {
        self.speaks_two.load(Ordering::Relaxed)
    }

    /// Takes down that the server wants HTTP/1.1.
    pub(crate) fn want_one(&self) {
        self.wants_one.store(true, Ordering::Relaxed);
    }
}

/// How a request that is let out goes.
pub(crate) struct Exit {
    pub(crate) clients: Clients,
    pub(crate) route: Route,
    /// The url settings whose grants it has: their secrets are put into it.
    pub(crate) urls: Vec<Arc<str>>,
}

impl Way {
    /// # Errors
    /// A grant leads to an origin that the policy does not allow.
    pub(crate) fn open(egress: Egress, options: GateOptions<'_>) -> Result<Self> {
        let GateOptions { grants, vault, policy, limits, turns, sender, audit } = options;
        let door = |grant: Grant| {
            let reach = policy.check(grant.origin())?;
            let client = |http| egress.client(reach, limits, http);
            let clients = Clients {
                any: client(Http::Any),
                one: client(Http::One),
                wants_one: Arc::default(),
                speaks_two: Arc::default(),
            };
            Ok(Door { clients, reach, grant })
        };
        let doors = grants.into_iter().map(door).collect::<Result<_>>()?;
        let of_egress = egress.secrets();
        Ok(Self {
            redactor: Redactor::new(vault.secrets().chain(&of_egress)),
            egress,
            doors,
            vault,
            quota: Quota::new(limits, turns),
            request_bytes: limits.request_body_bytes,
            body_bytes: limits.response_body_bytes,
            time: limits.request_time,
            head_bytes: limits.response_header_bytes,
            headers: limits.response_headers,
            denials: Denials::default(),
            sender,
            audit,
            repeats: Mutex::default(),
        })
    }

    /// Begins a call of the guest.
    pub(crate) fn begin_call(&self) {
        self.quota.begin_call();
        self.denials.clear();
    }

    /// What was denied since the call began.
    pub(crate) fn denials(&self) -> Vec<Denial> {
        self.denials.list()
    }

    /// Looks for the grant of a request. What comes first is how it is written down.
    pub(crate) fn admit(&self, request: &http::Request<WasiBody>) -> (Request, Result<Exit, DenialReason>) {
        // What is denied counts as well, and so comes first.
        let counted = self.quota.count().map_err(DenialReason::Limit);
        let asked = Asked { method: request.method(), uri: request.uri(), headers: request.headers() };
        let (method, uri) = (asked.method, asked.uri);
        let origin = Origin::of(uri);
        let doors: Vec<_> = self.doors.iter().filter(|door| Some(door.grant.origin()) == origin.as_ref()).collect();
        // Two settings may lead to one server, each with requests of its own.
        let mut found: Vec<(&Door, Found)> = Vec::new();
        for door in &doors {
            let others = doors.iter().map(|door| &door.grant);
            found.extend(door.grant.find(asked, others).map(|found| (*door, found)));
        }
        if found.iter().any(|(_, found)| found.beyond.is_none()) {
            found.retain(|(_, found)| found.beyond.is_none());
        }
        let urls: Vec<_> = found.iter().map(|(door, _)| Arc::clone(door.grant.url())).collect();
        let found = found.into_iter().next();
        let admitted = counted.and_then(|()| match &found {
            Some((_, Found { beyond: Some(beyond), .. })) => Err(beyond.reason),
            Some((door, _)) => self.check(door, request, urls),
            None if !doors.is_empty() => Err(DenialReason::Request),
            None => Err(DenialReason::Origin),
        });
        let is_why = |beyond: &&Beyond| matches!(&admitted, Err(reason) if *reason == beyond.reason);
        let beyond = found.as_ref().and_then(|(_, found)| found.beyond.as_ref().filter(is_why).cloned());
        let (method, path, asked) = match found {
            Some((_, Found { path, .. })) => (method.to_string(), path.clone(), path),
            None => {
                let is_known = |word: &str| self.doors.iter().any(|door| door.grant.knows(word));
                let asked = words::path(uri.path(), |word| words::is_plain_word(word) || is_known(word));
                (words::method(method), words::path(uri.path(), is_known), asked)
            }
        };
        let (name, line) = beyond.map_or((None, None), |beyond| (Some(beyond.name), beyond.line));
        (Request { method, origin, path, asked, name, line }, admitted)
    }

    fn check(&self, door: &Door, request: &http::Request<WasiBody>, urls: Vec<Arc<str>>) -> Result<Exit, DenialReason> {
        let (uri, headers) = (request.uri(), request.headers());
        // A `Host` of the guest's own could reach another site behind the same address.
        let authority = uri.authority().map(|authority| authority.as_str().as_bytes());
        if headers.get(HOST).is_some_and(|host| Some(host.as_bytes()) != authority) {
            return Err(DenialReason::Host);
        }
        let route = self.egress.route(uri);
        // A literal address is dialled without a look-up.
        if let Some(refusal) = refusal_of_host(uri.host().unwrap_or_default(), door.reach, route != Route::Direct) {
            return Err(refusal.into());
        }
        if request.body().size_hint().lower() > self.request_bytes {
            return Err(DenialReason::Limit(TrafficLimit::RequestBody(self.request_bytes)));
        }
        self.quota.let_out_one(head_bytes(request)).map_err(DenialReason::Limit)?;
        Ok(Exit { clients: door.clients.clone(), route, urls })
    }

    /// Keeps a denial for the person whose session it is.
    pub(crate) fn deny(&self, request: &Request, reason: DenialReason) {
        let Request { method, origin, path: _, asked, name, line } = request;
        let mut denial = Denial {
            method: method.clone(),
            path: asked.clone(),
            origin: origin.as_ref().map_or_else(String::new, words::origin),
            name: name.clone(),
            reason,
            would_allow: reason.would_allow(method, asked, origin.as_ref(), line.as_deref()),
            times: 1,
        };
        let texts = [&mut denial.path, &mut denial.origin, &mut denial.would_allow];
        for text in texts.into_iter().chain(&mut denial.name) {
            self.redactor.clean_told(text);
        }
        self.denials.add(denial);
    }

    /// Writes a request down: one that was denied once, and from then on by its number.
    pub(crate) fn write_down(&self, mut entry: Entry) {
        let Some(audit) = &self.audit else { return };
        let line = if matches!(entry.outcome, Outcome::Denied { .. }) {
            // What is granted is in the words of the description, and what is denied in the plugin's.
            self.redactor.clean_told(&mut entry.origin);
            self.redactor.clean_told(&mut entry.path);
            self.repeats.lock().unwrap_or_else(PoisonError::into_inner).add(entry)
        } else {
            Some(entry)
        };
        if let Some(line) = line {
            audit.record(&line);
        }
    }

    /// What an answer has hit whose head is too large.
    pub(crate) const fn head_limit(&self) -> TrafficLimit {
        TrafficLimit::ResponseHead { headers: self.headers, bytes: self.head_bytes }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        let Some(audit) = &self.audit else { return };
        for line in self.repeats.get_mut().unwrap_or_else(PoisonError::into_inner).rest() {
            audit.record(&line);
        }
    }
}

/// Bytes of what stands before a request's body, about as they are sent.
fn head_bytes(request: &http::Request<WasiBody>) -> u64 {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let line = request.method().as_str().len().saturating_add(target);
    let bytes = request
        .headers()
        .iter()
        .fold(line, |sum, (name, value)| sum.saturating_add(name.as_str().len()).saturating_add(value.len()));
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
