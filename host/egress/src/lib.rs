//! Egress: the HTTP client of all guests, and what they may send. The only code of the host that opens sockets.
//!
//! An [`EgressSession`] sends the requests of one session. It sends a request only if its method, path and origin are
//! granted ([`Grant`], within the operator's [`Policy`]), its headers are ordinary or those of credentials, it is within
//! the session's [`TrafficLimits`], and its address may be dialled. It replaces the placeholders of secrets with the
//! secrets ([`Vault`]), in headers of credentials only, and takes secrets out of everything that is logged or returned.
//! Every request has a line in the log ([`audit`]), and every denial says what would allow it ([`Denial`]).
//!
//! What it refuses: it follows no redirect, never sends TRACE or CONNECT for a guest, and never dials link-local and
//! metadata addresses. Connections that one session may use never serve another that may not.

mod address;
pub mod audit;
mod body;
mod cause;
mod certificate;
mod client;
mod connector;
mod deadline;
mod denial;
mod error;
mod failure;
mod grant;
mod handshake;
mod headers;
mod identity;
mod in_flight;
mod inner;
mod io_words;
mod options;
mod origin;
mod outgoing;
mod pem_file;
mod policy;
mod proxy;
mod quota;
mod ranges;
mod redact;
mod regular_file;
mod repeats;
mod request;
mod send;
mod sender;
mod session;
mod tally;
mod telemetry;
#[cfg(test)]
mod tests;
mod tls;
mod traffic;
mod tunnel;
pub mod unaskable;
mod vault;
pub mod wall;
mod words;

pub use client::Egress;
pub use deadline::after;
pub use denial::{Denial, DenialReason};
pub use error::{Cause, Error, Facts, Result};
pub use grant::{Asked, Beyond, Found, Grant, ORDINARY};
pub use headers::ExtraHeader;
pub use identity::ClientIdentity;
pub use inner::SessionOptions;
pub use io_words::{io_cause, io_reason};
pub use options::EgressOptions;
pub use origin::{Origin, ascii_url};
pub use policy::Policy;
pub use proxy::Proxy;
pub use quota::Turns;
pub use redact::{Redactor, Texts};
pub use regular_file::read_regular;
pub use sender::Sender;
pub use session::EgressSession;
pub use traffic::{TrafficLimit, TrafficLimits};
pub use vault::{Concealed, Vault, fault, placeholder};
