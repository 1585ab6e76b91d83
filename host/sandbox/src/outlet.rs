//! Sends requests of the embedder's own code, with the grants and limits of a guest.

use std::future::ready;

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use provider_egress::EgressSession;
use provider_model::Description;
use wasmtime_wasi_http::{Error as HttpError, WasiHttpHooks as _};

use crate::{Access, Error, Result, Settings};

/// Sends requests that a description names, as a provider's would be sent: the same client and connections, grants,
/// policy, limits, secrets and log. For a provider that is not sandboxed, such as one that is debugged natively, and for
/// measuring what the sandbox costs.
#[derive(Clone)]
pub struct Outlet {
    settings: Settings,
    egress: EgressSession,
}

impl Outlet {
    /// An outlet for the requests of the description, at each setting that it describes as a URL.
    ///
    /// # Errors
    /// Those of [`Provider::connect`](crate::Provider::connect) that concern the settings.
    pub fn open(description: &Description, access: Access) -> Result<Self> {
        let (settings, egress) = access.open(description)?;
        Ok(Self { settings, egress })
    }

    /// The settings as a provider gets them: with placeholders, which requests replace with the secrets.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings.expose_all()
    }

    /// Begins a call: [`Limits::requests_per_call`](crate::Limits::requests_per_call) counts from here.
    pub fn begin_call(&self) {
        self.egress.begin_call();
    }

    /// Sends a request with an absolute URL, and reads the whole answer.
    ///
    /// # Errors
    /// It is not granted, a limit was reached, or there was no complete response.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        let unanswered = |error: HttpError| Error::Unanswered { reason: error.into() };
        let request = request.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync());
        let answer = self.egress.clone().send_request(request, None, Box::new(ready(Ok(()))));
        let (response, _) = Box::into_pin(answer).await.map_err(unanswered)?;
        let (head, body) = response.into_parts();
        Ok(Response::from_parts(head, body.collect().await.map_err(unanswered)?.to_bytes()))
    }
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlet").field("settings", &self.settings).finish_non_exhaustive()
    }
}
