//! Which component it is: what its bytes say of themselves, and whether they are the ones that were meant.

mod digest;
mod inspection;
mod seal;
mod sections;
mod trust;

pub use digest::Digest;
pub use inspection::{Inspection, Metadata};
pub use seal::{Provenance, seal, unseal};
pub(crate) use trust::signature_of;
pub use trust::{PublicKey, Trust};
