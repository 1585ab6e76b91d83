//! The HTTP of one guest: what it may send, and what it gets back.

use std::future::Future;
use std::sync::Arc;

use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiBody, WasiHttpHooks};

use crate::client::Egress;
use crate::failure::Failure;
use crate::in_flight::InFlight;
use crate::inner::{EgressInner, SessionOptions};
use crate::redact::Texts;
use crate::send;
use crate::{Denial, Result};

type Io = Box<dyn Future<Output = std::result::Result<(), HttpError>> + Send>;
type Answer = std::result::Result<(http::Response<WasiBody>, Io), HttpError>;

/// The HTTP of one guest's session: sends granted requests and denies all others. Clones share one state.
#[derive(Clone)]
pub struct EgressSession {
    inner: Option<Arc<EgressInner>>,
}

impl EgressSession {
    /// A session that may send nothing.
    pub const fn closed() -> Self {
        Self { inner: None }
    }

    /// Opens a session that sends the granted requests, with the secrets put into them.
    ///
    /// # Errors
    /// A grant leads to an origin that the policy does not allow.
    pub fn open(egress: Egress, options: SessionOptions<'_>) -> Result<Self> {
        Ok(Self { inner: Some(Arc::new(EgressInner::open(egress, options)?)) })
    }

    /// Begins a call of the guest: its limits count from zero, and earlier denials are forgotten.
    pub fn begin_call(&self) {
        if let Some(inner) = &self.inner {
            inner.begin_call();
        }
    }

    /// Takes the session's secrets out of texts that leave the host.
    pub fn redact<T: Texts>(&self, mut texts: T) -> T {
        if let Some(inner) = &self.inner {
            texts.redact(&inner.redactor);
        }
        texts
    }

    /// How many requests were sent so far.
    pub fn requests(&self) -> u64 {
        self.inner.as_ref().map_or(0, |inner| inner.quota.let_out())
    }

    /// What was denied since the call began.
    pub fn denials(&self) -> Vec<Denial> {
        self.inner.as_ref().map_or_else(Vec::new, |inner| inner.denials())
    }
}

impl WasiHttpHooks for EgressSession {
    /// How much a guest may write at once: the least that is kept of each request that waits.
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        64 * 1024
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Io,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let Some(inner) = self.inner.clone() else {
            return Box::new(async { Err(HttpError::HttpRequestDenied) });
        };
        let (words, admitted) = inner.admit(&request);
        let in_flight = InFlight::new(inner, words);
        let exit = match admitted {
            Ok(exit) => exit,
            Err(reason) => {
                let failure = in_flight.failed(Failure::Denied(reason));
                return Box::new(async move {
                    // Until the guest asks for the answer, it may write the body, which nobody reads.
                    drop(request);
                    Err(failure.into())
                });
            }
        };
        Box::new(async move {
            let response = send::send(in_flight, exit, request, options.unwrap_or_default()).await?;
            // The pool drives the connection.
            Ok((response, Box::new(async { Ok(()) }) as Io))
        })
    }
}
