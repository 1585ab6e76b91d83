//! The state of one open session: which requests may be sent, by which client, and what is logged and denied.

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

/// What a session may send, how much, and where it is logged.
pub struct SessionOptions<'a> {
    /// The requests that the provider describes, at each configured URL.
    pub grants: Vec<Grant>,
    /// The secrets to put into granted requests.
    pub vault: Vault,
    /// What the operator of the platform allows.
    pub policy: &'a Policy,
    /// The limits on requests and answers.
    pub limits: &'a TrafficLimits,
    /// The queue in which its requests wait for their turn.
    pub turns: Turns,
    /// The sender of the requests, for the log.
    pub sender: Sender,
    /// Records each request.
    pub audit: Option<Arc<dyn Audit>>,
}

/// The state of one open session, shared by its clones.
pub(crate) struct EgressInner {
    pub(crate) egress: Egress,
    origins: Vec<GrantedOrigin>,
    pub(crate) vault: Vault,
    pub(crate) quota: Quota,
    /// The largest body of one request, in bytes.
    pub(crate) request_bytes: u64,
    pub(crate) body_bytes: u64,
    /// The longest time of a whole request.
    pub(crate) time: Duration,
    pub(crate) head_bytes: u32,
    pub(crate) headers: u32,
    denials: Denials,
    pub(crate) sender: Sender,
    pub(crate) audit: Option<Arc<dyn Audit>>,
    repeats: Mutex<Repeats>,
    pub(crate) redactor: Redactor,
}

/// The origin of a url setting: the requests that are granted there, and its connections.
struct GrantedOrigin {
    grant: Grant,
    reach: Reach,
    clients: Clients,
}

/// The connections to one server.
#[derive(Clone)]
pub(crate) struct Clients {
    any: Client,
    one: Client,
    /// Whether the server requires HTTP/1.1.
    wants_one: Arc<AtomicBool>,
    /// Whether the server has answered by HTTP/2.
    speaks_two: Arc<AtomicBool>,
}

impl Clients {
    /// The client for the version of HTTP that the server prefers.
    pub(crate) fn choose(&self) -> &Client {
        if self.wants_one.load(Ordering::Relaxed) { &self.one } else { &self.any }
    }

    /// The client for HTTP/1.1.
    pub(crate) const fn one(&self) -> &Client {
        &self.one
    }

    /// Records that the server answers by HTTP/2.
    pub(crate) fn note_two(&self) {
        self.speaks_two.store(true, Ordering::Relaxed);
    }

    /// Whether the server has answered by HTTP/2.
    pub(crate) fn speaks_two(&self) -> bool {
        self.speaks_two.load(Ordering::Relaxed)
    }

    /// Records that the server requires HTTP/1.1.
    pub(crate) fn want_one(&self) {
        self.wants_one.store(true, Ordering::Relaxed);
    }
}

/// How a granted request is sent.
pub(crate) struct Exit {
    pub(crate) clients: Clients,
    pub(crate) route: Route,
    /// The url settings that grant the request: their secrets are put into it.
    pub(crate) urls: Vec<Arc<str>>,
}

