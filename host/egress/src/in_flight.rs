//! One request, from its start to the end of its answer: what it uses of the limits, and its line in the log.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tokio::sync::OwnedSemaphorePermit;

use crate::audit::{Entry, Outcome};
use crate::failure::Failure;
use crate::inner::EgressInner;
use crate::request::Request;
use crate::tally::Tally;
use crate::words;
use crate::{DenialReason, telemetry};

/// A request that a guest asked for. It is logged once, when this is dropped.
pub(crate) struct InFlight {
    inner: Arc<EgressInner>,
    request: Request,
    when: SystemTime,
    since: Instant,
    outcome: Outcome,
    tally: Arc<Tally>,
    received: u64,
    place: Option<OwnedSemaphorePermit>,
}

impl InFlight {
    pub(crate) fn new(inner: Arc<EgressInner>, request: Request) -> Self {
        let tally = Arc::new(Tally::new(inner.request_bytes, inner.quota.total()));
        Self {
            inner,
            request,
            when: SystemTime::now(),
            since: Instant::now(),
            outcome: Outcome::Failed { code: Failure::LetGo.code() },
            tally,
            received: 0,
            place: None,
        }
    }

    pub(crate) const fn inner(&self) -> &Arc<EgressInner> {
        &self.inner
    }

    /// Keeps a place among the requests in flight until this is dropped.
    pub(crate) fn hold(&mut self, place: Option<OwnedSemaphorePermit>) {
        self.place = place;
    }

    /// The counter of the body's bytes that are sent.
    pub(crate) fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// Records that an answer has begun.
    pub(crate) fn answered(&mut self, status: http::StatusCode) {
        self.outcome = Outcome::Cut { status: status.as_u16(), code: Failure::LetGo.code() };
    }

    /// Records a part of the answer's body.
    pub(crate) fn received(&mut self, bytes: u64) {
        self.received = self.received.saturating_add(bytes);
    }

    /// Records that the answer has ended.
    pub(crate) fn ended(mut self) {
        if let Outcome::Cut { status, .. } = self.outcome {
            self.outcome = Outcome::Answered { status };
        }
        // A server may answer before it has read all of a request.
        if let Some(reason) = self.stopped() {
            self.inner.deny(&self.request, reason);
        }
    }

    /// Records that the request or its answer failed.
    pub(crate) fn failed(mut self, failure: Failure) -> Failure {
        // If the body was refused midway, that is the cause, whatever the failure looks like.
        let failure = self.stopped().map_or(failure, Failure::Denied);
        let (code, denial) = (failure.code(), failure.denial());
        if let Some(reason) = denial {
            self.inner.deny(&self.request, reason);
        }
        self.outcome = match (self.outcome, denial) {
            (Outcome::Cut { status, .. }, _) => Outcome::Cut { status, code },
            (_, Some(_)) => Outcome::Denied { code },
            (_, None) => Outcome::Failed { code },
        };
        failure
    }

    /// Why the body was not sent to its end.
    fn stopped(&mut self) -> Option<DenialReason> {
        let refused = self.tally.refused()?;
        self.request.name.clone_from(&refused.header);
        Some(refused.reason)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        drop(self.place.take());
        telemetry::requested(&self.inner.sender, self.outcome, self.tally.sent(), self.received);
        if self.inner.audit.is_none() {
            return;
        }
        let Request { method, origin, path, asked: _, name: _, line: _ } = &self.request;
        self.inner.write_down(Entry {
            when: self.when,
            tenant: self.inner.sender.tenant.clone(),
            provider: self.inner.sender.provider.clone(),
            version: self.inner.sender.version.clone(),
            method: method.clone(),
            origin: origin.as_ref().map_or_else(String::new, words::origin),
            path: path.clone(),
            outcome: self.outcome,
            times: 1,
            request_bytes: self.tally.sent(),
            response_bytes: self.received,
            duration: self.since.elapsed(),
        });
    }
}
