//! What the system lets this process have, looked at before anything is begun: in the middle of it, a runtime that gets no
//! thread or no memory ends the process without a word of use.

use crate::exit::Complaint;

/// Files that may be open at the least: 32 connections, and as many again for threads, folders, a checkpoint and a log.
const FILES: u64 = 64;

/// Bytes of address space at the least, for the command itself. What the sandbox reserves beyond says the library.
const ADDRESSES: u64 = 1 << 30;

/// Looks at the limits of this process.
///
/// # Errors
/// One of them is too low to work with.
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

/// Looks at limits; none is no limit.
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
    fn limits_that_are_too_low_are_told_with_what_raises_them() {
        for (files, addresses, expect) in [
            (None, None, None),
            (Some(FILES), Some(ADDRESSES), None),
            (Some(FILES - 1), None, Some(("open-files-limited", "ulimit -n"))),
            (Some(0), Some(0), Some(("open-files-limited", "ulimit -n"))),
            (None, Some(ADDRESSES - 1), Some(("address-space-limited", "ulimit -v"))),
        ] {
            let found = enough(files, addresses).err();
            let told = found.as_ref().map(|found| (found.code.as_str(), found.fix.as_deref().unwrap_or_default()));
            assert_eq!(told.map(|(code, _)| code), expect.map(|(code, _)| code), "{files:?} {addresses:?}");
            assert!(told.zip(expect).is_none_or(|((_, fix), (_, words))| fix.contains(words)), "{told:?}");
        }
    }
}
