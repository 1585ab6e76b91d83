//! The body of a request: taken in while the request waits for its turn, and counted while it is sent.

use std::collections::VecDeque;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

use crate::failure::Failure;
use crate::tally::{Tally, size};

/// A body on its way out.
///
/// A guest may write bodies before it reads answers, and each write waits until somebody takes it. If a request that
/// waits for its turn took none, a guest would wait for an answer's end that only itself can bring about. So what is
/// written meanwhile is kept, as far as there is room.
pub(crate) struct Outgoing {
    body: WasiBody,
    has_ended: bool,
    taken: VecDeque<Frame<Bytes>>,
    room: Arc<Semaphore>,
    held: Vec<OwnedSemaphorePermit>,
    tally: Arc<Tally>,
}

impl Outgoing {
    /// A body whose bytes are counted there, with as much room to be kept in as there are permits, shared with others.
    pub(crate) const fn new(body: WasiBody, room: Arc<Semaphore>, tally: Arc<Tally>) -> Self {
        Self { body, has_ended: false, taken: VecDeque::new(), room, held: Vec::new(), tally }
    }

    /// Takes in what comes, and returns only if the guest breaks off. May be dropped at any time.
    pub(crate) async fn take_in(&mut self) -> HttpError {
        loop {
            if self.has_ended || self.room.available_permits() == 0 {
                return pending().await;
            }
            match self.body.frame().await {
                None => self.has_ended = true,
                Some(Err(error)) => return error,
                Some(Ok(frame)) => {
                    // The last piece may be larger than the room that is left.
                    let bytes = usize::try_from(size(&frame)).unwrap_or(usize::MAX).min(self.room.available_permits());
                    let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
                    self.held.extend(Arc::clone(&self.room).try_acquire_many_owned(permits));
                    self.taken.push_back(frame);
                }
            }
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let polled = match self.taken.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None if self.has_ended => Poll::Ready(None),
            None => Pin::new(&mut self.body).poll_frame(cx),
        };
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Err(reason) = self.tally.count(frame)
        {
            return Poll::Ready(Some(Err(Failure::Denied(reason).into())));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.taken.is_empty() && (self.has_ended || self.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let taken = self.taken.iter().fold(0_u64, |sum, frame| sum.saturating_add(size(frame)));
        let rest = if self.has_ended { SizeHint::with_exact(0) } else { self.body.size_hint() };
        let mut hint = SizeHint::new();
        hint.set_lower(taken.saturating_add(rest.lower()));
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(taken)) {
            hint.set_upper(upper);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::StreamBody;

    use super::*;
    use crate::quota::Total;

    fn tally() -> Arc<Tally> {
        Arc::new(Tally::new(1000, Arc::new(Total::new(1000))))
    }

    /// A body of these pieces, which stays open after them if it does not end.
    fn body(pieces: &[&'static str], ends: bool) -> WasiBody {
        let mut pieces: VecDeque<_> = pieces.iter().map(|piece| Bytes::from_static(piece.as_bytes())).collect();
        let stream = futures_util::stream::poll_fn(move |_| match pieces.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None if ends => Poll::Ready(None),
            None => Poll::Pending,
        });
        StreamBody::new(stream).boxed_unsync()
    }

    #[tokio::test]
    async fn a_body_that_waited_is_sent_whole() {
        for (name, pieces, room, kept) in [
            ("never waited", &["ab", "cde"][..], 0, 0),
            ("had room for a piece", &["ab", "cde", "f"], 1, 1),
            ("had room for two pieces", &["ab", "cde", "f"], 4, 2),
            ("had room for all", &["ab", "cde"], 100, 2),
            ("is empty", &[], 100, 0),
        ] {
            let (room, tally) = (Arc::new(Semaphore::new(room)), tally());
            let mut outgoing = Outgoing::new(body(pieces, true), Arc::clone(&room), Arc::clone(&tally));
            assert!(tokio::time::timeout(Duration::from_millis(20), outgoing.take_in()).await.is_err(), "{name}");
            assert_eq!(outgoing.taken.len(), kept, "{name}");
            let whole = outgoing.collect().await.unwrap().to_bytes();
            assert_eq!(whole, pieces.concat(), "{name}");
            assert_eq!(tally.sent(), whole.len() as u64, "{name}");
        }
    }

    #[tokio::test]
    async fn room_is_shared_and_given_back() {
        let room = Arc::new(Semaphore::new(5));
        let mut one = Outgoing::new(body(&["abcd"], false), Arc::clone(&room), tally());
        let mut two = Outgoing::new(body(&["abcd", "e"], false), Arc::clone(&room), tally());
        for outgoing in [&mut one, &mut two] {
            assert!(tokio::time::timeout(Duration::from_millis(20), outgoing.take_in()).await.is_err());
            assert_eq!(outgoing.taken.len(), 1);
        }
        assert_eq!(room.available_permits(), 0);
        drop((one, two));
        assert_eq!(room.available_permits(), 5);
    }

    #[test]
    fn the_size_of_a_body_is_told_as_it_was() {
        let full = || http_body_util::Full::new(Bytes::from_static(b"abc")).map_err(|never| match never {});
        let mut outgoing = Outgoing::new(full().boxed_unsync(), Arc::new(Semaphore::new(9)), tally());
        assert_eq!((outgoing.size_hint().exact(), outgoing.is_end_stream()), (Some(3), false));
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(std::pin::pin!(outgoing.take_in()).poll(&mut context).is_pending());
        assert_eq!((outgoing.size_hint().exact(), outgoing.is_end_stream()), (Some(3), false));
    }
}
