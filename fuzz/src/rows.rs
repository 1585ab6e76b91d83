//! Lists of records: a bad one does not lose the others.

use mattermost_provider::mattermost::code::Code;
use mattermost_provider::mattermost::failure::Failure;
use provider_sdk::http::{Answered, Request, Response};
use serde::de::IgnoredAny;

use crate::claims;

/// A request with an answer of this body and no headers.
#[must_use]
pub fn answered(request: Request, body: &[u8]) -> Answered {
    let response = Response { status: 200, headers: Vec::new(), body: body.to_vec(), took_ms: 1, redirect: None };
    Answered { request, outcome: Ok(response) }
}

/// How many values a JSON list has; `None` if the text is not a JSON list.
#[must_use]
pub fn length(text: &str) -> Option<usize> {
    serde_json::from_str::<Vec<IgnoredAny>>(text).ok().map(|values| values.len())
}

/// Whether lists or maps may be nested deeper than the reader allows. Brackets within texts count as well.
#[must_use]
pub fn is_deep(body: &[u8]) -> bool {
    body.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() > 100
}

/// The failure of an answer of a good status that cannot be read.
pub fn is_unreadable(failure: &Failure) {
    assert!(matches!(failure.code, Code::AnswerUnreadable | Code::NotMattermost), "{failure:?}");
    assert_eq!(failure.status, Some(200));
    claims::is_failure(failure);
}

/// The input between two good records.
#[must_use]
pub fn between(first: &str, data: &[u8], last: &str) -> Vec<u8> {
    [b"[".as_slice(), first.as_bytes(), b",", data, b",", last.as_bytes(), b"]"].concat()
}

/// Reads a body as rows of a type and passes them on. A JSON list is read, and every value of it is counted; any other
/// text is an error.
#[macro_export]
macro_rules! rows {
    ($row:ident, $request:expr, $body:expr, $look:expr) => {{
        let (request, body): (_, &[u8]) = ($request, $body);
        let answered = $crate::rows::answered(request, body);
        let answer = mattermost_provider::mattermost::api::Answer::of(&answered).expect("200 is well");
        const MOST: usize = 1_000;
        match (answer.rows::<$row<'_>>(MOST), $crate::rows::length(&String::from_utf8_lossy(body))) {
            (Err(failure), Some(length)) if length > MOST || $crate::rows::is_deep(body) => {
                $crate::rows::is_unreadable(&failure)
            }
            (Ok(rows), Some(length)) => {
                assert_eq!(rows.sent(), length, "values were lost");
                $look(rows.rows.as_slice())
            }
            (Err(failure), None) => $crate::rows::is_unreadable(&failure),
            (Ok(_), None) => panic!("rows of something other than a list"),
            (Err(failure), Some(length)) => panic!("a list of {length} is lost: {failure:?}"),
        }
    }};
}
