//! What comes of a measurement, and lines for the person who waits for it.

use std::error::Error;
use std::io::{Write as _, stderr};

/// What every fallible function here returns: an error ends the measurement and is printed.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Prints a line on stderr.
pub(crate) fn tell(line: &str) {
    // There is nobody else to tell where standard error is closed.
    let _ = writeln!(stderr(), "provider-bench: {line}");
}
