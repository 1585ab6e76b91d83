//! The process that compiles, as both sides see it: its limits, what goes in, and what comes out.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use wasmtime::Config;

use crate::Error;
use provider_egress::io_cause;

/// A program that compiles one component and ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompilerProcess {
    /// The program. It must call [`run_compiler`](crate::run_compiler) of the same version of this library; what it returns is run as native
    /// code, so it must be as trusted as this process.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// How long it may take. 2 minutes.
    pub deadline: Duration,
    /// Bytes of memory that it may use. 1 GiB. Enforced on systems that have such a limit, as Linux does.
    pub memory_bytes: u64,
}

impl CompilerProcess {
    /// This program itself: when it is started with these arguments, it must only call
    /// [`run_compiler`](crate::run_compiler).
    ///
    /// # Errors
    /// [`Error::CompilerFailed`]: the system does not say which program this is.
    pub fn this_program(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Self, Error> {
        Ok(Self {
            program: this_program()?,
            arguments: arguments.into_iter().map(Into::into).collect(),
            deadline: Duration::from_secs(120),
            memory_bytes: 1 << 30,
        })
    }
}

/// The file that this process runs, even if it has been replaced meanwhile.
fn this_program() -> Result<PathBuf, Error> {
    if cfg!(target_os = "linux") {
        return Ok("/proc/self/exe".into());
    }
    std::env::current_exe().map_err(|error| Error::CompilerFailed { reason: io_cause(error) })
}

/// The part of the configuration that compiled code depends on. It does not depend on the pool.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config
        // The map from code to its source is only for backtraces, which nobody reads: it would be an eighth of the output.
        .generate_address_map(false)
        .native_unwind_info(false)
        .wasm_backtrace_max_frames(None)
        .epoch_interruption(true);
    config
}

/// Why a component was not compiled. Shared by all who waited for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Uncompiled {
    /// It breaks the rules of WebAssembly.
    Invalid(String),
    /// It needs something that the engine, or its pool, does not have.
    DoesNotFit(String),
    Timeout(Duration),
    Memory(u64),
    /// The process could not be started, or ended in another way.
    Failed(String),
}

impl From<Uncompiled> for Error {
    fn from(uncompiled: Uncompiled) -> Self {
        match uncompiled {
            Uncompiled::Invalid(reason) => Self::NotAComponent { reason },
            Uncompiled::DoesNotFit(reason) => Self::DoesNotFit { reason },
            Uncompiled::Timeout(limit) => Self::CompileTimeout { limit },
            Uncompiled::Memory(limit) => Self::CompileMemory { limit },
            Uncompiled::Failed(reason) => Self::CompilerFailed { reason: reason.into() },
        }
    }
}

/// Distinguishes bytes that break the rules of WebAssembly from a component that asks for more than the engine has. The runtime's
/// error does not say, so the bytes are validated once more.
pub(super) fn uncompiled(bytes: &[u8], error: &wasmtime::Error) -> Uncompiled {
    let reason = format!("{error:#}");
    match wasmparser::Validator::new().validate_all(bytes) {
        Ok(_) => Uncompiled::DoesNotFit(reason),
        Err(_) => Uncompiled::Invalid(reason),
    }
}

/// The first byte of the answer: what follows.
pub(super) const COMPILED: u8 = b'C';
pub(super) const INVALID: u8 = b'I';
pub(super) const DOES_NOT_FIT: u8 = b'F';

/// What comes before the component: the bound of memory in bytes and that of CPU time in seconds, eight bytes each, the
/// lowest first.
pub(super) const HEAD: usize = 16;
