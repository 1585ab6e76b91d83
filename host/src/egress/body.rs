//! The body of an answer, watched: how long it pauses, and how large it gets.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use hyper::body::{Bytes, Incoming};
use tokio::time::{Instant, Sleep, sleep};
use wasmtime_wasi_http::Error as HttpError;

use super::failure;

/// A body that fails when it pauses too long or grows too large.
pub(super) struct Watched {
    body: Incoming,
    left: u64,
    limit: u64,
    pause: Duration,
    alarm: Pin<Box<Sleep>>,
    is_waiting: bool,
}

impl Watched {
    /// # Errors
    /// The body says beforehand that it is too large.
    pub(super) fn new(body: Incoming, limit: u64, pause: Duration) -> Result<Self, HttpError> {
        if body.size_hint().lower() > limit {
            return Err(HttpError::HttpResponseBodySize(Some(limit)));
        }
        Ok(Self { body, left: limit, limit, pause, alarm: Box::pin(sleep(pause)), is_waiting: false })
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(failure::of_body(&error)))),
            Poll::Ready(Some(Ok(frame))) => {
                this.is_waiting = false;
                let size = frame.data_ref().map_or(0, |data| u64::try_from(data.len()).unwrap_or(u64::MAX));
                match this.left.checked_sub(size) {
                    Some(left) => {
                        this.left = left;
                        Poll::Ready(Some(Ok(frame)))
                    }
                    None => Poll::Ready(Some(Err(HttpError::HttpResponseBodySize(Some(this.limit))))),
                }
            }
            Poll::Pending => {
                // The alarm is set when a wait begins, and not for every piece that is there already.
                if !this.is_waiting {
                    this.is_waiting = true;
                    let until = Instant::now().checked_add(this.pause);
                    if let Some(until) = until {
                        this.alarm.as_mut().reset(until);
                    }
                }
                this.alarm.as_mut().poll(cx).map(|()| Some(Err(HttpError::ConnectionReadTimeout)))
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
