//! Other processes: this binary with a subcommand, and whatever else is run.

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use crate::Result;

/// How often somebody looks whether a process has ended.
const LOOK: Duration = Duration::from_millis(20);

/// This binary.
pub(crate) fn own() -> Result<Command> {
    Ok(Command::new(std::env::current_exe()?))
}

/// Runs a process to its end, and reads what it prints as JSON.
pub(crate) fn ask<T: DeserializeOwned>(command: &mut Command, patience: Duration) -> Result<T> {
    let text = run(command, patience)?;
    Ok(serde_json::from_str(&text)?)
}

/// Runs a process to its end, which must come in time, and returns what it prints. That must be little: nobody reads it
/// before the end.
pub(crate) fn run(command: &mut Command, patience: Duration) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let began = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{name} does not start: {error}"))?;
    while child.try_wait()?.is_none() {
        if began.elapsed() > patience {
            child.kill()?;
            child.wait()?;
            return Err(format!("{name} did not end within {patience:?}").into());
        }
        sleep(LOOK);
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name} failed: {}", said.trim().lines().last().unwrap_or_default()).into())
}

/// Whether a program of this name answers.
pub(crate) fn exists(program: impl AsRef<OsStr>) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
