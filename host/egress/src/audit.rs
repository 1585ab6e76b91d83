//! The log of requests: sender, time, method, path, status and bytes of each request, and no personal data.
//!
//! ```
//! use std::sync::Arc;
//!
//! use provider_egress::audit::{Audit, JsonLines};
//!
//! let audit: Arc<dyn Audit> = Arc::new(JsonLines::new(std::io::sink()));
//! ```

use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

/// Records requests, each once: when its answer was read to the end or dropped, or when it failed. A denied request is
/// recorded once, and its repetitions by their number: [`Entry::times`].
///
/// The call blocks the request, so it must not take long.
pub trait Audit: Send + Sync {
    /// Records one request.
    fn record(&self, entry: &Entry);
}

impl fmt::Debug for dyn Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audit")
    }
}

/// One request, or several that were denied for the same reason. It holds no query, header or body, and no id of the path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// When the provider asked for it.
    #[serde(serialize_with = "rfc3339")]
    pub when: SystemTime,
    /// The label that was given when the provider was connected; empty if none was.
    pub tenant: String,
    /// The provider's id, as it describes itself.
    pub provider: String,
    /// The provider's version, as it describes itself.
    pub version: String,
    /// `GET`, `POST` and so on; `OTHER` for a method that is denied and has no common name.
    pub method: String,
    /// Scheme, host and port; empty if the request had none. The provider chooses hosts that are denied; they are cut off
    /// after 255 bytes.
    pub origin: String,
    /// The path of the described request, with `{}` for what the provider filled in. A denied request keeps only words that
    /// the description holds.
    pub path: String,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How many requests it stands for; JSON leaves it out if that is one. A request that is denied repeatedly is recorded
    /// for the first, the tenth, the hundredth time and so on, and at the end of the session. The numbers of the lines add
    /// up to all of them.
    #[serde(skip_serializing_if = "is_one")]
    pub times: u64,
    /// Bytes of the body that was sent.
    pub request_bytes: u64,
    /// Bytes of the body that came.
    pub response_bytes: u64,
    /// The time from the provider's call to the end of the request, including the wait for its turn.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
}

/// The outcome of a request. The codes are stable and kebab-case: those of [`DenialReason`](crate::DenialReason), or of
/// a failure, such as `connection-refused`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// The answer was read to its end.
    Answered {
        /// The status.
        status: u16,
    },
    /// An answer began, and was not read to its end.
    Cut {
        /// The status.
        status: u16,
        /// Why not: a failure, or `let-go` if the provider dropped the answer or its call was stopped.
        code: &'static str,
    },
    /// It was not sent.
    Denied {
        /// Why not.
        code: &'static str,
    },
    /// It got no answer.
    Failed {
        /// Why not; `let-go` if the provider dropped the request or its call was stopped.
        code: &'static str,
    },
}

const fn is_one(times: &u64) -> bool {
    *times == 1
}

fn rfc3339<S: Serializer>(when: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&DateTime::<Utc>::from(*when).to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// Writes one line of JSON for each request.
///
/// Times are RFC 3339 in UTC. Wrap slow writers in a buffer: the lines of all sessions go through one lock.
#[derive(Debug)]
pub struct JsonLines<W> {
    writer: Mutex<W>,
    lost: AtomicU64,
}

impl<W: Write + Send> JsonLines<W> {
    /// Writes into this.
    pub const fn new(writer: W) -> Self {
        Self { writer: Mutex::new(writer), lost: AtomicU64::new(0) }
    }

    /// How many entries could not be written: requests do not fail because of that.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Returns the writer.
    pub fn into_inner(self) -> W {
        self.writer.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write + Send> Audit for JsonLines<W> {
    fn record(&self, entry: &Entry) {
        let written = serde_json::to_vec(entry).map_err(std::io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            self.writer.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line)
        });
        if written.is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(outcome: Outcome) -> Entry {
        Entry {
            when: SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123),
            tenant: "Zoë \"& Co\"".to_owned(),
            provider: "example".to_owned(),
            version: "1.2.3".to_owned(),
            method: "GET".to_owned(),
            origin: "https://chat.example.com:443".to_owned(),
            path: "/api/v4/teams/{}/members".to_owned(),
            outcome,
            times: 1,
            request_bytes: 0,
            response_bytes: 17,
            duration: Duration::from_micros(12_900),
        }
    }

    #[test]
    fn each_entry_is_a_line_of_json() {
        let log = JsonLines::new(Vec::new());
        let cases = [
            (Outcome::Answered { status: 200 }, r#""outcome":"answered","status":200"#),
            (Outcome::Cut { status: 200, code: "let-go" }, r#""outcome":"cut","status":200,"code":"let-go""#),
            (Outcome::Denied { code: "request-not-described" }, r#""outcome":"denied","code":"request-not-described""#),
            (Outcome::Failed { code: "connection-refused" }, r#""outcome":"failed","code":"connection-refused""#),
        ];
        for (outcome, _) in cases {
            log.record(&entry(outcome));
        }
        assert_eq!(log.lost(), 0);
        let written = String::from_utf8(log.into_inner()).unwrap();
        assert_eq!(written.lines().count(), cases.len());
        for (line, (_, expect)) in written.lines().zip(cases) {
            let head = r#"{"when":"2023-11-14T22:13:20.123Z","tenant":"Zoë \"& Co\"","provider":"example","version":"1.2.3","method":"GET","origin":"https://chat.example.com:443","path":"/api/v4/teams/{}/members","#;
            assert_eq!(line, format!(r#"{head}{expect},"request_bytes":0,"response_bytes":17,"duration_ms":12}}"#));
        }
    }

    #[test]
    fn entries_that_cannot_be_written_are_counted() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let log = JsonLines::new(Full);
        log.record(&entry(Outcome::Answered { status: 200 }));
        assert_eq!(log.lost(), 1);
    }
}
