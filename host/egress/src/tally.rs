//! What is sent of one request's body: counted while it is sent, and stopped at the limits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use http_body::Frame;
use hyper::body::Bytes;

use crate::quota::Total;
use crate::{DenialReason, TrafficLimit, grant};

/// Counts the body of one request.
#[derive(Debug)]
pub(crate) struct Tally {
    limit: u64,
    session: Arc<Total>,
    sent: AtomicU64,
    refused: OnceLock<Refused>,
}

/// Why a body was not sent to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) reason: DenialReason,
    /// The name of the header that it concerns.
    pub(crate) header: Option<String>,
}

impl Tally {
    /// Counts up to a limit of one request, and what a session has left.
    pub(crate) const fn new(limit: u64, session: Arc<Total>) -> Self {
        Self { limit, session, sent: AtomicU64::new(0), refused: OnceLock::new() }
    }

    /// Bytes that were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Starts over: the server took nothing, and all of it is sent once more. The session's quota counts both.
    pub(crate) fn begin_again(&self) {
        self.sent.store(0, Ordering::Relaxed);
    }

    /// Why the rest was not sent.
    pub(crate) fn refused(&self) -> Option<&Refused> {
        self.refused.get()
    }

    /// Counts a piece before it is sent.
    ///
    /// # Errors
    /// Neither it nor anything after it may be sent.
    pub(crate) fn count(&self, frame: &Frame<Bytes>) -> Result<(), DenialReason> {
        // Servers may take what follows a body for headers, and no provider needs that.
        let trailer = frame.trailers_ref().and_then(|trailers| trailers.keys().next());
        if let Some(name) = trailer {
            return Err(self.refuse(DenialReason::Header, Some(grant::shown(name.as_str()))));
        }
        let size = size(frame);
        if self.sent().saturating_add(size) > self.limit {
            return Err(self.refuse(DenialReason::Limit(TrafficLimit::RequestBody(self.limit)), None));
        }
        self.session.add(size).map_err(|limit| self.refuse(DenialReason::Limit(limit), None))?;
        self.sent.fetch_add(size, Ordering::Relaxed);
        Ok(())
    }

    fn refuse(&self, reason: DenialReason, header: Option<String>) -> DenialReason {
        self.refused.get_or_init(|| Refused { reason, header }).reason
    }
}

/// Bytes of one piece.
pub(crate) fn size(frame: &Frame<Bytes>) -> u64 {
    frame.data_ref().map_or(0, |data| u64::try_from(data.len()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    #[test]
    fn a_body_is_stopped_at_the_limit_of_its_request_and_of_its_session() {
        let piece = |bytes: usize| Frame::data(Bytes::from(vec![b'x'; bytes]));
        let (request, session) = (TrafficLimit::RequestBody(10), TrafficLimit::SentBytes(15));
        for (name, pieces, sent, expect) in [
            ("small", &[4, 6][..], 10, None),
            ("one byte too many", &[4, 6, 1], 10, Some(request)),
            ("a large piece", &[11], 0, Some(request)),
            ("nothing at all", &[], 0, None),
        ] {
            let tally = Tally::new(10, Arc::new(Total::new(15)));
            let ends = pieces.iter().all(|bytes| tally.count(&piece(*bytes)).is_ok());
            let found = tally.refused().map(|refused| refused.reason);
            assert_eq!(
                (ends, tally.sent(), found),
                (expect.is_none(), sent, expect.map(DenialReason::Limit)),
                "{name}"
            );
        }
        let total = Arc::new(Total::new(15));
        let (one, two) = (Tally::new(10, Arc::clone(&total)), Tally::new(10, total));
        assert_eq!(one.count(&piece(9)), Ok(()));
        assert_eq!(two.count(&piece(7)), Err(DenialReason::Limit(session)));
    }

    #[test]
    fn nothing_follows_a_body() {
        let tally = Tally::new(10, Arc::new(Total::new(15)));
        assert_eq!(tally.count(&Frame::trailers(HeaderMap::new())), Ok(()));
        let name = http::HeaderName::from_static("x-http-method-override");
        let trailers = HeaderMap::from_iter([(name, HeaderValue::from_static("DELETE"))]);
        assert_eq!(tally.count(&Frame::trailers(trailers)), Err(DenialReason::Header));
        let refused = tally.refused().unwrap();
        assert_eq!(refused.header.as_deref(), Some("x-http-method-override"));
    }
}
