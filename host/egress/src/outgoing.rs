//! The body of a request: taken in while the request waits for its turn, and counted while it is sent.

use std::collections::VecDeque;
use std::future::pending;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

use crate::failure::Failure;
use crate::tally::{Tally, size};

/// A request's body while it is sent.
///
/// A guest may write bodies before it reads answers, and each write waits until it is read. If a request that waits for its
/// turn read nothing, the guest would deadlock: it would wait for its own next step. So what is written meanwhile is kept,
/// as far as there is room.
pub(crate) struct Outgoing {
    body: WasiBody,
    has_ended: bool,
    taken: VecDeque<Frame<Bytes>>,
    room: Arc<Semaphore>,
    held: Vec<OwnedSemaphorePermit>,
    tally: Arc<Tally>,
    copy: BodyCopy,
}

/// Bytes of the largest body that is kept while it is sent.
const COPIED: usize = 64 * 1024;

/// What was sent of a small body, in case that the server does not take it.
#[derive(Clone, Debug, Default)]
pub(crate) struct BodyCopy(Arc<Mutex<Copied>>);

#[derive(Debug, Default)]
struct Copied {
    pieces: Vec<Bytes>,
    bytes: usize,
    is_whole: bool,
}

impl BodyCopy {
    /// The body, if all of it was sent and it was not too large to be kept.
    pub(crate) fn take(&self) -> Option<WasiBody> {
        let copied = mem::take(&mut *self.lock());
        let whole = copied.pieces.concat();
        let body = || Full::new(Bytes::from(whole)).map_err(|never| match never {}).boxed_unsync();
        (copied.is_whole && copied.bytes <= COPIED).then(body)
    }

    fn add(&self, frame: &Frame<Bytes>, is_last: bool) {
        let mut copied = self.lock();
        if let Some(piece) = frame.data_ref() {
            copied.bytes = copied.bytes.saturating_add(piece.len());
            if copied.bytes <= COPIED {
                copied.pieces.push(piece.clone());
            } else {
                copied.pieces.clear();
            }
        }
        copied.is_whole |= is_last;
    }

    fn end(&self) {
        self.lock().is_whole = true;
    }

    fn lock(&self) -> MutexGuard<'_, Copied> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outgoing {
    /// A body whose bytes are counted there, with as much room to be kept in as there are permits, shared with others.
    pub(crate) fn new(body: WasiBody, room: Arc<Semaphore>, tally: Arc<Tally>) -> Self {
        let (taken, held, copy) = (VecDeque::new(), Vec::new(), BodyCopy::default());
        Self { body, has_ended: false, taken, room, held, tally, copy }
    }

    /// What is sent of it.
    pub(crate) fn copy(&self) -> BodyCopy {
        self.copy.clone()
    }

    /// Reads what the guest writes, and returns only if the guest aborts. May be dropped at any time.
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
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Err(reason) = self.tally.count(frame) {
                    return Poll::Ready(Some(Err(Failure::Denied(reason).into())));
                }
                self.copy.add(frame, self.is_end_stream());
            }
            Poll::Ready(None) => self.copy.end(),
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
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
    async fn a_small_body_that_was_sent_whole_can_be_sent_again() {
        const LARGE: &str = match std::str::from_utf8(&[b'x'; COPIED]) {
            Ok(text) => text,
            Err(_) => "",
        };
        for (name, pieces, frames, expect) in [
            ("whole", &["ab", "cde"][..], 3, Some("abcde")),
            ("in part", &["ab", "cde"], 1, None),
            ("as large as may be", &[LARGE], 2, Some(LARGE)),
            ("too large", &[LARGE, "x"], 3, None),
        ] {
            let tally = Arc::new(Tally::new(1 << 20, Arc::new(Total::new(1 << 20))));
            let mut outgoing = Outgoing::new(body(pieces, true), Arc::new(Semaphore::new(0)), tally);
            let copy = outgoing.copy();
            for _ in 0..frames {
                drop(outgoing.frame().await);
            }
            let again = match copy.take() {
                Some(body) => Some(body.collect().await.unwrap().to_bytes()),
                None => None,
            };
            assert_eq!(again.as_deref(), expect.map(str::as_bytes), "{name}");
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
    fn a_body_keeps_its_size_hint() {
        let full = || http_body_util::Full::new(Bytes::from_static(b"abc")).map_err(|never| match never {});
        let mut outgoing = Outgoing::new(full().boxed_unsync(), Arc::new(Semaphore::new(9)), tally());
        assert_eq!((outgoing.size_hint().exact(), outgoing.is_end_stream()), (Some(3), false));
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(std::pin::pin!(outgoing.take_in()).poll(&mut context).is_pending());
        assert_eq!((outgoing.size_hint().exact(), outgoing.is_end_stream()), (Some(3), false));
    }
}
