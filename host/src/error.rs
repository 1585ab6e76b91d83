//! Everything that can go wrong, with stable codes and what to do about it.

use std::path::PathBuf;
use std::time::Duration;

use crate::Origin;
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

    /// A setting leads to an origin that the platform's policy does not name.
    #[error("the policy does not let providers reach {}", origin.shown())]
    OriginDenied {
        /// Where the setting leads.
        origin: Origin,
        /// The line of the policy that would allow it.
        line: String,
        /// The same as a sentence.
        fix: String,
    },

    /// A line of a policy names no origin.
    #[error("the line `{line}` of the policy is not usable: {reason}")]
    PolicyUnusable {
        /// The line.
        line: String,
        /// What is wrong with it.
        reason: &'static str,
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

    /// A forward proxy cannot be used as it is described.
    #[error("the proxy is not usable: {reason}")]
    ProxyUnusable {
        /// What is wrong with it; an address with a password in it is not repeated.
        reason: String,
    },

    /// A client's certificate and key cannot be used.
    #[error("the client certificate cannot be used: {reason}")]
    ClientIdentityUnusable {
        /// Which file and why not; no part of the key.
        reason: String,
    },

    /// A header cannot be added to requests.
    #[error("the header `{name}` cannot be added to requests: {reason}")]
    HeaderUnusable {
        /// Its name.
        name: String,
        /// What is wrong with it; the value is not repeated.
        reason: &'static str,
    },

    /// A component's file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
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
    /// `Limits::requests_per_call`.
    #[error("it sent more than {0} requests in one call (limit `requests_per_call`)")]
    RequestsPerCall(u64),
    /// `Limits::response_header_bytes` or `Limits::response_headers`: which of them is not told apart while an answer's
    /// head is read.
    #[error(
        "an answer has more than {headers} headers or {bytes} bytes of them (limits `response_headers` and `response_header_bytes`)"
    )]
    ResponseHead {
        /// `Limits::response_headers`.
        headers: u32,
        /// `Limits::response_header_bytes`.
        bytes: u32,
    },
    /// `Limits::response_body_bytes`.
    #[error("an answer has more than {0} bytes (limit `response_body_bytes`)")]
    ResponseBody(u64),
}

impl LimitHit {
    /// A stable kebab-case code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Memory(_) => "limit-memory",
            Self::CallTime(_) => "limit-call-time",
            Self::CpuTime(_) => "limit-cpu-time",
            Self::ReturnedBytes(_) => "limit-returned-bytes",
            Self::RequestsPerCall(_) => "limit-requests-per-call",
            Self::ResponseHead { .. } => "limit-response-head",
            Self::ResponseBody(_) => "limit-response-body",
        }
    }

    /// The field of `Limits`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory(_) => "memory_bytes",
            Self::CallTime(_) => "call_time",
            Self::CpuTime(_) => "cpu_time",
            Self::ReturnedBytes(_) => "returned_bytes",
            Self::RequestsPerCall(_) => "requests_per_call",
            Self::ResponseHead { .. } => "response_header_bytes",
            Self::ResponseBody(_) => "response_body_bytes",
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
            Self::OriginDenied { .. } => "origin-denied",
            Self::PolicyUnusable { .. } => "policy-unusable",
            Self::Trap { .. } => "provider-crashed",
            Self::LimitHit { limit, .. } => limit.code(),
            Self::CaFile { .. } => "ca-file-unusable",
            Self::ProxyUnusable { .. } => "proxy-unusable",
            Self::ClientIdentityUnusable { .. } => "client-identity-unusable",
            Self::HeaderUnusable { .. } => "header-unusable",
            Self::Io { .. } => "file-unreadable",
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
            Self::OriginDenied { fix, .. } => fix,
            Self::PolicyUnusable { .. } => {
                "Write scheme, host and port where it is not the usual one, such as https://chat.example.com or https://*.example.com:8443."
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
                LimitHit::RequestsPerCall(_) => "Ask for smaller pages, or raise `Limits::requests_per_call`.",
                LimitHit::ResponseHead { .. } => {
                    "Look at what the server or a proxy adds to its answers, or raise `Limits::response_header_bytes` and `Limits::response_headers`."
                }
                LimitHit::ResponseBody(_) => "Ask for smaller pages, or raise `Limits::response_body_bytes`.",
            },
            Self::CaFile { .. } => {
                "Name a readable PEM file that holds the certificate of the authority that signed the server's certificate."
            }
            Self::ProxyUnusable { .. } => {
                "Give the proxy's address as http://proxy.example.com:3128, its user name and password apart from it, and hosts to reach without it by name."
            }
            Self::ClientIdentityUnusable { .. } => {
                "Name readable PEM files: the certificate with those that signed it behind it, and its key without a password."
            }
            Self::HeaderUnusable { .. } => {
                "Name a header of the gateway's own, such as x-gateway-key, with a value of one line; credentials of the server belong into the settings."
            }
            Self::Io { .. } => "Check that the file exists and that this user may read it.",
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
                LimitHit::Memory(_)
                | LimitHit::CpuTime(_)
                | LimitHit::ReturnedBytes(_)
                | LimitHit::RequestsPerCall(_)
                | LimitHit::ResponseHead { .. }
                | LimitHit::ResponseBody(_) => false,
            },
            Self::NotAComponent { .. }
            | Self::ComponentTooLarge { .. }
            | Self::DoesNotFit { .. }
            | Self::ImportRefused { .. }
            | Self::ContractMismatch { .. }
            | Self::SettingMissing { .. }
            | Self::SettingUnusable { .. }
            | Self::SecretUnusable { .. }
            | Self::SecretNotGranted { .. }
            | Self::OriginDenied { .. }
            | Self::PolicyUnusable { .. }
            | Self::Trap { .. }
            | Self::CaFile { .. }
            | Self::ProxyUnusable { .. }
            | Self::ClientIdentityUnusable { .. }
            | Self::HeaderUnusable { .. }
            | Self::Io { .. }
            | Self::Runtime { .. } => false,
        }
    }

    /// The provider's own error, where it is one.
    #[must_use]
    pub const fn as_provider(&self) -> Option<&ProviderError> {
        if let Self::Provider(error) = self { Some(error) } else { None }
    }
}
