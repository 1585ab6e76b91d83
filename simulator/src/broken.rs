//! Answers that are broken on purpose.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response};
use futures_util::{StreamExt as _, stream};
use tokio::time::sleep;

use crate::FaultKind;
use crate::answer::{self, AppError, Stamp};

/// Bytes of one piece of a huge answer.
const PIECE: usize = 64 * 1024;

/// Bytes of one piece of an endless answer.
const SMALL_PIECE: usize = 512;

/// A connection that is closed without an answer.
#[derive(Debug)]
pub(crate) struct Reset;

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("reset on purpose")
    }
}

impl std::error::Error for Reset {}

/// The answer that replaces the right one; `None` if the right one is sent, late or altered.
pub(crate) fn instead(fault: &FaultKind, stamp: &Stamp) -> Option<Result<Response<Body>, Reset>> {
    let json = |body: &str| answer::of(Ok(body.to_owned()), stamp);
    Some(Ok(match fault {
        FaultKind::Slow(_)
        | FaultKind::ManyHeaders(_)
        | FaultKind::SamePage
        | FaultKind::Trailing
        | FaultKind::BadRecord => return None,
        FaultKind::Status(status @ 502..=504) => answer::proxy_page(*status),
        FaultKind::Status(status) => {
            let error = match status {
                401 => AppError::EXPIRED,
                403 => AppError::FORBIDDEN,
                _ => AppError { status: *status, ..AppError::SERVER },
            };
            answer::refusal(error, stamp)
        }
        FaultKind::RateLimited { retry_after_s } => answer::too_many(*retry_after_s),
        FaultKind::Html => answer::page(stamp),
        FaultKind::Truncated => truncated(),
        FaultKind::Reset => return Some(Err(Reset)),
        FaultKind::Garbage => json("[{\"id\":\"brokenbrokenbrokenbroken1"),
        FaultKind::MfaRequired => answer::refusal(AppError::MFA, stamp),
        FaultKind::Redirect(to) => answer::redirect(302, to),
        FaultKind::Huge(bytes) => huge(*bytes),
        FaultKind::Body(body) => json(body),
        FaultKind::Answer { status, headers, body } => exactly(*status, headers, body),
        FaultKind::Endless => endless(),
    }))
}

/// The query that is answered.
pub(crate) fn query<'a>(fault: Option<&FaultKind>, query: &'a str) -> Cow<'a, str> {
    if fault != Some(&FaultKind::SamePage) {
        return Cow::Borrowed(query);
    }
    let moves = |pair: &&str| !["page=", "from_id=", "from_column_value="].iter().any(|name| pair.starts_with(name));
    Cow::Owned(query.split('&').filter(moves).collect::<Vec<_>>().join("&"))
}

/// The text that is answered, where the right one is this one with perhaps an error behind it.
pub(crate) fn text(fault: Option<&FaultKind>, right: String, error: Option<AppError>, stamp: &Stamp) -> String {
    let error = if fault == Some(&FaultKind::Trailing) { Some(AppError::URL_PARAM) } else { error };
    let mut text = if fault == Some(&FaultKind::BadRecord) { with_a_bad_record(right) } else { right };
    text.extend(error.map(|error| answer::error_text(error, stamp)));
    text
}

/// Adds the surplus headers.
pub(crate) fn headers(fault: Option<&FaultKind>, headers: &mut HeaderMap) {
    let Some(FaultKind::ManyHeaders(lines)) = fault else { return };
    let name = HeaderName::from_static("x-filler");
    for line in 0..*lines {
        // Headers beyond the map's capacity are omitted.
        let _ = headers.try_append(name.clone(), HeaderValue::from(line));
    }
}

/// Replaces the name in the middle row with a number.
fn with_a_bad_record(right: String) -> String {
    let broken = ["\"username\":\"", "\"user_id\":\"", "\"id\":\""].into_iter().find_map(|key| {
        let places: Vec<_> = right.match_indices(key).map(|(at, _)| at.saturating_add(key.len())).collect();
        let value = *places.get(places.len() / 2)?;
        // Of the key, and of the quote before the value, which goes.
        let (before, after) = (right.get(..value.saturating_sub(1))?, right.get(value..)?.split_once('"')?.1);
        Some(format!("{before}12345{after}"))
    });
    broken.unwrap_or(right)
}

fn exactly(status: u16, headers: &[(String, String)], body: &str) -> Response<Body> {
    let mut response = answer::plain(status, "", body.to_owned());
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn endless() -> Response<Body> {
    let start = stream::once(async { Ok::<_, Infallible>("[".to_owned()) });
    let blanks = stream::repeat_with(|| Ok(" ".repeat(SMALL_PIECE)));
    let mut response = Response::new(Body::from_stream(start.chain(blanks)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Half of what the head promises. The rest is an error, at which the connection is closed.
fn truncated() -> Response<Body> {
    let half = stream::once(async { Ok("[{\"id\":\"".to_owned()) });
    // The pause lets what there is out, or the connection would be closed without even a head.
    let cut = stream::once(async {
        sleep(Duration::from_millis(50)).await;
        Err(io::Error::other("cut short on purpose"))
    });
    let pieces = half.chain(cut);
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("5000"));
    response
}

/// A list of blanks: valid but useless JSON.
fn huge(bytes: u64) -> Response<Body> {
    let pieces = bytes / u64::try_from(PIECE).unwrap_or(1);
    let blanks = (0..pieces).map(|_| Ok::<_, Infallible>(" ".repeat(PIECE)));
    let whole = [Ok("[".to_owned())].into_iter().chain(blanks).chain([Ok("]".to_owned())]);
    let mut response = Response::new(Body::from_stream(stream::iter(whole)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
