//! Everything that can go wrong, with stable codes and what to do about it.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::ProviderError;

/// Why an operation failed.
///
/// [`Error::code`] is stable and kebab-case; the texts are for people and may change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The provider answered with an error of its own.
    #[error(transparent)]
    Provider(Box<ProviderError>),

    /// The bytes are no WebAssembly component: damaged, another sort of file, or a plain module.
    #[error("not a WebAssembly component: {reason}")]
    NotAComponent {
        /// What was found instead.
        reason: String,
    },

    /// The component is larger than the limit.
    #[error("the component has {bytes} bytes, and the limit is {limit}")]
    ComponentTooLarge {
        /// Its size in bytes.
        bytes: u64,
        /// `Limits::component_bytes`.
        limit: usize,
    },

    /// The component needs more from the start than an instance may have, such as memory.
    #[error("the component does not fit into the sandbox: {reason}")]
    DoesNotFit {
        /// What the runtime says.
        reason: String,
    },

    /// The component asks for an interface that a provider is not given.
    #[error("the component imports `{import}`, which this host does not grant")]
    ImportRefused {
        /// The import's full name.
        import: String,
    },

    /// The component is not a provider of the version that this host speaks.
    #[error("the component does not export `{expected}` as this host knows it: {reason}")]
    ContractMismatch {
        /// The export that was looked for.
        expected: &'static str,
        /// What is missing or differs.
        reason: String,
    },

    /// A required setting has no value.
    #[error("the setting `{key}` ({label}) is missing")]
    SettingMissing {
        /// Its key.
        key: String,
        /// Its caption.
        label: String,
        /// What it does and where its value is found, from the provider's description.
        help: String,
    },

    /// A setting of kind url holds no usable http or https URL.
    #[error("the setting `{key}` is not usable: {reason}")]
    SettingUnusable {
        /// Its key.
        key: String,
        /// What is wrong with the value, which is not repeated.
        reason: String,
    },

    /// A secret cannot be sent in a header, or is set where the provider does not take one.
    #[error("the secret `{key}` is not usable: {reason}")]
    SecretUnusable {
        /// Its key.
        key: String,
        /// What is wrong with it, which is not repeated.
        reason: String,
    },

    /// The provider wants to see a secret's value.
    #[error("the provider wants to see the value of the secret `{key}`, and is not granted it")]
    SecretNotGranted {
        /// Its key.
        key: String,
    },

    /// The guest stopped in the middle of a call: a defect of the provider.
    #[error("the provider crashed in `{call}`: {reason}")]
    Trap {
        /// The function that was called.
        call: &'static str,
        /// The trap, as the runtime names it.
        reason: String,
    },

    /// The guest reached a limit and was stopped.
    #[error("the provider was stopped in `{call}`: {limit}")]
    LimitHit {
        /// The function that was called.
        call: &'static str,
        /// Which limit.
        limit: LimitHit,
    },

    /// A file of certificates cannot be used.
    #[error("the CA file {} cannot be used: {reason}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },

    /// A component's file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },

    /// A store of checkpoints does not work: it cannot be opened, read or written, or holds something else.
    #[error("the checkpoint {store} cannot be used: {reason}")]
    CheckpointUnusable {
        /// The file, or another name of the store.
        store: String,
        /// Why not. Holds no user's data.
        reason: String,
    },

    /// Somebody else reads the listing, or looks at it.
    #[error("the listing `{name}` is being read by another session or another process")]
    CheckpointBusy {
        /// `ListingKey::name`.
        name: String,
    },

    /// A store of checkpoints has a form that a later version of this library made.
    #[error("the checkpoint {store} has version {version}, and this host knows {known}")]
    CheckpointNewer {
        /// The file, or another name of the store.
        store: String,
        /// Its version.
        version: i32,
        /// The latest version that this library reads.
        known: i32,
    },

    /// The runtime itself could not be set up or has no room: wrong limits, or too little address space.
    #[error("the sandbox could not be set up: {reason}")]
    Runtime {
        /// What the runtime says.
        reason: String,
    },
}

/// A limit of [`Limits`](crate::Limits) that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitHit {
    /// `Limits::memory_bytes`.
    #[error("it asked for more than {0} bytes of memory (limit `memory_bytes`)")]
    Memory(usize),
    /// `Limits::call_time`.
    #[error("it did not finish within {0:?} (limit `call_time`)")]
    CallTime(Duration),
    /// `Limits::cpu_time`.
    #[error("it computed for more than {0:?} (limit `cpu_time`)")]
    CpuTime(Duration),
    /// `Limits::returned_bytes`.
    #[error("it handed over more than {0} bytes in one call (limit `returned_bytes`)")]
    ReturnedBytes(usize),
}

impl LimitHit {
    /// The field of `Limits`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory(_) => "memory_bytes",
            Self::CallTime(_) => "call_time",
            Self::CpuTime(_) => "cpu_time",
            Self::ReturnedBytes(_) => "returned_bytes",
        }
    }
}

