//! What one guest may send, and what it gets back.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::connect::capture_connection;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiBody, WasiHttpHooks};

use super::address::is_prohibited;
use super::body::Watched;
use super::{Egress, failure};
use crate::grant::Grant;
use crate::vault::Vault;

/// What holds where a guest asks for no timeout.
const TIMEOUT: Duration = Duration::from_secs(60);

type Io = Box<dyn Future<Output = Result<(), HttpError>> + Send>;
type Answer = Result<(Response<WasiBody>, Io), HttpError>;

/// The way out of one guest. Clones lead to the same place.
#[derive(Clone)]
pub(crate) struct Gate {
    way: Option<Way>,
}

#[derive(Clone)]
struct Way {
    egress: Egress,
    grants: Arc<[Grant]>,
    vault: Vault,
    body_bytes: u64,
}

impl Gate {
    /// Lets nothing out.
    pub(crate) const fn closed() -> Self {
        Self { way: None }
    }

    /// Lets the granted requests out, and puts the secrets into them.
    pub(super) fn open(egress: Egress, grants: Vec<Grant>, vault: Vault, body_bytes: u64) -> Self {
        Self { way: Some(Way { egress, grants: grants.into(), vault, body_bytes }) }
    }

    fn allows(&self, request: &Request<WasiBody>) -> Option<Way> {
        let way = self.way.as_ref()?;
        // A `Host` of the guest's own could reach another site behind the same address.
        let host = request.headers().get(http::header::HOST).map(http::HeaderValue::as_bytes);
        let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        let is_same_host = host.is_none() || host == authority;
        let is_granted = || way.grants.iter().any(|grant| grant.allows(request.method(), request.uri()));
        (is_same_host && is_granted()).then(|| way.clone())
    }
}

impl WasiHttpHooks for Gate {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Io,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let way = self.allows(&request);
        Box::new(async move {
            let way = way.ok_or(HttpError::HttpRequestDenied)?;
            // A literal address is dialled without a look-up.
            let host = request.uri().host().unwrap_or_default().trim_matches(['[', ']']);
            if host.parse().is_ok_and(is_prohibited) {
                return Err(HttpError::DestinationIpProhibited);
            }
            let response = send(way, request, options.unwrap_or_default()).await?;
            // The pool drives the connection.
            Ok((response, Box::new(async { Ok(()) }) as Io))
        })
    }
}

async fn send(
    way: Way,
    mut request: Request<WasiBody>,
    options: RequestOptions,
) -> Result<Response<WasiBody>, HttpError> {
    way.vault.fill(request.headers_mut());
    let mut connection = capture_connection(&mut request);
    way.egress.sent.fetch_add(1, Ordering::Relaxed);
    let sending = way.egress.client.request(request);
    tokio::pin!(sending);
    // The pool does not tell the two waits apart, so the first ends with the news of a connection.
    let connecting = async {
        tokio::select! {
            biased;
            answer = &mut sending => Some(answer),
            _ = connection.wait_for_connection_metadata() => None,
        }
    };
    let connected = timeout(options.connect_timeout.unwrap_or(TIMEOUT), connecting);
    let answer = match connected.await.map_err(|_| HttpError::ConnectionTimeout)? {
        Some(answer) => answer,
        None => timeout(options.first_byte_timeout.unwrap_or(TIMEOUT), sending)
            .await
            .map_err(|_| HttpError::HttpResponseTimeout)?,
    };
    let (head, body) = answer.map_err(|error| failure::of(&error))?.into_parts();
    let body = Watched::new(body, way.body_bytes, options.between_bytes_timeout.unwrap_or(TIMEOUT))?;
    Ok(Response::from_parts(head, body.boxed_unsync()))
}
