//! The process that compiles.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use wasmtime::Engine;

use super::process::{COMPILED, DOES_NOT_FIT, HEAD, INVALID, Uncompiled, config, uncompiled};

/// Compiles one component for the process that started this one, and returns the exit code to end with: see
/// [`CompilerProcess`](crate::CompilerProcess). The program must do nothing else, neither before nor afterwards.
#[must_use]
pub fn run_compiler() -> ExitCode {
    if serve().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn serve() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut head = [0; HEAD];
    input.read_exact(&mut head)?;
    let (memory, cpu) = head.split_at(HEAD / 2);
    limit(number(memory), number(cpu))?;
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let (kind, answer) = match compile(&bytes) {
        Ok(compiled) => (COMPILED, compiled),
        Err(Uncompiled::Invalid(reason)) => (INVALID, reason.into_bytes()),
        Err(Uncompiled::DoesNotFit(reason)) => (DOES_NOT_FIT, reason.into_bytes()),
        Err(Uncompiled::Timeout(_) | Uncompiled::Memory(_) | Uncompiled::Failed(_)) => {
            return Err(io::Error::other("no outcome of compiling"));
        }
    };
    let mut output = io::stdout().lock();
    output.write_all(&[kind])?;
    output.write_all(&answer)?;
    output.flush()
}

fn compile(bytes: &[u8]) -> Result<Vec<u8>, Uncompiled> {
    let compiled = Engine::new(&config()).and_then(|engine| engine.precompile_component(bytes));
    compiled.map_err(|error| uncompiled(bytes, &error))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Bounds this process. Memory that may be written is what counts; the address space is bounded with room for what
/// allocators and threads reserve and do not use.
#[cfg(unix)]
fn limit(memory: u64, cpu: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let bounds = [
        (Resource::Core, 0),
        (Resource::Data, memory),
        (Resource::As, memory.saturating_add(RESERVED)),
        (Resource::Cpu, cpu),
    ];
    for (resource, bound) in bounds {
        let maximum = getrlimit(resource).maximum.map_or(bound, |maximum| maximum.min(bound));
        setrlimit(resource, Rlimit { current: Some(maximum), maximum: Some(maximum) })?;
    }
    Ok(())
}

#[cfg(unix)]
const RESERVED: u64 = 1 << 30;

#[cfg(not(unix))]
fn limit(_: u64, _: u64) -> io::Result<()> {
    Ok(())
}
