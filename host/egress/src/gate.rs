//! What one guest may send, and what it gets back.

use std::future::Future;
use std::sync::Arc;

use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiBody, WasiHttpHooks};

use crate::client::Egress;
use crate::failure::Failure;
use crate::pass::Pass;
use crate::redact::Texts;
use crate::send;
use crate::way::{GateOptions, Way};
use crate::{Denial, Result};

type Io = Box<dyn Future<Output = std::result::Result<(), HttpError>> + Send>;
type Answer = std::result::Result<(http::Response<WasiBody>, Io), HttpError>;

/// The way out of one guest. Clones lead to the same place.
#[derive(Clone)]
pub struct Gate {
    way: Option<Arc<Way>>,
}

impl Gate {
    /// Lets nothing out.
    pub const fn closed() -> Self {
        Self { way: None }
    }

    /// Lets the granted requests out, and puts the secrets into them.
    ///
    /// # Errors
    /// A grant leads to an origin that the policy does not allow.
    pub fn open(egress: Egress, options: GateOptions<'_>) -> Result<Self> {
        Ok(Self { way: Some(Arc::new(Way::open(egress, options)?)) })
    }

    /// Begins a call of the guest: it may send as much as any other, and earlier denials are forgotten.
    pub fn begin_call(&self) {
        if let Some(way) = &self.way {
            way.begin_call();
        }
    }

    /// Takes the session's secrets out of texts that leave the host.
    pub fn redact<T: Texts>(&self, mut texts: T) -> T {
        if let Some(way) = &self.way {
            texts.redact(&way.redactor);
        }
        texts
    }

    /// How many requests were let out so far.
    pub fn requests(&self) -> u64 {
        self.way.as_ref().map_or(0, |way| way.quota.let_out())
    }

    /// What was denied since the call began.
    pub fn denials(&self) -> Vec<Denial> {
        self.way.as_ref().map_or_else(Vec::new, |way| way.denials())
    }
}

impl WasiHttpHooks for Gate {
    /// What a guest may write at once, and so what is kept at least of each request that waits.
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        64 * 1024
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Io,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let Some(way) = self.way.clone() else {
            return Box::new(async { Err(HttpError::HttpRequestDenied) });
        };
        let (words, admitted) = way.admit(&request);
        let pass = Pass::new(way, words);
        let exit = match admitted {
            Ok(exit) => exit,
            Err(reason) => {
                let failure = pass.failed(Failure::Denied(reason));
                return Box::new(async move {
                    // Until somebody asks for the answer, the guest may write the body that nobody reads.
                    drop(request);
                    Err(failure.into())
                });
            }
        };
        Box::new(async move {
            let response = send::send(pass, exit, request, options.unwrap_or_default()).await?;
            // The pool drives the connection.
            Ok((response, Box::new(async { Ok(()) }) as Io))
        })
    }
}
