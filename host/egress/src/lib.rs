//! The way out: the HTTP client of all guests, and what they may send. The only code of the host that opens sockets.
//!
//! A [`Gate`] is one session's way out. It lets a request out only if method, path and origin are granted ([`Grant`], within
//! the operator's [`Policy`]), if its headers are ordinary or those of credentials, within the session's [`TrafficLimits`],
//! and to an address that may be dialled. On the way the placeholders of secrets become secrets ([`Vault`]), in headers of
//! credentials alone; whatever is written down or returned has them taken out again. Every request leaves a line in the
//! log ([`audit`]), and every denial says what would allow it ([`Denial`]).
//!
//! What it refuses: redirects are not followed, TRACE and CONNECT never leave, link-local and metadata addresses are never
//! dialled, and connections that one session may use never serve another that may not.

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
mod gate;
mod grant;
mod handshake;
mod headers;
mod identity;
mod io_words;
mod options;
mod origin;
mod outgoing;
mod pass;
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
mod way;
mod words;

pub use client::Egress;
pub use deadline::after;
pub use denial::{Denial, DenialReason};
pub use error::{Cause, Error, Facts, Result};
pub use gate::Gate;
pub use grant::{Asked, Beyond, Found, Grant, ORDINARY};
pub use headers::ExtraHeader;
pub use identity::ClientIdentity;
pub use io_words::{io_cause, io_reason};
pub use options::EgressOptions;
pub use origin::{Origin, ascii_url};
pub use policy::Policy;
pub use proxy::Proxy;
pub use quota::Turns;
pub use redact::{Redactor, Texts};
pub use regular_file::read_regular;
pub use sender::Sender;
pub use traffic::{TrafficLimit, TrafficLimits};
pub use vault::{Concealed, Vault, fault, placeholder};
pub use way::GateOptions;
