//! The key that signatures of components are checked by.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What stands before the 32 bytes of an Ed25519 key in its DER form: RFC 8410, section 4.
pub(super) const DER_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// An Ed25519 public key: its 32 bytes in base64, or the base64 of its DER form, as a PEM file has it.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(pub(super) [u8; 32]);

impl FromStr for PublicKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lines = text.lines().filter(|line| !line.starts_with("-----"));
        let text: String = lines.flat_map(|line| line.chars().filter(|c| !c.is_whitespace())).collect();
        let bytes = STANDARD.decode(text).map_err(|_| "it is not base64")?;
        let key = bytes.strip_prefix(&DER_PREFIX).unwrap_or(&bytes);
        key.try_into().map(Self).map_err(|_| "it is not an Ed25519 public key of 32 bytes")
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}
