//! Reads regular files within a bound, and waits for nothing.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::{Error, Result};

/// Reads a regular file. Returns its bytes, or the least number of them if that is more than `largest`.
///
/// # Errors
/// [`Error::NotAFile`], or [`Error::Io`] if it cannot be read.
pub fn read_regular(path: &Path, largest: usize) -> Result<Result<Vec<u8>, u64>> {
    let failed = |source| Error::Io { path: path.to_owned(), source };
    let file = open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() {
        return Err(Error::NotAFile { path: path.to_owned() });
    }
    let limit = u64::try_from(largest).unwrap_or(u64::MAX);
    if found.len() > limit {
        return Ok(Err(found.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default());
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(if bytes.len() > largest { Err(limit.saturating_add(1)) } else { Ok(bytes) })
}

/// Opens the file without waiting for the writer of a pipe.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;

        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    }
    options.open(path)
}
