//! The system's error messages in plain words.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

/// Why a file cannot be read or written, or a port cannot be used, without the system's error number.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "all others keep the system's words")]
pub fn io_reason(error: &io::Error) -> String {
    let text = error.to_string();
    // A program's own words say more than the kind does.
    let is_the_systems = error.get_ref().is_none();
    let words = match error.kind() {
        ErrorKind::NotFound if is_the_systems => "there is no such file or folder",
        ErrorKind::PermissionDenied if is_the_systems => "permission denied: this user may not do that",
        ErrorKind::IsADirectory if is_the_systems => "it is a folder",
        ErrorKind::NotADirectory if is_the_systems => "a part of its path is a file, not a folder",
        ErrorKind::ReadOnlyFilesystem => "the disk can only be read",
        ErrorKind::StorageFull => "the disk is full",
        ErrorKind::QuotaExceeded => "this user's disk quota is exceeded",
        ErrorKind::FileTooLarge => "it would be larger than this process may write (ulimit -f)",
        ErrorKind::AddrInUse if is_the_systems => "another program uses the port",
        _ => text.split(" (os error ").next().unwrap_or(&text),
    };
    words.to_owned()
}

/// An error of the system that is shown as [`io_reason`] words it.
#[derive(Debug)]
struct InWords(io::Error);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&io_reason(&self.0))
    }
}

impl Error for InWords {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// The same as the error behind another.
#[must_use]
pub fn io_cause(error: io::Error) -> Box<dyn Error + Send + Sync> {
    Box::new(InWords(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_the_system_has_no_number() {
        for (number, expect) in [
            (2, "there is no such file or folder"),
            (13, "permission denied: this user may not do that"),
            (20, "a part of its path is a file, not a folder"),
            (21, "it is a folder"),
            (28, "the disk is full"),
            (5, "Input/output error"),
        ] {
            assert_eq!(io_reason(&io::Error::from_raw_os_error(number)), expect);
        }
        let own = io::Error::new(ErrorKind::NotFound, "write the whole path");
        assert_eq!(io_reason(&own), "write the whole path");
    }
}
