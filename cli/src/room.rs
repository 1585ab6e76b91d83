//! Checks the limits of this process before anything starts: a runtime that later gets no thread or no memory ends the process
//! without a useful message.

use crate::exit::Complaint;

/// The minimum of open files: 32 connections, and as many again for threads, folders, a checkpoint and a log.
const FILES: u64 = 64;

/// The minimum of address space in bytes for the command itself. The library checks what the sandbox reserves.
const ADDRESSES: u64 = 1 << 30;

/// Checks the limits of this process.
///
/// # Errors
/// A limit is too low.
#[cfg(unix)]
pub(crate) fn check() -> Result<(), Complaint> {
    use rustix::process::{Resource, getrlimit};

    enough(getrlimit(Resource::Nofile).current, getrlimit(Resource::As).current)
}

/// Other systems set no such limits.
#[cfg(not(unix))]
pub(crate) const fn check() -> Result<(), Complaint> {
    Ok(())
}

/// Checks limits; `None` means unlimited.
#[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has these limits"))]
fn enough(files: Option<u64>, addresses: Option<u64>) -> Result<(), Complaint> {
    if let Some(files) = files.filter(|files| *files < FILES) {
        let message = format!("this process may open {files} files at once, and needs {FILES}");
        return Err(Complaint::new("open-files-limited", message).fix("raise the limit: ulimit -n 1024"));
    }
    if let Some(bytes) = addresses.filter(|bytes| *bytes < ADDRESSES) {
        let message = format!(
            "this process may use {} MiB of address space, and needs {} MiB for itself and more for the sandbox",
            bytes >> 20,
            ADDRESSES >> 20
        );
        return Err(Complaint::new("address-space-limited", message).fix(
            "lift the limit: ulimit -v unlimited; the sandbox reserves addresses and takes memory only for what it uses",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_too_low_is_reported_with_the_command_that_raises_it() {
        for (files, addresses, expect) in [
            (None, None, None),
            (Some(FILES), Some(ADDRESSES), None),
            (Some(FILES - 1), None, Some(("open-files-limited", "ulimit -n"))),
            (Some(0), Some(0), Some(("open-files-limited", "ulimit -n"))),
            (None, Some(ADDRESSES - 1), Some(("address-space-limited", "ulimit -v"))),
        ] {
            let found = enough(files, addresses).err();
            let reported = found.as_ref().map(|found| (found.code.as_str(), found.fix.as_deref().unwrap_or_default()));
            assert_eq!(reported.map(|(code, _)| code), expect.map(|(code, _)| code), "{files:?} {addresses:?}");
            assert!(reported.zip(expect).is_none_or(|((_, fix), (_, words))| fix.contains(words)), "{reported:?}");
        }
    }
}
