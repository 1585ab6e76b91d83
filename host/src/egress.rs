//! The HTTP client of all guests, and the policy on what they may send. The only code of the host that opens sockets.

mod address;
mod body;
mod cause;
mod certificate;
mod client;
mod connector;
mod deadline;
mod failure;
mod gate;
mod handshake;
mod headers;
mod identity;
mod options;
mod outgoing;
mod pass;
mod pem_file;
mod proxy;
mod quota;
mod ranges;
mod repeats;
mod request;
mod send;
mod sender;
mod tally;
#[cfg(test)]
mod tests;
mod tls;
mod tunnel;
mod way;
mod words;

pub use client::Egress;
pub(crate) use gate::Gate;
pub use headers::ExtraHeader;
pub use identity::ClientIdentity;
pub use options::EgressOptions;
pub use proxy::Proxy;
pub(crate) use quota::Turns;
pub(crate) use sender::Sender;
pub(crate) use way::GateOptions;