impl Error {
    /// A stable kebab-case code: the provider's own for [`Error::Provider`], one of this host's otherwise.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Provider(error) => &error.code,
            Self::NotAComponent { .. } => "not-a-component",
            Self::ComponentTooLarge { .. } => "component-too-large",
            Self::DoesNotFit { .. } => "component-does-not-fit",
            Self::ImportRefused { .. } => "import-refused",
            Self::ContractMismatch { .. } => "contract-mismatch",
            Self::SettingMissing { .. } => "setting-missing",
            Self::SettingUnusable { .. } => "setting-unusable",
            Self::SecretUnusable { .. } => "secret-unusable",
            Self::SecretNotGranted { .. } => "secret-not-granted",
            Self::Trap { .. } => "provider-crashed",
            Self::LimitHit { limit, .. } => match limit {
                LimitHit::Memory(_) => "limit-memory",
                LimitHit::CallTime(_) => "limit-call-time",
                LimitHit::CpuTime(_) => "limit-cpu-time",
                LimitHit::ReturnedBytes(_) => "limit-returned-bytes",
            },
            Self::CaFile { .. } => "ca-file-unusable",
            Self::Io { .. } => "file-unreadable",
            Self::CheckpointUnusable { .. } => "checkpoint-unusable",
            Self::CheckpointBusy { .. } => "checkpoint-busy",
            Self::CheckpointNewer { .. } => "checkpoint-newer",
            Self::Runtime { .. } => "runtime-failed",
        }
    }

    /// What an administrator, or the person who embeds this library, can do about it.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        Some(match self {
            Self::Provider(error) => return error.fix.as_deref(),
            Self::NotAComponent { .. } => {
                "Give the path of a WebAssembly component (a .wasm file built for wasm32-wasip2), and copy it again if it may be damaged."
            }
            Self::ComponentTooLarge { .. } => "Check that it is the right file, or raise `Limits::component_bytes`.",
            Self::DoesNotFit { .. } => "Raise `Limits::memory_bytes`, or use a provider that needs less.",
            Self::ImportRefused { .. } => {
                "Use a provider that was built without this interface: providers get wasi:http, wasi:io and wasi:clocks and nothing else."
            }
            Self::ContractMismatch { .. } => {
                "Use a provider that was built for this version of the contract, or update this host."
            }
            Self::SettingMissing { help, .. } => help,
            Self::SettingUnusable { .. } => {
                "Enter an address such as https://chat.example.com, without user name or password."
            }
            Self::SecretUnusable { .. } => {
                "Enter the secret alone, as it was shown when it was made: one word, without spaces, quotes or line breaks."
            }
            Self::SecretNotGranted { .. } => {
                "If you trust this component with the value itself, grant it with `Settings::grant_value`."
            }
            Self::Trap { .. } => {
                "Try again; if it happens again, report it to the provider's authors with the text above."
            }
            Self::LimitHit { limit, .. } => match limit {
                LimitHit::Memory(_) => "Ask for smaller pages, or raise `Limits::memory_bytes`.",
                LimitHit::CallTime(_) => {
                    "Try again when the server is less busy, ask for smaller pages, or raise `Limits::call_time`."
                }
                LimitHit::CpuTime(_) => "Ask for smaller pages, or raise `Limits::cpu_time`.",
                LimitHit::ReturnedBytes(_) => "Ask for smaller pages, or raise `Limits::returned_bytes`.",
            },
            Self::CaFile { .. } => {
                "Name a readable PEM file that holds the certificate of the authority that signed the server's certificate."
            }
            Self::Io { .. } => "Check that the file exists and that this user may read it.",
            Self::CheckpointUnusable { .. } => {
                "Check that the folder exists, that this user may write there, that the disk is not full, and that no other program uses the file; or name another file."
            }
            Self::CheckpointBusy { .. } => "Wait until the other listing has ended, or stop it.",
            Self::CheckpointNewer { .. } => "Update this host, or name another file.",
            Self::Runtime { .. } => {
                "Lower `Limits::instances` or `Limits::memory_bytes`, or close sessions that are no longer used."
            }
        })
    }

    /// Whether the same call may succeed later, without anybody changing anything.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Provider(error) => error.retryable,
            Self::LimitHit { limit, .. } => match limit {
                LimitHit::CallTime(_) => true,
                LimitHit::Memory(_) | LimitHit::CpuTime(_) | LimitHit::ReturnedBytes(_) => false,
            },
            Self::CheckpointBusy { .. } => true,
            Self::NotAComponent { .. }
            | Self::ComponentTooLarge { .. }
            | Self::DoesNotFit { .. }
            | Self::ImportRefused { .. }
            | Self::ContractMismatch { .. }
            | Self::SettingMissing { .. }
            | Self::SettingUnusable { .. }
            | Self::SecretUnusable { .. }
            | Self::SecretNotGranted { .. }
            | Self::Trap { .. }
            | Self::CaFile { .. }
            | Self::Io { .. }
            | Self::CheckpointUnusable { .. }
            | Self::CheckpointNewer { .. }
            | Self::Runtime { .. } => false,
        }
    }

    /// The provider's own error, where it is one.
    #[must_use]
    pub const fn as_provider(&self) -> Option<&ProviderError> {
        if let Self::Provider(error) = self { Some(error) } else { None }
    }
}
