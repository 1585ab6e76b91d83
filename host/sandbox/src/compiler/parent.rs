//! Starts the process that compiles, and ends it at its deadline.

use std::io::{self, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::component::Component;
use wasmtime::{Engine, Precompiled};

use super::process::{COMPILED, CompilerProcess, DOES_NOT_FIT, INVALID, Uncompiled};
use crate::cache::Genuine;
use provider_egress::io_reason;

/// Threads that compile. Each takes address space, which is bounded.
const THREADS: u32 = 4;

/// Bytes of the longest reason that is passed on.
const REASON: usize = 2048;

/// How often it is looked whether a process has ended that has closed its output.
const ENDING: Duration = Duration::from_millis(2);

pub(super) fn compile(engine: &Engine, bytes: &[u8], process: &CompilerProcess) -> Result<Component, Uncompiled> {
    let failed = |what: &str, error: io::Error| {
        Uncompiled::Failed(format!("{} {what}: {}", process.program.display(), io_reason(&error)))
    };
    let deadline = Instant::now().checked_add(process.deadline);
    let mut command = Command::new(&process.program);
    command.args(&process.arguments).env_clear().env("RAYON_NUM_THREADS", THREADS.to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Running(command.spawn().map_err(|error| failed("cannot be started", error))?);
    let (Some(input), Some(output)) = (child.0.stdin.take(), child.0.stdout.take()) else {
        return Err(Uncompiled::Failed("it has no standard input and output".to_owned()));
    };
    let answer = thread::scope(|scope| {
        let (done, answered) = mpsc::channel();
        scope.spawn(|| write(input, bytes, process));
        scope.spawn(move || drop(done.send(read(output, process.memory_bytes))));
        let left = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
        let answer = answered.recv_timeout(left);
        if answer.is_err() {
            // Both threads end with the process that they write to and read from.
            child.kill();
        }
        answer
    });
    let Ok(answer) = answer else { return Err(Uncompiled::Timeout(process.deadline)) };
    let Some(status) = child.end(deadline) else { return Err(Uncompiled::Timeout(process.deadline)) };
    if !status.success() {
        return Err(ended(status, process));
    }
    let answer = answer.map_err(|error| failed("did not answer", error))?;
    let text = |reason: &[u8]| String::from_utf8_lossy(reason.get(..REASON).unwrap_or(reason)).into_owned();
    match answer.split_first() {
        Some((&COMPILED, code)) if Engine::detect_precompiled(code) == Some(Precompiled::Component) => {
            Genuine::from_compiler(code).load(engine).map_err(|error| Uncompiled::DoesNotFit(format!("{error:#}")))
        }
        Some((&INVALID, reason)) => Err(Uncompiled::Invalid(text(reason))),
        Some((&DOES_NOT_FIT, reason)) => Err(Uncompiled::DoesNotFit(text(reason))),
        Some(_) | None => Err(Uncompiled::Failed(format!("{} is not a compiler", process.program.display()))),
    }
}

/// A process that is killed when this is dropped.
struct Running(Child);

impl Running {
    fn kill(&mut self) {
        drop(self.0.kill());
    }

    /// How it ended, if that is before the deadline.
    fn end(&mut self, deadline: Option<Instant>) -> Option<ExitStatus> {
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if deadline.is_none_or(|deadline| Instant::now() < deadline) => thread::sleep(ENDING),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        drop(self.0.wait());
    }
}

/// A process that ends early stops reading; its exit status says why.
fn write(mut input: ChildStdin, bytes: &[u8], process: &CompilerProcess) {
    let cpu = process.deadline.as_secs().saturating_add(1).saturating_mul(THREADS.into());
    let head = [process.memory_bytes.to_le_bytes(), cpu.to_le_bytes()].concat();
    drop(input.write_all(&head).and_then(|()| input.write_all(bytes)));
}

/// No answer is larger than the memory that it was made in.
fn read(output: ChildStdout, largest: u64) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    output.take(largest).read_to_end(&mut answer)?;
    Ok(answer)
}

/// What it means that the process was not successful. Rust programs abort when memory is refused.
fn ended(status: ExitStatus, process: &CompilerProcess) -> Uncompiled {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;

        use rustix::process::Signal;

        match status.signal() {
            Some(signal) if signal == Signal::XCPU.as_raw() => return Uncompiled::Timeout(process.deadline),
            Some(signal) if signal == Signal::ABORT.as_raw() => return Uncompiled::Memory(process.memory_bytes),
            Some(_) | None => {}
        }
    }
    Uncompiled::Failed(format!("{} ended with {status}", process.program.display()))
}
