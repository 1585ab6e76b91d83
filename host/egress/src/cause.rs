//! Why a request failed, if wasi:http has no error for it: a code, and a sentence for a person.

use std::fmt;

use wasmtime_wasi_http::Error as HttpError;

use crate::DenialReason;

/// Bytes of a sentence at most: names in it come from certificates.
const WORDS: usize = 400;

/// A cause. The guest gets it as an `internal-error` of the form `code: words`, and the log gets its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// Stable and kebab-case.
    pub(crate) code: &'static str,
    /// What failed and why. It holds no secret, and nothing of the platform's configuration.
    pub(crate) words: String,
    /// The denial that the log has for it.
    pub(crate) denial: Option<DenialReason>,
}

impl Cause {
    /// A cause that is a failure, not somebody's decision.
    pub(crate) fn new(code: &'static str, words: impl Into<String>) -> Self {
        let mut words: String = words.into();
        while words.len() > WORDS {
            words.pop();
        }
        Self { code, words, denial: None }
    }

    /// The forward proxy's decision.
    pub(crate) fn denied(reason: DenialReason, words: impl Into<String>) -> Self {
        Self { denial: Some(reason), ..Self::new(reason.code(), words) }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.words)
    }
}

impl std::error::Error for Cause {}

impl From<Cause> for HttpError {
    fn from(cause: Cause) -> Self {
        Self::InternalError(Some(cause.to_string()))
    }
}

/// Text from outside, made safe for a sentence: ASCII letters, digits and signs only, and no longer than a name may be.
pub(crate) fn shown(text: &str) -> String {
    let is_plain = |c: &char| c.is_alphanumeric() || c.is_ascii_graphic() || *c == ' ';
    text.chars().filter(is_plain).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_a_code_and_bounded_words() {
        let cause = Cause::new("tls-untrusted", "é".repeat(1_000));
        assert_eq!((cause.words.len(), cause.to_string().split_once(": ").unwrap().0), (WORDS, "tls-untrusted"));
        assert_eq!(shown("Corp\u{1b}[2J\u{202e}\r\nCA ü"), "Corp[2JCA ü");
    }
}
