//! The body of an answer, watched: how long it pauses, how long the request takes in all, and how large it gets.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use hyper::body::{Bytes, Incoming};
use tokio::time::{Sleep, sleep_until};
use wasmtime_wasi_http::Error as HttpError;

use crate::deadline::Deadline;
use crate::failure::{self, Failure};
use crate::in_flight::InFlight;
use crate::tally::size;
use crate::{DenialReason, TrafficLimit};

/// A body that fails when it pauses too long, lasts too long or grows too large.
pub(crate) struct Watched {
    body: Incoming,
    /// `Some` until the body ends or fails.
    in_flight: Option<InFlight>,
    left: u64,
    limit: u64,
    pause: Duration,
    deadline: Deadline,
    alarm: Pin<Box<Sleep>>,
    is_waiting: bool,
}

impl Watched {
    /// # Errors
    /// The body says beforehand that it is too large.
    pub(crate) fn new(
        body: Incoming,
        in_flight: InFlight,
        pause: Duration,
        deadline: Deadline,
    ) -> Result<Self, HttpError> {
        let limit = in_flight.inner().body_bytes;
        if body.size_hint().lower() > limit {
            return Err(in_flight.failed(too_large(limit)).into());
        }
        let alarm = Box::pin(sleep_until(deadline.at_most(pause)));
        let mut watched =
            Self { body, in_flight: Some(in_flight), left: limit, limit, pause, deadline, alarm, is_waiting: false };
        watched.look_for_end();
        Ok(watched)
    }

    /// A reader may stop as soon as the body says that it has ended, without asking for more.
    fn look_for_end(&mut self) {
        if self.body.is_end_stream() {
            self.end();
        }
    }

    fn end(&mut self) {
        if let Some(in_flight) = self.in_flight.take() {
            in_flight.ended();
        }
    }

    fn fail(&mut self, failure: Failure) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let failure = match self.in_flight.take() {
            Some(in_flight) => in_flight.failed(failure),
            None => failure,
        };
        Poll::Ready(Some(Err(failure.into())))
    }
}

const fn too_large(limit: u64) -> Failure {
    Failure::Denied(DenialReason::Limit(TrafficLimit::ResponseBody(limit)))
}

impl Body for Watched {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(None) => {
                this.end();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => this.fail(failure::of_body(&error)),
            Poll::Ready(Some(Ok(frame))) => {
                this.is_waiting = false;
                let size = size(&frame);
                let Some(left) = this.left.checked_sub(size) else { return this.fail(too_large(this.limit)) };
                this.left = left;
                if let Some(in_flight) = &mut this.in_flight {
                    in_flight.received(size);
                }
                this.look_for_end();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Pending => {
                // The alarm is set when a wait begins, and not for every piece that is there already.
                if !this.is_waiting {
                    this.is_waiting = true;
                    this.alarm.as_mut().reset(this.deadline.at_most(this.pause));
                }
                match this.alarm.as_mut().poll(cx) {
                    Poll::Ready(()) if this.deadline.has_passed() => this.fail(Failure::RequestTimeout),
                    Poll::Ready(()) => this.fail(Failure::PauseTooLong),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
