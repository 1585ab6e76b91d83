//! What commands that list have in common: the name of their listings in a file, retries, notices and the exit code.

use provider_host::End;
use provider_host::model::{Notice, Severity};

use crate::exit::Exit;
use crate::listing::{RETRIES, Retry};
use crate::output::cell::printable;
use crate::output::words::span;
use crate::screen::{Narrative, Screen};

/// The name of this command's listings in a checkpoint file, which other programs may share.
pub(super) const NAME: &str = "providerctl";

/// Complete only if the provider has proven it.
pub(super) fn exit(end: Option<End>) -> Exit {
    match end {
        Some(End::Complete) => Exit::Complete,
        Some(End::Incomplete) | None => Exit::Incomplete,
    }
}

/// The line to print before a retry.
pub(super) fn retry_line(retry: &Retry<'_>) -> String {
    let (code, message) = (retry.error.code().to_owned(), retry.error.to_string());
    let pause = span(retry.pause);
    format!("{} [{}]: trying again in {pause} ({} of {RETRIES})", printable(&message), printable(&code), retry.number)
}

/// Prints the notices: on a terminal all of them, otherwise only warnings. Incomplete data looks like complete data, so
/// warnings are always printed.
pub(super) fn tell_notices<'a>(notices: impl Iterator<Item = &'a Notice>, screen: &mut Screen<'_>) {
    for notice in notices {
        if notice.severity == Severity::Warning || screen.look.narrative == Narrative::Shown {
            screen.notice(notice);
        }
    }
}
