//! Files of certificates and keys.

use std::path::Path;

use secrecy::zeroize::Zeroizing;

use crate::error::{Cause, Error};
use crate::io_words::io_cause;
use crate::regular_file::read_regular;

/// Bytes of the largest file of certificates: twenty times all authorities of a system.
const PEM_BYTES: usize = 4 * 1024 * 1024;

/// Reads a file of certificates or of a key: a regular one of [`PEM_BYTES`] at most. It is wiped from memory afterwards.
///
/// # Errors
/// Why it cannot be read.
pub(crate) fn read_pem(path: &Path) -> std::result::Result<Zeroizing<Vec<u8>>, Cause> {
    match read_regular(path, PEM_BYTES) {
        Ok(Ok(text)) => Ok(Zeroizing::new(text)),
        Ok(Err(_)) => Err("it is larger than 4 MiB".into()),
        Err(Error::Io { source, .. }) => Err(io_cause(source)),
        Err(error) => Err(error.into()),
    }
}
