//! Compiles components: in this process, or in one of its own that is ended at a deadline and a bound of memory.
//!
//! [`ComponentBounds`](crate::ComponentBounds) bound what a component may ask of the compiler. What they let through still
//! takes minutes and hundreds of megabytes in the worst case, and cannot be interrupted in this process; a defect of the
//! compiler would take the whole process with it. A [`CompilerProcess`] bounds both.
//!
//! The process is this very program, or another one that calls [`run_compiler`]. It reads the limits and the component
//! from its standard input, and writes one byte and the compiled component, or why there is none, to its standard output.
//! It has no environment and no arguments but those that name it, opens no files, and sets its own limits before it reads
//! the component. Its standard error is not read.

mod child;
mod parent;
mod process;

use wasmtime::Engine;
use wasmtime::component::Component;

pub use child::run_compiler;
pub use process::CompilerProcess;
pub(crate) use process::{Uncompiled, config};

/// Compiles a component for this engine, in the given process or in this one.
pub(crate) fn compile(
    engine: &Engine,
    bytes: &[u8],
    process: Option<&CompilerProcess>,
) -> Result<Component, Uncompiled> {
    match process {
        Some(process) => parent::compile(engine, bytes, process),
        None => Component::from_binary(engine, bytes).map_err(|error| process::uncompiled(bytes, &error)),
    }
}