impl EgressInner {
    /// # Errors
    /// A grant leads to an origin that the policy does not allow.
    pub(crate) fn open(egress: Egress, options: SessionOptions<'_>) -> Result<Self> {
        let SessionOptions { grants, vault, policy, limits, turns, sender, audit } = options;
        let open = |grant: Grant| {
            let reach = policy.check(grant.origin())?;
            let client = |http| egress.client(reach, limits, http);
            let clients = Clients {
                any: client(Http::Any),
                one: client(Http::One),
                wants_one: Arc::default(),
                speaks_two: Arc::default(),
            };
            Ok(GrantedOrigin { clients, reach, grant })
        };
        let origins = grants.into_iter().map(open).collect::<Result<_>>()?;
        let of_egress = egress.secrets();
        Ok(Self {
            redactor: Redactor::new(vault.secrets().chain(&of_egress)),
            egress,
            origins,
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

    /// The denials since the call began.
    pub(crate) fn denials(&self) -> Vec<Denial> {
        self.denials.list()
    }

    /// Finds the grant of a request. Also returns the request as the log has it.
    pub(crate) fn admit(&self, request: &http::Request<WasiBody>) -> (Request, Result<Exit, DenialReason>) {
        // Denied requests count as well, so this comes first.
        let counted = self.quota.count().map_err(DenialReason::Limit);
        let asked = Asked { method: request.method(), uri: request.uri(), headers: request.headers() };
        let (method, uri) = (asked.method, asked.uri);
        let origin = Origin::of(uri);
        let origins: Vec<_> =
            self.origins.iter().filter(|granted| Some(granted.grant.origin()) == origin.as_ref()).collect();
        // Two settings may lead to one server, each with requests of its own.
        let mut found: Vec<(&GrantedOrigin, Found)> = Vec::new();
        for granted in &origins {
            let others = origins.iter().map(|granted| &granted.grant);
            found.extend(granted.grant.find(asked, others).map(|found| (*granted, found)));
        }
        if found.iter().any(|(_, found)| found.beyond.is_none()) {
            found.retain(|(_, found)| found.beyond.is_none());
        }
        let urls: Vec<_> = found.iter().map(|(granted, _)| Arc::clone(granted.grant.url())).collect();
        let found = found.into_iter().next();
        let admitted = counted.and_then(|()| match &found {
            Some((_, Found { beyond: Some(beyond), .. })) => Err(beyond.reason),
            Some((granted, _)) => self.check(granted, request, urls),
            None if !origins.is_empty() => Err(DenialReason::Request),
            None => Err(DenialReason::Origin),
        });
        let is_why = |beyond: &&Beyond| matches!(&admitted, Err(reason) if *reason == beyond.reason);
        let beyond = found.as_ref().and_then(|(_, found)| found.beyond.as_ref().filter(is_why).cloned());
        let (method, path, asked) = match found {
            Some((_, Found { path, .. })) => (method.to_string(), path.clone(), path),
            None => {
                let is_known = |word: &str| self.origins.iter().any(|granted| granted.grant.knows(word));
                let asked = words::path(uri.path(), |word| words::is_plain_word(word) || is_known(word));
                (words::method(method), words::path(uri.path(), is_known), asked)
            }
        };
        let (name, line) = beyond.map_or((None, None), |beyond| (Some(beyond.name), beyond.line));
        (Request { method, origin, path, asked, name, line }, admitted)
    }

    fn check(
        &self,
        granted: &GrantedOrigin,
        request: &http::Request<WasiBody>,
        urls: Vec<Arc<str>>,
    ) -> Result<Exit, DenialReason> {
        let (uri, headers) = (request.uri(), request.headers());
        // A `Host` of the guest's own could reach another site behind the same address.
        let authority = uri.authority().map(|authority| authority.as_str().as_bytes());
        if headers.get(HOST).is_some_and(|host| Some(host.as_bytes()) != authority) {
            return Err(DenialReason::Host);
        }
        let route = self.egress.route(uri);
        // A literal address is dialled without a look-up.
        if let Some(refusal) = refusal_of_host(uri.host().unwrap_or_default(), granted.reach, route != Route::Direct) {
            return Err(refusal.into());
        }
        if request.body().size_hint().lower() > self.request_bytes {
            return Err(DenialReason::Limit(TrafficLimit::RequestBody(self.request_bytes)));
        }
        self.quota.let_out_one(head_bytes(request)).map_err(DenialReason::Limit)?;
        Ok(Exit { clients: granted.clients.clone(), route, urls })
    }

    /// Keeps a denial, to report it to the person whose session it is.
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
            self.redactor.clean_for_person(text);
        }
        self.denials.add(denial);
    }

    /// Logs a request. Repetitions of a denied one are logged by their number.
    pub(crate) fn write_down(&self, mut entry: Entry) {
        let Some(audit) = &self.audit else { return };
        let line = if matches!(entry.outcome, Outcome::Denied { .. }) {
            // The words of a granted request are the description's; those of a denied one are the plugin's.
            self.redactor.clean_for_person(&mut entry.origin);
            self.redactor.clean_for_person(&mut entry.path);
            self.repeats.lock().unwrap_or_else(PoisonError::into_inner).add(entry)
        } else {
            Some(entry)
        };
        if let Some(line) = line {
            audit.record(&line);
        }
    }

    /// The limit for an answer whose head is too large.
    pub(crate) const fn head_limit(&self) -> TrafficLimit {
        TrafficLimit::ResponseHead { headers: self.headers, bytes: self.head_bytes }
    }
}

impl Drop for EgressInner {
    fn drop(&mut self) {
        let Some(audit) = &self.audit else { return };
        for line in self.repeats.get_mut().unwrap_or_else(PoisonError::into_inner).rest() {
            audit.record(&line);
        }
    }
}

/// About how many bytes a request's head has when it is sent.
fn head_bytes(request: &http::Request<WasiBody>) -> u64 {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let line = request.method().as_str().len().saturating_add(target);
    let bytes = request
        .headers()
        .iter()
        .fold(line, |sum, (name, value)| sum.saturating_add(name.as_str().len()).saturating_add(value.len()));
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
