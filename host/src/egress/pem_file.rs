//! Files of certificates and keys.

use std::path::Path;

use secrecy::zeroize::Zeroizing;

use crate::Error;
use crate::component_file::read_regular;
use crate::words::io_reason;

/// Bytes of the largest file of certificates: twenty times all authorities of a system.
const PEM_BYTES: usize = 4 * 1024 * 1024;

/// Reads a file of certificates or of a key: a regular one of [`PEM_BYTES`] at most. It is wiped from memory afterwards.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn read_pem(path: &Path) -> std::result::Result<Zeroizing<Vec<u8>>, String> {
    match read_regular(path, PEM_BYTES) {
        Ok(Ok(text)) => Ok(Zeroizing::new(text)),
        Ok(Err(_)) => Err("it is larger than 4 MiB".to_owned()),
        Err(Error::Io { source, .. }) => Err(io_reason(&source)),
        Err(error) => Err(error.to_string()),
    }
}
