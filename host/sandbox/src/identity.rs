//! Which component it is: what its bytes say of themselves, and whether they are the ones that were meant.

mod digest;
mod inspection;
mod public_key;
mod seal;
mod sections;
mod trust;

pub use digest::Digest;
pub use inspection::{Inspection, Metadata};
pub use public_key::PublicKey;
pub use seal::{Provenance, seal, unseal};
pub use trust::Trust;
pub(crate) use trust::signature_of;
